#!/usr/bin/env python3
"""Measures what references cost: processor time of a scored row, with and without three references on every prompt.

    scripts/benchmarks/references.py [--program FILE ...] [--rows 24000] [--rounds 3]

Standard library only. Scores made-up prompts of about ten tokens with 256 context rows by `statezero score`,
one worker with one thread, after a run that has filled the feature store, so that nothing is embedded. The time
of a row is the difference between two numbers of rows; so starts, and the preparation of the context, do not
count. Several programs take turns.
"""

import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, paths

CONTEXT_ROWS = 256
REFERENCES = 3
SMALL_SHARE = 6


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def solved(policy, row):
    """A made-up outcome: the same prompts are hard for all, and each policy has luck of its own."""
    mixed = row * 2654435761 % 2**32
    return int((mixed >> 8) % 100 + (mixed >> (3 + 5 * policy)) % 40 > 70)


def inputs(folder, rows):
    texts = [f"What is {row * 7919 % 1_000_003} plus {row % 97}?" for row in range(rows + CONTEXT_ROWS)]
    prompts = [{"prompt_id": f"p{row}", "prompt": text} for row, text in enumerate(texts)]
    small = write(folder / "small.jsonl", prompts[: rows // SMALL_SHARE])
    large = write(folder / "large.jsonl", prompts[:rows])
    context = [
        {"policy_id": "llm", "prompt": text, "reward": solved(0, row)} for row, text in enumerate(texts) if row >= rows
    ]
    references = [
        {"policy_id": f"other-{policy}", "prompt": text, "reward": solved(policy, row)}
        for policy in range(1, REFERENCES + 1)
        for row, text in enumerate(texts)
    ]
    return small, large, write(folder / "context.jsonl", context), write(folder / "references.jsonl", references)


def seconds(program, folder, prompts, context, *more):
    """Processor seconds of a run and all its processes."""
    command = [program, "score", "--prompts", prompts, "--context", context, "--output", str(folder / "out")]
    command += ["--workers", "1", "--threads", "1", "--store", str(folder / "store"), "--overwrite", *more]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=paths.ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("--program", nargs="+", default=[paths.program()], metavar="FILE", help="one or several")
    parser.add_argument("--rows", type=int, default=24_000, metavar="N", help="prompts (default: %(default)s)")
    arguments.add_rounds(parser, 3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        small, large, context, references = inputs(folder, options.rows)
        extra = options.rows - options.rows // SMALL_SHARE
        for program in options.program:
            seconds(program, folder, large, context, "--references", references)
        found = {}
        for _ in range(options.rounds):
            for program in options.program:
                for arm, more in (("without", ()), ("with", ("--references", references))):
                    times = [seconds(program, folder, prompts, context, *more) for prompts in (small, large)]
                    found.setdefault((program, arm), []).append((times[1] - times[0]) / extra * 1e6)
        for program in options.program:
            rows = {arm: statistics.median(found[program, arm]) for arm in ("without", "with")}
            print(
                json.dumps(
                    {
                        "program": str(program),
                        "rows": options.rows,
                        "microseconds_a_row": {arm: round(value, 1) for arm, value in rows.items()},
                        "ratio": round(rows["with"] / rows["without"], 3),
                    }
                )
            )


if __name__ == "__main__":
    main()
