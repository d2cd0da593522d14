"""Times decisions of `statezero route serve`: POST /v1/route, one after the other, for a fleet of eleven.

    python3 scripts/routing/latency.py [--prompts FILE.jsonl.gz] [--count 500] [--threads 2] [--models 11]

Histories are the sample's (256 rows a model), prompts the sample's or those of a file; none is sent twice, so every one is
embedded. Only the standard library is needed. Prints the client's time over a kept connection, the process' own CPU time a
decision, and the machine's load, because a busy machine makes all of it slower.
"""

import argparse
import gzip
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "scripts/sample/data")


def fleet(count):
    lines = ["rule: {weighted: 0.7}", "models:"]
    for index in range(count):
        history = ["three-shot", "zero-shot"][index % 2]
        lines.append(
            f"  - {{name: model-{index}, price: {{input: {0.1 * (index + 1):.1f}, output: {0.3 * (index + 1):.1f}}}, "
            f"history: {{files: [{DATA}/context.{history}-t0.8.jsonl.gz]}}, "
            f'endpoint: {{url: "http://127.0.0.1:9/v1", model: m}}}}'
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--statezero", default=os.path.join(ROOT, ".build/release/statezero"))
    parser.add_argument("--prompts", default=os.path.join(DATA, "queries.jsonl.gz"))
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--models", type=int, default=11)
    options = parser.parse_args()
    with gzip.open(options.prompts, "rt") as file:
        texts = list(dict.fromkeys(json.loads(line)["prompt"] for line in file))
    texts = texts[: options.count + 20]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fleet.yaml")
        with open(path, "w") as file:
            file.write(fleet(options.models))
        router = subprocess.Popen(
            [
                options.statezero,
                "route",
                "serve",
                "--fleet",
                path,
                "--port",
                "0",
                "--threads",
                str(options.threads),
                "--state",
                os.path.join(folder, "state"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            port = next(
                int(found.group(1)) for found in (re.search(r"127.0.0.1:(\d+)/v1", l) for l in router.stderr) if found
            )
            connection = http.client.HTTPConnection("127.0.0.1", port)

            def ask(text):
                connection.request("POST", "/v1/route", json.dumps({"prompt": text}))
                answer = connection.getresponse()
                body = answer.read()
                assert answer.status == 200, body

            for text in texts[:20]:
                ask(text)
            before = cpu(router.pid)
            times = []
            for text in texts[20:]:
                start = time.perf_counter()
                ask(text)
                times.append((time.perf_counter() - start) * 1000)
            spent = (cpu(router.pid) - before) * 1000 / len(times)
        finally:
            router.send_signal(signal.SIGTERM)
            router.wait()
    times.sort()

    def at(share):
        return times[min(len(times) - 1, int(share * len(times)))]

    tokens = sum(len(text.encode()) for text in texts[20:]) / 4 / len(times)
    print(
        f"{len(times)} decisions, {options.models} models, {options.threads} threads, {tokens:.0f} tokens a prompt on average"
    )
    print(f"median {at(0.5):.1f} ms, 90th percentile {at(0.9):.1f}, 99th {at(0.99):.1f}, largest {times[-1]:.1f}")
    print(f"{spent:.1f} ms of CPU a decision; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def cpu(pid):
    """Seconds of CPU that a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
