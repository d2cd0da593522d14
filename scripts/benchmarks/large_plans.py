#!/usr/bin/env python3
"""Large plans over HTTP while workers send heartbeats: does the coordinator stay alive?

    python3 scripts/benchmarks/large_plans.py [--prompts 1024] [--characters 16000] [--plans 1] [--workers 4]

Starts a coordinator with a journal and workers with the table model. Plans step after step, each for new prompts, while
`/livez` is asked a hundred times a second on new connections. Prints how long the plans took, the turns of the
coordinator's thread by their length, the slowest answer of `/livez`, and how many workers were lost. Standard library
only. Needs a release build.
"""

import http.client
import json
import pathlib
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, measurements
from common.cluster import Cluster

TURNS = re.compile(r'statezero_coordinator_turn_seconds_bucket\{le="([^"]+)"\} (\d+)')


class Probe:
    """Asks `/livez` in a thread of its own."""

    def __init__(self, port: int):
        self.port, self.slowest, self.failed, self.asked, self._over = port, 0.0, 0, 0, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.wait(0.01):
            begin = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.request("GET", "/livez")
                self.failed += connection.getresponse().status != 200
            except OSError:
                self.failed += 1
            finally:
                connection.close()
            self.asked += 1
            self.slowest = max(self.slowest, time.monotonic() - begin)

    def end(self):
        self._over.set()
        self._thread.join()


def plan(cluster: Cluster, step: int, prompts: int, characters: int) -> tuple[str, float]:
    """The plan's status, and the seconds that it took."""
    items = [
        {"prompt_id": f"{step}/{index}", "prompt": f"{step} {index} ".ljust(characters, "x")}
        for index in range(prompts)
    ]
    body = json.dumps({"policy_id": "load", "step": step, "total": 8 * prompts, "items": items, "deadline_ms": 30_000})
    begin = time.monotonic()
    status, answer = cluster.request("POST", "/v1/plans", body)
    seconds = time.monotonic() - begin
    return (json.loads(answer).get("status", "") if status == 200 else f"HTTP {status}: {answer[:200]!r}"), seconds


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_counts(
        parser,
        ("--prompts", 1024, "prompts of a plan"),
        ("--characters", 16_000, "characters of a prompt"),
        ("--plans", 1, "plans, one after the other"),
        ("--workers", 4, "workers"),
    )
    options = parser.parse_args()
    with Cluster("table", program=options.program, workers=options.workers) as cluster:
        cluster.wait_for_workers(options.workers)
        probe = Probe(cluster.port)
        made = [plan(cluster, step, options.prompts, options.characters) for step in range(options.plans)]
        probe.end()
        metrics = cluster.request("GET", "/metrics")[1].decode()
        lost = cluster.output("coordinator").count("worker lost")
    print(f"{options.plans} plans of {options.prompts} x {options.characters} characters, {measurements.load()}")
    print(f"  plans     {', '.join(sorted({status for status, _ in made}))}; slowest {max(s for _, s in made):.2f} s")
    before = 0
    for bound, count in TURNS.findall(metrics):
        if int(count) > before:
            print(f"  turns     {int(count) - before} of at most {bound} s")
        before = int(count)
    print(f"  /livez    slowest {1000 * probe.slowest:.0f} ms, {probe.failed} of {probe.asked} failed")
    print(f"  workers   {lost} lost of {options.workers}")
    sys.exit(1 if lost or probe.failed else 0)


if __name__ == "__main__":
    main()
