"""The prompts of the loop: a part of the sample's, with the same share of each family. Standard library only."""

import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import paths, rows

COUNT = 96
SEED = "statezero-loop-1"


def read_prompts(count=COUNT):
    """`count` prompts in a seeded order that takes the families in turn, so that any first part covers them all."""
    sample = rows.read(paths.SAMPLE / "sample.prompts.jsonl.gz")
    sample.sort(key=lambda row: hashlib.sha256(f"{SEED}/{row['prompt_id']}".encode()).hexdigest())
    places, seen = [], {}
    for row in sample:
        family = row["data_source"]
        places.append((seen.get(family, 0), len(places), row))
        seen[family] = seen.get(family, 0) + 1
    return [row for _, _, row in sorted(places, key=lambda place: place[:2])][:count]
