"""Markdown that the pages of the reference are made of."""

import collections.abc


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(header: list[str], rows: collections.abc.Iterable[list[str]]) -> list[str]:
    """Lines of a table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return [*lines, *("| " + " | ".join(cell(each) for each in row) + " |" for row in rows), ""]


def code(text: str) -> str:
    """Text as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Text whose angle brackets and stars are no Markdown. Code between backquotes stays."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_") for part in parts[::2]]
    return "`".join(parts)


def link(text: str, path: str) -> str:
    """A file of the repository, named: sources are no pages of the site."""
    return f"{text} (`{path}`)"
