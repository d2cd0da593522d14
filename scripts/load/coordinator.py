"""Load on a coordinator: how long its thread's turns are under large plans, and what it keeps in a long run.

    python3 scripts/load/coordinator.py large-plan --prompts 1024 --characters 16000 --workers 4
    python3 scripts/load/coordinator.py large-plan --prompts 20000 --characters 2000 --workers 40
    python3 scripts/load/coordinator.py large-plan --prompts 16384 --characters 500 --plans 10 --timeout 60
    python3 scripts/load/coordinator.py long-run [--steps 100000] [--policies 10] [--prompts 8]

large-plan: plans step after step, each for new prompts, and reports of their outcomes, while workers send heartbeats
and another process asks `/livez` a hundred times a second on new connections. Fails where a worker was lost, or where a
request was refused or answered late.

long-run: so many steps by so many policies at the same time; each step is a plan and a report of its outcomes. A line
at each tenth. Memory and journal are flat from where each policy has its bound of outcomes: `--outcomes / --prompts`
steps of it. Fails where a request was refused.

Both print the turns of the coordinator's thread (p50, p99, longest), its memory, the journal's size and the requests
that were refused. The workers have the table model, so they cost nothing. Standard library only. Needs a release build.
"""

import argparse
import concurrent.futures
import dataclasses
import http.client
import json
import multiprocessing
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, measurements
from common.cluster import Cluster

DRAIN_SECONDS = 3
PROBE_SECONDS = 0.01


class Connection:
    """Requests of one thread, over one connection that is kept."""

    def __init__(self, port: int, timeout: float = 120):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict, float]:
        """Status, JSON and seconds from the first byte of the request to the last one of the answer."""
        data = None if body is None else json.dumps(body)
        begin = time.monotonic()
        self.connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content), time.monotonic() - begin


def probe(port: int, pipe) -> None:
    """Asks `/livez` until the pipe says to end; sends the seconds of the answers, and how many failed. A process of its
    own: threads of Python would wait for each other."""
    seconds, failed = [], 0
    while not pipe.poll(PROBE_SECONDS):
        begin = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/livez")
            failed += connection.getresponse().status != 200
        except OSError:
            failed += 1
        finally:
            connection.close()
        seconds.append(time.monotonic() - begin)
    pipe.send((seconds, failed))


class Prober:
    """The process that asks `/livez`."""

    def __init__(self, port: int):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=probe, args=(port, other), daemon=True)
        self.process.start()

    def end(self) -> tuple[list[float], int]:
        self.pipe.send(None)
        answers = self.pipe.recv()
        self.process.join()
        return answers


class Coordinator:
    """What a coordinator says of itself."""

    def __init__(self, cluster: Cluster):
        self.cluster, self.connection, self.lock = cluster, Connection(cluster.port), threading.Lock()
        self.before = self.status()

    def status(self) -> dict:
        with self.lock:
            return self.connection.ask("GET", "/v1/status")[1]["coordinator"]

    def memory(self) -> str:
        """Resident memory and the journal's size."""
        child = self.cluster.processes["coordinator"].pid
        lines = pathlib.Path(f"/proc/{child}/status").read_text().splitlines()
        resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
        files = sum(file.stat().st_size for file in self.cluster.folder.glob("journal.sqlite*"))
        return f"memory {resident:7.1f} MiB  journal {files / 2**20:7.1f} MiB"

    def bounds(self) -> list[float]:
        """The upper bounds of the histogram of turns in `/metrics`."""
        text = self.cluster.request("GET", "/metrics")[1].decode()
        prefix = 'statezero_coordinator_turn_seconds_bucket{le="'
        values = [line[len(prefix) :].split('"')[0] for line in text.splitlines() if line.startswith(prefix)]
        return [float(value) for value in values if value != "+Inf"]

    def print_turns(self) -> None:
        after, limits = self.status(), self.bounds()
        for what, member in (("turns of the thread", "turns"), ("commits of the journal", "commits")):
            counts = [new - old for new, old in zip(after[member]["counts"], self.before[member]["counts"])]
            longest = after[member]["max_seconds"]
            print(
                f"{what}: {sum(counts)}, p50 {quantile(counts, limits, 0.5, longest)}, "
                f"p99 {quantile(counts, limits, 0.99, longest)}, longest since the start {1000 * longest:.1f} ms"
            )


def quantile(counts: list[int], bounds: list[float], share: float, longest: float) -> str:
    """The upper bound of the bucket that a quantile is in, in milliseconds."""
    left = share * sum(counts)
    for count, bound in zip(counts, bounds):
        left -= count
        if left <= 0:
            return f"<= {1000 * bound:g} ms"
    return f"{1000 * longest:.1f} ms"


@dataclasses.dataclass
class Prompts:
    """Names and texts of the prompts of a step, and the bodies of its requests."""

    policy: str
    step: int
    names: list[str]
    characters: int

    def plan(self, milliseconds: int) -> dict:
        items = [{"prompt_id": name, "prompt": f"{name} ".ljust(self.characters, "x")} for name in self.names]
        total = 8 * len(items)
        return {
            "policy_id": self.policy,
            "step": self.step,
            "total": total,
            "items": items,
            "deadline_ms": milliseconds,
        }

    def outcomes(self) -> dict:
        rewards = [0, 1, 1, 0, 1, 0, 0, 0]
        outcomes = [
            {"event_id": f"{self.step}/{name}", "prompt_id": name, "step": self.step, "rewards": rewards}
            for name in self.names
        ]
        return {"policy_id": self.policy, "outcomes": outcomes}


def large_plan(options: argparse.Namespace) -> int:
    with Cluster("table", program=options.program, workers=options.workers) as cluster:
        cluster.wait_for_workers(options.workers)
        client, coordinator = Connection(cluster.port), Coordinator(cluster)
        prober = Prober(cluster.port)
        refused = 0
        for step in range(options.plans):
            names = [f"{step}/{number}" for number in range(options.prompts)]
            prompts = Prompts("load", step, names, options.characters)
            status, plan, seconds = client.ask("POST", "/v1/plans", prompts.plan(1000 * options.timeout))
            recorded, report, later = client.ask("POST", "/v1/outcomes", prompts.outcomes())
            refused += (status != 200) + (recorded != 200)
            print(
                f"step {step}: plan {status} {plan.get('status') or plan} in {seconds:.2f} s, outcomes {recorded} "
                f"{report.get('accepted', report)} in {later:.2f} s  {coordinator.memory()}",
                flush=True,
            )
        time.sleep(DRAIN_SECONDS)
        answers, failed = prober.end()
        print(f"{options.plans} plans of {options.prompts} x {options.characters} characters, {measurements.load()}")
        coordinator.print_turns()
        lost, alive = cluster.output("coordinator").count("worker lost"), coordinator.status()["workers"]
        print(
            f"/livez: p50 {1000 * measurements.percentile(answers, 0.5):.1f} ms, "
            f"p99 {1000 * measurements.percentile(answers, 0.99):.1f} ms, slowest {1000 * max(answers):.1f} ms, "
            f"{failed} of {len(answers)} failed"
        )
        print(f"workers: {lost} lost, {alive} of {options.workers} alive; refused requests: {refused}")
        return 1 if lost or failed or refused or alive != options.workers else 0


def long_run(options: argparse.Namespace) -> int:
    bounds = ["--outcomes", str(options.outcomes)]
    with Cluster("table", program=options.program, workers=1, coordinator_arguments=bounds) as cluster:
        cluster.wait_for_workers(1)
        coordinator = Coordinator(cluster)
        per_policy = options.steps // options.policies
        done, lock, begin = 0, threading.Lock(), time.monotonic()

        def report() -> None:
            now = coordinator.status()
            print(
                f"{done:>8} steps  {time.monotonic() - begin:7.1f} s  {coordinator.memory()}  "
                f"histories {now['history_bytes'] / 2**20:6.1f} MiB  outcomes {now['history_outcomes']}",
                flush=True,
            )

        def train(policy: int) -> int:
            nonlocal done
            client, refused = Connection(cluster.port), 0
            for step in range(per_policy):
                names = [f"{(step * options.prompts + number) % options.corpus}" for number in range(options.prompts)]
                prompts = Prompts(f"policy-{policy}", step, names, options.characters)
                refused += client.ask("POST", "/v1/plans", prompts.plan(30_000))[0] != 200
                refused += client.ask("POST", "/v1/outcomes", prompts.outcomes())[0] != 200
                with lock:
                    done += 1
                    if done % max(1, options.steps // 10) == 0:
                        report()
            return refused

        report()
        with concurrent.futures.ThreadPoolExecutor(options.policies) as threads:
            refused = sum(threads.map(train, range(options.policies)))
        print(f"{done} steps of {options.policies} policies, {measurements.load()}")
        coordinator.print_turns()
        print(f"refused requests: {refused}")
        return 1 if refused else 0


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    verbs = parser.add_subparsers(dest="verb", required=True)
    large = verbs.add_parser("large-plan", help="plans of many long prompts while workers send heartbeats")
    arguments.add_counts(
        large,
        ("--prompts", 1024, "prompts of a plan"),
        ("--characters", 16_000, "characters of a prompt"),
        ("--workers", 4, "workers"),
        ("--plans", 3, "plans, one after the other"),
        ("--timeout", 30, "seconds for a plan's predictions"),
    )
    large.set_defaults(run=large_plan)
    run = verbs.add_parser("long-run", help="many steps of several policies: memory and journal")
    arguments.add_counts(
        run,
        ("--steps", 100_000, "steps of all policies together"),
        ("--policies", 10, "policies"),
        ("--prompts", 8, "prompts of a step"),
        ("--corpus", 20_000, "prompts that a policy's steps go through again and again"),
        ("--characters", 500, "characters of a prompt"),
        ("--outcomes", 65_536, "the coordinator's bound of outcomes of a policy"),
    )
    run.set_defaults(run=long_run)
    options = parser.parse_args()
    sys.exit(options.run(options))


if __name__ == "__main__":
    main()
