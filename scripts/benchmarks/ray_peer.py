#!/usr/bin/env python3
"""Actor calls a second of Ray, for batches of prompts: the peer of `statezero bench coordinator`.

Two actors (or --actors), each called with a batch of prompts and answering a number for each; as many calls under way as
--windows says, one window after the other, and the best of them is what counts. Nothing is computed: what is measured is
what Ray itself costs, as the table model does with the coordinator.

    python3 -m venv .venv-ray && .venv-ray/bin/pip install ray==2.60.0 && .venv-ray/bin/python scripts/benchmarks/ray_peer.py
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DEDUP_LOGS", "0")

import ray  # noqa: E402


@ray.remote(num_cpus=0)
class Scorer:
    """Answers a probability for each prompt without looking at it."""

    def score(self, prompts):
        return [0.5] * len(prompts)


def calls_per_second(actors, batch, window, seconds):
    """Calls answered a second with so many under way, for about so many seconds."""
    start = time.perf_counter()
    under_way = [actors[turn % len(actors)].score.remote(batch) for turn in range(window)]
    turn = window
    answered = 0
    while True:
        done, under_way = ray.wait(under_way, num_returns=1)
        # What else is ready is taken along: fewer calls of `wait` for the same answers.
        more, under_way = ray.wait(under_way, num_returns=len(under_way), timeout=0) if under_way else ([], [])
        for reference in done + more:
            assert len(ray.get(reference)) == len(batch)
            answered += 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return answered / elapsed
        for _ in done + more:
            under_way.append(actors[turn % len(actors)].score.remote(batch))
            turn += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--batch-rows", type=int, default=64)
    parser.add_argument("--prompt-bytes", type=int, default=275)
    parser.add_argument("--windows", type=int, nargs="+", default=[2, 8, 32, 128, 512])
    parser.add_argument("--seconds", type=float, default=2.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=5, help="medians are printed")
    parser.add_argument("--json", action="store_true")
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
            print(f"{window:5d} under way: {rate:8.0f} calls/s")
        print(f"best: {rates[best]:.0f} calls/s, {rates[best] * options.batch_rows:.0f} prompts/s")


if __name__ == "__main__":
    main()
