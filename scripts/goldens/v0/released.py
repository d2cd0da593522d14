"""Writes random files in the form of V0's released files: a backbone folder, a V0 checkpoint, a TabPFN checkpoint.

Names and shapes of the head come from the real tabpfn package, those of the tiny backbone from transformers.
"""

import dataclasses
import json
import math
import pathlib

import torch
from safetensors.torch import save_file

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
# Ids 151643 and on of Qwen3; the first and the third to last ten are not "special", which changes nothing in encoding.
ADDED = (
    "<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> "
    "<|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|> "
    "<tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|> <|file_sep|> "
    "<tool_response> </tool_response> <think> </think>"
).split()


def normal(shape, deviation, mean=0.0):
    return torch.randn(shape) * deviation + mean


def backbone_tensors(shapes, gain, dtype):
    """Weights that keep activations near 1: deviation gain over the root of what is summed over."""
    tensors = {}
    for name, shape in shapes.items():
        if len(shape) == 1:
            tensor = normal(shape, 0.1, 1.0)
        else:
            tensor = normal(shape, 1.0 if name.startswith("embed_tokens") else gain / math.sqrt(shape[1]))
        tensors[name] = tensor.to(dtype)
    return tensors


def write_backbone(folder, config, tensors, tokenizer):
    """config.json, model.safetensors, tokenizer.json and tokenizer_config.json. `tokenizer`: a tokenizers.Tokenizer."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "Qwen2Tokenizer",
                "pad_token": "<|endoftext|>",
                "eos_token": "<|im_end|>",
                "unk_token": None,
                "bos_token": None,
                "add_bos_token": False,
                "add_prefix_space": False,
                "model_max_length": 131072,
                "clean_up_tokenization_spaces": False,
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )


def qwen3_config(**sizes):
    return {
        "architectures": ["Qwen3Model"],
        "model_type": "qwen3",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "initializer_range": 0.02,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000,
        "rope_scaling": None,
        "sliding_window": None,
        "use_sliding_window": False,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        **sizes,
    }


def qwen_tokenizer(model):
    """Qwen3's normaliser and splitter around a BPE model."""
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers

    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def add_special(tokenizer, added):
    """The added tokens, and the end token that Qwen3-Embedding (unlike Qwen3) appends."""
    from tokenizers import AddedToken, processors

    tokenizer.add_tokens([AddedToken(t, normalized=False, special=t.startswith("<|")) for t in added])
    end = tokenizer.token_to_id("<|endoftext|>")
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="$A <|endoftext|>", pair="$A $B <|endoftext|>", special_tokens=[("<|endoftext|>", end)]
            ),
        ]
    )
    return tokenizer


def tiny_tokenizer(texts, size):
    from tokenizers import models, pre_tokenizers, trainers

    tokenizer = qwen_tokenizer(models.BPE())
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=size, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
        ),
    )
    return add_special(tokenizer, ADDED[:3])


def adapter_tensors(shapes):
    tensors = {}
    for name, shape in shapes.items():
        if name.startswith(("ln_", "generator.1.")):
            tensors[name] = normal(shape, 0.2, 1.0 if name.endswith("weight") else 0.0)
        elif name in ("queries", "static_queries"):
            tensors[name] = normal(shape, 1.0)
        else:
            tensors[name] = normal(shape, 1.0 / math.sqrt(shape[-1]) if len(shape) > 1 else 0.2)
    return tensors


def write_checkpoint(path, backbone, adapter, args, prefix=""):
    """As the authors' trainer saves it, without the optimizer's state."""
    state = {f"{prefix}backbone.{n}": t.float() for n, t in backbone.items()}
    state |= {f"{prefix}adapter_layer.{n}": t for n, t in adapter.items()}
    torch.save(
        {
            "epoch": 1,
            "model_state_dict": state,
            "optimizer_state_dict": None,
            "scheduler_state_dict": None,
            "args": args,
            "wandb_run_id": None,
        },
        path,
    )


def training_args(pooling, queries, width, heads, bottleneck):
    """The flags of the authors' trainer that a converter may read."""
    return {
        "pooling_strategy": pooling,
        "num_queries": queries,
        "embed_dim": width,
        "num_heads": heads,
        "dynamic_query_generator_bottleneck_dim": bottleneck,
        "tabpfn_estimators": 4,
    }


# Attention that adds little. With weights of equal size, 24 layers make all rows alike, and a test of such a network
# finds no mistake; with sharper attention (2.5) it is chaotic, and the last bit of a feature moves a logit by 0.5.
# "attend": queries and keys; "add": values, outputs and hidden layers; "else": all others.
GAINS = {"attend": 1.6, "add": 0.7, "else": 1.6}


def write_head(path, **sizes):
    """A TabPFN v2.5 classifier: `sizes` are fields of tabpfn's ModelConfig."""
    from tabpfn.architectures import base
    from tabpfn.architectures.base.config import ModelConfig

    config = ModelConfig(max_num_classes=10, num_buckets=100, **sizes)
    model = base.get_architecture(config, n_out=10, cache_trainset_representation=False)
    state = {}
    for name, tensor in model.state_dict().items():
        if "row_token" in name or tensor.ndim == 1:
            state[name] = normal(tensor.shape, 1.0 if "row_token" in name else 0.3)
        elif "_w_qkv" in name:
            gains = torch.tensor([GAINS["attend"], GAINS["attend"], GAINS["add"]]).view(3, 1, 1, 1)
            state[name] = normal(tensor.shape, gains / math.sqrt(config.emsize))
        else:
            inner = "_w_out" in name or ".mlp.linear" in name
            fan = config.emsize if "_w_out" in name else tensor.shape[-1]
            state[name] = normal(tensor.shape, GAINS["add" if inner else "else"] / math.sqrt(fan))
    torch.save({"state_dict": state, "config": dataclasses.asdict(config), "architecture_name": "base"}, path)
