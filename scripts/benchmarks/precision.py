#!/usr/bin/env python3
"""Measures the loss of coarser arithmetic in the encoder: Intra-context AUC, and the change of probabilities.

    scripts/benchmarks/precision.py auc|moves [--model DIR] [--data DATA] [--rows 3000]

Prints one JSON line for each arithmetic, or for each source and arithmetic. `auc`: the AUC of `statezero evaluate`, 256
context rows, three draws. `moves`: the probabilities of `statezero score` for the first policy of the source with 256
rows of its history, over all prompts of the sources that have at most --rows. Sources: the sample of this repository;
with DATA, its evaluation part too.
"""

import glob
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, paths, rows

PRECISIONS = ["float32", "bfloat16", "int8"]
SAMPLE = paths.SAMPLE


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def evaluate(options, precision, prompts, outcomes):
    text = run(
        options.program,
        "evaluate",
        "--model",
        options.model,
        "--precision",
        precision,
        "--json",
        "--prompts",
        *prompts,
        "--outcomes",
        *outcomes,
    )
    return json.loads(text)


def probabilities(options, precision, prompts, context, policy, folder):
    output = os.path.join(folder, precision)
    run(
        options.program,
        "score",
        "--model",
        options.model,
        "--precision",
        precision,
        "--prompts",
        prompts,
        "--context",
        context,
        *(["--policy", policy] if policy else []),
        "--output",
        output,
        "--overwrite",
        "--store",
        os.path.join(folder, "store"),
    )
    parts = [row for part in sorted(glob.glob(f"{output}/part-*.jsonl*")) for row in rows.read(part)]
    return {row["prompt_id"]: row["p"] for row in parts if row.get("p") is not None}


def first_policy(path):
    row = rows.read(path)[0]
    return row["policy_id"] + (f"@{row['policy_version']}" if row.get("policy_version") is not None else "")


def moves(options, source, prompts, context, policy):
    with tempfile.TemporaryDirectory() as folder:
        exact = probabilities(options, "float32", prompts, context, policy, folder)
        for precision in PRECISIONS[1:]:
            coarse = probabilities(options, precision, prompts, context, policy, folder)
            differences = [abs(coarse[row] - exact[row]) for row in exact]
            print(
                json.dumps(
                    {
                        "source": source,
                        "precision": precision,
                        "rows": len(differences),
                        "mean_move": sum(differences) / len(differences),
                        "largest_move": max(differences),
                    }
                ),
                flush=True,
            )


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("what", choices=["auc", "moves"])
    arguments.add_program(parser)
    arguments.add_model(parser, "model folder")
    arguments.add_data(parser, "folder of outcomes, in the layout that scripts/train/README.md names")
    parser.add_argument(
        "--rows", type=int, default=3000, metavar="N", help="prompts of a source (default: %(default)s)"
    )
    options = parser.parse_args()
    prompts, outcomes = [f"{SAMPLE}/sample.prompts.jsonl.gz"], [f"{SAMPLE}/sample.outcomes.jsonl.gz"]
    if options.data:
        for part in ["train", "eval"]:
            prompts += sorted(glob.glob(f"{options.data}/{part}/*.prompts.jsonl.gz"))
        outcomes += sorted(glob.glob(f"{options.data}/eval/*.outcomes.jsonl.gz"))
    if options.what == "auc":
        for precision in PRECISIONS:
            found = evaluate(options, precision, prompts, outcomes)
            print(json.dumps({"precision": precision, "evaluation": found}), flush=True)
        return
    moves(options, "sample", f"{SAMPLE}/queries.jsonl.gz", f"{SAMPLE}/context.three-shot-t0.8.jsonl.gz", None)
    for path in outcomes[1:]:
        source = os.path.basename(path).removesuffix(".outcomes.jsonl.gz")
        file = f"{options.data}/eval/{source}.prompts.jsonl.gz"
        if len(rows.read(file)) <= options.rows:
            moves(options, source, file, path, first_policy(path))


if __name__ == "__main__":
    main()
