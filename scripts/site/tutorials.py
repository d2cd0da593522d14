#!/usr/bin/env python3
"""Runs the commands of the tutorials as they stand, each page in a new folder that looks like a checkout.

    python3 scripts/site/tutorials.py [score-a-corpus plan-a-trl-run route-a-fleet kubernetes slurm]

The blocks of a page that are marked `sh` run one after the other in one bash, which ends at the first command that
fails. Other blocks are not run. Without names, all pages run but that of TRL, whose first command downloads some GB of
packages; a page whose programs are not here (kubectl, Slurm) is skipped with a line that says so. Needs the program
(STATEZERO_BINARY, or the release build) and the default model.
"""

import argparse
import getpass
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import paths
from deploy import slurm, support

PAGES = paths.ROOT / "Sources" / "Documentation" / "tutorials"
NEEDED = {"score-a-corpus": [], "route-a-fleet": ["curl"], "kubernetes": ["kubectl"], "slurm": slurm.PROGRAMS.split()}
# Run only where it is named.
LARGE = ("plan-a-trl-run",)
PROLOGUE = """set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
"""
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def checkout(folder: pathlib.Path) -> None:
    """A folder with links to the repository's files, and one to the program where a build puts it."""
    for name in ("proto", "models"):
        (folder / name).symlink_to(paths.ROOT / name)
    # Commands write here: pip builds a package where its source is.
    for name in ("deploy", "scripts"):
        shutil.copytree(paths.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (folder / ".build" / "release").mkdir(parents=True)
    program = pathlib.Path(paths.program()).resolve()
    (folder / ".build" / "release" / "statezero").symlink_to(program)
    (folder / "out").mkdir()


def commands(page: str) -> str:
    """The blocks of a page that are to be run."""
    return "".join(_BLOCK.findall((PAGES / f"{page}.md").read_text(encoding="utf-8")))


def run(page: str, environment: dict[str, str]) -> bool:
    """Runs a page; whether all commands ended with 0."""
    with tempfile.TemporaryDirectory(prefix="statezero-tutorial-") as name:
        checkout(pathlib.Path(name))
        begin = time.monotonic()
        text = PROLOGUE + commands(page)
        done = subprocess.run(
            ["bash", "-s"],
            input=text,
            text=True,
            cwd=name,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment, "SWIFT_BACKTRACE": "enable=no"},
        )
        lines = [line[:200] for line in done.stdout.splitlines()]
        print(
            f"== {page}: exit code {done.returncode} after {time.monotonic() - begin:.0f} s",
            *lines,
            sep="\n",
            flush=True,
        )
    return done.returncode == 0


def run_slurm(page: str) -> bool:
    """The same, on a Slurm of this machine that is started for it."""
    with support.folder("tutorial") as folder, support.Daemons() as daemons:
        cluster = slurm.Slurm(folder, daemons)
        try:
            return run(page, {name: value for name, value in cluster.environment.items() if name != "STATEZERO_MODEL"})
        finally:
            cluster("scancel", "--user", getpass.getuser())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", choices=[[], *NEEDED, *LARGE], metavar="PAGE")
    options = parser.parse_args()
    failed = []
    for page in options.pages or NEEDED:
        missing = [name for name in NEEDED.get(page, []) if not support.find(name)]
        if missing:
            print(f"== {page}: skipped, there is no {missing[0]}")
            continue
        succeeded = run_slurm(page) if page == "slurm" else run(page, dict(os.environ))
        failed += [] if succeeded else [page]
    if failed:
        sys.exit(f"tutorials: failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
