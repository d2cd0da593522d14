"""Reads Swift source by lines and words: code without comments, imports, declarations. No parser, no build."""

import functools
import re

from .tree import File

# A string or a comment, whichever begins first. Order matters: """ before ", #" before ".
_TOKENS = re.compile(r'"""|#+"(?:.*?)"#+|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
_IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|func|typealias|let|var)\s+)?(\w+)"
)


@functools.cache
def without_comments(text: str) -> str:
    """The text with comments blanked; line numbers stay. Strings stay, and // inside a string is no comment."""
    parts, at, size = [], 0, len(text)
    while at < size:
        found = _TOKENS.search(text, at)
        if not found:
            parts.append(text[at:])
            break
        parts.append(text[at : found.start()])
        token = found.group()
        at = found.end()
        if token == '"""':
            end = text.find('"""', at)
            end = size if end < 0 else end + 3
            parts.append(text[found.start() : end])
            at = end
        elif token.startswith("/"):
            parts.append("\n" * token.count("\n"))
        else:
            parts.append(token)
    return "".join(parts)


def comments(file: File) -> list[tuple[int, str]]:
    """Line comments with their line numbers, from 1."""
    found = []
    for number, (line, code) in enumerate(zip(file.lines, code_lines(file), strict=False), 1):
        if len(code) < len(line):
            found.append((number, line[len(code) :]))
    return found


def code_lines(file: File) -> list[str]:
    """Lines without comments; index 0 is line 1."""
    return without_comments(file.text).split("\n")


def outside_long_strings(lines: list[str]) -> list[tuple[int, str]]:
    """Lines outside strings of several lines, with numbers from 1: a help text may show code of another language."""
    is_string, found = False, []
    for number, line in enumerate(lines, 1):
        if not is_string:
            found.append((number, line))
        if line.count('"""') % 2 == 1:
            is_string = not is_string
    return found


def imported(line: str) -> str | None:
    """The module that a line imports."""
    found = _IMPORT.match(line)
    return found.group(1) if found else None


def is_generated(path: str) -> bool:
    return path.endswith(".pb.swift")
