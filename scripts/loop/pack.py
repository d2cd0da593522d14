"""Packs a recorded pool for the repository: `python3 pack.py POOL.jsonl` writes data/pool.jsonl.gz.

Only prompts that were rolled out under every version are kept. Replies are judged again, so that a pool always agrees
with the verifiers of the repository. Standard library only, and the same pool makes the same bytes.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "sample")]
import families  # noqa: E402
from pool import Pool  # noqa: E402
from prompts import read_prompts  # noqa: E402

from common import arguments, rows  # noqa: E402


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("pool", help="JSONL file that policy.py recorded")
    options = parser.parse_args()
    kept = Pool(options.pool).prompt_ids
    metadata = {row["prompt_id"]: row["metadata"] for row in read_prompts()}
    order = {prompt_id: place for place, prompt_id in enumerate(kept)}
    packed = [row for row in rows.read(options.pool) if row["prompt_id"] in order]
    packed.sort(key=lambda row: (order[row["prompt_id"]], row["policy_version"]))
    for row in packed:
        row["rewards"] = [int(families.verify(metadata[row["prompt_id"]], reply)) for reply in row["replies"]]
    out = HERE / "data" / "pool.jsonl.gz"
    rows.write_gzip(out, packed)
    print(f"{out}: {len(kept)} prompts, {len(packed)} groups")


if __name__ == "__main__":
    main()
