"""Covariates: numbers, categories and vectors of the prompts as further kernels, whose amplitudes evidence decides.

A field is one covariate. `field(rows)` of a class below keeps the context's rows; `field.like(values)` makes queries of
the same covariate; `known.cross(asked)` is the kernel between them. HEAD.md has the formulas.
"""

import numpy as np

AMPLITUDES = ((0.0, 0.7), (0.1, 0.1), (0.5, 0.1), (2.0, 0.1))  # (amplitude, prior)
DOUBT = 3  # with few rows the mean amplitude is the prior's, and useless fields then cost .02 of AUC
EVIDENCE_ROWS = 512
RADIAL = 1.5
COLUMN_VARIANCE = 0.3  # of a column of references while amplitudes are chosen


class Number:
    """A number, standardised within the context; a missing one (NaN) counts as the mean. Linear kernel."""

    def __init__(self, values):
        known = values[~np.isnan(values)]
        self.mean = known.mean() if len(known) else 0.0
        deviation = known.std() if len(known) else 0.0
        self.scale = 1 / deviation if deviation > 1e-9 * max(1.0, abs(self.mean)) else 0.0
        self.z = self.standardised(values)
        self.kernel = np.outer(self.z, self.z)

    def standardised(self, values):
        return np.clip(np.nan_to_num((values - self.mean) * self.scale), -4, 4)

    def like(self, values):
        return self.standardised(values)

    def cross(self, asked):
        return np.outer(asked, self.z)


class Category:
    """A category: 1 where two rows have the same, 0 elsewhere and where one is missing (None)."""

    def __init__(self, values):
        self.values = list(values)
        self.kernel = self.cross(self.values)

    def like(self, values):
        return list(values)

    def cross(self, asked):
        return np.array([[float(a is not None and a == b) for b in self.values] for a in asked])


class Vector:
    """A vector; radial kernel of the distance in units of the context's mean squared distance to its mean."""

    def __init__(self, values):
        self.mean = values.mean(0)
        spread = ((values - self.mean) ** 2).sum(1).mean()
        self.scale = 1 / np.sqrt(spread) if spread > 1e-12 else 0.0
        self.z = (values - self.mean) * self.scale
        self.kernel = self.cross(self.z)

    def like(self, values):
        return (values - self.mean) * self.scale

    def cross(self, asked):
        squared = (asked**2).sum(1)[:, None] + (self.z**2).sum(1) - 2 * asked @ self.z.T
        return np.exp(-RADIAL / 2 * np.maximum(0, squared))


def chosen_amplitudes(c, factorised):
    """By field, the mean amplitude by odds, less where 0 is likely; each field with those before it at theirs.

    The matrix is that of the head's first setting on the first rows, the residual has no difficulty in it; columns of
    references take part with a fixed variance. `factorised(c, 0, rows, extra)`: inverse factor, half ln det.
    """
    rows = min(c["rows"], EVIDENCE_ROWS)
    columns = c["features"].columns
    extra = COLUMN_VARIANCE * columns @ columns.T + np.zeros((c["rows"], c["rows"]))
    residual = (c["target"] - c["columns"][:, 0])[:rows]
    amplitudes = []
    for known in c["features"].fields:
        score = []
        for amplitude, prior in AMPLITUDES:
            inverse, log_determinant = factorised(c, 0, rows, extra + amplitude * known.kernel)
            score.append(-0.5 * ((inverse @ residual) ** 2).sum() - log_determinant + np.log(prior))
        odds = np.exp(np.array(score) - max(score))
        odds /= odds.sum()
        mean = float(odds @ [a for a, _ in AMPLITUDES])
        amplitudes.append(mean * (1 - odds[0]) ** DOUBT)
        extra = extra + amplitudes[-1] * known.kernel
    return np.array(amplitudes)
