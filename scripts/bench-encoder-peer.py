#!/usr/bin/env python3
"""The encoder's peer: ONNX Runtime float32 with fused BERT kernels, on the shapes of `statezero bench encoder`.

    scripts/bench-encoder-peer.py --model models/all-MiniLM-L6-v2 [--threads 1 2] [--rounds 5] [--venv DIR] \\
        [--ours 'statezero bench encoder --model models/all-MiniLM-L6-v2 --threads {threads} --rounds 1 --json']

Makes a virtual environment (a throw-away one unless --venv names a folder), installs pinned packages from PyPI, exports
the model with torch, fuses it with onnxruntime's own transformer optimizer and prints one JSON line a measurement.
With --ours it runs that command between the peer's rounds, so that both meet the same weather on the machine, and
prints the ratio of medians. The command prints lines {"shape": "128x32" | "mixed", "tokens_per_second": ...,
"tokens_per_processor_second": ...}. Processor seconds (all threads of the process) are what is left to compare when the
machine has other work.

Tokens are real tokens: padding counts as time, not as tokens. The mixed batch of 256 lengths is given to the peer sorted
by length, as sentence-transformers does, in batches of 32 and of 8; the better one counts.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PACKAGES = ["numpy==2.4.6", "torch==2.15.0", "transformers==4.55.4", "onnx==1.23.2", "onnxscript", "onnxruntime==1.32.0"]


def mixed_lengths():
    """The list of EncoderBenchmark.mixed: quantiles of a log-normal in a mixing order, cut at 256."""
    inverse = statistics.NormalDist().inv_cdf
    quantiles = [(i * 97 % 256 + 0.5) / 256 for i in range(256)]
    return [min(256, max(3, int(57 * math.exp(0.75 * inverse(q))))) for q in quantiles]


def export(model_path, folder):
    import torch
    import transformers
    from onnxruntime.transformers import optimizer

    model = transformers.BertModel.from_pretrained(model_path, add_pooling_layer=False, attn_implementation="eager").eval()
    names = ["input_ids", "attention_mask", "token_type_ids"]
    example = tuple(torch.ones(2, 16, dtype=torch.long) for _ in names)
    axes = {name: {0: "batch", 1: "tokens"} for name in names + ["last_hidden_state"]}
    plain, fused = str(folder / "plain.onnx"), str(folder / "fused.onnx")

    class LastState(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = model

        def forward(self, ids, mask, types):
            return self.bert(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state

    with torch.no_grad():
        torch.onnx.export(
            LastState(), example, plain, input_names=names, output_names=["last_hidden_state"], dynamic_axes=axes,
            opset_version=17, dynamo=False,
        )
    config = model.config
    made = optimizer.optimize_model(
        plain, model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=1
    )
    made.save_model_to_file(fused)
    print(json.dumps({"fused": {k: v for k, v in made.get_fused_operator_statistics().items() if v}}), flush=True)
    return fused


def batches(lengths, size):
    import numpy as np

    lengths = sorted(lengths, reverse=True)
    made = []
    for start in range(0, len(lengths), size):
        part = lengths[start : start + size]
        ids = np.zeros((len(part), part[0]), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, length in enumerate(part):
            ids[row, :length] = (np.arange(length) * 7919 + row * 104729) % 30522
            mask[row, :length] = 1
        made.append({"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
    return made


def encode(session, made):
    """Seconds and processor seconds for all batches, with mean pooling and normalisation."""
    import numpy as np

    start, processor_start = time.perf_counter(), time.process_time()
    for feed in made:
        states = session.run(None, feed)[0]
        mask = feed["attention_mask"][:, :, None].astype(np.float32)
        mean = (states * mask).sum(1) / mask.sum(1)
        mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    return np.array([time.perf_counter() - start, time.process_time() - processor_start])


def measure(fused, threads, rounds, ours):
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while waiting would take the core from our own rounds.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if ours is None else "0")
    session = onnxruntime.InferenceSession(fused, options, providers=["CPUExecutionProvider"])
    uniform, mixed = [128] * 32, mixed_lengths()
    cases = [("128x32", "batch 32", uniform, 32), ("mixed", "batch 32", mixed, 32), ("mixed", "batch 8", mixed, 8)]
    feeds = [batches(lengths, size) for _, _, lengths, size in cases]
    for feed in feeds:
        encode(session, feed)
    peer, own = {}, {}
    for _ in range(rounds):
        for (shape, how, lengths, _), feed in zip(cases, feeds):
            peer.setdefault((shape, how), []).append(sum(lengths) / encode(session, feed))
        if ours is not None:
            output = subprocess.run(ours.format(threads=threads), shell=True, check=True, capture_output=True, text=True)
            for line in output.stdout.splitlines():
                if line.startswith("{"):
                    result = json.loads(line)
                    own.setdefault(result["shape"], []).append(
                        [result["tokens_per_second"], result["tokens_per_processor_second"]])
    best = {}
    for (shape, how), values in peer.items():
        median = np.median(values, axis=0)
        if shape not in best or median[0] > best[shape][0]:
            best[shape] = median
        report({"peer": "onnxruntime float32 fused", "threads": threads, "shape": shape, "how": how}, median)
    for shape, values in own.items():
        median = np.median(values, axis=0)
        ratio = [round(float(value), 2) for value in median / best[shape]]
        report({"ours": True, "threads": threads, "shape": shape, "ratio": ratio[0], "processor_ratio": ratio[1]}, median)


def report(what, median):
    rates = {"tokens_per_second": round(median[0]), "tokens_per_processor_second": round(median[1])}
    print(json.dumps({**what, **rates}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--venv", type=pathlib.Path)
    parser.add_argument("--ours")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if os.environ.get("ENCODER_PEER_READY") != "1":
            venv = arguments.venv or folder / "venv"
            if not (venv / "bin" / "python").exists():
                subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
                subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", *PACKAGES], check=True)
            environment = dict(os.environ, ENCODER_PEER_READY="1")
            sys.exit(subprocess.run([str(venv / "bin" / "python"), __file__, *sys.argv[1:]], env=environment).returncode)
        fused = export(arguments.model, folder)
        for threads in arguments.threads:
            measure(fused, threads, arguments.rounds, arguments.ours)


main()
