#!/usr/bin/env python3
"""Writes unigram-small.json and unigram.json below Tests/Goldens/tokenizers: a small Unigram model and reference ids.

The model is trained here by SentencePiece on the words and scripts of `texts.py`, with the character map `nmt_nfkc`,
and laid out as XLM-RoBERTa's: `<s> <pad> </s> <unk>` first, `<mask>` last. Variants of the file have the normalizers
and pre-tokenizers that several versions of transformers write.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3
    python3 scripts/goldens/tokenizers/make_unigram.py
"""

import argparse
import base64
import io
import json

import character_map
import golden_files
import sentencepiece
import texts
import tokenizers
import unigram_layout
from tokenizers import Tokenizer

PINNED = "0.23.3"
SEED = 20261128
COUNT = 160
MAX = 96
TOKENS = 1400
SPECIAL = [
    "<s>",
    "</s>",
    "<pad>",
    "<unk>",
    "<mask>",
    " \u3000<mask>x",
    "<s",
    "<mask><mask>  <mask>",
    "▁",
    "▁▁a ▁b",
    "a▁",
]


def train():
    """The vocabulary in the order of XLM-RoBERTa, and the character map."""
    written = io.BytesIO()
    words = texts.WORDS * 20 + texts.CODE * 3 + texts.SCRIPTS * 4 + [" ".join(texts.WORDS)] * 10 + texts.texts(1, 300)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for text in words for line in text.splitlines() if line.strip()),
        model_writer=written,
        vocab_size=TOKENS,
        model_type="unigram",
        normalization_rule_name="nmt_nfkc",
        character_coverage=0.98,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(model.vocab_size())]
    vocabulary = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]]
    vocabulary += [[piece, score] for piece, score in pieces if piece not in ("<s>", "</s>", "<unk>")]
    return vocabulary + [["<mask>", 0.0]], base64.b64encode(character_map.of_model(written.getvalue())).decode()


def variants(plain):
    """By name: what differs from the plain file, at the first level, but for `model`, which is joined."""
    characters = plain["normalizer"]
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}}
    strip = {"type": "Strip", "strip_left": False, "strip_right": True}
    return {
        "collapsed": {
            "normalizer": {"type": "Sequence", "normalizers": [characters, {**spaces, "content": " "}]},
            "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True},
        },
        "stripped": {
            "normalizer": {"type": "Sequence", "normalizers": [characters, strip, {**spaces, "content": "▁"}]},
            "pre_tokenizer": unigram_layout.METASPACE,
        },
        "bare": {
            "normalizer": None,
            "pre_tokenizer": {**unigram_layout.METASPACE, "prepend_scheme": "never"},
            "post_processor": None,
        },
        "bytes": {"pre_tokenizer": unigram_layout.METASPACE, "model": {"byte_fallback": True}},
    }


def changed(plain, name, change):
    """A variant's whole file; that with bytes has their tokens at the end."""
    file = {**plain, **{key: value for key, value in change.items() if key != "model"}}
    if name == "bytes":
        vocabulary = plain["model"]["vocab"] + [[f"<0x{byte:02X}>", -20.0] for byte in range(256)]
        file["model"] = {**plain["model"], "vocab": vocabulary, **change["model"]}
    return file


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    assert tokenizers.__version__ == PINNED, f"tokenizers {tokenizers.__version__}, wanted {PINNED}"
    plain = unigram_layout.layout(*train())
    cases = [case for case in texts.corners() if case[1] * len(case[0]) <= 20000]
    cases += [(text, 1) for text in SPECIAL] + [(text, 1) for text in texts.texts(SEED, COUNT, pieces=5)]
    cases += [
        ("\r\n a\r\n\r", 1),
        ("Ａ\u0301Ａ\u0300e\u0301", 1),
        ("\u0600a\u0600\u0301", 1),
        ("각\u0301", 1),
        ("ᄀ\u0301", 1),
    ]
    changes = variants(plain)
    golden = {
        "made": f"tokenizers {PINNED}, scripts/goldens/tokenizers/make_unigram.py, seed {SEED}",
        "max": MAX,
        "texts": [{"text": text, "times": times} for text, times in cases],
        "plain": golden_files.encode(Tokenizer.from_str(json.dumps(plain)), cases, MAX),
        "variants": [
            {
                "name": name,
                "changes": change,
                "encodings": golden_files.encode(
                    Tokenizer.from_str(json.dumps(changed(plain, name, change))), cases[::2], MAX
                ),
            }
            for name, change in changes.items()
        ],
    }
    for variant in golden["variants"]:
        steps = (variant["changes"].get("normalizer") or {}).get("normalizers", [])
        for step in steps:
            # The test puts the map of the plain file here.
            if step["type"] == "Precompiled":
                steps[steps.index(step)] = {"type": "Precompiled"}
    golden_files.write({"unigram-small.json": plain, "unigram.json": golden})
    print(f"{len(cases)} texts, {len(plain['model']['vocab'])} tokens")


if __name__ == "__main__":
    main()
