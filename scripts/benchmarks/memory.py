#!/usr/bin/env python3
"""Peak memory of coordinator, client and workers while a million synthetic rows are scored with the table model.

    scripts/benchmarks/memory.py .build/release/statezero [rows]

Standard library only. Starts a coordinator and two workers of its own over ipc, scores, reads VmHWM of /proc.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time


def peak_mib(pid):
    """VmHWM of a process in MiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def main():
    program = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prompts, context = folder / "prompts.jsonl", folder / "context.jsonl"
        with prompts.open("w") as file:
            for row in range(rows):
                text = f"Question {row}: what is {row * 7919 % 1_000_003} plus {row % 97}? " + "Think step by step. " * 10
                file.write(json.dumps({"prompt_id": f"p{row}", "prompt": text}) + "\n")
        with context.open("w") as file:
            for row in range(64):
                file.write(json.dumps({"policy_id": "llm", "prompt": f"context {row}", "reward": row % 2}) + "\n")
        endpoint = f"ipc://{folder}/sock"
        coordinator = subprocess.Popen(
            [program, "coordinator", "--bind", endpoint, "--journal", str(folder / "journal.sqlite")],
            stdout=subprocess.DEVNULL)
        workers = [
            subprocess.Popen([program, "worker", "--connect", endpoint, "--model", "table", "--cache-mib", "16"])
            for _ in range(2)
        ]
        start = time.monotonic()
        client = subprocess.Popen(
            [program, "score", "--prompts", str(prompts), "--context", str(context), "--output", str(folder / "out"),
             "--coordinator", endpoint])
        client_peak = 0.0
        while client.poll() is None:
            try:
                client_peak = max(client_peak, peak_mib(client.pid))
            except OSError:
                pass
            time.sleep(0.2)
        seconds = time.monotonic() - start
        coordinator_peak = peak_mib(coordinator.pid)
        for process in [*workers, coordinator]:
            process.terminate()
        for process in [*workers, coordinator]:
            process.wait()
        print(json.dumps({
            "rows": rows, "input_mib": round(prompts.stat().st_size / 2**20), "seconds": round(seconds, 1),
            "rows_per_second": round(rows / seconds), "coordinator_peak_mib": round(coordinator_peak),
            "client_peak_mib": round(client_peak), "client_status": client.returncode}))
        sys.exit(client.returncode)


main()
