"""Texts that test a tokenizer: all kinds of scripts, marks, spaces and accidents, from a seed."""

import random

WORDS = """the of and to in is that it was for on are as with his they at be this from have or by one had not but what
all were when we there can an your which their said if do will each about how up out them then she many some so these
would other into has more her two like him see time could no make than first been its who now people my made over did
down only way find use may water long little very after words called just where most know compute integral prove that
function returns sorted array probability theorem matrix eigenvalue derivative hydrogen photosynthesis tokenization
internationalization antidisestablishmentarianism unbelievable neural reinforcement learning policy gradient baseline
Paris London Einstein O'Brien don't can't it's rock'n'roll state-of-the-art e-mail U.S.A. Ph.D. 3rd 21st x1 y_2 foo.bar
""".split()
ACCENTED = (
    "café naïve Zürich ÀÉÎÕÜ Ångström façade jalapeño Łódź Dvořák İstanbul ıssız Çelebi Ørsted œuvre ﬁne ßtraße ẞ"
)
SCRIPTS = [
    ACCENTED,
    "Привет мир Ёлка ЙОД Щука їжак Ўзбекистон Ѓорѓи",
    "Ελληνικά ΟΔΥΣΣΕΥΣ ἀρχῇ Ὦ ᾳ ᾼ ΐ ; · ϐ ϑ",
    "中文字符 漢字かな交じり文 カタカナ ｶﾞｷﾞ ﾊﾟ 々 〆 ㍿ 龍 豈 﨑 𠀀𠮷 丽 〇 「引用」、。！？",
    "한국어 텍스트 각 가 뷁 ㄱㄴㄷ ᄀᄀᆨ",
    "ภาษาไทย กำลังทดสอบ น้ำ เก็บ",
    "हिन्दी में पाठ क़लम ज़्यादा श्री कि की ॥ ॐ ਪੰਜਾਬੀ বাংলা ோ தமிழ் ಕನ್ನಡ ೋ മലയാളം ൊ සිංහල ෝ",
    "العربية مُحَمَّد ﷽ ﷲ لا ؟ ، ٠١٢٣ پارسی‌زبان",
    "עברית שָׁלוֹם ־ ״ שּׁ",
    "Tiếng Việt được ữ ẫ ợ Nguyễn",
    "አማርኛ ። ဗမာ ဦ ᬆ ខ្មែរ བོད་ཡིག གྷ ᠮᠣᠩ ꯃꯤ 𑄮𑄱 ՀԱՅ քաղաք ᲡᲐ ქართული ᎣᏏᏲ Ꭳ Ꮳ ꭰ",
    "😀 👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇫🇷 ❤️ 1️⃣ 🧑🏿‍🚀 ☃ ✈︎ 🫠 🪿",
    "∑ ∫ √ ≠ ≤ ∞ ∂x/∂t α² + β₃ ½ ⅷ ℵ ℝ 𝔸𝕏 𝒳 ∀ε>0 ∃δ: |x−a|<δ ⟨ψ|φ⟩ Ω Å K ∯ ⨌ 2⨯3 10⁻⁷",
    "“quotes” ‘single’ « guillemets » — – ‐ ‑ … • ‣ † ‡ § ¶ © ® ™ € £ ¥ ₿ ¢ ¬ ¦ ¨ ´ ¸ ˜ ˆ × ÷ ± µ ¡ ¿ ′ ″ ‽ ⁇",
    "𝐇𝐞𝐥𝐥𝐨 Ｆｕｌｌｗｉｄｔｈ ＡＢＣ１２３ ⓐⒶ ㎏ ﬀ Ǆ ǅ ǆ Ⅷ 𐐀𐐨 𞤀𞤢 𐲀 𑢠 Ა Ꞵ Ɤ Ʝ",
]
CODE = [
    "def f(x: int) -> int:\n    return x**2 if x > 0 else -x  # comment\n",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * 0x1F; }",
    "SELECT * FROM t WHERE id <> 'a''b' AND x >= 3;",
    "$\\frac{\\partial f}{\\partial x} = \\sum_{i=1}^{n} x_i^{2}$ \\boxed{42}",
    "let y: [UInt8] = xs.map { $0 &+ 1 } ?? []",
    "https://example.org/a/b?c=d&e=%20f#g user@example.com C:\\dir\\file.txt ~/.bashrc",
    '{"key": [1, 2.5e-3, null, true], "s": "\\u00e9\\n"}',
    '<p class="x">1 &lt; 2</p> <!-- no --> @decorator #include <stdio.h>',
]
SPACES = [
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "\v",
    "\f",
    "\x1c",
    "\x1f",
    "\x85",
    "\xa0",
    "\u1680",
    "\u180e",
    "\u2000",
    "\u2001",
    "\u2003",
    "\u2007",
    "\u200a",
    "\u200b",
    "\u2028",
    "\u2029",
    "\u202f",
    "\u205f",
    "\u3000",
    "\ufeff",
]
INVISIBLE = [
    "\0",
    "\x01",
    "\x08",
    "\x7f",
    "\x80",
    "\x9f",
    "\xad",
    "\u034f",
    "\u061c",
    "\u200c",
    "\u200d",
    "\u200e",
    "\u202e",
    "\u2060",
    "\u2066",
    "\ufe0f",
    "\ufff9",
    "\ufffd",
    "\ufffe",
    "\uffff",
    "\ue000",
    "\U000e0041",
    "\U000e0100",
    "\U000f0000",
    "\U0010ffff",
    "\u0378",
    "\U0001d173",
]
MARKS = [
    "\u0300",
    "\u0301",
    "\u0323",
    "\u0308",
    "\u0327",
    "\u0345",
    "\u0344",
    "\u0f73",
    "\u302e",
    "\u302f",
    "\u1b44",
    "\ua953",
    "\U0001d165",
    "\U0001d16d",
    "\U0001d16e",
    "\U00011446",
    "\U0001e94a",
    "\U0001e944",
    "\u08d4",
    "\u1dfb",
    "\u0591",
    "\u05b0",
    "\u064b",
    "\u0903",
    "\u093c",
    "\u0e38",
    "\u0489",
    "\U00016ff0",
    "\u0c55",
    "\u3099",
    "\u309a",
    "\u1161",
    "\u11a8",
    "\u20dd",
]
SPECIAL = [
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[UNK]",
    "[PAD]",
    "[cls]",
    "[SEP",
    "SEP]",
    "[[SEP]]",
    "[SEP][SEP]",
    "##ing",
    "[MASK]s",
    "x[UNK]y",
    "[ CLS ]",
    "[C\u0301LS]",
    "[CLS\0]",
    "[unused5]",
    "##",
    "[PA",
    "D]",
]


def scalar(rng):
    """Any scalar, the lower planes more often."""
    while True:
        c = rng.choice(
            [
                rng.randrange(0x250),
                rng.randrange(0x3000),
                rng.randrange(0x10000),
                rng.randrange(0x20000),
                rng.randrange(0x110000),
            ]
        )
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def piece(rng):
    """A stretch of one kind."""
    kind = rng.randrange(16)
    if kind < 4:
        words = [rng.choice(WORDS) for _ in range(rng.randint(1, 12))]
        return " ".join(rng.choice((str, str, str.upper, str.title))(word) for word in words)
    if kind == 4:
        return rng.choice(CODE)
    if kind < 7:
        return " ".join(rng.sample(rng.choice(SCRIPTS).split(" "), k=2))
    if kind == 7:
        return "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 5)))
    if kind == 8:
        return rng.choice(WORDS) + "".join(rng.choice(INVISIBLE) for _ in range(rng.randint(1, 3))) + rng.choice(WORDS)
    if kind == 9:
        return rng.choice("aeioukнकกא가") + "".join(rng.choice(MARKS) for _ in range(rng.randint(1, 6)))
    if kind == 10:
        return rng.choice(SPECIAL)
    if kind == 11:
        return "".join(scalar(rng) for _ in range(rng.randint(1, 20)))
    if kind == 12:
        return str(rng.randrange(10 ** rng.randint(1, 30))) + rng.choice(["", ".5", "%", "e10", ",000", "km/h", "°C"])
    if kind == 13:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyzABCXYZ0189éñ") for _ in range(rng.choice((3, 9, 99, 101))))
    if kind == 14:
        return "".join(rng.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") for _ in range(rng.randint(1, 9)))
    mixed = "".join(rng.choice(SCRIPTS) for _ in range(2))
    start = rng.randrange(len(mixed))
    return mixed[start : start + rng.randint(1, 20)]


def text(rng, pieces):
    """Several stretches, joined by a space, another character, or nothing."""
    parts = []
    for _ in range(pieces):
        parts.append(piece(rng))
        parts.append(rng.choice((" ", " ", "", "\n", rng.choice(SPACES))))
    return "".join(parts[:-1])


def texts(seed, count, pieces=8):
    """`count` texts of up to `pieces` stretches."""
    rng = random.Random(seed)
    return [text(rng, rng.randint(1, pieces)) for _ in range(count)]


def corners():
    """(text, repetitions): the cases that fail most easily."""
    found = [
        ("", 1),
        (" ", 1),
        ("\0", 1),
        ("\ufffd", 1),
        ("\u200b\u00ad", 1),
        ("[SEP]", 1),
        ("a\u0301", 1),
        ("x" * 100, 1),
        ("x" * 101, 1),
        ("é" * 100, 1),
        ("e\u0301" * 101, 1),
        ("가" * 50, 1),
        ("中" * 120, 1),
        ("word ", 254),
        ("word ", 255),
        ("word ", 256),
        ("unbelievably ", 300),
        ("[SEP]", 400),
        ("\u0301", 5000),
        ("a", 1000000),
        ("a ", 500000),
        ("\u302e\u1b44", 60),
        ("a\u302e\u0301\U00011446\u1b44\u302fb", 1),
        ("k\u20d2\u0489\u302e", 3),
        ("!", 1000),
        ("\n", 1000),
        ("İIıi", 1),
        ("ΣΑΣ ΣΑΣ", 1),
        ("[[[[SEP]]]]", 1),
    ]
    found += [(entry, 1) for entry in SCRIPTS + CODE + SPECIAL]
    found += [(f"a{entry}b", 1) for entry in SPACES + INVISIBLE]
    found.append((" ".join("k" + mark + "m" for mark in MARKS), 1))
    return found
