"""The compact head in numpy and double precision: HEAD.md, done slowly. Reads the safetensors that train.py writes.

head = Head("compact-head.safetensors")
prepared = head.prepare(embeddings, surface, rewards, rollouts)   # (N, 384), raw (N, 30), (N,), (N,)
p, kappa, stages = head.predict(prepared, embeddings, surface)    # (Q,), float, intermediate results
"""

import math

import numpy as np
from safetensors.numpy import load_file
from scipy.special import betaln, erf

NEWTON_STEPS = 12
LEVEL_VARIANCE = 4.0
WEIGHT_MIN = 0.02 * 0.98
ODDS_MIN = 1e-3
HEADS = 4
LOG_ODDS_MAX = 6.0
KAPPAS = 0.2 * 250 ** (np.arange(41) / 40)
KAPPA_SPREAD = 1.0


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gelu(z):
    return 0.5 * z * (1 + erf(z / math.sqrt(2)))


def log_loss(z, y):
    """−y ln σ(z) − (1 − y) ln(1 − σ(z))"""
    return np.logaddexp(0, z) - y * z


class Head:
    def __init__(self, path):
        self.w = {name: value.astype(np.float64) for name, value in load_file(path).items()}
        self.correctors = len({name.split(".")[1] for name in self.w if name.startswith("corrector.")})
        self.depth = len({name.split(".")[3] for name in self.w if name.startswith("corrector.0.layers.")})

    def dense(self, name, x):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def norm(self, name, x):
        centred = x - x.mean(-1, keepdims=True)
        return (
            centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * self.w[name + ".weight"]
            + self.w[name + ".bias"]
        )

    def columns(self, x, surface):
        """1. Standardised surface features z and the difficulty network's seven columns."""
        z = np.clip((surface - self.w["surface.mean"]) / self.w["surface.scale"], -5, 5)
        hidden = gelu(self.dense("difficulty.first", np.hstack([x, z])))
        return z, self.dense("difficulty.second", hidden)

    def prepare(self, x, surface, rewards, rollouts):
        rows = len(rewards)
        y, n = np.asarray(rewards, np.float64), np.asarray(rollouts, np.float64)
        x = np.asarray(x, np.float64).reshape(rows, -1) if rows else np.zeros((0, 384))
        z, columns = self.columns(x, np.asarray(surface, np.float64).reshape(rows, 30))
        c = {"x": x, "z": z, "columns": columns, "y": y, "n": n, "rows": rows}
        self.standardise(c)
        self.regress(c)
        if self.correctors:
            c["summary"] = self.summary(c)
        c["keys"] = [self.context_layers(m, c) for m in range(self.correctors)]
        c["kappa"] = self.concentration(c)
        return c

    def regress(self, c):
        """3. The level, the settings' solutions and odds, and each row's log-odds without its own reward."""
        gamma, noise, level_variance, overdispersion, population, temper, expansion = self.w["regression.constants"]
        slope, share, smooth, factor, surface, log_odds = self.w["regression.settings"]
        settings = len(slope)
        y, b, columns, inner = c["y"], c["columns"][:, 0], c["columns"][:, 1:], self.inner(c, c["z"])
        level = population
        for _ in range(NEWTON_STEPS):
            p = sigmoid(level + b)
            step = ((y - p).sum() - (level - population) / LEVEL_VARIANCE) / ((p * (1 - p)).sum() + 1 / LEVEL_VARIANCE)
            level += np.clip(step, -2, 2)
        c["level"] = level
        p = sigmoid(level + expansion * b)
        weight = np.maximum(p * (1 - p), WEIGHT_MIN)
        target = expansion * b + (y - p) / weight
        ridge = noise * (overdispersion + (1 - overdispersion) / c["n"]) / weight
        radial = np.exp(-gamma * np.maximum(0, 2 - 2 * c["x"] @ c["x"].T))
        column_variance, surface_variance = self.w["regression.variance"][:6], self.w["regression.variance"][6:]
        columns_kernel = columns * column_variance @ columns.T
        surface_kernel = inner * surface_variance @ inner.T
        prior = inner @ self.w["regression.prior"]
        evidence, alphas, left_out = [], [], []
        for k in range(settings):
            residual = target - slope[k] * b - share[k] * prior
            factorised = np.linalg.cholesky(
                smooth[k] * radial
                + factor[k] * columns_kernel
                + surface[k] * surface_kernel
                + level_variance
                + np.diag(ridge)
            )
            inverse = np.linalg.inv(factorised)
            alpha = inverse.T @ (inverse @ residual)
            alphas.append(alpha)
            left_out.append(target - alpha / (inverse**2).sum(0))
            evidence.append(-0.5 * residual @ alpha - np.log(np.diag(factorised)).sum())
        score = temper * np.array(evidence) + log_odds
        odds = np.exp(score - score.max())
        odds = np.where(odds / odds.sum() < ODDS_MIN, 0, odds)
        odds /= odds.sum()
        # All settings together: one weight per row for the radial part, one per column or feature, and two numbers.
        alphas = np.array(alphas).reshape(settings, c["rows"])
        c["odds"] = odds
        c["radial"] = (odds * smooth) @ alphas
        c["column_weights"] = column_variance * (columns.T @ ((odds * factor) @ alphas))
        c["surface_weights"] = (
            surface_variance * (inner.T @ ((odds * surface) @ alphas)) + (odds @ share) * self.w["regression.prior"]
        )
        c["constant"] = level + level_variance * (odds @ alphas).sum()
        c["slope"] = odds @ slope
        c["prior_context"] = level + b
        c["context"] = level + odds @ np.array(left_out).reshape(settings, c["rows"]) if c["rows"] else np.zeros(0)

    def regression(self, c, x, z, columns):
        """Log-odds of queries from the regression alone."""
        gamma = self.w["regression.constants"][0]
        radial = np.exp(-gamma * np.maximum(0, 2 - 2 * x @ c["x"].T))
        return (
            c["constant"]
            + c["slope"] * columns[:, 0]
            + columns[:, 1:] @ c["column_weights"]
            + self.inner(c, z) @ c["surface_weights"]
            + radial @ c["radial"]
        )

    @staticmethod
    def inner(c, z):
        return np.clip((z - c["mean"]) / c["deviation"], -4, 4)

    @staticmethod
    def standardise(c):
        """2. Mean and deviation of the surface features within the context, shrunk towards the population."""
        rows = c["rows"]
        c["mean"] = c["z"].sum(0) / (rows + 1)
        c["deviation"] = np.sqrt((((c["z"] - c["mean"]) ** 2).sum(0) + 2) / (rows + 8))

    @staticmethod
    def summary(c):
        """4. Thirteen numbers about the context as a whole."""
        y, rows = c["y"], c["rows"]
        mean = (y.sum() + 0.5) / (rows + 1)
        per_row = max(rows, 1)
        constant = log_loss(math.log(mean / (1 - mean)), y).sum() / per_row
        prior = log_loss(c["prior_context"], y).sum() / per_row
        left_out = log_loss(np.clip(c["context"], -LOG_ODDS_MAX, LOG_ODDS_MAX), y).sum() / per_row
        spread = ((y - mean) ** 2).sum() / per_row
        return np.concatenate(
            [
                [
                    c["level"],
                    mean - 0.5,
                    math.log((rows + 1) / 64) / 2,
                    4 * spread,
                    4 * (constant - prior),
                    4 * (constant - left_out),
                    4 * (prior - left_out),
                    8 / (rows + 8),
                ],
                c["odds"],
            ]
        )

    def tokens(self, m, c, z, columns, log_odds):
        """5. Tokens before outcomes are added."""
        e = np.clip(log_odds, -LOG_ODDS_MAX, LOG_ODDS_MAX)[:, None]
        name = f"corrector.{m}."
        t = self.dense(name + "features", np.hstack([self.inner(c, z), columns, e, e - c["level"]]))
        t = t + self.dense(name + "globals", c["summary"])
        return t + self.dense(name + "mix_down", gelu(self.dense(name + "mix_up", self.norm(name + "mix_norm", t))))

    def layer(self, name, t, keys=None):
        """One layer; without `keys` tokens attend to each other, and their keys and values are returned too."""
        width = t.shape[1]
        qkv = self.dense(name + "qkv", self.norm(name + "norm1", t)).reshape(len(t), 3, HEADS, width // HEADS)
        k, v = (qkv[:, 1], qkv[:, 2]) if keys is None else keys
        scores = np.einsum("qhd,khd->hqk", qkv[:, 0], k) / math.sqrt(width // HEADS)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = np.einsum("hqk,khd->qhd", scores / scores.sum(-1, keepdims=True), v).reshape(len(t), width)
        t = t + self.dense(name + "out", mixed)
        return t + self.dense(name + "down", gelu(self.dense(name + "up", self.norm(name + "norm2", t)))), (k, v)

    def context_layers(self, m, c):
        """6. Keys and values of each layer, of the learnt row and the context's rows."""
        name = f"corrector.{m}."
        e = np.clip(c["context"], -LOG_ODDS_MAX, LOG_ODDS_MAX)
        outcome = np.stack([c["y"] - 0.5, c["y"] - sigmoid(e), c["y"] - sigmoid(c["level"])], -1)
        t = self.tokens(m, c, c["z"], c["columns"], c["context"]) + self.dense(name + "outcome", outcome)
        t = np.vstack([self.w[name + "learnt"], t])
        keys = []
        for depth in range(self.depth):
            t, kv = self.layer(f"{name}layers.{depth}.", t)
            keys.append(kv)
        return keys

    def corrections(self, m, c, z, columns, log_odds):
        """7. What a corrector adds to the queries' log-odds."""
        name = f"corrector.{m}."
        t = self.tokens(m, c, z, columns, log_odds) + self.w[name + "query"]
        for depth in range(self.depth):
            t, _ = self.layer(f"{name}layers.{depth}.", t, c["keys"][m][depth])
        return self.dense(name + "head", self.norm(name + "norm", t))[:, 0]

    def calibrated(self, c, log_odds):
        """8. Probability, with a slope and a shift by the context's size."""
        slope, slope_by_size, level, level_by_size, shift, shift_by_size = self.w["calibration.probability"]
        size = math.log2((c["rows"] + 1) / 257)
        z = (
            math.exp(slope + slope_by_size * size) * (log_odds - c["level"])
            + (level + level_by_size * size) * c["level"]
            + shift
            + shift_by_size * size
        )
        return np.clip(sigmoid(z), 0.005, 0.995)

    def concentration(self, c):
        """9. The likeliest κ of the context's rows of several rollouts, each predicted without itself."""
        centre, by_size, offset = self.w["calibration.concentration"]
        centre = centre + by_size * math.log2((c["rows"] + 1) / 257)
        p = self.calibrated(c, c["context"])
        many = c["n"] > 1
        if not many.any():
            return math.exp(centre)
        p, n = p[many], c["n"][many]
        k = c["y"][many] * n
        a, b = np.outer(KAPPAS, p), np.outer(KAPPAS, 1 - p)
        score = (betaln(a + k, b + n - k) - betaln(a, b)).sum(1)
        score = score - (np.log(KAPPAS) - (centre - offset)) ** 2 / (2 * KAPPA_SPREAD**2)
        return float(KAPPAS[int(np.argmax(score))]) * math.exp(offset)

    def predict(self, c, x, surface):
        x = np.asarray(x, np.float64)
        z, columns = self.columns(x, np.asarray(surface, np.float64))
        log_odds = self.regression(c, x, z, columns)
        corrections = np.array([self.corrections(m, c, z, columns, log_odds) for m in range(self.correctors)])
        total = log_odds + corrections.mean(0) if self.correctors else log_odds
        return (
            self.calibrated(c, total),
            c["kappa"],
            {"z": z, "columns": columns, "regression": log_odds, "corrections": corrections, "log_odds": total},
        )
