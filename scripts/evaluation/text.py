"""The text and tables of EVALUATION.md."""

import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import acceptance
from acceptance import NEW
from figures import HEADS, NAMES, arm, by_source, mean_difference, predictors

from common import markdown

NOT_RUN = "This part was not run for this page."


def number(value, signed=False, digits=3):
    if value is None:
        return "–"
    return (f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}").replace("-", "−")


def with_error(value, error, signed=False):
    if value is None:
        return "–"
    return number(value, signed) + ("" if error is None else f" ± {number(error)}")


def pair(found, signed=True):
    return with_error(found[0], found[1], signed) if found else "–"


def table(head, rows, left=1):
    return markdown.table(head, rows, "l" * left + "r" * (len(head) - left))


def summary(comparison, size):
    if not comparison["sizes"]:
        return NOT_RUN
    rows = []
    for name, predictor in predictors(comparison, size).items():
        mean = predictor["mean"]
        gain = "–" if name == "gaussian-process" else with_error(mean.get("gain"), mean.get("gain_stderr"), True)
        groups = [predictor.get(key) or {} for key in ("known", "new")]
        rows.append(
            [
                NAMES[name] + ("" if predictor["kind"] != "oracle" else f" ({mean['sources']} sources)"),
                with_error(mean.get("auc"), mean.get("auc_stderr")),
                gain,
                *(with_error(group.get("auc"), group.get("auc_stderr")) for group in groups),
                number((mean.get("spearman") or {}).get("value")),
                number(mean.get("ece")),
                number(mean.get("ece_expected")),
                number(mean.get("brier")),
                number(mean.get("log_loss")),
            ]
        )
    head = ["predictor", "AUC", "paired gain over the Gaussian process", "known kinds", "new kinds", "Spearman"]
    return table(head + ["ECE", "ECE by chance", "Brier", "log loss"], rows)


def auc_by_source(comparison, size):
    here = {name: by_source(p) for name, p in predictors(comparison, size).items() if name != "constant"}
    first = next(name for name in ("compact", "gaussian-process") if name in here)
    rows = []
    for source, mine in here[first].items():
        rows.append(
            [
                f"`{source}`" + (" (new kind)" if source in NEW else ""),
                str(mine["contexts"]),
                f"{mine['context_rows']:.0f}",
                with_error(mine.get("auc"), mine.get("auc_stderr")),
            ]
            + [number(here[n].get(source, {}).get("auc")) for n in here if n != first]
        )
    return table(["source", "draws", "rows", NAMES[first]] + [NAMES[n] for n in here if n != first], rows)


def referenced(results, size):
    """Gains by arm and head, on the sources that have the arm."""
    references, coverage = (acceptance.compared(results, k) for k in ("references", "coverage"))
    rows = []
    if not references["sizes"]:
        return NOT_RUN
    for comparison in filter(lambda each: each["sizes"], (references, coverage)):
        here = predictors(comparison, size)
        heads = [h for h in HEADS if h in here]
        arms = [p["references"] for p in here.values() if p.get("head") == heads[-1] and p.get("references")]
        for references_ in arms:
            cells = []
            for head in heads:
                mine = here.get(arm(head, references_, comparison))
                mean = (mine or {}).get("mean", {})
                cells += [
                    pair(mean_difference(mine, here[head])),
                    number(mean.get("auc")),
                    number(mean.get("ece")),
                    number(mean.get("brier")),
                ]
            part = comparison.get("reference_coverage", 1)
            label = references_ + (f" on {round(100 * part)} % of prompts" if part < 1 else "")
            counts = [here[name]["mean"]["sources"] for h in heads if (name := arm(h, references_, comparison)) in here]
            rows.append([label, str(max(counts, default=0))] + cells)
    heads = [h for h in HEADS if h in predictors(references, size)]
    columns = [f"{what}, {NAMES[h]}" for h in heads for what in ("gain over none", "AUC", "ECE", "Brier")]
    return table(["references", "sources"] + columns, rows)


def referenced_by_source(results, size):
    comparison = acceptance.compared(results, "references")
    if not comparison["sizes"]:
        return NOT_RUN
    here = predictors(comparison, size)
    heads = [h for h in HEADS if h in here]
    rows = []
    for source, plain in by_source(here[heads[0]]).items():
        cells = [f"`{source}`", str(plain["contexts"])]
        for head in heads:
            for name in ("none", "others:1", "others:3", "others:10"):
                mine = here.get(arm(head, name))
                cells.append(number(by_source(mine).get(source, {}).get("auc") if mine else None))
        rows.append(cells)
    columns = [f"{n}, {NAMES[h]}" for h in heads for n in ("none", "1", "3", "10")]
    return table(["source", "draws"] + columns, rows)


def calibration_by_source(comparison, size):
    names = [n for n in (*HEADS, "constant") if n in predictors(comparison, size)]
    here = {name: by_source(predictors(comparison, size)[name]) for name in names}
    chance = "compact" if "compact" in here else names[0]
    rows = []
    for source in here[names[0]]:
        cells = [f"`{source}`"] + [number(here[n].get(source, {}).get("ece")) for n in names]
        cells.append(number(here[chance].get(source, {}).get("ece_expected")))
        for name in names[:-1]:
            fit = here[name].get(source, {}).get("belief") or {}
            cells += [number(fit.get("coverage")), number(fit.get("coverage_expected"))]
        rows.append(cells)
    head = ["source"] + [f"ECE, {NAMES[n]}" for n in names] + [f"by chance, {NAMES[chance]}"]
    for name in names[:-1]:
        head += [f"in 80 %, {NAMES[name]}", "if right"]
    return table(head, rows)


def reading(results):
    rows = [
        [
            f"`{s['source']}`",
            str(s["prompts"]),
            f"{s['tokens']:.0f}",
            number(100 * s["truncated_share"], digits=1),
            number(100 * s["unknown_share"], digits=1),
        ]
        for s in results["main"].get("reading", [])
    ]
    if not rows:
        return "The encoder of this run does not count its tokens."
    return table(["source", "prompts", "tokens a prompt", "% of prompts cut", "% of tokens unknown"], rows)


def leaks(results):
    found = results["leaks"]
    if not found:
        return "It was not run for this page."
    total = sum(s["same_text"] + s["reworded"] for s in found["sources"])
    rows = [
        [f"`{s['source']}`", str(s["queries"]), str(s["same_text"]), str(s["reworded"])]
        for s in found["sources"]
        if s["same_text"] + s["reworded"]
    ]
    said = f"{found['training_prompts']:,} training prompts were compared; {total} query prompts were found among them"
    return said + (":\n\n" + table(["source", "query prompts", "same text", "reworded"], rows) if rows else ".")


def seen(results):
    """Whether the tables count the query prompts that training has seen, and which sources are without a draw."""
    found = results["main"].get("left_out_as_seen")
    if not found:
        return "The other tables of this page count these prompts."
    total = sum(source["same_text"] + source["reworded"] for source in found)
    scored = by_source(predictors(results["main"]["comparison"], 256).get("compact") or {"sources": []})
    gone = ", ".join(f"`{source['source']}`" for source in found if source["source"] not in scored)
    said = f"The other tables of this page leave them out: {total} query prompts."
    return said + (f" Of {gone} too few are left for a draw, so the means are without it." if gone else "")


AIMS = ["aim", "rows", "wanted", "measured", "reached"]


def claims(results):
    return table(AIMS, claim_rows(results))


def claim_rows(results):
    rows = []
    for text, size, aim, value, error, met in acceptance.rows(results):
        if aim is None:
            rows.append([text, str(size), "–", with_error(value, error, True), "–"])
            continue
        sign, wanted = aim
        rows.append(
            [
                text,
                str(size),
                sign + number(wanted, sign == "≥ " and wanted != 0),
                with_error(value, error, sign == "≥ "),
                "yes" if met else f"**no**, by {number(abs(value - wanted))}",
            ]
        )
    return rows


def budgets(results):
    """What plans from the beliefs realise, by source and references."""
    found = {}
    if not results["budgets"]:
        return NOT_RUN
    for figures in results["budgets"]["comparison"]["budgets"]:
        found.setdefault((figures["source"], figures["predictor"]), {})[figures["context_size"]] = figures
    rows = []
    for (source, predictor), sizes in sorted(found.items()):
        head, _, references = predictor.partition(", ")
        any_size = next(iter(sizes.values()))
        cells = [f"`{source}`", NAMES[head], references or "none", str(len(any_size["versions"]))]
        for size in (256, 32):
            figures = sizes.get(size)
            shown = with_error(figures["belief"]["share"], acceptance.share_error(figures), True) if figures else "–"
            cells += [shown, number(figures and figures.get("expected_gain"), True)]
        rows.append(cells + [number(any_size["oracle_gain"], True)])
    head = ["source", "beliefs", "references", "versions"]
    for size in (256, 32):
        head += [f"share of the oracle's gain, {size} rows", "gain expected by the plan"]
    return table(head + ["oracle over uniform"], rows, 3)


def auc_error(auc, right, wrong):
    """The standard error of an AUC by its queries alone (Hanley and McNeil 1982)."""
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = (right - 1) * (first - auc**2) + (wrong - 1) * (second - auc**2)
    return math.sqrt((auc * (1 - auc) + spread) / (right * wrong))


def by_queries(source):
    """How many queries a draw of a source has, and what they alone make of an AUC's error."""
    bins = source["reliability"]
    count = source["queries"] / source["contexts"]
    right = count * sum(b["count"] * b["score"] for b in bins) / sum(b["count"] for b in bins)
    return f"{count:.0f} queries, by which alone an AUC is ± {number(auc_error(source['auc'], right, count - right))}"


def losses(comparison):
    parts = []
    for size in (32, 256):
        found = acceptance.below(comparison, size)
        if found:
            figures = by_source(predictors(comparison, size)["compact"])
            named = ", ".join(f"`{name}` ({number(gap, True)}; {by_queries(figures[name])})" for name, gap in found)
            parts.append(f"at {size} rows: {named}")
    return "; ".join(parts) or "none"


def card(results):
    """Scores by source, for the model card."""
    main = results["main"]["comparison"]

    def cells(figures_, gain):
        shown = []
        for size in (32, 256):
            mine = figures_(predictors(main, size)["compact"])
            shown += [number(mine.get("auc")), gain(mine), number(mine.get("ece"))]
        return shown

    def gain(mine):
        return with_error(mine.get("gain"), mine.get("gain_stderr"), True)

    rows = [
        [f"`{source}`"] + cells(lambda p, source=source: by_source(p).get(source, {}), gain)
        for source in by_source(predictors(main, 256)["compact"])
    ]
    rows += [
        [f"**{name}**"] + cells(lambda p, key=key: p.get(key) or {}, gain)
        for name, key in (("mean", "mean"), ("mean of known kinds", "known"), ("mean of new kinds", "new"))
    ]
    columns = ["AUC", "over the Gaussian process", "ECE"]
    return table(["source"] + [f"{c}, {size} rows" for size in (32, 256) for c in columns], rows)


BY_CHANCE = """\
ECE of right beliefs is not 0: a source of few queries has a large ECE by chance. Where an aim is below what right
beliefs would show, it cannot be reached on this data; what counts is the difference, which the line below each of these
aims has, with its standard error over sources."""


def with_references(results):
    few = acceptance.compared(results, "references").get("policies_max")
    few_said = f" At most {few} predicted policy versions of a source." if few else ""
    return f"""\
Outcomes of K other policies of the same source, drawn by seed, on context and query prompts; never of another version
of the predicted policy.{few_said} `shuffled` exchanges the outcomes among the
prompts, so that they say nothing; `inverted` turns the last of K. Policies of one source can be close relatives, which
flatters many references. A gain is over the same head without references.

The aims came from research code (a Gaussian process) on other sources, where it had an AUC of 0.681 without
references. On the same draws of `zeroeval_gsm8k`, `zeroeval_crux` and `math_constraint` (two policies, three draws)
that code has 0.804 with one reference and 0.858 with three at 256 rows, the Gaussian process here the same within
0.0002, the compact head −0.002 ± 0.003 and −0.004 ± 0.003 beside it; at 32 rows 0.776 and 0.839, the Gaussian process
−0.001 ± 0.001, the compact head +0.010 ± 0.004 and −0.001 ± 0.003. So nothing of the research code is lost: these
gains are what these sources give, and a head that is better without references gains less by them. The mean of both
heads' log-odds would add +0.002 ± 0.002 and +0.004 ± 0.002 at 256 rows, −0.002 ± 0.002 and +0.001 ± 0.001 at 32, for
twice the work; a column for each of three references beside the joint one −0.003 ± 0.002, +0.001 ± 0.002 and −0.002 ±
0.002 on the three sources. Neither is in the program, and this paragraph comes from no script of the repository.

256 rows:

{referenced(results, 256)}

32 rows:

{referenced(results, 32)}

AUC by source, 256 rows:

{referenced_by_source(results, 256)}

32 rows:

{referenced_by_source(results, 32)}"""


def report(results, plots, date):
    main = acceptance.compared(results, "main")
    first = next(name for name in ("compact", "gaussian-process") if name in predictors(main, 256))
    contexts = predictors(main, 256)[first]["mean"]["contexts"]
    limit = main.get("policies_max")
    below = losses(main)
    limited = f"; at most {limit} policy versions of a source, chosen by a hash of their names" if limit else ""
    part = results.get("prompts")
    part_said = (
        f"\nOf each source, at most {part} query prompts and {part} context prompts, chosen by a hash of their texts. "
        "With so few queries and policies ECE is high by chance alone, most with references.\n"
        if part
        else ""
    )
    new = ", ".join(f"`{name}`" for name in NEW)
    return f"""# How well the heads predict

Written by `scripts/evaluation/report.py` on {date.isoformat()} from the program's output; no figure of a table is
typed by hand. The outcomes are public outcomes of real models ([listed here](scripts/train/README.md)), second edition,
which are not in this repository, and the [sample corpus](scripts/sample/README.md), which is.

## What was aimed at, and what was reached

{claims(results)}

{BY_CHANCE}

Sources on which the head is more than 0.015 below the better of Gaussian process and logistic regression: {below}.
The ± of all tables are over policies and draws; policies of a source share its queries, so where these are few an AUC
may be off by much more.

## What training has seen, and what it has not

An earlier version of this page said that no query prompt had been seen in training. **That was wrong.** Prompts were
split by a hash of their exact text, and collections copy prompts of each other with small changes: of the first nine
sources, 293 query prompts stood in a training prompt of the same or another source. They were removed from the second
edition of the data, by two rules: the same letters and digits, or more than 40 % of the 8-word sequences in one
training prompt. Figures of the first edition are therefore not comparable to the digit. The check can be repeated with
`statezero evaluate --check-leaks`. {leaks(results)}

{seen(results)}

<!-- seen: written by scripts/evaluation/unseen.py -->
<!-- end of seen -->

The context rows are outcomes of the predicted policy on prompts that training may have seen with *other* policies.
Known kinds are those of which training has seen other prompts and policies. New kinds: {new};
of `reasoning_gym` training has seen other task families. Earlier heads were scored on some of this data before this one
was made, so no figure here is fully independent of them.

## How it is scored

A draw is a policy version with context rows drawn by seed ({main["seeds"]} seeds; {contexts} draws that have at least
{main["class_min"]} query rows of either class{limited}).
A draw of the same rows as an earlier one, where a policy has no more rows, counts once. A smaller context is the first
part of the larger one, and all predictors get the same draws and queries. AUC is averaged over draws, then policy
versions, then sources. ± is √(SE over policy versions² + SE over draws²); of the mean, √(Σ of the sources'
squares)/number. A gain is paired: the same draws. Spearman is the rank correlation of p with the success rate within a
draw. ECE has 15 bins of equal mass over a source's queries. It is never 0: a bin of few queries differs from its mean
prediction by chance. *By chance* is the ECE that these very predictions would show if each were right; what is above
it is the error. Log loss clips p to [0.005, 0.995]. The oracle knows the outcomes of other policies on the same prompt.

{part_said}
## Without references, 256 context rows

{summary(main, 256)}

## Without references, 32 context rows

{summary(main, 32)}

## By source

![AUC by source]({plots}/auc-by-source.svg)

256 rows (*rows* are those that the policies really have):

{auc_by_source(main, 256)}

32 rows:

{auc_by_source(main, 32)}

## With references

{with_references(results)}

## Calibration

![Reliability]({plots}/reliability.svg)

*In 80 %*: how often the successes of several rollouts are inside the central 80 % of the predicted beta-binomial
distribution; *if right* is the value of correct beliefs, above 0.8 because counts are whole numbers. 256 rows:

{calibration_by_source(main, 256)}

32 rows:

{calibration_by_source(main, 32)}

<!-- intervals: written by scripts/evaluation/intervals.py -->
<!-- end of intervals -->

<!-- recalibration: written by scripts/evaluation/recalibration.py -->
<!-- end of recalibration -->

## Budgets planned on the beliefs

Objective `expectedContrast`, mean 8 rollouts in [4, 32], on the query prompts of sources with several rollouts a
prompt, and of policies with at least 20 such prompts. The share is of the way from the uniform plan (0) to the plan
that knows the observed rates (1), at these rates; ± is the larger of the errors over draws and over policy versions.
Observed rates of few rollouts are not the true ones, which favours the oracle. No prompt has a record of its own, so
this is the first visit. `earlier:3` are the three latest earlier versions of the same run. A plan that expects less
than the uniform one is uniform, and then its share is 0.

{budgets(results)}

<!-- ceiling: written by scripts/evaluation/ceiling.py -->
<!-- end of ceiling -->

[scripts/replay](scripts/replay/README.md) replays runs step by step, with the policy's own records.

## How the encoder reads the prompts

{reading(results)}

## The sample corpus

Two policies of one small model, short prompts written for this project; never trained on. 256 rows:

{summary(acceptance.compared(results, "sample"), 256)}

32 rows:

{summary(acceptance.compared(results, "sample"), 32)}
"""
