"""The Gaussian-process head in numpy: the slow version of Sources/Heads/GaussianProcess/GaussianProcessHead.swift.

constants.json (made by fit.py on training policies) holds the population's mean and scale of the surface features, the
prior weights, the calibration and the concentration. `python3 fit.py` says how.
"""

import numpy as np
from scipy.special import betaln

GAMMA = 1.5  # of exp(-gamma * squared distance of unit embeddings)
SURFACE = 0.12  # variance of the linear part, as a share of the radial one
LAMBDAS = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0]
SHRINK_ROWS, SHRINK_VARIANCE = 8.0, 0.25
OVERDISPERSION = 0.4  # share of a single rollout's noise that more rollouts do not remove


def population(features, constants):
    z = (features - np.array(constants["mean"])) / np.array(constants["scale"])
    return np.clip(z, -5, 5)


def standardised(context, queries):
    """Within the context, shrunk towards the population: 8 rows' worth of variance 0.25."""
    rows = len(context)
    mean = context.mean(0)
    variance = ((context - mean) ** 2).mean(0)
    deviation = np.sqrt((variance * rows + SHRINK_VARIANCE * SHRINK_ROWS) / (rows + SHRINK_ROWS))
    return np.clip((context - mean) / deviation, -4, 4), np.clip((queries - mean) / deviation, -4, 4)


def base_rate(rewards):
    return (np.sum(rewards) + 0.5) / (len(rewards) + 1)


def raw_score(embeddings, surface, rewards, n, query_embeddings, query_surface, constants, subset=1024):
    """Posterior mean of the reward before calibration, the context's base rate, and leave-one-out scores of its rows.

    Leave-one-out is that of the most likely lambda, on the first `subset` rows.
    """
    rows = len(rewards)
    base = base_rate(rewards)
    context, queries = standardised(population(surface, constants), population(query_surface, constants))
    weights = np.array(constants["prior"]) * np.std(rewards)
    residual = rewards - base - (context @ weights - (context @ weights).mean())
    noise = OVERDISPERSION + (1 - OVERDISPERSION) / n
    noise = noise / noise.mean()
    share = SURFACE / context.shape[1]
    kernel = np.exp(-GAMMA * np.maximum(0, 2 - 2 * embeddings @ embeddings.T)) + share * context @ context.T
    evidence, solutions, factors = [], [], []
    chosen = min(rows, subset)
    for value in LAMBDAS:
        factor = np.linalg.cholesky(kernel[:chosen, :chosen] + np.diag(value * noise[:chosen]))
        white = np.linalg.solve(factor, residual[:chosen])
        evidence.append(-chosen / 2 * np.log(np.mean(white**2) + 1e-12) - np.log(np.diag(factor)).sum())
        factors.append((factor, white))
        if rows == chosen:
            solutions.append(np.linalg.solve(factor.T, white))
    odds = np.exp(np.array(evidence) - max(evidence))
    odds = np.where(odds < 1e-3, 0, odds)
    odds /= odds.sum()
    if rows > chosen:
        solutions = [
            np.linalg.solve(kernel + np.diag(value * noise), residual) if odd > 0 else np.zeros(rows)
            for odd, value in zip(odds, LAMBDAS)
        ]
    alpha = odds @ np.array(solutions)
    radial = np.exp(-GAMMA * np.maximum(0, 2 - 2 * query_embeddings @ embeddings.T))
    linear = weights + share * context.T @ alpha
    raw = base + radial @ alpha + queries @ linear - (context @ weights).mean()
    factor, white = factors[int(np.argmax(evidence))]
    inverse = np.linalg.inv(factor)
    return raw, base, rewards[:chosen] - (inverse.T @ white) / (inverse**2).sum(0)


def logit(p):
    return np.log(p) - np.log1p(-p)


def calibrated(raw, base, rows, constants):
    """Slope and shrinkage of the log-odds, both by the context's size."""
    size = np.log2(rows / 256)
    slope = np.exp(constants["slope"][0] + constants["slope"][1] * size)
    level = constants["level"]
    score = level * logit(base) + slope * (raw - base) / (base * (1 - base))
    return np.clip(1 / (1 + np.exp(-score)), 0.005, 0.995)


KAPPAS = 0.2 * 250 ** (np.arange(41) / 40)  # 0.2 … 50
KAPPA_SPREAD = 1.0  # of ln kappa between policies


def concentration(left_out, rewards, n, base, rows, constants):
    """Most likely kappa given the context's rows of several rollouts, each judged by its leave-one-out score."""
    centre = constants["logKappa"]
    p = calibrated(left_out, base, rows, constants)
    many = n[: len(p)] > 1
    if not many.any():
        return float(np.exp(centre))
    p, n = p[many], n[: len(many)][many]
    k = rewards[: len(many)][many] * n
    best = []
    for kappa in KAPPAS:
        a, b = p * kappa, (1 - p) * kappa
        likelihood = np.sum(betaln(a + k, b + n - k) - betaln(a, b))
        best.append(likelihood - (np.log(kappa) - centre) ** 2 / (2 * KAPPA_SPREAD**2))
    return float(KAPPAS[int(np.argmax(best))])
