#!/usr/bin/env python3
"""Writes README.md and replay.svg of this folder: the value of plans on logged rollouts.

    python3 scripts/replay/make.py DATA [DATA ...]

DATA are folders of <source>.prompts.jsonl.gz and <source>.outcomes.jsonl.gz; the sample of this repository is always
replayed. The output of each run is kept in out/replay, and a run is repeated with --again. Needs the release build and
the default model, and otherwise the standard library only.
"""

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


def replay(options, name, sources, *more, plot=None):
    """The report of a run; one that is kept is not made again."""
    folder = pathlib.Path(paths.ROOT) / "out/replay"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    if options.again or not path.exists():
        prompts = [path for source in sources for path in source["prompts"]]
        outcomes = [path for source in sources for path in source["outcomes"]]
        command = [options.program, "replay", "--json", "--threads", "1", "--seeds", str(options.seeds)]
        command += ["--embeddings", str(folder / "embeddings.safetensors")]
        command += ["--prompts", *prompts, "--outcomes", *outcomes, *more]
        if plot:
            command += ["--plot", plot]
        done = subprocess.run(command, cwd=paths.ROOT, stdout=subprocess.PIPE, check=True)
        path.write_bytes(done.stdout)
    return json.loads(path.read_text(encoding="utf-8"))


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


def verdicts(report, claims=("not_below_uniform", "oracle_share", "reference_share", "solver")):
    names = {
        "not_below_uniform": "model's belief alone, gain over uniform (not below 0 by more than two standard errors)",
        "oracle_share": "own records, share of the oracle's gain (at least 40 %)",
        "reference_share": "with references, no own record: share of the oracle's gain (at least 40 %)",
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


def referenced(report, found):
    """Plans from beliefs with references beside those without."""
    text = [
        "",
        "## With references",
        "",
        "The model is given outcomes of three other policies on the same prompts (`others:3`), or of the three "
        "latest earlier steps of the run (`earlier:3`), which know nothing of a prompt at its first visit. Gain "
        "over uniform and share of the oracle's gain of plans from the model's belief, without the prompt's own "
        "record:",
        "",
    ]
    rows = []
    for name, (references, other) in found.items():
        parts = next(source for source in other["sources"] if source["source"] == name)["parts"]
        plain = next(source for source in report["sources"] if source["source"] == name)["parts"]
        for part in parts:
            if part["stratum"]["isHeldOut"]:
                continue
            without = next((same for same in plain if same["stratum"] == part["stratum"]), None)
            cells = []
            for lines in (without, part):
                line = next((one for one in lines["lines"] if (one["policy"], one["belief"]) == ("ours", "model")), {})
                cells += [percent(line.get("gain")), percent(line.get("oracle_share"))]
            rows.append([name, stratum(part), references, *cells])
    head = ["source", "visits", "references", "gain without, %", "share without, %", "gain with, %", "share with, %"]
    text += [markdown.table(head, rows, "lllrrrr"), ""]
    for _, other in found.values():
        text += [verdicts(other, ("reference_share",)), ""]
    text += [
        "`v0_dapo` and the sample have no other policies with outcomes on half of their prompts, and their versions "
        "have different prompts, so there are no references for them. A plan that is expected to be worth less "
        "than equal budgets is not made: the planner's plan is then uniform (`DoubtedGain`)."
    ]
    return text


def page(report, inside, kinds, process, again, references):
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
    if references:
        text += referenced(report, references)
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
    parser.add_argument("--seeds", type=int, default=5, help="independent draws (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="repeat runs whose output is kept")
    options = parser.parse_args()
    found = {name: files(name, options.data) for name in ("oneshot_rlvr", "v0_dapo", "evalperf")}
    found = {name: source for name, source in found.items() if source["outcomes"]}
    sample = {kind: [os.path.join(paths.SAMPLE, f"sample.{kind}.jsonl.gz")] for kind in ("prompts", "outcomes")}
    small = [found[name] for name in ("v0_dapo",) if name in found] + [sample]
    run = [found[name] for name in ("oneshot_rlvr",) if name in found]
    eight = "8 logged rollouts, drawn without replacement, then again from the start"
    posterior = "the rate's posterior, given 8"
    report = replay(options, "main", [*found.values(), sample], plot=str(HERE / "replay.svg"))
    inside = replay(options, "inside", small, "--mean", "4", "--min", "2", "--max", "8")
    references = {
        name: (arm, replay(options, f"references-{name}", [found[name]], "--references", arm))
        for name, arm in (("evalperf", "others:3"), ("oneshot_rlvr", "earlier:3"))
        if name in found
    }
    kinds, process, again = [], None, None
    if run:
        again = replay(options, "again", small, "--truth", "urn")
        kinds = [
            ("32 logged rollouts, drawn without replacement", report),
            (posterior, replay(options, "posterior", run, "--pool", "0", "--truth", "posterior")),
            (eight, replay(options, "eight", run, "--pool", "0", "--truth", "urn")),
        ]
        process = replay(options, "process", run, "--head", "gaussian-process")
    (HERE / "README.md").write_text(page(report, inside, kinds, process, again, references), encoding="utf-8")


if __name__ == "__main__":
    main()
