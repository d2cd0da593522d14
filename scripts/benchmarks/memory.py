#!/usr/bin/env python3
"""Measures peak memory of coordinator and client while a million made-up rows are scored with the table model.

    scripts/benchmarks/memory.py [--rows 1000000]

Standard library only. Starts a coordinator and two workers on loopback, scores, and reads VmHWM of /proc.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments
from common.cluster import Cluster
from common.measurements import peak_mib


def write_inputs(folder: pathlib.Path, rows: int) -> tuple[pathlib.Path, pathlib.Path]:
    """A file of prompts and one of a policy's history."""
    prompts, context = folder / "prompts.jsonl", folder / "context.jsonl"
    with prompts.open("w") as file:
        for row in range(rows):
            text = f"Question {row}: what is {row * 7919 % 1_000_003} plus {row % 97}? " + "Think step by step. " * 10
            file.write(json.dumps({"prompt_id": f"p{row}", "prompt": text}) + "\n")
    with context.open("w") as file:
        for row in range(64):
            file.write(json.dumps({"policy_id": "llm", "prompt": f"context {row}", "reward": row % 2}) + "\n")
    return prompts, context


def score(cluster: Cluster, prompts: pathlib.Path, context: pathlib.Path, output: pathlib.Path) -> tuple[int, float]:
    """Scores; the client's exit code and its peak memory in MiB."""
    command = [cluster.program, "score", "--prompts", str(prompts), "--context", str(context), "--output", str(output)]
    client = subprocess.Popen([*command, "--coordinator", cluster.endpoint])
    peak = 0.0
    while client.poll() is None:
        peak = max(peak, peak_mib(client.pid))
        time.sleep(0.2)
    return client.returncode, peak


def main() -> int:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="prompts (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prompts, context = write_inputs(folder, options.rows)
        worker = ["--cache-mib", "16"]
        with Cluster(
            "table", program=options.program, workers=2, worker_arguments=worker, serves_http=False
        ) as cluster:
            start = time.monotonic()
            status, client_peak = score(cluster, prompts, context, folder / "out")
            seconds = time.monotonic() - start
            coordinator_peak = peak_mib(cluster.processes["coordinator"].pid)
        figures = {
            "rows": options.rows,
            "input_mib": round(prompts.stat().st_size / 2**20),
            "seconds": round(seconds, 1),
            "rows_per_second": round(options.rows / seconds),
            "coordinator_peak_mib": round(coordinator_peak),
            "client_peak_mib": round(client_peak),
            "client_status": status,
        }
        print(json.dumps(figures))
    return status


if __name__ == "__main__":
    sys.exit(main())
