"""Every exit code, error code and reason with its meaning, and the text of every error, from the sources."""

import pathlib
import re

from . import swift
from .text import code, plain, table

# Heading: what it is, the file and the enumeration.
CODES = [
    ("Exit codes", "Of every command.", "CommandSupport/Ending/ExitStatus.swift", "ExitStatus"),
    (
        "Rows that cannot be used",
        "`code` of an error row of `score`, and of the lines that `validate` names; the last eight come from workers.",
        "Corpora/Rows/RowError.swift",
        "RowError.Code",
    ),
    (
        "Row ranges",
        "Rows that a worker was to read itself (`score --workers-read`).",
        "Corpora/Ranges/RangeError.swift",
        "RangeError.Code",
    ),
    ("HTTP of the coordinator", "`error.code` of an answer.", "CoordinatorHTTP/Answers/ErrorCode.swift", "ErrorCode"),
    ("Budgets", "`reason` of a prompt's budget.", "Planning/Plans/BudgetReason.swift", "BudgetReason"),
    ("Uniform plans", "Why a whole plan is uniform.", "Planning/Plans/BudgetReason.swift", "UniformReason"),
    ("Groups with look-ahead", "Why a group is done.", "Planning/Groups/LookAhead.swift", "Reason"),
    ("Routes", "Why a model was chosen.", "Routing/Rules/RouteDecision.swift", "Reason"),
    (
        "Models that were not candidates",
        "`exclusion` of a candidate.",
        "Routing/Rules/RouteCandidate.swift",
        "Exclusion",
    ),
    (
        "Failures of endpoints",
        "Of a model's endpoint, in metrics and logs.",
        "Routing/Upstream/UpstreamFailure.swift",
        "Reason",
    ),
]
_FAILURE = re.compile(r"HTTPFailure\(\s*\.(\w+(?:\(code: \d+\))?),\s*(?:code: )?\"(\w+)\",\s*(?=\")")
_PROBLEM = re.compile(r"\bProblem\(code: \"(\w+)\", message: (?=\")")
_ROW = re.compile(r"\bcode: \.(\w+),\s*message:\s*(?=\")")
_TYPE = re.compile(r"^(?:public |package )?enum (\w+)\s*:\s*(?=.*\bError\b)", re.MULTILINE)


def page(root: pathlib.Path) -> str:
    """The page as Markdown."""
    lines = [
        "# Codes and errors",
        "",
        "Codes are for programs and do not change. Messages are for people: what happened, where, and what to do. "
        "`‹…›` is a value. Refusals of the wire are in [the protocol](../proto/PROTOCOL.md#13-errors); faults and what "
        "they cost in [failures](../Sources/Documentation/operating/failures.md).",
        "",
    ]
    advice = _advice(root / "Sources")
    for title, about, path, name in CODES:
        read = swift.enumeration((root / "Sources" / path).read_text(encoding="utf-8"), name)
        missing = [case.name for case in read.cases if not case.comment]
        if missing:
            raise SystemExit(f"build: {path}: say in a comment above the case what {', '.join(missing)} means")
        lines += [f"## {title}", "", about, ""]
        rows = [[code(case.value), plain(case.comment)] for case in read.cases]
        if name == "RowError.Code":
            for row, case in zip(rows, read.cases, strict=True):
                row.append("<br>".join(plain(each) for each in advice.get(case.name, [])))
        lines += table(["code", "meaning", "messages"][: len(rows[0])], rows)
    lines += [
        "## HTTP of the router",
        "",
        "`error.code` of an answer, and of an outcome that was rejected. Answers of a server's "
        "common part (`token_missing` …) are above.",
        "",
    ]
    lines += table(["code", "status", "message"], _failures(root / "Sources"))
    lines += [
        "# Messages of errors",
        "",
        "By module. The program prints them and ends, or writes them beside a code.",
        "",
    ]
    for module, name, read in _errors(root / "Sources"):
        lines += [f"## {module}: {name}", "", plain(read.comment), ""]
        lines += table(
            ["error", "when", "message"],
            [[code(case.name), plain(case.comment), plain(case.message)] for case in read.cases],
        )
    return "\n".join(lines).replace("\n# Messages", "\n## Messages", 1)


def _failures(sources: pathlib.Path) -> list[list[str]]:
    """Codes that the router's server writes: code, status, message."""
    found = set()
    for _, text in _texts(sources / "RouterHTTP"):
        for match in _FAILURE.finditer(text):
            found.add((match.group(2), _words(match.group(1)), _literal(text, match.end())))
        for match in _PROBLEM.finditer(text):
            found.add((match.group(1), "in the answer of `/v1/outcomes`", _literal(text, match.end())))
    return [[code(name), status, plain(message)] for name, status, message in sorted(found)]


def _advice(sources: pathlib.Path) -> dict[str, list[str]]:
    """The messages that sources write beside the code of a row."""
    found: dict[str, list[str]] = {}
    for _, text in _texts(sources):
        for match in _ROW.finditer(text):
            message = _literal(text, match.end())
            if message not in found.setdefault(match.group(1), []):
                found[match.group(1)].append(message)
    return found


def _texts(folder: pathlib.Path) -> list[tuple[pathlib.Path, str]]:
    return [(file, file.read_text(encoding="utf-8")) for file in sorted(folder.rglob("*.swift"))]


def _literal(text: str, start: int) -> str:
    """The string that begins at a position, with those that `+` joins to it."""
    end, parts = start, []
    while (match := swift.STRING.match(text, end)) is not None:
        parts.append(match.group(0))
        end = match.end() + len(re.match(r"\s*\+?\s*", text[match.end() :]).group(0))
        if "+" not in text[match.end() : end]:
            break
    return swift.message(" + ".join(parts))


def _words(status: str) -> str:
    number = re.search(r"\d+", status)
    return number.group(0) if number else re.sub(r"([A-Z])", lambda found: " " + found.group(1).lower(), status)


def _errors(sources: pathlib.Path):
    """Error types with a message: module, name and cases."""
    for file, text in _texts(sources):
        for name in _TYPE.findall(text):
            read = swift.enumeration(text, name)
            if any(case.message for case in read.cases) and name != "ErrorCode":
                yield file.relative_to(sources).parts[0], name, read
