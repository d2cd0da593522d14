"""Where things are: the repository, its programs, the default model, the sample corpus."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
SAMPLE = SCRIPTS / "sample" / "data"
DEFAULT_MODEL = ROOT / "models" / "all-MiniLM-L6-v2"


def program() -> str:
    """Path of `statezero`: STATEZERO_BINARY, or the release build."""
    return os.environ.get("STATEZERO_BINARY") or str(ROOT / ".build" / "release" / "statezero")


def benchmark_program() -> str:
    """Path of `statezero-bench`: beside `statezero`."""
    return str(pathlib.Path(program()).parent / "statezero-bench")
