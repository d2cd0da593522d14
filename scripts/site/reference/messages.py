"""Every message of the wire with its fields, from `statezero.proto`."""

import pathlib
import re

from .text import code, plain, table

_OPEN = re.compile(r"^\s*(message|enum|oneof) (\w+) \{(\})?")
_FIELD = re.compile(r"^\s*((?:optional |repeated )?[\w.]+) (\w+) = (\d+);\s*(?://\s*(.*))?$")
_VALUE = re.compile(r"^\s*(\w+) = (\d+);\s*(?://\s*(.*))?$")


def page(file: pathlib.Path) -> str:
    """The page as Markdown."""
    lines = [
        "# Messages",
        "",
        "Every message of the wire; [the protocol](../proto/PROTOCOL.md) describes dialogs, raw frames and limits.",
        "",
    ]
    comment: list[str] = []
    path: list[str] = []
    rows: list[tuple[str, list[str]]] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        opened, field, value = _OPEN.match(line), _FIELD.match(line), _VALUE.match(line)
        if line.strip().startswith("//"):
            comment.append(line.strip().removeprefix("//").strip())
        elif opened:
            kind, name, is_empty = opened.groups()
            if kind != "oneof":
                _flush(lines, rows)
                path.append(name)
                lines += [f"{'##' if len(path) == 1 else '###'} {'.'.join(path)}", "", plain(" ".join(comment)), ""]
                lines += ["No fields.", ""] if is_empty else []
                path = path[:-1] if is_empty else path
            else:
                path.append("")
            comment = []
        elif line.strip() == "}":
            if path[-1]:
                _flush(lines, rows)
            path = path[:-1]
        elif field:
            rows.append(("field", [field[3], code(field[2]), field[1], plain(" ".join([*comment, field[4] or ""]))]))
            comment = []
        elif value and path:
            rows.append(("value", [value[2], code(value[1]), plain(" ".join([*comment, value[3] or ""]))]))
            comment = []
        elif not line.strip():
            comment = []
    anchors = {
        name: name.replace(".", "").lower() for name in re.findall(r"^##+ ([\w.]+)$", "\n".join(lines), re.MULTILINE)
    }
    return "\n".join(_linked(line, anchors) for line in lines)


def _linked(line: str, anchors: dict[str, str]) -> str:
    """A row of a field with a link to the message that is its type."""
    cells = line.split(" | ")
    if len(cells) == 4 and cells[1].startswith("`"):
        label, _, name = cells[2].rpartition(" ")
        found = next((each for each in anchors if each == name or each.endswith("." + name)), None)
        cells[2] = f"{label} [{name}](#{anchors[found]})".strip() if found else code(cells[2])
    return " | ".join(cells)


def _flush(lines: list[str], rows: list[tuple[str, list[str]]]) -> None:
    """Writes the rows that were collected as a table."""
    if rows:
        header = ["number", "field", "type", "meaning"] if rows[0][0] == "field" else ["number", "value", "meaning"]
        lines += table(header, [row for _, row in rows])
        rows.clear()
