#!/usr/bin/env python3
"""Plans by tokens against plans by rollouts, on the real answers in the repository: python3 scripts/replay/tokens.py

Writes outcome files with the mean length of the logged answers (`response_tokens`, UTF-8 bytes / 4, at least 1) and
runs `statezero replay` on them. The sample has eight answers of two policies to each prompt, the loop's pool 32 answers
of six versions of a policy to 48 prompts. Needs the program (release build, or STATEZERO_BINARY).
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent)]
from common import paths  # noqa: E402

SAMPLE = FOLDER.parent / "sample" / "data"
POOL = FOLDER.parent / "loop" / "data" / "pool.jsonl.gz"


def rows(path: pathlib.Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def mean_tokens(replies: list[str]) -> float:
    return sum(max(1, -(-len(reply.encode()) // 4)) for reply in replies) / len(replies)


def write(path: pathlib.Path, outcomes: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in outcomes), encoding="utf-8")


def main() -> None:
    prompts = SAMPLE / "sample.prompts.jsonl.gz"
    with tempfile.TemporaryDirectory() as folder:
        lengths = {
            (row["policy_id"], row["prompt_id"]): mean_tokens(row["replies"])
            for row in rows(SAMPLE / "sample.replies.jsonl.gz")
        }
        sample = [
            dict(row, response_tokens=lengths[row["policy_id"], row["prompt_id"]])
            for row in rows(SAMPLE / "sample.outcomes.jsonl.gz")
        ]
        pool = [
            {
                "policy_id": "loop",
                "policy_version": row["policy_version"],
                "prompt_id": row["prompt_id"],
                "reward": sum(row["rewards"]) / len(row["rewards"]),
                "n": len(row["rewards"]),
                "response_tokens": mean_tokens(row["replies"]),
            }
            for row in rows(POOL)
        ]
        for name, outcomes in (("sample", sample), ("loop", pool)):
            path = pathlib.Path(folder) / f"{name}.outcomes.jsonl"
            write(path, outcomes)
            command = [paths.program(), "replay", "--prompts", str(prompts), "--outcomes", str(path)]
            subprocess.run([*command, "--seeds", "5", *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()
