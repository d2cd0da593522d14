"""Writes EVALUATION.md and its plots from what `statezero evaluate` reports on logged outcomes.

    python3 scripts/evaluation/report.py --data DATA [--left-out SOURCE=HEAD.safetensors …]

Run it from the repository's root, with the program built and the model fetched. DATA has `eval/`, in the layout that
scripts/train/README.md names; the sample corpus is in the repository. The output of each run of the program is kept in
out/evaluation, and a run whose file exists is not repeated (unless --again).
"""

import datetime
import glob
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import plots
import text

from common import arguments, markdown

SIZES = [16, 32, 64, 128, 256, 512, 1024]
HEADS = ["compact", "gaussian-process"]
SEEDS, BUDGET_SEEDS = 3, 10
RATES = ["v0_dapo", "oneshot_rlvr", "reasoning_gym"]  # sources with several rollouts per prompt
SAMPLE = "scripts/sample/data/sample"


class Runs:
    """Runs of the program, each kept in a file."""

    def __init__(self, options):
        self.options = options
        self.folder = "out/evaluation"
        os.makedirs(self.folder, exist_ok=True)

    def run(self, name, sources, *more):
        path = os.path.join(self.folder, name + ".json")
        if self.options.again or not os.path.exists(path):
            prompts = [f"{source}.prompts.jsonl.gz" for source in sources]
            outcomes = [f"{source}.outcomes.jsonl.gz" for source in sources]
            command = [
                self.options.program,
                "evaluate",
                "--prompts",
                *prompts,
                "--outcomes",
                *outcomes,
                "--embeddings",
                os.path.join(self.folder, "embeddings.safetensors"),
                "--json",
                *map(str, more),
            ]
            with open(path + ".new", "w") as file:
                subprocess.run(command, stdout=file, check=True)
            os.rename(path + ".new", path)
        with open(path) as file:
            return json.load(file)["comparison"]


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder of outcomes", required=True)
    arguments.add_program(parser)
    parser.add_argument(
        "--left-out", nargs="*", default=[], metavar="SOURCE=HEAD", help="heads trained without a source"
    )
    parser.add_argument("--again", action="store_true", help="repeat runs whose output exists")
    arguments.add_output(parser, "page to write", default="EVALUATION.md")
    parser.add_argument("--plots", default="scripts/evaluation/plots", metavar="DIR", help="default: %(default)s")
    parser.add_argument(
        "--card", default="Sources/Documentation/CompactHead.md", metavar="FILE", help="page that gets the scores"
    )
    options = parser.parse_args()
    runs = Runs(options)
    stems = sorted(
        path.removesuffix(".outcomes.jsonl.gz")
        for path in glob.glob(os.path.join(options.data, "eval/*.outcomes.jsonl.gz"))
    )
    rates = [stem for stem in stems if os.path.basename(stem) in RATES]
    heads = ["--heads", *HEADS]
    results = dict(
        main=runs.run("main", stems, *heads, "--context-size", *SIZES, "--seeds", SEEDS),
        sample=runs.run("sample", [SAMPLE], *heads, "--context-size", *SIZES, "--seeds", BUDGET_SEEDS),
        budgets=runs.run("budgets", rates, *heads, "--context-size", 256, "--seeds", BUDGET_SEEDS, "--budgets"),
        sample_budgets=runs.run(
            "sample-budgets", [SAMPLE], *heads, "--context-size", 256, "--seeds", BUDGET_SEEDS, "--budgets"
        ),
        left_out={},
    )
    for pair in options.left_out:
        source, head = pair.split("=", 1)
        stem = os.path.join(options.data, "eval", source)
        results["left_out"][source] = runs.run(
            f"without-{source}", [stem], *heads, f"left-out={head}", "--context-size", 32, 256, "--seeds", SEEDS
        )
    os.makedirs(options.plots, exist_ok=True)
    plots.sizes(results["main"], os.path.join(options.plots, "auc-by-size.svg"))
    plots.sources(results["main"], os.path.join(options.plots, "auc-by-source.svg"))
    plots.reliability(results["main"], os.path.join(options.plots, "reliability.svg"))
    with open(options.output, "w") as file:
        file.write(text.report(results, options.plots, datetime.date.today()))
    begin, end = "<!-- scores: written by scripts/evaluation/report.py -->", "<!-- end of scores -->"
    markdown.replace_between(options.card, begin, end, text.card(results["main"], results["sample"]))
    print(f"wrote {options.output}, {options.plots}, and the scores of {options.card}")


if __name__ == "__main__":
    main()
