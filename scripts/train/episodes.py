"""Episodes: a context and queries of one policy, real or synthetic, as the head gets them in use."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from outcomes import FOLDS

QUERIES = 64
ROWS_MAX = 512
ROWS_A_BATCH = 2048
EMPTY = 0.04  # share of batches without a context
LEFT_OUT = 0.45  # share of episodes on a source that their member of the difficulty network has never seen
WIDE_SHARE = 0.2
EPISODES_MIN = 80  # outcomes of a policy
EXTRA_SHARE = {"reasoning_gym": 2.0}  # its task families are apart: the regression has most to learn there
SYNTHETIC, FLIPPED, TWO_SOURCES, MIXED, BINARY = 0.2, 0.02, 0.2, 0.25, 0.3


@dataclass
class Batch:
    """Contexts of N rows and their queries, as the regression's arguments; c: context, q: queries."""

    xc: torch.Tensor  # (B, N, E) embeddings
    xq: torch.Tensor
    fc: torch.Tensor  # (B, N, 30) surface features of the population
    fq: torch.Tensor
    columns_c: torch.Tensor  # (B, N, 1 + C) of the difficulty network
    columns_q: torch.Tensor
    y: torch.Tensor  # (B, N) rewards
    n: torch.Tensor
    grams_c: torch.Tensor  # (B, N, N) kernel of the n-grams
    grams_q: torch.Tensor  # (B, Q, N)
    wide: torch.Tensor  # (B,) whether the context is of wide characters


class Features:
    """The head's inputs for all prompts; `columns` are the members' outputs, (members, P, 1 + C)."""

    def __init__(self, corpus, embeddings, surface, columns, groups):
        self.corpus, self.x, self.f, self.columns, self.groups = corpus, embeddings, surface, columns, groups

    def batch(self, member, context, queries, rewards, rollouts):
        """Episodes of the same sizes; lists over the batch."""
        device = self.x.device
        c, q = torch.as_tensor(np.stack(context), device=device), torch.as_tensor(np.stack(queries), device=device)
        m = torch.as_tensor(member, device=device)[:, None]
        y = torch.as_tensor(np.stack(rewards), dtype=torch.float32, device=device)
        n = torch.as_tensor(np.stack(rollouts), dtype=torch.float32, device=device)
        kernels = [self.gram_kernels(rows, asked) for rows, asked in zip(context, queries)]
        grams_c, grams_q = (torch.as_tensor(np.stack(k), device=device) for k in zip(*kernels))
        wide = [len(rows) > 0 and self.corpus.wide[rows].mean() > WIDE_SHARE for rows in context]
        columns_c, columns_q = self.columns[m, c], self.columns[m, q]
        return Batch(
            self.x[c], self.x[q], self.f[c], self.f[q], columns_c, columns_q, y, n, grams_c, grams_q, torch.tensor(wide)
        )

    def gram_kernels(self, context, queries):
        """Cosines of the n-grams, idf over the context: (N, N) and (Q, N)."""
        rows = self.corpus.grams[context]
        documents = np.bincount(rows.indices, minlength=rows.shape[1])
        frequency = (np.log((1 + len(context)) / (1 + documents)) + 1).astype(np.float32)
        used = np.flatnonzero(documents)
        column = np.full(len(documents), -1)
        column[used] = np.arange(len(used))

        def dense(matrix):
            """Unit vectors, of the places that the context has: dense products are faster than sparse ones here."""
            values = matrix.data * frequency[matrix.indices]
            owner = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
            length = np.sqrt(np.bincount(owner, values**2, matrix.shape[0])).astype(np.float32)
            at = column[matrix.indices]
            known = at >= 0
            result = np.zeros((matrix.shape[0], len(used)), np.float32)
            result[owner[known], at[known]] = values[known] / np.maximum(length, 1e-9)[owner[known]]
            return result

        known = dense(rows)
        return known @ known.T, dense(self.corpus.grams[queries]) @ known.T


class Episodes:
    """Draws batches for training from records by source."""

    def __init__(self, features, records, fold, seed, synthetic=SYNTHETIC):
        self.features, self.fold, self.synthetic = features, fold, synthetic
        long = {s: [r for r in v if len(r.prompts) >= EPISODES_MIN] for s, v in records.items()}
        self.records = {s: v for s, v in long.items() if v}
        self.sources = sorted(self.records)
        size = np.array([np.mean([len(r.prompts) for r in self.records[s]]) for s in self.sources])
        share = size**0.3 * np.array([EXTRA_SHARE.get(s, 1.0) for s in self.sources])
        self.chance = share / share.sum()
        self.random = np.random.RandomState(seed)
        self.left_out = {s: FOLDS + i for i, group in enumerate(features.groups) for s in group}
        self.pool = {s: np.unique(np.concatenate([r.prompts for r in v])) for s, v in self.records.items()}

    def batch(self):
        """(a Batch, rewards of the queries)"""
        random = self.random
        rows = 0
        if random.rand() >= EMPTY:
            rows = int(math.exp(random.uniform(math.log(4), math.log(ROWS_MAX))))
        size = int(np.clip(ROWS_A_BATCH // max(rows, 1), 4, 16))
        episodes = []
        while len(episodes) < size:
            episode = self.episode(rows)
            if episode is not None:
                episodes.append(episode)
        member, context, queries, y, n, target = zip(*episodes)
        batch = self.features.batch(np.array(member), context, queries, y, n)
        return batch, torch.as_tensor(np.stack(target), dtype=torch.float32, device=self.features.x.device)

    def episode(self, rows):
        random = self.random
        source = self.sources[random.choice(len(self.sources), p=self.chance)]
        member = self.left_out[source] if random.rand() < LEFT_OUT else None
        kind = random.rand()
        if kind < self.synthetic:
            prompts, y, n = self.made_up(source)
        else:
            prompts, y, n = self.real(source)
            if kind < self.synthetic + TWO_SOURCES:
                other = self.sources[random.choice(len(self.sources), p=self.chance)]
                p2, y2, n2 = self.real(other)
                take, take2 = random.permutation(len(prompts))[:400], random.permutation(len(p2))[:400]
                new = ~np.isin(p2[take2], prompts[take])
                prompts = np.concatenate([prompts[take], p2[take2][new]])
                y, n = np.concatenate([y[take], y2[take2][new]]), np.concatenate([n[take], n2[take2][new]])
                member = member if self.left_out[source] == self.left_out[other] else None
            if random.rand() < FLIPPED:
                y = 1 - y
        fold = random.randint(FOLDS)
        asked = self.fold[prompts] == fold
        context, queries = random.permutation(np.where(~asked)[0])[:rows], random.permutation(np.where(asked)[0])
        if len(context) < rows or len(queries) < 16:
            return None
        queries = np.resize(queries, QUERIES)
        return (
            fold if member is None else member,
            prompts[context],
            prompts[queries],
            y[context],
            n[context],
            y[queries],
        )

    def real(self, source):
        """A policy's record, sometimes between two policies, sometimes of single rollouts where it has more."""
        random, records = self.random, self.records[source]
        a = records[random.randint(len(records))]
        prompts, y, n = a.prompts, a.rewards, a.rollouts
        if random.rand() < MIXED and len(records) > 1:
            b = records[random.randint(len(records))]
            common, i, j = np.intersect1d(a.prompts, b.prompts, return_indices=True)
            if len(common) >= 100:
                from_a = random.rand(len(common)) < random.rand()
                prompts = common
                y, n = np.where(from_a, y[i], b.rewards[j]), np.where(from_a, n[i], b.rollouts[j])
        if n.max() > 1 and random.rand() < BINARY:
            y, n = (random.rand(len(y)) < y).astype(float), np.ones_like(n)
        return prompts, y, n

    def made_up(self, source):
        """A synthetic policy: one of several kinds of difficulty on real prompts, with noise and any base rate."""
        random = self.random
        prompts = random.permutation(self.pool[source])[:1200]
        if random.rand() < 0.25:
            other = self.sources[random.choice(len(self.sources), p=self.chance)]
            prompts = np.unique(np.concatenate([prompts[:600], random.permutation(self.pool[other])[:600]]))
        x, f = self.features.x[prompts].cpu().numpy(), self.features.f[prompts].cpu().numpy()

        def unit(values):
            return (values - values.mean()) / (values.std() + 1e-6)

        z = (x - x.mean(0)) / (x.std(0) + 1e-3)
        kind = random.rand()
        if kind < 0.25:  # several abilities, each a direction of the embedding; the weakest counts
            directions = random.randn(z.shape[1], random.randint(1, 5))
            abilities = z @ directions / z.shape[1] ** 0.5 + random.randn(directions.shape[1])
            g = unit(abilities.min(1) if random.rand() < 0.5 else abilities.sum(1))
        elif kind < 0.45:  # a small random network
            hidden = random.randint(4, 24)
            inner = np.tanh(z @ random.randn(z.shape[1], hidden) / 19.6 * random.uniform(0.7, 2) + random.randn(hidden))
            g = unit(inner @ random.randn(hidden))
        elif kind < 0.6:  # a Gaussian process, by random Fourier features
            waves = x @ (random.randn(x.shape[1], 128) * random.uniform(1, 2.5)) + random.rand(128) * 2 * math.pi
            g = unit(np.cos(waves) @ random.randn(128))
        elif kind < 0.75:  # topics
            centres = x[random.randint(len(x), size=random.randint(2, 12))]
            g = unit(random.randn(len(centres))[(x @ centres.T).argmax(1)])
        else:  # what the text looks like
            g = unit(f @ (random.randn(f.shape[1]) * (random.rand(f.shape[1]) < 0.2) + 1e-3 * random.randn(f.shape[1])))
        if random.rand() < 0.5:
            feature = f[:, [0, 1, 3, 4, 7, 17][random.randint(6)]]
            g = unit(g - random.uniform(0.1, 0.8) * unit(feature) * (1 if random.rand() < 0.8 else -1))
        base = random.beta(0.8, 0.8) * 0.96 + 0.02
        logits = g * random.uniform(0.2, 2.5) + random.randn(len(g)) * random.uniform(0, 1.5)
        low, high = -20.0, 20.0
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if (1 / (1 + np.exp(-logits - middle))).mean() < base else (low, middle)
        p = 1 / (1 + np.exp(-logits - low))
        wrong = random.uniform(0, 0.1) if random.rand() < 0.3 else 0.0  # labels of a judge that errs
        p = p * (1 - wrong) + (1 - p) * wrong
        n = np.full(len(p), 1 if random.rand() < 0.75 else random.choice([2, 4, 8, 16]), np.float64)
        return prompts, random.binomial(n.astype(int), p) / n, n
