#!/usr/bin/env python3
"""Writes Tests/Goldens/v0: three tiny converted model folders, one for each pooling mode, with golden predictions.

    python3 -m venv venv && venv/bin/pip install -r scripts/convert_v0/requirements.txt
    OMP_NUM_THREADS=1 V0_REPO=<checkout of the authors' repository> venv/bin/python scripts/goldens/v0/make.py

The weights are random (seed below); the files that go in have the form of the released ones, and scripts/convert_v0
itself converts them. With V0_REPO, the authors' own program is then run on the same files, and its numbers must be the
goldens' numbers bit for bit. `--released DIR` keeps what went in.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ["TABPFN_DISABLE_TELEMETRY"] = "1"
HERE = pathlib.Path(__file__).resolve().parent
CONVERTER = HERE.parents[1] / "convert_v0"
ROOT = HERE.parents[2] / "Tests" / "Goldens" / "v0"
sys.path[:0] = [str(CONVERTER), str(HERE)]

import released
import torch
from backbone import qwen3_shapes
from checkpoint import adapter_shapes
from golden import CONTEXT, QUERIES

SEED = 20260203
QUERY_COUNT, WIDTH, HEADS, BOTTLENECK = 12, 6, 3, 16
# One mode has the other input encoder, so that both are covered.
MODES = {
    "last_token": dict(encoder_type="linear"),
    "fixed_query": dict(encoder_type="mlp", encoder_mlp_hidden_dim=32),
    "dynamic_query": dict(encoder_type="linear"),
}


def write_released(folder):
    """folder/backbone and, for each mode, folder/<mode>/{v0.pt, tiny-v2.5-classifier.ckpt}"""
    torch.manual_seed(SEED)
    tokenizer = released.tiny_tokenizer([text for text, _ in CONTEXT] + QUERIES, 400)
    config = released.qwen3_config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=4096,
    )
    backbone = released.backbone_tensors(qwen3_shapes(config), 2.0, torch.bfloat16)
    released.write_backbone(folder / "backbone", config, backbone, tokenizer)
    for mode, encoder in MODES.items():
        home = folder / mode
        home.mkdir(parents=True, exist_ok=True)
        bottleneck = BOTTLENECK if mode == "dynamic_query" else None
        adapter = (
            {} if mode == "last_token" else released.adapter_tensors(adapter_shapes(32, QUERY_COUNT, WIDTH, bottleneck))
        )
        # One of them as DistributedDataParallel writes it.
        released.write_checkpoint(
            home / "v0.pt",
            backbone,
            adapter,
            prefix="module." if mode == "dynamic_query" else "",
            args=released.training_args(mode, QUERY_COUNT, WIDTH, HEADS, BOTTLENECK),
        )
        released.write_head(
            home / "tiny-v2.5-classifier.ckpt",
            emsize=24,
            nhead=3,
            nlayers=2,
            features_per_group=3,
            nhid_factor=2,
            num_thinking_rows=4,
            seed=42,
            **encoder,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--released", type=pathlib.Path, help="keep the released files in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = options.released or pathlib.Path(scratch)
        write_released(source)
        shutil.rmtree(ROOT, ignore_errors=True)
        for mode in MODES:
            files = [
                "--backbone",
                source / "backbone",
                "--checkpoint",
                source / mode / "v0.pt",
                "--head",
                source / mode / "tiny-v2.5-classifier.ckpt",
            ]
            subprocess.run([sys.executable, CONVERTER, ROOT / mode, "--name", f"tiny-{mode}", *files], check=True)
            if os.environ.get("V0_REPO"):
                subprocess.run([sys.executable, HERE / "check_against_v0.py", ROOT / mode, *files], check=True)
            # The three share one encoder.
            if (ROOT / "encoder").exists():
                shutil.rmtree(ROOT / mode / "encoder")
            else:
                (ROOT / mode / "encoder").rename(ROOT / "encoder")
            (ROOT / mode / "encoder").symlink_to("../encoder")
            (ROOT / mode / "LICENCES.md").write_text(
                "Random weights in the form of the released ones: nobody's but StateZero's (Apache-2.0).\n"
            )
    total = sum(f.stat().st_size for f in ROOT.rglob("*") if f.is_file() and not f.is_symlink())
    print(f"{total // 1024} KiB in {ROOT.name}")


if __name__ == "__main__":
    main()
