#!/usr/bin/env python3
"""Makes a static table of a BERT folder's own word embeddings, to measure what such an encoder costs.

    venv/bin/pip install numpy safetensors==0.8.0
    venv/bin/python scripts/benchmarks/static_table.py models/all-MiniLM-L6-v2 out/static-minilm
    statezero-bench texts --models models/all-MiniLM-L6-v2 out/static-minilm

The table has the size of a trained one, so the time is the same; as an encoder it is worse than a trained one.
"""

import argparse
import json
import pathlib
import shutil

from safetensors.numpy import load_file, save_file


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    asked = parser.parse_args()
    tensors = load_file(asked.model / "model.safetensors")
    names = [name for name in tensors if name.endswith("embeddings.word_embeddings.weight")]
    if not names:
        raise SystemExit(f"{asked.model}: no tensor embeddings.word_embeddings.weight")
    asked.output.mkdir(parents=True, exist_ok=True)
    save_file({"embedding.weight": tensors[names[0]]}, asked.output / "model.safetensors")
    shutil.copy(asked.model / "tokenizer.json", asked.output)
    module = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
    (asked.output / "modules.json").write_text(json.dumps([module]) + "\n")


if __name__ == "__main__":
    main()
