"""The first lines of a file say what it is for: a comment right after the imports, or a docstring in Python."""

import re

from . import swift_code
from .tree import File, Report, Tree

_BEFORE = re.compile(r"^\s*$|^#(?:if|else|elseif|endif)\b|^// swift-tools-version")


def has_opening(file: File) -> bool:
    """Whether the first line of a Swift file that is no import is a comment."""
    for line in file.lines:
        if not _BEFORE.match(line) and swift_code.imported(line) is None:
            return line.lstrip().startswith(("//", "/*"))
    return False


def check(tree: Tree) -> Report:
    report = Report("openings")
    swift = [file for file in tree.under("Sources/", suffix=".swift") if not swift_code.is_generated(file.path)]
    python = tree.under("", suffix=".py")
    for file in swift:
        if not has_opening(file):
            report.problems.append(f"{file.path}: say in a comment after the imports what the file is for")
    for file in python:
        first = next((line for line in file.lines if not line.startswith("#")), "")
        if not first.startswith('"""'):
            report.problems.append(f"{file.path}: begin with a docstring that says what the file is for")
    report.summary = f"{len(swift)} Swift and {len(python)} Python files begin with their purpose"
    return report
