#!/usr/bin/env python3
"""The share of the oracle's gain that a plan by the true success rates can show; writes that part of EVALUATION.md.

    python3 scripts/evaluation/ceiling.py --data DATA

Plans are measured at observed rates, and a rate of three rollouts is far from the true one. So a policy version's true
rates are drawn from what its outcomes say of them, new outcomes from these, and a plan from the true rates is measured
at the new outcomes, as EVALUATION.md measures plans from beliefs. Needs no model; a minute.
"""

import glob
import hashlib
import math
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import numpy as np
from acceptance import REPEATED
from text import table

from common import arguments, markdown, rows
from common.budgets import CERTAIN, GAIN_LEAST, MEAN, contrast, planned

BEGIN, END = "<!-- ceiling: written by scripts/evaluation/ceiling.py -->", "<!-- end of ceiling -->"
KAPPAS = np.geomspace(0.2, 50, 25)
AIM = 0.4  # of plans with references
VERSIONS, DRAWS, PROMPTS, PROMPTS_LEAST, OUTCOMES_LEAST = 6, 20, 500, 8, 20


def versions(stem):
    """By policy version, chosen by a hash of the names: successes and rollouts of its query rows, and of all rows."""
    found = {}
    for row in rows.each(f"{stem}.outcomes.jsonl.gz"):
        if row["n"] > 1:
            found.setdefault((row["policy_id"], row["policy_version"]), []).append(row)
    names = sorted(found, key=lambda name: hashlib.sha256(repr(name).encode()).digest())
    for name in names:
        k, n = (np.array([value(row) for row in found[name]]) for value in (successes, lambda row: row["n"]))
        asked = np.array([row.get("role") == "query" for row in found[name]])
        if asked.sum() >= PROMPTS_LEAST and len(k) >= OUTCOMES_LEAST:
            yield k[asked][:PROMPTS], n[asked][:PROMPTS], k, n


def successes(row):
    return round(row["reward"] * row["n"])


def prior(k, n):
    """The Beta distribution of a policy's rates: its mean reward, and the likeliest κ of a grid."""
    mean = min(0.98, max(0.02, float(k.sum() / n.sum())))
    pairs, counts = np.unique(np.stack([k, n], 1), axis=0, return_counts=True)

    def likelihood(kappa):
        a, b = mean * kappa, (1 - mean) * kappa
        return sum(
            count * (log_beta(a + k, b + n - k) - log_beta(a, b)) for (k, n), count in zip(pairs.tolist(), counts)
        )

    kappa = max(KAPPAS, key=likelihood)
    return mean * kappa, (1 - mean) * kappa


def log_beta(a, b):
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def share(p, observed):
    """Of the way from equal budgets to the oracle's, at the observed rates, the plan by p; None without a way."""
    at = np.arange(len(p))
    truth = contrast(observed, CERTAIN)
    uniform = truth[:, MEAN].sum()
    oracle = truth[at, planned(truth)].sum()
    if oracle - uniform <= GAIN_LEAST:
        return None
    return (truth[at, planned(contrast(p, CERTAIN))].sum() - uniform) / (oracle - uniform)


def ceiling(stem):
    """Mean share, spread over draws, versions, prompts and rollouts."""
    random, shares, prompts, rollouts = np.random.RandomState(0), [], [], []
    for k, n, every_k, every_n in list(versions(stem))[:VERSIONS]:
        a, b = prior(every_k, every_n)
        found = []
        for _ in range(DRAWS):
            p = np.clip(random.beta(a + k, b + n - k), 1e-6, 1 - 1e-6)
            observed = np.clip(random.binomial(n, p) / n, 1e-9, 1 - 1e-9)
            found.append(share(p, observed))
        found = [value for value in found if value is not None]
        if found:
            shares.append((np.mean(found), np.std(found)))
            prompts.append(len(k))
            rollouts.append(np.median(n))
    if not shares:
        return None
    means, spreads = np.array(shares).T
    return means.mean(), spreads.mean(), len(shares), np.mean(prompts), np.median(rollouts)


def section(found):
    cells = [
        [f"`{source}`", count, round(prompts), round(rollouts), f"{mean:.2f}", f"{spread:.2f}"]
        for source, (mean, spread, count, prompts, rollouts) in found
    ]
    head = [
        "source",
        "versions",
        "prompts of a plan",
        "rollouts a prompt",
        "share with the true rates",
        "spread of a plan",
    ]
    short = [f"`{source}`" for source, figures in found if figures[0] < AIM]
    said = (
        f"On {' and '.join(short)} the share of {AIM} that is aimed at with references cannot be shown: the rates"
        " are too noisy, whatever is believed.\n"
        if short
        else ""
    )
    return f"""
What can be reached: the share of a plan that knows the true rates. It is below 1, because the oracle knows the noise of
the observed rates too. True rates are drawn from what a version's outcomes say of them (a Beta distribution fitted to
all of its rows, and the prompt's own outcomes), new outcomes from these; {DRAWS} times. *Spread* is the standard
deviation of one version's plan over these draws.

{table(head, cells, 1)}

{said}"""


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder with eval/", required=True)
    arguments.add_output(parser, "page with the section", default="EVALUATION.md")
    options = parser.parse_args()
    stems = sorted(glob.glob(os.path.join(options.data, "eval/*.outcomes.jsonl.gz")))
    found = []
    for stem in (path.removesuffix(".outcomes.jsonl.gz") for path in stems):
        if os.path.basename(stem) in REPEATED:
            figures = ceiling(stem)
            if figures:
                found.append((os.path.basename(stem), figures))
    markdown.replace_between(options.output, BEGIN, END, section(found))


if __name__ == "__main__":
    main()
