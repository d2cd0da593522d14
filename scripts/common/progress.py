"""Condenses the output of `swift build`: a build of minutes shows its progress in a few lines."""

import re

_STEP = re.compile(r"^\[(\d+)/(\d+)\] (.*)")
# "Compiling Planning Allocator.swift", "Emitting module Planning", "Linking statezero".
_MODULE = re.compile(r"^(?:Compiling|Emitting module|Linking|Wrapping AST for) (\S+)")
_FETCH = re.compile(r"^(Fetching|Fetched|Cloning|Computing version for|Computed|Creating working copy for) (\S+)")
# Without warnings about the packages that this one depends on: "warning: 'swift-log': found 1 file(s) …".
_PROBLEM = re.compile(r"(?:^|\s)(?:error: |warning: (?!'))")
_LOCKED = "Another instance of SwiftPM"


class BuildProgress:
    """What a build has printed so far. Reads no clock: the caller gives the time."""

    def __init__(self) -> None:
        self.done = self.total = 0
        self.what = "reading the package"
        self.problems: list[str] = []

    def read(self, line: str) -> bool:
        """Reads one line of output. Returns whether it is an error or a warning, which is to be shown at once."""
        step, fetch = _STEP.match(line), _FETCH.match(line)
        if step:
            self.done, self.total = int(step.group(1)), int(step.group(2))
            module = _MODULE.match(step.group(3))
            if module:
                self.what = module.group(1)
        elif line.startswith(_LOCKED):
            self.what = "waiting for another swift build of this package"
        elif fetch:
            self.what = f"{fetch.group(1).lower()} {fetch.group(2)}"
        # The compiler repeats a message for each file of a module, and draws it below the source line.
        is_problem = bool(_PROBLEM.search(line)) and not line.startswith(" ") and line not in self.problems
        if is_problem:
            self.problems.append(line)
        return is_problem

    def line(self, seconds: float) -> str:
        """One line: steps, elapsed time, the module that was finished last."""
        steps = f"[{self.done}/{self.total}] " if self.total else ""
        return f"{steps}{elapsed(seconds)}  {self.what}"


def elapsed(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
