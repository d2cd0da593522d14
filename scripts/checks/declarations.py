"""Dead declarations: a name that Sources declares and nothing else in Sources uses. Tests do not count as use.

Names are compared as words, without types: one use of a name keeps every declaration of that name. So a dead
declaration can be missed, but what is reported has no use, except a requirement that a library or the language calls by
name; ALLOWED lists those.
"""

import collections
import re

from . import swift_code
from .tree import Report, Tree

_DECLARATION = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)\n]*\))?[ \t]+)*"
    r"(?:(?:public|package|internal|fileprivate|private|open|static|class|final|mutating|nonmutating|override|lazy|weak|"
    r"indirect|nonisolated|consuming|borrowing|isolated|dynamic|required|convenience|"
    r"(?:private|package|internal|fileprivate)\(set\))[ \t]+)*"
    r"(func|var|let|struct|enum|class|actor|protocol|typealias)[ \t]+`?(\w+)`?",
    re.M,
)
_CASE = re.compile(
    r"(?:^|\{)[ \t]*(?:indirect[ \t]+)?case[ \t]+"
    r"((?:`?\w+`?(?:\([^\n]*?\))?(?:[ \t]*=[ \t]*[^,}\n]+)?,?[ \t]*)+)(?:\}|$)",
    re.M,
)
_RAW_ENUM = re.compile(
    r"\benum\s+\w+\s*:[^{]*\b(?:String|U?Int\d*|CaseIterable|CodingKey|ExpressibleByArgument|EnumerableFlag)\b"
)
_ENUM = re.compile(r"\benum\s+\w+")
_WORD = re.compile(r"\w+")

# Names that a library, the runtime or the language calls. Each with its reason.
ALLOWED: dict[str, str] = {
    name: "swift-metrics calls it on its backend"
    for name in (
        ["reset"]
        + ["makeCounter", "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer"]
        + ["destroyCounter", "destroyFloatingPointCounter", "destroyMeter", "destroyRecorder", "destroyTimer"]
    )
}


def declared(code: str) -> list[tuple[str, int]]:
    """Names that a file declares, with line numbers. Cases of enums that are read from text count as used."""
    found = []
    for match in _DECLARATION.finditer(code):
        if match.group(2) != "_":
            found.append((match.group(2), code.count("\n", 0, match.start(2)) + 1))
    enums = [(match.start(), bool(_RAW_ENUM.match(code, match.start()))) for match in _ENUM.finditer(code)]
    for match in _CASE.finditer(code):
        before = [is_raw for start, is_raw in enums if start < match.start()]
        if not before or before[-1]:
            continue
        for name in re.findall(r"(?:^|,)\s*`?(\w+)`?", re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", "", match.group(1))):
            found.append((name, code.count("\n", 0, match.start(1)) + 1))
    return found


def check(tree: Tree) -> Report:
    report = Report("declarations")
    words, places = collections.Counter(), collections.defaultdict(list)
    for file in tree.under("Sources/", suffix=".swift"):
        code = swift_code.without_comments(file.text)
        words.update(_WORD.findall(code))
        if swift_code.is_generated(file.path):
            continue
        for name, line in declared(code):
            places[name].append(f"{file.path}:{line}")
    for name in sorted(places):
        if words[name] <= len(places[name]) and name not in ALLOWED:
            report.problems += [f"{at}: {name} is declared and never used in Sources; remove it" for at in places[name]]
    for name in sorted(ALLOWED):
        if name not in places or words[name] > len(places[name]):
            report.problems.append(f"scripts/checks/declarations.py: {name} needs no exception any more; remove it")
    report.summary = f"{sum(map(len, places.values()))} declarations of {len(places)} names, {len(ALLOWED)} exceptions"
    return report
