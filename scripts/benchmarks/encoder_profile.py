#!/usr/bin/env python3
"""Measures where the encoder's time goes, by function: one JSON line for each arithmetic.

    scripts/benchmarks/encoder_profile.py --model models/all-MiniLM-L6-v2 [--rounds 20]

Needs `perf`. Where there is none, or where the kernel does not let it sample, the script says so and writes an empty
list. It makes oneDNN name the code that it generates: all of it is matrix products, with bias and GELU fused in.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments

# What a function does, by a part of its name; the first part that fits.
KINDS = [
    ("brgemm", "oneDNN's products (bias and GELU in them)"),
    ("jit_", "oneDNN's products (bias and GELU in them)"),
    ("attentionProduct", "attention's products"),
    ("exponentials", "softmax"),
    ("finishEightBits", "8-bit scales and GELU"),
    ("roundEightBits", "rounding to 8 bits"),
    ("magnitude", "rounding to 8 bits"),
    ("roundHalves", "rounding to bfloat16"),
    ("layerNorm", "layer norm"),
    ("attend", "packing keys and values"),
    ("Pooling", "pooling"),
    ("TensorTable", "word embeddings"),
    ("Gather", "word embeddings"),
]


def kind(symbol, place):
    for part, name in KINDS:
        if part in symbol:
            return name
    return f"other, in {place}"


def profile(options, precision, folder):
    data = os.path.join(folder, "perf.data")
    command = [
        options.program,
        "encoder",
        "--model",
        options.model,
        "--precision",
        precision,
        "--rounds",
        str(options.rounds),
        "--json",
    ]
    environment = dict(os.environ, ONEDNN_JIT_PROFILE="2", DNNL_JIT_PROFILE="2")
    recorded = subprocess.run(
        ["perf", "record", "-q", "-F", "499", "-o", data, *command], env=environment, capture_output=True, text=True
    )
    if recorded.returncode != 0:
        return None
    text = subprocess.run(
        ["perf", "report", "-i", data, "--stdio", "-F", "overhead,dso,symbol", "-t", "|"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    shares = {}
    for line in text.splitlines():
        parts = [part.strip() for part in line.split("|")]
        if len(parts) < 3 or not parts[0].endswith("%"):
            continue
        name = kind(parts[2], parts[1])
        shares[name] = shares.get(name, 0.0) + float(parts[0].rstrip("%"))
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def main():
    parser = arguments.parser(__doc__)
    arguments.add_benchmark_program(parser)
    arguments.add_model(parser, "model folder")
    arguments.add_rounds(parser, 20)
    options = parser.parse_args()
    if shutil.which("perf") is None:
        print("encoder_profile: there is no perf on this machine", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        for precision in ["float32", "bfloat16", "int8"]:
            shares = profile(options, precision, folder) if shutil.which("perf") else None
            if shares is None:
                print(f"encoder_profile: nothing recorded for {precision}", file=sys.stderr)
            print(json.dumps({"precision": precision, "shares": shares or {}}), flush=True)


if __name__ == "__main__":
    main()
