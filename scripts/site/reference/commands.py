"""One page for each command with all its options, from the command line's own definitions."""

import json
import pathlib
import subprocess

from common import paths
from distribution import manual

from .text import code, plain, table


def dump() -> dict:
    """The program's commands, as its argument parser describes them."""
    program = paths.program()
    if not pathlib.Path(program).exists():
        raise SystemExit(f"build: there is no {program}; build it, or set STATEZERO_BINARY")
    shown = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, text=True).stdout
    return json.loads(shown)["command"]


def below(command: dict) -> list[dict]:
    """Subcommands that help pages show."""
    return [each for each in command.get("subcommands", []) if each["shouldDisplay"] and each["commandName"] != "help"]


def options(command: dict) -> list[dict]:
    """Options that help pages show, without those that every command has."""
    shown = [each for each in command.get("arguments", []) if each["shouldDisplay"]]
    return [each for each in shown if each.get("valueName") not in ("help", "version")]


def pages(program: dict) -> dict[str, str]:
    """Names of the top commands and their Markdown."""
    return {each["commandName"]: "\n".join(_section(each, [program["commandName"]], 1)) for each in below(program)}


def _section(command: dict, parents: list[str], level: int) -> list[str]:
    name = [*parents, command["commandName"]]
    lines = [f"{'#' * level} {' '.join(name) if level > 1 else command['commandName']}", ""]
    lines += [*_paragraphs(command.get("abstract", "")), *_paragraphs(command.get("discussion", ""))]
    members = below(command)
    if members:
        anchors = {each["commandName"]: "-".join([*name, each["commandName"]]).lower() for each in members}
        rows = [
            [f"[{' '.join([*name, each])}](#{anchor})", plain(_abstract(members, each))]
            for each, anchor in anchors.items()
        ]
        lines += table(["command", "purpose"], rows)
    sections: dict[str, list[dict]] = {}
    for each in options(command):
        sections.setdefault(each.get("sectionTitle") or "Options", []).append(each)
    for title, found in sections.items():
        lines += [f"**{title}**", ""]
        lines += table(["option", "meaning"], [[code(manual.spelling(each)), _meaning(each)] for each in found])
    for each in members:
        lines += _section(each, name, level + 1)
    return lines


def _abstract(members: list[dict], name: str) -> str:
    return next(each["abstract"] for each in members if each["commandName"] == name)


def _meaning(argument: dict) -> str:
    needed = [] if argument["isOptional"] else ["**Required.**"]
    repeated = ["May be repeated."] if argument["isRepeating"] else []
    return " ".join([*needed, *(plain(each) for each in manual.description(argument)), *repeated])


def _paragraphs(text: str) -> list[str]:
    """Paragraphs; those with indented lines, such as examples, as code."""
    lines = []
    for paragraph in text.strip().split("\n\n"):
        rows = paragraph.splitlines()
        shown = [row for row in rows if not row.startswith(" ")]
        indented = [row[2:] for row in rows if row.startswith(" ")]
        if shown and not indented:
            lines += [plain(" ".join(shown)), ""]
        elif indented:
            first = rows.index("  " + indented[0]) if "  " + indented[0] in rows else 0
            lines += [plain(" ".join(rows[:first])), "", "```text", *indented, "```", ""]
            rest = rows[first + len(indented) :]
            lines += [plain(" ".join(rest)), ""] if rest else []
    return lines
