#!/usr/bin/env python3
"""Evaluates sources with and without the query prompts that training has seen, and writes that part of EVALUATION.md.

    python3 scripts/evaluation/unseen.py --data DATA

Only sources of which at least 5 % of the query prompts are found in the training prompts are evaluated. DATA
has `eval/` and `train/` in the layout that scripts/train describes. Needs the release build and the default
model.
"""

import glob
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from figures import NAMES, by_source, difference, predictors
from text import pair, table, with_error

from common import arguments, markdown

BEGIN, END = "<!-- seen: written by scripts/evaluation/unseen.py -->", "<!-- end of seen -->"
SHARE = 0.05
SIZES = [256, 32]
HEADS = ["compact", "gaussian-process"]
FOLDER = pathlib.Path("out/evaluation-unseen")


def run(options, name, stems, *more):
    path = FOLDER / f"{name}.json"
    if not path.exists() or options.again:
        command = [options.program, "evaluate", "--json"]
        command += ["--prompts", *[f"{stem}.prompts.jsonl.gz" for stem in stems]]
        command += ["--outcomes", *[f"{stem}.outcomes.jsonl.gz" for stem in stems], *more]
        done = subprocess.run(command, stdout=subprocess.PIPE)
        # 3: done, and something is to be said about single prompts.
        if done.returncode not in (0, 3):
            raise SystemExit(f"{name}: evaluate ended with {done.returncode}")
        path.write_bytes(done.stdout)
    return json.loads(path.read_text(encoding="utf-8"))


def rows(every, unseen):
    found = []
    left_out = {source["source"]: source for source in unseen["left_out_as_seen"]}
    for size in SIZES:
        known = [predictors(report["comparison"], size) for report in (every, unseen)]
        for source, counts in left_out.items():
            cells = []
            for predictor in known:
                for head in HEADS:
                    figures = by_source(predictor[head]).get(source) or {}
                    cells.append(with_error(figures.get("auc"), figures.get("auc_stderr")))
                one, other = (by_source(predictor[head]).get(source) for head in HEADS)
                cells.append(pair(difference(one, other)))
            seen = counts["same_text"] + counts["reworded"]
            found.append([f"`{source}`", str(size), f"{seen} of {counts['queries']}", *cells])
    return found


def section(every, unseen):
    names = [NAMES[head] for head in HEADS]
    head = ["source", "rows", "seen"]
    head += [f"{name}, {of}" for of in ("all", "not seen") for name in [*names, "difference"]]
    return f"""
Sources of which at least {SHARE:.0%} of the query prompts are found, with all query prompts and without those
that were found (`evaluate --training`): AUC of the trained head and of the one that is not trained, and their
paired difference. What is found by wording is not always known: prompts of one template, such as "what is the
research subfield of" and a name, have most of their words in common, and their answers differ.

{table(head, rows(every, unseen), 1)}
"""


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder with eval/ and train/", required=True)
    arguments.add_program(parser)
    parser.add_argument("--policies", type=int, default=12, help="policy versions of a source (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="repeat runs whose output is kept")
    arguments.add_output(parser, "page with the section", default="EVALUATION.md")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    training = sorted(glob.glob(os.path.join(options.data, "train/*.prompts.jsonl.gz")))
    stems = [
        path.removesuffix(".outcomes.jsonl.gz")
        for path in sorted(glob.glob(os.path.join(options.data, "eval/*.outcomes.jsonl.gz")))
    ]
    leaks = run(options, "leaks", stems, "--check-leaks", "--training", *training)
    seen = {
        source["source"]
        for source in leaks["sources"]
        if source["same_text"] + source["reworded"] >= SHARE * source["queries"]
    }
    stems = [stem for stem in stems if os.path.basename(stem) in seen]
    common = ["--heads", *HEADS, "--context-size", "32", "256", "--policies", str(options.policies)]
    common += ["--embeddings", str(FOLDER / "embeddings.safetensors")]
    every = run(options, "all", stems, *common)
    unseen = run(options, "unseen", stems, *common, "--training", *training)
    markdown.replace_between(options.output, BEGIN, END, section(every, unseen))


if __name__ == "__main__":
    main()
