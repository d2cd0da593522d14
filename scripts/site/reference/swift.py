"""Reads enumerations of Swift sources: cases, their comments, raw values, and the messages of `description`."""

import dataclasses
import re

_CASE = re.compile(r"^\s*(?:indirect )?case (\w+)(?:\((.*)\))?(?:\s*=\s*\"([^\"]*)\"|\s*=\s*(\d+))?\s*$")
_LIST = re.compile(r"^\s*case (\w+(?:\s*=\s*\"[^\"]*\")?(?:, \w+(?:\s*=\s*\"[^\"]*\")?)+)\s*$")
_ITEM = re.compile(r"(\w+)(?:\s*=\s*\"([^\"]*)\")?")
# An interpolation with parentheses three deep.
_VALUE = re.compile(r"\\\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)")
STRING = re.compile(r'"((?:[^"\\]|\\\((?:[^()"]|"[^"]*"|\((?:[^()]|\([^()]*\))*\))*\)|\\.)*)"')


@dataclasses.dataclass
class Case:
    """A case: its name, raw value (the name where none is written), comment and message."""

    name: str
    value: str
    comment: str = ""
    message: str = ""


@dataclasses.dataclass
class Enumeration:
    """An enumeration with its comment."""

    comment: str
    cases: list[Case]


def enumeration(text: str, name: str) -> Enumeration:
    """Reads an enumeration by its name, or by `Outer.Name`. Raises ValueError where there is none."""
    lines = text.splitlines()
    last = name.rpartition(".")[2]
    start = next((n for n, line in enumerate(lines) if re.search(rf"\benum {last}\b", line)), None)
    if start is None:
        raise ValueError(f"there is no enum {name}")
    found = Enumeration(_comment_above(lines, start), [])
    if "case " in lines[start]:
        # All on one line.
        lines = [*lines[: start + 1], re.search(r"\{\s*(.*?)\s*\}", lines[start]).group(1), "}", *lines[start + 1 :]]
        lines[start] = lines[start].partition("{")[0] + "{"
    depth = 1
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if depth == 1:
            _read_cases(found, lines, number)
        depth += line.count("{") - line.count("}")
        if depth <= 0:
            break
    messages = _messages(lines)
    for case in found.cases:
        case.message = messages.get(case.name, "")
    return found


def _read_cases(found: Enumeration, lines: list[str], number: int) -> None:
    line = lines[number]
    listed, single = _LIST.match(line), _CASE.match(line)
    if listed:
        found.cases += [Case(name, value or name) for name, value in _ITEM.findall(listed.group(1))]
    elif single:
        name, _, value, whole = single.groups()
        found.cases.append(Case(name, value or whole or name, _comment_above(lines, number)))
    elif re.match(r"^\s*case \w+\($", line):
        found.cases.append(Case(re.match(r"^\s*case (\w+)", line).group(1), "", _comment_above(lines, number)))


def _comment_above(lines: list[str], number: int) -> str:
    first = number
    while first > 0 and lines[first - 1].strip().startswith("///"):
        first -= 1
    return " ".join(line.strip().removeprefix("///").strip() for line in lines[first:number])


def _messages(lines: list[str]) -> dict[str, str]:
    """Texts of the switch in `description`, by case."""
    start = next((n for n, line in enumerate(lines) if re.search(r"var description: String \{", line)), None)
    if start is None:
        return {}
    bodies: dict[str, str] = {}
    names: list[str] = []
    depth = 0
    for line in lines[start:]:
        body = line
        if re.match(r"^\s*case \.", line):
            pattern, body = (
                re.match(r"^(\s*case .*?(?:\)|\w)):(?=\s|$)(.*)$", line).groups() if ":" in line else (line, "")
            )
            names = re.findall(r"(?<![\w)])\.(\w+)", pattern)
        for name in names:
            bodies[name] = bodies.get(name, "") + body + "\n"
        depth += line.count("{") - line.count("}")
        if depth <= 0:
            break
    return {name: message(body) for name, body in bodies.items()}


def message(code: str) -> str:
    """The literals in a piece of code as one text. Literals that are not joined by `+` are alternatives."""
    parts, end = [], 0
    for found in STRING.finditer(code):
        joined = re.fullmatch(r"[\s+]*", code[end : found.start()])
        if parts and not joined and found.group(1):
            parts.append(" — or: ")
        parts.append(found.group(1))
        end = found.end()
    return template("".join(parts))


def template(text: str) -> str:
    """A message with the names of its values in place of Swift's interpolations."""
    text = re.sub(r"\\\((\w+)(?:\.description|\.components\.seconds)?\)", r"‹\1›", text)
    while (shorter := _VALUE.sub("…", text)) != text:
        text = shorter
    return text.replace('\\"', '"').replace("\\n", " ").replace("`", "'")
