"""The order of the site's pages, and the anchors of headings as GitHub makes them."""

import pathlib
import re

# Section: its pages, by the paths of the repository. `*` is all pages that no entry above has; `TITLE: …` is a group.
SECTIONS: dict[str, list[str]] = {
    "Start": [
        "README.md",
        "Sources/Documentation/tour.md",
        "Sources/Documentation/input-files.md",
        "Sources/Documentation/figures.md",
        "CHANGELOG.md",
    ],
    "Tutorials": [
        "Sources/Documentation/tutorials/README.md",
        "Sources/Documentation/tutorials/score-a-corpus.md",
        "Sources/Documentation/tutorials/plan-a-trl-run.md",
        "Sources/Documentation/tutorials/route-a-fleet.md",
        "Sources/Documentation/tutorials/*",
    ],
    "Predict": [
        "Sources/Documentation/references.md",
        "Sources/Documentation/CompactHead.md",
        "Sources/Documentation/encoders.md",
        "Sources/Documentation/remote-encoders.md",
        "Sources/Documentation/parquet.md",
        "Sources/Documentation/files/*",
        "Sources/Documentation/V0.md",
    ],
    "Train": ["scripts/python/README.md", "scripts/python/pages/*", "Sources/Documentation/real-run.md"],
    "Operate": [
        "deploy/README.md",
        "deploy/*",
        "Sources/Documentation/page.md",
        "Sources/Documentation/operating/*",
        "SECURITY.md",
    ],
    "Reference": ["Commands: reference/commands/*", "reference/*", "proto/GLOSSARY.md", "proto/PROTOCOL.md"],
    "Reports": [
        "EVALUATION.md",
        "BENCHMARKS.md",
        "scripts/routing/README.md",
        "scripts/replay/*",
        "scripts/loop/README.md",
    ],
    "Inside": [
        "Sources/README.md",
        "Sources/Documentation/journey-of-a-prompt.md",
        "Sources/Documentation/contributing.md",
        "scripts/README.md",
        # What no section names.
        "*",
    ],
}
_TITLE = re.compile(r"^#\s+(.*?)\s*#*\s*$", re.MULTILINE)


def tree(source: pathlib.Path) -> list:
    """All pages below a folder as MkDocs' `nav`. Raises ValueError where a page that is named is not there."""
    left = {str(file.relative_to(source)) for file in source.rglob("*.md")}
    found = []
    for section, patterns in SECTIONS.items():
        pages = []
        for pattern in patterns:
            group, _, pattern = pattern.rpartition(": ")
            members = sorted(path for path in left if _matches(path, pattern))
            if not members and "*" not in pattern:
                raise ValueError(f"navigation.py: there is no {pattern}")
            left -= set(members)
            named = [{title((source / path).read_text(encoding="utf-8")): path} for path in members]
            pages += [{group: named}] if group else named
        found.append({section: pages})
    return found


def _matches(path: str, pattern: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def title(text: str) -> str:
    """The first heading, as plain text."""
    found = _TITLE.search(text)
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found.group(1)).replace("`", "") if found else "Untitled"


def slug(text: str, separator: str = "-") -> str:
    """The anchor of a heading: that of `scripts/checks/documents.py`."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", separator)
