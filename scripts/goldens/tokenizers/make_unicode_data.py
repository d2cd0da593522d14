#!/usr/bin/env python3
"""Writes Sources/Tokenizers/Unicode/ReferenceUnicodeData.swift: how the reference treats each Unicode scalar.

The reference (the `tokenizers` library, pinned below) links five Unicode tables of different ages: white space and
lower case come from Rust's standard library, punctuation and decompositions from two older crates, what a regular
expression takes for a letter or a number from its own engine. Swift's standard library follows yet another version. So
nothing is taken from a standard here: every scalar is put through the library itself, and what it did is written down.

    pip install tokenizers==0.22.1 && python3 scripts/goldens/tokenizers/make_unicode_data.py
"""

import pathlib
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

PINNED = "0.22.1"
ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = ROOT / "Sources/Tokenizers/Unicode/ReferenceUnicodeData.swift"
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)


def bert(**asked):
    """A normalizer with only the given steps."""
    steps = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**steps, **asked}).normalize_str


def ranges(values):
    """Sorted integers as [first, last] pairs."""
    found = []
    for value in sorted(values):
        if found and found[-1][1] == value - 1:
            found[-1][1] = value
        else:
            found.append([value, value])
    return found


def combining_classes(nfd, plain):
    """The library's combining class of every scalar that decomposes to itself, found by what it reorders."""
    lowest = "\u0334"  # Class 1: every mark of a higher class goes behind it.
    marks = {1: lowest}
    for c in plain:
        s = chr(c)
        if unicodedata.combining(s) > 1 and nfd(s + lowest) != s + lowest:
            marks.setdefault(unicodedata.combining(s), s)
    order = sorted(marks)
    for i in order:
        for j in order:
            moved = nfd(marks[i] + marks[j]) != marks[i] + marks[j]
            assert moved == (i > j), (i, j)
    first, last = marks[order[0]], marks[order[-1]]
    classes = {}
    for c in plain:
        s = chr(c)
        if nfd(last + s) == last + s and nfd(s + first) == s + first:
            continue
        below = sum(nfd(s + marks[k]) != s + marks[k] for k in order)
        equal = order[below]
        assert nfd(marks[equal] + s) == marks[equal] + s, hex(c)
        classes[c] = equal
    return classes


def class_runs(classes):
    """Sorted scalars as [first, last, class] of equal class."""
    rows = []
    for c in sorted(classes):
        if rows and rows[-1][1] == c - 1 and rows[-1][2] == classes[c]:
            rows[-1][1] = c
        else:
            rows.append([c, c, classes[c]])
    return rows


def matching(pattern, beside):
    """Scalars that a regular expression matches; `beside` is a text that it does not match."""
    split = pre_tokenizers.Split(Regex(pattern), "isolated").pre_tokenize_str
    assert len(split(beside)) == 1
    return [c for c in SCALARS if len(split(beside + chr(c))) == 2]


def decomposition_tables(decomposed, nfd, nfc):
    """Singletons (scalar, other), pairs that compose (scalar, first, second) and others (scalar, count, …)."""
    single, pairs, others = [], [], []
    for c, text in sorted(decomposed.items()):
        if len(text) == 1:
            single.append([c, ord(text)])
        elif nfc(chr(c)) == chr(c):
            first = nfc(text[:-1])
            assert len(first) == 1 and nfc(first + text[-1]) == chr(c), hex(c)
            pairs.append([c, ord(first), ord(text[-1])])
        else:
            others.append([c, len(text), *map(ord, text)])
    # The pairs alone decide what composes: no second of a pair joins any other first.
    made = {(first, second): c for c, first, second in pairs}
    assert len(made) == len(pairs)
    seconds = sorted({second for _, second in made})
    firsts = sorted({first for first, _ in made} | {c for c, _, _ in pairs})
    for first in firsts:
        for second in seconds:
            joined = chr(first) + chr(second)
            if (first, second) in made:
                assert nfc(joined) == chr(made[first, second])
            elif nfd(joined) == nfd(chr(first)) + nfd(chr(second)):
                # Nothing was reordered, so no other pair could have composed.
                assert len(nfc(joined)) > 1, (hex(first), hex(second))
    return single, pairs, others


def lowercase_runs(lower):
    """Rows of (first, last, stride, delta): the alphabets alternate case or differ by a constant."""
    rows = []
    for c in sorted(lower):
        delta = ord(lower[c]) - c
        if rows and rows[-1][3] == delta and c - rows[-1][1] in ((1, 2) if not rows[-1][2] else (rows[-1][2],)):
            rows[-1][2] = c - rows[-1][1]
            rows[-1][1] = c
        else:
            rows.append([c, c, 0, delta])
    return [[first, last, stride or 1, delta] for first, last, stride, delta in rows]


def array(name, comment, kind, rows):
    """One Swift array of numbers, rows kept whole, lines within 120 columns."""
    lines, line = [], ""
    for row in rows:
        cell = " ".join((f"0x{v:X}" if v >= 0 else str(v)) + "," for v in row)
        if line and len(line) + 1 + len(cell) > 112:
            lines.append(line)
            line = ""
        line = f"{line} {cell}" if line else cell
    lines.append(line)
    body = "\n".join("        " + text for text in lines)
    return f"    /// {comment}\n    static let {name}: [{kind}] = [\n{body}\n    ]\n"


def main():
    assert tokenizers.__version__ == PINNED, f"tokenizers {tokenizers.__version__}, wanted {PINNED}"
    nfd, nfc = normalizers.NFD().normalize_str, normalizers.NFC().normalize_str
    lowercase = normalizers.Lowercase().normalize_str
    clean, strip, spaced = bert(clean_text=True), bert(strip_accents=True), bert(handle_chinese_chars=True)
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str

    removed, spaces, punctuation, ideographs = [], [], [], []
    nonspacing, plain, decomposed, lower = set(), [], {}, {}
    for c in SCALARS:
        s = chr(c)
        parts = [text for text, _ in split(f"a{s}b")]
        if parts == ["a", "b"]:
            spaces.append(c)
        elif parts == ["a", s, "b"]:
            punctuation.append(c)
        else:
            assert parts == [f"a{s}b"], hex(c)
        cleaned = clean(s)
        if cleaned == "":
            removed.append(c)
        else:
            assert cleaned == (" " if c in spaces else s), hex(c)
        if spaced(s) != s:
            assert spaced(s) == f" {s} "
            ideographs.append(c)
        if nfd(s) != s:
            decomposed[c] = nfd(s)
        else:
            plain.append(c)
            if strip(s) == "":
                nonspacing.add(c)
        if lowercase(s) != s:
            lower[c] = lowercase(s)
    classes = combining_classes(nfd, plain)

    # Hangul is arithmetic; the Swift code treats the one letter with a long lower case.
    for c in HANGUL:
        assert decomposed.pop(c) == unicodedata.normalize("NFD", chr(c))
    assert lower.pop(0x130) == "i\u0307" and all(len(text) == 1 for text in lower.values())

    single, pairs, others = decomposition_tables(decomposed, nfd, nfc)
    assert matching(r"\s", "a") == spaces

    text = f"""// Made by scripts/goldens/tokenizers/make_unicode_data.py from tokenizers {PINNED}. Do not edit.
//
// Why not Swift's own Unicode properties: the reference links tables of several ages (that of punctuation is from about
// 2016), and the standard library's version is that of whatever toolchain or system runs the program. Token ids must
// not depend on either, so this is what the reference does with each scalar, found by asking it.

/// What the reference's Unicode tables say; read through `ReferenceUnicode`.
enum ReferenceUnicodeData {{
"""
    text += "\n".join(
        [
            array("whitespace", "(first, last): separates words.", "UInt32", ranges(spaces)),
            array(
                "removed",
                "(first, last): dropped when text is cleaned (Cc, Cf, Co, NUL, U+FFFD).",
                "UInt32",
                ranges(removed),
            ),
            array("ideographs", "(first, last): stands as a word of its own.", "UInt32", ranges(ideographs)),
            array(
                "punctuation",
                "(first, last): stands as a word of its own, whatever the normalizer does.",
                "UInt32",
                ranges(punctuation),
            ),
            array(
                "nonspacing",
                "(first, last): an accent (Mn); only scalars without a decomposition.",
                "UInt32",
                ranges(nonspacing),
            ),
            array(
                "combiningClasses",
                "(first, last, class): marks that change places with marks of another class.",
                "UInt32",
                class_runs(classes),
            ),
            array("lowercase", "(first, last, stride, delta): what lower case adds.", "Int32", lowercase_runs(lower)),
            array(
                "singletons", "(scalar, other): canonically the same; composition leaves the other.", "UInt32", single
            ),
            array(
                "pairs", "(scalar, first, second): what it decomposes into, and what composes into it.", "UInt32", pairs
            ),
            array(
                "decompositions",
                "(scalar, count, parts…): the whole decomposition of all others but Hangul; never composed.",
                "UInt32",
                others,
            ),
            array("letters", "(first, last): matched by \\p{L}.", "UInt32", ranges(matching(r"\p{L}", "\n"))),
            array("numbers", "(first, last): matched by \\p{N}.", "UInt32", ranges(matching(r"\p{N}", "\n"))),
        ]
    )
    TARGET.write_text(text + "}\n")
    print(f"{TARGET.relative_to(ROOT)}: {len(text)} bytes, {text.count(chr(10)) + 1} lines")


if __name__ == "__main__":
    main()
