#!/usr/bin/env python3
"""Measures what keys cost: rows through a coordinator over TCP with CURVE, and without.

    scripts/benchmarks/curve.py [--rows 100000] [--bytes 275] [--workers 2] [--rounds 7]

Starts two clusters on this machine, one with keys and one without, whose workers have the table model, which costs
nothing. `score` then sends the same rows through one and the other in turn. Prints medians of rows a second and of the
processor seconds that a million rows cost client and coordinator, and the median of the ratios of neighbours. Client
and workers share the machine with the coordinator, so ratios of processor time say more than those of rows a second.
Standard library only; needs a release build.
"""

import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, markdown, measurements
from common.cluster import Cluster, free_endpoint

MODEL = "table"


def parse():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_rounds(parser, 7)
    arguments.add_json(parser)
    arguments.add_counts(
        parser,
        ("--rows", 100_000, "rows of a run"),
        ("--bytes", 275, "bytes of a prompt, about"),
        ("--workers", 2, "workers of each cluster"),
    )
    return parser.parse_args()


def write_rows(folder: pathlib.Path, options) -> tuple[str, ...]:
    filler = "lorem ipsum dolor " * (options.bytes // 18 + 1)
    with open(folder / "prompts.jsonl", "w") as file:
        for number in range(options.rows):
            file.write(json.dumps({"id": f"q{number}", "prompt": f"{number} {filler}"[: options.bytes]}) + "\n")
    with open(folder / "context.jsonl", "w") as file:
        for number in range(256):
            file.write(json.dumps({"prompt": f"known {number}", "reward": number % 2}) + "\n")
    return "--prompts", str(folder / "prompts.jsonl"), "--context", str(folder / "context.jsonl")


def new_keys(program: str, folder: pathlib.Path) -> None:
    for name in ("worker", "client"):
        verb = [program, "keys", "new", name, "--role", name, "--keys", folder / "keys", "--output", folder / name]
        subprocess.run(verb, check=True, stdout=subprocess.DEVNULL)


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(cluster: Cluster, folder: pathlib.Path, inputs: tuple[str, ...], rows: int, key: list[str]) -> dict:
    """One run: rows a second, and processor seconds a million rows."""
    coordinator = cluster.processes["coordinator"].pid
    before, client_before = measurements.processor_seconds(coordinator), children_seconds()
    output = ["--output", str(folder / "scores"), "--overwrite", "--policy", "p", "--json"]
    command = [cluster.program, "score", "--coordinator", cluster.endpoint, "--model", MODEL, *inputs, *output, *key]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    scored = json.loads(answer.stdout)
    million = 1e6 / rows
    return {
        "rows/s": rows / scored["seconds"],
        "coordinator": (measurements.processor_seconds(coordinator) - before) * million,
        "client": (children_seconds() - client_before) * million,
    }


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory(prefix="curve-") as name:
        folder = pathlib.Path(name)
        inputs = write_rows(folder, options)
        new_keys(options.program, folder)
        shared = dict(program=options.program, workers=options.workers, serves_http=False)
        key = ["--key", str(folder / "client")]
        found: dict[str, list[dict]] = {"plain": [], "keys": []}
        with (
            Cluster(MODEL, endpoint=free_endpoint(), **shared) as plain,
            Cluster(
                MODEL,
                endpoint=free_endpoint(),
                worker_arguments=("--store", "off", "--key", str(folder / "worker")),
                coordinator_arguments=("--keys", str(folder / "keys")),
                **shared,
            ) as secured,
        ):
            for number in range(options.rounds + 1):
                results = {
                    "plain": measure(plain, folder, inputs, options.rows, []),
                    "keys": measure(secured, folder, inputs, options.rows, key),
                }
                # The first round warms up.
                for what, result in results.items() if number else ():
                    found[what].append(result)
    figures = list(found["plain"][0])
    medians = {
        what: {figure: statistics.median(r[figure] for r in found[what]) for figure in figures} for what in found
    }
    pairs = list(zip(found["keys"], found["plain"]))
    ratios = {figure: statistics.median(k[figure] / p[figure] for k, p in pairs) for figure in figures}
    if options.json:
        print(json.dumps({"rows": options.rows, "bytes": options.bytes, **medians, "ratios": ratios}))
        return
    table = [
        [figure, *(f"{medians[what][figure]:,.1f}" for what in found), f"{ratios[figure]:.2f}"] for figure in figures
    ]
    print(markdown.table(["medians", "without keys", "with keys", "ratio"], table, "lrrr"))
    print(f"{options.rows} rows of {options.bytes} bytes, {options.rounds} rounds, {measurements.load()}")


if __name__ == "__main__":
    main()
