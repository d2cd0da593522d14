"""Texts to features in torch: encoders of sentence-transformers folders, and V0's encoder with its adapter.

A text's features must have the same bits in every batch, because any worker may answer any row. So windows are put into
batches of fixed shapes: the length is rounded up to a step, and the rows of each length are always the same number;
what is missing is filled. On a CPU a batch has one row and no padding.
"""

from __future__ import annotations

import collections.abc
import json
import math
import pathlib
import typing

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import AutoModel, AutoTokenizer

WINDOWS_MAX, OVERLAP = 8, 8
LENGTH_STEP = 32
Pool = collections.abc.Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Batches:
    """Windows of token ids through a model, in batches of fixed shapes. `pool`: (states (B, T, D), mask) → (B, F)."""

    def __init__(self, model: nn.Module, pad: int, pool: Pool, device: str, tokens: int, left: bool):
        self._model, self._pad, self._pool = model, pad, pool
        self._device, self._tokens, self._left = device, tokens, left
        self.progress: collections.abc.Callable[[], None] = lambda: None

    def shape(self, length: int) -> tuple[int, int]:
        """(rows, length) of the batch for a window."""
        if self._device == "cpu":
            return 1, length
        length = -(-length // LENGTH_STEP) * LENGTH_STEP
        return max(1, self._tokens // length), length

    @torch.no_grad()
    def run(self, windows: list[list[int]]) -> np.ndarray:
        """(W, F), float32, in order."""
        by_shape: dict[tuple[int, int], list[int]] = {}
        for index, window in enumerate(windows):
            by_shape.setdefault(self.shape(len(window)), []).append(index)
        found: list[np.ndarray] = [np.zeros(0)] * len(windows)
        for (rows, length), members in by_shape.items():
            for first in range(0, len(members), rows):
                part = members[first : first + rows]
                ids = np.full((rows, length), self._pad, np.int64)
                mask = np.zeros((rows, length), np.int64)
                for row in range(rows):
                    window = windows[part[min(row, len(part) - 1)]]
                    place = slice(length - len(window), length) if self._left else slice(0, len(window))
                    ids[row, place], mask[row, place] = window, 1
                put = [torch.from_numpy(a).to(self._device) for a in (ids, mask)]
                states = self._model(input_ids=put[0], attention_mask=put[1]).last_hidden_state
                pooled = self._pool(states.float(), put[1]).cpu().numpy()
                for row, index in enumerate(part):
                    found[index] = pooled[row]
                self.progress()
        return np.stack(found)


class SentenceEncoder:
    """A sentence-transformers folder: transformer, pooling, perhaps normalisation. Long texts are read in windows."""

    def __init__(self, folder: pathlib.Path, device: str, tokens: int):
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
            raise ValueError(f"{folder} has the modules {kinds}; this worker reads Transformer, Pooling, Normalize")
        pooling = json.loads((folder / modules[1]["path"] / "config.json").read_text(encoding="utf-8"))
        chosen = [key for key, value in pooling.items() if key.startswith("pooling_mode_") and value is True]
        names = {"mean_tokens": "mean", "cls_token": "cls", "lasttoken": "last"}
        mode = names.get(chosen[0].removeprefix("pooling_mode_")) if len(chosen) == 1 else pooling.get("pooling_mode")
        if mode not in names.values():
            raise ValueError(f"{folder} has the pooling {chosen or mode}; this worker has mean, CLS and last token")
        self._pooling = mode
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval().to(device)
        settings = folder / "sentence_bert_config.json"
        asked = json.loads(settings.read_text())["max_seq_length"] if settings.exists() else None
        self.tokens_max = asked or model.config.max_position_embeddings
        self._prompt = _prompt(folder)
        self.width = int(model.config.hidden_size)
        pad = self._tokenizer.pad_token_id or 0
        self.parameters = sum(p.numel() for n, p in model.named_parameters() if "embeddings" not in n)
        self._batches = Batches(model, pad, self._pool, device, tokens, mode == "last")
        empty = self._tokenizer("")["input_ids"]
        marked = self._tokenizer("a")["input_ids"]
        inner = len(marked) - len(self._tokenizer("a", add_special_tokens=False)["input_ids"])
        if inner != len(empty):
            raise ValueError(f"{folder}: the tokenizer's special tokens are not understood")
        before = next((i for i, (a, b) in enumerate(zip(marked, empty)) if a != b), len(empty))
        self._special = (empty[:before], empty[before:])

    def listen(self, progress: collections.abc.Callable[[], None]) -> None:
        self._batches.progress = progress

    def _pool(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        if self._pooling == "mean":
            weight = mask[..., None].to(states.dtype)
            return (states * weight).sum(1) / weight.sum(1)
        return states[:, 0] if self._pooling == "cls" else states[:, -1]

    def windows(self, text: str) -> tuple[list[list[int]], bool]:
        """Windows of a text, and whether its end is in none."""
        before, after = self._special
        room = self.tokens_max - len(before) - len(after)
        prompt = self._tokenizer(self._prompt, add_special_tokens=False)["input_ids"] if self._prompt else []
        body = self._tokenizer(self._prompt + text, add_special_tokens=False, verbose=False)["input_ids"]
        same = next((i for i, (a, b) in enumerate(zip(prompt, body)) if a != b), min(len(prompt), len(body)))
        same = same if 2 * same <= room else 0
        inner = room - same
        step = inner - inner // OVERLAP
        most = room + (WINDOWS_MAX - 1) * step
        is_truncated, body = len(body) > most, body[:most]
        if len(body) <= room:
            return [before + body + after], is_truncated
        found, first = [], same
        while True:
            end = min(first + inner, len(body))
            found.append(before + body[:same] + body[first:end] + after)
            if end == len(body):
                return found, is_truncated
            first += step

    def embed(self, texts: list[str]) -> tuple[np.ndarray, list[bool]]:
        """(P, E) unit embeddings, and whether each text was cut."""
        read = [self.windows(text) for text in texts]
        vectors = self._batches.run([window for windows, _ in read for window in windows])
        if self._pooling != "mean":
            vectors = _unit(vectors)
        found, start = [], 0
        for windows, _ in read:
            part = vectors[start : start + len(windows)]
            weight = [len(w) if self._pooling == "mean" else 1 for w in windows]
            found.append(np.average(part, 0, weight) if len(part) > 1 else part[0])
            start += len(windows)
        return _unit(np.stack(found).astype(np.float32)), [cut for _, cut in read]


class V0Encoder:
    """The encoder of a V0 folder with its query adapter: prompts to features."""

    def __init__(self, folder: pathlib.Path, settings: dict[str, typing.Any], adapter: dict[str, torch.Tensor] | None,
                 device: str, tokens: int):  # fmt: skip
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval().to(device)
        self._tokens_max = settings["tokens_max"]
        self._adapter = Adapter(adapter, settings["adapter"]).eval().to(device) if adapter else None
        pool = self._adapter or (lambda states, mask: states[:, -1])
        self.model = model
        self.parameters = sum(p.numel() for n, p in model.named_parameters() if "embed" not in n)
        pad = self._tokenizer.pad_token_id or 0
        self._batches = Batches(model, pad, pool, device, tokens, True)

    def listen(self, progress: collections.abc.Callable[[], None]) -> None:
        self._batches.progress = progress

    def tokens(self, text: str) -> list[int]:
        """Ids, at most `tokens_max`."""
        return list(self._tokenizer(text, max_length=self._tokens_max, truncation=True)["input_ids"])

    def embed(self, texts: list[str]) -> tuple[np.ndarray, list[bool]]:
        """(P, F) features, and whether each text was cut."""
        ids = [self.tokens(text) for text in texts]
        cut = [len(i) == self._tokens_max and len(self._tokenizer(t, verbose=False)["input_ids"]) > self._tokens_max
               for i, t in zip(ids, texts)]  # fmt: skip
        return self._batches.run(ids), cut


class Adapter(nn.Module):
    """V0's query adapter: learnt queries attend to the token states; with a bottleneck the last state shifts them."""

    def __init__(self, tensors: dict[str, torch.Tensor], sizes: dict[str, typing.Any]):
        super().__init__()
        count, width, inner = sizes["queries"], sizes["width"], sizes.get("bottleneck")
        hidden = tensors["proj_kv.weight"].shape[1]
        self.proj_kv = nn.Linear(hidden, width)
        self.mha = nn.MultiheadAttention(width, sizes["heads"], batch_first=True)
        self.ln_q, self.ln_kv = nn.LayerNorm(width), nn.LayerNorm(width)
        self._name = "static_queries" if inner else "queries"
        setattr(self, self._name, nn.Parameter(torch.empty(1, count, width)))
        if inner:
            parts = [nn.Linear(hidden, inner), nn.LayerNorm(inner), nn.GELU(), nn.Identity()]
            self.generator = nn.Sequential(*parts, nn.Linear(inner, count * width))
        self.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=True)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, T, D) and (B, T) to (B, queries · width)."""
        queries = getattr(self, self._name).expand(len(states), -1, -1)
        if self._name == "static_queries":
            queries = queries + self.generator(states[:, -1]).view(queries.shape)
        keys = self.proj_kv(states)
        mixed, _ = self.mha(self.ln_q(queries), self.ln_kv(keys), keys, key_padding_mask=mask == 0)
        return torch.Tensor(mixed.flatten(1))


def _unit(vectors: np.ndarray) -> np.ndarray:
    norm = F.normalize(torch.from_numpy(vectors), dim=1, eps=1e-12)
    return norm.numpy()


def _prompt(folder: pathlib.Path) -> str:
    """What is put before each text: the prompt that the folder names, else the one called query."""
    path = folder / "config_sentence_transformers.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    prompts, name = found.get("prompts") or {}, found.get("default_prompt_name")
    return str(prompts[name] if name else prompts.get("query", ""))


def flops(parameters: int, tokens: int) -> float:
    """Multiplications and additions of the products with weights."""
    return math.fsum([2.0 * parameters * tokens])
