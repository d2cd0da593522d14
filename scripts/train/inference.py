"""The compact head in numpy and double precision: HEAD.md, done slowly. Reads the safetensors that train.py writes.

    head = Head("compact-head.safetensors")
    context = Rows(embeddings, surface, grams)                    # (N, E), raw (N, 30), a list of N sparse vectors
    prepared = head.prepare(context, rewards, rollouts)           # (N,), (N,)
    p, kappa, stages = head.predict(prepared, queries)            # (Q,), float, intermediate results

Columns of references and fields of covariates are optional parts of `Rows`; `scripts/head` makes them.
"""

import copy
import json
import math
import pathlib
import sys
from dataclasses import dataclass, field

import numpy as np
from safetensors import safe_open
from scipy.special import betaln, erf

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "head"))
from character_grams import GramContext
from covariates import chosen_amplitudes
from references import Group, Link, joint_options, left_out, log_posterior, options_of, uphill, with_null

NEWTON_STEPS = 12
LEVEL_VARIANCE = 4.0
WEIGHT_MIN = 0.02 * 0.98
ODDS_MIN = 1e-3
WIDE_SHARE = 0.2
SPREAD, SPREAD_ROWS = 0.7, 8
KAPPAS = 0.2 * 250 ** (np.arange(41) / 40)
KAPPA_SPREAD = 1.0
P_LEAST = 0.005


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gelu(z):
    return 0.5 * z * (1 + erf(z / math.sqrt(2)))


@dataclass
class Rows:
    """Features of rows. `columns` (N, J) are standardised columns of references; `fields` kernels of covariates."""

    x: np.ndarray
    surface: np.ndarray
    grams: list | None = None
    wide: np.ndarray | None = None  # (N,) share of wide characters
    columns: np.ndarray | None = None
    nulls: tuple = ()  # (J,) prior of "this column says nothing"
    fields: list = field(default_factory=list)  # what `covariates.py` makes, each with the rows of one covariate

    def __post_init__(self):
        self.count = len(self.x)
        if self.columns is None:
            self.columns = np.zeros((self.count, 0))


class Head:
    def __init__(self, path):
        with safe_open(path, "np") as file:
            self.w = {name: file.get_tensor(name).astype(np.float64) for name in file.keys()}  # noqa: SIM118
            self.metadata = file.metadata()
        self.references = json.loads(self.metadata["references"])

    def copy(self, fold, folds):
        """The head with the copy of the difficulty network that has not seen a fold's prompts: a part of its units.

        The file has the mean of the copies' last biases. That of a copy differs from it by less than 0.06 standard
        deviations of a column.
        """
        units = len(self.w["difficulty.first.bias"]) // folds
        part = slice(fold * units, (fold + 1) * units)
        found = copy.copy(self)
        found.w = self.w | {
            "difficulty.first.weight": self.w["difficulty.first.weight"][part],
            "difficulty.first.bias": self.w["difficulty.first.bias"][part],
            "difficulty.second.weight": self.w["difficulty.second.weight"][:, part] * folds,
        }
        return found

    def dense(self, name, x):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def columns(self, rows):
        """1. Standardised surface features z and the difficulty network's seven columns."""
        z = np.clip((rows.surface - self.w["surface.mean"]) / self.w["surface.scale"], -5, 5)
        hidden = gelu(self.dense("difficulty.first", np.hstack([rows.x, z])))
        return z, self.dense("difficulty.second", hidden)

    def prepare(self, rows, rewards, rollouts):
        y, n = np.asarray(rewards, np.float64), np.asarray(rollouts, np.float64)
        z, columns = self.columns(rows)
        c = {"features": rows, "z": z, "columns": columns, "y": y, "n": n, "rows": rows.count}
        self.standardise(c)
        self.kernels(c)
        self.linearise(c)
        c["amplitudes"] = np.zeros(0)
        if rows.fields:
            c["amplitudes"] = chosen_amplitudes(c, self.factorised)
        self.regress(c)
        self.fit_link(c)
        c["kappa"] = self.concentration(c)
        return c

    @staticmethod
    def standardise(c):
        """2. Mean and deviation of the surface features within the context, shrunk towards the population."""
        rows = c["rows"]
        c["mean"] = c["z"].sum(0) / (rows + 1)
        c["deviation"] = np.sqrt((((c["z"] - c["mean"]) ** 2).sum(0) + 2) / (rows + 8))

    @staticmethod
    def inner(c, z):
        return np.clip((z - c["mean"]) / c["deviation"], -4, 4)

    def kernels(self, c):
        """5. Kernels between the context's rows, before a setting's amplitudes."""
        rows = c["features"]
        gamma = self.w["regression.constants"][0]
        c["inner"] = self.inner(c, c["z"])
        cosines = rows.x @ rows.x.T
        c["radial"] = np.exp(-gamma * np.maximum(0, 2 - 2 * cosines))
        c["cosine_mean"] = cosines.mean(1) if rows.count else np.zeros(0)
        level = c["cosine_mean"].mean() if rows.count else 0.0
        c["spread"] = level, (rows.count * (1 - level) + SPREAD_ROWS * SPREAD) / (rows.count + SPREAD_ROWS)
        c["linear"] = self.linear(c, cosines)
        factors = c["columns"][:, 1:]
        variance = self.w["regression.variance"]
        c["column_kernel"] = factors * variance[:6] @ factors.T
        c["surface_kernel"] = c["inner"] * variance[6:] @ c["inner"].T
        c["prior"] = c["inner"] @ self.w["regression.prior"]
        c["gram_context"], c["gram_kernel"], c["gram_factor"] = None, 0.0, 0.0
        if rows.grams is not None and rows.count:
            c["gram_context"] = GramContext(rows.grams)
            c["gram_kernel"] = c["gram_context"].kernel
            c["gram_factor"] = self.w["regression.wide"][0] if rows.wide.mean() > WIDE_SHARE else 1.0

    @staticmethod
    def linear(c, cosines):
        """Products of embeddings less the context's mean, in units of its spread, from their cosines with it."""
        if not c["rows"]:
            return cosines
        level, spread = c["spread"]
        return (cosines - cosines.mean(1)[:, None] - c["cosine_mean"] + level) / spread

    def linearise(self, c):
        """4. The level, the columns' slopes there, and rewards as pseudo-observations of log-odds with noise."""
        _, noise, _, overdispersion, population, _, expansion = self.w["regression.constants"]
        y, b, columns = c["y"], c["columns"][:, 0], c["features"].columns
        count = columns.shape[1]
        design = np.hstack([np.ones((c["rows"], 1)), columns])
        slope, variance = self.references["slope"]
        centre = np.concatenate([[population], np.full(count, slope)])
        precision = np.concatenate([[1 / LEVEL_VARIANCE], np.full(count, 1 / variance)])
        found = centre.copy()
        for _ in range(NEWTON_STEPS):
            p = sigmoid(design @ found + b)
            gradient = design.T @ (y - p) - precision * (found - centre)
            curvature = (design * (p * (1 - p))[:, None]).T @ design + np.diag(precision)
            step = np.clip(np.linalg.solve(curvature, gradient), -2, 2)
            if count:
                step = uphill(lambda v: log_posterior(v, design, b, y, precision, centre), found, step)
            found = found + step
        c["level"], c["slopes"] = found[0], found[1:]
        at = expansion * b + columns @ c["slopes"]
        p = sigmoid(c["level"] + at)
        weight = np.maximum(p * (1 - p), WEIGHT_MIN)
        c["target"] = at + (y - p) / weight
        c["ridge"] = noise * (overdispersion + (1 - overdispersion) / c["n"]) / weight

    def factorised(self, c, k, rows=None, extra=0.0):
        """The inverse Cholesky factor of setting k's matrix, of the first `rows`, with `extra` added to it."""
        smooth, factor, surface, gram, linear = (self.w["regression.settings"][i, k] for i in (2, 3, 4, 6, 8))
        matrix = (
            smooth * c["radial"]
            + gram * c["gram_factor"] * c["gram_kernel"]
            + factor * c["column_kernel"]
            + surface * c["surface_kernel"]
            + linear * c["linear"]
            + self.w["regression.constants"][2]
            + np.diag(c["ridge"])
        )
        factor = np.linalg.cholesky((matrix + extra)[:rows, :rows])
        return np.linalg.inv(factor), np.log(np.diag(factor)).sum()

    def regress(self, c):
        """5. Solutions of all settings, twins and options, and their mean by odds."""
        _, _, level_variance, _, _, temper, _ = self.w["regression.constants"]
        slope, share, smooth, factor, surface, log_odds, gram, twin_odds, linear = self.w["regression.settings"]
        rows, columns, b = c["rows"], c["features"].columns, c["columns"][:, 0]
        extra = sum(a * f.kernel for a, f in zip(c["amplitudes"], c["features"].fields))
        options = self.options(c["features"].nulls)
        score, parts = [], []
        for k in range(len(slope)):
            inverse, log_determinant = self.factorised(c, k, extra=extra)
            residuals = [c["target"] - slope[k] * b - share[k] * c["prior"], c["target"]]
            solve = inverse.T @ (inverse @ np.column_stack(residuals + [columns]))
            solved, diagonal = solve[:, 2:], (inverse**2).sum(0)
            for twin, odds in ((0, log_odds[k]), (1, twin_odds[k])):
                solution = solve[:, twin]
                quadratic, gain, coefficients, middles = options_of(solution, solved, columns, residuals[twin], options)
                evidence = -0.5 * quadratic - log_determinant - gain / 2
                score.append(temper * evidence + odds + options[2])
                parts.append((k, twin, solution, solved, diagonal, coefficients, middles))
        score = np.array(score)
        odds = np.exp(score - score.max())
        odds = np.where(odds / odds.sum() < ODDS_MIN, 0, odds)
        odds /= odds.sum()
        c["odds"] = odds  # (2·settings, options): a setting, its twin, the next setting …
        names = ("smooth", "gram", "factor", "surface", "linear", "all")
        alpha = {name: np.zeros(rows) for name in names}
        c["coefficients"], c["slope"], c["share"] = np.zeros(columns.shape[1]), 0.0, 0.0
        c["context"] = np.full(rows, c["level"])
        for odd, (k, twin, solution, solved, diagonal, coefficients, middles) in zip(odds, parts):
            mean = odd @ coefficients
            own = odd.sum() * solution - solved @ mean
            amplitudes = (smooth[k], gram[k] * c["gram_factor"], factor[k], surface[k], linear[k], 1.0)
            for name, amplitude in zip(names, amplitudes):
                alpha[name] += amplitude * own
            c["coefficients"] += mean
            if not twin:
                c["slope"] += odd.sum() * slope[k]
                c["share"] += odd.sum() * share[k]
            c["context"] += left_out(c["target"], solution, solved, diagonal, odd, coefficients, middles)
        variance = self.w["regression.variance"]
        c["alpha"], c["linear_alpha"] = alpha["smooth"], alpha["linear"]
        c["column_weights"] = variance[:6] * (c["columns"][:, 1:].T @ alpha["factor"])
        c["surface_weights"] = (
            variance[6:] * (c["inner"].T @ alpha["surface"]) + c["share"] * self.w["regression.prior"]
        )
        c["constant"] = c["level"] + level_variance * alpha["all"].sum()
        c["grams"] = None if c["gram_context"] is None else c["gram_context"].combined(alpha["gram"])
        c["field_weights"] = [a * alpha["all"] for a in c["amplitudes"]]

    def options(self, nulls):
        """Variances (O, J), slopes (O, J) and log priors (O,) of columns of references."""
        if not nulls:
            return np.zeros((1, 0)), np.zeros((1, 0)), np.zeros(1)
        empty = np.zeros((0, 1))
        return joint_options([Group(empty, empty, with_null(self.references["options"], null)) for null in nulls])

    def regression(self, c, rows, z, columns):
        """Log-odds of queries."""
        gamma = self.w["regression.constants"][0]
        cosines = rows.x @ c["features"].x.T
        log_odds = (
            c["constant"]
            + c["slope"] * columns[:, 0]
            + columns[:, 1:] @ c["column_weights"]
            + self.inner(c, z) @ c["surface_weights"]
            + np.exp(-gamma * np.maximum(0, 2 - 2 * cosines)) @ c["alpha"]
            + self.linear(c, cosines) @ c["linear_alpha"]
            + rows.columns @ c["coefficients"]
        )
        if c["grams"] is not None and rows.grams is not None:
            log_odds = log_odds + c["gram_context"].queries(rows.grams, c["grams"])
        for weights, known, asked in zip(c["field_weights"], c["features"].fields, rows.fields):
            log_odds = log_odds + known.cross(asked) @ weights
        return log_odds

    def calibrated(self, c, log_odds):
        """6. Log-odds with a slope and a shift by the context's size."""
        slope, slope_by_size, level, level_by_size, shift, shift_by_size = self.w["calibration.probability"]
        size = math.log2((c["rows"] + 1) / 257)
        return (
            math.exp(slope + slope_by_size * size) * (log_odds - c["level"])
            + (level + level_by_size * size) * c["level"]
            + shift
            + shift_by_size * size
        )

    def fit_link(self, c):
        """6. With columns of references: the calibration fitted on the context's rows left out."""
        c["link"] = None
        if c["features"].columns.shape[1]:
            c["link"] = Link.fit(self.calibrated(c, c["context"]), c["y"], np.array(self.references["link_deviation"]))

    def probability(self, c, log_odds):
        z = self.calibrated(c, log_odds)
        p = sigmoid(z) if c["link"] is None else c["link"].probability(z)
        return np.clip(p, P_LEAST, 1 - P_LEAST)

    def concentration(self, c):
        """7. The likeliest κ of the context's rows of several rollouts, each predicted without itself."""
        centre, by_size, offset, with_references = self.w["calibration.concentration"]
        centre = centre + by_size * math.log2((c["rows"] + 1) / 257)
        if c["features"].columns.shape[1]:
            centre += with_references
        p = self.probability(c, c["context"])
        many = c["n"] > 1
        if not many.any():
            return math.exp(centre)
        p, n = p[many], c["n"][many]
        k = c["y"][many] * n
        a, b = np.outer(KAPPAS, p), np.outer(KAPPAS, 1 - p)
        score = (betaln(a + k, b + n - k) - betaln(a, b)).sum(1)
        score = score - (np.log(KAPPAS) - (centre - offset)) ** 2 / (2 * KAPPA_SPREAD**2)
        return float(KAPPAS[int(np.argmax(score))]) * math.exp(offset)

    def predict(self, c, rows):
        z, columns = self.columns(rows)
        log_odds = self.regression(c, rows, z, columns)
        return self.probability(c, log_odds), c["kappa"], {"z": z, "columns": columns, "log_odds": log_odds}
