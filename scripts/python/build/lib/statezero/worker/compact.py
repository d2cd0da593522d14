"""The trained head, compact, without references and covariates: Sources/Heads/Compact in torch, in double precision.

scripts/train/HEAD.md is the specification: a network reads embedding and surface into seven columns of difficulty;
regressions on them, on the embedding, the surface and character n-grams give log-odds, averaged by their evidence; two
fitted maps make a probability and a concentration of them. The weights are those of the program (`find`).
"""

from __future__ import annotations

import hashlib
import math
import os
import pathlib
import shutil

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from scipy.special import betaln

from . import grams

SURFACE, COLUMNS = 30, 7
BLOCK = 64  # queries that are computed together: a fixed number, so that a query has the same bits in every call
_NEWTON_STEPS, _LEVEL_VARIANCE, _WEIGHT_MIN = 12, 4.0, 0.02 * 0.98
_ODDS_MIN, _P_MIN, _WIDE_SHARE, _SPREAD, _SPREAD_ROWS = 1e-3, 0.005, 0.2, 0.7, 8
_KAPPAS = 0.2 * 250 ** (np.arange(41) / 40)
_FILE, _RESOURCES = "compact-head.safetensors", "StateZero_Heads.resources"


def places() -> list[pathlib.Path]:
    """Where the weights are looked for: STATEZERO_HEAD alone where it is set; else in the wheel with the program,
    beside the program (STATEZERO_BINARY, or `statezero` on the PATH) as the program itself does, and in a checkout."""
    if named := os.environ.get("STATEZERO_HEAD"):
        return [pathlib.Path(named)]
    package = pathlib.Path(__file__).resolve().parents[1]
    found = [package / "program" / _RESOURCES / _FILE]
    if program := os.environ.get("STATEZERO_BINARY") or shutil.which("statezero"):
        folder = pathlib.Path(program).resolve().parent
        found += [folder / _RESOURCES / _FILE, folder / _FILE, folder.parent / "share" / "statezero" / _FILE]
    return [*found, *(root / "Sources/Heads/Compact/Resources" / _FILE for root in package.parents[3:4])]


def find() -> pathlib.Path:
    """The first of the places with a file. Raises ValueError, which names them all."""
    for path in places():
        if path.exists():
            return path
    raise ValueError(
        f"the compact head's weights are in none of {', '.join(map(str, places()))}; set STATEZERO_HEAD to {_FILE}, or "
        "choose --head gaussian-process"
    )


class Head:
    """Weights on a device. `encoder` and `embedding` are the folder's name and the width that they were trained for."""

    def __init__(self, path: pathlib.Path, device: str):
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            self.w = {name: file.get_tensor(name).double().to(device) for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") != "statezero-compact-head" or metadata.get("version") != "2":
            raise ValueError(f"{path} is no compact head of version 2: {metadata}")
        self.device, self.digest = device, hashlib.sha256(path.read_bytes()).digest()
        self.encoder, self.embedding = metadata.get("encoder", "all-MiniLM-L6-v2"), int(metadata["embedding"])

    def columns(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(P, 30) standardised surface and (P, 7) of the difficulty network, of features (P, E + 30)."""
        surface = (features[:, -SURFACE:] - self.w["surface.mean"]) / self.w["surface.scale"]
        z = torch.clamp(surface, -5, 5)
        hidden = F.gelu(self._dense("difficulty.first", torch.cat([features[:, :-SURFACE], z], 1)))
        return z, self._dense("difficulty.second", hidden)

    def _dense(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]


class Context:
    """A context as fitted: `features` (N, E + 30), the rows' n-grams, mean rewards (N), rollouts (N); N may be 0."""

    def __init__(
        self, head: Head, features: np.ndarray, texts: list[grams.Grams], rewards: np.ndarray, rollouts: np.ndarray
    ):
        self._head, self._rows = head, len(rewards)
        values = self._tensor(features)
        self._x = values[:, :-SURFACE]
        z, self._columns = head.columns(values)
        self._mean = z.sum(0) / (self._rows + 1)
        self._deviation = torch.sqrt((((z - self._mean) ** 2).sum(0) + 2) / (self._rows + 8))
        self._inner = self._standardised(z)
        self._grams = grams.Context(texts) if self._rows else None
        self._linearise(self._tensor(rewards), self._tensor(rollouts))
        self._regress()
        self.kappa = self._concentration(rewards, rollouts)

    @torch.no_grad()
    def probabilities(self, features: np.ndarray, texts: list[grams.Grams]) -> np.ndarray:
        """(Q) P(success)."""
        found = []
        for first in range(0, len(features), BLOCK):
            part = features[first : first + BLOCK]
            filled = np.concatenate([part, part[:1].repeat(BLOCK - len(part), 0)])
            found.append(self._log_odds(self._tensor(filled))[: len(part)].cpu().numpy())
        log_odds = np.concatenate(found)
        if self._grams:
            log_odds = log_odds + np.array([self._grams.value(text) for text in texts])
        return self._probability(log_odds)

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.asarray(values, np.float64)).to(self._head.device)

    def _standardised(self, z: torch.Tensor) -> torch.Tensor:
        return torch.clamp((z - self._mean) / self._deviation, -4, 4)

    def _linearise(self, y: torch.Tensor, n: torch.Tensor) -> None:
        """The level of the policy, and rewards as pseudo-observations of log-odds with noise."""
        _, noise, _, overdispersion, population, _, expansion = self._head.w["regression.constants"].tolist()
        b, level = self._columns[:, 0], population
        for _ in range(_NEWTON_STEPS):
            p = torch.sigmoid(level + b)
            gradient = float((y - p).sum()) - (level - population) / _LEVEL_VARIANCE
            level += min(2.0, max(-2.0, gradient / (float((p * (1 - p)).sum()) + 1 / _LEVEL_VARIANCE)))
        self._level = level
        p = torch.sigmoid(level + expansion * b)
        weight = torch.clamp(p * (1 - p), min=_WEIGHT_MIN)
        self._target = expansion * b + (y - p) / weight
        self._ridge = noise * (overdispersion + (1 - overdispersion) / n) / weight

    def _kernels(self) -> list[torch.Tensor]:
        """(N, N) each, in the order of the settings' amplitudes: smooth, factor, surface, gram, linear."""
        w, rows = self._head.w, self._rows
        cosines = self._x @ self._x.T
        self._cosine_mean = cosines.mean(1) if rows else cosines.sum(1)
        self._cosine_level = float(self._cosine_mean.mean()) if rows else 0.0
        self._spread = (rows * (1 - self._cosine_level) + _SPREAD_ROWS * _SPREAD) / (rows + _SPREAD_ROWS)
        factors, variance = self._columns[:, 1:], w["regression.variance"]
        gram = torch.zeros_like(cosines)
        if self._grams:
            wide = float(w["regression.wide"][0]) if self._grams.wide > _WIDE_SHARE else 1.0
            gram = wide * self._tensor(self._grams.kernel)
            self._gram_factor = wide
        return [
            self._radial(cosines),
            factors * variance[: COLUMNS - 1] @ factors.T,
            self._inner * variance[COLUMNS - 1 :] @ self._inner.T,
            gram,
            self._centred(cosines, self._cosine_mean[:, None]),
        ]

    def _radial(self, cosines: torch.Tensor) -> torch.Tensor:
        gamma = float(self._head.w["regression.constants"][0])
        return torch.exp(-gamma * torch.clamp(2 - 2 * cosines, min=0))

    def _centred(self, cosines: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
        """Products of embeddings less the context's mean, in units of its spread, from cosines with its rows."""
        return (cosines - means - self._cosine_mean + self._cosine_level) / self._spread

    def _regress(self) -> None:
        """Solutions of all settings and their twins, which do not believe the difficulty; their mean by evidence."""
        w, b = self._head.w, self._columns[:, 0]
        _, _, level_variance, _, _, temper, _ = w["regression.constants"].tolist()
        kernels = self._kernels()
        prior = self._inner @ w["regression.prior"]
        scores, solutions = [], []
        for slope, share, smooth, factor, surface, odds, gram, twin_odds, linear in w["regression.settings"].T.tolist():
            amplitudes = (smooth, factor, surface, gram, linear)
            matrix = torch.diag(self._ridge) + level_variance
            for amplitude, kernel in zip(amplitudes, kernels):
                matrix += amplitude * kernel
            lower = torch.linalg.cholesky(matrix)
            residuals = torch.stack([self._target - slope * b - share * prior, self._target], 1)
            white = torch.linalg.solve_triangular(lower, residuals, upper=False)
            inverse = torch.linalg.solve_triangular(lower, torch.eye(self._rows).to(lower), upper=False)
            solved, diagonal = inverse.T @ white, (inverse**2).sum(0)
            determinant = float(lower.diagonal().log().sum())
            for twin, log_odds in enumerate((odds, twin_odds)):
                scores.append(temper * (-float((white[:, twin] ** 2).sum()) / 2 - determinant) + log_odds)
                believed = (slope, share) if twin == 0 else (0.0, 0.0)
                solutions.append((amplitudes, believed, solved[:, twin], diagonal))
        weights = np.exp(np.array(scores) - max(scores))
        weights = np.where(weights / weights.sum() < _ODDS_MIN, 0, weights)
        self.odds = weights / weights.sum()
        alphas = [torch.zeros_like(b) for _ in kernels]
        total, slope, share = torch.zeros_like(b), 0.0, 0.0
        left_out = torch.full_like(b, self._level)
        for odd, (amplitudes, believed, solution, diagonal) in zip(self.odds.tolist(), solutions):
            for alpha, amplitude in zip(alphas, amplitudes):
                alpha += odd * amplitude * solution
            total += odd * solution
            slope, share = slope + odd * believed[0], share + odd * believed[1]
            left_out += odd * (self._target - solution / diagonal)
        smooth, factor, surface, gram, linear = alphas
        variance = w["regression.variance"]
        self._alpha, self._linear_alpha, self._slope = smooth, linear, slope
        self._column_weights = variance[: COLUMNS - 1] * (self._columns[:, 1:].T @ factor)
        self._surface_weights = variance[COLUMNS - 1 :] * (self._inner.T @ surface) + share * w["regression.prior"]
        self._constant = self._level + level_variance * float(total.sum())
        self.left_out = left_out.cpu().numpy()
        if self._grams:
            self._grams.combine(self._gram_factor * gram.cpu().numpy())

    def _log_odds(self, values: torch.Tensor) -> torch.Tensor:
        """Of queries, without their n-grams."""
        z, columns = self._head.columns(values)
        found = self._constant + self._slope * columns[:, 0] + columns[:, 1:] @ self._column_weights
        found = found + self._standardised(z) @ self._surface_weights
        if not self._rows:
            return found
        cosines = values[:, :-SURFACE] @ self._x.T
        centred = self._centred(cosines, cosines.mean(1)[:, None])
        return found + self._radial(cosines) @ self._alpha + centred @ self._linear_alpha

    def _probability(self, log_odds: np.ndarray) -> np.ndarray:
        """Log-odds with a slope and a shift by the context's size, as probabilities."""
        slope, slope_by_size, level, level_by_size, shift, shift_by_size = self._head.w[
            "calibration.probability"
        ].tolist()
        size = math.log2((self._rows + 1) / 257)
        scaled = math.exp(slope + slope_by_size * size) * (log_odds - self._level)
        scaled = scaled + (level + level_by_size * size) * self._level + shift + shift_by_size * size
        return np.clip(1 / (1 + np.exp(-scaled)), _P_MIN, 1 - _P_MIN)

    def _concentration(self, rewards: np.ndarray, rollouts: np.ndarray) -> float:
        """The likeliest κ of the rows of several rollouts, each predicted without itself."""
        centre, by_size, offset, _ = self._head.w["calibration.concentration"].tolist()
        centre += by_size * math.log2((self._rows + 1) / 257)
        many = rollouts > 1
        if not many.any():
            return math.exp(centre)
        p, n = self._probability(self.left_out)[many], rollouts[many]
        k = rewards[many] * n
        a, b = np.outer(_KAPPAS, p), np.outer(_KAPPAS, 1 - p)
        score = (betaln(a + k, b + n - k) - betaln(a, b)).sum(1) - (np.log(_KAPPAS) - (centre - offset)) ** 2 / 2
        return float(_KAPPAS[int(np.argmax(score))]) * math.exp(offset)
