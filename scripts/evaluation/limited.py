"""Writes a part of a source: at most N query prompts and N context prompts, chosen by a hash of their texts.

All policies keep their outcomes on these prompts. The whole data needs hours on two cores, a part minutes.
"""

import hashlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import rows


def limited(stem, folder, most):
    """The stem of the part of a source, in `folder`. A part that exists is not written again."""
    part = os.path.join(folder, str(most), os.path.basename(stem))
    if os.path.exists(part + ".outcomes.jsonl.gz"):
        return part
    prompts, outcomes = (rows.read(f"{stem}.{kind}.jsonl.gz") for kind in ("prompts", "outcomes"))
    roles = {}
    for row in outcomes:
        roles.setdefault(row["prompt_id"], row.get("role"))
    groups = {}
    for row in sorted(prompts, key=lambda row: hashlib.sha256(row["prompt"].encode()).digest()):
        groups.setdefault(roles.get(row["prompt_id"]), []).append(row)
    kept = {row["prompt_id"] for group in groups.values() for row in group[:most]}
    rows.write_gzip(part + ".prompts.jsonl.gz", (row for row in prompts if row["prompt_id"] in kept))
    rows.write_gzip(part + ".outcomes.jsonl.gz", (row for row in outcomes if row["prompt_id"] in kept))
    return part
