"""The command line of a systemd unit, with its environment, as systemd would make it; for tests without systemd."""

import os
import pathlib
import re
import shlex

from .support import DEPLOY


def command(
    unit: str, program: str, folder: pathlib.Path, instance: str = "", host: str = "host", **settings: str
) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a unit of deploy/systemd.

    `settings` are what its environment file would set; state and cache are folders below `folder`; `program` replaces
    /usr/bin/statezero.
    """
    text = (DEPLOY / "systemd" / unit).read_text().replace("\\\n", " ")
    lines = [line.partition("=")[::2] for line in text.splitlines() if re.match(r"[A-Z]\w+=", line)]
    specifiers = {"%S": str(folder / "state"), "%C": str(folder / "cache"), "%H": host, "%i": instance, "%%": "%"}

    def expand(value: str) -> str:
        return re.sub(r"%[A-Za-z%]", lambda match: specifiers[match[0]], value)

    environment = dict(os.environ)
    for key, value in lines:
        if key == "Environment":
            environment.update(word.split("=", 1) for word in shlex.split(expand(value)))
        elif key in ("StateDirectory", "CacheDirectory"):
            kind = key.removesuffix("Directory").lower()
            made = folder / kind / value
            made.mkdir(parents=True, exist_ok=True)
            environment[f"{kind.upper()}_DIRECTORY"] = str(made)
    environment.update(settings)
    start = next(value for key, value in lines if key == "ExecStart")
    words = []
    for word in shlex.split(expand(start)):
        if re.fullmatch(r"\$\w+", word):
            words += environment.get(word[1:], "").split()
        else:
            words.append(re.sub(r"\$\{(\w+)\}", lambda match: environment.get(match[1], ""), word))
    return [program, *words[1:]], environment
