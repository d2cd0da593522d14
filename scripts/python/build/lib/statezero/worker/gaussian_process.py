"""The head without training: Gaussian-process regression of rewards on unit embeddings and surface features.

The formulas and constants of Sources/Heads/GaussianProcess, in double precision, on any device. `gaussian_process.json`
is a copy of scripts/head/constants.json, which a test compares.
"""

from __future__ import annotations

import json
import math
import pathlib

import numpy as np
import torch
from scipy.special import betaln

ROWS_MIN, SUBSET, SURFACE = 16, 1024, 30
_GAMMA, _SHARE, _OVERDISPERSION = 1.5, 0.12 / SURFACE, 0.4
_LAMBDAS = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0]
_KAPPAS = 0.2 * 250 ** (np.arange(41) / 40)
_K = json.loads((pathlib.Path(__file__).parent / "gaussian_process.json").read_text(encoding="utf-8"))
USUAL_KAPPA, BASE_KAPPA = math.exp(_K["logKappa"]), float(_K["baseKappa"])
BLOCK = 64  # queries that are computed together: a fixed number, so that a query has the same bits in every call


class Context:
    """A context as fitted: `features` (N, E + 30), mean rewards (N), rollouts (N)."""

    def __init__(self, features: np.ndarray, rewards: np.ndarray, rollouts: np.ndarray, device: str):
        self._device, rows = device, len(rewards)
        self.base = float((rewards.sum() + 0.5) / (rows + 1))
        self.is_base_rate = rows < ROWS_MIN or rewards.max() <= rewards.min()
        self.kappa = BASE_KAPPA
        if self.is_base_rate:
            return
        self._rows = rows
        mean, scale = torch.tensor(_K["mean"], dtype=torch.float64), torch.tensor(_K["scale"], dtype=torch.float64)
        self._population = mean.to(device), scale.to(device)
        x, raw = self._split(features)
        self._mean = raw.mean(0)
        self._deviation = torch.sqrt((((raw - self._mean) ** 2).mean(0) * rows + 2.0) / (rows + 8))
        z = self._standardised(raw)
        prior = torch.tensor(_K["prior"], dtype=torch.float64, device=device) * float(rewards.std())
        self._shift = (z @ prior).mean()
        y = torch.tensor(rewards, dtype=torch.float64, device=device)
        residual = y - self.base - (z @ prior - self._shift)
        n = torch.tensor(rollouts, dtype=torch.float64, device=device)
        noise = _OVERDISPERSION + (1 - _OVERDISPERSION) / n
        noise = noise / noise.mean()
        kernel = self._radial(x, x) + _SHARE * z @ z.T
        alpha, inverse_alpha, diagonal, chosen = _solve(kernel, noise, residual)
        self._x, self._alpha, self._weights = x, alpha, prior + _SHARE * z.T @ alpha
        left_out = rewards[:chosen] - (inverse_alpha / diagonal).cpu().numpy()
        self.kappa = self._concentration(left_out, rewards, rollouts)

    @torch.no_grad()
    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(Q) P(success)."""
        if self.is_base_rate:
            return np.full(len(features), self.base)
        scores = []
        for first in range(0, len(features), BLOCK):
            part = features[first : first + BLOCK]
            filled = np.zeros((BLOCK, features.shape[1]), np.float32)
            filled[: len(part)] = part
            x, raw = self._split(filled)
            score = self._radial(x, self._x) @ self._alpha + self._standardised(raw) @ self._weights
            scores.append((self.base + score - self._shift)[: len(part)].cpu().numpy())
        return self._calibrated(np.concatenate(scores))

    def _split(self, features: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        values = torch.from_numpy(features.astype(np.float64)).to(self._device)
        mean, scale = self._population
        return values[:, :-SURFACE], torch.clamp((values[:, -SURFACE:] - mean) / scale, -5, 5)

    def _standardised(self, raw: torch.Tensor) -> torch.Tensor:
        return torch.clamp((raw - self._mean) / self._deviation, -4, 4)

    @staticmethod
    def _radial(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.exp(-_GAMMA * torch.clamp(2 - 2 * a @ b.T, min=0))

    def _calibrated(self, scores: np.ndarray) -> np.ndarray:
        size = math.log2(self._rows / 256)
        slope = math.exp(_K["slope"][0] + _K["slope"][1] * size) / (self.base * (1 - self.base))
        level = _K["level"] * (math.log(self.base) - math.log1p(-self.base))
        return np.clip(1 / (1 + np.exp(-(level + slope * (scores - self.base)))), 0.005, 0.995)

    def _concentration(self, left_out: np.ndarray, rewards: np.ndarray, rollouts: np.ndarray) -> float:
        many = rollouts[: len(left_out)] > 1
        if not many.any():
            return USUAL_KAPPA
        p, n = self._calibrated(left_out)[many], rollouts[: len(left_out)][many]
        k = rewards[: len(left_out)][many] * n
        a, b = np.outer(_KAPPAS, p), np.outer(_KAPPAS, 1 - p)
        score = (betaln(a + k, b + n - k) - betaln(a, b)).sum(1) - (np.log(_KAPPAS) - _K["logKappa"]) ** 2 / 2
        return float(_KAPPAS[int(np.argmax(score))])


def _solve(
    kernel: torch.Tensor, noise: torch.Tensor, residual: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, int]:
    """Mean solution over noise levels by their evidence; the likeliest solution and the diagonal of its inverse."""
    rows = len(residual)
    chosen = min(rows, SUBSET)
    evidence, factors = [], []
    for value in _LAMBDAS:
        factor = torch.linalg.cholesky(kernel[:chosen, :chosen] + torch.diag(value * noise[:chosen]))
        white = torch.linalg.solve_triangular(factor, residual[:chosen, None], upper=False)[:, 0]
        evidence.append(float(-chosen / 2 * torch.log((white**2).mean() + 1e-12) - factor.diagonal().log().sum()))
        factors.append((factor, white))
    odds = np.exp(np.array(evidence) - max(evidence))
    odds = np.where(odds < 1e-3, 0, odds)
    odds /= odds.sum()
    alpha = torch.zeros_like(residual)
    for odd, value, (factor, white) in zip(odds, _LAMBDAS, factors):
        if odd > 0 and rows == chosen:
            alpha += float(odd) * torch.linalg.solve_triangular(factor.T, white[:, None], upper=True)[:, 0]
        elif odd > 0:
            alpha += float(odd) * torch.linalg.solve(kernel + torch.diag(value * noise), residual)
    factor, white = factors[int(np.argmax(evidence))]
    inverse = torch.linalg.solve_triangular(
        factor, torch.eye(chosen, dtype=factor.dtype, device=factor.device), upper=False
    )
    return alpha, inverse.T @ white, (inverse**2).sum(0), chosen
