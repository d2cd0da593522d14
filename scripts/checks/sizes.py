"""Sizes at which to ask whether there are two subjects: files of a folder, lines of a file; what the top level has."""

import collections
import statistics

from . import exception_table, swift_code
from .tree import Report, Tree

MAX_FILES = 15
MAX_LINES = 400
# A compiler that is started by hand writes its files here.
TOP_LEVEL = ("Package.swift", "LICENSE", "NOTICE", ".gitignore", ".swift-format")


def check(tree: Tree) -> Report:
    report = Report("sizes")
    counts = collections.Counter(path.rpartition("/")[0] for path in tree.paths if path.startswith("Sources/"))
    for folder, count in sorted(counts.items()):
        if count > MAX_FILES:
            report.problems.append(
                f"{folder}: {count} files in one folder, at most {MAX_FILES}; make folders by subject"
            )
    for path in tree.paths:
        if "/" not in path and not path.endswith(".md") and path not in TOP_LEVEL:
            report.problems.append(f"{path}: does not belong on the top level; move it to a folder, or remove it")
    sources = tree.under("Sources/", suffix=".swift")
    allowed = exception_table.LONG_FILES
    long = {file.path: len(file.lines) for file in sources if len(file.lines) > MAX_LINES}
    for path, lines in sorted(long.items()):
        most = allowed.get(path, (MAX_LINES, ""))[0]
        if lines > most:
            report.problems.append(f"{path}: {lines} lines, at most {most}; are there two subjects in it?")
    for path in sorted(set(allowed) - set(long)):
        report.problems.append(f"{exception_table.PATH}: {path} is short enough; remove it from the list")
    median = statistics.median(len(file.lines) for file in sources if not swift_code.is_generated(file.path))
    report.summary = (
        f"{len(counts)} folders (largest {max(counts.values())} files), {len(sources)} files "
        f"(median {median:.0f} lines, {len(long)} over {MAX_LINES})"
    )
    return report
