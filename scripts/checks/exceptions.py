"""Rules with exceptions. Every exception is listed with its reason; one that is no longer needed must be removed."""

import re

from . import exception_table, swift_code
from .tree import Report, Tree

UNSAFE = re.compile(r"\b(Unsafe\w*Pointer|withUnsafe\w*|Unmanaged|unsafeBitCast|withMemoryRebound)\b")
UNCHECKED = re.compile(r"@unchecked Sendable|nonisolated\(unsafe\)")
FORCED = re.compile(r"\btry!|\bas!|catch\s*(?:_\s*)?\{\s*\}|\bfatalError\(")
# The comment that explains an unchecked promise is at most this many lines above it.
REASON_LINES = 6


def check(tree: Tree) -> Report:
    report = Report("exceptions")
    sources = tree.under("Sources/", suffix=".swift")
    users = _check_unsafe(report, sources, exception_table.UNSAFE_FILES)
    promises = _check_promises(report, sources)
    for file in sources:
        if swift_code.is_generated(file.path):
            continue
        for number, line in enumerate(swift_code.code_lines(file), 1):
            if FORCED.search(line):
                report.problems.append(f"{file.path}:{number}: {line.strip()}: handle the error instead")
    report.summary = f"{len(users)} files with unsafe memory, {promises} unchecked promises about threads"
    return report


def _check_unsafe(report, sources, allowed) -> set[str]:
    users = set()
    for file in sources:
        if file.path.startswith(exception_table.UNSAFE_MODULES):
            continue
        for number, line in enumerate(swift_code.code_lines(file), 1):
            found = UNSAFE.search(line)
            if not found:
                continue
            users.add(file.path)
            if file.path not in allowed:
                report.problems.append(
                    f"{file.path}:{number}: uses {found.group()}; find a safe way, or add the file with a reason to "
                    f"{exception_table.PATH}"
                )
    for path in sorted(set(allowed) - users):
        report.problems.append(f"{exception_table.PATH}: {path} uses no unsafe memory; remove it from the list")
    return users


def _check_promises(report, sources) -> int:
    count = 0
    for file in sources:
        if swift_code.is_generated(file.path):
            continue
        for index, line in enumerate(swift_code.code_lines(file)):
            if not UNCHECKED.search(line):
                continue
            count += 1
            above = file.lines[max(0, index - REASON_LINES) : index]
            if not any(other.lstrip().startswith("//") for other in above):
                report.problems.append(f"{file.path}:{index + 1}: say in a comment above why this promise is true")
    if count > exception_table.MAX_PROMISES:
        report.problems.append(
            f"Sources: {count} unchecked promises about threads, at most {exception_table.MAX_PROMISES} are allowed"
        )
    return count
