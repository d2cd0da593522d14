#!/usr/bin/env python3
"""Writes Sources/Tokenizers/ReferenceUnicodeData.swift: what the reference knows of each Unicode scalar.

The reference (the `tokenizers` library, pinned below) links four Unicode tables of different ages: white space and
lower case come from Rust's standard library, categories and decompositions from two older crates. Swift's standard
library follows yet another version. So nothing is taken from a standard here: every scalar is put through the library
itself, and what it did is written down.

    pip install tokenizers==0.22.1 && python3 scripts/goldens/tokenizers/make_unicode_data.py
"""
import pathlib
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

PINNED = "0.22.1"
ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = ROOT / "Sources/Tokenizers/ReferenceUnicodeData.swift"
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)


def bert(**asked):
    """A normalizer with only the steps asked for."""
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
    """The library's canonical combining class of every scalar that decomposes to itself, found by what is reordered."""
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


def lowercase_runs(lower):
    """Rows of (first, last, stride, delta): the alphabets alternate case or stand apart by a constant."""
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
    nfd, lowercase = normalizers.NFD().normalize_str, normalizers.Lowercase().normalize_str
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

    # Hangul is arithmetic; the one letter with a long lower case is told in Swift.
    for c in HANGUL:
        assert decomposed.pop(c) == unicodedata.normalize("NFD", chr(c))
    assert lower.pop(0x130) == "i\u0307" and all(len(text) == 1 for text in lower.values())

    # Decomposition is only ever followed by removal of nonspacing marks, and a mark that is no starter cannot hold
    # up the reordering of others; so it can go from the table already.
    single, several = [], []
    for c, text in sorted(decomposed.items()):
        kept = [ord(x) for x in text if not (ord(x) in nonspacing and ord(x) in classes)]
        if len(kept) == 1:
            single.append([c, kept[0]])
        else:
            several.append([c, len(kept), *kept])
    moved = [[c, classes[c]] for c in sorted(classes) if c not in nonspacing]
    starters = ranges(c for c in nonspacing if c not in classes)

    text = f"""// Made by scripts/goldens/tokenizers/make_unicode_data.py from tokenizers {PINNED}. Do not edit.
//
// Why not Swift's own Unicode properties: the reference links tables of several ages (its category table is from about
// 2016), and the standard library's version is that of whatever toolchain or system runs the program. Token ids must
// not depend on either, so this is what the reference does with each scalar, found by asking it.

/// What the reference's Unicode tables say; read through `ReferenceUnicode`.
enum ReferenceUnicodeData {{
"""
    text += "\n".join([
        array("whitespace", "(first, last): separates words.", "UInt32", ranges(spaces)),
        array("removed", "(first, last): dropped when text is cleaned (Cc, Cf, Co, NUL, U+FFFD).", "UInt32",
              ranges(removed)),
        array("ideographs", "(first, last): stands as a word of its own.", "UInt32", ranges(ideographs)),
        array("punctuation", "(first, last): stands as a word of its own, whatever the normalizer does.", "UInt32",
              ranges(punctuation)),
        array("nonspacing", "(first, last): an accent (Mn); only scalars without a decomposition.", "UInt32",
              ranges(nonspacing)),
        array("nonspacingStarters", "(first, last): an accent of combining class 0, which ends a run of marks.",
              "UInt32", starters),
        array("combiningClasses", "(scalar, class): marks that are not accents but still change places.", "UInt32",
              moved),
        array("lowercase", "(first, last, stride, delta): what lower case adds.", "Int32", lowercase_runs(lower)),
        array("decompositions", "(scalar, what is left of it): canonical decomposition without its accents.",
              "UInt32", single),
        array("longDecompositions", "(scalar, count, what is left of it…): the same where more, or nothing, is left.",
              "UInt32", several),
    ])
    TARGET.write_text(text + "}\n")
    print(f"{TARGET.relative_to(ROOT)}: {len(text)} bytes, {text.count(chr(10)) + 1} lines")


if __name__ == "__main__":
    main()
