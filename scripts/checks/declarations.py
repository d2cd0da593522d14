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
_CASE = re.compile(r"(?:^|\{)[ \t]*(?:indirect[ \t]+)?case[ \t]+(?=[`\w])([^\n]*)", re.M)
_RAW_ENUM = re.compile(
    r"\benum\s+\w+\s*:[^{]*\b(?:String|U?Int\d*|CaseIterable|CodingKey|ExpressibleByArgument|EnumerableFlag)\b"
)
_ENUM = re.compile(r"\benum\s+\w+")
_WORD = re.compile(r"\w+")
_PART = re.compile(r"\w+|[()\[\]{}:,]")

# Names that a library, the runtime or the language calls. Each with its reason.
ALLOWED = {
    "BertReference": "the slow reference that tests compare the encoder with",
    "Qwen3Reference": "the slow reference that tests compare the encoder with",
    "TableReferenceKernels": "the slow reference that tests compare a kernel with",
    "sharedAttention": "the slow reference that tests compare a kernel with",
    "roundedToBFloat16": "the slow reference that tests compare a kernel with",
    "waitingCount": "tests check the bound of the outbox",
    "isPrivate": "tests check whether packed weights are mapped or copied",
    # The requirements of MetricsFactory and its handlers.
    **dict.fromkeys(
        [
            "makeCounter",
            "makeFloatingPointCounter",
            "makeMeter",
            "makeRecorder",
            "makeTimer",
            "destroyCounter",
            "destroyFloatingPointCounter",
            "destroyMeter",
            "destroyRecorder",
            "destroyTimer",
            "reset",
        ],
        "swift-metrics calls it",
    ),
    # The requirements of ChannelDuplexHandler.
    **dict.fromkeys(
        [
            "InboundIn",
            "InboundOut",
            "OutboundIn",
            "OutboundOut",
            "channelInactive",
            "channelRead",
            "channelWritabilityChanged",
            "errorCaught",
            "handlerAdded",
            "handlerRemoved",
            "userInboundEventTriggered",
        ],
        "NIO calls it",
    ),
    "callAsFunction": "the language calls it by syntax",
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
        line = code.count("\n", 0, match.start(1)) + 1
        found += [(name, line) for name in case_names(match.group(1))]
    return found


def case_names(rest: str) -> list[str]:
    """The names in what follows `case` on a line; none for a pattern of a switch, which has a colon."""
    names, depth, is_name = [], 0, True
    for word in _PART.findall(rest):
        if word in "([":
            depth += 1
        elif word in ")]":
            depth -= 1
        elif word == "}" and depth <= 0:
            break
        elif depth <= 0 and word == ":":
            return []
        elif depth <= 0 and word == ",":
            is_name = True
        elif depth <= 0 and is_name and word[0].isidentifier():
            names.append(word)
            is_name = False
    return [] if names and names[0] in ("let", "var", "is") else names


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
