"""Writes Tests/Goldens/head/references.json: the Gaussian process with references, from the slow version.

    python3 make_references.py ../../head/constants.json ../../../Tests/Goldens/head

Needs numpy and scipy. All prompts are in the pool; a case's context is the first rows, its queries are the last.
"""

import json
import os
import sys

import numpy as np
import scipy
from scipy.special import betaln

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../head"))
import gaussian_process as gp  # noqa: E402
import references as refs  # noqa: E402

PROMPTS, QUERIES, COLUMNS = 180, 12, 8
CASES = [  # name, rows, rollouts of an outcome, references, share of prompts without an outcome, old record
    ("one", 32, [1], 1, 0.1, False),
    ("three", 32, [1, 4], 3, 0.1, False),
    ("signed", 140, [8], 3, 0.1, False),
    ("useless", 140, [1], 4, 0.1, False),
    ("few prompts", 32, [1], 2, 0.95, False),
    ("in part", 64, [1], 5, 0.7, False),
    ("record", 64, [8], 0, 0.0, True),
    ("both", 48, [1, 2], 3, 0.5, True),
]


def policies(random, kind, count, missing, rates):
    """Outcomes (K, P) with NaN where there is none, and rollouts."""
    noise = 5.0 if kind == "useless" else 1.0
    slope = 0 if kind == "useless" else 4
    truth = 1 / (1 + np.exp(-(slope * (rates - 0.5) + noise * random.randn(count, PROMPTS))))
    n = np.tile(np.array([1, 4, 16, 1, 2])[:count, None], PROMPTS)
    values = random.binomial(n, truth) / n
    if kind == "signed":
        values[-1] = 1 - values[-1]
    return np.where(random.rand(count, PROMPTS) < missing, np.nan, values), n


def concentration(p, rewards, n, centre):
    many = n > 1
    if not many.any():
        return float(np.exp(centre))
    p, k, n = p[many], (rewards * n)[many], n[many]
    scores = [
        np.sum(betaln(p * kappa + k, (1 - p) * kappa + n - k) - betaln(p * kappa, (1 - p) * kappa))
        - (np.log(kappa) - centre) ** 2 / (2 * gp.KAPPA_SPREAD**2)
        for kappa in gp.KAPPAS
    ]
    return float(gp.KAPPAS[int(np.argmax(scores))])


def rounded(values):
    return np.asarray(values, np.float64).round(9).tolist()


def case(random, x, f, rates, constants, name, rows, rollouts, count, missing, has_record):
    context, queries = np.arange(rows), np.arange(PROMPTS - QUERIES, PROMPTS)
    n = random.choice(rollouts, rows)
    rewards = random.binomial(n, rates[:rows]) / n
    result = {"name": name, "rows": rows, "rewards": rewards.tolist(), "rollouts": n.tolist()}
    groups = []

    def add(prefix, values, number, null):
        column = refs.References(values, number, x, f, constants).column(context, rewards)
        null = column.null if null is None else null
        options = refs.with_null(refs.REFERENCE_OPTIONS, null)
        groups.append(refs.Group(column.context[:, None], column.of(queries)[:, None], options))
        result[prefix + "Weights"] = rounded(column.weights)
        result[prefix + "Null"] = null
        result[prefix + "Column"] = rounded(column.of(np.arange(PROMPTS)))

    if count:
        values, number = policies(random, name, count, missing, rates)
        result["values"] = [[None if np.isnan(v) else v for v in row] for row in values.tolist()]
        result["valueRollouts"] = number[:, 0].tolist()
        add("policy", values, number, None)
    if has_record:
        number = random.choice([0, 2, 8], PROMPTS)
        successes = random.binomial(number, np.clip(rates + 0.1 * random.randn(PROMPTS), 0, 1))
        result["recordSuccesses"], result["recordRollouts"] = successes.tolist(), number.tolist()
        values = refs.stale_record(successes, number)[None]
        add("record", values, np.maximum(number, 1)[None], refs.RECORD_NULL)
    raw, _, left_out, _ = refs.raw_score(x[context], f[context], rewards, n, x[queries], f[queries], constants, groups)
    link = refs.Link.fit(refs.link_score(left_out), rewards)
    p = np.clip(link.probability(refs.link_score(raw)), 0.005, 0.995)
    own = np.clip(link.probability(refs.link_score(left_out)), 0.005, 0.995)
    result.update(leftOut=rounded(left_out), raw=rounded(raw), p=rounded(p))
    result["kappa"] = round(concentration(own, rewards, n, constants["logKappa"]), 9)
    print(name, "weights", result.get("policyWeights"), "null", result.get("policyNull"), "p", p.round(3))
    return result


def main():
    with open(sys.argv[1]) as file:
        constants = json.load(file)
    random = np.random.RandomState(11)
    x = random.randn(PROMPTS, COLUMNS)
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).round(4)
    f = (np.abs(random.randn(PROMPTS, len(constants["mean"]))) * 1.5).round(3)
    rates = 1 / (1 + np.exp(-(1.5 * x[:, 0] * COLUMNS**0.5 + random.randn(PROMPTS))))
    value = {
        "made by": "scripts/goldens/head/make_references.py",
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "columns": COLUMNS,
        "queries": QUERIES,
        "features": np.hstack([x, f]).ravel().tolist(),
        "cases": [case(random, x, f, rates, constants, *each) for each in CASES],
    }
    with open(os.path.join(sys.argv[2], "references.json"), "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
