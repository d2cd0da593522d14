"""No child process inherits a descriptor by accident: what opens one says so at once, and a lock is unlocked before its
descriptor is closed, because a child has a copy until its exec.
"""

import re

from . import swift_code
from .tree import Report, Tree

_OPENS = re.compile(r"\bO_(?:RDONLY|WRONLY|RDWR)\b")
_CONNECTS = re.compile(r"\bSOCK_(?:STREAM|DGRAM|SEQPACKET)\b")
_NEVER = re.compile(r"\b(?:mkstemp|fopen|creat|pipe2?|dup)\(")
_LOCKS = re.compile(r"\bflock\([^)]*LOCK_(?:EX|SH)")


def check(tree: Tree) -> Report:
    report = Report("descriptors")
    opened = locks = 0
    for file in tree.under("Sources/", "Tests/", suffix=".swift"):
        lines = swift_code.code_lines(file)
        for number, line in enumerate(lines, 1):
            for pattern, flag in [(_OPENS, "O_CLOEXEC"), (_CONNECTS, "SOCK_CLOEXEC")]:
                if pattern.search(line):
                    opened += 1
                    if flag not in line:
                        report.problems.append(f"{file.path}:{number}: a child process inherits this: add {flag}")
            found = _NEVER.search(line)
            if found and "FD_CLOEXEC" not in file.text:
                report.problems.append(
                    f"{file.path}:{number}: a child process inherits what {found.group()}…) opens: use open with "
                    "O_CLOEXEC, or set FD_CLOEXEC"
                )
        if any(_LOCKS.search(line) for line in lines):
            locks += 1
            if file.path.startswith("Sources/") and "LOCK_UN" not in file.text and "release(" not in file.text:
                report.problems.append(
                    f"{file.path}: unlock with LOCK_UN before the descriptor is closed: a child process that starts at "
                    "that moment keeps the lock until its exec"
                )
    report.summary = f"{opened} descriptors are opened close-on-exec, {locks} files lock and unlock"
    return report
