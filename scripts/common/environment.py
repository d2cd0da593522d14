"""Packages for scripts: a virtual environment to run in, or a folder for PYTHONPATH."""

import os
import pathlib
import subprocess
import sys
import tempfile

# The variable that marks the second run; its value is the script.
READY = "STATEZERO_SCRIPT_ENVIRONMENT"


def make(folder: pathlib.Path, packages: list[str]) -> pathlib.Path:
    """Makes a virtual environment with packages, where it does not exist. Returns its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def install(folder: pathlib.Path, packages: list[str]) -> str:
    """Installs packages into a folder for PYTHONPATH, where it does not exist. Returns "", or why it cannot."""
    if folder.exists():
        return ""
    folder.parent.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
    # Installed under another name first: a folder that exists is complete.
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        part = pathlib.Path(temporary) / "part"
        variables = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
        done = subprocess.run([*pip, str(part), *packages], env=variables, capture_output=True, text=True)
        if done.returncode != 0:
            return (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        part.rename(folder)
    return ""


def run_again_with(packages: list[str], folder: pathlib.Path | None, **variables: str) -> None:
    """Ends this process with the exit code of the same command in an environment with the packages.

    Returns where this is that second run already. `folder` keeps the environment; without it, it is temporary.
    """
    if os.environ.get(READY):
        return
    with tempfile.TemporaryDirectory() as temporary:
        python = make(folder or pathlib.Path(temporary) / "venv", packages)
        variables = {**os.environ, READY: sys.argv[0], **variables}
        sys.exit(subprocess.run([str(python), *sys.argv], env=variables).returncode)
