#!/usr/bin/env python3
"""Writes many texts with the reference's ids, for the test that compares all of them with ours.

Every Unicode scalar alone and among others, some hundred thousand mixed texts, and speed runs that are timed here on
one thread; the test prints both times (processor time, not wall-clock time) and their ratio. The model's file names the
kind of tokenizer.

    pip install tokenizers==0.22.1
    python3 scripts/goldens/tokenizers/compare.py --model models/all-MiniLM-L6-v2 --output DIR
    STATEZERO_TOKENIZER_CASES=DIR swift test -c release --filter TokenizersTests

For byte-level BPE, `compare-qwen` does all of it. `--prompts` is a folder of files `*.prompts.jsonl.gz` with a `prompt`
in every line; such texts are compared and timed too.
"""

import argparse
import gzip
import json
import os
import pathlib
import random
import struct
import sysconfig
import time
import unicodedata

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import bpe_texts  # noqa: E402
import tokenizers  # noqa: E402
from texts import CODE, SCRIPTS, WORDS, corners, texts  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

PINNED = {"WordPiece": "0.22.1", "BPE": "0.22.1", "Unigram": "0.23.3"}
BATCH = 20000
SCALARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def write(path, tokenizer, cases, max_length):
    """The maximum length, then records of (text bytes, text, truncated, ids, ids…), little endian."""
    tokenizer.enable_truncation(max_length=max_length)
    count = 0
    with open(path, "wb") as out:
        out.write(struct.pack("<I", max_length))
        for start in range(0, len(cases), BATCH):
            batch = cases[start : start + BATCH]
            for text, encoding in zip(batch, tokenizer.encode_batch(batch)):
                raw = text.encode()
                ids = encoding.ids
                out.write(
                    struct.pack(
                        f"<I{len(raw)}sII{len(ids)}i", len(raw), raw, len(encoding.overflowing) > 0, len(ids), *ids
                    )
                )
                count += 1
    print(f"{path.name}: {count} texts", flush=True)


def prompts(seed, count, scripts):
    """Plain prompts of about 90 tokens; with `scripts`, each has one line in another script."""
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


def real_prompts(folder, names):
    """Prompts spread over the files whose name contains one of `names`."""
    found = []
    for path in sorted(folder.rglob("*.prompts.jsonl.gz")):
        if any(name in path.name for name in names):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                found += [json.loads(line)["prompt"] for line in lines]
    return found[:: max(1, len(found) // 5000)]


def source_code():
    """Stretches of about 2,000 characters of Python's own library."""
    found = []
    for path in sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        found += [source[i : i + 2000] for i in range(0, len(source), 2000)]
    return found


def time_texts(path, tokenizer, speed, max_length):
    """The fastest of three ways to call the tokenizer, each run twice, in processor seconds."""
    write(path, tokenizer, speed, max_length)

    def one_by_one():
        for text in speed:
            tokenizer.encode(text)

    ways = (one_by_one, lambda: tokenizer.encode_batch(speed), lambda: tokenizer.encode_batch_fast(speed))
    seconds = []
    for ask in ways * 2:
        start = time.process_time()
        ask()
        seconds.append(time.process_time() - start)
    path.with_suffix(".seconds").write_text(f"{min(seconds)}\n")
    print(
        f"{path.stem}: {min(seconds):.2f} s of {[round(s, 2) for s in seconds]}, "
        f"{sum(len(t.encode()) for t in speed) / min(seconds) / 1e6:.1f} MB/s",
        flush=True,
    )


def word_piece(asked, tokenizer):
    """All cases of BERT's tokenizer."""
    length = asked.max_length or 256

    def put(name, cases):
        write(asked.output / f"{name}.cases", tokenizer, cases, length)

    if "scalars" in asked.parts:
        put("scalars-alone", SCALARS)
        put("scalars-within", [f"a{s}b" for s in SCALARS])
        put("scalars-marked", [f"k\u302e{s}\u1b44" for s in SCALARS])
    if "mixed" in asked.parts:
        put("corners", [text * times for text, times in corners()])
        put("mixed", texts(asked.seed, asked.texts))
    if "speed" in asked.parts:
        for name, scripts in {"plain": False, "scripts": True}.items():
            time_texts(asked.output / f"speed-{name}.cases", tokenizer, prompts(asked.seed, 20000, scripts), length)


def byte_level(asked, tokenizer):
    """All cases of the byte-level tokenizer; texts are cut at 2,048 ids, the mixed ones at 12 too."""
    length = asked.max_length or 2048

    def put(name, cases, max_length=length):
        write(asked.output / f"{name}.cases", tokenizer, cases, max_length)

    if "scalars" in asked.parts:
        put("scalars-alone", SCALARS)
        put("scalars-within", [f"a{s}b '{s}e {s}{s}\r\n e\u0323{s}\u0301 1{s} .\u1100{s}\u11a8 {s}" for s in SCALARS])
    if "mixed" in asked.parts:
        mixed = bpe_texts.texts(asked.seed, asked.texts)
        put("mixed", mixed)
        put("mixed-12", mixed[: asked.texts // 2], 12)
        put("corners", [text * times for text, times in bpe_texts.corners()])
        put("long", bpe_texts.long_texts(asked.seed), 1 << 20)
        put("long-2048", bpe_texts.long_texts(asked.seed))
    if "speed" in asked.parts:
        runs = {
            "plain": prompts(asked.seed, 10000, False),
            "code": source_code(),
            "chinese": bpe_texts.chinese(asked.seed, 5000),
        }
        if asked.prompts:
            runs["prompts"] = real_prompts(asked.prompts, [""])
            runs["maths"] = real_prompts(asked.prompts, ["math", "gsm8k", "rlvr", "dapo"])
        for name, speed in runs.items():
            time_texts(asked.output / f"speed-{name}.cases", tokenizer, speed, length)


def unigram(asked, tokenizer):
    """All cases of a Unigram model; scalars are put where they may join grapheme clusters."""
    length = asked.max_length or 512

    def put(name, cases):
        write(asked.output / f"{name}.cases", tokenizer, cases, length)

    if "scalars" in asked.parts:
        # Every assigned scalar, and a sample of the others.
        some = [s for s in SCALARS if unicodedata.category(s) not in ("Cn", "Co") or ord(s) % 97 == 0]
        put("scalars-alone", SCALARS)
        put("scalars-within", [f"a{s}b {s} {s}\u0301 Ａ{s} \u0600{s} é{s}\u200d{s} ᄀ{s}\u11a8 \r{s}\n" for s in some])
        put("scalars-joined", [f"\u0301{s}а{s}ç{s}\u0915\u094d{s} ©\u200d{s} \U0001f1e6{s}\ufe0f" for s in some])
    if "mixed" in asked.parts:
        put("corners", [text * times for text, times in corners()])
        put("mixed", texts(asked.seed, asked.texts))
        put("bpe-mixed", bpe_texts.texts(asked.seed, asked.texts // 4))
        if asked.prompts:
            put("prompts", real_prompts(asked.prompts, [""]))
    if "speed" in asked.parts:
        runs = {"plain": prompts(asked.seed, 10000, False), "chinese": bpe_texts.chinese(asked.seed, 5000)}
        for name, speed in runs.items():
            time_texts(asked.output / f"speed-{name}.cases", tokenizer, speed, length)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--texts", type=int, default=200000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-length", type=int)
    parser.add_argument("--prompts", type=pathlib.Path)
    parser.add_argument("--parts", nargs="*", default=["scalars", "mixed", "speed"])
    asked = parser.parse_args()
    path = asked.model / "tokenizer.json"
    kind = json.loads(path.read_text(encoding="utf-8"))["model"]["type"]
    assert tokenizers.__version__ == PINNED[kind], f"tokenizers {tokenizers.__version__}, wanted {PINNED[kind]}"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    asked.output.mkdir(parents=True, exist_ok=True)
    (asked.output / "model.txt").write_text(f"{asked.model.resolve()}\n{kind}\n")
    {"WordPiece": word_piece, "BPE": byte_level, "Unigram": unigram}[kind](asked, tokenizer)


if __name__ == "__main__":
    main()
