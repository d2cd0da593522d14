"""What make_bpe.py and make_wordpiece.py share: the reference's ids of texts, and the files under Tests/Goldens."""

import json
import pathlib

TARGET = pathlib.Path(__file__).resolve().parents[3] / "Tests" / "Goldens" / "tokenizers"


def encode(tokenizer, cases, max_length):
    """Ids of every text, and whether it was truncated."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_length)
    found = [tokenizer.encode(text * times) for text, times in cases]
    return [{"ids": one.ids, "isTruncated": len(one.overflowing) > 0} for one in found]


def write(files):
    """Writes values by file name, as JSON with one line."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=True) + "\n"
        (TARGET / name).write_text(text)
        print(f"{name}: {len(text)} bytes")
