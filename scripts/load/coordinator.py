"""Load on a coordinator: how long its thread's turns are under large plans, and what it keeps in a long run.

    python3 scripts/load/coordinator.py large-plan [--prompts 1024] [--characters 16000] [--workers 4]
    python3 scripts/load/coordinator.py long-run [--steps 100000] [--policies 10] [--prompts 8]

large-plan: plans of long prompts, one after the other, while workers send heartbeats and `/livez` is asked often.
Prints the turns of the coordinator's thread (p50, p99, longest), the slowest `/livez`, and the workers that were lost.

long-run: so many steps by so many policies at the same time; each step is a plan and a report of its outcomes. Prints
resident memory and the journal's size at each tenth.

The workers have the table model, so they cost nothing. Standard library only. Needs a release build.
"""

import concurrent.futures
import http.client
import json
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments
from common.cluster import Cluster

DRAIN_SECONDS = 3


class Connection:
    """Requests of one thread, over one connection that is kept."""

    def __init__(self, port: int, timeout: float = 120):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def resident(pid: int) -> int:
    """Resident memory of a process, in bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"process {pid} has no resident memory")


def quantile(counts: list[int], bounds: list[float], share: float, longest: float) -> str:
    """The upper bound of the bucket that a quantile is in, in milliseconds."""
    left = share * sum(counts)
    for count, bound in zip(counts, bounds):
        left -= count
        if left <= 0:
            return f"<= {1000 * bound:g} ms"
    return f"{1000 * longest:.1f} ms"


def bounds(port: int, name: str) -> list[float]:
    """The upper bounds of a histogram in `/metrics`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    prefix = f'{name}_bucket{{le="'
    values = [line[len(prefix) :].split('"')[0] for line in text.splitlines() if line.startswith(prefix)]
    return [float(value) for value in values if value != "+Inf"]


def print_turns(port: int, before: dict, after: dict) -> None:
    limits = bounds(port, "statezero_coordinator_turn_seconds")
    for what, member in (("turns of the thread", "turns"), ("commits of the journal", "commits")):
        counts = [new - old for new, old in zip(after[member]["counts"], before[member]["counts"])]
        longest = after[member]["max_seconds"]
        print(
            f"{what}: {sum(counts)}, p50 {quantile(counts, limits, 0.5, longest)}, "
            f"p99 {quantile(counts, limits, 0.99, longest)}, longest since the start {1000 * longest:.1f} ms",
            flush=True,
        )


def large_plan(options) -> None:
    with Cluster("table", program=options.program, workers=options.workers) as cluster:
        cluster.wait_for_workers(options.workers)
        client = Connection(cluster.port)
        before = client.ask("GET", "/v1/status")[1]["coordinator"]
        slowest, failed, is_over = 0.0, 0, threading.Event()

        def live() -> None:
            nonlocal slowest, failed
            prober = Connection(cluster.port)
            while not is_over.is_set():
                begin = time.monotonic()
                status, _ = prober.ask("GET", "/livez")
                slowest, failed = max(slowest, time.monotonic() - begin), failed + (status != 200)
                time.sleep(0.005)

        prober = threading.Thread(target=live)
        prober.start()
        generator = random.Random(options.seed)
        try:
            for step in range(options.plans):
                items = [
                    {
                        "prompt_id": f"{step}/{number}",
                        "prompt": f"{number} {generator.random()} ".ljust(options.characters, "x"),
                    }
                    for number in range(options.prompts)
                ]
                body = {
                    "policy_id": "load",
                    "step": step,
                    "total": 8 * len(items),
                    "items": items,
                    "deadline_ms": 30000,
                }
                begin = time.monotonic()
                status, answer = client.ask("POST", "/v1/plans", body)
                seconds = time.monotonic() - begin
                print(
                    f"plan of {len(items)} prompts of {options.characters} characters: status {status}, "
                    f"{answer.get('status', answer)}, {seconds:.2f} s",
                    flush=True,
                )
                outcomes = [
                    {"event_id": f"{item['prompt_id']}", "prompt_id": item["prompt_id"], "rewards": [0, 1, 1, 0]}
                    for item in items
                ]
                status, answer = client.ask("POST", "/v1/outcomes", {"policy_id": "load", "outcomes": outcomes})
                print(f"outcomes: status {status}, {answer.get('accepted')} accepted", flush=True)
            time.sleep(DRAIN_SECONDS)
        finally:
            is_over.set()
            prober.join()
        after = client.ask("GET", "/v1/status")[1]["coordinator"]
        print_turns(cluster.port, before, after)
        print(f"/livez: slowest {1000 * slowest:.1f} ms, {failed} failed")
        print(f"workers lost: {cluster.output('coordinator').count('worker lost')}, alive: {after['workers']}")


def long_run(options) -> None:
    with Cluster("table", program=options.program, workers=1) as cluster:
        cluster.wait_for_workers(1)
        journal = cluster.folder / "journal.sqlite"
        status = Connection(cluster.port)
        before = status.ask("GET", "/v1/status")[1]["coordinator"]
        per_policy = options.steps // options.policies
        done, lock, begin = 0, threading.Lock(), time.monotonic()

        def report(count: int) -> None:
            now = status.ask("GET", "/v1/status")[1]["coordinator"]
            files = sum(file.stat().st_size for file in cluster.folder.glob(f"{journal.name}*"))
            print(
                f"{count:>8} steps  {time.monotonic() - begin:7.1f} s  "
                f"memory {resident(cluster.processes['coordinator'].pid) / 2**20:7.1f} MiB  "
                f"journal {files / 2**20:7.1f} MiB  histories {now['history_bytes'] / 2**20:6.1f} MiB  "
                f"outcomes {now['history_outcomes']}",
                flush=True,
            )

        def train(policy: int) -> int:
            nonlocal done
            client, refused = Connection(cluster.port), 0
            for step in range(per_policy):
                names = [f"{(step * options.prompts + number) % options.corpus}" for number in range(options.prompts)]
                items = [{"prompt_id": name, "prompt": f"{name} ".ljust(options.characters, "x")} for name in names]
                body = {"policy_id": f"policy-{policy}", "step": step, "total": 8 * len(items), "items": items}
                refused += client.ask("POST", "/v1/plans", body)[0] != 200
                outcomes = [
                    {"event_id": f"{step}/{name}", "prompt_id": name, "step": step, "rewards": [0, 1, 1, 0, 1, 0, 0, 0]}
                    for name in names
                ]
                body = {"policy_id": f"policy-{policy}", "outcomes": outcomes}
                refused += client.ask("POST", "/v1/outcomes", body)[0] != 200
                with lock:
                    done += 1
                    if done % max(1, options.steps // 10) == 0:
                        report(done)
            return refused

        report(0)
        with concurrent.futures.ThreadPoolExecutor(options.policies) as threads:
            refused = sum(threads.map(train, range(options.policies)))
        after = status.ask("GET", "/v1/status")[1]["coordinator"]
        print_turns(cluster.port, before, after)
        print(f"refused requests: {refused}")


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    verbs = parser.add_subparsers(dest="verb", required=True)
    large = verbs.add_parser("large-plan", help="one plan of many long prompts while workers send heartbeats")
    large.add_argument("--prompts", type=int, default=1024)
    large.add_argument("--characters", type=int, default=16_000, help="of each prompt")
    large.add_argument("--workers", type=int, default=4)
    large.add_argument("--plans", type=int, default=3, help="one after the other")
    large.add_argument("--seed", type=int, default=1)
    large.set_defaults(run=large_plan)
    run = verbs.add_parser("long-run", help="many steps of several policies: memory and journal")
    run.add_argument("--steps", type=int, default=100_000, help="of all policies together")
    run.add_argument("--policies", type=int, default=10)
    run.add_argument("--prompts", type=int, default=8, help="of each step")
    run.add_argument(
        "--corpus", type=int, default=20_000, help="prompts that a policy's steps go through again and again"
    )
    run.add_argument("--characters", type=int, default=500, help="of each prompt")
    run.set_defaults(run=long_run)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
