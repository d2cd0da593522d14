#!/usr/bin/env python3
"""Calibrates a rule to shares of cost on half of a corpus, and prints the cost on the other half.

    python3 scripts/routing/calibration.py FLEET PROMPTS [--output out/calibration] [--shares 0.2 0.3] [--threads 1]

FLEET is a fleet file with histories, PROMPTS a JSONL file of prompts (plain, gzip or zstd). Decisions and embeddings
are kept in the output folder, and not repeated. Needs a release build; the standard library is enough.
"""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, rows

OPTIONS = {"weighted": "--beta", "target": "--target"}


def run(program: str, *command: object) -> tuple[dict | None, str]:
    """The JSON that a command prints, or None and its error."""
    done = subprocess.run([program, "route", *map(str, command), "--json"], capture_output=True, text=True)
    return (json.loads(done.stdout), "") if done.returncode == 0 else (None, done.stderr)


def split(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Two halves by a hash of the prompt: both have the same mix, and neither depends on the order of rows."""
    halves = folder / "half-a.jsonl", folder / "half-b.jsonl"
    with open(halves[0], "w") as first, open(halves[1], "w") as second, open(folder / "decisions.jsonl") as lines:
        for line in lines:
            side = int(json.loads(line)["prompt_sha256"][-1], 16) % 2
            (second if side else first).write(line)
    return halves


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("fleet", help="fleet file with histories")
    parser.add_argument("prompts", help="JSONL file of prompts")
    arguments.add_program(parser)
    arguments.add_output(parser, "folder that keeps decisions and embeddings", default="out/calibration")
    arguments.add_threads(parser, 1)
    parser.add_argument(
        "--shares", type=float, nargs="+", default=[0.2, 0.25, 0.3, 0.35, 0.4, 0.5], metavar="SHARE", help="of cost"
    )
    options = parser.parse_args()
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    decisions = folder / "decisions.jsonl"
    if not decisions.exists():
        command = [options.program, "route", "decide", "--fleet", options.fleet, "--prompts", options.prompts]
        command += ["--threads", str(options.threads), "--embeddings", str(folder / "embeddings.safetensors")]
        subprocess.run([*command, "--output", str(decisions)], check=True)
    calibrated, held_out = split(folder)
    held_rows = rows.read(held_out)
    print(f"{len(rows.read(calibrated))} prompts for the calibration, {len(held_rows)} held out")
    costs = [[candidate["cost"] for candidate in row["candidates"]] for row in held_rows]
    most_expensive = max(sum(column) / len(costs) for column in zip(*costs))
    print(f"{'rule':9} {'wanted':>7} {'parameter':>10} {'calibrated':>12} {'held-out':>12} {'off':>9}")
    for rule, option in OPTIONS.items():
        for share in options.shares:
            wanted = ["calibrate", "--decisions", calibrated, "--cost-share", share, "--rule", rule]
            found, error = run(options.program, *wanted)
            if found is None:
                print(f"{rule:9} {share:7.2f} {error.strip()[:100]}")
                continue
            replayed, error = run(options.program, "replay", "--decisions", held_out, option, found["parameter"])
            if replayed is None:
                sys.exit(error)
            cost = replayed["cost"] / most_expensive
            figures = f"{found['parameter']:10.6f} {found['costShare']:12.4f} {cost:12.4f} {cost - share:+9.4f}"
            print(f"{rule:9} {share:7.2f} {figures}")


if __name__ == "__main__":
    main()
