"""Plans of rollout budgets in numpy, as `Sources/Planning` makes them, for measurements: curves of value, and plans."""

import numpy as np

LEAST, MOST, MEAN = 4, 32, 8
CERTAIN = 1e7  # κ of a rate that is known
# Of the oracle over even budgets. Rates of 0 and 1 are clipped, and 500 clipped rows together show a gain of 5e-4; one
# prompt with a single success in 128 rollouts shows more than this.
GAIN_LEAST = 1e-3


def contrast(p, kappa):
    """`expectedContrast` of 0 … MOST rollouts under Beta(pκ, (1 − p)κ), (Q, MOST + 1)."""
    a, b = p * kappa, (1 - p) * kappa
    values, failure = np.zeros((len(p), MOST + 1)), b / (a + b)
    mixed, total = np.zeros(len(p)), a + b + 1
    for budget in range(1, MOST + 1):
        values[:, budget] = budget * failure * mixed
        mixed = mixed + (1 - mixed) * a / total
        total = total + 1
    return values


def planned(values):
    """Budgets bought along the curves' concave majorants, as the envelope solver does."""
    segments = []
    for row, curve in enumerate(values):
        at = LEAST
        while at < MOST:
            slopes = (curve[at + 1 :] - curve[at]) / np.arange(1, MOST - at + 1)
            end = at + 1 + int(np.argmax(slopes))
            segments.append((-slopes[end - at - 1], at, row, end))
            at = end
    budgets, left = np.full(len(values), LEAST), len(values) * (MEAN - LEAST)
    for _, start, row, end in sorted(segments):
        if budgets[row] == start and left > 0:
            more = min(end - start, left)
            budgets[row] += more
            left -= more
    return budgets
