#!/usr/bin/env python3
"""What coarser arithmetic of the encoder costs: Intra-context AUC, and how far it moves probabilities.

    scripts/benchmarks/precision.py STATEZERO MODEL auc|moves [--data DATA] [--rows 3000]

One JSON line an arithmetic, or a source and arithmetic. AUC is `statezero evaluate`'s, 256 context rows, three draws.
Probabilities are `statezero score`'s for the first policy of the source with 256 rows of its record, over all prompts of
the sources that have no more than --rows. Sources: the sample of this repository; with DATA, its evaluation part too.
"""

import argparse
import glob
import gzip
import json
import os
import pathlib
import subprocess
import tempfile

PRECISIONS = ["float32", "bfloat16", "int8"]
SAMPLE = "scripts/sample/data"


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def evaluate(arguments, precision, prompts, outcomes):
    text = run(
        arguments.statezero,
        "evaluate",
        "--model",
        arguments.model,
        "--precision",
        precision,
        "--json",
        "--prompts",
        *prompts,
        "--outcomes",
        *outcomes,
    )
    return json.loads(text)


def probabilities(arguments, precision, prompts, context, policy, folder):
    output = os.path.join(folder, precision)
    run(
        arguments.statezero,
        "score",
        "--model",
        arguments.model,
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
    found = {}
    for part in sorted(glob.glob(f"{output}/part-*.jsonl*")):
        with gzip.open(part, "rt") if part.endswith(".gz") else open(part) as file:
            for line in file:
                row = json.loads(line)
                if row.get("p") is not None:
                    found[row["prompt_id"]] = row["p"]
    return found


def lines(path):
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file if line.strip()]


def first_policy(path):
    row = lines(path)[0]
    return row["policy_id"] + (f"@{row['policy_version']}" if row.get("policy_version") is not None else "")


def moves(arguments, source, prompts, context, policy):
    with tempfile.TemporaryDirectory() as folder:
        exact = probabilities(arguments, "float32", prompts, context, policy, folder)
        for precision in PRECISIONS[1:]:
            coarse = probabilities(arguments, precision, prompts, context, policy, folder)
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("statezero")
    parser.add_argument("model")
    parser.add_argument("what", choices=["auc", "moves"])
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=3000)
    arguments = parser.parse_args()
    prompts, outcomes = [f"{SAMPLE}/sample.prompts.jsonl.gz"], [f"{SAMPLE}/sample.outcomes.jsonl.gz"]
    if arguments.data:
        for part in ["train", "eval"]:
            prompts += sorted(glob.glob(f"{arguments.data}/{part}/*.prompts.jsonl.gz"))
        outcomes += sorted(glob.glob(f"{arguments.data}/eval/*.outcomes.jsonl.gz"))
    if arguments.what == "auc":
        for precision in PRECISIONS:
            found = evaluate(arguments, precision, prompts, outcomes)
            print(json.dumps({"precision": precision, "evaluation": found}), flush=True)
        return
    moves(arguments, "sample", f"{SAMPLE}/queries.jsonl.gz", f"{SAMPLE}/context.three-shot-t0.8.jsonl.gz", None)
    for path in outcomes[1:]:
        source = os.path.basename(path).removesuffix(".outcomes.jsonl.gz")
        file = f"{arguments.data}/eval/{source}.prompts.jsonl.gz"
        if len(lines(file)) <= arguments.rows:
            moves(arguments, source, file, path, first_policy(path))


main()
