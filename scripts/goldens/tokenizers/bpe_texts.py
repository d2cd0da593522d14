"""Texts that test a byte-level tokenizer: those of `texts.py`, and cases of the split pattern and of composition."""

import random

import texts as common
from texts import CODE, INVISIBLE, MARKS, SCRIPTS, SPACES, WORDS

SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_pad|>",
    "<|vision_pad|>",
    "<think",
    "think>",
    "<|im_end|",
    "<<think>>",
    "<|endoftext|><|endoftext|>",
    "<|END|>",
    "<|im_start|>user\n",
    "\n<|im_end|>\n",
    "<|end\u0301oftext|>",
    "< |im_end|>",
    "|>",
    "<|",
]
CONTRACTIONS = [
    "'s",
    "'t",
    "'re",
    "'ve",
    "'m",
    "'ll",
    "'d",
    "'S",
    "'T",
    "'RE",
    "'Ve",
    "'vE",
    "'LL",
    "'lL",
    "'D",
    "'ſ",
    "'r",
    "'v",
    "'l",
    "'rx",
    "'x",
    "''s",
    "' s",
    "’s",
    "'1",
    "'",
    "'\n",
    "'é",
    "'ſt",
    "'K",
    "'st",
    "'ﬆ",
]
RUNS = [
    " ",
    "  ",
    "   ",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    " \n",
    "\n ",
    "\t",
    "\t\t",
    " \t",
    "\u3000",
    "\xa0",
    "\u2028",
    "\x85",
    "\v",
    "\x1c",
    "\u200b",
    " \r\n \n  ",
    "\u2003\n",
    "        ",
]
PUNCTUATION = [
    "!",
    "...",
    "?!",
    "-",
    "--",
    "=>",
    "{}",
    "();",
    "\\n",
    "$$",
    "\\frac",
    "_",
    "__",
    "#",
    "##",
    "、",
    "。",
    "！",
    "—",
    "…",
    "·",
    "€",
    "∑",
    "→",
    "©",
    "\u20dd",
    "\u200d",
    "\ufe0f",
    "\u0301",
    "\u093e",
    "\ufffd",
    "\0",
]
COMPOSING = [
    "e\u0301",
    "E\u0323\u0302",
    "E\u0302\u0323",
    "a\u030a",
    "\u212b",
    "\u2126",
    "\u1100\u1161\u11a8",
    "\uac00\u11a8",
    "\uac00\u11a7",
    "\uac01\u11a8",
    "\u1100\u1161",
    "\u1161\u11a8",
    "\u0958",
    "\u0915\u093c",
    "\u0f73",
    "\u0344",
    "\u0308\u0301",
    "q\u0307\u0323",
    "q\u0323\u0307",
    "\ufb1d",
    "\ufb2c",
    "\u05e9\u05c1\u05bc",
    "\u2adc",
    "\U0001d15e",
    "\U000110a5\U000110ba",
    "\uf900",
    "\U0002f800",
    "\u0374",
    "\u037e",
    "\u0387",
    "\u1e9b\u0323",
    "s\u0323\u0307",
    "o\u0302\u0301",
    "\u09c7\u09be",
    "\u0cc6\u0cc2\u0cd5",
    "\u3046\u3099",
]
IDEOGRAPHS = (
    "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发"
    "天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从数学概率矩阵函数积分导数证明计算模型训练"
)
EMOJI = ["😀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇫🇷🇩🇪", "❤️", "1️⃣", "🧑🏿‍🚀", "☃", "🫠", "✈︎", "\u200d", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]


def piece(rng):
    """A stretch of one kind."""
    kind = rng.randrange(14)
    if kind < 3:
        return common.piece(rng)
    if kind == 3:
        return rng.choice(WORDS) + rng.choice(CONTRACTIONS) + rng.choice(("", " ")) + rng.choice(WORDS)
    if kind == 4:
        return "".join(rng.choice(RUNS) for _ in range(rng.randint(1, 4)))
    if kind == 5:
        return "".join(rng.choice(PUNCTUATION + RUNS) for _ in range(rng.randint(1, 5)))
    if kind == 6:
        return "".join(rng.choice(COMPOSING + MARKS) for _ in range(rng.randint(1, 5)))
    if kind == 7:
        return rng.choice(SPECIAL)
    if kind == 8:
        return "".join(rng.choice(IDEOGRAPHS) for _ in range(rng.randint(1, 30))) + rng.choice("，。！？、 ")
    if kind == 9:
        return "".join(rng.choice(EMOJI) for _ in range(rng.randint(1, 4)))
    if kind == 10:
        return rng.choice(CODE + SCRIPTS)
    if kind == 11:
        return "".join(common.scalar(rng) for _ in range(rng.randint(1, 12)))
    if kind == 12:
        return "".join(
            rng.choice("aAéßſsS'tTrRvVeElLmMdD1٣ \n\r\t.!_\u3000\u0301中가") for _ in range(rng.randint(1, 24))
        )
    return rng.choice(MARKS + INVISIBLE + SPACES).join(rng.choice(WORDS) for _ in range(3))


def text(rng, pieces):
    """Several stretches, joined by nothing or a space."""
    return "".join(piece(rng) + rng.choice(("", "", " ")) for _ in range(pieces))


def texts(seed, count, pieces=9):
    """`count` texts of up to `pieces` stretches."""
    rng = random.Random(seed)
    return [text(rng, rng.randint(1, pieces)) for _ in range(count)]


def chinese(seed, count):
    """Sentences of common characters, about 200 per text."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        sentences = ["".join(rng.choice(IDEOGRAPHS) for _ in range(rng.randint(3, 15))) for _ in range(20)]
        found.append("".join(sentence + rng.choice("，，，。！？") for sentence in sentences))
    return found


def corners():
    """(text, repetitions): the cases that fail most easily."""
    found = [
        ("", 1),
        (" ", 1),
        ("\0", 1),
        ("\n", 1),
        ("\ufffd", 1),
        ("\u0301", 1),
        ("'", 1),
        ("<", 1),
        ("a", 31),
        ("a", 32),
        ("a", 48),
        ("a", 49),
        ("hello ", 11),
        ("hello ", 12),
        ("word ", 2047),
        ("word ", 2048),
        ("中", 17),
        ("<|endoftext|>", 12),
        ("<think>", 2100),
        ("a\0", 7),
        (" ", 300),
        ("\n", 300),
        (" \n", 40),
        ("\u0301", 300),
        ("e\u0301", 200),
        ("\u1100\u1161\u11a8", 50),
        ("\uac00\u11a8", 50),
        ("'s", 50),
        ("''", 50),
        ("1", 100),
    ]
    found += [(entry, 1) for entry in SCRIPTS + CODE + SPECIAL + CONTRACTIONS + COMPOSING + EMOJI]
    found += [(f"a{entry}b", 1) for entry in SPACES + INVISIBLE + MARKS]
    found += [(f"x{entry}y {entry}", 1) for entry in RUNS + PUNCTUATION]
    return found


def long_texts(seed):
    """Lines of 100 KB and more that cannot be cut anywhere."""
    rng = random.Random(seed)

    def of(alphabet, count):
        return "".join(rng.choice(alphabet) for _ in range(count))

    letters = "abcdefghijklmnopqrstuvwxyz"
    found = [
        "a" * 100000,
        "ab" * 50000,
        of(letters, 100000),
        of("ab", 100000),
        of(letters + letters.upper(), 100000),
        of(IDEOGRAPHS, 40000),
        "数" * 40000,
        of("!?.,;:-=+*/", 100000),
        "=" * 100000,
        "-" * 99999 + "\n",
        " " * 100000,
        " " * 100000 + "x",
        "\n" * 100000,
        " \n" * 50000,
        "\t" * 100000,
        of(" \n\t\r", 100000),
        "\u0301" * 50000,
        "e\u0301" * 40000,
        "\u0323\u0301" * 25000,
        of(MARKS, 40000),
        "\u1100\u1161\u11a8" * 12000,
        "👨‍👩‍👧‍👦" * 4000,
        of(EMOJI, 10000),
        "\0" * 100000,
        "\ufffd" * 40000,
        "'" * 100000,
        "'s" * 50000,
        "<" * 100000,
        "<|endoftext|>" * 8000,
        "1" * 100000,
        of(letters + "0123456789", 100000),
        of("ACGT", 100000),
        "".join(rng.choice(WORDS) for _ in range(20000)),
        "".join(WORDS) * 100,
    ]
    found.append("".join(common.scalar(rng) for _ in range(40000)))
    found.append(
        "".join(chr(rng.choice((rng.randrange(0x4E00, 0x9FFF), rng.randrange(0xAC00, 0xD7A4)))) for _ in range(40000))
    )
    return found
