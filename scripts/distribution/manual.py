"""Man pages and shell completions, from the command line's own definitions (`--experimental-dump-help`)."""

import gzip
import json
import pathlib

from .bundle import Bundle

# Where shells look for completions, below /usr/share.
COMPLETIONS = {
    "bash": "bash-completion/completions/statezero",
    "zsh": "zsh/vendor-completions/_statezero",
    "fish": "fish/vendor_completions.d/statezero.fish",
}


def write_completions(bundle: Bundle, share: pathlib.Path) -> None:
    """Writes the completions of bash, zsh and fish below a `share` folder."""
    for shell, place in COMPLETIONS.items():
        file = share / place
        file.parent.mkdir(parents=True, exist_ok=True)
        text = bundle.run("--generate-completion-script", shell)
        # bash reads the file, it does not run it.
        file.write_text(text.removeprefix("#!/bin/bash\n").lstrip("\n") if shell == "bash" else text)


def write_pages(bundle: Bundle, folder: pathlib.Path) -> None:
    """Writes a compressed man page of section 1 for the program and for each of its commands."""
    folder.mkdir(parents=True, exist_ok=True)
    command = json.loads(bundle.run("--experimental-dump-help"))["command"]
    _write(command, [], bundle.version, folder)


def _write(command: dict, parents: list[str], version: str, folder: pathlib.Path) -> None:
    name = [*parents, command["commandName"]]
    below = [each for each in command.get("subcommands", []) if each["shouldDisplay"] and each["commandName"] != "help"]
    text = page(command, name, below, version)
    with open(folder / f"{'-'.join(name)}.1.gz", "wb") as file:
        # No name and no time in the header: equal input gives equal bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            packed.write(text.encode())
    for each in below:
        _write(each, name, version, folder)


def page(command: dict, name: list[str], below: list[dict], version: str) -> str:
    """One page in groff's man macros."""
    title = "-".join(name)
    lines = [f'.TH {title.upper()} 1 "" "StateZero {version}" "StateZero"', ".SH NAME"]
    lines += [f"{escape(title)} \\- {escape(' '.join(command['abstract'].split()).rstrip('.'))}", ".SH SYNOPSIS"]
    arguments = [each for each in command.get("arguments", []) if each["shouldDisplay"]]
    required = [spelling(each) for each in arguments if not each["isOptional"]]
    lines += [f".B {escape(' '.join(name))}", escape(" ".join([*required, "[options]"])) if not below else "command"]
    lines += [".SH DESCRIPTION", *_paragraphs(command["abstract"]), *_paragraphs(command.get("discussion", ""))]
    if below:
        lines.append(".SH COMMANDS")
        for each in below:
            page_name = "-".join([*name, each["commandName"]])
            lines += [".TP", f".BR {escape(page_name)} (1)", escape(each["abstract"])]
    sections: dict[str, list[dict]] = {}
    for each in arguments:
        sections.setdefault(each.get("sectionTitle") or "Options", []).append(each)
    for section, members in sections.items():
        lines.append(f".SH {escape(section.upper())}")
        for each in members:
            lines += [".TP", f".B {escape(spelling(each))}", *([escape(text) for text in description(each)] or ["\\&"])]
    if name[1:]:
        lines += [".SH SEE ALSO", f".BR {escape('-'.join(name[:-1]))} (1)"]
    return "\n".join(lines) + "\n"


def spelling(argument: dict) -> str:
    """`--name <value>`, `<value>` or `--name`."""
    value = f"<{argument.get('valueName', '')}>"
    if argument["kind"] == "positional":
        return value
    names = ", ".join(("--" if each["kind"] == "long" else "-") + each["name"] for each in argument["names"])
    return names if argument["kind"] == "flag" else f"{names} {value}"


def description(argument: dict) -> list[str]:
    """What an option means, with its values and its default; further paragraphs after it."""
    text = " ".join(argument.get("abstract", "").split())
    values = argument.get("allValues") or []
    if values and "values:" not in text:
        text += f" One of: {', '.join(values)}."
    if argument.get("defaultValue") and "default" not in text.lower():
        text += f" Default: {argument['defaultValue']}."
    further = [" ".join(each.split()) for each in argument.get("discussion", "").split("\n\n")]
    return [each for each in [text.strip(), *further] if each]


def _paragraphs(text: str) -> list[str]:
    """Paragraphs as they are; those with indented lines, such as examples, keep their lines."""
    lines = []
    for paragraph in text.strip().split("\n\n"):
        rows = paragraph.splitlines()
        if any(row.startswith(" ") for row in rows):
            lines += [".PP", ".nf", *[escape(row) for row in rows], ".fi"]
        elif rows:
            lines += [".PP", escape(" ".join(rows))]
    return lines


def escape(text: str) -> str:
    """Text as groff prints it unchanged: backslashes, hyphens, and lines that begin like a macro."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text
