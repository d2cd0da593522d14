"""The text and tables of EVALUATION.md."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import figures
from figures import NAMES, by_source, predictors

from common import markdown

# What the shipped head's training has seen of each source.
SEEN = {
    "llmrouter_dc": "7 other policies on other prompts",
    "mmlu_pro": "16 other policies on other prompts",
    "oneshot_rlvr": "31 earlier steps of the same training run, on other prompts",
    "reasoning_gym": "8 other policies on other task families",
    "routerarena": "nothing",
    "v0_dapo": "nothing",
    "zeroeval_crux": "28 other policies on other prompts",
    "zeroeval_gsm8k": "24 other policies on other prompts",
    "zeroeval_math_l5": "23 other policies on other prompts",
}


def number(value, signed=False, digits=3):
    if value is None:
        return "–"
    return f"{value:+.{digits}f}".replace("-", "−") if signed else f"{value:.{digits}f}".replace("-", "−")


def with_error(value, error, signed=False):
    if value is None:
        return "–"
    return number(value, signed) + ("" if error is None else f" ± {number(error)}")


def table(head, rows, numbers=True):
    """A table whose first column is text; the others are numbers unless said otherwise."""
    return markdown.table(head, rows, "l" + ("r" if numbers else "l") * (len(head) - 1))


def summary(comparison, size):
    rows = []
    for name, predictor in predictors(comparison, size).items():
        mean = predictor["mean"]
        gain = "–" if name == "gaussian-process" else with_error(mean.get("gain"), mean.get("gain_stderr"), True)
        rows.append(
            [
                NAMES[name] + ("" if predictor["kind"] != "oracle" else f" ({mean['sources']} sources)"),
                with_error(mean.get("auc"), mean.get("auc_stderr")),
                gain,
                number(mean.get("ece")),
                number(mean.get("ece_expected")),
                number(mean.get("brier")),
                number(mean.get("log_loss")),
                number(mean.get("shortcut"), True),
                number(mean.get("shortcut_expected"), True),
                number(mean.get("difficulty"), True),
            ]
        )
    return table(
        [
            "predictor",
            "AUC",
            "paired gain over the Gaussian process",
            "ECE",
            "ECE by chance",
            "Brier",
            "log loss",
            "shortcut",
            "shortcut if right",
            "difficulty",
        ],
        rows,
    )


def auc_by_size(comparison):
    sizes = figures.sizes(comparison)
    rows = []
    for name in predictors(comparison, sizes[0]):
        means = [predictors(comparison, size)[name]["mean"] for size in sizes]
        rows.append([NAMES[name]] + [number(mean.get("auc")) for mean in means])
    gains = [predictors(comparison, size)["compact"]["mean"] for size in sizes]
    rows.append(
        ["compact head − Gaussian process"] + [with_error(mean["gain"], mean["gain_stderr"], True) for mean in gains]
    )
    return table(["context rows"] + [str(size) for size in sizes], rows)


def auc_by_source(comparison, size):
    here = {name: by_source(p) for name, p in predictors(comparison, size).items()}
    rows = []
    for source, figures_ in here["compact"].items():
        shown = [n for n in here if n != "constant"]
        rows.append(
            [
                f"`{source}`",
                str(figures_["contexts"]),
                with_error(figures_.get("gain"), figures_.get("gain_stderr"), True),
            ]
            + [number(here[n].get(source, {}).get("auc")) for n in shown]
        )
    return table(["source", "contexts", "compact − GP"] + [NAMES[n] for n in here if n != "constant"], rows)


def calibration_by_source(comparison, size):
    here = {name: by_source(predictors(comparison, size)[name]) for name in ("compact", "gaussian-process", "constant")}
    rows = []
    for source in here["compact"]:
        mine = here["compact"][source]
        rows.append(
            [f"`{source}`"]
            + [number(here[n][source].get("ece")) for n in here]
            + [
                number(mine.get("ece_expected")),
                number(mine.get("shortcut"), True),
                number(mine.get("shortcut_expected"), True),
                number(mine.get("difficulty"), True),
            ]
        )
    return table(
        [
            "source",
            "ECE compact",
            "ECE Gaussian process",
            "ECE constant",
            "by chance (compact)",
            "shortcut, compact",
            "if right",
            "difficulty, compact",
        ],
        rows,
    )


def beliefs(comparison, size):
    rows = []
    for name in ("compact", "gaussian-process"):
        for source, mine in by_source(predictors(comparison, size)[name]).items():
            fit = mine.get("belief")
            if fit:
                rows.append(
                    [
                        f"`{source}`, {NAMES[name]}",
                        str(fit["queries"]),
                        number(fit["coverage"]),
                        number(fit["coverage_expected"]),
                        number(fit["log_likelihood"]),
                        number(fit["log_likelihood_of_mean"]),
                    ]
                )
    return table(
        [
            "source",
            "queries",
            "inside the central 80 %",
            "if right",
            "nats a query under the belief",
            "under the mean alone",
        ],
        rows,
    )


def budgets(*comparisons):
    rows, versions = [], []
    for comparison in comparisons:
        for budget in comparison["budgets"]:
            rows.append(
                [f"`{budget['source']}`, {NAMES[budget['predictor']]}"]
                + shares(budget)
                + [number(budget["oracle_gain"], True)]
            )
            if budget["predictor"] == "compact":
                versions += [
                    [f"`{budget['source']}` {version['policy']}", str(version["prompts"])]
                    + shares(version)
                    + [number(version["oracle_gain"], True)]
                    for version in budget["versions"]
                ]
    head = ["on the belief", "on the mean alone", "oracle over uniform"]
    return table(["source, head"] + head, rows), table(["policy version", "prompts"] + head, versions)


def shares(budget):
    return [with_error(budget[key]["share"], budget[key].get("stderr"), True) for key in ("belief", "mean_alone")]


def left_out(results):
    rows = []
    for source, comparison in results.items():
        for size in figures.sizes(comparison):
            here = {name: by_source(p).get(source, {}) for name, p in predictors(comparison, size).items()}
            mine = here["left-out"]
            rows.append(
                [
                    f"`{source}`",
                    str(size),
                    number(here["gaussian-process"].get("auc")),
                    number(mine.get("auc")),
                    with_error(mine.get("gain"), mine.get("gain_stderr"), True),
                    number(here["compact"].get("auc")),
                    number(mine.get("ece")),
                    number(here["gaussian-process"].get("ece")),
                ]
            )
    return table(
        [
            "source",
            "rows",
            "Gaussian process",
            "head trained without it",
            "paired gain",
            "shipped head (trained with it)",
            "ECE without it",
            "ECE Gaussian process",
        ],
        rows,
    )


def card(main, sample):
    """Scores by source, for the model card."""
    rows = []
    for comparison in (main, sample):
        for source in by_source(predictors(comparison, 256)["compact"]):
            cells = []
            for size in (32, 256):
                mine = by_source(predictors(comparison, size)["compact"])[source]
                cells += [
                    number(mine.get("auc")),
                    with_error(mine.get("gain"), mine.get("gain_stderr"), True),
                    number(mine.get("ece")),
                ]
            rows.append([f"`{source}`"] + cells)
    cells = []
    for size in (32, 256):
        mean = predictors(main, size)["compact"]["mean"]
        cells += [number(mean["auc"]), with_error(mean["gain"], mean["gain_stderr"], True), number(mean["ece"])]
    rows.append(["mean of the nine, without the sample"] + cells)
    return table(
        [
            "source",
            "AUC, 32 rows",
            "over the Gaussian process",
            "ECE",
            "AUC, 256 rows",
            "over the Gaussian process",
            "ECE",
        ],
        rows,
    )


def losses(*comparisons):
    """Sources on which the compact head is below the Gaussian process, by size."""
    found = []
    for size in (32, 256):
        for comparison in comparisons:
            for name, source in by_source(predictors(comparison, size)["compact"]).items():
                if source.get("gain", 0) < 0:
                    gain = with_error(source["gain"], source.get("gain_stderr"), True)
                    found.append(f"`{name}` at {size} rows ({gain})")
    return ", ".join(found) or "none"


def short_records(comparison):
    """Sources whose contexts are smaller than the largest size, with their mean rows."""
    size = figures.sizes(comparison)[-1]
    found = [(s["source"], s["context_rows"]) for s in predictors(comparison, size)["compact"]["sources"]]
    return ", ".join(f"`{name}` {rows:.0f}" for name, rows in found if rows < size - 1)


def gain_line(comparison, size):
    mean = predictors(comparison, size)["compact"]["mean"]
    sources = [s for s in predictors(comparison, size)["compact"]["sources"] if s.get("gain_stderr") is not None]
    noisiest = max(sources, key=lambda source: source["gain_stderr"])
    rest = [source["gain"] for source in sources if source is not noisiest]
    return (
        f"**{number(mean['auc'])} at {size} context rows, {with_error(mean['gain'], mean['gain_stderr'], True)} "
        f"against the Gaussian process**; without `{noisiest['source']}`, whose gain is the least certain "
        f"({with_error(noisiest['gain'], noisiest['gain_stderr'], True)}), {number(sum(rest) / len(rest), True)}"
    )


def report(results, plots, date):
    main = results["main"]
    contexts = predictors(main, 256)["compact"]["mean"]["contexts"]
    belief_table = beliefs(main, 256)
    budget_table, version_table = budgets(results["budgets"], results["sample_budgets"])
    seen = table(["source", "what training has seen of it"], [[f"`{s}`", SEEN[s]] for s in sorted(SEEN)], numbers=False)
    without = (
        f"""
## A source left out of training

The head, trained again without one source (`train.py --without`) and scored on it. Expect this on kinds of prompts that
the shipped head has not seen: about the Gaussian process's score at 256 rows, and no reliable gain.

{left_out(results["left_out"])}
"""
        if results["left_out"]
        else ""
    )
    return f"""# How well the heads predict

Written by `scripts/evaluation/report.py` on {date.isoformat()} from the program's output; no figure is typed by hand.
The outcomes are public outcomes of real models ({len(SEEN)} sources, [listed here](scripts/train/README.md)), which are
not in this repository, and the [sample corpus](scripts/sample/README.md), which is.

Intra-context AUC, mean over the nine sources:

- {gain_line(main, 256)}
- {gain_line(main, 32)}

Expect no gain on kinds of prompts that training has not seen, and with histories of some hundred rows. The head is
below the Gaussian process on {losses(main, results["sample"])}.

## What training has seen, and what it has not

No figure on this page is about a policy or a query prompt that training has seen; prompts are split by a hash of their
text, policies by a hash of their name. The context rows are other outcomes of the predicted policy, on prompts that
training has seen with *other* policies. What differs is how much training has seen of the *kind* of prompt:

{seen}

So `routerarena`, `v0_dapo` and the sample corpus are new to the head, `reasoning_gym` has new task families, and
`oneshot_rlvr` is the closest to training: later steps of a run whose earlier ones were trained on. Where training has
seen a kind of prompt with other policies, the head knows the difficulty of such prompts, and that is its gain;
elsewhere it is a Gaussian process. Earlier versions of the head, and a prototype, were scored on the same data before
this one was made, so no figure here is fully independent of them. The shipped head was chosen by the training part
alone ([variants that were tried](scripts/train/README.md)).

## How it is scored

A draw is a policy version with context rows drawn by seed ({main["seeds"]} seeds, {contexts} draws that have at least
{main["class_min"]} query rows of either class). A smaller context is the first part of the larger one, and all
predictors get the same draws and the same queries. AUC is averaged over seeds, then policies, then sources; ± is the
standard error over policies (over draws where a source has one policy), for a gain, the paired one. ECE has 15 bins of
equal mass over a source's queries; *by chance* is the ECE of correct predictions. Log loss clips p to [0.005, 0.995].
*Shortcut* is Spearman's correlation of the error p − reward with the context's mean reward; *if right* is the value for
outcomes drawn from the predictions themselves; it is not 0 where outcomes are yes or no, so compare the two.
*Difficulty* is the same with the prompt's mean over the other contexts; below 0 means that hard prompts are overrated.
The oracle knows the outcomes of other policies on the same prompt.

## 256 context rows

{summary(main, 256)}

## 32 context rows

{summary(main, 32)}

## AUC against the size of the context

![AUC against context size]({plots}/auc-by-size.svg)

{auc_by_size(main)}

A policy version with fewer rows gives all of them: {short_records(main)}.

## By source

![AUC by source]({plots}/auc-by-source.svg)

256 rows:

{auc_by_source(main, 256)}

32 rows:

{auc_by_source(main, 32)}

## Calibration and residuals

![Reliability]({plots}/reliability.svg)

Points are 15 bins of equal mass over the queries of all sources. With 32 rows a policy's level is uncertain by
√(p(1 − p)/32), about 0.08. For a source with one policy, that alone makes an ECE near 0.07; the constant, which is the
history's mean, shows it. By source, 256 rows:

{calibration_by_source(main, 256)}

32 rows:

{calibration_by_source(main, 32)}

Beliefs, 256 rows, on sources whose outcomes are rates of several rollouts: how often the successes are inside the
central 80 % of the predicted beta-binomial distribution, and their likelihood under it.

{belief_table}

## Utility of budgets planned on the beliefs

`expectedContrast`, mean 8 rollouts in [4, 32], 256 context rows, {results["budgets"]["seeds"]} seeds; the share of the
way from the uniform plan (0) to the plan that knows the rates (1), on the measured rates, ± over seeds. The rates come
from few rollouts, which favours the oracle.

{budget_table}

Under its own belief, a plan is never worse than the uniform plan in expectation. A share below 0 means that it was
worse at the observed rates.

<details><summary>By policy version, compact head</summary>

{version_table}

</details>
{without}
## The sample corpus

Two policies of one small model, short prompts written for this project; never trained on. {results["sample"]["seeds"]}
seeds. 256 rows:

{summary(results["sample"], 256)}

32 rows:

{summary(results["sample"], 32)}
"""
