"""The difficulty network: from a prompt's features to its difficulty and to the columns in which policies differ.

An item-response model whose items are texts: the log-odds that policy j solves prompt x are `ability_j + (1 +
discrimination_j)·difficulty(x) + loadings_j·columns(x)`, where a small network makes difficulty and columns. Several
copies of the network ("members") are trained side by side with the policies' numbers in common, so that their columns
mean the same: one for each fold of prompts, which never sees the fold's outcomes, and one for each group of sources,
which never sees those sources. Episodes use the member that has not seen their queries; the shipped network is the mean
of the folds' members.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from outcomes import FOLDS
from regression import SURFACE
from torch import nn

COLUMNS = 6
# Similar sources are left out together: one would reveal the others.
GROUPS = [
    ("mmlu_pro", "llmrouter_dc", "ikp", "qa_eval", "misguided_attention"),
    ("reasoning_gym", "zeroeval_crux", "sql_llm", "evalperf", "mint"),
    (
        "zeroeval_gsm8k", "gsm8k_openai2021", "zeroeval_math_l5", "oneshot_rlvr", "deepscaler_k128", "owm_checkpoints",
        "lexeval", "shaberi",
    ),
]  # fmt: skip
STEPS_A_SOURCE, BATCH, SOURCES_A_STEP, RATE, DECAY = 100, 128, 3, 5e-4, 1.0
LOADING_PENALTY = 0.02
PROMPTS_MOST = 10_000  # of a source, where its share of the steps is computed
EXTRA_SHARE = {"reasoning_gym": 2.0}
SINGLE_SHARE = 0.5  # of a source of one policy


def shares(sources, data):
    """The chance of each source in a step."""
    chance = [
        min(len(data[s][0]), PROMPTS_MOST) ** 0.4
        * EXTRA_SHARE.get(s, 1.0)
        * (SINGLE_SHARE if data[s][1].shape[1] == 1 else 1.0)
        for s in sources
    ]
    return np.array(chance) / sum(chance)


class Members(nn.Module):
    """`count` networks of one hidden layer, evaluated together: (count, rows, inputs) -> (count, rows, 1 + COLUMNS)."""

    def __init__(self, count, inputs, hidden=128, embedding_dropout=0.4, surface_dropout=0.1, noise=0.04):
        super().__init__()
        self.first = nn.Parameter((torch.rand(count, inputs, hidden) * 2 - 1) / inputs**0.5)
        self.first_bias = nn.Parameter((torch.rand(count, 1, hidden) * 2 - 1) / inputs**0.5)
        self.second = nn.Parameter((torch.rand(count, hidden, 1 + COLUMNS) * 2 - 1) / hidden**0.5)
        self.second_bias = nn.Parameter(torch.zeros(count, 1, 1 + COLUMNS))
        self.embedding_scale = (inputs - SURFACE) ** 0.5
        self.noise, self.embedding_dropout, self.surface_dropout = noise, embedding_dropout, surface_dropout

    def forward(self, x, f):
        if self.training:
            x = x + self.noise * torch.randn_like(x[:1])
        z = torch.cat(
            [self.dropped(x * self.embedding_scale, self.embedding_dropout), self.dropped(f, self.surface_dropout)], -1
        )
        hidden = F.gelu(torch.baddbmm(self.first_bias, z, self.first))
        return torch.baddbmm(self.second_bias, self.dropped(hidden, 0.2), self.second)

    def dropped(self, values, share):
        """Dropout with one mask for all copies: drawing them costs more than the products do."""
        if not self.training:
            return values
        return values * ((torch.rand_like(values[:1]) >= share) / (1 - share))


def matrix(records):
    """Prompts of a source and rewards, (prompts, policies), NaN where a policy has no outcome of a prompt."""
    prompts = np.unique(np.concatenate([r.prompts for r in records]))
    place = {p: i for i, p in enumerate(prompts)}
    rewards = np.full((len(prompts), len(records)), np.nan, np.float32)
    for j, record in enumerate(records):
        rewards[[place[p] for p in record.prompts], j] = record.rewards
    return prompts, torch.tensor(rewards)


def groups_of(sources):
    return [tuple(s for s in group if s in sources) for group in GROUPS if any(s in sources for s in group)]


def train(records, fold, x, f, seed, validate):
    """Returns members' outputs on all prompts, (members, P, 1 + COLUMNS), and their parameters."""
    torch.manual_seed(seed)
    random = np.random.RandomState(seed)
    sources = sorted(records)
    groups = groups_of(sources)
    count = FOLDS + len(groups)
    device = x.device
    members = Members(count, x.shape[1] + f.shape[1]).to(device)
    data, policies = {}, nn.ParameterDict()
    for source in sources:
        prompts, rewards = matrix(records[source])
        seen = [np.where(fold[prompts] != k)[0] for k in range(FOLDS)]
        seen += [None if source in group else np.arange(len(prompts)) for group in groups]
        data[source] = prompts, rewards, seen
        mean = np.nanmean(rewards.numpy(), 0).clip(0.02, 0.98)
        start = np.concatenate(
            [np.log(mean / (1 - mean))[:, None], np.zeros((len(mean), 1)), 0.3 * random.randn(len(mean), COLUMNS)], 1
        )
        policies[source] = nn.Parameter(torch.tensor(start, dtype=torch.float32, device=device))
    chance, steps = shares(sources, data), STEPS_A_SOURCE * len(sources)
    matrices = [p for p in members.parameters() if p.shape[1] > 1]
    biases = [p for p in members.parameters() if p.shape[1] == 1]
    optimiser = torch.optim.AdamW(
        [
            dict(params=matrices, weight_decay=DECAY),
            dict(params=biases, weight_decay=0),
            dict(params=list(policies.values()), weight_decay=0),
        ],
        lr=RATE,
    )
    members.train()
    recent = []
    for step in range(steps):
        rate = RATE * min(1, (step + 1) / 50) * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.01)
        for index, group in enumerate(optimiser.param_groups):
            group["lr"] = rate * (5 if index == 2 else 1)
        loss = 0
        for source in random.choice(sources, SOURCES_A_STEP, p=chance):
            prompts, rewards, seen = data[source]
            rows = np.stack([random.choice(len(prompts) if s is None else s, BATCH) for s in seen])
            is_seen = torch.tensor([s is not None for s in seen], device=device)[:, None, None]
            chosen = torch.tensor(prompts[rows], device=device)
            out = members(x[chosen], f[chosen])
            numbers = policies[source]
            logits = numbers[:, 0] + out[..., :1] * (1 + numbers[:, 1]) + out[..., 1:] @ numbers[:, 2:].T
            y = rewards[torch.tensor(rows)].to(device)
            known = ~torch.isnan(y) & is_seen
            each = F.binary_cross_entropy_with_logits(logits, torch.nan_to_num(y), reduction="none")
            loss = loss + (each * known).sum() / known.sum() + LOADING_PENALTY * (numbers[:, 1:] ** 2).mean()
        loss = loss * (count / SOURCES_A_STEP)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        recent.append(loss.item() / count)
        if step % 1000 == 999 or step == steps - 1:
            members.eval()
            validate(step + 1, outputs(members, x, f), float(np.mean(recent[-100:])))
            members.train()
    members.eval()
    return outputs(members, x, f), {k: v.detach().cpu() for k, v in members.state_dict().items()}, groups


def outputs(members, x, f, chunk=2048):
    count = members.first.shape[0]
    with torch.no_grad():
        return torch.cat(
            [
                members(x[i : i + chunk].expand(count, -1, -1), f[i : i + chunk].expand(count, -1, -1))
                for i in range(0, len(x), chunk)
            ],
            1,
        )


def merged(state):
    """The folds' members as one network: (inputs, FOLDS·hidden), bias, (FOLDS·hidden, 1 + COLUMNS), bias."""
    first = torch.cat(list(state["first"][:FOLDS]), 1)
    first_bias = torch.cat(list(state["first_bias"][:FOLDS]), 1)[0]
    second = torch.cat(list(state["second"][:FOLDS]), 0) / FOLDS
    return first, first_bias, second, state["second_bias"][:FOLDS].mean(0)[0]
