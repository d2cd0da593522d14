"""Links in documents: every relative link and anchor resolves, and every document is near the README."""

import posixpath
import re

from .tree import File, Report, Tree

START = "README.md"
MAX_CLICKS = 2
# Documents that no page needs to link: (path prefix or path, reason).
UNLINKED = [
    ("Tests/Goldens/", "licences beside the data that they cover"),
    ("scripts/replay/introduction.md", "the first part of scripts/replay/README.md, which make.py writes"),
]
# Commands and paths that documents name in code: they must exist, as links must.
_NAMED_PATH = re.compile(r"(?<![\w./-])(?:\./)?((?:scripts|Sources|Tests|proto|deploy)/[\w./@+-]*\w)")
_LINK = re.compile(r"\]\(([^)\s]+)[^)]*\)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
_FOREIGN = re.compile(r"(?:^|[^\w./}~-])(/(?:" + "|".join(["home", "root", "Users", "work"]) + r")/[\w.-]+)")
MAX_LINE = 4096


def prose(lines: list[str]) -> list[tuple[int, str]]:
    """Lines outside fenced code, with numbers from 1."""
    is_code, found = False, []
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            found.append((number, line))
    return found


def targets(line: str) -> list[str]:
    """What a line links to, without addresses of other sites."""
    found = _LINK.findall(re.sub(r"`[^`]*`", "", line))
    return [target for target in found if "://" not in target and not target.startswith("mailto:")]


def anchors(file: File) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    found = {}
    for _, line in prose(file.lines):
        heading = _HEADING.match(line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).replace("`", "")
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
    return {slug if number == 0 else f"{slug}-{number}" for slug, last in found.items() for number in range(last + 1)}


def resolve(file: File, target: str) -> tuple[str, str]:
    """Path and anchor that a link of a document leads to."""
    path, _, anchor = target.partition("#")
    joined = posixpath.normpath(posixpath.join(file.folder, path)) if path else file.path
    return ("" if joined == "." else joined), anchor


def check(tree: Tree) -> Report:
    report = Report("documents")
    documents = {file.path: file for file in tree.under("", suffix=".md")}
    linked, links = {path: set() for path in documents}, 0
    for file in documents.values():
        for number, line in prose(file.lines):
            for target in targets(line):
                links += 1
                path, anchor = resolve(file, target)
                if not tree.exists(path):
                    report.problems.append(f"{file.path}:{number}: {target} leads to no file")
                elif anchor and path in documents and anchor not in anchors(documents[path]):
                    report.problems.append(f"{file.path}:{number}: {path} has no heading #{anchor}")
                linked[file.path].add(path)
        _check_named_paths(tree, report, file)
    _check_reachable(report, tree, linked)
    _check_foreign_paths(report, tree)
    report.summary = f"{links} links in {len(documents)} documents, distance of each document from {START}"
    return report


def _check_named_paths(tree, report, file) -> None:
    for number, line in enumerate(file.lines, 1):
        for path in _NAMED_PATH.findall(_LINK.sub("", line)):
            is_placeholder = any(part.isupper() and part.isalpha() for part in path.split("/"))
            if is_placeholder or tree.exists(path) or any(other.startswith(path) for other in tree.paths):
                continue
            report.problems.append(f"{file.path}:{number}: there is no {path}")


def _check_reachable(report, tree, linked) -> None:
    reached, edge = {START}, {START}
    for _ in range(MAX_CLICKS):
        following = set()
        for path in edge:
            for target in linked.get(path, ()):
                # A link to a folder shows its README.
                readme = f"{target}/README.md" if target else START
                following |= {target, readme if readme in linked else target}
        edge = following - reached
        reached |= following
    for path in sorted(set(linked) - reached):
        if not any(path.startswith(prefix) for prefix, _ in UNLINKED):
            report.problems.append(f"{path}: {MAX_CLICKS} clicks from {START} do not reach this document; link it")


def _check_foreign_paths(report, tree) -> None:
    """A path of somebody's own machine works nowhere else."""
    for file in tree.files.values():
        for number, line in enumerate(file.lines, 1):
            if len(line) >= MAX_LINE:
                continue
            found = _FOREIGN.search(line)
            if found:
                report.problems.append(f"{file.path}:{number}: {found.group(1)} is a path of one machine")
