#!/usr/bin/env python3
"""Measures StateZero's V0 head beside the reference's at full size, in one run.

    git clone https://github.com/Now-Join-Us/V0.git && git -C V0 checkout 2c09c7c   # for its patches
    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 safetensors==0.8.0 tabpfn==6.2.0 torch==2.13.0
    swift build -c release --product statezero-bench
    venv/bin/python scripts/benchmarks/v0_head.py V0_REPOSITORY [--layers 24] [--rows 256]

Random weights of the release's shapes (192 channels, 24 layers, 64 thinking rows, the package's own column embedding),
256 context rows of 1,008 features, 8 queries through V0's patched classifier on two threads, 32 through ours. Prints
the largest error of raw logits and of scores, on the reference's standardised tensor and on plain features, the times
of both, and the peak memory with and without keeping the context. Use smaller --layers and --rows for a quick try. The
whole run takes about seven minutes on two cores, and 6 GB.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS / "goldens" / "v0head")]
from common import arguments

parser = arguments.parser(__doc__)
parser.add_argument("v0", help="a checkout of V0's repository")
arguments.add_benchmark_program(parser)
parser.add_argument("--layers", type=int, default=24)
parser.add_argument("--rows", type=int, default=256)
parser.add_argument("--features", type=int, default=1008)
parser.add_argument("--queries", type=int, default=32, help="ours; the reference answers the first 8")
arguments.add_threads(parser, 2)
parser.add_argument("--no-bfloat16", action="store_true", help="leave out the two bfloat16 settings")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import numpy as np
import torch

sys.stdout.reconfigure(line_buffering=True)
from reference import column_embedding, floats, make_classifier, make_model, standardise
from safetensors.numpy import save_file

torch.set_num_threads(options.threads)
model, config = make_model(192, 3, options.layers, 64, 7, adding=0.7)
random = np.random.RandomState(5)
total = options.rows + options.queries
features = (random.randn(total, options.features) * (0.2 + random.rand(options.features))).astype(np.float32)
context, queries = features[: options.rows], features[options.rows :]
labels = (random.rand(options.rows) > 0.55).astype(np.int64)
labels[:2] = [0, 1]
print(f"context {context.shape}, {options.layers} layers, {options.threads} threads, torch {torch.__version__}")


def ours(folder, data, *more):
    command = [
        options.program,
        "head",
        "--weights",
        f"{folder}/head.safetensors",
        "--data",
        data,
        "--layers",
        str(options.layers),
        "--threads",
        str(options.threads),
        *more,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}")
    return json.loads(done.stdout)


def errors(name, found, raw, score):
    raw_error = np.abs(np.array(found["rawLogits"])[:, :8, :2] - raw).max()
    score_error = np.abs(np.array(found["scores"])[:8] - score).max()
    print(f"{name}: max error of raw logits {raw_error:.2e}, of score {score_error:.2e}   [{found['numerics']}]")
    return raw_error, score_error


with tempfile.TemporaryDirectory() as folder:
    save_file(
        {
            **{k: floats(v) for k, v in model.state_dict().items()},
            "column_embedding": np.ascontiguousarray(column_embedding(192)),
        },
        f"{folder}/head.safetensors",
    )
    y = labels.astype(np.int32)
    z_context, z_queries = standardise(context, queries)
    save_file({"X": context, "y": y, "queries": queries}, f"{folder}/features.safetensors")
    save_file({"X": z_context, "y": y, "queries": z_queries}, f"{folder}/standardised.safetensors")

    # With the reference idle: its model and threads do not compute while ours does.
    kept = ours(folder, f"{folder}/standardised.safetensors", "--standardised")
    first, further = kept["prepareSeconds"] + kept["querySeconds"][0], kept["querySeconds"][1:]
    without = ours(folder, f"{folder}/features.safetensors", "--context-cache", "none")

    classifier = make_classifier(model, config, options.v0)
    start, processor_start = time.time(), time.process_time()
    classifier.fit(torch.tensor(context), torch.tensor(labels))
    with torch.no_grad():
        raw = floats(classifier.forward(torch.tensor(queries[:8]), use_inference_mode=True, return_raw_logits=True))
    reference, processor = time.time() - start, time.process_time() - processor_start
    logits = raw.mean(0) / 0.9
    score = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))

    print(f"raw logits of the reference: {raw.min():.2f} to {raw.max():.2f}")
    print(f"scores of the reference: {score.min():.3f} to {score.max():.3f}")
    raw_error, score_error = errors("float32, standardised tensor given", kept, raw, score)
    errors("float32, context not kept, plain features", without, raw, score)
    identical = kept["rawLogits"] == without["rawLogits"]
    print(f"context kept and not kept: {'the same bits' if identical else 'other bits'} in all raw logits")
    print(f"reference: context and 8 queries {reference:.1f} s, {processor:.1f} s of processor time")
    print(
        f"ours: prepare {kept['prepareSeconds']:.1f} s, first 8 queries {kept['querySeconds'][0]:.2f} s, "
        f"together {first:.1f} s: {reference / first:.2f} times as fast"
    )
    if further:
        print(
            f"each further 8 queries: {', '.join(f'{s:.2f}' for s in further)} s; "
            f"at most 1/{reference / max(further):.0f} of the reference's call"
        )
    print(
        f"ours: {kept['processorSeconds']:.1f} s of processor time for the context and {options.queries} queries, "
        f"{without['processorSeconds']:.1f} s without keeping it"
    )
    gib = kept["peakBytes"] / 2**30, kept["plannedBytes"] / 2**30
    print(f"memory with the context kept: peak {gib[0]:.2f} GiB, counted {gib[1]:.2f}")
    print(
        f"without: {len(without['scores'])} queries in {without['querySeconds'][0]:.1f} s, "
        f"peak {without['peakBytes'] / 1e6:.0f} MB, counted {without['plannedBytes'] / 1e6:.0f} MB"
    )
    if not options.no_bfloat16:
        for name, more in (
            ("keys and values in bfloat16", ["--keys-values", "bfloat16"]),
            ("products in bfloat16 too", ["--precision", "bfloat16", "--keys-values", "bfloat16"]),
        ):
            found = ours(folder, f"{folder}/standardised.safetensors", "--standardised", *more)
            errors(name, found, raw, score)
            print(
                f"  prepare {found['prepareSeconds']:.1f} s, 8 queries {found['querySeconds'][-1]:.2f} s, "
                f"peak {found['peakBytes'] / 2**30:.2f} GiB"
            )
    if raw_error > 1e-4 or score_error > 1e-5:
        sys.exit("beyond the tolerance of 1e-4 for raw logits or 1e-5 for scores")
