"""StateZero in Spark: a function for `mapInArrow` that adds success probabilities to the rows of a data frame.

from statezero.spark import scored_schema, scorer
frame.mapInArrow(scorer("context.jsonl.gz", model=MODEL), scored_schema(frame.schema))
"""

from __future__ import annotations

import collections.abc
import typing

import pyarrow

from .ray import FIELDS, as_columns
from .scorer import Scorer

Batches = collections.abc.Iterator[pyarrow.RecordBatch]


def scorer(
    context: typing.Any, prompt_column: str = "prompt", **options: typing.Any
) -> collections.abc.Callable[[Batches], Batches]:
    """The function for `mapInArrow`. `context` and `options` are those of `statezero.scorer.Scorer`; a file must be
    readable on every executor. A task loads model and context once, and scores all batches of its partition."""

    def map_batches(batches: Batches) -> Batches:
        loaded = None
        try:
            for batch in batches:
                loaded = loaded or Scorer(context, **options)
                columns = as_columns(loaded.score(batch.column(prompt_column).to_pylist()))
                for name in FIELDS:
                    batch = batch.append_column(name, pyarrow.array(columns[name], pyarrow.float32()))
                yield batch.append_column("error", pyarrow.array(columns["error"], pyarrow.string()))
        finally:
            if loaded:
                loaded.close()

    return map_batches


def scored_schema(schema: typing.Any) -> typing.Any:
    """The schema of a data frame, with the columns that are added."""
    from pyspark.sql import types

    scored = types.StructType(list(schema.fields))
    for name in FIELDS:
        scored = scored.add(name, types.FloatType())
    return scored.add("error", types.StringType())
