#!/usr/bin/env python3
"""Measures the Qwen3 encoder's peer: transformers with torch, float32 and bfloat16, on random weights of Qwen3-0.6B.

    scripts/benchmarks/qwen_peer.py [--program .build/release/statezero-bench] [--no-states] [--threads 2] [--rounds 3]
        [--tokens 64 128 256] [--sequences 1 8] [--model DIR] [--venv DIR]

Makes a virtual environment, installs pinned packages from PyPI, and writes seeded bfloat16 weights of 28 layers into a
temporary folder (1.2 GB; --model keeps them). Then, in one run:

1. Unless --no-states: the largest error of our float32 and bfloat16 states against transformers in float32 at full
   size, over all tokens of sequences of 1 to 512 tokens, as a share of the largest state; torch's own bfloat16 beside
   it.
2. Tokens per second of the peer and of ours in turns, round by round, so that both meet the same load of the machine;
   medians, and the ratio by precision, length and batch. Goal: 1.25 in float32, 1.15 in bfloat16.
3. `product_share`: the rate of our products inside the encoder as a share of the rate that oneDNN reaches with the same
   shapes alone (as our program reports it, in processor seconds). Goal: 0.8.

Ours is `statezero-bench qwen` of a release build. On a machine with other work, compare by processor seconds (all
threads of the process). The first of our rounds packs the weights and is not counted.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, environment

PACKAGES = ["numpy==2.4.6", "torch==2.13.0", "transformers==4.55.4", "safetensors==0.8.0"]
LENGTHS = [1, 2, 7, 64, 90, 200, 512]
CONFIG = {
    "architectures": ["Qwen3Model"],
    "model_type": "qwen3",
    "hidden_size": 1024,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 3072,
    "vocab_size": 151669,
    "max_position_embeddings": 32768,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000,
    "rope_scaling": None,
    "tie_word_embeddings": True,
    "attention_bias": False,
    "use_sliding_window": False,
    "sliding_window": None,
    "hidden_act": "silu",
    "torch_dtype": "bfloat16",
}


def make(folder):
    """Weights that make attention uneven and open the gates: matrices of variance 1 / inputs."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "model.safetensors").exists():
        return
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    random = torch.Generator().manual_seed(0)
    width, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    queries, keys = (CONFIG[name] * CONFIG["head_dim"] for name in ("num_attention_heads", "num_key_value_heads"))

    def matrix(outputs, inputs, scale=None):
        return (torch.randn(outputs, inputs, generator=random) * (scale or inputs**-0.5)).to(torch.bfloat16)

    def norm(size):
        return (1 + 0.2 * torch.randn(size, generator=random)).to(torch.bfloat16)

    tensors = {"embed_tokens.weight": matrix(CONFIG["vocab_size"], width, 0.5), "norm.weight": norm(width)}
    for layer in range(CONFIG["num_hidden_layers"]):
        for name, outputs, inputs in [
            ("self_attn.q_proj", queries, width),
            ("self_attn.k_proj", keys, width),
            ("self_attn.v_proj", keys, width),
            ("self_attn.o_proj", width, queries),
            ("mlp.gate_proj", inner, width),
            ("mlp.up_proj", inner, width),
            ("mlp.down_proj", width, inner),
        ]:
            tensors[f"layers.{layer}.{name}.weight"] = matrix(outputs, inputs)
        for name, size in [
            ("input_layernorm", width),
            ("post_attention_layernorm", width),
            ("self_attn.q_norm", CONFIG["head_dim"]),
            ("self_attn.k_norm", CONFIG["head_dim"]),
        ]:
            tensors[f"layers.{layer}.{name}.weight"] = norm(size)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def load(folder, precision):
    import torch
    import transformers

    return transformers.AutoModel.from_pretrained(folder, torch_dtype=getattr(torch, precision)).eval()


def ids(tokens, sequences):
    """The ids that Qwen3Benchmark gives to ours."""
    import torch

    return (torch.arange(1, tokens * sequences + 1) * 7919 % CONFIG["vocab_size"]).reshape(sequences, tokens)


def compare(options, models, folder, scratch):
    import numpy as np
    import torch
    from safetensors.torch import save_file

    sequences = [ids(length, 1)[0] for length in LENGTHS]
    starts = torch.tensor(np.cumsum([0] + LENGTHS))
    save_file({"ids": torch.cat(sequences), "starts": starts}, scratch / "ids.safetensors")
    states = {}
    with torch.no_grad():
        for precision, model in models.items():
            states[precision] = torch.cat([model(input_ids=s[None]).last_hidden_state[0] for s in sequences]).float()
    exact = states["float32"]
    found = {"torch bfloat16": states["bfloat16"]}
    for precision in models:
        file = scratch / f"{precision}.f32"
        run(options, folder, precision, "--rounds", 0, "--ids", scratch / "ids.safetensors", "--states", file)
        found[f"ours {precision}"] = torch.from_numpy(np.fromfile(file, dtype="<f4").reshape(exact.shape))
    largest = exact.abs().max()
    for name, values in found.items():
        error = (values - exact).abs()
        print(
            json.dumps(
                {
                    "states": name,
                    "max_error": float(f"{error.max():.3g}"),
                    "largest_state": float(f"{largest:.3g}"),
                    "relative": float(f"{error.max() / largest:.3g}"),
                    "root_mean_square_relative": float(
                        f"{error.square().mean().sqrt() / exact.square().mean().sqrt():.3g}"
                    ),
                    "tokens": exact.shape[0],
                }
            ),
            flush=True,
        )


def run(options, folder, precision, *more):
    """What `statezero-bench qwen` prints."""
    command = [
        options.program,
        "qwen",
        str(folder),
        "--threads",
        str(options.threads),
        "--precision",
        precision,
        "--json",
        *map(str, more),
    ]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def measure(options, models, folder):
    import torch

    peer, own, share = {}, {}, {}
    cases = [(tokens, sequences) for sequences in options.sequences for tokens in options.tokens]
    # Ours packs its weights once, the peer warms up.
    for precision, model in models.items():
        run(options, folder, precision, "--rounds", 1)
        with torch.no_grad():
            model(input_ids=ids(64, 1))
    for _ in range(options.rounds):
        for precision, model in models.items():
            for tokens, sequences in cases:
                batch = ids(tokens, sequences)
                with torch.no_grad():
                    start, processor_start = time.perf_counter(), time.process_time()
                    model(input_ids=batch)
                    spent = time.perf_counter() - start, time.process_time() - processor_start
                peer.setdefault((precision, tokens, sequences), []).append([batch.numel() / s for s in spent])
            output = run(options, folder, precision, "--rounds", 1)
            for line in output.splitlines():
                result = json.loads(line) if line.startswith("{") else {}
                key = precision, result.get("tokens"), result.get("sequences")
                if key[1:] in cases:
                    own.setdefault(key, []).append([result["tokens_per_second"], result["tokens_per_processor_second"]])
                    share.setdefault(key, []).append(result["product_share"])
    for key in peer:
        theirs, ours = ([statistics.median(column) for column in zip(*rows)] for rows in (peer[key], own[key]))
        print(
            json.dumps(
                {
                    "precision": key[0],
                    "tokens": key[1],
                    "sequences": key[2],
                    "threads": options.threads,
                    "torch_tokens_per_second": round(theirs[0], 1),
                    "our_tokens_per_second": round(ours[0], 1),
                    "ratio": round(ours[0] / theirs[0], 2),
                    "torch_tokens_per_processor_second": round(theirs[1], 1),
                    "our_tokens_per_processor_second": round(ours[1], 1),
                    "processor_ratio": round(ours[1] / theirs[1], 2),
                    "product_share": round(statistics.median(share[key]), 3),
                }
            ),
            flush=True,
        )


def main():
    parser = arguments.parser(__doc__)
    arguments.add_benchmark_program(parser)
    parser.add_argument("--no-states", dest="states", action="store_false", help="leave out the comparison of states")
    arguments.add_threads(parser, 2)
    arguments.add_rounds(parser, 3)
    parser.add_argument("--tokens", type=int, nargs="+", default=[64, 128, 256], metavar="N")
    parser.add_argument("--sequences", type=int, nargs="+", default=[1, 8], metavar="N")
    parser.add_argument("--model", type=pathlib.Path, metavar="DIR", help="folder that keeps the random weights")
    arguments.add_environment(parser)
    options = parser.parse_args()
    environment.run_again_with(PACKAGES, options.venv, HF_HUB_OFFLINE="1")
    import torch

    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        folder = options.model or scratch / "model"
        make(folder)
        models = {precision: load(folder, precision) for precision in ("float32", "bfloat16")}
        if options.states:
            compare(options, models, folder, scratch)
        measure(options, models, folder)


if __name__ == "__main__":
    main()
