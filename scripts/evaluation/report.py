"""Writes EVALUATION.md and its plots from what `statezero evaluate` reports on logged outcomes.

    python3 scripts/evaluation/report.py --data DATA [--policies N]

Run it from the repository's root, with the program built and the model fetched. DATA has `eval/` and `train/`, in the
layout that scripts/train/README.md names. The output of each run of the program is kept in out/evaluation. A run is
repeated when its command or the program has changed since, or with --again. --prompts, --policies and --seeds make
the runs shorter, and the page says so. Without the run main (`--runs references coverage`, and none kept) only what
these runs say is written anew into the page.
"""

import datetime
import glob
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import acceptance
import partly
import text
from limited import limited

from common import arguments, markdown

SIZES = [32, 256]
ARMS = ["none", "others:1", "others:2", "others:3", "others:10", "shuffled:3", "inverted:3"]
COVERAGE = ["--references", "none", "others:3", "--reference-coverage", 0.3]
RUNS = ["main", "budgets", "references", "coverage", "sample", "leaks"]
SAMPLE = "scripts/sample/data/sample"
RELEASED = "Tests/Goldens/compact1/compact-head.safetensors"


class Runs:
    """Runs of the program, each kept in a file."""

    def __init__(self, options):
        self.options = options
        self.folder = "out/evaluation"
        os.makedirs(self.folder, exist_ok=True)

    def run(self, name, sources, *more, embeds=True):
        """The output of a run; of one that is not asked for, what is kept of it, or None."""
        path = pathlib.Path(self.folder, name + ".json")
        if name not in self.options.runs or not sources:
            return json.loads(path.read_text()) if path.exists() else None
        made_by = pathlib.Path(self.folder, name + ".command.json")
        prompts = [f"{source}.prompts.jsonl.gz" for source in sources]
        outcomes = [f"{source}.outcomes.jsonl.gz" for source in sources]
        command = [self.options.program, "evaluate", "--prompts", *prompts, "--outcomes", *outcomes, "--json"]
        if embeds:
            command += ["--embeddings", self.options.embeddings or os.path.join(self.folder, "embeddings.safetensors")]
        command = [str(part) for part in [*command, *more]]
        making = json.dumps({"command": command, "program_modified": os.stat(self.options.program).st_mtime})
        is_made = path.exists() and made_by.exists() and made_by.read_text() == making
        if self.options.again or not is_made:
            made_by.unlink(missing_ok=True)
            new = path.with_suffix(".new")
            with new.open("w") as file:
                done = subprocess.run(command, stdout=file)
            # 3: done, and something is to be said about single rows or prompts.
            if done.returncode not in (0, 3):
                raise SystemExit(f"{' '.join(command[:2])} of {name} ended with {done.returncode}")
            new.rename(path)
            made_by.write_text(making)
        return json.loads(path.read_text())


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder of outcomes", required=True)
    arguments.add_program(parser)
    parser.add_argument(
        "--released", default=RELEASED, metavar="FILE", help="head of 0.1.0, for comparison (default: %(default)s)"
    )
    heads = ["compact", "gaussian-process"]
    parser.add_argument("--heads", nargs="+", choices=heads, default=heads, help="default: both")
    parser.add_argument("--policies", type=int, default=12, help="policy versions of a source (default: %(default)s)")
    parser.add_argument(
        "--reference-policies", type=int, default=4, help="the same in runs with references (default: %(default)s)"
    )
    parser.add_argument(
        "--prompts", type=int, metavar="N", help="at most N query and N context prompts of a source (default: all)"
    )
    parser.add_argument("--seeds", type=int, default=3, help="draws of a policy version (default: %(default)s)")
    parser.add_argument("--embeddings", metavar="FILE", help="file that keeps embeddings (default: in out/evaluation)")
    parser.add_argument("--sources", nargs="+", metavar="SOURCE", help="only these sources (default: all)")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=RUNS, help="others keep their last output")
    parser.add_argument("--again", action="store_true", help="repeat all runs")
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
    if options.sources:
        stems = [stem for stem in stems if os.path.basename(stem) in options.sources]
    if options.prompts:
        stems = [limited(stem, os.path.join(runs.folder, "part"), options.prompts) for stem in stems]
    referenced = [stem for stem in stems if os.path.basename(stem) in acceptance.REFERENCED]
    repeated = [stem for stem in stems if os.path.basename(stem) in acceptance.REPEATED]
    known = [os.path.basename(stem) for stem in stems if os.path.basename(stem) not in acceptance.NEW]
    training = sorted(glob.glob(os.path.join(options.data, "train/*.prompts.jsonl.gz")))
    for what, found in (("outcomes of a known kind in eval/", known), ("prompts in train/", training)):
        if not found:
            raise SystemExit(f"{options.data}: no {what}; the page needs them")
    # Query prompts that training has seen are left out, and counted.
    common = ["--context-size", *SIZES, "--seeds", options.seeds, "--training", *training]
    few = ["--policies", options.reference_policies]
    heads = ["--heads", *options.heads]
    budgets = [*common, "--policies", options.policies, "--budgets"]
    results = dict(
        main=runs.run(
            "main",
            stems,
            "--heads",
            f"0.1.0={options.released}",
            *options.heads,
            *common,
            "--policies",
            options.policies,
            "--known",
            *known,
        ),
        budgets=runs.run("budgets", repeated, *heads, *budgets, "--references", *acceptance.PLANNED),
        references=runs.run("references", referenced, *heads, *common, *few, "--references", *ARMS),
        coverage=runs.run("coverage", referenced, *heads, *common, *few, *COVERAGE),
        sample=runs.run("sample", [SAMPLE], *heads, "--context-size", *SIZES, "--seeds", 10),
        leaks=runs.run("leaks", stems, "--check-leaks", "--training", *training, embeds=False),
        prompts=options.prompts,
    )
    if results["main"] is None:
        if not os.path.exists(options.output):
            raise SystemExit("--runs: without the run main there is no page")
        partly.remake(options.output, results)
        print(f"wrote what runs with references say into {options.output}")
        return
    import plots  # needs matplotlib, which a part of the page does not

    os.makedirs(options.plots, exist_ok=True)
    plots.sources(results["main"]["comparison"], os.path.join(options.plots, "auc-by-source.svg"))
    plots.reliability(results["main"]["comparison"], os.path.join(options.plots, "reliability.svg"))
    with open(options.output, "w") as file:
        file.write(text.report(results, options.plots, datetime.date.today()))
    if "compact" in options.heads:
        begin, end = "<!-- scores: written by scripts/evaluation/report.py -->", "<!-- end of scores -->"
        markdown.replace_between(options.card, begin, end, text.card(results))
    print(f"wrote {options.output} and {options.plots}")


if __name__ == "__main__":
    main()
