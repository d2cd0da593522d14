#!/usr/bin/env python3
"""Measures how long a trainer waits for a plan over HTTP.

    scripts/benchmarks/plans.py --prompts 1000 --workers 2 --steps 200 --model models/all-MiniLM-L6-v2

Starts a coordinator with a journal and workers on this machine. Plans step after step for the same prompts, which are
embedded once before the clock runs, and reports rewards in between, so that every step has a new context. Prints p50,
p99 and the maximum of whole plans, and of the first budget of streamed plans.

Standard library only; traffic stays on loopback. The clock runs from before the request's first byte to the answer's
last byte (or first line); the client's own JSON is not in it.
"""

import dataclasses
import hashlib
import http.client
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, measurements, paths, rows
from common.cluster import Cluster

POLICY = "bench"


def parse():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_model(parser)
    arguments.add_threads(parser, 1, of="each worker")
    parser.add_argument("--prompts", type=int, default=1000, metavar="N", help="prompts of a step")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--steps", type=int, default=200, metavar="N", help="whole plans; as many again are streamed")
    parser.add_argument("--mean", type=int, default=8, metavar="N", help="rollouts per prompt")
    parser.add_argument("--context", type=int, default=256, metavar="N", help="context rows of the policy")
    return parser.parse_args()


def texts(count: int) -> list[str]:
    """Prompts of the sample corpus, numbered where it has too few."""
    sample = [row["prompt"] for row in rows.read(paths.SAMPLE / "sample.prompts.jsonl.gz")]
    return [
        sample[index] if index < len(sample) else f"{sample[index % len(sample)]} ({index})" for index in range(count)
    ]


@dataclasses.dataclass
class Answer:
    """The body of an answer, and the seconds to its first line and to its last byte."""

    first: float
    last: float
    body: bytes


def request(cluster: Cluster, path: str, body: dict, accept: str = "application/json") -> Answer:
    text = json.dumps(body)
    connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=120)
    connection.connect()
    begin = time.perf_counter()
    connection.request("POST", path, text, {"Accept": accept, "Content-Type": "application/json"})
    response = connection.getresponse()
    line = response.readline()
    first = time.perf_counter() - begin
    rest = response.read()
    last = time.perf_counter() - begin
    connection.close()
    if response.status != 200:
        raise SystemExit(f"plans: POST {path}: {response.status} {line.decode()}")
    return Answer(first, last, line + rest)


def spent(cluster: Cluster) -> tuple[float, float]:
    """Processor seconds of the coordinator and of all workers so far."""
    seconds = {name: measurements.processor_seconds(child.pid) for name, child in cluster.processes.items()}
    coordinator = seconds.pop("coordinator")
    return coordinator, sum(seconds.values())


def rewards(prompt: str, step: int, n: int) -> list[float]:
    """Made up from hashes, so that runs are equal: each prompt has a success rate of its own."""

    def share(text: str) -> float:
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48

    rate = share(prompt) ** 2
    return [float(share(f"{prompt} {step} {index}") < rate) for index in range(n)]


class Steps:
    """Plans step after step and keeps the times."""

    def __init__(self, cluster: Cluster, options):
        self.cluster, self.options = cluster, options
        prompts = texts(options.prompts)
        self.items = [{"prompt_id": f"bench/{index:05d}", "prompt": text} for index, text in enumerate(prompts)]
        self.total = options.mean * options.prompts
        self.whole, self.first, self.last, self.reported = [], [], [], []
        self.statuses: dict[str, int] = {}
        self.before = (0.0, 0.0)

    def run(self) -> None:
        for step in range(2 * self.options.steps + 1):
            is_streamed = step % 2 == 0
            answer = self.plan(step, is_streamed)
            end, budgets = self.read(answer, is_streamed)
            if sum(budgets.values()) != self.total:
                raise SystemExit(f"plans: step {step}: the budgets do not sum to {self.total}")
            if step == 0:
                self.before = spent(self.cluster)
                milliseconds = f"first budget {1000 * answer.first:.1f} ms, whole {1000 * answer.last:.1f} ms"
                print(f"first step, nothing embedded yet: {milliseconds}")
            else:
                self.record(answer, end["status"], is_streamed)
            self.report(step, budgets)

    def plan(self, step: int, is_streamed: bool) -> Answer:
        body = {
            "policy_id": POLICY,
            "step": step,
            "total": self.total,
            "deadline_ms": 60000,
            "items": self.items,
            "context": {"rows": self.options.context},
        }
        accept = "application/x-ndjson" if is_streamed else "application/json"
        return request(self.cluster, "/v1/plans", body, accept)

    def read(self, answer: Answer, is_streamed: bool) -> tuple[dict, dict[str, int]]:
        """The plan's end, and its budgets by prompt id."""
        if not is_streamed:
            end = json.loads(answer.body)
            return end, {row["prompt_id"]: row["n"] for row in end["items"]}
        *budgets, end = map(json.loads, answer.body.decode().splitlines())
        return end, {row["prompt_id"]: row["n"] for row in budgets}

    def record(self, answer: Answer, status: str, is_streamed: bool) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if is_streamed:
            self.first.append(answer.first)
            self.last.append(answer.last)
        else:
            self.whole.append(answer.last)

    def report(self, step: int, budgets: dict[str, int]) -> None:
        """Reports the rewards of a step."""
        outcomes = [
            {
                "event_id": f"{step}/{item['prompt_id']}",
                "prompt_id": item["prompt_id"],
                "step": step,
                "rewards": rewards(item["prompt"], step, budgets[item["prompt_id"]]),
            }
            for item in self.items
        ]
        answer = request(self.cluster, "/v1/outcomes", {"policy_id": POLICY, "outcomes": outcomes})
        self.reported.append(answer.last)


def line(name: str, seconds: list[float]) -> None:
    p50, p99 = (1000 * measurements.percentile(seconds, share) for share in (0.5, 0.99))
    times = f"p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   max {1000 * max(seconds):7.1f} ms"
    print(f"{name:34} {times}   ({len(seconds)})")


def main() -> None:
    options = parse()
    worker = ["--store", "off"] + ([] if options.model.startswith("table") else ["--threads", str(options.threads)])
    with Cluster(options.model, program=options.program, workers=options.workers, worker_arguments=worker) as cluster:
        cluster.wait_for_workers(options.workers)
        steps = Steps(cluster, options)
        steps.run()
        after = spent(cluster)
    print(
        f"{options.prompts} prompts, {steps.total} rollouts, {options.workers} workers x {options.threads} threads, "
        f"{pathlib.Path(options.model).name}, {measurements.load()}"
    )
    line("whole plan, JSON", steps.whole)
    line("first budget, streamed", steps.first)
    line("whole plan, streamed", steps.last)
    line("outcomes of a step", steps.reported)
    coordinator, workers = (1000 * (now - then) / (2 * options.steps) for now, then in zip(after, steps.before))
    print(f"processor time per step: coordinator {coordinator:.1f} ms (plan and outcomes), workers {workers:.1f} ms")
    print("status:", ", ".join(f"{count} {status}" for status, count in sorted(steps.statuses.items())))


if __name__ == "__main__":
    main()
