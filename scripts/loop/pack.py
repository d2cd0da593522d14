"""Packs a recorded pool for the repository: `python3 pack.py POOL.jsonl` writes data/pool.jsonl.gz.

Only prompts that were rolled out under every version are kept; replies are judged again, so that a pool always agrees with
the verifiers it is beside. Standard library only, and the same pool makes the same bytes.
"""

import gzip
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "sample"))

import families  # noqa: E402
from pool import Pool  # noqa: E402
from prompts import read_prompts  # noqa: E402


def main():
    """Packs."""
    path = sys.argv[1]
    kept = Pool(path).prompt_ids
    metadata = {row["prompt_id"]: row["metadata"] for row in read_prompts()}
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.endswith("\n")]
    order = {prompt_id: place for place, prompt_id in enumerate(kept)}
    rows = sorted(
        (row for row in rows if row["prompt_id"] in order),
        key=lambda row: (order[row["prompt_id"]], row["policy_version"]),
    )
    out = os.path.join(HERE, "data", "pool.jsonl.gz")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with (
        open(out, "wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed,
    ):
        for row in rows:
            row["rewards"] = [int(families.verify(metadata[row["prompt_id"]], reply)) for reply in row["replies"]]
            packed.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
    print(f"{out}: {len(kept)} prompts, {len(rows)} groups")


if __name__ == "__main__":
    main()
