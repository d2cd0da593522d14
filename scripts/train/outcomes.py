"""Prompts, features and outcomes as the head's training reads them.

A folder of data has `<source>.prompts.jsonl.gz` (prompt_id, prompt, data_source) and `<source>.outcomes.jsonl.gz`
(policy_id, policy_version, prompt_id, reward, n, and in evaluation folders role). A prompt is
identified by its text: the same text in two sources is one prompt, on one side of every split.
"""

import glob
import hashlib
import os
import pathlib
import sys
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from safetensors.numpy import load_file

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS / "head")]
from character_grams import grams, sparse, wide_share  # noqa: E402
from surface_features import surface_features  # noqa: E402

from common import rows  # noqa: E402

FOLDS = 5
CONTEXT_MIN = 80  # a policy with fewer outcomes is left out
SMALL_MIN = 25  # the same in sources of few prompts
SMALL_SOURCES = {"evalperf", "misguided_attention"}


def share(key, salt=""):
    """A number in [0, 1) that depends on the key alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256((salt + key).encode()).digest()[:7], "big") / 256**7


@dataclass
class Outcomes:
    """The outcomes of one policy version: prompts by index, mean rewards, rollouts behind each."""

    source: str
    policy: str
    version: int | None
    prompts: np.ndarray
    rewards: np.ndarray
    rollouts: np.ndarray
    is_query: np.ndarray | None = None

    @property
    def name(self):
        return self.policy if self.version is None else f"{self.policy}@{self.version}"

    def taken(self, mask):
        role = None if self.is_query is None else self.is_query[mask]
        return Outcomes(
            self.source, self.policy, self.version, self.prompts[mask], self.rewards[mask], self.rollouts[mask], role
        )


@dataclass
class Corpus:
    """All prompts, and the records by source of a training part and of evaluation parts."""

    embeddings: np.ndarray  # (P, E), unit length
    surface: np.ndarray  # (P, 30), raw
    fold: np.ndarray  # (P,) 0 … FOLDS-1, by text, by task family where a source has families
    family: np.ndarray  # (P,) number of the data source within its source
    texts: list
    grams: object = None  # (P, PLACES), sparse: counts as 1 + ln
    wide: np.ndarray | None = None  # (P,) share of wide characters
    training: dict = field(default_factory=dict)
    evaluation: dict = field(default_factory=dict)


FAMILY_SOURCES = {"reasoning_gym"}


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def read_embeddings(paths):
    """By digest of the text: what `statezero model embed` wrote."""
    vectors = {}
    for path in paths:
        stored = load_file(path)
        vectors.update(zip((row.tobytes() for row in stored["digests"]), stored["embeddings"]))
    return vectors


def load(training, evaluation, embeddings):
    """Reads folders of data; `embeddings` are files of `statezero model embed`. Prompts without one are left out."""
    vectors = read_embeddings(embeddings)
    by_text, key_of, x, f, folds, families, texts = {}, {}, [], [], [], [], []
    family_number = {}

    def read_prompts(path, source):
        for row in rows.each(path):
            name, text = row["prompt_id"], row["prompt"]
            vector = vectors.get(digest(text))
            if vector is None:
                continue
            if text not in by_text:
                by_text[text] = len(x)
                x.append(vector)
                f.append(surface_features(text))
                fold_key = row["data_source"] if source in FAMILY_SOURCES else text
                folds.append(int(share(fold_key, "fold:") * FOLDS))
                families.append(family_number.setdefault(row["data_source"], len(family_number)))
                texts.append(text)
            key_of[source, name] = by_text[text]

    def read_outcomes(path, source):
        records = defaultdict(dict)
        for row in rows.each(path):
            prompt = key_of.get((source, row["prompt_id"]))
            if prompt is not None:
                value = (row["reward"], row["n"], row.get("role") == "query")
                records[row["policy_id"], row["policy_version"]][prompt] = value
        result = []
        for (policy, version), found in sorted(records.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
            if len(found) >= (SMALL_MIN if source in SMALL_SOURCES else CONTEXT_MIN):
                prompts = np.array(sorted(found))
                values = np.array([found[p] for p in prompts], np.float64)
                result.append(Outcomes(source, policy, version, prompts, values[:, 0], values[:, 1], values[:, 2] > 0))
        return result

    corpus = Corpus(None, None, None, None, texts)
    for folder, store in [(training, corpus.training)] + [(e, corpus.evaluation) for e in evaluation]:
        for path in sorted(glob.glob(f"{folder}/*.prompts.jsonl.gz")):
            source = os.path.basename(path).split(".")[0]
            read_prompts(path, source)
            store[source] = read_outcomes(path.replace(".prompts.", ".outcomes."), source)
    corpus.embeddings = np.array(x, np.float32)
    corpus.surface = np.array(f, np.float64)
    corpus.fold, corpus.family = np.array(folds), np.array(families)
    corpus.grams = sparse([grams(text) for text in texts]).astype(np.float32)
    corpus.wide = np.array([wide_share(text) for text in texts])
    return corpus


def held_policies(records, salt):
    """Splits a source's records into those to train on and those kept for validation and calibration.

    One policy in five is kept, whole families of versions with it; a source of a single policy keeps the last eighth of
    its versions, or nothing where it has one version.
    """
    names = sorted({r.policy for r in records}, key=lambda name: share(name, salt))
    if len(records) == 1:
        return records, []
    if len(names) == 1:
        last = sorted(r.version for r in records)[-max(1, len(records) // 8) :][0]
        return [r for r in records if r.version < last], [r for r in records if r.version >= last]
    kept = set(names[: len(names) // 5])
    return [r for r in records if r.policy not in kept], [r for r in records if r.policy in kept]


def divided(records):
    """Records by source: to train on, kept from training, and single ones of several rollouts where none is kept."""
    split = {source: held_policies(found, "kept:") for source, found in records.items()}
    trained, kept = ({source: parts[i] for source, parts in split.items()} for i in (0, 1))
    alone = [found[0] for source, found in records.items() if not kept[source] and len(found) == 1]
    return trained, kept, [record for record in alone if np.median(record.rollouts) > 1]
