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
_PATTERN = re.compile("(?i)(" + "|".join(BANNED) + ")")
SUFFIXES = (".swift", ".py", ".md", ".proto", ".yaml", ".service", ".h")
# Texts that are data, where any word may occur.
DATA = ("Tests/Goldens/", "scripts/checks/", "scripts/sample/wordlists.py", "scripts/sample/families.py")


def check(tree: Tree) -> Report:
    report = Report("wording")
    files = [file for file in tree.files.values() if _is_checked(file.path)]
    for file in files:
        for number, line in enumerate(file.lines, 1):
            for found in _PATTERN.findall(line):
                word = found.lower()
                report.problems.append(f"{file.path}:{number}: {found}: write {BANNED[word]} instead")
    report.summary = f"{len(files)} files without {len(BANNED)} banned words"
    return report


def _is_checked(path: str) -> bool:
    is_script = path.startswith("scripts/") and "." not in path.rpartition("/")[2]
    return (path.endswith(SUFFIXES) or is_script) and not path.startswith(DATA)
