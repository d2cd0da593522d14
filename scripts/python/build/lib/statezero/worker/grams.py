"""Character n-grams of a text and their kernel in a context: what a text says where an encoder knows no words.

Sources/Heads/Grams in numpy; scripts/train/HEAD.md, section "Character n-grams", has the hash to the bit.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

PLACES = 2**17
_SCALARS, _LONGEST, _WIDE_FROM, _LENGTH_MIN = 2000, 3, 0x2E80, 1e-9
_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)


class Grams:
    """A text's `places` in rising order, `values` 1 + ln(count), and its share of characters of wide scripts."""

    def __init__(self, places: np.ndarray, values: np.ndarray, wide: float):
        self.places, self.values, self.wide = places, values, wide


def read(text: str) -> Grams:
    """The first 2,000 Unicode scalars of a text. Cost: some 100 µs for a usual prompt."""
    scalars = np.frombuffer(text[:_SCALARS].encode("utf-32-le", "surrogatepass"), np.uint32)
    scalars = np.where((scalars >= 65) & (scalars <= 90), scalars + np.uint32(32), scalars)
    if not len(scalars):
        return Grams(np.zeros(0, np.int64), np.zeros(0), 0.0)
    found, running = [], np.full(len(scalars), _OFFSET, np.uint32)
    for length in range(min(_LONGEST, len(scalars))):
        running = (running[: len(scalars) - length] ^ scalars[length:]) * _PRIME  # of the run that begins at each place
        found.append(_mixed(running) % np.uint32(PLACES))
    places, counts = np.unique(np.concatenate(found), return_counts=True)
    return Grams(places.astype(np.int64), 1 + np.log(counts), float((scalars > _WIDE_FROM).mean()))


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """All bits into the low ones: the last step of MurmurHash3."""
    h = hashes ^ (hashes >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


class Context:
    """The rows' n-grams as unit vectors of tf-idf. At least one row."""

    def __init__(self, rows: list[Grams]):
        documents = np.zeros(PLACES)
        for row in rows:
            documents[row.places] += 1
        self._frequency = np.log((1 + len(rows)) / (1 + documents)) + 1
        units = [self._unit(row) for row in rows]
        starts = np.cumsum([0] + [len(row.places) for row in rows])
        places = np.concatenate([row.places for row in rows])
        self._rows = csr_matrix((np.concatenate(units), places, starts), (len(rows), PLACES))
        self.wide = float(np.mean([row.wide for row in rows]))

    @property
    def kernel(self) -> np.ndarray:
        """(N, N) cosines."""
        return np.asarray((self._rows @ self._rows.T).toarray())

    def combine(self, weights: np.ndarray) -> None:
        """Sets what `value` adds up: one weight a row."""
        self._combined = self._rows.T @ weights

    def value(self, text: Grams) -> float:
        """Σ weights · cosine of a text with each row. Computed for each text alone."""
        return float((self._unit(text) * self._combined[text.places]).sum())

    def _unit(self, text: Grams) -> np.ndarray:
        weighted = text.values * self._frequency[text.places]
        return np.asarray(weighted / max(float(np.sqrt((weighted**2).sum())), _LENGTH_MIN))
