#!/usr/bin/env python3
"""Measures actor calls per second of Ray, for batches of prompts: the peer of `statezero-bench coordinator`.

    python3 -m venv .venv-ray && .venv-ray/bin/pip install ray==2.60.0
    .venv-ray/bin/python scripts/benchmarks/ray_peer.py

Two actors (or --actors) get batches of prompts and return a number for each prompt. As many calls are in flight as
--windows says, one window after the other; the best window counts. Nothing is computed: this measures the cost of Ray
itself, as the table model does with the coordinator.
"""

import json
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DEDUP_LOGS", "0")

import ray

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments


@ray.remote(num_cpus=0)
class Scorer:
    """Returns a probability for each prompt, without any computation."""

    def score(self, prompts):
        return [0.5] * len(prompts)


def calls_per_second(actors, batch, window, seconds):
    """Calls answered per second with `window` calls in flight, for about `seconds`."""
    start = time.perf_counter()
    in_flight = [actors[turn % len(actors)].score.remote(batch) for turn in range(window)]
    turn = window
    answered = 0
    while True:
        done, in_flight = ray.wait(in_flight, num_returns=1)
        # Collects what else is ready: fewer calls of `wait` for the same answers.
        more, in_flight = ray.wait(in_flight, num_returns=len(in_flight), timeout=0) if in_flight else ([], [])
        for reference in done + more:
            assert len(ray.get(reference)) == len(batch)
            answered += 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return answered / elapsed
        for _ in done + more:
            in_flight.append(actors[turn % len(actors)].score.remote(batch))
            turn += 1


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--batch-rows", type=int, default=64)
    parser.add_argument("--prompt-bytes", type=int, default=275)
    parser.add_argument("--windows", type=int, nargs="+", default=[2, 8, 32, 128, 512])
    parser.add_argument("--seconds", type=float, default=2.0, help="of one round")
    arguments.add_rounds(parser, 5)
    arguments.add_json(parser)
    options = parser.parse_args()

    ray.init(num_cpus=max(2, os.cpu_count() or 2), include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    try:
        actors = [Scorer.remote() for _ in range(options.actors)]
        batch = [f"{row:012d}" + "x" * (options.prompt_bytes - 12) for row in range(options.batch_rows)]
        for actor in actors:
            ray.get(actor.score.remote(batch))
        calls_per_second(actors, batch, 8, options.seconds)
        rates = {}
        for window in options.windows:
            rounds = [calls_per_second(actors, batch, window, options.seconds) for _ in range(options.rounds)]
            rates[window] = statistics.median(rounds)
    finally:
        ray.shutdown()
    best = max(rates, key=rates.get)
    report = {
        "ray": ray.__version__,
        "actors": options.actors,
        "batch_rows": options.batch_rows,
        "prompt_bytes": options.prompt_bytes,
        "rounds": options.rounds,
        "calls_per_second_by_window": rates,
        "best_window": best,
        "calls_per_second": rates[best],
        "predictions_per_second": rates[best] * options.batch_rows,
    }
    if options.json:
        print(json.dumps(report, sort_keys=True))
    else:
        print(f"ray {ray.__version__}, {options.actors} actors, batches of {options.batch_rows} prompts")
        for window, rate in rates.items():
            print(f"{window:5d} in flight: {rate:8.0f} calls/s")
        print(f"best: {rates[best]:.0f} calls/s, {rates[best] * options.batch_rows:.0f} prompts/s")


if __name__ == "__main__":
    main()
