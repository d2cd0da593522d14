"""Makes EVALUATION.md and its plots: runs `statezero evaluate` on the outcomes and writes down what it says.

    python3 scripts/evaluation/report.py --data DATA [--left-out SOURCE=HEAD.safetensors …]

From the repository's root, with the program built and the model fetched. DATA has `eval/`, the layout that
`scripts/train/README.md` names; the sample corpus is in the repository. What the program printed is kept in
out/evaluation, one file a run, and a run whose file is there is not done again (`--again` does).
"""

import argparse
import datetime
import glob
import json
import os
import subprocess

import plots
import text

SIZES = [16, 32, 64, 128, 256, 512, 1024]
HEADS = ["compact", "gaussian-process"]
SEEDS, BUDGET_SEEDS = 3, 10
RATES = ["v0_dapo", "oneshot_rlvr", "reasoning_gym"]  # sources with several rollouts a prompt
SAMPLE = "scripts/sample/data/sample"


class Runs:
    """Runs of the program, each kept in a file."""

    def __init__(self, options):
        self.options = options
        self.folder = "out/evaluation"
        os.makedirs(self.folder, exist_ok=True)

    def run(self, name, sources, *arguments):
        path = os.path.join(self.folder, name + ".json")
        if self.options.again or not os.path.exists(path):
            prompts = [f"{source}.prompts.jsonl.gz" for source in sources]
            outcomes = [f"{source}.outcomes.jsonl.gz" for source in sources]
            command = [self.options.program, "evaluate", "--prompts", *prompts, "--outcomes", *outcomes, "--embeddings",
                       os.path.join(self.folder, "embeddings.safetensors"), "--json", *map(str, arguments)]
            with open(path + ".new", "w") as file:
                subprocess.run(command, stdout=file, check=True)
            os.rename(path + ".new", path)
        with open(path) as file:
            return json.load(file)["comparison"]


def write_between(path, scores):
    """Puts the scores between the marks of a document."""
    start, end = "<!-- scores: written by scripts/evaluation/report.py -->", "<!-- end of scores -->"
    with open(path) as file:
        before, rest = file.read().split(start)
    with open(path, "w") as file:
        file.write(f"{before}{start}\n{scores}\n{end}{rest.split(end)[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", default=".build/release/statezero")
    parser.add_argument("--left-out", nargs="*", default=[], metavar="SOURCE=HEAD")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--output", default="EVALUATION.md")
    parser.add_argument("--plots", default="scripts/evaluation/plots")
    parser.add_argument("--card", default="Sources/Documentation/CompactHead.md")
    options = parser.parse_args()
    runs = Runs(options)
    stems = sorted(path.removesuffix(".outcomes.jsonl.gz")
                   for path in glob.glob(os.path.join(options.data, "eval/*.outcomes.jsonl.gz")))
    rates = [stem for stem in stems if os.path.basename(stem) in RATES]
    heads = ["--heads", *HEADS]
    results = dict(
        main=runs.run("main", stems, *heads, "--context-size", *SIZES, "--seeds", SEEDS),
        sample=runs.run("sample", [SAMPLE], *heads, "--context-size", *SIZES, "--seeds", BUDGET_SEEDS),
        budgets=runs.run("budgets", rates, *heads, "--context-size", 256, "--seeds", BUDGET_SEEDS, "--budgets"),
        sample_budgets=runs.run("sample-budgets", [SAMPLE], *heads, "--context-size", 256, "--seeds", BUDGET_SEEDS,
                                "--budgets"),
        left_out={})
    for pair in options.left_out:
        source, head = pair.split("=", 1)
        stem = os.path.join(options.data, "eval", source)
        results["left_out"][source] = runs.run(
            f"without-{source}", [stem], *heads, f"left-out={head}", "--context-size", 32, 256, "--seeds", SEEDS)
    os.makedirs(options.plots, exist_ok=True)
    plots.sizes(results["main"], os.path.join(options.plots, "auc-by-size.svg"))
    plots.sources(results["main"], os.path.join(options.plots, "auc-by-source.svg"))
    plots.reliability(results["main"], os.path.join(options.plots, "reliability.svg"))
    with open(options.output, "w") as file:
        file.write(text.report(results, options.plots, datetime.date.today()))
    write_between(options.card, text.card(results["main"], results["sample"]))
    print(f"wrote {options.output}, {options.plots}, and the scores of {options.card}")


if __name__ == "__main__":
    main()
