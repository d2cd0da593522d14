"""The in-context regression inside the head: a Gaussian process on the log-odds with a learnt prior mean.

A prompt's log-odds under the policy are `level + difficulty + columns·weights + smooth(embedding)`. Difficulty and
columns come from the difficulty network; weights and the smooth part are Gaussian with learnt variances. One Newton
step from the prior turns rewards into pseudo-observations, so that a context costs one factorisation for each of a few
settings; the settings are averaged by their evidence and learnt odds. Everything is differentiable, so the variances
are learnt over many policies. Batches are `(B, N, …)`, all contexts of a batch having N rows. HEAD.md has the formulas.
"""

import math

import torch
from torch import nn

SETTINGS = 5
NEWTON_STEPS = 12
LEVEL_VARIANCE = 4.0
WEIGHT_MIN = 0.02 * 0.98


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

    `columns` difficulty columns and `surface` features have zero-mean weights; the surface features' weights also have
    a prior mean. By setting: the difficulty's slope, the prior mean's share, log variances of the smooth part and of
    the columns' and surface weights, and log odds. The first settings are for prompts like those of training, the last
    for prompts of which the difficulty network knows little.
    """

    def __init__(self, columns, surface):
        super().__init__()
        self.columns = columns
        self.log_variance = nn.Parameter(torch.cat([torch.full((columns,), 0.1), torch.full((surface,), 0.01)]).log())
        self.prior = nn.Parameter(torch.zeros(surface))
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
        self.log_odds = nn.Parameter(torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0]))
        self.temper = nn.Parameter(torch.tensor(0.0))

    def forward(self, xc, xq, fc, fq, sc, sq, bc, bq, rewards, rollouts):
        """x: embeddings, f: columns, s: surface features standardised within the context, b: difficulty; c: context,
        q: queries. Log-odds averaged over settings: `query`, and `context` where each row is judged without itself;
        `prior_context` knows the level only.
        """
        level = context_level(bc, rewards, self.population)
        prior_c = level[:, None] + bc
        mean_c, mean_q = sc @ self.prior, sq @ self.prior
        if rewards.shape[1] == 0:
            odds = torch.softmax(self.log_odds, -1).expand(len(rewards), -1)
            slope, share = (odds[:, None] @ v[:, None] for v in (self.slope, self.share))
            return {
                "query": level[:, None] + slope[..., 0] * bq + share[..., 0] * mean_q,
                "context": prior_c,
                "prior_context": prior_c,
                "level": level,
                "odds": odds,
            }
        at = self.expansion * bc
        p = torch.sigmoid(level[:, None] + at)
        weight = (p * (1 - p)).clamp_min(WEIGHT_MIN)
        target = at + (rewards - p) / weight
        share = torch.sigmoid(self.overdispersion)
        noise = self.log_noise.exp() * (share + (1 - share) / rollouts) / weight
        gamma = self.log_gamma.exp()
        smooth_c = torch.exp(-gamma * (2 - 2 * xc @ xc.mT).clamp_min(0))
        smooth_q = torch.exp(-gamma * (2 - 2 * xq @ xc.mT).clamp_min(0))
        column_variance, surface_variance = self.log_variance.exp().split([self.columns, sc.shape[-1]])
        columns_c, columns_q = fc * column_variance @ fc.mT, fq * column_variance @ fc.mT
        surface_c, surface_q = sc * surface_variance @ sc.mT, sq * surface_variance @ sc.mT
        constant = self.log_level_variance.exp()
        query, left_out, evidence = [], [], []
        for setting in range(SETTINGS):
            smooth, factor, surface = (v[setting].exp() for v in (self.log_smooth, self.log_factor, self.log_surface))
            residual = target - self.slope[setting] * bc - self.share[setting] * mean_c
            cholesky = torch.linalg.cholesky(
                smooth * smooth_c + factor * columns_c + surface * surface_c + constant + torch.diag_embed(noise)
            )
            alpha = torch.cholesky_solve(residual[..., None], cholesky)
            cross = smooth * smooth_q + factor * columns_q + surface * surface_q + constant
            query.append(self.slope[setting] * bq + self.share[setting] * mean_q + (cross @ alpha)[..., 0])
            alpha = alpha[..., 0]
            inverse = torch.cholesky_inverse(cholesky).diagonal(dim1=-2, dim2=-1)
            left_out.append(target - alpha / inverse)
            log_determinant = cholesky.diagonal(dim1=-2, dim2=-1).log().sum(-1)
            evidence.append(-0.5 * (residual * alpha).sum(-1) - log_determinant)
        temper = 2 * torch.sigmoid(self.temper)
        odds = torch.softmax(temper * torch.stack(evidence, -1) + self.log_odds, -1)
        return {
            "query": level[:, None] + (torch.stack(query, -1) * odds[:, None]).sum(-1),
            "context": level[:, None] + (torch.stack(left_out, -1) * odds[:, None]).sum(-1),
            "prior_context": prior_c,
            "level": level,
            "odds": odds,
        }
