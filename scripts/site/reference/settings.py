"""Every variable: those of options, and those that the sources read beside them."""

import pathlib
import re

from . import commands
from .text import code, plain, table

_READ = re.compile(r'"((?:STATEZERO|AWS|XDG|OTEL)_[A-Z0-9_]+)"')
# Of options whose value the parser writes in capitals, and of settings as a whole.
FOLDERS = (("Sources", "*.swift"), ("scripts/python/src", "*.py"))


def page(root: pathlib.Path, program: dict) -> str:
    """The page as Markdown."""
    found: dict[str, dict] = {}
    for path, command in _leaves(program, []):
        for option in commands.options(command):
            if option["kind"] == "positional":
                continue
            name = option["preferredName"]["name"]
            entry = found.setdefault(name, {"commands": [], "defaults": []})
            entry["commands"].append(path)
            entry["defaults"].append(option.get("defaultValue", ""))
    lines = [
        "# Settings",
        "",
        "Each option of a command has a variable, and a name in a file of settings:",
        "[options from variables and a file](../deploy/configuration.md) has the rules. `statezero config show",
        "COMMAND` prints the values in force.",
        "",
        "## Variables of options",
        "",
    ]
    rows = []
    for name, entry in sorted(found.items()):
        defaults = sorted({each for each in entry["defaults"] if each})
        variable = "" if name == "head" else code("STATEZERO_" + name.upper().replace("-", "_"))
        where = ", ".join(_page_of(path) for path in entry["commands"])
        rows.append([variable, code(f"--{name}"), ", ".join(code(each) for each in defaults), where])
    lines += table(["variable", "option", "default", "commands"], rows)
    lines += [
        "## Other variables",
        "",
        "Variables that the sources read themselves, and what is said where they are read.",
        "",
    ]
    rows = [
        [code(name), plain(text), ", ".join(map(code, sorted(places)))]
        for name, (text, places) in _others(root).items()
    ]
    lines += table(["variable", "what for", "read in"], rows)
    return "\n".join(lines)


def _leaves(command: dict, parents: list[str]) -> list[tuple[list[str], dict]]:
    members = commands.below(command)
    if not members:
        return [(parents, command)]
    return [leaf for each in members for leaf in _leaves(each, [*parents, each["commandName"]])]


def _page_of(path: list[str]) -> str:
    anchor = "#" + "-".join(["statezero", *path]) if len(path) > 1 else ""
    return f"[{' '.join(path)}](commands/{path[0]}.md{anchor})"


def _others(root: pathlib.Path) -> dict[str, tuple[str, set[str]]]:
    """Variables in the sources: the comment above the first place that has one, and the files."""
    found: dict[str, tuple[str, set[str]]] = {}
    for folder, pattern in FOLDERS:
        for file in sorted((root / folder).rglob(pattern)):
            lines = file.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines):
                if line.lstrip().startswith(("//", "#")):
                    continue
                for name in _READ.findall(line):
                    text, places = found.get(name, ("", set()))
                    found[name] = (
                        text or _comment(lines, number) or _mention(lines, name),
                        places | {str(file.relative_to(root))},
                    )
    return dict(sorted(item for item in found.items() if not item[0].endswith("_")))


def _comment(lines: list[str], number: int) -> str:
    """The nearest documentation comment above a line, up to 14 lines away."""
    for first in range(number - 1, max(-1, number - 15), -1):
        if lines[first].lstrip().startswith("///"):
            begin = first
            while begin > 0 and lines[begin - 1].lstrip().startswith("///"):
                begin -= 1
            return " ".join(line.strip().removeprefix("///").strip() for line in lines[begin : first + 1])
        if lines[first] in ("}", "    }"):
            break
    return ""


def _mention(lines: list[str], name: str) -> str:
    """The first sentence of a docstring or comment that has a name."""
    said = [line for line in lines if f'"{name}"' not in line and not re.search(r"\b(raise|return)\b| = |\(f?\"", line)]
    text = " ".join(line.strip().lstrip("#/ ") for line in said).replace("`", "")
    found = re.search(rf"[^.;:]*\b{name}\b[^.;]*[.;]", text)
    return found.group(0).strip(" ;") if found else ""
