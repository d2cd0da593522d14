#!/usr/bin/env python3
"""What a cluster needs: processor time, memory by part, bytes in the journal and on the network, a row and a plan.

    python3 scripts/load/capacity.py [--rows 200000] [--bytes 275] [--plans 20] [--parts rows model plans]

Three parts, each with a cluster of its own over TCP on loopback:

rows: `score` of made-up rows with two workers whose model costs nothing (`table`): what coordinator, client and workers
cost beside the model. model: one worker with one thread and the default model, for short and for long prompts, in each
precision: what embedding costs. plans: plans of new prompts and reports of eight rewards each, over HTTP.

Network bytes are the loopback's, in a network namespace of the script's own, so it needs root (util-linux' unshare);
each row passes it twice, from client to coordinator and from coordinator to worker, and its answer likewise. Processor
times are of each process; other work on the machine makes them somewhat larger. Standard library only; needs a release
build and the default model.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, measurements
from common.cluster import Cluster, free_endpoint

PRECISIONS = ("float32", "bfloat16", "int8")
# Words of a prompt: about 12 and 195 tokens.
LENGTHS = {"short": 8, "long": 150}
ROLLOUTS = 8
PLAN_PROMPTS = 1000
IN_NAMESPACE = "STATEZERO_CAPACITY"


def loopback_bytes() -> int:
    """Bytes that the namespace's loopback has sent; /sys would show that of the machine."""
    lines = pathlib.Path("/proc/self/net/dev").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[9]) for line in lines if line.split()[0] == "lo:")


def journal_bytes(cluster: Cluster) -> int:
    return sum(file.stat().st_size for file in cluster.folder.glob("journal.sqlite*"))


def write_rows(folder: pathlib.Path, name: str, texts: list[str]) -> list[str]:
    """A file of prompts and one of a history; the options that name them."""
    prompts, context = folder / f"{name}.jsonl", folder / "context.jsonl"
    lines = [json.dumps({"prompt_id": f"{name}{number}", "prompt": text}) + "\n" for number, text in enumerate(texts)]
    prompts.write_text("".join(lines), encoding="utf-8")
    rows = [json.dumps({"prompt": f"known {number}", "reward": number % 2}) + "\n" for number in range(256)]
    context.write_text("".join(rows), encoding="utf-8")
    return ["--prompts", str(prompts), "--context", str(context), "--policy", "p"]


class Client:
    """A client that scores through a cluster; watches the journal, and its own memory and processor time."""

    def __init__(self, cluster: Cluster, inputs: list[str], output: pathlib.Path, model: str):
        command = [cluster.program, "score", "--coordinator", cluster.endpoint, *inputs, "--output", str(output)]
        command += ["--model", model]
        self.begin, self.journal, self.peak, self.used = time.monotonic(), 0, 0.0, 0.0
        child = subprocess.Popen([*command, "--overwrite"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while child.poll() is None:
            self.journal = max(self.journal, journal_bytes(cluster))
            try:
                self.peak = max(self.peak, measurements.peak_mib(child.pid))
                self.used = measurements.processor_seconds(child.pid)
            except (OSError, IndexError):
                break
            time.sleep(0.02)
        if child.wait() != 0:
            raise SystemExit(f"capacity: score ended with exit code {child.returncode}")
        self.seconds = time.monotonic() - self.begin


def processor(cluster: Cluster) -> dict[str, float]:
    """Processor seconds so far, by process."""
    return {name: measurements.processor_seconds(each.pid) for name, each in cluster.processes.items()}


def measure_rows(options, folder: pathlib.Path) -> dict:
    """A corpus through a cluster whose model costs nothing."""
    filler = "lorem ipsum dolor " * (options.bytes // 18 + 1)
    inputs = write_rows(folder, "row", [f"{number} {filler}"[: options.bytes] for number in range(options.rows)])
    with Cluster("table", program=options.program, workers=2, endpoint=free_endpoint()) as cluster:
        cluster.wait_for_workers(2)
        idle = {name: measurements.peak_mib(each.pid) for name, each in cluster.processes.items()}
        before, sent = processor(cluster), loopback_bytes()
        client = Client(cluster, inputs, folder / "rows", "table")
        sent = loopback_bytes() - sent
        after = processor(cluster)
        million = 1e6 / options.rows
        return {
            "rows": options.rows,
            "bytes_of_a_row": options.bytes,
            "rows_a_second": round(options.rows / client.seconds),
            "processor_seconds_a_million_rows": {
                "client": round(client.used * million, 2),
                **{name: round((after[name] - before[name]) * million, 2) for name in before},
            },
            "network_bytes_a_row": round(sent / options.rows),
            "memory_mib_idle": {name: round(mib) for name, mib in idle.items()},
            "memory_mib_peak": {
                "client": round(client.peak),
                **{name: round(measurements.peak_mib(each.pid)) for name, each in cluster.processes.items()},
            },
            "journal_mib_most": round(client.journal / 2**20, 1),
            "journal_mib_after": round(journal_bytes(cluster) / 2**20, 1),
        }


def measure_model(options, folder: pathlib.Path) -> dict:
    """Prompts of two lengths through a worker with one thread, by precision."""
    words = random.Random(7)
    found = {}
    for precision in PRECISIONS:
        worker = ("--store", "off", "--threads", "1", "--precision", precision, "--cache-mib", "16")
        endpoint = free_endpoint()
        with Cluster(options.model, program=options.program, worker_arguments=worker, endpoint=endpoint) as cluster:
            cluster.wait_for_workers(1)
            figures = {"memory_mib_idle": round(measurements.peak_mib(cluster.processes["worker-0"].pid))}
            # The first run pays for the context and compiles kernels.
            for name, length in [("warm", LENGTHS["short"]), *LENGTHS.items()]:
                texts = [" ".join(words.choices(WORDS, k=length)) for _ in range(options.prompts)]
                before = processor(cluster)["worker-0"]
                Client(
                    cluster,
                    write_rows(folder, f"{precision}-{name}", texts),
                    folder / f"{precision}-{name}",
                    options.model,
                )
                used = processor(cluster)["worker-0"] - before
                if name in LENGTHS:
                    figures[f"{name}_ms_a_prompt"] = round(1000 * used / options.prompts, 2)
            figures["memory_mib_peak"] = round(measurements.peak_mib(cluster.processes["worker-0"].pid))
            found[precision] = figures
    return found


WORDS = "the cat sat on a mat and asked how many numbers there are between two and seven if each of them is odd".split()


def measure_plans(options, folder: pathlib.Path) -> dict:
    """Plans of new prompts and reports of their rewards."""
    with Cluster("table", program=options.program, workers=1, endpoint=free_endpoint()) as cluster:
        cluster.wait_for_workers(1)
        first, used = journal_bytes(cluster), processor(cluster)["coordinator"]
        sizes = {"plans": 0, "reports": 0}
        for step in range(options.plans):
            items = [
                {"prompt_id": f"{step}/{number}", "prompt": f"{step} {number} " + "x " * (options.bytes // 2)}
                for number in range(PLAN_PROMPTS)
            ]
            plan = {"policy_id": "run", "step": step, "total": ROLLOUTS * PLAN_PROMPTS, "items": items}
            before = loopback_bytes()
            if cluster.request("POST", "/v1/plans", json.dumps(plan))[0] != 200:
                raise SystemExit("capacity: a plan was refused")
            sizes["plans"] += loopback_bytes() - before
            rewards = [float(number % 2) for number in range(ROLLOUTS)]
            outcomes = [
                {"event_id": each["prompt_id"], "prompt_id": each["prompt_id"], "step": step, "rewards": rewards}
                for each in items
            ]
            before = loopback_bytes()
            body = json.dumps({"policy_id": "run", "outcomes": outcomes})
            answer = cluster.request("POST", "/v1/outcomes", body)
            if answer[0] != 200:
                raise SystemExit(f"capacity: a report was refused: {answer[1][:200]!r}")
            sizes["reports"] += loopback_bytes() - before
        prompts = options.plans * PLAN_PROMPTS
        return {
            "plans": options.plans,
            "prompts_of_a_plan": PLAN_PROMPTS,
            "coordinator_ms_a_plan": round(1000 * (processor(cluster)["coordinator"] - used) / options.plans, 1),
            "network_bytes_a_prompt": {what: round(size / prompts) for what, size in sizes.items()},
            "journal_bytes_a_prompt": round((journal_bytes(cluster) - first) / prompts),
            "memory_mib_coordinator": round(measurements.peak_mib(cluster.processes["coordinator"].pid)),
        }


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_model(parser)
    arguments.add_counts(
        parser,
        ("--rows", 200_000, "rows of the first part"),
        ("--bytes", 275, "bytes of a prompt, about"),
        ("--plans", 20, "plans of the third part"),
        ("--prompts", 64, "prompts of the second part"),
    )
    parts = {"rows": measure_rows, "model": measure_model, "plans": measure_plans}
    parser.add_argument("--parts", nargs="+", choices=parts, default=list(parts), help="which (default: all)")
    parser.add_argument("--output", metavar="FILE", help="file for the figures as JSON")
    options = parser.parse_args()
    if not os.environ.get(IN_NAMESPACE):
        inner = 'ip link set lo up 2>/dev/null || ifconfig lo up; exec "$@"'
        command = ["unshare", "--net", "sh", "-c", inner, "sh", sys.executable, *sys.argv]
        sys.exit(subprocess.run(command, env={**os.environ, IN_NAMESPACE: "1"}).returncode)
    found = {"machine": measurements.load()}
    with tempfile.TemporaryDirectory(prefix="capacity-") as name:
        for part in options.parts:
            found[part] = parts[part](options, pathlib.Path(name))
            print(json.dumps({part: found[part]}, indent=2), flush=True)
    found["machine_after"] = measurements.load()
    if options.output:
        pathlib.Path(options.output).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
