#!/usr/bin/env python3
"""Measures what references bring to routing, and writes the section "References" of README.md in this folder.

    python3 scripts/routing/references.py --data DATA [--seeds N]

DATA has eval/<source>.prompts.jsonl.gz and .outcomes.jsonl.gz; README.md in this folder names the sources. Runs
`statezero route evaluate --references` on each source: once with all of its models that have a price, where only
the other models' histories can be references, and once with every second model by price, where the others are
policies outside the fleet. The output of each run is kept in out/routing-references. Needs a release build and the
default model.
"""

import json
import math
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, markdown, paths

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = "<!-- references: written by scripts/routing/references.py -->", "<!-- end of references -->"
SOURCES = ["mmlu_pro", "zeroeval_crux", "zeroeval_gsm8k", "zeroeval_math_l5", "routerarena"]
ROWS = [32, 256]
# Quantiles 0.975 of Student's t by degrees of freedom: intervals of the program are turned into standard errors.
STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]


def policies(stem):
    found = set()
    with subprocess.Popen(["gzip", "-dc", f"{stem}.outcomes.jsonl.gz"], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            found.add(json.loads(line)["policy_id"])
    return found


def prices():
    """By model: its line of the price list and its price of an answer."""
    found = {}
    for line in (HERE / "prices.yaml").read_text(encoding="utf-8").splitlines():
        match = re.match(r"  - \{name: ([^,]+), price: \{(?:input: [\d.]+, output|flat): ([\d.]+)\}\}", line)
        if match:
            found[match[1]] = (line, float(match[2]))
    return found


def fleet(stem, folder):
    """A fleet of every second model of a source, by price."""
    known = prices()
    ranked = sorted(policies(stem) & known.keys(), key=lambda name: (known[name][1], name))
    path = folder / f"{os.path.basename(stem)}.yaml"
    head = "reference: {input_tokens: 200, output_tokens: 400}\nmodels:\n"
    path.write_text(head + "".join(known[name][0] + "\n" for name in ranked[::2]), encoding="utf-8")
    return path


def evaluate(options, folder, name, source, fleet_file, rows, references, *more):
    path = folder / f"{name}.json"
    if not path.exists() or options.again:
        stem = f"{options.data}/eval/{source}"
        command = [options.program, "route", "evaluate", "--json", "--fleet", str(fleet_file)]
        command += ["--prompts", f"{stem}.prompts.jsonl.gz", "--outcomes", f"{stem}.outcomes.jsonl.gz"]
        command += ["--embeddings", options.embeddings or str(folder / "embeddings.safetensors"), "--threads", "1"]
        command += ["--seeds", str(options.seeds), "--history-rows", str(rows), "--references", *references, *more]
        done = subprocess.run(command, cwd=paths.ROOT, stdout=subprocess.PIPE, check=True)
        path.write_bytes(done.stdout)
    return json.loads(path.read_text(encoding="utf-8"))[0]


def signed(value, error=None, digits=4):
    text = f"{value:+.{digits}f}"
    return text if error is None else f"{text} ± {error:.{digits}f}"


def standard_error(half, count):
    """Of a mean of so many values, from half of its 95 % interval."""
    return None if half is None else half / (STUDENT[count - 2] if count - 1 <= len(STUDENT) else 1.96)


def difference(interval, count):
    return "–" if not interval else signed(interval["mean"], standard_error(interval.get("half"), count))


def figures(result):
    rows = []
    for known in result["references"]:
        count = len(known["areas"])
        area = known["area"]
        low, high = area.get("promptsLow"), area.get("promptsHigh")
        rows.append(
            [
                result["source"],
                str(len(result["models"])),
                str(result["historyRows"]),
                known["references"],
                f"{sum(known['areas']) / count:.4f}",
                difference(area["seeds"], count),
                "–" if low is None else f"{low:+.4f} to {high:+.4f}",
                "–" if known.get("auc") is None else f"{known['auc']:.4f}",
                difference(known.get("aucDifference"), count),
                difference(known.get("brierDifference"), count),
            ]
        )
    return rows


def newcomer(result):
    """Areas with few rows of a new model: without references, with those of the fleet, and their difference by seed."""
    known = result["references"][0]
    pairs = [
        (sum(row["area"] for row in seed["newcomers"]), sum(row["area"] for row in new), len(new))
        for seed, new in zip(result["seeds"], known["newcomers"], strict=True)
    ]
    without = [pair[0] / pair[2] for pair in pairs]
    with_fleet = [pair[1] / pair[2] for pair in pairs]
    gains = [new - old for old, new in zip(without, with_fleet, strict=True)]
    mean = sum(gains) / len(gains)
    spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / max(len(gains) - 1, 1) / len(gains))
    few = result["seeds"][0]["newcomers"][0]["rows"]
    average = [sum(values) / len(values) for values in (without, with_fleet)]
    return [result["source"], str(few), f"{average[0]:.4f}", f"{average[1]:.4f}", signed(mean, spread)]


def section(results, newcomers, options):
    head = ["source", "models", "rows", "references", "area", "area, difference", "95 % over prompts", "AUC"]
    head += ["AUC, difference", "Brier, difference"]
    rows = [row for result in results for row in figures(result)]
    text = f"""
Areas as above, with references beside each model's own history; differences to no references are paired, on the
same {options.seeds} draws: mean ± one standard error over draws, and the central 95 % over resampled prompts.
*fleet* are the histories of the other models, as many rows each; none has an outcome on a routed prompt.
*others:K* are K policies of the source that are not routed to, drawn by seed, which also have outcomes on the
routed prompts. Then the fleet is every second model by price. AUC is the mean within a model.

{markdown.table(head, rows, "lrrl" + "r" * 6)}
"""
    if newcomers:
        listed = markdown.table(
            ["source", "rows of the new model", "area, none", "area, fleet", "difference"],
            [newcomer(result) for result in newcomers],
            "lrrrr",
        )
        text += f"""
A new model has few rows and the others 256, all of them references for it; means over models:

{listed}
"""
    return text


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder with eval/", required=True)
    arguments.add_program(parser)
    parser.add_argument("--seeds", type=int, default=10, help="draws of the histories (default: %(default)s)")
    parser.add_argument("--sources", nargs="+", default=SOURCES, metavar="SOURCE", help="default: all five")
    parser.add_argument("--embeddings", metavar="FILE", help="file that keeps embeddings")
    parser.add_argument("--again", action="store_true", help="repeat runs whose output is kept")
    options = parser.parse_args()
    folder = pathlib.Path(paths.ROOT) / "out/routing-references"
    folder.mkdir(parents=True, exist_ok=True)
    whole, half, newcomers = [], [], []
    for source in options.sources:
        small = fleet(f"{options.data}/eval/{source}", folder)
        count = small.read_text(encoding="utf-8").count("name:")
        outside = len(policies(f"{options.data}/eval/{source}")) - count
        for rows in ROWS:
            whole.append(
                evaluate(options, folder, f"{source}-fleet-{rows}", source, HERE / "prices.yaml", rows, ["fleet"])
            )
            arms = [f"others:{number}" for number in (1, 3) if number <= outside]
            arms += [f"fleet+{arm}" for arm in arms[-1:]]
            if count > 1 and arms:
                half.append(evaluate(options, folder, f"{source}-others-{rows}", source, small, rows, arms))
        if source != "routerarena":
            few = ["--newcomer-few", "32", "--newcomer-many", "256", "--resamples", "0"]
            newcomers.append(
                evaluate(options, folder, f"{source}-new", source, HERE / "prices.yaml", 256, ["fleet"], *few)
            )
    markdown.replace_between(HERE / "README.md", BEGIN, END, section(whole + half, newcomers, options))


if __name__ == "__main__":
    main()
