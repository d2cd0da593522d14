"""Models of the torch worker: a folder, its fingerprint, features of texts with a cache, prepared contexts, answers."""

from __future__ import annotations

import collections
import collections.abc
import hashlib
import json
import pathlib
import time
import typing

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.special import betaincinv

from . import compact, gaussian_process, grams, surface, tabpfn, wire
from .encoders import SentenceEncoder, V0Encoder

VERSION = "torch/1"  # changes with this code, whenever an answer could change
HEADS = ("compact", "gaussian-process")  # of sentence-transformers folders; the first is the default


class Model:
    """A value model on a device. Belongs to one thread."""

    def __init__(self, folder: str, device: str, head: str = HEADS[0], tokens: int = 16_384,
                 cache_bytes: int = 256 << 20):  # fmt: skip
        self.folder, self.device = pathlib.Path(folder), device
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        settings = self.folder / "statezero.json"
        self._v0: dict[str, typing.Any] | None = None
        self._encoder: V0Encoder | SentenceEncoder
        if settings.exists():
            self._v0 = json.loads(settings.read_text(encoding="utf-8"))
            adapter = self.folder / "adapter.safetensors"
            tensors = load_file(adapter) if self._v0["pooling"] != "last_token" else None
            self._encoder = V0Encoder(self.folder / "encoder", self._v0, tensors, device, tokens)
            self._head = tabpfn.Head(load_file(self.folder / "head.safetensors"), self._v0["head"], device)
            name = f"{self._v0['name']}+{self._v0['pooling']}"
        else:
            if head not in HEADS:
                raise ValueError(f"this worker has the heads {', '.join(HEADS)} and that of V0 folders, not {head}")
            # Weights first: they may refuse the folder, and an encoder is slow to load.
            self._compact = self._compact_head() if head == "compact" else None
            self._encoder = SentenceEncoder(self.folder, device, tokens)
            name = f"{self.folder.name}+{'compact' if self._compact else 'gp'}"
        self.encoder = self._encoder
        self.name = f"{name}/{VERSION}"
        self.digest = self._digest(tokens)
        self._contexts: dict[bytes, typing.Any] = {}
        self._cache: collections.OrderedDict[str, tuple[np.ndarray, bool]] = collections.OrderedDict()
        self._cache_bytes, self._cached_bytes = cache_bytes, 0

    def _compact_head(self) -> compact.Head:
        path = compact.find()
        head = compact.Head(path, self.device)
        width = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))["hidden_size"]
        if (head.encoder, head.embedding) != (self.folder.name, width):
            raise ValueError(
                f"the head in {path} was trained on {head.encoder} with {head.embedding} columns, not on "
                f"{self.folder.name} with {width}; choose --head gaussian-process"
            )
        return head

    @property
    def v0(self) -> dict[str, typing.Any] | None:
        """The content of `statezero.json`, of V0 folders."""
        return self._v0

    @property
    def head(self) -> tabpfn.Head:
        """The head of a V0 folder."""
        return self._head

    @property
    def progress(self) -> collections.abc.Callable[[], None]:
        """Called after each batch of prompts and each layer of a head."""
        return self._progress

    @progress.setter
    def progress(self, listener: collections.abc.Callable[[], None]) -> None:
        self._progress = listener
        self._encoder.listen(listener)
        if self._v0:
            self._head.progress = listener

    def _digest(self, tokens: int) -> bytes:
        """Over every file that can change an answer, the versions, the device and the shapes of batches."""
        device = torch.cuda.get_device_name() if self.device.startswith("cuda") else f"cpu {torch.get_num_threads()}"
        shape = "1" if self.device == "cpu" else str(tokens)
        found = hashlib.sha256(f"{VERSION} {self.name} {torch.__version__} {device} {shape}".encode())
        if not self._v0 and self._compact:
            found.update(self._compact.digest)
        names = ("config.json", "modules.json", "statezero.json", "tokenizer.json", "vocab.txt")
        for path in sorted(self.folder.rglob("*")):
            wanted = path.suffix in (".safetensors", ".bin") or path.name in names or path.name.endswith("config.json")
            if path.name.startswith("golden"):
                continue
            if wanted and not any(part.startswith(".") for part in path.relative_to(self.folder).parts):
                found.update(str(path.relative_to(self.folder)).encode() + _sha256(path))
        return found.digest()

    def features(self, texts: list[str]) -> tuple[np.ndarray, list[bool]]:
        """(P, F) float32, and whether each text was cut. Features of texts seen before are kept."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._cache]
        made: dict[str, tuple[np.ndarray, bool]] = {}
        if missing:
            vectors, cut = self._encoder.embed(missing)
            if not self._v0:
                vectors = np.hstack([vectors, np.stack([surface.features(text) for text in missing])])
            for text, row, is_cut in zip(missing, vectors, cut):
                made[text] = (row, is_cut)
        found = [made[text] if text in made else self._cache[text] for text in texts]
        for text, value in made.items():
            self._cache[text] = value
            self._cached_bytes += value[0].nbytes + 4 * len(text)
        while self._cached_bytes > self._cache_bytes and self._cache:
            text, value = self._cache.popitem(last=False)
            self._cached_bytes -= value[0].nbytes + 4 * len(text)
        return np.stack([row for row, _ in found]), [cut for _, cut in found]

    def prepare(self, digest: bytes, texts: list[bytes], outcomes: list[tuple[float, int]]) -> None:
        """Fits a context. Raises where it cannot be fitted."""
        rewards = np.array([reward for reward, _ in outcomes], np.float64)
        rollouts = np.array([n for _, n in outcomes], np.float64)
        if not np.isfinite(rewards).all() or ((rewards < 0) | (rewards > 1)).any():
            raise ValueError("a reward of the context is not in 0 to 1")
        decoded = [text.decode("utf-8") for text in texts]
        made: typing.Any = None
        if not self._v0 and self._compact:
            values = self.features(decoded)[0] if decoded else np.zeros((0, self._compact.embedding + compact.SURFACE))
            made = compact.Context(self._compact, values, [grams.read(text) for text in decoded], rewards, rollouts)
        elif len(rewards):
            values, _ = self.features(decoded)
            if not self._v0:
                made = gaussian_process.Context(values, rewards, rollouts, self.device)
            else:
                labels = (rewards >= 0.5).astype(np.float32)
                if 0 < labels.sum() < len(labels) and (values[1:] != values[:1]).any():
                    made = tabpfn.Context(self._head, values, labels, self._v0["ensemble"])
        self._contexts[digest] = (made, (rewards.sum() + 0.5) / (len(rewards) + 1))

    def forget(self, digest: bytes) -> None:
        """Frees a context."""
        self._contexts.pop(digest, None)

    def answers(self, digest: bytes, texts: list[bytes]) -> tuple[bytes, list[tuple[int, str, str]], tuple[int, int]]:
        """The answers' frame, faults as (row, code, message), and microseconds of embedding and of predicting."""
        begin = time.monotonic()
        faults: dict[int, tuple[str, str]] = {}
        decoded: dict[int, str] = {}
        for row, text in enumerate(texts):
            try:
                decoded[row] = text.decode("utf-8")
            except UnicodeDecodeError as error:
                faults[row] = ("invalid_utf8", str(error))
        records = [wire.NO_ANSWER] * len(texts)
        middle = begin
        if decoded:
            code = "embedding_failed"
            try:
                values, cut = self.features(list(decoded.values()))
                middle, code = time.monotonic(), "prediction_failed"
                p, kappa, flags = self._predict(digest, values, list(decoded.values()))
                for row, record in zip(decoded, _records(p, kappa, flags, cut)):
                    if record is None:
                        faults[row] = (code, "the prediction is not a number")
                    else:
                        records[row] = record
            except Exception as error:
                faults.update({row: (code, f"{type(error).__name__}: {error}") for row in decoded})
        end = time.monotonic()
        spent = (round(1e6 * (middle - begin)), round(1e6 * (end - middle)))
        return b"".join(records), [(row, *faults[row]) for row in sorted(faults)], spent

    def _predict(self, digest: bytes, values: np.ndarray, texts: list[str]) -> tuple[np.ndarray, float, int]:
        context, base = self._contexts[digest]
        if context is None or getattr(context, "is_base_rate", False):
            return np.full(len(values), base), gaussian_process.BASE_KAPPA, wire.BASE_RATE
        if isinstance(context, compact.Context):
            return context.probabilities(values, [grams.read(text) for text in texts]), context.kappa, 0
        if not self._v0:
            return context.probabilities(values), context.kappa, 0
        # Fixed numbers of queries at a time, so that each has the same bits in every call.
        block = 1 if self.device == "cpu" else 64
        found = []
        for first in range(0, len(values), block):
            part = values[first : first + block]
            filled = np.concatenate([part, part[:1].repeat(block - len(part), 0)])
            found.append(context.probabilities(filled)[: len(part)])
        return np.concatenate(found), gaussian_process.USUAL_KAPPA, 0


def _sha256(path: pathlib.Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 24):
            digest.update(part)
    return digest.digest()


def _records(p: np.ndarray, kappa: float, flags: int, cut: list[bool]) -> list[bytes | None]:
    """Answer records with the central 80 % of the beliefs; None where a number is not finite."""
    mean = np.clip(p.astype(np.float64), 0, 1)
    a, b = np.maximum(mean * kappa, 1e-6), np.maximum((1 - mean) * kappa, 1e-6)
    rounded = mean.astype(np.float32)
    low = np.minimum(rounded, betaincinv(a, b, 0.1).astype(np.float32))
    high = np.maximum(rounded, betaincinv(a, b, 0.9).astype(np.float32))
    return [
        wire.answer(m, kappa, x, y, flags | (wire.TRUNCATED if c else 0)) if np.isfinite([m, x, y]).all() else None
        for m, x, y, c in zip(rounded, low, high, cut)
    ]
