"""StateZero in Dask: adds success probabilities to the rows of a data frame.

from statezero.dask import score
scored = score(frame, "context.jsonl.gz", model=MODEL)      # lazy, as all of Dask
"""

from __future__ import annotations

import json
import os
import threading
import typing

import numpy
import pandas

from .ray import FIELDS, as_columns
from .scorer import Scorer

_scorers: dict[str, Scorer] = {}  # of this process, by their settings
_lock = threading.Lock()


def score(frame: typing.Any, context: typing.Any, prompt_column: str = "prompt", **options: typing.Any) -> typing.Any:
    """The frame with the columns `p`, `kappa`, `p_lo`, `p_hi` (float32; not a number where a row has an error) and
    `error`. `context` and `options` are those of `statezero.scorer.Scorer`; a file must be readable where partitions
    are computed. A process loads model and context once, at its first partition, and keeps them until it ends or
    `close` is called in it."""
    meta = _with(frame._meta, {})
    return frame.map_partitions(_scored, prompt_column, context, options, meta=meta)


def close() -> None:
    """Ends the child processes of this process, such as by `client.run(statezero.dask.close)` in all workers."""
    with _lock:
        for scorer in _scorers.values():
            scorer.close()
        _scorers.clear()


def _scored(part: pandas.DataFrame, column: str, context: typing.Any, options: dict[str, typing.Any]) -> typing.Any:
    return _with(part, as_columns(_scorer(context, options).score(part[column].tolist())) if len(part) else {})


def _with(part: pandas.DataFrame, columns: dict[str, list[typing.Any]]) -> pandas.DataFrame:
    added = {name: numpy.array(columns.get(name, []), dtype=numpy.float32) for name in FIELDS}
    return part.assign(**added, error=pandas.array(columns.get("error", []), dtype="string"))


def _scorer(context: typing.Any, options: dict[str, typing.Any]) -> Scorer:
    """The scorer of this process. Threads share it."""
    key = json.dumps([context if isinstance(context, list) else os.fspath(context), options], default=str)
    with _lock:
        if key not in _scorers:
            _scorers[key] = Scorer(context, **options)
        return _scorers[key]
