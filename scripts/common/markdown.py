"""Parts of Markdown pages that scripts write: tables, and text between two marks of a page."""

import collections.abc
import os
import pathlib

Cells = collections.abc.Sequence[object]


def table(head: Cells, rows: collections.abc.Iterable[Cells], align: str | None = None) -> str:
    """A table. `align` has one letter a column, l or r (default: l for all)."""
    kinds = {"l": "---", "r": "---:"}
    lines = [head, [kinds[letter] for letter in align or "l" * len(head)], *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


def replace_between(path: str | os.PathLike[str], begin: str, end: str, text: str) -> None:
    """Replaces what is between two marks of a page, each on a line of its own. Raises ValueError without the marks."""
    page = pathlib.Path(path)
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path}: the marks {begin} and {end} are missing")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
