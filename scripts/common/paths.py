"""Where things are: the repository, its programs, the default model, the sample corpus.

`python3 scripts/common/paths.py` prints the default model's folder; exit code 1 where it is not fetched yet.
"""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
SAMPLE = SCRIPTS / "sample" / "data"


def default_model() -> pathlib.Path:
    """Folder of the default model: where `statezero model fetch` put it, in the checkout, among the user's models or
    the system's. Where it is nowhere, the folder among the user's models."""
    environment = os.environ
    data = environment.get("XDG_DATA_HOME", "")
    if not data.startswith("/"):  # as the program and the standard have it
        data = str(pathlib.Path.home() / ".local/share")
    system = (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    user, *others = (pathlib.Path(folder) / "statezero/models/all-MiniLM-L6-v2" for folder in [data, *system])
    found = (folder for folder in (ROOT / "models/all-MiniLM-L6-v2", user, *others) if folder.is_dir())
    return next(found, user)


DEFAULT_MODEL = default_model()


def program() -> str:
    """Path of `statezero`: STATEZERO_BINARY, or the release build."""
    return os.environ.get("STATEZERO_BINARY") or str(ROOT / ".build" / "release" / "statezero")


def benchmark_program() -> str:
    """Path of `statezero-bench`: beside `statezero`."""
    return str(pathlib.Path(program()).parent / "statezero-bench")


if __name__ == "__main__":
    print(DEFAULT_MODEL)
    sys.exit(0 if DEFAULT_MODEL.is_dir() else 1)
