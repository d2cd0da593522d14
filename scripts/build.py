#!/usr/bin/env python3
"""Runs `swift build` and shows its progress.

    python3 scripts/build.py -c release --product statezero

All arguments go to `swift build`. Prints a line every 10 seconds: steps done, elapsed time, the module that was
finished last (on a terminal, one line that changes every second); errors and warnings appear at once. The whole output
is kept in out/build.log. The exit code is that of `swift build`.
"""

import pathlib
import queue
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from common import paths
from common.progress import BuildProgress, elapsed

LOG = paths.ROOT / "out" / "build.log"
LINE_SECONDS, TERMINAL_SECONDS = 10.0, 1.0
# SwiftPM ends this message only after the wait: "Another instance of SwiftPM is already running …".
UNENDED = "..."


def pump(process: subprocess.Popen, lines: queue.Queue) -> None:
    """Puts the lines of the output into a queue; None marks the end."""
    rest = ""
    while data := process.stdout.read1(1 << 16):
        *whole, rest = (rest + data.decode(errors="replace")).split("\n")
        for line in whole:
            lines.put(line)
        if rest.endswith(UNENDED):
            lines.put(rest)
            rest = ""
    if rest:
        lines.put(rest)
    lines.put(None)


def follow(lines: queue.Queue, log, is_terminal: bool) -> BuildProgress:
    """Shows progress until the output ends."""
    progress, start = BuildProgress(), time.monotonic()
    interval = TERMINAL_SECONDS if is_terminal else LINE_SECONDS
    clear, end = ("\r\033[K", "") if is_terminal else ("", "\n")
    shown = start
    while True:
        try:
            line = lines.get(timeout=interval)
            if line is None:
                break
            print(line, file=log, flush=True)
            if progress.read(line):
                print(clear + line, flush=True)
        except queue.Empty:
            pass
        now = time.monotonic()
        if now - shown >= interval:
            print(clear + progress.line(now - start), end=end, flush=True)
            shown = now
    print(clear, end="", flush=True)
    return progress


def main() -> int:
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    LOG.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    command = ["swift", "build", *arguments]
    with open(LOG, "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=pump, args=(process, lines), daemon=True).start()
        progress = follow(lines, log, sys.stdout.isatty())
        code = process.wait()
    took = elapsed(time.monotonic() - start)
    if code == 0:
        print(f"build: done in {took}; log: {LOG.relative_to(paths.ROOT)}")
    else:
        if not progress.problems:
            print("\n".join(LOG.read_text(encoding="utf-8").splitlines()[-20:]))
        print(f"build: {' '.join(command)} failed after {took}; see {LOG.relative_to(paths.ROOT)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
