#!/usr/bin/env python3
"""Writes README.md and replay.svg of this folder: the value of plans on logged rollouts.

    python3 scripts/replay/make.py DATA [DATA ...]

DATA are folders of <source>.prompts.jsonl.gz and <source>.outcomes.jsonl.gz; the sample of this repository is always
replayed. Needs the release build and the default model, and otherwise the standard library only.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, markdown, paths

HERE = pathlib.Path(__file__).resolve().parent
NAMES = {
    "uniform": "uniform",
    "dapoFilter": "DAPO filter",
    "greedy": "paper's greedy",
    "knapsack": "Knapsack RL",
    "meanAlone": "mean alone",
    "ours": "**ours**",
    "oracle": "oracle",
}
BELIEFS = {"none": "", "blind": "one for all", "model": "model", "record": "own record", "truth": "the truth"}


def files(source, folders):
    found = {
        kind: [os.path.join(folder, f"{source}.{kind}.jsonl.gz") for folder in folders]
        for kind in ("prompts", "outcomes")
    }
    return {kind: [path for path in listed if os.path.exists(path)] for kind, listed in found.items()}


def replay(program, sources, *more, plot=None):
    prompts = [path for source in sources for path in source["prompts"]]
    outcomes = [path for source in sources for path in source["outcomes"]]
    command = [program, "replay", "--json", "--threads", "1", "--prompts", *prompts, "--outcomes", *outcomes, *more]
    if plot:
        command += ["--plot", plot]
    done = subprocess.run(command, cwd=paths.ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def percent(figure):
    if not figure:
        return "–"
    error = max(figure.get("se_seeds") or 0, figure.get("se_prompts") or 0)
    return f"{100 * figure['value']:+.1f} ± {100 * error:.1f}"


def stratum(part):
    visit = {None: "all visits", 1: "first visit", 2: "second visit", 3: "third visit on"}[part["stratum"].get("visit")]
    return visit + (", held-out prompts" if part["stratum"]["isHeldOut"] else "")


def table(part):
    head = ["policy", "beliefs", "rollouts", "groups", "with a signal", "silent", "utility", "gain over uniform, %"]
    head += ["of the oracle's gain, %", "prompt tokens, millions", "beyond the log"]
    rows = []
    for line in part["lines"]:
        is_end = line["policy"] in ("uniform", "oracle")
        rows.append(
            [
                NAMES[line["policy"]],
                BELIEFS[line["belief"]],
                f"{line['spent']:,.0f}",
                f"{line['groups']:,.0f}",
                f"{line['signal_groups']:,.0f}",
                f"{line['silent_groups']:,.0f}",
                f"{line['utility']:,.0f}",
                "–" if line["policy"] == "uniform" else percent(line.get("gain")),
                "–" if is_end else percent(line.get("oracle_share")),
                f"{line['prompt_tokens_estimated'] / 1e6:.2f}",
                f"{100 * line['beyond_log']:.1f} %" if line["beyond_log"] else "–",
            ]
        )
    over = [
        f"from {BELIEFS[line['belief']]} {percent(line['gain_over_blind'])} %"
        for line in part["lines"]
        if line.get("gain_over_blind")
    ]
    listed = markdown.table(head, rows, "ll" + "r" * 9)
    return f"{listed}\n\nGain of ours over ours with one belief for all prompts: {', '.join(over)}."


def verdicts(report, claims=("not_below_uniform", "oracle_share", "solver")):
    names = {
        "not_below_uniform": "model's belief alone, gain over uniform (not below 0 by more than two standard errors)",
        "oracle_share": "own records, share of the oracle's gain (at least 40 %)",
        "solver": "envelope over the paper's greedy on known rates, [2, 128] (at least 20 %)",
    }
    rows = []
    for verdict in report["verdicts"]:
        if verdict["claim"] in claims:
            error = f" ± {100 * verdict['se']:.1f}" if verdict.get("se") is not None else ""
            value = f"{100 * verdict['value']:+.1f}{error}"
            rows.append([names[verdict["claim"]], verdict["place"], value, "yes" if verdict["shown"] else "**no**"])
    return markdown.table(["claim", "where", "%", "shown"], rows, "llrl")


def short(report, name, visit, lines=(("ours", "blind"), ("ours", "model"), ("ours", "record"), ("oracle", "truth"))):
    source = next(source for source in report["sources"] if source["source"] == name)
    part = next(p for p in source["parts"] if p["stratum"].get("visit") == visit and not p["stratum"]["isHeldOut"])
    found = {(line["policy"], line["belief"]): line for line in part["lines"]}
    return [percent(found[key].get("gain")) if key in found else "–" for key in lines]


def described(source):
    least, most = source["truth_rollouts"]
    logged = f"{least}" if least == most else f"{least} to {most}"
    truth = (
        "logged rollouts each, drawn without replacement"
        if source["truth"] == "urn"
        else "logged rollouts each: the posterior of the rate given them"
    )
    cut = "versions in order" if source["mode"] == "steps" else "context rows known, query rows to come"
    left = source["visits_without_record"], source["visits_without_later"]
    return (
        f"{source['visits']:,} visits of {source['prompts']:,} prompts by {source['policies']} policies at "
        f"{source['versions']} versions; {cut}. Truth: {logged} {truth}."
        + (
            f" Left out: {left[0]:,} visits before which nothing was known, {left[1]:,} followed by too few visits."
            if any(left)
            else ""
        )
    )


def refilled(found):
    """Budgets beyond the log, measured by the log alone."""
    keys = (("ours", "blind"), ("ours", "model"), ("oracle", "truth"))
    rows = [[source["source"], *short(found, source["source"], None, keys)] for source in found["sources"]]
    return [
        "",
        "The other sources in [4, 32], if their 8 and 10 rollouts are drawn again from the start. As the last line "
        "shows, this is biased against plans that give hard prompts large groups. Gain over uniform, %:",
        "",
        markdown.table(["source", "ours, one belief for all", "ours, model", "oracle"], rows, "lrrr"),
    ]


def page(report, inside, kinds, process, again):
    options = report["options"]
    text = [
        (HERE / "introduction.md").read_text(encoding="utf-8").rstrip(),
        "",
        "## Claims",
        "",
        verdicts(report),
        "",
        "![gain over uniform](replay.svg)",
    ]
    for source in report["sources"]:
        text += ["", f"## {source['source']}", "", described(source)]
        responses = [line.get("response_tokens") for line in source["parts"][0]["lines"]]
        text += ["", "Response tokens and cost: " + ("logged." if all(responses) else "not logged.")]
        for part in source["parts"]:
            text += ["", f"**{stratum(part)}**", "", table(part)]
    if inside:
        text += [
            "",
            "## Inside the log",
            "",
            "The same with a mean of 4 rollouts per prompt in [2, 8]: no group is larger than the logged one, so "
            "drawing without replacement is exact and no outcome is a guess.",
            "",
            verdicts(inside, ("not_below_uniform",)),
        ]
        for source in inside["sources"]:
            text += ["", f"**{source['source']}**: {described(source)}", "", table(source["parts"][0])]
    if kinds:
        text += [
            "",
            "## Different definitions of the truth",
            "",
            "`oneshot_rlvr`, third visit on: gain over uniform for several definitions of the truth. The first line is "
            "the most reliable: 32 logged rollouts for budgets of up to 32. The others use only the 8 rollouts of the "
            "visit itself, as for all other sources.",
            "",
            "| truth | ours, one belief for all | ours, model | ours, own record | oracle |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        text += ["| " + " | ".join([name, *short(found, "oneshot_rlvr", 3)]) + " |" for name, found in kinds]
        text += refilled(again)
    if process:
        text += [
            "",
            "## With a head that was not trained on this data",
            "",
            "The compact head's training data contain `oneshot_rlvr` up to step 333, so most visits above are not new "
            "to it (held-out prompts are). With the Gaussian process, which is not trained at all:",
            "",
        ]
        source = next(s for s in process["sources"] if s["source"] == "oneshot_rlvr")
        for part in source["parts"]:
            if part["stratum"].get("visit") == 3:
                text += [f"**{stratum(part)}**", "", table(part), ""]
    text += [
        "",
        f"Made by `scripts/replay/make.py` with {report['model']}, {options['seeds']} seeds, steps of at most "
        f"{options['stepPrompts']} prompts, {options['contextRows']} context rows, "
        f"γ = {options['decay']} per step.",
    ]
    return "\n".join(text).replace("\n\n\n", "\n\n") + "\n"


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("data", nargs="*", metavar="DATA", help="folder of prompts and outcomes")
    options = parser.parse_args()
    folders = options.data
    sources = [found for found in (files(name, folders) for name in ("oneshot_rlvr", "v0_dapo")) if found["outcomes"]]
    sample = {kind: [os.path.join(paths.SAMPLE, f"sample.{kind}.jsonl.gz")] for kind in ("prompts", "outcomes")}
    small = [source for source in sources if "v0_dapo" in source["outcomes"][0]] + [sample]
    run = [source for source in sources if "oneshot_rlvr" in source["outcomes"][0]]
    eight = "8 logged rollouts, drawn without replacement, then again from the start"
    posterior = "the rate's posterior, given 8"
    runs = {
        "main": (sources + [sample], ["--seeds", "5"], str(HERE / "replay.svg")),
        "inside": (small, ["--seeds", "5", "--mean", "4", "--min", "2", "--max", "8"], None),
    }
    if run:
        runs |= {
            "again": (small, ["--seeds", "5", "--truth", "urn"], None),
            posterior: (run, ["--pool", "0", "--truth", "posterior"], None),
            eight: (run, ["--pool", "0", "--truth", "urn"], None),
            "process": (run, ["--head", "gaussian-process"], None),
        }
    with concurrent.futures.ThreadPoolExecutor() as pool:
        started = {
            name: pool.submit(replay, options.program, chosen, *more, plot=plot)
            for name, (chosen, more, plot) in runs.items()
        }
        done = {name: future.result() for name, future in started.items()}
    report = done["main"]
    first = "32 logged rollouts, drawn without replacement"
    kinds = [(first, report), (posterior, done[posterior]), (eight, done[eight])] if run else []
    inside, process, again = done["inside"], done.get("process"), done.get("again")
    (HERE / "README.md").write_text(page(report, inside, kinds, process, again), encoding="utf-8")


if __name__ == "__main__":
    main()
