"""Measures decisions of `statezero route serve`: POST /v1/route, one after the other, for a fleet of eleven models.

    python3 scripts/routing/latency.py [--prompts FILE.jsonl.gz] [--count 500] [--threads 2] [--models 11]

Histories are the sample's (256 rows per model), prompts the sample's or those of a file. No prompt is sent twice, so
each one is embedded. Standard library only. Prints the client's time over a kept connection, the process's own CPU time
per decision, and the machine's load, because a busy machine makes all of it slower.
"""

import http.client
import json
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, measurements, paths, rows
from common.router import Router

WARM_UP = 20


def fleet(count):
    lines = ["rule: {weighted: 0.7}", "models:"]
    for index in range(count):
        history = ["three-shot", "zero-shot"][index % 2]
        lines.append(
            f"  - {{name: model-{index}, price: {{input: {0.1 * (index + 1):.1f}, output: {0.3 * (index + 1):.1f}}}, "
            f"history: {{files: [{paths.SAMPLE}/context.{history}-t0.8.jsonl.gz]}}, "
            f'endpoint: {{url: "http://127.0.0.1:9/v1", model: m}}}}'
        )
    return "\n".join(lines)


def decide(connection, text: str) -> None:
    connection.request("POST", "/v1/route", json.dumps({"prompt": text}))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"latency: POST /v1/route: {answer.status} {body.decode()}")


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument(
        "--prompts", default=paths.SAMPLE / "queries.jsonl.gz", metavar="FILE", help="default: the sample's"
    )
    parser.add_argument("--count", type=int, default=500, metavar="N", help="decisions (default: %(default)s)")
    arguments.add_threads(parser, 2)
    parser.add_argument(
        "--models", type=int, default=11, metavar="N", help="models of the fleet (default: %(default)s)"
    )
    options = parser.parse_args()
    texts = list(dict.fromkeys(row["prompt"] for row in rows.read(options.prompts)))[: options.count + WARM_UP]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fleet.yaml")
        with open(path, "w") as file:
            file.write(fleet(options.models))
        state = os.path.join(folder, "state")
        with Router(path, state, "--threads", str(options.threads), program=options.program) as router:
            connection = http.client.HTTPConnection("127.0.0.1", router.port)
            for text in texts[:WARM_UP]:
                decide(connection, text)
            before = measurements.processor_seconds(router.pid)
            times = []
            for text in texts[WARM_UP:]:
                start = time.perf_counter()
                decide(connection, text)
                times.append((time.perf_counter() - start) * 1000)
            spent = (measurements.processor_seconds(router.pid) - before) * 1000 / len(times)
    median, p90, p99 = (measurements.percentile(times, share) for share in (0.5, 0.9, 0.99))
    tokens = sum(len(text.encode()) for text in texts[WARM_UP:]) / 4 / len(times)
    print(f"{len(times)} decisions, {options.models} models, {options.threads} threads, {tokens:.0f} tokens per prompt")
    print(f"median {median:.1f} ms, 90th percentile {p90:.1f}, 99th {p99:.1f}, largest {max(times):.1f}")
    print(f"{spent:.1f} ms of CPU per decision; {measurements.load()}")


if __name__ == "__main__":
    main()
