"""Slope, shift and concentration, fitted on policies that are in neither training nor evaluation."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit

SIZES = (0, 16, 64, 256)
LIMIT = 0.005


def probability(z, level, rows, v):
    size = np.log2((rows + 1) / 257)
    score = np.exp(v[0] + v[1] * size) * (z - level) + (v[2] + v[3] * size) * level + v[4] + v[5] * size
    return np.clip(expit(score), LIMIT, 1 - LIMIT)


def fit_probability(cases):
    """`cases` are dicts with source, z (Q,), level, rows, y (Q,). Sources weigh the same. Returns six constants."""
    share = {}
    for case in cases:
        share[case["source"]] = share.get(case["source"], 0) + len(case["y"])
    z, y = np.concatenate([c["z"] for c in cases]), np.concatenate([c["y"] for c in cases])
    level, rows = (np.concatenate([np.full(len(c["y"]), c[key], float) for c in cases]) for key in ("level", "rows"))
    weight = np.concatenate([np.full(len(c["y"]), 1 / share[c["source"]]) for c in cases])
    weight /= weight.sum()

    def loss(v):
        p = probability(z, level, rows, v)
        return -np.sum(weight * (y * np.log(p) + (1 - y) * np.log1p(-p))) + 0.002 * np.sum((v - START) ** 2)

    START = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    found = minimize(loss, START, method="L-BFGS-B")
    return found.x, float(loss(START)), float(found.fun)


def beta_binomial(kappa, p, k, n):
    a, b = p * kappa, (1 - p) * kappa
    return betaln(a + k, b + n - k) - betaln(a, b)


ROLLOUTS_MOST = 16  # of a row; one of a hundred rollouts would outweigh all others in the concentration


def thinned(rewards, rollouts, random):
    """Rewards and rollouts of at most ROLLOUTS_MOST of a row's rollouts, drawn without replacement.

    The mean of all must not stand for that of sixteen, which varies more: beliefs would be too sure, by 0.3 of ln κ at
    128 rollouts.
    """
    n = np.minimum(rollouts, ROLLOUTS_MOST)
    solved = np.round(rewards * rollouts).astype(int)
    drawn = random.hypergeometric(solved, rollouts.astype(int) - solved, n.astype(int))
    return np.where(rollouts > ROLLOUTS_MOST, drawn / n, rewards), n


def has_several(rollouts):
    """Whether most rows have several rollouts.

    Single ones among rows of one are mostly the same greedy answer counted twice, or a prompt that the source has
    twice; such sources would weigh as much as the others and say anything from e⁻³ to e³.
    """
    return len(rollouts) > 0 and np.median(rollouts) > 1


KAPPAS = np.geomspace(0.2, 50, 41)
KAPPA_SPREAD = 1.0


def fit_concentration(cases, log):
    """`cases` have p, thinned, n, source of queries, rows, and context_p, context_y, context_n. Three constants.

    ln κ is `centre + by_size·log2((N + 1)/257)` without rows of several rollouts; with them it is what they say, under
    a prior, plus `offset`, which makes up for their having been seen by the difficulty network.
    """
    cases = [c for c in cases if has_several(c["n"])]
    share = {}
    for c in cases:
        share[c["source"]] = share.get(c["source"], 0) + (c["n"] > 1).sum()

    def total(ln_kappa):
        value = 0.0
        for c, ln in zip(cases, ln_kappa):
            many = c["n"] > 1
            value -= (
                np.sum(beta_binomial(np.exp(ln), c["p"][many], (c["thinned"] * c["n"])[many], c["n"][many]))
                / share[c["source"]]
            )
        return value

    size = np.array([np.log2((c["rows"] + 1) / 257) for c in cases])
    plain = minimize(lambda v: total(v[0] + v[1] * size) + 0.01 * v[1] ** 2, [0.0, 0.0], method="Nelder-Mead")
    centre, by_size = plain.x

    def own(offset):
        result = []
        for c, s in zip(cases, size):
            many = c["context_n"] > 1
            prior = centre + by_size * s
            if not many.any():
                result.append(prior)
                continue
            p, n = c["context_p"][many], c["context_n"][many]
            k = c["context_y"][many] * n
            score = np.array([beta_binomial(kappa, p, k, n).sum() for kappa in KAPPAS])
            score -= (np.log(KAPPAS) - (prior - offset)) ** 2 / (2 * KAPPA_SPREAD**2)
            result.append(np.log(KAPPAS[int(np.argmax(score))]) + offset)
        return np.array(result)

    offsets = np.linspace(-1, 1, 21)
    losses = [total(own(o)) for o in offsets]
    found = np.array([centre, by_size, offsets[int(np.argmin(losses))]])
    log(
        f"concentration: {plain.fun:.4f} nats a row by size, {min(losses):.4f} by the context's rows: "
        f"{found.round(3).tolist()}, of {', '.join(sorted(share))}"
    )
    return found
