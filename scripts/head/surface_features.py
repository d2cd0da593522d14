"""Surface features of a prompt: the slow, obvious version of Sources/Heads/Surface/SurfaceFeatures.swift.

Everything is counted over UTF-8 bytes, so that both languages agree to the byte: white space is the six ASCII white
characters, a letter outside ASCII is a byte from 0xC0 on, a character is a byte that does not continue one.
"""

import re

import numpy as np

NAMES = [
    "characters",
    "words",
    "lines",
    "numbers",
    "digits",
    "dollars",
    "commands",
    "operators",
    "questions",
    "wordLength",
    "nonASCII",
    "upperCase",
    "longestNumber",
    "parentheses",
    "commas",
    "brackets",
    "quotes",
    "longestLine",
    "distinctWords",
    "sentences",
    "colons",
    "semicolons",
    "underscores",
    "indentedLines",
    "hyphens",
    "extremes",
    "longestWord",
    "magnitude",
    "negations",
    "capitalised",
]
EXTREMES = {
    b"prove",
    b"maximum",
    b"minimum",
    b"largest",
    b"smallest",
    b"least",
    b"most",
    b"greatest",
    b"maximize",
    b"minimize",
    b"maximal",
    b"minimal",
}
NEGATIONS = {b"not", b"no", b"never", b"except", b"none", b"without", b"neither", b"nor", b"cannot"}


def _characters(data):
    return sum(1 for byte in data if byte & 0xC0 != 0x80)


def surface_features(text):
    """The 30 features of a text, in the order of NAMES."""
    data = text.encode("utf-8")
    words = data.split()
    numbers = re.findall(rb"[0-9]+", data)
    lines = data.split(b"\n")
    lower = [word.lower().strip(b".,;:?!()\"'") for word in words]
    lengths = [_characters(word) for word in words]
    characters = _characters(data)

    def count(letters):
        return sum(1 for byte in data if byte in letters)

    counts = [
        characters,
        len(words),
        count(b"\n"),
        len(numbers),
        sum(map(len, numbers)),
        count(b"$"),
        len(re.findall(rb"\\[A-Za-z(\[]", data)),
        count(b"=+*/^<>"),
        count(b"?"),
    ]
    features = [np.log1p(value) for value in counts]
    features.append(sum(lengths) / max(1, len(words)))
    features.append(np.log1p(sum(1 for byte in data if byte >= 0xC0)))
    features.append(sum(1 for byte in data if 65 <= byte <= 90) / max(1, characters))
    features.append(np.log1p(max([len(number) for number in numbers] or [0])))
    features += [np.log1p(count(letters)) for letters in (b"()", b",", b"[]{}", b"\"'`")]
    features.append(np.log1p(max(_characters(line) for line in lines)))
    features.append(len(set(words)) / max(1, len(words)))
    features += [np.log1p(count(letters)) for letters in (b".!", b":", b";", b"_")]
    features.append(np.log1p(sum(1 for line in lines if line[:1] in (b" ", b"\t"))))
    features.append(np.log1p(count(b"-")))
    features.append(np.log1p(sum(1 for word in lower if word in EXTREMES)))
    features.append(np.log1p(max(lengths or [0])))
    features.append(np.log1p(sum(min(float(number), 1e9) for number in numbers)) / 4)
    features.append(np.log1p(sum(1 for word in lower if word in NEGATIONS)))
    features.append(np.log1p(sum(1 for word in words if 65 <= word[0] <= 90)))
    return np.array(features)
