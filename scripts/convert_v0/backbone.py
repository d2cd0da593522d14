"""The Qwen3-Embedding folder as Hugging Face wrote it: configuration, tokenizer, one or several weight files."""

import json
import os
import pathlib

import safetensors
import torch
from refusal import Refusal, compare_shapes

DTYPES = ("BF16", "F16", "F32")


class Backbone:
    """Checked on opening: configuration by field, weights by name, shape and type; nothing is loaded."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.config = self.read_json("config.json")
        self.check_config()
        tokenizer = self.read_json("tokenizer.json")
        self.check_vocabulary(tokenizer)
        self.notes = []
        if "TemplateProcessing" not in json.dumps(tokenizer.get("post_processor")):
            self.notes.append(
                f"{self.folder / 'tokenizer.json'} appends no end token: an early revision of the model "
                "has this fault; features of its prompts differ from the current one's"
            )
        self.weight_files = self.find_weight_files()
        self.where = {}
        shapes = {}
        for file in self.weight_files:
            with self.open(file) as tensors:
                for name in tensors:
                    if name == "lm_head.weight":
                        continue
                    bare = name.removeprefix("model.")
                    if bare in shapes:
                        raise Refusal(self.folder / file, f"{name} occurs twice", "remove one of the weight files")
                    view = tensors.get_slice(name)
                    if view.get_dtype() not in DTYPES:
                        raise Refusal(
                            self.folder / file,
                            f"{name} is {view.get_dtype()}, expected one of {DTYPES}",
                            "quantised weights are not supported; use the original ones",
                        )
                    shapes[bare] = tuple(view.get_shape())
                    self.where[bare] = (file, name)
        compare_shapes(self.folder, shapes, qwen3_shapes(self.config), "config.json and weights do not belong together")

    def read_json(self, name):
        path = self.folder / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Refusal(
                path, f"cannot be read ({error})", "the backbone is a folder such as Qwen3-Embedding-0.6B"
            ) from None

    def check_config(self):
        c, path = self.config, self.folder / "config.json"
        if c.get("model_type") != "qwen3":
            raise Refusal(path, f"model_type is {c.get('model_type')}", "only qwen3 backbones are known")
        for key in (
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "num_key_value_heads",
            "head_dim",
            "intermediate_size",
            "vocab_size",
        ):
            if not isinstance(c.get(key), int) or c[key] < 1:
                raise Refusal(path, f"{key} is {c.get(key)}", "expected a positive whole number")
        for key, wanted in (
            ("rope_scaling", None),
            ("use_sliding_window", False),
            ("attention_bias", False),
            ("hidden_act", "silu"),
            ("quantization_config", None),
        ):
            if c.get(key, wanted) != wanted:
                raise Refusal(path, f"{key} is {c[key]}, expected {wanted}", "this variant is not supported")

    def check_vocabulary(self, tokenizer):
        path = self.folder / "tokenizer.json"
        model = tokenizer.get("model", {})
        if model.get("type") != "BPE":
            raise Refusal(path, f"model.type is {model.get('type')}, expected BPE", "only Qwen's tokenizers are known")
        ids = [*model.get("vocab", {}).values(), *(t["id"] for t in tokenizer.get("added_tokens", []))]
        if not ids or max(ids) >= self.config["vocab_size"]:
            raise Refusal(
                path,
                f"has ids up to {max(ids, default=None)}, vocab_size of config.json is {self.config['vocab_size']}",
                "tokenizer and weights do not belong together",
            )

    def find_weight_files(self):
        if (self.folder / "model.safetensors").exists():
            return ["model.safetensors"]
        index = self.read_json("model.safetensors.index.json")
        files = sorted(set(index.get("weight_map", {}).values()))
        if not files or any(os.path.basename(f) != f for f in files):
            raise Refusal(
                self.folder / "model.safetensors.index.json",
                f"weight_map names {files[:3]}",
                "expected file names beside it",
            )
        return files

    def open(self, file):
        try:
            return safetensors.safe_open(self.folder / file, framework="pt")
        except (OSError, safetensors.SafetensorError) as error:
            raise Refusal(self.folder / file, f"cannot be read ({error})", "download it again") from None

    def compare(self, checkpoint):
        """Maximum absolute difference to the checkpoint's `backbone.*`, and the tensor where it is or None."""
        found = {name: tuple(tensor.shape) for name, tensor in checkpoint.backbone.items()}
        compare_shapes(
            checkpoint.path,
            found,
            qwen3_shapes(self.config),
            f"names are those after backbone.; they do not fit {self.folder}",
        )
        worst, where = 0.0, None
        for file in self.weight_files:
            with self.open(file) as tensors:
                for bare, (home, name) in self.where.items():
                    if home != file:
                        continue
                    ours, theirs = tensors.get_tensor(name).float(), checkpoint.backbone[bare].float()
                    if torch.equal(ours, theirs):
                        continue
                    difference = (ours - theirs).abs().max().item()
                    # NaN is never the greater one, so it is asked for by name.
                    if where is None or difference > worst or difference != difference:
                        worst, where = difference, bare
        return worst, where

    def copied_files(self):
        """Everything but the weights that a loader of the folder needs."""
        return [n for n in ("config.json", "tokenizer.json", "tokenizer_config.json") if (self.folder / n).exists()]


def qwen3_shapes(c):
    """Names and shapes of a Qwen3 encoder, without the prefix `model.`."""
    hidden, inner, head = c["hidden_size"], c["intermediate_size"], c["head_dim"]
    queries, keys = c["num_attention_heads"] * head, c["num_key_value_heads"] * head
    shapes = {"embed_tokens.weight": (c["vocab_size"], hidden), "norm.weight": (hidden,)}
    for layer in range(c["num_hidden_layers"]):
        p = f"layers.{layer}."
        shapes |= {
            p + "input_layernorm.weight": (hidden,),
            p + "post_attention_layernorm.weight": (hidden,),
            p + "self_attn.q_proj.weight": (queries, hidden),
            p + "self_attn.k_proj.weight": (keys, hidden),
            p + "self_attn.v_proj.weight": (keys, hidden),
            p + "self_attn.o_proj.weight": (hidden, queries),
            p + "self_attn.q_norm.weight": (head,),
            p + "self_attn.k_norm.weight": (head,),
            p + "mlp.gate_proj.weight": (inner, hidden),
            p + "mlp.up_proj.weight": (inner, hidden),
            p + "mlp.down_proj.weight": (hidden, inner),
        }
    return shapes
