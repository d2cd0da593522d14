#!/usr/bin/env python3
"""Makes the animated picture of the first minute: real commands in a terminal, what they print and when.

    python3 scripts/site/first_minute.py [--output Sources/Documentation/tutorials/first-minute.svg]

Runs the commands of `scripts/quickstart` on the sample corpus in a pseudo-terminal, with an empty feature store, and
notes when each line came. The picture shows the lines with these times; what is added is a pause before each command,
for readers. It is an SVG whose only motion is CSS: no script, light and dark, and all lines at once for readers who
have asked for less motion. Needs the program (STATEZERO_BINARY, or the release build) and the default model.
"""

import argparse
import fcntl
import html
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import paths

COLUMNS, ROWS = 98, 26
CHARACTER, LINE, MARGIN, TOP = 7.8, 18, 18, 40
PAUSE, READ, END = 1.6, 0.9, 6.0
CONTEXT = "context.three-shot-t0.8.jsonl.gz"
# The command as it is shown; data and out stand for folders of the checkout.
COMMANDS = [
    f"statezero score --prompts data/queries.jsonl.gz --context data/{CONTEXT} --output out/scores",
    "head -n 1 out/scores/part-00000.jsonl",
    "statezero plan --scores out/scores --total 6944 --min 2 --max 32 --output out/budgets.jsonl",
]
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def record(command: str, folder: pathlib.Path, environment: dict[str, str]) -> tuple[list[tuple[float, str]], float]:
    """The lines that a command prints, with the second at which each was begun; and how long it took."""
    terminal, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    begin = time.monotonic()
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, stdin=child, stdout=child, stderr=child, close_fds=True
    )
    os.close(child)
    lines: list[tuple[float, str]] = []
    text, started = "", 0.0
    while True:
        if not select.select([terminal], [], [], 0.05)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            data = os.read(terminal, 4096).decode("utf-8", "replace")
        except OSError:
            break
        for character in _ESCAPE.sub("", data).replace("\r\n", "\n"):
            if character == "\n":
                lines.append((started if text else time.monotonic() - begin, text))
                text = ""
            elif character == "\r":
                # The rest of the line is written again: progress.
                text = ""
            else:
                started = started if text else time.monotonic() - begin
                text += character
    seconds = time.monotonic() - begin
    os.close(terminal)
    if process.wait() != 0:
        raise SystemExit(f"first_minute: {command} ended with exit code {process.returncode}: {lines[-3:]}")
    if text.strip():
        lines.append((started, text))
    return lines, seconds


def wrapped(text: str) -> list[str]:
    """A line as a terminal shows it."""
    return [text[start : start + COLUMNS] for start in range(0, max(1, len(text)), COLUMNS)]


def screenplay(
    recorded: list[tuple[str, list[tuple[float, str]], float]],
) -> tuple[list[tuple[float, str, str]], float]:
    """Each line of the screen: when it appears, its kind and its text; and the length of the picture in seconds."""
    shown: list[tuple[float, str, str]] = []
    now = 0.3
    for command, lines, seconds in recorded:
        for part in wrapped(f"$ {command}"):
            shown.append((now, "command", part))
        now += READ
        for moment, text in lines:
            shown += [(now + moment, "output", part) for part in wrapped(text)]
        now += seconds
        if seconds >= 0.1:
            shown.append((now, "time", f"({seconds:.1f} s)"))
        now += PAUSE
    return shown, now + END


def picture(shown: list[tuple[float, str, str]], length: float) -> str:
    """The SVG."""
    width, height = COLUMNS * CHARACTER + 2 * MARGIN, TOP + ROWS * LINE + MARGIN
    styles, texts, scrolls = [], [], []
    for number, (moment, kind, text) in enumerate(shown):
        share = 100 * moment / length
        styles.append(
            f"@keyframes l{number}{{0%,{share:.2f}%{{opacity:0}}{share + 0.01:.2f}%,100%{{opacity:1}}}}"
            f"#l{number}{{animation:l{number} {length:.1f}s infinite}}"
        )
        if text.strip():
            stretch = f' textLength="{len(text) * CHARACTER:.1f}"'
            y = TOP + (number + 1) * LINE
            texts.append(
                f'<text id="l{number}" class="{kind}" x="{MARGIN}" y="{y}"{stretch}>{html.escape(text)}</text>'
            )
        if number >= ROWS:
            scrolls.append((share, (number + 1 - ROWS) * LINE))
    last = scrolls[-1][1] if scrolls else 0
    frames, former = ["0%{transform:translateY(0)}"], 0
    for share, offset in scrolls:
        frames.append(f"{share:.2f}%{{transform:translateY(-{former}px)}}")
        frames.append(f"{share + 0.01:.2f}%{{transform:translateY(-{offset}px)}}")
        former = offset
    frames.append(f"100%{{transform:translateY(-{last}px)}}")
    return TEMPLATE.format(
        width=f"{width:.0f}",
        inner=f"{width - 1:.0f}",
        height=height,
        edge=height - 1,
        screen=ROWS * LINE + MARGIN,
        top=TOP + 3,
        margin=MARGIN,
        last=last,
        length=f"{length:.1f}",
        scroll="".join(frames),
        styles="".join(styles),
        texts="\n".join(texts),
    )


TEMPLATE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">
<title id="title">The first minute: a corpus is scored, and its prompts get budgets of rollouts</title>
<style>
:root{{--ground:#fff;--edge:#d0d7de;--text:#1f2328;--soft:#59636e;--mark:#0a7d5a}}
@media (prefers-color-scheme:dark){{:root{{
--ground:#0d1117;--edge:#30363d;--text:#e6edf3;--soft:#9198a1;--mark:#3fb68b}}}}
text{{font:13px ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",Consolas,monospace;
fill:var(--text);white-space:pre}}
.command{{fill:var(--mark);font-weight:600}}.time,.bar{{fill:var(--soft)}}
#lines{{transform:translateY(-{last}px);animation:scroll {length}s infinite}}
@keyframes scroll{{{scroll}}}
{styles}
@media (prefers-reduced-motion:reduce){{#lines,#lines text{{animation:none}}}}
</style>
<clipPath id="screen"><rect x="1" y="{top}" width="{inner}" height="{screen}"/></clipPath>
<rect x=".5" y=".5" width="{inner}" height="{edge}" rx="8" fill="var(--ground)" stroke="var(--edge)"/>
<path d="M.5 30.5h{inner}" stroke="var(--edge)"/>
<text class="bar" x="{margin}" y="20">The sample corpus on two cores. Times are real; pauses are added.</text>
<g clip-path="url(#screen)"><g id="lines">
{texts}
</g></g>
</svg>
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = paths.ROOT / "Sources" / "Documentation" / "tutorials" / "first-minute.svg"
    parser.add_argument("--output", type=pathlib.Path, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="statezero-minute-") as name:
        folder = pathlib.Path(name)
        (folder / "data").symlink_to(paths.SAMPLE)
        (folder / "out").mkdir()
        (folder / "bin").mkdir()
        (folder / "bin" / "statezero").symlink_to(pathlib.Path(paths.program()).resolve())
        environment = {
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "STATEZERO_STORE": str(folder / "store"),
            "STATEZERO_MODEL": str(paths.DEFAULT_MODEL),
            "TERM": "xterm",
        }
        recorded = [(command, *record(command, folder, environment)) for command in COMMANDS]
    text = picture(*screenplay(recorded))
    options.output.write_text(text, encoding="utf-8")
    print(f"first_minute: {len(text.encode())} bytes, {', '.join(f'{seconds:.1f} s' for _, _, seconds in recorded)}")


if __name__ == "__main__":
    main()
