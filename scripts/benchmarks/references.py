#!/usr/bin/env python3
"""Measures what references cost: processor time of a scored row, with and without three references on every prompt.

    scripts/benchmarks/references.py [--program FILE ...] [--rows 6000] [--words 8 80] [--rounds 5] [--folder DIR]

Standard library only; some minutes on one core. Scores made-up prompts of so many words with 256 context rows by
`statezero score`, one worker with one thread. A first run fills the feature store, and its time shows what embedding
costs; in the others nothing is embedded. The time of a row is the difference between two numbers of rows, so that
starts and the preparation of the context do not count. Reading the references, three rows a prompt, does. Several
programs take turns. `statezero-bench compact` then measures the preparation and the head alone. A folder keeps the
feature store, so that a second measurement embeds nothing, and does not say what embedding costs.
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
POOL = 800
SMALL_SHARE = 6
ITEMS = ["apples", "pears", "books", "pens", "lamps", "stamps", "chairs", "tables", "ropes", "shoes", "hats"]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def solved(policy, row):
    """A made-up outcome: the same prompts are hard for all, and each policy has luck of its own."""
    mixed = row * 2654435761 % 2**32
    return int((mixed >> 8) % 100 + (mixed >> (3 + 5 * policy)) % 40 > 70)


def prompt(row, words):
    """About so many words, of which no two prompts have the same."""
    text = [f"What is {row * 7919 % 1_000_003} plus {row % 97}?"]
    place = row
    while sum(len(part.split()) for part in text) < words:
        place = (place * 2654435761 + 12345) % 2**32
        one, other = ITEMS[place % 7], ITEMS[place % 11]
        text.append(f"Shop {place % 1009} sells {one} for {place % 89} and {other} for {place % 53}.")
    return " ".join(text)


def inputs(folder, rows, words):
    texts = [prompt(row, words) for row in range(rows + CONTEXT_ROWS)]
    prompts = [{"prompt_id": f"p{row}", "prompt": text} for row, text in enumerate(texts)]
    small = write(folder / "small.jsonl", prompts[: rows // SMALL_SHARE])
    large = write(folder / "large.jsonl", prompts[:rows])
    context = [
        {"policy_id": "llm", "prompt": text, "reward": solved(0, row)} for row, text in enumerate(texts) if row >= rows
    ]
    references = [
        {"policy_id": f"other-{policy}", "reward": solved(policy, row)}
        | ({"prompt_id": f"p{row}"} if row < rows else {"prompt": text})
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


def ratios(options, folder, words):
    """By program: microseconds of a row without and with references, and their ratios."""
    folder.mkdir(parents=True, exist_ok=True)
    small, large, context, references = inputs(folder, options.rows, words)
    is_stored = (folder / "store").exists()
    extra = options.rows - options.rows // SMALL_SHARE
    filling = [seconds(program, folder, large, context) for program in options.program]
    found = {}
    for _ in range(options.rounds):
        for program in options.program:
            for arm, more in (("without", ()), ("with", ("--references", references))):
                times = [seconds(program, folder, prompts, context, *more) for prompts in (small, large)]
                found.setdefault((program, arm), []).append((times[1] - times[0]) / extra * 1e6)
    embedding = None
    if not is_stored:
        embedding = (filling[0] - seconds(options.program[0], folder, large, context)) / options.rows * 1e6
    for program in options.program:
        row = {arm: statistics.median(found[program, arm]) for arm in ("without", "with")}
        more = row["with"] - row["without"]
        yield {
            "program": str(program),
            "rows": options.rows,
            "words": words,
            "microseconds_a_row": {arm: round(value, 1) for arm, value in row.items()}
            | ({"embedding": round(embedding)} if embedding else {}),
            "ratio": round(row["with"] / row["without"], 3),
        } | ({"ratio_with_embedding": round(1 + more / (row["without"] + embedding), 4)} if embedding else {})


def preparation(options, references):
    """Milliseconds to prepare a context, and microseconds of a query, of the head alone."""
    command = [options.bench, "compact", "--json", "--rows", str(CONTEXT_ROWS), "--references", str(references)]
    done = subprocess.run([*command, "--pool", str(POOL)], cwd=paths.ROOT, check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    return {
        "references": references,
        "pool": POOL if references else 0,
        "preparation_milliseconds": round(found["prepareProcessorSeconds"] * 1e3, 1),
        "query_microseconds": round(found["queryProcessorSeconds"] * 1e6, 1),
    }


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("--program", nargs="+", default=[paths.program()], metavar="FILE", help="one or several")
    bench = paths.benchmark_program()
    parser.add_argument("--bench", default=bench, metavar="FILE", help="the benchmark program (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=6000, metavar="N", help="prompts (default: %(default)s)")
    parser.add_argument("--words", type=int, nargs="+", default=[8, 80], help="of a prompt (default: 8 and 80)")
    arguments.add_rounds(parser, 5)
    parser.add_argument("--folder", type=pathlib.Path, metavar="DIR", help="keeps the feature stores between runs")
    options = parser.parse_args()
    for words in options.words:
        with tempfile.TemporaryDirectory() as temporary:
            for line in ratios(options, (options.folder or pathlib.Path(temporary)) / str(words), words):
                print(json.dumps(line), flush=True)
    for references in (0, REFERENCES):
        print(json.dumps(preparation(options, references)), flush=True)


if __name__ == "__main__":
    main()
