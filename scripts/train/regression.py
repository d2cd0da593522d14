"""The in-context regression inside the head: a Gaussian process on the log-odds with a learnt prior mean.

A prompt's log-odds under the policy are `level + difficulty + columns·weights + linear(embedding) +
smooth(embedding) + smooth(n-grams)`.
Difficulty and columns come from the difficulty network; weights and the smooth parts are Gaussian with learnt
variances. One Newton step from the prior turns rewards into pseudo-observations, so that a context costs one
factorisation for each of a few settings; the settings, and a twin of each that does not believe the difficulty, are
averaged by their evidence and learnt odds. Everything is differentiable, so the variances are learnt over many
policies. Batches are `(B, N, …)`, all contexts of a batch having N rows. HEAD.md has the formulas.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

SURFACE = 30
SPREAD, SPREAD_ROWS = 0.7, 8  # of the embeddings, before the context says it
SETTINGS = 5
NEWTON_STEPS = 12
LEVEL_VARIANCE = 4.0
WEIGHT_MIN = 0.02 * 0.98


def standardised(context, queries):
    """Within the context, shrunk towards the population: 8 rows' worth of variance 0.25 and of mean 0."""
    rows = context.shape[1]
    mean = context.sum(1, keepdim=True) / (rows + 1)
    variance = ((context - mean) ** 2).sum(1, keepdim=True)
    deviation = torch.sqrt((variance + 0.25 * 8) / (rows + 8))
    return ((context - mean) / deviation).clamp(-4, 4), ((queries - mean) / deviation).clamp(-4, 4)


def centred(context, queries):
    """Products of embeddings less the context's mean, in units of its spread, from cosines (B, N, N) and (B, Q, N)."""
    rows = context.shape[-1]
    mean = context.mean(-1)
    level = mean.mean(-1)[:, None, None]
    spread = (rows * (1 - level) + SPREAD_ROWS * SPREAD) / (rows + SPREAD_ROWS)

    def of(cosines):
        return (cosines - cosines.mean(-1, keepdim=True) - mean[:, None, :] + level) / spread

    return of(context), of(queries)


def binary_loss(logits, rewards):
    return F.binary_cross_entropy_with_logits(logits, rewards, reduction="none")


def context_level(difficulty, rewards, population):
    """The level at which the prior's mean is the context's, with a Gaussian prior around the population's. (B,)"""
    level = population.expand(len(rewards))
    for _ in range(NEWTON_STEPS):
        p = torch.sigmoid(level[:, None] + difficulty)
        gradient = (rewards - p).sum(1) - (level - population) / LEVEL_VARIANCE
        curvature = (p * (1 - p)).sum(1) + 1 / LEVEL_VARIANCE
        level = level + (gradient / curvature).clamp(-2, 2)
    return level


class ContextRegression(nn.Module):
    """Learnt constants of the regression.

    `columns` difficulty columns and `SURFACE` features have zero-mean weights; the surface features' weights also have
    a prior mean. By setting: the difficulty's slope, the prior mean's share, log variances of the smooth parts and of
    the columns' and surface weights, log odds, and those of the twin. The first settings are for prompts like those of
    training, the last for prompts of which the difficulty network knows little.
    """

    def __init__(self, columns):
        super().__init__()
        self.columns = columns
        self.log_variance = nn.Parameter(torch.cat([torch.full((columns,), 0.1), torch.full((SURFACE,), 0.01)]).log())
        self.prior = nn.Parameter(torch.zeros(SURFACE))
        self.log_gamma = nn.Parameter(torch.tensor(math.log(1.5)))
        self.log_noise = nn.Parameter(torch.tensor(0.0))
        self.log_level_variance = nn.Parameter(torch.tensor(math.log(0.1)))
        self.overdispersion = nn.Parameter(torch.tensor(0.0))
        self.population = nn.Parameter(torch.tensor(0.0))
        self.expansion = nn.Parameter(torch.tensor(1.0))
        self.slope = nn.Parameter(torch.tensor([1.0, 1.1, 1.2, 0.3, 0.3]))
        self.share = nn.Parameter(torch.tensor([0.1, 0.1, 0.1, 1.0, 1.0]))
        self.log_smooth = nn.Parameter(torch.tensor([0.05, 0.3, 1.5, 0.5, 1.5]).log())
        self.log_factor = nn.Parameter(torch.tensor([0.2, 0.6, 1.5, 0.5, 1.5]).log())
        self.log_surface = nn.Parameter(torch.tensor([0.2, 0.6, 1.5, 0.5, 2.0]).log())
        self.log_gram = nn.Parameter(torch.tensor([0.3, 0.5, 0.7, 0.5, 0.7]).log())
        self.log_linear = nn.Parameter(torch.tensor([0.05, 0.1, 0.3, 0.5, 1.0]).log())
        self.log_wide = nn.Parameter(torch.tensor(math.log(3.0)))
        self.log_odds = nn.Parameter(torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0]))
        self.twin_log_odds = nn.Parameter(torch.tensor([0.0, 0.0, -1.0, -1.0, -1.0]))
        self.temper = nn.Parameter(torch.tensor(0.0))

    def forward(self, e):
        """Log-odds averaged over settings: `query`, and `context` where each row is judged without itself.

        `e` is an `episodes.Batch`.
        """
        bc, bq = e.columns_c[..., 0], e.columns_q[..., 0]
        sc, sq = standardised(e.fc, e.fq)
        level = context_level(bc, e.y, self.population)
        mean_c, mean_q = sc @ self.prior, sq @ self.prior
        if e.y.shape[1] == 0:
            odds = torch.softmax(torch.cat([self.log_odds, self.twin_log_odds]), -1)[:SETTINGS]
            query = level[:, None] + (odds @ self.slope) * bq + (odds @ self.share) * mean_q
            return {"query": query, "context": level[:, None] + bc, "level": level}
        target, noise = self.pseudo_observations(level, bc, e)
        kernels_c, kernels_q = self.kernels(e, sc, sq)
        query, left_out, evidence = [], [], []
        for setting in range(SETTINGS):
            scales = (self.log_smooth, self.log_factor, self.log_surface, self.log_gram, self.log_linear)
            amplitudes = [v[setting].exp() for v in scales]
            constant = self.log_level_variance.exp()
            matrix = sum(a * k for a, k in zip(amplitudes, kernels_c)) + constant + torch.diag_embed(noise)
            cross = sum(a * k for a, k in zip(amplitudes, kernels_q)) + constant
            cholesky = torch.linalg.cholesky(matrix)
            residual = target - self.slope[setting] * bc - self.share[setting] * mean_c
            residuals = torch.stack([residual, target], -1)
            alpha = torch.cholesky_solve(residuals, cholesky)
            smooth = cross @ alpha
            query += [self.slope[setting] * bq + self.share[setting] * mean_q + smooth[..., 0], smooth[..., 1]]
            inverse = torch.cholesky_inverse(cholesky).diagonal(dim1=-2, dim2=-1)
            left_out += [target - alpha[..., twin] / inverse for twin in (0, 1)]
            log_determinant = cholesky.diagonal(dim1=-2, dim2=-1).log().sum(-1)
            evidence += [-0.5 * (residuals * alpha).sum(1)[:, twin] - log_determinant for twin in (0, 1)]
        temper = 2 * torch.sigmoid(self.temper)
        log_odds = torch.stack([self.log_odds, self.twin_log_odds], -1).flatten()
        odds = torch.softmax(temper * torch.stack(evidence, -1) + log_odds, -1)
        return {
            "query": level[:, None] + (torch.stack(query, -1) * odds[:, None]).sum(-1),
            "context": level[:, None] + (torch.stack(left_out, -1) * odds[:, None]).sum(-1),
            "level": level,
        }

    def pseudo_observations(self, level, bc, e):
        at = self.expansion * bc
        p = torch.sigmoid(level[:, None] + at)
        weight = (p * (1 - p)).clamp_min(WEIGHT_MIN)
        share = torch.sigmoid(self.overdispersion)
        noise = self.log_noise.exp() * (share + (1 - share) / e.n) / weight
        return at + (e.y - p) / weight, noise

    def kernels(self, e, sc, sq):
        """Radial, columns, surface, n-grams, linear: between the context's rows, and of queries with them."""
        gamma = self.log_gamma.exp()
        column_variance, surface_variance = self.log_variance.exp().split([self.columns, SURFACE])
        wide = torch.where(e.wide, self.log_wide.exp(), torch.ones(()))[:, None, None]
        columns_c, columns_q = e.columns_c[..., 1:], e.columns_q[..., 1:]

        def radial(cosines):
            return torch.exp(-gamma * (2 - 2 * cosines).clamp_min(0))

        cosines_c, cosines_q = e.xc @ e.xc.mT, e.xq @ e.xc.mT
        linear_c, linear_q = centred(cosines_c, cosines_q)
        context = [
            radial(cosines_c), columns_c * column_variance @ columns_c.mT, sc * surface_variance @ sc.mT,
            wide * e.grams_c, linear_c,
        ]  # fmt: skip
        queries = [
            radial(cosines_q), columns_q * column_variance @ columns_c.mT, sq * surface_variance @ sc.mT,
            wide * e.grams_q, linear_q,
        ]  # fmt: skip
        return context, queries
