#!/usr/bin/env python3
"""Routes a million made-up prompts through a cluster of two workers and counts the texts that were embedded.

    python3 scripts/routing/million.py [--prompts 1000000] [--models 11] [--output out/million]

The value model is the table model, whose embedding takes no time: this measures the path through the cluster. Workers
log at their end how many texts they embedded and how many came from their cache. Every prompt is embedded once for the
whole fleet, so the first number is the number of prompts and histories. Needs a release build, and 4 GB of disk for a
million.
"""

import json
import pathlib
import resource
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments


def write_inputs(folder: pathlib.Path, prompts: int, models: int) -> None:
    with open(folder / "prompts.jsonl", "w") as file:
        for index in range(prompts):
            text = f"made-up prompt number {index}, as long as prompts are when they are short"
            file.write(f'{{"prompt_id":"p{index}","prompt":"{text}"}}\n')
    fleet = ["rule: {weighted: 0.7}", "models:"]
    for model in range(models):
        with open(folder / f"history-{model}.jsonl", "w") as file:
            for row in range(256):
                reward = int((row * 7 + model) % 3 > 0)
                line = {"policy_id": f"m{model}", "prompt": f"history prompt {row}", "reward": reward}
                file.write(json.dumps(line) + "\n")
        price = f"price: {{input: {model + 1}, output: {model + 1}}}"
        fleet.append(f"  - {{name: m{model}, {price}, history: {{files: [history-{model}.jsonl]}}}}")
    (folder / "fleet.yaml").write_text("\n".join(fleet) + "\n")


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("--prompts", type=int, default=1_000_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--models", type=int, default=11, metavar="N", help="default: %(default)s")
    arguments.add_output(parser, "folder, emptied first", default="out/million")
    options = parser.parse_args()
    folder = pathlib.Path(options.output)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_inputs(folder, options.prompts, options.models)
    command = [
        options.program,
        "route",
        "decide",
        "--fleet",
        folder / "fleet.yaml",
        "--prompts",
        folder / "prompts.jsonl",
    ]
    command += ["--workers", "2", "--model", "table", "--output", folder / "decisions", "--log-level", "info"]
    start = time.monotonic()
    with open(folder / "log", "w") as log:
        done = subprocess.run([str(part) for part in command], stderr=log)
    seconds = time.monotonic() - start
    lines = (folder / "log").read_text().splitlines()
    if done.returncode != 0:
        sys.exit("\n".join(lines[-5:]))
    decisions = 0
    for path in (folder / "decisions").glob("decisions-*.jsonl"):
        with open(path) as file:
            decisions += sum(1 for _ in file)
    print(f"{decisions} decisions")
    print("\n".join(line for line in lines if "embedded" in line))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"client: {seconds:.1f} s; largest process: {peak} KiB")


if __name__ == "__main__":
    main()
