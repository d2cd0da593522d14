"""The thirty surface features of a text, as Sources/Heads/Surface counts them: over UTF-8 bytes, natural logarithms."""

from __future__ import annotations

import re

import numpy as np

_EXTREMES = frozenset(
    b"prove maximum minimum largest smallest least most greatest maximize minimize maximal minimal".split()
)
_NEGATIONS = frozenset(b"not no never except none without neither nor cannot".split())
_NUMBERS, _COMMANDS = re.compile(rb"[0-9]+"), re.compile(rb"\\[A-Za-z(\[]")
_CONTINUING, _STARTING = bytes(range(0x80, 0xC0)), bytes(range(0xC0, 0x100))
_UPPER = bytes(range(65, 91))
_MARKS = b".,;:?!()\"'"


def _characters(data: bytes) -> int:
    return len(data.translate(None, _CONTINUING))


def _count(data: bytes, letters: bytes) -> int:
    return len(data) - len(data.translate(None, letters))


def features(text: str) -> np.ndarray:
    """(30), float32. Cost: some 50 µs for a usual prompt."""
    data = text.encode("utf-8", "replace")
    words, lines, numbers = data.split(), data.split(b"\n"), _NUMBERS.findall(data)
    bare = [word.lower().strip(_MARKS) for word in words]
    lengths = [_characters(word) for word in words]
    characters, many = _characters(data), max(1, len(words))

    def log(value: float) -> float:
        return float(np.log1p(value))

    counts = [characters, len(words), len(lines) - 1, len(numbers), sum(map(len, numbers)), data.count(b"$")]
    counts += [len(_COMMANDS.findall(data)), _count(data, b"=+*/^<>"), data.count(b"?")]
    return np.array(
        [
            *map(log, counts),
            sum(lengths) / many,
            log(_count(data, _STARTING)),
            _count(data, _UPPER) / max(1, characters),
            log(max(map(len, numbers), default=0)),
            *(log(_count(data, letters)) for letters in (b"()", b",", b"[]{}", b"\"'`")),
            log(max(map(_characters, lines))),
            len(set(words)) / many,
            *(log(_count(data, letters)) for letters in (b".!", b":", b";", b"_")),
            log(sum(line[:1] in (b" ", b"\t") for line in lines)),
            log(data.count(b"-")),
            log(sum(word in _EXTREMES for word in bare)),
            log(max(lengths, default=0)),
            log(sum(min(float(number), 1e9) for number in numbers)) / 4,
            log(sum(word in _NEGATIONS for word in bare)),
            log(sum(65 <= word[0] <= 90 for word in words)),
        ],
        np.float32,
    )
