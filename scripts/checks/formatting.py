"""Format and lint: `swift format lint --strict` for Swift, ruff for Python, installed once into .venv-checks."""

import pathlib
import shutil
import subprocess

from common import environment

from .tree import Report, Tree

RUFF_VERSION = "0.17.6"
RUFF_CONFIGURATION = "scripts/ruff.toml"
# Generated, and a table of Unicode ranges.
UNFORMATTED = (".pb.swift", "ReferenceUnicodeData.swift")
SHOWN_PROBLEMS = 40


def swift(tree: Tree) -> Report:
    report = Report("swift format")
    paths = [path for path in tree.paths if path.endswith(".swift") and not path.endswith(UNFORMATTED)]
    if shutil.which("swift") is None:
        report.notes.append("skipped: there is no swift on the PATH")
        return report
    command = ["swift", "format", "lint", "--strict", "--parallel", "--configuration", ".swift-format", *paths]
    _run(tree, report, command)
    report.summary = f"{len(paths)} Swift files"
    return report


def python(tree: Tree) -> Report:
    report = Report("ruff")
    paths = [path for path in tree.paths if path.endswith(".py")]
    ruff, why = _ruff(tree.root)
    if ruff is None:
        report.notes.append(f"SKIPPED, Python files are not checked: ruff {RUFF_VERSION} cannot be installed ({why})")
        return report
    _run(tree, report, [ruff, "check", "--quiet", "--output-format", "concise", "--config", RUFF_CONFIGURATION, *paths])
    _run(tree, report, [ruff, "format", "--quiet", "--diff", "--config", RUFF_CONFIGURATION, *paths])
    report.summary = f"{len(paths)} Python files, lint and format"
    return report


def _run(tree: Tree, report: Report, command: list[str]) -> None:
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        report.problems += lines[:SHOWN_PROBLEMS]
        if len(lines) > SHOWN_PROBLEMS:
            report.problems.append(f"… and {len(lines) - SHOWN_PROBLEMS} more lines")
        if not lines:
            report.problems.append(f"{' '.join(command[:3])} failed with exit code {done.returncode}")


def _ruff(root: pathlib.Path) -> tuple[str | None, str]:
    """The path of ruff, or None and the reason."""
    folder = root / ".venv-checks" / f"ruff-{RUFF_VERSION}"
    why = environment.install(folder, [f"ruff=={RUFF_VERSION}"])
    return (None, why) if why else (str(folder / "bin" / "ruff"), "")
