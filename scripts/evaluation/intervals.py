#!/usr/bin/env python3
"""How wide the head's intervals are, beside those of another concentration: writes that part of EVALUATION.md.

    python3 scripts/evaluation/intervals.py --data DATA --embeddings FILE --other 0.2375 0.0112 0.2 0.3

On sources of several rollouts a prompt, with and without references: how many counts are in the 80 % interval, and what
plans from the beliefs realise. The other concentration is the four numbers of `calibration.concentration`; predictions
are the same. DATA has `eval/` in the layout that scripts/train describes, FILE is of `statezero model embed`. Needs the
packages of scripts/train; predictions are those of its `inference.py`, and take some minutes.
"""

import copy
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "train"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import calibration
import numpy as np
from acceptance import NEW, REPEATED
from inference import Head
from limited import limited
from outcomes import load, share
from references import References
from scipy.stats import betabinom
from text import table
from with_references import constants_of_process, matrices, pool_of, rows_of

from common import arguments, budgets, markdown, paths

BEGIN, END = "<!-- intervals: written by scripts/evaluation/intervals.py -->", "<!-- end of intervals -->"
NAME = "calibration.concentration"
SIZES = (256, 32)
REFERENCES = 3
QUERIES_LEAST = 20
LN_KAPPAS = np.linspace(-2, 4, 61)
NO_GAIN = "no gain to be had"
FOLDER = pathlib.Path("out/evaluation-intervals")


def features(corpus, prompts, others, context, rewards, process, seed):
    """Rows of the context and of the queries behind it, with a column of references if there are any."""
    inside, outside = np.arange(context), np.arange(context, len(prompts))
    if not others:
        return rows_of(corpus, prompts[inside]), rows_of(corpus, prompts[outside])
    values, rollouts = matrices(others, prompts, 1.0, np.random.RandomState(seed))
    x, surface = corpus.embeddings[prompts].astype(np.float64), corpus.surface[prompts]
    column = References(values, rollouts, x, surface, process).column(inside, rewards)
    return tuple(rows_of(corpus, prompts[part], column.of(part)[:, None], (column.null,)) for part in (inside, outside))


def draws(heads, corpus, records, options):
    """By policy version, seed, size and references: predictions, outcomes, and κ of each concentration."""
    process = constants_of_process()
    chosen = sorted(records, key=lambda record: share(record.name, "intervals:"))[: options.policies]
    for record in chosen:
        asked, pool = np.flatnonzero(record.is_query), np.flatnonzero(~record.is_query)
        if len(asked) < QUERIES_LEAST or len(pool) < min(SIZES) or not calibration.has_several(record.rollouts[asked]):
            continue
        others = pool_of(record, records)
        for seed in range(options.seeds):
            random = np.random.RandomState(seed)
            order = random.permutation(pool)
            three = [others[i] for i in random.permutation(len(others))[:REFERENCES]]
            for size in SIZES:
                rows = order[:size]
                if len(rows) < size and (size != max(SIZES) or seed > 0):
                    continue  # the same rows as in an earlier draw
                for given in ([], three) if three else ([],):
                    y = record.rewards[rows]
                    prompts = np.concatenate([record.prompts[rows], record.prompts[asked]])
                    known, queries = features(corpus, prompts, given, len(rows), y, process, seed)
                    context = heads[0].prepare(known, y, record.rollouts[rows])
                    p = heads[0].predict(context, queries)[0]
                    yield {
                        "source": record.source, "policy": record.name, "size": size, "references": len(given), "p": p,
                        "y": record.rewards[asked], "n": record.rollouts[asked],
                        "kappas": [head.concentration(context) for head in heads],
                    }  # fmt: skip


def inside(cases):
    """Share of counts in the central 80 % of the beliefs, less the expected one."""
    observed, expected = [], []
    for case in cases:
        p, n = np.clip(case["p"], 0.005, 0.995), case["n"].astype(int)
        law = betabinom(n, p * case["kappa"], (1 - p) * case["kappa"])
        low, high, k = law.ppf(0.1), law.ppf(0.9), case["y"] * n
        observed.append(((k >= low - 1e-9) & (k <= high + 1e-9)).mean())
        expected.append((law.cdf(high) - law.cdf(low - 1)).mean())
    return np.mean(observed) - np.mean(expected)


def realised(case, kappa):
    """The share of the oracle's gain that a plan realises; 0 where it expects less than even budgets.

    NaN where the oracle gains nothing over even budgets: then there is no way of which a plan could go a share.
    """
    many = case["n"] > 1
    rates, rows = np.clip(case["y"][many], 1e-9, 1 - 1e-9), np.arange(many.sum())
    believed = budgets.contrast(np.clip(case["p"][many], 0.005, 0.995), kappa)
    true = budgets.contrast(rates, budgets.CERTAIN)
    plan, even = budgets.planned(believed), np.full(len(rows), budgets.MEAN)
    oracle = true[rows, budgets.planned(true)].sum() - true[rows, even].sum()
    if oracle <= budgets.GAIN_LEAST:
        return np.nan
    expected = (believed[rows, plan].sum() + believed.mean(0)[plan].sum()) / 2
    if expected <= believed[rows, even].sum():
        plan = even
    return (true[rows, plan].sum() - true[rows, even].sum()) / oracle


def by_policy(cases, figure):
    """Mean over the draws of each policy version; what is NaN does not count, nor a version without any figure."""
    found = {}
    for case in cases:
        values = np.array(figure(case))
        if not np.isnan(values).any():
            found.setdefault(case["policy"], []).append(values)
    return np.array([np.mean(found[name], 0) for name in sorted(found)])


def likeliest(cases):
    """The one ln κ of all that makes the outcomes most likely: no prediction can know it."""
    p, y, n = (np.concatenate([case[key] for case in cases])[None] for key in ("p", "y", "n"))
    return LN_KAPPAS[int(np.argmax(calibration.beta_binomial(np.exp(LN_KAPPAS)[:, None], p, y * n, n).mean(1)))]


def figures(cases):
    """ln κ of both and the likeliest, interval's error and share of both, and the shares' paired difference."""
    found = [np.mean(by_policy(cases, lambda case: np.log(case["kappas"])), 0), [likeliest(cases)]]
    found.append([inside([case | {"kappa": case["kappas"][i]} for case in cases]) for i in (0, 1)])
    shares = by_policy(cases, lambda case: [realised(case, kappa) for kappa in case["kappas"]])
    if not len(shares):
        return np.concatenate([*found, np.full(4, np.nan)])
    difference = shares[:, 1] - shares[:, 0]
    error = difference.std(ddof=1) / len(difference) ** 0.5 if len(difference) > 1 else np.nan
    return np.concatenate([*found, shares.mean(0), [difference.mean(), error]])


def mean(values):
    """Mean over sources; their shares are of those alone that have a gain to be had."""
    values = np.array(values)
    gaining = values[~np.isnan(values[:, 7])]
    shares = np.full(4, np.nan)
    if len(gaining):
        shares = gaining[:, 5:].mean(0)
        errors = gaining[~np.isnan(gaining[:, 8]), 8]
        shares[3] = np.sqrt((errors**2).sum()) / len(gaining) if len(errors) else np.nan
    return np.concatenate([values[:, :5].mean(0), shares])


def row(name, references, values):
    def shown(value, digits=3):
        return f"{value:+.{digits}f}".replace("-", "−")

    if np.isnan(values[7]):
        return [name, references, *[shown(v, 2) for v in values[:3]], *[shown(v) for v in values[3:5]], *3 * [NO_GAIN]]
    last = shown(values[7]) + ("" if np.isnan(values[8]) else f" ± {values[8]:.3f}")
    return [name, references, *[shown(v, 2) for v in values[:3]], *[shown(v) for v in values[3:7]], last]


def section(cases, shipped, options):
    parts = []
    for size in SIZES:
        lines, found = [], {}
        here = [case for case in cases if case["size"] == size]
        for source, count in sorted({(case["source"], case["references"]) for case in here}):
            mine = [case for case in here if (case["source"], case["references"]) == (source, count)]
            found[source, count > 0] = figures(mine)
            lines.append(row(f"`{source}`", str(count), found[source, count > 0]))
        for name, chosen in (("known kinds", False), ("new kinds", True), ("all", None)):
            for with_references in (False, True):
                values = [v for (s, r), v in found.items() if r == with_references and chosen in (None, s in NEW)]
                if values:
                    lines.append(row(f"**{name}**", "yes" if with_references else "none", mean(values)))
        head = ["source", "references", "ln κ, former", "ln κ", "likeliest", "off, former", "off"]
        head += ["share, former", "share", "difference of shares"]
        parts.append(f"{size} rows:\n\n{table(head, lines, 2)}")
    numbers = [", ".join(f"{value:.3f}" for value in values).replace("-", "−") for values in (options.other, shipped)]
    return f"""
The concentration, fitted again: {numbers[1]} (centre, by size, offset, with references); *former* is {numbers[0]}.
Probabilities are the same. *Likeliest* is the ln κ that fits these outcomes best, which no prediction can know; *off*
is the share of counts in the 80 % interval less the expected one; *share* is the part of the oracle's gain that a plan
realises (`expectedContrast`, mean 8 rollouts in [4, 32], computed in numpy); where the oracle gains nothing over even
budgets there is *no gain to be had*, and the means of shares leave it out. All query prompts count, also those that
training has seen. References are three other policies, or earlier versions of the run. At most {options.policies}
policy versions of a source, {options.seeds} draws.

{chr(10).join(f"{part}{chr(10)}" for part in parts)}"""


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder with eval/", required=True)
    parser.add_argument("--embeddings", required=True, nargs="+", metavar="FILE", help="from statezero model embed")
    parser.add_argument("--head", default=paths.ROOT / "Sources/Heads/Compact/Resources/compact-head.safetensors")
    parser.add_argument("--other", required=True, nargs=4, type=float, metavar="NUMBER", help="another concentration")
    parser.add_argument("--policies", type=int, default=6, help="policy versions of a source (default: %(default)s)")
    parser.add_argument("--prompts", type=int, default=500, help="of a source and role (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="draws of a policy version (default: %(default)s)")
    arguments.add_output(parser, "page with the section", default="EVALUATION.md")
    options = parser.parse_args()
    parts = [limited(str(options.data / "eval" / source), str(FOLDER), options.prompts) for source in REPEATED]
    corpus = load(os.devnull, [os.path.dirname(parts[0])], options.embeddings)
    head = Head(options.head)
    former = copy.copy(head)
    former.w = head.w | {NAME: np.array(options.other)}
    cases = []
    for source, records in sorted(corpus.evaluation.items()):
        cases += draws([former, head], corpus, records, options)
        print(f"{source}: {len(cases)} draws so far", flush=True)
    markdown.replace_between(options.output, BEGIN, END, section(cases, head.w[NAME], options))


if __name__ == "__main__":
    main()
