"""Words that the project replaced by standard terms: they must not come back as names or in comments."""

import re

from .tree import Report, Tree

# Old word: what to write instead.
BANNED = {
    "errand": "task, or what is done",
    "bury": "mark dead",
    "condemn": "poison, mark",
    "how-manieth": "index",
    "storeroom": "feature store",
    "patience": "timeout",
    "weather": "load, faults",
    "reception": "responder",
}
# The same for whole words and phrases, which may be parts of other words ("told" in "threshold").
BANNED_PHRASES = {
    "another life": "another generation, another incarnation",
    "blame": "record a failure",
    "buried": "marked dead",
    "dear": "costly",
    "earlier life": "earlier generation, earlier incarnation",
    "first life": "first generation",
    "gone by": "ignored, not used",
    "in hand": "held",
    "of no sense": "not valid",
    "standing cluster": "running cluster",
    "taken back": "returned to the queue",
    "thrown away": "discarded",
    "told": "reported, sent",
    "whoever": "any peer, the caller",
}
_NAMES = re.compile("(?i)(" + "|".join(BANNED) + ")")
_PHRASES = [(re.compile(rf"(?i)\b{phrase}\b"), instead) for phrase, instead in BANNED_PHRASES.items()]
SUFFIXES = (".swift", ".py", ".md", ".proto", ".yaml", ".service", ".h")
# Texts that are data, where any word may occur.
DATA = ("Tests/Goldens/", "scripts/checks/", "scripts/sample/wordlists.py", "scripts/sample/families.py")


def check(tree: Tree) -> Report:
    report = Report("wording")
    files = [file for file in tree.files.values() if _is_checked(file.path)]
    for file in files:
        for number, line in enumerate(file.lines, 1):
            for found, instead in _banned(line):
                report.problems.append(f"{file.path}:{number}: {found}: write {instead} instead")
    report.summary = f"{len(files)} files without {len(BANNED) + len(BANNED_PHRASES)} banned words"
    return report


def _banned(line: str) -> list[tuple[str, str]]:
    """The banned words of a line, each with what to write instead."""
    names = [(found, BANNED[found.lower()]) for found in _NAMES.findall(line)]
    return names + [(match[0], instead) for pattern, instead in _PHRASES for match in pattern.finditer(line)]


def _is_checked(path: str) -> bool:
    is_script = path.startswith("scripts/") and "." not in path.rpartition("/")[2]
    return (path.endswith(SUFFIXES) or is_script) and not path.startswith(DATA)
