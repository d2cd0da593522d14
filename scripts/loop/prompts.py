"""The prompts of the loop: some of the sample's, as many of each family as it has a share. Standard library only."""

import gzip
import hashlib
import json
import os

SAMPLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sample", "data")
COUNT = 96
SEED = "statezero-loop-1"


def read_gzip(path):
    """Rows of a gzip JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as source:
        return [json.loads(line) for line in source]


def read_prompts(count=COUNT):
    """`count` prompts in a seeded order that goes round the families, so that any first part covers them all."""
    rows = read_gzip(os.path.join(SAMPLE, "sample.prompts.jsonl.gz"))
    rows.sort(key=lambda row: hashlib.sha256(f"{SEED}/{row['prompt_id']}".encode()).hexdigest())
    places, seen = [], {}
    for row in rows:
        family = row["data_source"]
        places.append((seen.get(family, 0), len(places), row))
        seen[family] = seen.get(family, 0) + 1
    return [row for _, _, row in sorted(places, key=lambda place: place[:2])][:count]
