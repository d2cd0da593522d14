#!/usr/bin/env python3
"""Runs the authors' own program on released files and compares every number with a converted folder's golden.

    V0_REPO=<checkout> OMP_NUM_THREADS=1 python scripts/goldens/v0/check_against_v0.py FOLDER \\
        --checkpoint v0.pt --head tabpfn-v2.5-classifier.ckpt --backbone DIR

Equal means equal in every bit; for that, threads and torch must be those that made the golden. Ends with 1 otherwise.
"""

import argparse
import json
import os
import pathlib
import sys
import warnings

os.environ |= {"TABPFN_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
warnings.filterwarnings("ignore")
sys.path.insert(0, os.environ.get("V0_REPO") or sys.exit("V0_REPO must name a checkout of the authors' repository"))

import torch
from safetensors.torch import load_file
from v0_core.models import v0


def load(options, settings):
    """The authors' model in the folder's mode. Their from_pretrained() knows last_token only."""
    if settings["pooling"] == "last_token":
        return v0.V0.from_pretrained(
            str(options.checkpoint),
            str(options.backbone),
            str(options.head),
            device="cpu",
            tabpfn_estimators=settings["ensemble"]["members"],
        )
    sizes = settings["adapter"]
    embedding = v0.QwenEmbeddingModel(
        str(options.backbone),
        pooling_type=settings["pooling"],
        num_queries=sizes["queries"],
        embed_dim=sizes["width"],
        num_heads=sizes["heads"],
        generator_bottleneck_dim=sizes["bottleneck"] or 128,
        generator_dropout_rate=0.0,
        device="cpu",
    )
    state = torch.load(options.checkpoint, map_location="cpu", weights_only=True)["model_state_dict"]
    embedding.load_state_dict({k.removeprefix("module."): t for k, t in state.items()}, strict=True)
    head = v0.TabPFNClassifier(
        model_path=str(options.head),
        device="cpu",
        n_estimators=settings["ensemble"]["members"],
        inference_precision=torch.float32,
        differentiable_input=True,
    )
    head._initialize_model_variables()
    return v0.V0(embedding, head, "cpu")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    for name in ("checkpoint", "head", "backbone"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    settings = json.loads((options.folder / "statezero.json").read_text())
    golden = json.loads((options.folder / "golden.json").read_text())
    expected = load_file(options.folder / "golden.safetensors")
    context, queries = [row["text"] for row in golden["context"]], golden["queries"]
    labels = [float(row["label"]) for row in golden["context"]]

    torch.manual_seed(1)
    model = load(options, settings)
    # Each part is recorded while predict() runs: at full size a second run of everything takes minutes.
    rows, logits = [], []
    model.embedding_model.register_forward_hook(lambda module, inputs, output: rows.append(output.detach()))
    forward = model.tabpfn.forward
    model.tabpfn.forward = lambda *inputs, **flags: logits.append(forward(*inputs, **flags)) or logits[-1]
    found = {"scores": torch.tensor(model.predict(context, labels, queries))}
    found["features.context"], found["features.queries"] = rows
    found["logits"] = logits[0]
    with torch.no_grad():
        found["raw_logits"] = forward(rows[1], use_inference_mode=True, return_raw_logits=True)
        engine = model.tabpfn.executor_
        for member, pipeline in enumerate(engine.preprocessors):
            found[f"member{member}.context"] = engine.X_trains[member].detach()
            found[f"member{member}.queries"] = pipeline.transform(rows[1]).X
    ids = model.embedding_model.tokenizer(context + queries, max_length=2048, truncation=True)["input_ids"]
    found["tokens"] = torch.tensor(sum(ids, []), dtype=torch.int32)

    print(f"{settings['name']}: the authors' program against the golden")
    worst = 0.0
    for name, tensor in found.items():
        tensor = tensor.detach().reshape(expected[name].shape)
        difference = (tensor.double() - expected[name].double()).abs().max().item()
        worst = max(worst, difference)
        print(f"  {name:20s} {str(tuple(tensor.shape)):16s} max |difference| {difference:g}")
    sys.exit(0 if worst == 0 else 1)


if __name__ == "__main__":
    main()
