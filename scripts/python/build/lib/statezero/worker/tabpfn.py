"""The head of V0 folders in torch: TabPFN v2.5 as a classifier, an ensemble of tables.

Context rows never attend to queries: `Context` reads a context once and keeps head 0's keys and values of each layer; a
query then attends to them. Shapes: R rows, C = groups + 1 tokens of a row, d channels.
"""

from __future__ import annotations

import collections.abc
import hashlib
import math
import typing

import numpy as np
import torch
import torch.nn.functional as F

Tensors = dict[str, torch.Tensor]
_LARGEST = 2**31 - 1


def ensemble(seed: int, members: int, columns: int) -> list[tuple[int, np.ndarray]]:
    """(salt, permutation of columns + 1) by member, drawn as TabPFN 6.2.0 does in one fit."""
    draw = np.random.default_rng(seed)
    draw.integers(0, _LARGEST)
    start = int(draw.integers(0, 1000))
    draw.choice(np.arange(start, start + members), size=members, replace=False)
    draw.integers(0, _LARGEST)
    seeds = [int(draw.integers(0, _LARGEST)) for _ in range(members)]
    return [
        (int(np.random.default_rng(s).integers(0, 65536)), np.random.default_rng(s).permutation(columns + 1))
        for s in seeds
    ]


def row_hashes(rows: np.ndarray, salt: int, is_context: bool) -> np.ndarray:
    """The column of hashes of float32 rows. Queries are salted twice, as in the release."""
    salted = rows + np.float32(salt)
    if not is_context:
        salted = salted + np.float32(salt)
    seen: set[int] = set()
    found = []
    for row in salted:
        number, added = _hash(row), 0
        while is_context and number in seen:
            added += 1
            number = _hash(row + np.float32(added))
        seen.add(number)
        found.append(number / 1e12)
    return np.array(found, np.float32)


def _hash(row: np.ndarray) -> int:
    return int(hashlib.sha256(np.ascontiguousarray(row, np.float32).tobytes()).hexdigest(), 16) % 10**12


class Scaling:
    """How a member's context turns the columns of its table into numbers, in double precision."""

    def __init__(self, table: np.ndarray, group: int, sigma: float):
        rows, columns = table.shape
        self._group, self._groups = group, -(-columns // group)
        self._places = np.full(self._groups * group, -1)
        factor = np.ones(self._groups * group)
        varies = (table[1:] != table[:1]).any(0)
        for g in range(self._groups):
            members = [c for c in range(g * group, min((g + 1) * group, columns)) if varies[c]]
            self._places[g * group : g * group + len(members)] = members
        kept = np.maximum(self._places, 0)
        x = table[:, kept].astype(np.float64)
        mean, deviation = x.mean(0), _deviation(x, np.ones(x.shape, bool))
        within = (x >= mean - sigma * deviation) & (x <= mean + sigma * deviation)
        count = np.maximum(within.sum(0), 1)
        mean, deviation = np.where(within, x, 0).sum(0) / count, _deviation(x, within)
        self._low, self._high = mean - sigma * deviation, mean + sigma * deviation
        clipped = self._clip(x)
        self._mean, deviation = clipped.mean(0), _deviation(clipped, np.ones(x.shape, bool))
        self._deviation = np.where((deviation == 0) | (rows == 1), 1, deviation)
        scaled = self._scaled(x)
        used = ((scaled[1:] != scaled[:1]).any(0) & (self._places >= 0)).reshape(self._groups, group).sum(1)
        factor = np.sqrt(group / np.maximum(used, 1)).repeat(group)
        self._factor = np.where(self._places >= 0, factor, 0)

    def apply(self, table: np.ndarray) -> np.ndarray:
        """(R, columns) to (R, groups, 2 · group), float32: values, then indicators, which are 0 for finite values."""
        x = self._scaled(table[:, np.maximum(self._places, 0)].astype(np.float64)) * self._factor
        x = x.astype(np.float32).reshape(len(table), self._groups, self._group)
        return np.concatenate([x, np.zeros_like(x)], 2)

    def _clip(self, x: np.ndarray) -> np.ndarray:
        raised = np.maximum(self._low - np.log1p(np.abs(x)), x)
        return np.minimum(self._high + np.log1p(np.abs(raised)), raised)

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        found = np.clip((self._clip(x) - self._mean) / (self._deviation + 1e-16), -100, 100)
        return found.astype(np.float32).astype(np.float64)


def _deviation(x: np.ndarray, within: np.ndarray) -> np.ndarray:
    count = within.sum(0)
    mean = np.where(within, x, 0).sum(0) / np.maximum(count, 1)
    return np.sqrt((np.where(within, x - mean, 0) ** 2).sum(0) / np.maximum(count - 1, 1))


class Head:
    """The weights on a device, and the layers. `sizes` are those of `statezero.json`."""

    def __init__(self, tensors: Tensors, sizes: dict[str, typing.Any], device: str):
        self.sizes, self.device = sizes, device
        self._w = {name: tensor.float().to(device) for name, tensor in tensors.items()}
        self.progress: collections.abc.Callable[[], None] = lambda: None

    def tokens(self, values: np.ndarray, targets: np.ndarray) -> torch.Tensor:
        """(R, groups, 2 · group) scaled values and (R, 2) targets to (R, C, d)."""
        w = self._w
        x = torch.from_numpy(values).to(self.device)
        if self.sizes["encoder"] == "linear":
            x = x @ w["encoder.5.layer.weight"].T
        else:
            x = F.gelu(x @ w["encoder.5.mlp.0.weight"].T) @ w["encoder.5.mlp.2.weight"].T
        groups = x.shape[1]
        table = w.get("column_embedding", w.get(f"column_embedding_G{groups}"))
        if table is None or len(table) < groups:
            raise ValueError(f"the head has no column embeddings for {groups} groups of columns")
        x = x + F.linear(
            table[:groups],
            w["feature_positional_embedding_embeddings.weight"],
            w["feature_positional_embedding_embeddings.bias"],
        )
        y = torch.from_numpy(targets).to(self.device)
        y = F.linear(y, w["y_encoder.2.layer.weight"], w["y_encoder.2.layer.bias"])
        return torch.cat([x, y[:, None]], 1)

    def thinking(self, tokens: int) -> torch.Tensor:
        """(T, C, d)"""
        return self._w["add_thinking_tokens.row_token_values"][:, None].expand(-1, tokens, -1)

    def along_rows(self, layer: int, x: torch.Tensor, only_target: bool) -> torch.Tensor:
        """Attention of a row's tokens to each other."""
        qkv, out = self._attention(layer, "features")
        asking = x[:, -1:] if only_target else x
        q, k, v = (torch.einsum("rcs,hds->rhcd", part, w) for part, w in zip((asking, x, x), qkv))
        found = F.scaled_dot_product_attention(q, k, v)
        return self._norm(asking + torch.einsum("rhcd,hds->rcs", found, out))

    def keys_values(self, layer: int, x: torch.Tensor, heads: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """(C, heads, R, d/h) keys and values of the context's rows."""
        qkv, _ = self._attention(layer, "items")
        return tuple(torch.einsum("rcs,hds->chrd", x, qkv[i][:heads]) for i in (1, 2))  # type: ignore[return-value]

    def along_columns(self, layer: int, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Attention of each column to the context's same column, and the feed-forward pair."""
        qkv, out = self._attention(layer, "items")
        q = torch.einsum("rcs,hds->chrd", x, qkv[0])
        heads = q.shape[1]
        found = F.scaled_dot_product_attention(q, keys.expand(-1, heads, -1, -1), values.expand(-1, heads, -1, -1))
        x = self._norm(x + torch.einsum("chrd,hds->rcs", found, out))
        p = f"transformer_encoder.layers.{layer}.mlp.linear"
        return self._norm(x + F.gelu(x @ self._w[p + "1.weight"].T) @ self._w[p + "2.weight"].T)

    def decode(self, x: torch.Tensor) -> torch.Tensor:
        """(R, d) to (R, 2) logits."""
        w, p = self._w, "decoder_dict.standard."
        x = F.gelu(F.linear(x, w[p + "0.weight"], w[p + "0.bias"]))
        return F.linear(x, w[p + "2.weight"], w[p + "2.bias"])[:, :2]

    def _attention(self, layer: int, along: str) -> tuple[torch.Tensor, torch.Tensor]:
        p = f"transformer_encoder.layers.{layer}.self_attn_between_{along}."
        return self._w[p + "_w_qkv"], self._w[p + "_w_out"]

    def _norm(self, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, x.shape[-1:], eps=1e-5)


class Context:
    """A context as all members have read it. `hashes` are another program's columns, (context, queries) by member."""

    def __init__(self, head: Head, features: np.ndarray, labels: np.ndarray, settings: dict[str, typing.Any],
                 hashes: list[tuple[np.ndarray, np.ndarray]] | None = None, is_standardised: bool = False):  # fmt: skip
        self._head, self._settings, self._hashes = head, settings, hashes
        self.is_constant = not (features[1:] != features[:1]).any()
        self._kept = np.ones(features.shape[1], bool)
        self._mean = self._deviation = None
        z = features
        if not is_standardised:
            self._kept = (features[1:] != features[:1]).any(0)
            x = torch.from_numpy(np.ascontiguousarray(features[:, self._kept]))
            self._mean, self._deviation = x.mean(0, keepdim=True).numpy(), x.std(0, keepdim=True).numpy()
            z = self.standardised(features)
        self._label_mean = float(labels.mean())
        self._members = []
        plan = ensemble(settings["seed"], settings["members"], z.shape[1])
        for index, (salt, order) in enumerate(plan):
            column = row_hashes(z, salt, True) if hashes is None else hashes[index][0]
            table = np.c_[z, column].astype(np.float32)[:, order]
            scaling = Scaling(table, head.sizes["columns_per_group"], head.sizes["outlier_sigma"])
            targets = np.c_[labels, np.zeros(len(labels))].astype(np.float32)
            self._members.append((salt, order, scaling, self._read(scaling.apply(table), targets)))

    def standardised(self, features: np.ndarray) -> np.ndarray:
        """Columns that vary in the context, of mean 0 and deviation 1 there."""
        if self._mean is None:
            return features
        return ((features[:, self._kept] - self._mean) / self._deviation).astype(np.float32)

    @torch.no_grad()
    def _read(self, values: np.ndarray, targets: np.ndarray) -> list[tuple[torch.Tensor, torch.Tensor]]:
        head = self._head
        x = head.tokens(values, targets)
        x = torch.cat([head.thinking(x.shape[1]), x])
        kept = []
        for layer in range(head.sizes["layers"]):
            is_last = layer == head.sizes["layers"] - 1
            x = head.along_rows(layer, x, is_last)
            keys, values_ = head.keys_values(layer, x, 1 if is_last else None)
            kept.append((keys[:, :1].clone(), values_[:, :1].clone()))
            if not is_last:
                x = head.along_columns(layer, x, keys, values_)
            head.progress()
        return kept

    @torch.no_grad()
    def raw_logits(self, features: np.ndarray) -> torch.Tensor:
        """(E, M, 2), of the members, for queries that are standardised here unless the context was given so."""
        head, z = self._head, self.standardised(features)
        found = []
        for index, (salt, order, scaling, kept) in enumerate(self._members):
            column = row_hashes(z, salt, False) if self._hashes is None else self._hashes[index][1]
            table = np.c_[z, column].astype(np.float32)[:, order]
            targets = np.tile(np.array([[self._label_mean, -2]], np.float32), (len(z), 1))
            x = head.tokens(scaling.apply(table), targets)
            for layer, (keys, values) in enumerate(kept):
                x = head.along_rows(layer, x, layer == len(kept) - 1)
                x = head.along_columns(layer, x, keys, values)
                head.progress()
            found.append(head.decode(x[:, -1]).cpu())
        return torch.stack(found)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(M) P(success)."""
        mean = (self.raw_logits(features) / self._settings["temperature"]).mean(0)
        return torch.softmax(mean, 1)[:, 1].numpy()


def flops(sizes: dict[str, typing.Any], columns: int, rows: int) -> float:
    """Operations of reading `rows` rows once through one member, without attention along columns."""
    d, tokens = sizes["width"], math.ceil((columns + 1) / sizes["columns_per_group"]) + 1
    a_token = 2 * d * d * (8 + 2 * sizes["inner_factor"]) + 4 * d * tokens
    return float(sizes["layers"] * rows * tokens * a_token)
