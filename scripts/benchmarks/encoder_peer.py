#!/usr/bin/env python3
"""Measures the encoder's peers on the shapes of `statezero-bench encoder`, in each of three precisions.

    scripts/benchmarks/encoder_peer.py --model models/all-MiniLM-L6-v2 [--threads 1 2] [--rounds 5] [--venv DIR] \\
        [--precisions float32 bfloat16 int8] [--ours 'statezero-bench encoder --model MODEL --threads {threads} \\
        --precision {precision} --rounds 1 --json']

float32: ONNX Runtime with fused BERT kernels. bfloat16: torch (transformers, scaled-dot-product attention). int8: ONNX
Runtime, the fused model quantised dynamically with a scale for each channel of the weights.

Makes a virtual environment, installs pinned packages from PyPI, exports the model with torch, fuses it with
onnxruntime's own transformer optimizer and prints one JSON line per measurement. With --ours it runs that command
between the peer's rounds, so that both meet the same load of the machine, and prints the ratio of medians. The command
prints lines {"shape": "128x32" | "mixed", "tokens_per_second": ..., "tokens_per_processor_second": ...}. On a machine
with other work, compare by processor seconds (all threads of the process).

Padding counts as time, not as tokens. The mixed batch of 256 lengths is given to the peer sorted by length, as
sentence-transformers does, in batches of 32 and of 8; the better one counts.
"""

import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, environment

PACKAGES = [
    "numpy==2.4.6",
    "torch==2.13.0",
    "transformers==4.55.4",
    "onnx==1.23.2",
    "onnxscript",
    "onnxruntime==1.32.0",
]


def mixed_lengths():
    """The list of EncoderBenchmark.mixed: quantiles of a log-normal in a mixing order, cut at 256."""
    inverse = statistics.NormalDist().inv_cdf
    quantiles = [(i * 97 % 256 + 0.5) / 256 for i in range(256)]
    return [min(256, max(3, int(57 * math.exp(0.75 * inverse(q))))) for q in quantiles]


def export(model_path, folder):
    import torch
    import transformers
    from onnxruntime.transformers import optimizer

    model = transformers.BertModel.from_pretrained(
        model_path, add_pooling_layer=False, attn_implementation="eager"
    ).eval()
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
            LastState(),
            example,
            plain,
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
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


class OnnxRuntime:
    """A model file in ONNX Runtime, with mean pooling and normalisation in numpy."""

    def __init__(self, name, model, threads, spins):
        import onnxruntime

        self.name = name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spins else "0")
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def encode(self, feed):
        import numpy as np

        states = self.session.run(None, feed)[0]
        mask = feed["attention_mask"][:, :, None].astype(np.float32)
        mean = (states * mask).sum(1) / mask.sum(1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


class Torch:
    """transformers' BertModel in bfloat16."""

    name = "torch bfloat16"

    def __init__(self, model, threads):
        import torch
        import transformers

        torch.set_num_threads(threads)
        self.model = transformers.BertModel.from_pretrained(
            model, add_pooling_layer=False, attn_implementation="sdpa", torch_dtype=torch.bfloat16
        ).eval()

    def encode(self, feed):
        import torch

        with torch.inference_mode():
            mask = torch.from_numpy(feed["attention_mask"])
            # Without a mask torch takes its faster kernel, so it is given one only where something is padded.
            padded = None if bool(mask.all()) else mask
            states = self.model(input_ids=torch.from_numpy(feed["input_ids"]), attention_mask=padded).last_hidden_state
            weights = mask[:, :, None].to(states.dtype)
            mean = (states * weights).sum(1) / weights.sum(1)
            return torch.nn.functional.normalize(mean.float(), dim=1).numpy()


def quantize(fused, folder):
    import onnx
    import onnxruntime.quantization

    made = str(folder / "int8.onnx")
    onnxruntime.quantization.quantize_dynamic(
        fused,
        made,
        per_channel=True,
        weight_type=onnxruntime.quantization.QuantType.QInt8,
        # Fused operators are not in ONNX itself, so their results have no known type.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    return made


def encode(peer, made):
    """Seconds and processor seconds for all batches, and the embeddings of the last."""
    import numpy as np

    start, processor_start = time.perf_counter(), time.process_time()
    for feed in made:
        embeddings = peer.encode(feed)
    return np.array([time.perf_counter() - start, time.process_time() - processor_start]), embeddings


def make_peers(options, fused, quantized, threads):
    # Threads that spin while waiting would take the core from our own rounds.
    spins = options.ours is None
    made = {}
    for precision in options.precisions:
        if precision == "float32":
            made[precision] = OnnxRuntime("onnxruntime float32 fused", fused, threads, spins)
        elif precision == "int8":
            made[precision] = OnnxRuntime("onnxruntime int8 fused", quantized, threads, spins)
        else:
            made[precision] = Torch(str(options.model), threads)
    return made


def measure(options, fused, quantized, threads):
    import numpy as np

    peers = make_peers(options, fused, quantized, threads)
    uniform, mixed = [128] * 32, mixed_lengths()
    cases = [("128x32", "batch 32", uniform, 32), ("mixed", "batch 32", mixed, 32), ("mixed", "batch 8", mixed, 8)]
    feeds = [batches(lengths, size) for _, _, lengths, size in cases]
    exact = OnnxRuntime("exact", fused, threads, False).encode(feeds[0][0])
    for peer in peers.values():
        for feed in feeds:
            encode(peer, feed)
        cosine = (encode(peer, feeds[0])[1] * exact).sum(1)
        print(
            json.dumps({"peer": peer.name, "threads": threads, "cosine_to_float32": float(cosine.mean())}), flush=True
        )
    theirs, own = {}, {}
    for _ in range(options.rounds):
        for precision, peer in peers.items():
            for (shape, how, lengths, _), feed in zip(cases, feeds):
                rates = sum(lengths) / encode(peer, feed)[0]
                theirs.setdefault((precision, shape, how), []).append(rates)
            if options.ours is None:
                continue
            command = options.ours.format(threads=threads, precision=precision)
            output = subprocess.run(command, shell=True, check=True, capture_output=True, text=True)
            for line in filter(lambda line: line.startswith("{"), output.stdout.splitlines()):
                result = json.loads(line)
                rates = [result["tokens_per_second"], result["tokens_per_processor_second"]]
                own.setdefault((precision, result["shape"]), []).append(rates)
    best = {}
    for (precision, shape, how), values in theirs.items():
        median = np.median(values, axis=0)
        key = (precision, shape)
        best[key] = np.maximum(median, best.get(key, median))
        report(
            {"peer": peers[precision].name, "precision": precision, "threads": threads, "shape": shape, "how": how},
            median,
        )
    for (precision, shape), values in own.items():
        median = np.median(values, axis=0)
        ratio = [round(float(value), 2) for value in median / best[precision, shape]]
        report(
            {
                "ours": True,
                "beside": peers[precision].name,
                "precision": precision,
                "threads": threads,
                "shape": shape,
                "ratio": ratio[0],
                "processor_ratio": ratio[1],
            },
            median,
        )


def report(what, median):
    rates = {"tokens_per_second": round(median[0]), "tokens_per_processor_second": round(median[1])}
    print(json.dumps({**what, **rates}), flush=True)


def main():
    parser = arguments.parser(__doc__)
    arguments.add_model(parser, "model folder")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N", help="default: 1 2")
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16", "int8"], metavar="PRECISION")
    arguments.add_rounds(parser, 5)
    arguments.add_environment(parser)
    parser.add_argument("--ours", metavar="COMMAND", help="command to run between the peer's rounds")
    options = parser.parse_args()
    environment.run_again_with(PACKAGES, options.venv)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        fused = export(options.model, folder)
        quantized = quantize(fused, folder) if "int8" in options.precisions else None
        for threads in options.threads:
            measure(options, fused, quantized, threads)


if __name__ == "__main__":
    main()
