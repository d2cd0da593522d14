"""Character n-grams of a text as a sparse vector, and their kernel: what a text says where an encoder sees [UNK].

Runs of one to three Unicode scalars of the first 2,000, ASCII letters in lower case, hashed to 2¹⁷ places; HEAD.md
gives the hash to the bit. A place counts 1 + ln(count) times its inverse document frequency in the context.
"""

import numpy as np
from scipy.sparse import csr_matrix, diags

SCALARS = 2000
LONGEST = 3
PLACES = 2**17
OFFSET, PRIME = np.uint32(2166136261), np.uint32(16777619)
WIDE = 0x2E80  # scripts of wide characters begin here


def mixed(hashes):
    """The last step of the hash: all bits into the low ones (fmix32 of MurmurHash3)."""
    h = hashes ^ (hashes >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def scalars_of(text):
    """The first scalars as numbers, A–Z in lower case."""
    scalars = np.frombuffer(text[:SCALARS].encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.where((scalars >= 65) & (scalars <= 90), scalars + np.uint32(32), scalars)


def grams(text):
    """(places in rising order, 1 + ln(count) of each) of a text; empty for an empty one."""
    scalars = scalars_of(text)
    found, running = [], np.full(len(scalars), OFFSET, np.uint32)
    for length in range(LONGEST):
        # The hash of the run that begins at i and has length + 1 scalars.
        running = (running[: len(scalars) - length] ^ scalars[length:]) * PRIME
        if length < len(scalars):
            found.append(mixed(running) % np.uint32(PLACES))
    if not found:
        return np.zeros(0, np.uint32), np.zeros(0)
    places, counts = np.unique(np.concatenate(found), return_counts=True)
    return places, 1 + np.log(counts)


def wide_share(text):
    """The share of wide characters among the first scalars."""
    scalars = scalars_of(text)
    return float((scalars > WIDE).mean()) if len(scalars) else 0.0


def sparse(found):
    """Vectors of texts as a sparse matrix, (texts, PLACES)."""
    starts = np.cumsum([0] + [len(places) for places, _ in found])
    places = np.concatenate([places for places, _ in found]) if found else np.zeros(0, np.int64)
    values = np.concatenate([values for _, values in found]) if found else np.zeros(0)
    return csr_matrix((values, places.astype(np.int32), starts), (len(found), PLACES))


def unit_rows(matrix, frequency):
    """Rows times the inverse document frequency, of Euclidean length 1."""
    weighted = matrix.multiply(frequency).tocsr()
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
    return diags(1 / np.maximum(length, 1e-9)) @ weighted


class GramContext:
    """The kernel between a context's rows and any text: cosine of tf-idf vectors, idf over the context."""

    def __init__(self, rows):
        matrix = sparse(rows)
        documents = np.bincount(matrix.indices, minlength=PLACES)
        self.frequency = np.log((1 + len(rows)) / (1 + documents)) + 1
        self.rows = unit_rows(matrix, self.frequency)
        self.kernel = (self.rows @ self.rows.T).toarray()

    def combined(self, weights):
        """Σ_i weights_i · row_i as one dense vector: a query costs one sparse dot product with it."""
        return self.rows.T @ weights

    def queries(self, found, dense):
        return unit_rows(sparse(found), self.frequency) @ dense
