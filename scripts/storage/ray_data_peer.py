#!/usr/bin/env python3
"""Ray Data's `map_batches` with a function that computes nothing: the peer of `scripts/storage/ranges.py measure`.

    PYTHON_WITH_RAY scripts/storage/ray_data_peer.py BUCKET/PREFIX OUTPUT WORKERS

Reads the Parquet objects below the prefix, answers each prompt with a constant, writes ids and answers as JSON Lines.
Prints rows and seconds, without Ray's own start.
"""

import json
import os
import pathlib
import sys
import time

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DEDUP_LOGS", "0")

import numpy
import pyarrow.fs
import ray


def answer(batch: dict) -> dict:
    return {"id": batch["id"], "p": numpy.full(len(batch["prompt"]), 0.5)}


def main() -> None:
    prefix, output, workers = sys.argv[1:]
    ray.init(num_cpus=int(workers), logging_level="ERROR", include_dashboard=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    endpoint = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    storage = pyarrow.fs.S3FileSystem(endpoint_override=endpoint, scheme="http")
    start = time.monotonic()
    rows = ray.data.read_parquet(prefix, filesystem=storage, columns=["id", "prompt"])
    rows.map_batches(answer, batch_size=256).write_json(output)
    seconds = time.monotonic() - start
    written = sum(len(path.read_bytes().splitlines()) for path in pathlib.Path(output).iterdir())
    print(json.dumps({"rows": written, "seconds": round(seconds, 1)}))


if __name__ == "__main__":
    main()
