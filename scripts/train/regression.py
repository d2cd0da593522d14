"""The in-context regression inside the head: a Gaussian process on the log-odds with a learnt prior mean.

A prompt's log-odds under the policy are `level + difficulty + columns·weights + smooth(embedding)`. Difficulty and
columns come from the difficulty network; weights and the smooth part are Gaussian with learnt variances. One Newton step
from the prior turns rewards into pseudo-observations, so that a context costs one factorisation for each of a few
settings; the settings are averaged by their evidence and learnt odds. Everything is differentiable, so the variances
are learnt over many policies. Batches are `(B, N, …)`, all contexts of a batch having N rows. HEAD.md has the formulas.
"""

import math

import torch
from torch import nn

SETTINGS = 4
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
    """Learnt constants of the regression; `variances` are first guesses of the linear columns' weights' variances."""

    def __init__(self, variances):
        super().__init__()
        self.log_variance = nn.Parameter(torch.log(torch.as_tensor(variances, dtype=torch.float32)))
        self.log_gamma = nn.Parameter(torch.tensor(math.log(1.5)))
        self.log_noise = nn.Parameter(torch.tensor(0.0))
        self.log_level_variance = nn.Parameter(torch.tensor(math.log(0.1)))
        self.overdispersion = nn.Parameter(torch.tensor(0.0))
        self.population = nn.Parameter(torch.tensor(0.0))
        # By setting: the difficulty's slope, log variance of the smooth part, log factor of the linear variances.
        self.slope = nn.Parameter(torch.tensor([1.0, 1.1, 1.2, 0.4]))
        self.log_smooth = nn.Parameter(torch.tensor([0.05, 0.3, 1.5, 1.0]).log())
        self.log_factor = nn.Parameter(torch.tensor([0.2, 0.6, 1.5, 1.5]).log())
        self.log_odds = nn.Parameter(torch.tensor([1.0, 1.0, 0.0, -1.0]))
        self.temper = nn.Parameter(torch.tensor(0.0))

    def forward(self, xc, xq, fc, fq, bc, bq, rewards, rollouts):
        """x: embeddings, f: linear columns, b: difficulty; c: context, q: queries. Log-odds, averaged over settings.

        `query`, and `context` where each row is judged without itself; `prior_context` knows the level only.
        """
        level = context_level(bc, rewards, self.population)
        prior_c, prior_q = level[:, None] + bc, level[:, None] + bq
        if rewards.shape[1] == 0:
            odds = torch.softmax(self.log_odds, -1).expand(len(rewards), -1)
            slope = (odds * self.slope).sum(-1, keepdim=True)
            return {"query": level[:, None] + slope * bq, "context": prior_c, "prior_context": prior_c,
                    "level": level, "odds": odds}
        p = torch.sigmoid(prior_c)
        weight = (p * (1 - p)).clamp_min(WEIGHT_MIN)
        target = (rewards - p) / weight
        share = torch.sigmoid(self.overdispersion)
        noise = self.log_noise.exp() * (share + (1 - share) / rollouts) / weight
        gamma = self.log_gamma.exp()
        smooth_c = torch.exp(-gamma * (2 - 2 * xc @ xc.mT).clamp_min(0))
        smooth_q = torch.exp(-gamma * (2 - 2 * xq @ xc.mT).clamp_min(0))
        scaled = fc * self.log_variance.exp()
        linear_c, linear_q = scaled @ fc.mT, fq @ scaled.mT
        constant = self.log_level_variance.exp()
        query, left_out, evidence = [], [], []
        for setting in range(SETTINGS):
            smooth, factor = self.log_smooth[setting].exp(), self.log_factor[setting].exp()
            shift = self.slope[setting] - 1
            residual = target - shift * bc
            cholesky = torch.linalg.cholesky(
                smooth * smooth_c + factor * linear_c + constant + torch.diag_embed(noise))
            alpha = torch.cholesky_solve(residual[..., None], cholesky)
            cross = smooth * smooth_q + factor * linear_q + constant
            query.append(shift * bq + (cross @ alpha)[..., 0])
            alpha = alpha[..., 0]
            inverse = torch.cholesky_inverse(cholesky).diagonal(dim1=-2, dim2=-1)
            left_out.append(target - alpha / inverse)
            log_determinant = cholesky.diagonal(dim1=-2, dim2=-1).log().sum(-1)
            evidence.append(-0.5 * (residual * alpha).sum(-1) - log_determinant)
        temper = 2 * torch.sigmoid(self.temper)
        odds = torch.softmax(temper * torch.stack(evidence, -1) + self.log_odds, -1)
        return {"query": prior_q + (torch.stack(query, -1) * odds[:, None]).sum(-1),
                "context": prior_c + (torch.stack(left_out, -1) * odds[:, None]).sum(-1),
                "prior_context": prior_c, "level": level, "odds": odds}
