#!/usr/bin/env python3
"""Writes Tests/Goldens/qwen: small Qwen3 encoders with random weights, and the states that transformers computes.

    scripts/goldens/qwen/make_qwen.py Tests/Goldens/qwen

Needs torch==2.13.0, transformers==4.55.4, safetensors, numpy (any recent). Writes two model folders as Hugging Face
has them: `plain` (names without prefix, one file) and `sharded` (base-model names under `model.`, three shards with
an index); matrices in bfloat16 and one in float16, norms in float32. Beside each, NAME.safetensors has `ids`,
`starts` (ragged, as RaggedBatch) and `states` (all tokens' last hidden states of each sequence run alone and
unpadded, float32). Seeds are fixed. transformers runs in float32 with eager attention; it is also run once on the
left-padded batch, and the difference is printed.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

FOLDERS = {
    "plain": dict(
        seed=1,
        prefix="",
        shards=1,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=48,
        vocab_size=120,
        lengths=[5, 1, 17, 33, 2, 40, 8, 16, 25],
    ),
    "sharded": dict(
        seed=2,
        prefix="model.",
        shards=3,
        hidden_size=48,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=80,
        vocab_size=90,
        lengths=[9, 64, 3, 1, 24],
    ),
}


def make(name, sizes, target):
    seed, prefix, shards, lengths = (sizes.pop(key) for key in ("seed", "prefix", "shards", "lengths"))
    torch.manual_seed(seed)
    config = transformers.Qwen3Config(
        **sizes,
        max_position_embeddings=128,
        rms_norm_eps=1e-6,
        rope_theta=1_000_000,
        tie_word_embeddings=True,
        attention_bias=False,
        use_sliding_window=False,
        hidden_act="silu",
        max_window_layers=sizes["num_hidden_layers"],
    )
    config._attn_implementation = "eager"
    model = transformers.Qwen3Model(config).eval()
    kept = {}
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if "norm" in key:
                tensor.copy_(1 + 0.3 * torch.randn_like(tensor))
            else:
                # Large enough for uneven attention and open gates.
                tensor.copy_(torch.randn_like(tensor) * (1.5 if "embed" in key else 1.3 / tensor.shape[1] ** 0.5))
            kind = torch.float32
            if "norm" not in key:
                kind = torch.float16 if key.endswith("layers.1.mlp.down_proj.weight") else torch.bfloat16
            kept[prefix + key] = tensor.to(kind).clone().contiguous()
            tensor.copy_(kept[prefix + key].float())
    folder = target / name
    folder.mkdir(parents=True, exist_ok=True)
    written = json.loads(config.to_json_string())
    written.pop("transformers_version", None)
    (folder / "config.json").write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")
    if shards == 1:
        save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        names, weight_map = sorted(kept), {}
        for index in range(shards):
            file = f"model-{index + 1:05}-of-{shards:05}.safetensors"
            part = {key: kept[key] for key in names[index::shards]}
            save_file(part, folder / file, metadata={"format": "pt"})
            weight_map.update(dict.fromkeys(part, file))
        total = sum(tensor.numel() * tensor.element_size() for tensor in kept.values())
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")

    random = np.random.default_rng(seed)
    sequences = [random.integers(0, sizes["vocab_size"], length) for length in lengths]
    states = []
    with torch.no_grad():
        for sequence in sequences:
            states.append(model(input_ids=torch.tensor(sequence)[None]).last_hidden_state[0])
        longest = max(lengths)
        ids = torch.tensor(np.stack([np.pad(s, (longest - len(s), 0)) for s in sequences]))
        mask = torch.tensor([[0] * (longest - length) + [1] * length for length in lengths])
        padded = model(input_ids=ids, attention_mask=mask).last_hidden_state
        spread = max((padded[i, -n:] - states[i]).abs().max().item() for i, n in enumerate(lengths))
    states = torch.cat(states)
    starts = torch.tensor(np.cumsum([0] + lengths))
    save_file(
        {"ids": torch.tensor(np.concatenate(sequences)), "starts": starts, "states": states},
        target / f"{name}.safetensors",
    )
    for file in [target / f"{name}.safetensors", *folder.iterdir()]:
        file.chmod(0o644)
    largest = states.abs().max()
    print(f"{name}: {len(kept)} tensors, states up to {largest:.2f}, left-padded batch differs by {spread:.1e}")


def main():
    target = pathlib.Path(sys.argv[1])
    for name, sizes in FOLDERS.items():
        make(name, dict(sizes), target)


main()
