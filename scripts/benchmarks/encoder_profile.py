#!/usr/bin/env python3
"""Where the encoder's time goes, by function: one JSON line for each arithmetic.

    scripts/benchmarks/encoder_profile.py STATEZERO MODEL [--rounds 20]

Needs `perf`; says so and gives an empty list where there is none, or where the kernel does not let it sample. oneDNN is
told to name the code that it generates, all of which is matrix products (with bias and GELU fused in).
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

# What a symbol is, by a part of its name; the first that fits.
KINDS = [
    ("brgemm", "oneDNN's products (bias and GELU in them)"), ("jit_", "oneDNN's products (bias and GELU in them)"),
    ("attentionProduct", "attention's products"), ("exponentials", "softmax"), ("finishEightBits", "8-bit scales and GELU"),
    ("roundEightBits", "rounding to 8 bits"), ("magnitude", "rounding to 8 bits"), ("roundHalves", "rounding to bfloat16"),
    ("layerNorm", "layer norm"), ("attend", "packing keys and values"), ("Pooling", "pooling"),
    ("TensorTable", "word embeddings"), ("Gather", "word embeddings"),
]


def kind(symbol, place):
    for part, name in KINDS:
        if part in symbol:
            return name
    return f"other, in {place}"


def profile(arguments, precision, folder):
    data = os.path.join(folder, "perf.data")
    command = [arguments.statezero, "bench", "encoder", "--model", arguments.model, "--precision", precision,
               "--rounds", str(arguments.rounds), "--json"]
    environment = dict(os.environ, ONEDNN_JIT_PROFILE="2", DNNL_JIT_PROFILE="2")
    recorded = subprocess.run(["perf", "record", "-q", "-F", "499", "-o", data, *command], env=environment,
                              capture_output=True, text=True)
    if recorded.returncode != 0:
        return None
    text = subprocess.run(["perf", "report", "-i", data, "--stdio", "-F", "overhead,dso,symbol", "-t", "|"],
                          capture_output=True, text=True, check=True).stdout
    shares = {}
    for line in text.splitlines():
        parts = [part.strip() for part in line.split("|")]
        if len(parts) < 3 or not parts[0].endswith("%"):
            continue
        name = kind(parts[2], parts[1])
        shares[name] = shares.get(name, 0.0) + float(parts[0].rstrip("%"))
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("statezero")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    if shutil.which("perf") is None:
        print("profile: no perf on this machine", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        for precision in ["float32", "bfloat16", "int8"]:
            shares = profile(arguments, precision, folder) if shutil.which("perf") else None
            if shares is None:
                print(f"profile: nothing recorded for {precision}", file=sys.stderr)
            print(json.dumps({"precision": precision, "shares": shares or {}}), flush=True)


main()
