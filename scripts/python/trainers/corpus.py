"""The sample's corpus and its predictions by `statezero score`, to compare engines with."""

import json
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "src"), str(FOLDER.parents[1])]

from common import paths, rows  # noqa: E402

QUERIES = paths.SAMPLE / "queries.jsonl.gz"
CONTEXT = paths.SAMPLE / "context.three-shot-t0.8.jsonl.gz"
MODEL = str(paths.DEFAULT_MODEL if paths.DEFAULT_MODEL.exists() else "table")
FIELDS = ("p", "kappa", "p_lo", "p_hi")


def prompts() -> list[dict]:
    """Rows with prompt_id and prompt."""
    return [{"prompt_id": row["prompt_id"], "prompt": row["prompt"]} for row in rows.read(QUERIES)]


def by_score(folder: str) -> dict[str, dict]:
    """Predictions of `statezero score`, by prompt id."""
    output = pathlib.Path(folder) / "scores"
    command = [paths.program(), "score", "--prompts", str(QUERIES), "--context", str(CONTEXT), "--output", str(output)]
    subprocess.run([*command, "--workers", "1", "--model", MODEL, "--store", "off"], check=True, capture_output=True)
    found = [json.loads(line) for part in sorted(output.glob("part-*.jsonl")) for line in part.open(encoding="utf-8")]
    return {row["prompt_id"]: row for row in found}
