#!/usr/bin/env python3
"""Evaluates the present head on sources of short prompts, in minutes instead of hours, and prints two tables.

    python3 scripts/evaluation/part.py --data DATA --embeddings part.safetensors

The first compares it with the head of 0.1.0 and the baselines, the second shows what references gain. DATA has `eval/`
in the layout that scripts/train describes.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, markdown, paths

REFERENCED = ["ikp", "mint", "zeroeval_crux", "zeroeval_gsm8k", "zeroeval_math_l5", "math_constraint", "shaberi"]
COMPARED = [*REFERENCED, "bbq_unifiedqa"]
FORMER = paths.ROOT / "Tests" / "Goldens" / "compact1" / "compact-head.safetensors"
SIZES = ("32", "256")


def evaluate(options, sources, heads, references=()):
    """The comparison of one run of `statezero evaluate`."""
    data = options.data / "eval"
    command = [options.program, "evaluate", "--json", "--seeds", "2", "--policies", "3"]
    command += ["--model", options.model, "--embeddings", options.embeddings]
    command += ["--prompts", *[str(data / f"{source}.prompts.jsonl.gz") for source in sources]]
    command += ["--outcomes", *[str(data / f"{source}.outcomes.jsonl.gz") for source in sources]]
    command += ["--heads", *heads]
    for size in SIZES:
        command += ["--context-size", size]
    if references:
        command += ["--references", *references]
    with tempfile.TemporaryFile("w+") as output:
        subprocess.run(command, stdout=output, check=True)
        output.seek(0)
        return json.load(output)["comparison"]


def rows(comparison):
    """Name, then mean AUC, its standard error, ECE and gain by references at each size."""
    table = {}
    for size in comparison["sizes"]:
        for predictor in size["predictors"]:
            mean = predictor["mean"]
            cells = table.setdefault(predictor["name"], [])
            gain = mean.get("reference_gain")
            gained = f"{gain['value']:+.3f} ± {gain['stderr']:.3f}" if gain else ""
            ece = f"{mean['ece']:.3f}" if mean.get("ece") is not None else ""
            cells += [f"{mean['auc']:.3f} ± {mean['auc_stderr']:.3f}", ece, gained]
    return [[name, *cells] for name, cells in table.items()]


def show(title, comparison):
    header = ["predictor"]
    for size in SIZES:
        header += [f"AUC, {size} rows", "ECE", "gain by references"]
    print(f"{title}\n\n{markdown.table(header, rows(comparison))}\n", flush=True)


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_model(parser)
    arguments.add_data(parser, "folder with eval/", required=True)
    parser.add_argument("--embeddings", required=True, metavar="FILE", help="file that keeps embeddings between runs")
    options = parser.parse_args()
    heads = ["compact", f"head-of-0.1.0={FORMER}", "gaussian-process"]
    show("Without references, mean of eight sources", evaluate(options, COMPARED, heads))
    references = ["none", "others:1", "others:3", "shuffled:3"]
    heads = ["compact", "gaussian-process"]
    show("With references, mean of seven sources", evaluate(options, REFERENCED, heads, references))


if __name__ == "__main__":
    main()
