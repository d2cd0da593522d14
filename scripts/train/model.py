"""The correcting transformer and the whole head.

Rows of a context and queries are tokens; context rows attend to each other and to one learnt row, queries to those and
never to each other. What it says is added to the regression's log-odds; it starts at nothing.
"""

import math

import torch
import torch.nn.functional as F
from regression import SETTINGS, ContextRegression
from torch import nn

SURFACE = 30
GLOBALS = 8 + SETTINGS


def standardised(context, queries):
    """Within the context, shrunk towards the population: 8 rows' worth of variance 0.25 and of mean 0."""
    rows = context.shape[1]
    mean = context.sum(1, keepdim=True) / (rows + 1)
    variance = ((context - mean) ** 2).sum(1, keepdim=True)
    deviation = torch.sqrt((variance + 0.25 * 8) / (rows + 8))
    return ((context - mean) / deviation).clamp(-4, 4), ((queries - mean) / deviation).clamp(-4, 4)


def binary_loss(logits, rewards):
    return F.binary_cross_entropy_with_logits(logits, rewards, reduction="none")


class Layer(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        for last in (self.out, self.down):
            nn.init.normal_(last.weight, 0, 0.02 / math.sqrt(2 * depth))
            nn.init.zeros_(last.bias)

    def forward(self, tokens, keys, heads, drop):
        """`keys`: the number of leading tokens that are attended to."""
        batch, count, width = tokens.shape
        q, k, v = self.qkv(self.norm1(tokens)).view(batch, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k[:, :, :keys], v[:, :, :keys])
        tokens = tokens + drop(self.out(mixed.transpose(1, 2).reshape(batch, count, width)))
        return tokens + drop(self.down(F.gelu(self.up(self.norm2(tokens)))))


class Corrector(nn.Module):
    """The transformer; `columns` is the number of difficulty columns, the first being the difficulty."""

    def __init__(self, columns, width=64, depth=3, heads=4, dropout=0.1, input_dropout=0.2):
        super().__init__()
        self.heads, self.width = heads, width
        self.features = nn.Linear(SURFACE + columns + 2, width)
        self.globals = nn.Linear(GLOBALS, width)
        self.mix_norm = nn.LayerNorm(width)
        self.mix_up, self.mix_down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.outcome = nn.Linear(3, width)
        self.query = nn.Parameter(torch.zeros(width))
        self.learnt = nn.Parameter(0.02 * torch.randn(width))
        self.layers = nn.ModuleList([Layer(width, depth) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.drop, self.input_drop = nn.Dropout(dropout), nn.Dropout(input_dropout)

    def forward(self, inner_c, inner_q, columns_c, columns_q, fit, rewards):
        """`fit` is the result of ContextRegression. Returns what is added to the queries' log-odds, (B, Q)."""
        count = rewards.shape[1]
        level = fit["level"][:, None, None]
        e = torch.cat([fit["context"], fit["query"]], 1)[..., None].clamp(-6, 6)
        # Without the raw surface features: with them it recognised its training sources and did worse on others.
        features = torch.cat([torch.cat([inner_c, inner_q], 1), torch.cat([columns_c, columns_q], 1), e, e - level], -1)
        tokens = self.features(self.input_drop(features)) + self.globals(self.summary(fit, rewards))[:, None]
        tokens = tokens + self.mix_down(F.gelu(self.mix_up(self.mix_norm(tokens))))
        p = torch.sigmoid(e[:, :count, 0])
        base = torch.sigmoid(fit["level"])[:, None]
        outcome = torch.stack([rewards - 0.5, rewards - p, rewards - base], -1)
        tokens = torch.cat(
            [
                self.learnt.expand(len(rewards), 1, -1),
                tokens[:, :count] + self.outcome(outcome),
                tokens[:, count:] + self.query,
            ],
            1,
        )
        for layer in self.layers:
            tokens = layer(tokens, count + 1, self.heads, self.drop)
        return self.head(self.norm(tokens[:, count + 1 :]))[..., 0]

    @staticmethod
    def summary(fit, rewards):
        """Features of the context as a whole, (B, GLOBALS)."""
        count = rewards.shape[1]
        rows = max(count, 1)
        level = fit["level"]
        mean = (rewards.sum(1) + 0.5) / (count + 1)
        constant = binary_loss(torch.logit(mean)[:, None].expand_as(rewards), rewards).sum(1) / rows
        prior = binary_loss(fit["prior_context"], rewards).sum(1) / rows
        left_out = binary_loss(fit["context"].clamp(-6, 6), rewards).sum(1) / rows
        spread = ((rewards - mean[:, None]) ** 2).sum(1) / rows
        size = torch.full_like(level, math.log((count + 1) / 64) / 2)
        return torch.cat(
            [
                torch.stack(
                    [
                        level,
                        mean - 0.5,
                        size,
                        spread * 4,
                        4 * (constant - prior),
                        4 * (constant - left_out),
                        4 * (prior - left_out),
                        torch.full_like(level, 8 / (count + 8)),
                    ],
                    1,
                ),
                fit["odds"],
            ],
            1,
        )


class CompactHead(nn.Module):
    """Regression and correction; the first of `columns` columns is the difficulty. The queries' log-odds, (B, Q)."""

    def __init__(self, columns, width=64, depth=3):
        super().__init__()
        self.regression = ContextRegression(columns - 1, SURFACE)
        self.corrector = Corrector(columns, width, depth)

    def fit(self, *arguments):
        return self.fit_with(self.regression, *arguments)

    @staticmethod
    def fit_with(regression, xc, xq, fc, fq, columns_c, columns_q, rewards, rollouts):
        return regression(
            xc,
            xq,
            columns_c[..., 1:],
            columns_q[..., 1:],
            *standardised(fc, fq),
            columns_c[..., 0],
            columns_q[..., 0],
            rewards,
            rollouts,
        )

    def correction(self, fit, fc, fq, columns_c, columns_q, rewards):
        return self.corrector(*standardised(fc, fq), columns_c, columns_q, fit, rewards)

    def forward(self, xc, xq, fc, fq, columns_c, columns_q, rewards, rollouts):
        fit = self.fit(xc, xq, fc, fq, columns_c, columns_q, rewards, rollouts)
        return fit["query"] + self.correction(fit, fc, fq, columns_c, columns_q, rewards)
