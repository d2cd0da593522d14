#!/usr/bin/env python3
"""How far calibration could come: refits the head's on evaluation outcomes, and writes that part of EVALUATION.md.

    python3 scripts/evaluation/recalibration.py --data DATA --embeddings FILE

The six constants of the probability are fitted on the outcomes of all other sources, which says what constants of this
form could give, and on those of the source itself, which no prediction can know. Nothing of it is shipped. A second
table says what the error is made of: the level of a draw, the level and slope of a source, the rest. DATA has
`eval/` in the layout that scripts/train describes, FILE is of `statezero model embed`. Needs the packages of
scripts/train; predictions are those of its `inference.py`, and take some minutes.
"""

import hashlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "train"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import calibration
import numpy as np
from inference import Head, Rows
from limited import limited
from outcomes import load
from scipy.optimize import minimize
from scipy.special import expit
from text import table
from with_references import gram_rows

from common import arguments, markdown, paths

BEGIN, END = "<!-- recalibration: written by scripts/evaluation/recalibration.py -->", "<!-- end of recalibration -->"
SIZES = (256, 32)
BINS = 15
QUERIES_LEAST, SOURCE_QUERIES_LEAST = 10, 100
PENALTY = 0.002
FOLDER = pathlib.Path("out/evaluation-recalibration")
REPEATS = 100  # of outcomes that are drawn from the predictions
CORRECTIONS = ("none", "level of each draw", "level and slope of each draw")


def rows(corpus, prompts):
    x = corpus.embeddings[prompts].astype(np.float64)
    return Rows(x, corpus.surface[prompts], gram_rows(corpus, prompts), corpus.wide[prompts])


def draws(head, corpus, records, seeds):
    """By policy version, seed and size: log-odds of the queries before calibration, and their outcomes."""
    for record in records:
        asked, pool = np.flatnonzero(record.is_query), np.flatnonzero(~record.is_query)
        if len(asked) < QUERIES_LEAST or len(pool) < min(SIZES):
            continue
        queries, known = rows(corpus, record.prompts[asked]), set()
        for seed in range(seeds):
            order = np.random.RandomState(seed).permutation(pool)
            for size in SIZES:
                chosen = order[:size]
                if (size, frozenset(chosen)) in known:
                    continue
                known.add((size, frozenset(chosen)))
                y = record.rewards[chosen]
                context = head.prepare(rows(corpus, record.prompts[chosen]), y, record.rollouts[chosen])
                p, _, stages = head.predict(context, queries)
                yield {
                    "source": record.source, "seed": seed, "size": size, "rows": len(chosen),
                    "z": stages["log_odds"], "p": p, "level": context["level"], "kappa": context["kappa"],
                    "y": record.rewards[asked], "n": record.rollouts[asked],
                    "base": (y.sum() + 0.5) / (len(y) + 1),
                }  # fmt: skip


def fitted(cases, start, penalty):
    """The constants with the least log loss; every source weighs the same."""
    totals = {}
    for case in cases:
        totals[case["source"]] = totals.get(case["source"], 0) + len(case["y"])

    def loss(v):
        value = penalty * np.sum((v - start) ** 2)
        for case in cases:
            p = calibration.probability(case["z"], case["level"], case["rows"], v)
            value += log_loss(p, case["y"]).sum() / totals[case["source"]] / len(totals)
        return value

    return minimize(loss, start, method="L-BFGS-B").x


def log_loss(p, y):
    return -(y * np.log(p) + (1 - y) * np.log1p(-p))


def errors(p, y, variance):
    """ECE, its value by chance if p were right, and the squared error less its bias by few rows (Kumar 2019)."""
    order = np.argsort(p, kind="stable")
    ece = chance = square = 0.0
    for part in bins(order, p[order]):
        gap = p[part].mean() - y[part].mean()
        ece += len(part) * abs(gap)
        chance += np.sqrt(variance[part].sum()) * np.sqrt(2 / np.pi)
        square += len(part) * (gap**2 - y[part].var(ddof=1) / len(part))
    return np.array([ece, chance, square]) / len(p)


def bins(order, sorted_p):
    """Bins of equal mass; equal predictions stay together, as in the program."""
    start = 0
    for number in range(1, BINS + 1):
        end = (number * len(order) + BINS // 2) // BINS
        if end > start:
            end = int(np.searchsorted(sorted_p, sorted_p[end - 1], side="right"))
            yield order[start:end]
            start = end


def by_draw(cases, size):
    """Cases of a size by source, those of one seed together."""
    for source in sorted({case["source"] for case in cases}):
        mine = [case for case in cases if case["source"] == source and case["size"] == size]
        seeds = sorted({case["seed"] for case in mine})
        yield source, [[case for case in mine if case["seed"] == seed] for seed in seeds]


def figures(cases, predicted, size):
    """By source: ECE, by chance, squared error, log loss; means over seeds."""
    found = {}
    for source, draws in by_draw(cases, size):
        seeds = []
        for here in draws:
            p = np.concatenate([predicted(case) for case in here])
            y, n = (np.concatenate([case[key] for case in here]) for key in ("y", "n"))
            kappa = np.concatenate([np.full(len(case["y"]), case["kappa"]) for case in here])
            variance = p * (1 - p) * (1 / n + (1 - 1 / n) / (kappa + 1))
            seeds.append(np.append(errors(p, y, variance), log_loss(p, y).mean()))
        if seeds:
            found[source] = np.mean(seeds, 0)
    return found


def drawn(p, kappa, n, random):
    """Mean rewards of n rollouts as right beliefs would give them."""
    rates = p.copy()
    many = n > 1
    if many.any():
        rates[many] = random.beta(np.maximum(1e-9, p * kappa)[many], np.maximum(1e-9, (1 - p) * kappa)[many])
    return random.binomial(n.astype(int), rates) / n


def corrected(p, y, correction):
    """Predictions of a draw with the level, or level and slope, that its outcomes have: no prediction can know them."""
    z = np.log(p) - np.log1p(-p)
    design = np.stack([np.ones(len(z)), z - z.mean()], 1)[:, : 1 + (correction == CORRECTIONS[2])]
    offset, found = (z if correction == CORRECTIONS[1] else z.mean()), np.zeros(design.shape[1])
    if correction == CORRECTIONS[2]:
        found[1] = 1
    centre = found.copy()
    # As if one outcome had agreed with the prediction: all right or all wrong must not give infinite log-odds.
    for _ in range(12):
        q = np.clip(expit(offset + design @ found), 1e-6, 1 - 1e-6)
        gradient = design.T @ (y - q) - 0.5 * (found - centre)
        curvature = (design * (q * (1 - q))[:, None]).T @ design + 0.5 * np.eye(len(found))
        found = found + np.clip(np.linalg.solve(curvature, gradient), -1, 1)
    return np.clip(expit(offset + design @ found), 0.005, 0.995)


def gap(p, y):
    """ECE."""
    order = np.argsort(p, kind="stable")
    return sum(abs(p[part].sum() - y[part].sum()) for part in bins(order, p[order])) / len(p)


def parts(cases, size, correction, random):
    """By source: ECE, by the formula and by drawing what right beliefs would show; means over seeds.

    Drawn outcomes are corrected for as the real ones, so that what a correction takes from chance counts on both sides.
    """
    found = {}
    for source, draws in by_draw(cases, size):
        seeds = []
        for here in draws:
            n = np.concatenate([case["n"] for case in here])

            def measured(outcomes, here=here):
                fixed = [
                    case["p"] if correction == CORRECTIONS[0] else corrected(case["p"], y, correction)
                    for case, y in zip(here, outcomes)
                ]
                return np.concatenate(fixed), np.concatenate(outcomes)

            p, y = measured([case["y"] for case in here])
            kappa = np.concatenate([np.full(len(case["y"]), case["kappa"]) for case in here])
            chance = errors(p, y, p * (1 - p) * (1 / n + (1 - 1 / n) / (kappa + 1)))[1]
            ends = np.cumsum([len(case["y"]) for case in here])[:-1]
            repeats = [
                gap(*measured(np.split(drawn(p, kappa, n, random), ends)))
                for _ in range(REPEATS if correction == CORRECTIONS[0] else REPEATS // 10)
            ]
            seeds.append((gap(p, y), chance, np.mean(repeats)))
        if seeds:
            found[source] = np.mean(seeds, 0)
    return found


def levels(cases, size):
    """Root mean squared errors of a draw's level: the head's, the context's mean, and what chance makes of the queries.

    Sources weigh the same.
    """
    squares = {}
    for case in cases:
        if case["size"] == size:
            y, p = case["y"], case["p"]
            noise = (p * (1 - p) * (1 / case["n"] + (1 - 1 / case["n"]) / (case["kappa"] + 1))).sum() / len(y) ** 2
            line = ((p.mean() - y.mean()) ** 2, (case["base"] - y.mean()) ** 2, noise, p.mean() - y.mean())
            squares.setdefault(case["source"], []).append(line)
    means = np.array([np.mean(lines, 0) for lines in squares.values()])
    bias = means[:, 3]
    return np.sqrt(means.mean(0)[:3]), bias.mean(), bias.std(ddof=1) / len(bias) ** 0.5


def made_of(cases):
    """What the calibration error is made of, as a part of the page."""
    random, lines, said = np.random.RandomState(0), [], []
    for correction in CORRECTIONS:
        cells = [correction]
        for size in SIZES:
            found = np.array(list(parts(cases, size, correction, random).values()))
            above = found[:, 0] - found[:, 2]
            error = above.std(ddof=1) / len(above) ** 0.5
            cells += [f"{value:.3f}" for value in found.mean(0)]
            cells.append(f"{above.mean():+.3f} ± {error:.3f}".replace("-", "−"))
        lines.append(cells)
    for size in SIZES:
        (own, base, noise), bias, error = levels(cases, size)
        said.append(
            f"{size} rows: {own:.3f} of the head, {base:.3f} of the context's mean, {noise:.3f} by chance in the"
            + f" queries; mean p less the rate {bias:+.3f} ± {error:.3f}".replace("-", "−")
        )
    head = ["corrected, knowing the outcomes"]
    head += [f"{w}, {size} rows" for size in SIZES for w in ("ECE", "by chance", "by chance, drawn", "above it")]
    return f"""
What the error is made of. *By chance, drawn* is the mean ECE of outcomes that were drawn from the predictions
({REPEATS} times), where *by chance* is the formula that the rest of this page uses; *above it* is measured less drawn,
with its standard error over sources. The corrections know the outcomes of the draw's own queries, and so do those of
the drawn outcomes:

{table(head, lines, 1)}

Root mean squared error of a draw's level (mean prediction against the rate of its queries), {"; ".join(said)}.
"""


def section(cases, shipped):
    sources = sorted({case["source"] for case in cases})
    others = {s: fitted([case for case in cases if case["source"] != s], shipped, PENALTY) for s in sources}
    own = {s: fitted([case for case in cases if case["source"] == s], shipped, PENALTY / 20) for s in sources}

    def by(constants):
        return lambda case: calibration.probability(case["z"], case["level"], case["rows"], constants(case["source"]))

    ways = {
        "as shipped": by(lambda source: shipped),
        "fitted on the other sources": by(lambda source: others[source]),
        "fitted on the source itself": by(lambda source: own[source]),
        "constant: the context's mean": lambda case: np.full(len(case["y"]), np.clip(case["base"], 0.005, 0.995)),
    }
    found = {(way, size): figures(cases, predicted, size) for way, predicted in ways.items() for size in SIZES}
    cells, said = [], []
    for way in ways:
        cells.append([way])
        for size in SIZES:
            ece, chance, square, loss = np.mean(list(found[way, size].values()), 0)
            root = np.sign(square) * np.sqrt(abs(square))
            cells[-1] += [f"{value:.3f}" for value in (ece, chance, root, loss)]
    for size in SIZES:
        one, other = (found[way, size] for way in ("as shipped", "fitted on the other sources"))
        less = np.array([other[source] - one[source] for source in one])
        mean, error = less.mean(0), less.std(0, ddof=1) / len(less) ** 0.5
        said.append(
            f"{mean[0]:+.4f} ± {error[0]:.4f} ECE and {mean[3]:+.4f} ± {error[3]:.4f} log loss at {size} rows".replace(
                "-", "−"
            )
        )
    head = ["calibration"]
    head += [f"{what}, {size} rows" for size in SIZES for what in ("ECE", "by chance", "unbiased RMS", "log loss")]
    return f"""
How far calibration could come. The shipped constants are fitted on training outcomes alone: policies that were kept
apart, on prompts that their copy of the difficulty network has not seen, and with a copy that has not seen the source.
Fitted again, on evaluation outcomes:

{table(head, cells, 1)}

({len(sources)} sources, {len(cases)} draws, all query prompts.) Constants of the other sources instead of the shipped
ones change {" and ".join(said)}.
So other data for the calibration would change little. Even constants of the source itself, which nobody can know,
leave an ECE that is nearly the one by chance. What remains is the level of single policies: a constant, which needs no
calibration, has the error of a mean of few rows. *Unbiased RMS* is the root of the mean squared gap of the bins, less
its bias by few rows ([Kumar, Liang and Ma 2019](https://arxiv.org/abs/1909.10155)).
{made_of(cases)}"""


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder with eval/", required=True)
    parser.add_argument("--embeddings", required=True, nargs="+", metavar="FILE", help="from statezero model embed")
    parser.add_argument("--head", default=paths.ROOT / "Sources/Heads/Compact/Resources/compact-head.safetensors")
    parser.add_argument("--policies", type=int, default=6, help="policy versions of a source (default: %(default)s)")
    parser.add_argument("--prompts", type=int, default=500, help="of a source and role (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=2, help="draws of a policy version (default: %(default)s)")
    arguments.add_output(parser, "page with the section", default="EVALUATION.md")
    options = parser.parse_args()
    stems = sorted(pathlib.Path(options.data, "eval").glob("*.outcomes.jsonl.gz"))
    parts = [limited(str(path).removesuffix(".outcomes.jsonl.gz"), str(FOLDER), options.prompts) for path in stems]
    corpus = load(os.devnull, [os.path.dirname(parts[0])], options.embeddings)
    head, cases = Head(options.head), []
    for source, records in sorted(corpus.evaluation.items()):
        records = sorted(records, key=lambda record: hashlib.sha256(record.name.encode()).digest())[: options.policies]
        mine = list(draws(head, corpus, records, options.seeds))
        if sum(len(case["y"]) for case in mine if case["seed"] == 0 and case["size"] == 256) >= SOURCE_QUERIES_LEAST:
            cases += mine
        print(f"{source}: {len(mine)} draws", flush=True)
    markdown.replace_between(options.output, BEGIN, END, section(cases, head.w["calibration.probability"]))


if __name__ == "__main__":
    main()
