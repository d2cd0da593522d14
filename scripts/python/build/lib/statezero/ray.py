"""StateZero in Ray: an actor pool that adds success probabilities to the rows of a data set, and a cluster of ours.

from statezero.ray import Scorer
dataset.map_batches(Scorer, fn_constructor_args=["context.jsonl.gz"], fn_constructor_kwargs={"model": MODEL},
                    compute=ray.data.ActorPoolStrategy(size=4), batch_size=2048)

cluster = statezero.ray.start_cluster(8, model=MODEL)       # Client(cluster.url) plans and scores with it
"""

from __future__ import annotations

import math
import os
import typing
import warnings

from . import scorer

if typing.TYPE_CHECKING:
    from .ray_cluster import Cluster

FIELDS = ("p", "kappa", "p_lo", "p_hi")


class Scorer:
    """A callable for `map_batches`: adds the columns `p`, `kappa`, `p_lo`, `p_hi` (float32; not a number where a row
    has an error) and `error` (a text, empty where there is none). Each actor has a model and the context in memory."""

    def __init__(self, context: typing.Any, prompt_column: str = "prompt", **options: typing.Any):
        """As `statezero.scorer.Scorer`."""
        warn_of_niceness()
        self._column = prompt_column
        self._scorer = scorer.Scorer(context, **options)

    def __call__(self, batch: dict[str, typing.Any]) -> dict[str, typing.Any]:
        """The batch, in Ray's numpy format, with the columns added."""
        import numpy

        columns = as_columns(self._scorer.score(list(batch[self._column])))
        added = {name: numpy.array(columns[name], dtype=numpy.float32) for name in FIELDS}
        return {**batch, **added, "error": numpy.array(columns["error"], dtype=object)}


def warn_of_niceness() -> None:
    """Warns where this process has a lower priority than others, and there is more to do than the machine can. Ray
    starts its workers so, and child processes inherit it: they then get what the others leave."""
    niceness, load, cores = os.nice(0), os.getloadavg()[0], os.cpu_count() or 1
    if niceness > 0 and load > cores:
        warnings.warn(
            f"this process has the niceness {niceness}, and the machine a load of {load:.0f} on {cores} cores: scoring "
            "may be much slower than by `statezero score`; set RAY_worker_niceness=0 where Ray is started",
            stacklevel=3,
        )


def as_columns(predictions: list[dict[str, typing.Any]]) -> dict[str, list[typing.Any]]:
    """Predictions by column, in order."""
    columns: dict[str, list[typing.Any]] = {
        name: [math.nan if row[name] is None else row[name] for row in predictions] for name in FIELDS
    }
    columns["error"] = [(row.get("error") or {}).get("code", "") for row in predictions]
    return columns


def start_cluster(n: int, **options: typing.Any) -> Cluster:
    """A coordinator and `n` workers, placed and restarted by Ray, as `statezero.ray_cluster.start_cluster`."""
    from . import ray_cluster  # only this needs Ray itself

    return ray_cluster.start_cluster(n, **options)
