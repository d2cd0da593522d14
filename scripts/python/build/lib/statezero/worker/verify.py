"""Compares a V0 folder in torch with its golden prediction, stage by stage, as `statezero model verify` does."""

from __future__ import annotations

import json
import pathlib
import typing

import numpy as np
from safetensors.numpy import load_file

from . import tabpfn
from .model import Model


def stages(folder: str, device: str = "cpu") -> list[tuple[str, float, float | None]]:
    """(stage, largest error, tolerance or None) of a folder with golden.json."""
    model = Model(folder, device)
    golden = json.loads((pathlib.Path(folder) / "golden.json").read_text(encoding="utf-8"))
    tensors = load_file(pathlib.Path(folder) / "golden.safetensors")
    texts = [row["text"] for row in golden["context"]] + golden["queries"]
    labels = np.array([row["label"] for row in golden["context"]], np.float32)
    count, found = len(labels), []

    def stage(name: str, error: float, judged: bool = True) -> None:
        found.append((name, float(error), golden["tolerances"][name] if judged else None))

    starts, ids = tensors["token_starts"], tensors["tokens"]
    encoder: typing.Any = model.encoder
    wrong = sum(encoder.tokens(t) != ids[a:b].tolist() for t, a, b in zip(texts, starts, starts[1:]))
    stage("tokens", wrong)
    features, _ = model.features(texts)
    expected = np.concatenate([tensors["features.context"], tensors["features.queries"]])
    stage("features", np.abs(features - expected).max() / np.abs(expected).max())
    assert model.v0 is not None
    settings, members = model.v0["ensemble"], model.v0["ensemble"]["members"]
    own = tabpfn.Context(model.head, expected[:count], labels, settings)
    z = tensors["z.context"], tensors["z.queries"]
    error = max(np.abs(own.standardised(e) - g).max() for e, g in zip((expected[:count], expected[count:]), z))
    stage("z_given_features", error)
    plan = tabpfn.ensemble(settings["seed"], members, z[0].shape[1])
    hashes, differing = [], 0
    for index, (salt, order) in enumerate(plan):
        place = int(np.flatnonzero(order == z[0].shape[1])[0])
        pair = []
        for role, rows in zip(("context", "queries"), z):
            table = tensors[f"member{index}.{role}"]
            made = np.c_[rows, tabpfn.row_hashes(rows, salt, role == "context")].astype(np.float32)[:, order]
            differing += int((made != table).sum())
            pair.append(table[:, place])
        hashes.append((pair[0], pair[1]))
    stage("tables_given_z", differing)
    given = tabpfn.Context(model.head, z[0], labels, settings, hashes, is_standardised=True)
    stage("raw_logits_given_tables", np.abs(given.raw_logits(z[1]).numpy() - tensors["raw_logits"]).max())
    stage("scores_given_tables", np.abs(given.probabilities(z[1]) - tensors["scores"]).max())
    injected = tabpfn.Context(model.head, features[:count], labels, settings, hashes)
    stage("scores_given_fingerprints", np.abs(injected.probabilities(features[count:]) - tensors["scores"]).max())
    hashed = tabpfn.Context(model.head, features[:count], labels, settings)
    error = np.abs(hashed.probabilities(features[count:]) - tensors["scores"]).max()
    stage("scores_own_fingerprints", error, judged=False)
    return found


def run(folder: str, device: str) -> int:
    """Prints the stages; 1 where an error exceeds its tolerance."""
    failed = False
    for name, error, tolerance in stages(folder, device):
        is_bad = tolerance is not None and not error <= tolerance
        failed = failed or is_bad
        said = "not judged" if tolerance is None else f"tolerance {tolerance:g}"
        print(f"{name:28} {error:.2e}  {said}{'  EXCEEDED' if is_bad else ''}")
    return int(failed)
