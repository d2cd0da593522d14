#!/usr/bin/env python3
"""Writes many texts with the reference's ids, for the test that compares all of them with ours.

Every Unicode scalar alone and as a<scalar>b, some hundred thousand mixed texts, and a speed run of plain prompts that is
timed here on one thread; the test prints both times (on the processor, not on the wall) and their ratio.

    pip install tokenizers==0.22.1
    python3 scripts/goldens/tokenizers/compare.py --model models/all-MiniLM-L6-v2 --output DIR
    STATEZERO_TOKENIZER_CASES=DIR swift test -c release --filter TokenizersTests
"""
import argparse
import os
import pathlib
import random
import struct
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tokenizers  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from texts import CODE, SCRIPTS, WORDS, corners, texts  # noqa: E402

PINNED = "0.22.1"
BATCH = 20000


def write(path, tokenizer, cases):
    """Records of (text bytes, text, truncated, ids, ids…), little endian."""
    count = 0
    with open(path, "wb") as out:
        for start in range(0, len(cases), BATCH):
            batch = cases[start:start + BATCH]
            for text, encoding in zip(batch, tokenizer.encode_batch(batch)):
                raw = text.encode()
                ids = encoding.ids
                out.write(struct.pack(f"<I{len(raw)}sII{len(ids)}i", len(raw), raw, len(encoding.overflowing) > 0,
                                      len(ids), *ids))
                count += 1
    print(f"{path.name}: {count} texts")


def prompts(seed, count, scripts):
    """Plain prompts of some 90 tokens; `scripts` asks for one line in another script each."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        lines = []
        for _ in range(rng.randint(2, 6)):
            words = [rng.choice(WORDS) for _ in range(rng.randint(6, 20))]
            lines.append(" ".join(words).capitalize() + rng.choice(".?!:"))
        if rng.random() < 0.3:
            lines.append(rng.choice(CODE))
        if scripts:
            lines.append(rng.choice(SCRIPTS))
        found.append("\n".join(lines))
    return found


def time_prompts(path, tokenizer, speed):
    """The best of two ways of asking, each twice, in seconds of processor time."""
    def one_by_one():
        for text in speed:
            tokenizer.encode(text)

    seconds = []
    for ask in (one_by_one, lambda: tokenizer.encode_batch_fast(speed)) * 2:
        start = time.process_time()
        ask()
        seconds.append(time.process_time() - start)
    write(path, tokenizer, speed)
    path.with_suffix(".seconds").write_text(f"{min(seconds)}\n")
    print(f"{path.stem}: {min(seconds):.2f} s of {[round(s, 2) for s in seconds]}, "
          f"{sum(len(t.encode()) for t in speed) / min(seconds) / 1e6:.1f} MB/s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--texts", type=int, default=200000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-length", type=int, default=256)
    parser.add_argument("--parts", nargs="*", default=["scalars", "mixed", "speed"])
    asked = parser.parse_args()
    assert tokenizers.__version__ == PINNED, f"tokenizers {tokenizers.__version__}, wanted {PINNED}"
    tokenizer = Tokenizer.from_file(str(asked.model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=asked.max_length)
    asked.output.mkdir(parents=True, exist_ok=True)
    (asked.output / "model.txt").write_text(f"{asked.model.resolve()}\n{asked.max_length}\n")

    if "scalars" in asked.parts:
        scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
        write(asked.output / "scalars-alone.cases", tokenizer, scalars)
        write(asked.output / "scalars-within.cases", tokenizer, [f"a{s}b" for s in scalars])
        write(asked.output / "scalars-marked.cases", tokenizer, [f"k\u302e{s}\u1b44" for s in scalars])
    if "mixed" in asked.parts:
        write(asked.output / "corners.cases", tokenizer, [text * times for text, times in corners()])
        write(asked.output / "mixed.cases", tokenizer, texts(asked.seed, asked.texts))
    if "speed" in asked.parts:
        for name, scripts in {"plain": False, "scripts": True}.items():
            time_prompts(asked.output / f"speed-{name}.cases", tokenizer, prompts(asked.seed, 20000, scripts))


if __name__ == "__main__":
    main()
