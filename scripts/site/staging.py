"""The source folder of the site: the repository's Markdown at its own paths, files that it shows, the reference."""

import pathlib
import posixpath
import shutil

import reference

from checks import documents
from checks.tree import Tree

# Markdown that is no page: licences beside data, and the first part of a page that a script writes.
LEFT_OUT = tuple(prefix for prefix, _ in documents.UNLINKED)
# Larger files are named, not copied.
BYTES_MAX = 2 << 20


def stage(root: pathlib.Path, folder: pathlib.Path) -> None:
    """Fills the folder."""
    tree = Tree(root)
    pages = [file for path, file in tree.files.items() if path.endswith(".md") and not path.startswith(LEFT_OUT)]
    linked: set[str] = set()
    for file in pages:
        lines = list(file.lines)
        for number, line in documents.prose(lines):
            for target in documents.targets(line):
                path, _ = documents.resolve(file, target)
                linked.add(path)
                whole = _replacement(tree, path)
                if whole is not None:
                    lines[number - 1] = lines[number - 1].replace(f"]({target}", f"]({_relative(file.folder, whole)}")
        write(folder / file.path, "\n".join(lines) + "\n")
    for path in linked:
        if not path.endswith(".md") and (root / path).is_file() and (root / path).stat().st_size <= BYTES_MAX:
            place = folder / _served(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / path, place)
    for path, text in reference.pages(root).items():
        write(folder / "reference" / path, text)


def write(file: pathlib.Path, text: str) -> None:
    """Writes a text file, with its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _served(path: str) -> str:
    """Where a file is in the site: browsers show text files by their ending alone."""
    is_text = path.rpartition(".")[2] in ("yaml", "py", "proto") or "." not in path.rpartition("/")[2]
    return f"{path}.txt" if is_text else path


def _replacement(tree: Tree, path: str) -> str | None:
    """Where a link leads in the site, unless to its own path."""
    if path.endswith(".md"):
        return None
    if f"{path}/README.md".lstrip("/") in tree.files:
        return f"{path}/README.md".lstrip("/")
    return _served(path)


def _relative(folder: str, path: str) -> str:
    return posixpath.relpath(path, folder or ".")


def write_search_script(site: pathlib.Path) -> None:
    """The search index as a script: a page that is opened from a file may not read JSON."""
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    (site / "search" / "search_index.js").write_text(f"var __index = {index}", encoding="utf-8")
