#!/usr/bin/env python3
"""Writes a sentence-transformers folder with a BERT encoder as a GGUF file, for llama.cpp and Ollama.

    scripts/remote/gguf_of_bert.py --model models/all-MiniLM-L6-v2 --output out/minilm-f32.gguf [--type f32|f16|q8_0]

Only uncased BERT models with WordPiece and mean or CLS pooling, as MiniLM and BGE. llama.cpp's own converter reads many
more; this one needs neither torch nor a download. Norms, biases and positions stay float32, as llama.cpp's converter
does it.
"""

import argparse
import json
import pathlib

import gguf
import numpy
import safetensors.numpy

# Names in llama.cpp, by names in the folder.
TOP = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
TYPES = {
    "f32": gguf.GGMLQuantizationType.F32,
    "f16": gguf.GGMLQuantizationType.F16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
}


def phantom(token: str) -> str:
    """A WordPiece token as llama.cpp stores it: the beginning of a word is marked, not its continuation."""
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else "\u2581" + token


def write_vocabulary(writer: gguf.GGUFWriter, folder: pathlib.Path, rows: int) -> None:
    tokens = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    if len(tokens) != rows:
        raise SystemExit(f"{folder}/vocab.txt has {len(tokens)} tokens, the weights have {rows}")
    special = {name: tokens.index(name) for name in ("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]")}
    kinds = [
        gguf.TokenType.CONTROL if index in special.values() else gguf.TokenType.NORMAL for index in range(len(tokens))
    ]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([phantom(token) for token in tokens])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(special["[CLS]"])
    writer.add_sep_token_id(special["[SEP]"])
    writer.add_eos_token_id(special["[SEP]"])
    writer.add_unk_token_id(special["[UNK]"])
    writer.add_pad_token_id(special["[PAD]"])
    writer.add_mask_token_id(special["[MASK]"])


def pooling(folder: pathlib.Path) -> gguf.PoolingType:
    modes = json.loads((folder / "1_Pooling" / "config.json").read_text())
    if modes.get("pooling_mode_mean_tokens"):
        return gguf.PoolingType.MEAN
    if modes.get("pooling_mode_cls_token"):
        return gguf.PoolingType.CLS
    raise SystemExit(f"{folder}/1_Pooling/config.json: only mean and CLS pooling are written")


def convert(folder: pathlib.Path, output: pathlib.Path, kind: str) -> None:
    """Writes the file. Raises SystemExit for a folder of another family."""
    config = json.loads((folder / "config.json").read_text())
    if config.get("model_type") != "bert":
        raise SystemExit(f"{folder}/config.json: model_type {config.get('model_type')}, expected bert")
    tensors = safetensors.numpy.load_file(folder / "model.safetensors")
    tensors = {name.removeprefix("bert."): values for name, values in tensors.items()}
    writer = gguf.GGUFWriter(str(output), "bert")
    writer.add_name(folder.name)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(pooling(folder))
    writer.add_token_type_count(config["type_vocab_size"])
    write_vocabulary(writer, folder, tensors["embeddings.word_embeddings.weight"].shape[0])
    names = dict(TOP)
    for layer in range(config["num_hidden_layers"]):
        for ours, theirs in LAYER.items():
            for end in ("weight", "bias"):
                names[f"encoder.layer.{layer}.{ours}.{end}"] = f"blk.{layer}.{theirs}.{end}"
    for ours, theirs in names.items():
        values = tensors[ours].astype(numpy.float32)
        is_matrix = values.ndim == 2 and theirs not in ("token_types.weight", "position_embd.weight")
        if is_matrix and kind != "f32":
            written = gguf.quantize(values, TYPES[kind])
            writer.add_tensor(theirs, written, raw_dtype=TYPES[kind])
        else:
            writer.add_tensor(theirs, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--type", choices=TYPES, default="f32")
    options = parser.parse_args()
    convert(options.model, options.output, options.type)
    print(f"{options.output}: {options.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
