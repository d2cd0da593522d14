#!/usr/bin/env python3
"""Writes Tests/Goldens/tokenizers: a small tokenizer.json and the reference's ids of several hundred texts.

The small vocabulary is every special token, every single character and a part of the words of all-MiniLM-L6-v2, with
new ids, so that tests run without the model. `real` ids are those of the model's own tokenizer; the tests use them
where the model is at hand.

    pip install tokenizers==0.22.1
    python3 scripts/goldens/tokenizers/make_wordpiece.py --model models/all-MiniLM-L6-v2
"""

import argparse
import json
import pathlib

import golden_files
import tokenizers
from texts import corners, texts
from tokenizers import Tokenizer

PINNED = "0.22.1"
SEED = 20260203
COUNT = 300
MAX_LENGTH = 256
SMALL_MAX_LENGTH = 48
# Every setting of a normalizer, and one template that is not BERT's.
VARIANTS = {
    "cased": {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": False},
    "lowercaseWithAccents": {
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": False,
        "lowercase": True,
    },
    "uncleaned": {"clean_text": False, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
    "ideographsTogether": {
        "clean_text": True,
        "handle_chinese_chars": False,
        "strip_accents": True,
        "lowercase": False,
    },
    "nothing": {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False},
}


def small(real):
    """A tokenizer.json with some 3,000 of the tokens."""
    vocabulary = real["model"]["vocab"]
    special = [token["content"] for token in real["added_tokens"]]
    kept = []
    for token, index in sorted(vocabulary.items(), key=lambda item: item[1]):
        bare = token.removeprefix("##")
        if token in special:
            continue
        if len(bare) == 1 and (ord(bare) < 0x250 or index % 3 == 0) or index >= 1996 and index % 16 == 0:
            kept.append(token)
    # Pieces of which one is the beginning of another, and whose longest match is not their longest common stretch.
    kept += [
        token
        for token in (
            "un",
            "##beli",
            "##believable",
            "tokens",
            "##ization",
            "hello",
            "world",
            "prob",
            "probability",
            "##ably",
            "integral",
            "café",
            "É",
        )
        if token not in kept
    ]
    chosen = json.loads(json.dumps(real))
    chosen["model"]["vocab"] = {token: index for index, token in enumerate(special + kept)}
    for token in chosen["added_tokens"]:
        token["id"] = special.index(token["content"])
    for name, entry in chosen["post_processor"]["special_tokens"].items():
        entry["ids"] = [special.index(name)]
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, type=pathlib.Path)
    assert tokenizers.__version__ == PINNED, f"tokenizers {tokenizers.__version__}, wanted {PINNED}"
    real = json.loads((parser.parse_args().model / "tokenizer.json").read_text())
    reduced = small(real)
    cases = corners() + [(text, 1) for text in texts(SEED, COUNT, pieces=5)]

    made = f"tokenizers {PINNED}, scripts/goldens/tokenizers/make_wordpiece.py, seed {SEED}"
    golden = {
        "made": made,
        "maxLength": MAX_LENGTH,
        "smallMaxLength": SMALL_MAX_LENGTH,
        "texts": [{"text": text, "times": times} for text, times in cases],
        "real": golden_files.encode(Tokenizer.from_str(json.dumps(real)), cases, MAX_LENGTH),
        "small": golden_files.encode(Tokenizer.from_str(json.dumps(reduced)), cases, SMALL_MAX_LENGTH),
        "variants": [],
    }
    for name, steps in VARIANTS.items():
        changed = {**reduced, "normalizer": {"type": "BertNormalizer", **steps}}
        golden["variants"].append(
            {
                "name": name,
                "normalizer": changed["normalizer"],
                "encodings": golden_files.encode(Tokenizer.from_str(json.dumps(changed)), cases[::3], SMALL_MAX_LENGTH),
            }
        )
    golden_files.write({"tokenizer-small.json": reduced, "wordpiece.json": golden})
    print(f"{len(cases)} texts, {len(reduced['model']['vocab'])} tokens in the small vocabulary")


if __name__ == "__main__":
    main()
