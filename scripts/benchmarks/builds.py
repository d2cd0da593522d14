#!/usr/bin/env python3
"""Compares two builds of StateZero by one of its own benchmarks, in turns.

    scripts/benchmarks/builds.py --former "FORMER/statezero-bench" [--rounds 5] coordinator --rows 1000000

What follows the options is the benchmark with its arguments. It runs with one build, then with the other, again and
again, so that other work on the machine meets both; the first round warms up. Prints the median of every number that
both report, the median of the ratios of neighbours, and the least and the greatest ratio. --former is a command:
version 0.1.0 has its benchmarks in the program, "FORMER/statezero bench". Standard library only; needs release builds.
"""

import argparse
import json
import pathlib
import shlex
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, markdown, measurements


def numbers(value: object, name: str = "") -> dict[str, float]:
    """Every number within a value of JSON, by its path."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return {name: float(value)} if is_number else {}
    return {path: found for key, part in parts for path, found in numbers(part, f"{name}.{key}".lstrip(".")).items()}


def rounded(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def measure(command: list[str], benchmark: list[str]) -> dict[str, float]:
    answer = subprocess.run([*command, *benchmark, "--rounds", "1", "--json"], stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        sys.exit(f"{shlex.join(command)} ended with {answer.returncode}; does it have this benchmark?")
    return numbers(json.loads(answer.stdout))


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_benchmark_program(parser)
    arguments.add_rounds(parser, 5)
    parser.add_argument("--former", required=True, type=shlex.split, metavar="COMMAND", help="the other build")
    parser.add_argument("benchmark", nargs=argparse.REMAINDER, help="the benchmark and its arguments")
    options = parser.parse_args()
    if not options.benchmark:
        parser.error("name a benchmark, such as coordinator")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    builds = {"this": [options.program], "former": options.former}
    rounds = [
        {build: measure(command, options.benchmark) for build, command in builds.items()}
        for _ in range(options.rounds + 1)
    ][1:]
    rows = []
    for name, value in rounds[0]["this"].items():
        pairs = [tuple(found[build].get(name) for build in builds) for found in rounds]
        # What is the same everywhere was asked for, not measured.
        if any(None in pair for pair in pairs) or {number for pair in pairs for number in pair} == {value}:
            continue
        medians = [rounded(statistics.median(column)) for column in zip(*pairs)]
        ratios = [this / former for this, former in pairs if former]
        spread = [f"{of(ratios):.2f}" for of in (statistics.median, min, max)] if ratios else [""] * 3
        rows.append([name, *medians, *spread])
    print(markdown.table(["medians", *builds, "ratio", "least", "greatest"], rows, "lrrrrr"))
    print(f"{options.rounds} rounds, {measurements.load()}")


if __name__ == "__main__":
    main()
