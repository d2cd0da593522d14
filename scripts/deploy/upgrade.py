"""A rolling upgrade: programs of an earlier version and of this one in one cluster, during a scoring job.

STATEZERO_OLD_BINARY names the earlier program, or several with `:` between them; without it the check is skipped. In
each case the output must have the bytes of a run of this version alone. Only two refusals are permitted, each
in words: an earlier coordinator may refuse this version's journal, and workers whose encoders compute otherwise are not
mixed.
"""

import os
import pathlib
import re
import signal
import subprocess

from common import paths

from . import support
from .support import CONTEXT, Failure, expect, run, wait

TIMES = 3
# 2,604 rows of 10 ms are 13 s of two workers, in which programs are exchanged.
MODEL = "table:7:10000"
# Arithmetic of encoders changes between versions; such a worker must be refused, not mixed with others.
ENCODER = ["--model", str(paths.DEFAULT_MODEL), "--head", "gaussian-process", "--store", "off"]


class Fleet:
    """A coordinator, two workers and a client, each of an earlier program or of this one."""

    def __init__(self, folder: pathlib.Path, corpus: pathlib.Path, model: str = MODEL):
        self.folder, self.corpus, self.model = folder, corpus, model
        folder.mkdir()
        self.endpoint = f"ipc://{folder}/socket"
        self.processes: dict[str, subprocess.Popen] = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in sorted(self.processes, key=lambda name: name == "coordinator"):
            support.stop(self.processes[name])

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def start(self, name: str, program: str, *arguments: object) -> None:
        words = [program, *map(str, arguments)]
        with (self.folder / f"{name}.log").open("ab") as file:
            self.processes[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    def start_coordinator(self, program: str) -> None:
        journal = self.folder / "journal.sqlite"
        more = ["--log-level", "info"]
        self.start("coordinator", program, "coordinator", "--bind", self.endpoint, "--journal", journal, *more)

    def start_worker(self, number: int, program: str, *model: str) -> None:
        name = f"worker-{number}"
        model = model or ("--model", self.model)
        self.start(name, program, "worker", "--connect", self.endpoint, "--name", name, *model)

    def start_client(self, program: str) -> None:
        files = ["--prompts", self.corpus, "--context", CONTEXT, "--output", self.folder / "scores"]
        self.start("client", program, "score", "--coordinator", self.endpoint, *files)

    def end(self, name: str) -> None:
        """Asks a program to end, as an upgrade does, and waits for it."""
        child = self.processes[name]
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=60)

    def wait_for_progress(self) -> None:
        before = self.rows()
        wait(lambda: self.rows() > before or self.has_ended("client"), f"progress after {before} rows", 120)

    def joined(self) -> int:
        """How often workers have joined."""
        return self.log("coordinator").count("worker joined")

    def rows(self) -> int:
        rows = re.findall(r"^(\d+)/\d+ rows", self.log("client"), re.M)
        return int(rows[-1]) if rows else 0

    def has_ended(self, name: str) -> bool:
        return self.processes[name].poll() is not None

    def digest(self) -> str:
        """The output's digest, once the client has ended well."""
        wait(lambda: self.has_ended("client"), "the client ends", 300)
        code = self.processes["client"].returncode
        expect(code == 0, f"the client ended with {code}: {self.log('client')[-2000:]}")
        return support.digest_of_parts(self.folder / "scores")


def _mixed(fleet: Fleet, coordinator: str, workers: tuple[str, str], client: str) -> str:
    fleet.start_coordinator(coordinator)
    for number, program in enumerate(workers, 1):
        fleet.start_worker(number, program)
    fleet.start_client(client)
    return fleet.digest()


def _exchange(fleet: Fleet, start: str, then: str) -> str:
    """Coordinator first, then one worker after the other; the client stays what it was."""
    fleet.start_coordinator(start)
    for number in (1, 2):
        fleet.start_worker(number, start)
    fleet.start_client(start)
    fleet.wait_for_progress()
    fleet.end("coordinator")
    fleet.start_coordinator(then)
    fleet.wait_for_progress()
    for number in (1, 2):
        fleet.end(f"worker-{number}")
        fleet.start_worker(number, then)
        fleet.wait_for_progress()
    return fleet.digest()


def _back(fleet: Fleet, old: str, new: str) -> tuple[str, str]:
    """The way back: an earlier coordinator gets a journal of this version. It may refuse it."""
    fleet.start_coordinator(new)
    for number in (1, 2):
        fleet.start_worker(number, new)
    fleet.start_client(new)
    fleet.wait_for_progress()
    fleet.end("coordinator")
    begin = len(fleet.log("coordinator"))
    fleet.start_coordinator(old)
    wait(lambda: fleet.has_ended("coordinator") or "listening" in fleet.log("coordinator")[begin:], "it starts", 60)
    if not fleet.has_ended("coordinator"):
        return fleet.digest(), "an earlier coordinator reads this version's journal"
    message = _message(fleet.log("coordinator")[begin:])
    expect("version" in message or "journal" in message, f"the earlier coordinator ended without a reason: {message}")
    fleet.start_coordinator(new)
    return fleet.digest(), f"an earlier coordinator refuses this version's journal: {message}"


def _encoders(fleet: Fleet, old: str, new: str) -> str:
    """Workers with a real encoder. Where the versions compute otherwise, a worker of this one is refused in words while
    an earlier one is there, and admitted when that has ended."""
    fleet.start_coordinator(new)
    fleet.start_worker(1, old, *ENCODER)
    wait(lambda: fleet.joined() == 1, "the earlier worker joins", 180, 1)
    fleet.start_worker(2, new, *ENCODER)
    wait(lambda: fleet.joined() == 2 or fleet.has_ended("worker-2"), "an answer to the new worker", 180, 1)
    if fleet.joined() == 2:
        return "workers of both with the default encoder: one fingerprint, and they share jobs"
    message = _message(fleet.log("worker-2"))
    expect("this cluster works with" in message and "give both the same" in message, f"no reason: {message}")
    fleet.end("worker-1")
    fleet.start_worker(2, new, *ENCODER)
    wait(lambda: fleet.joined() == 2, "the new worker is admitted when the earlier one has ended", 180, 1)
    return "workers of both with the default encoder: the new one is refused in words until the earlier one has ended"


def _message(log: str) -> str:
    """The last line, without the program's name."""
    lines = [line for line in log.splitlines() if line.strip()]
    return lines[-1].removeprefix("statezero: ") if lines else "no message"


def _cases(folder: pathlib.Path, corpus: pathlib.Path, old: str, new: str, expected: str) -> list[str]:
    mixes = {
        "coordinator of this version, all others earlier": (new, (old, old), old),
        "coordinator of this version, one worker earlier": (new, (old, new), new),
        "coordinator and client of this version, workers earlier": (new, (old, old), new),
        "coordinator earlier, all others of this version": (old, (new, new), new),
    }
    lines = []
    for number, (name, mix) in enumerate(mixes.items()):
        with Fleet(folder / f"mix-{number}", corpus) as fleet:
            expect(_mixed(fleet, *mix) == expected, f"{name}: the output has other bytes")
        lines.append(f"{name}: the same bytes")
    with Fleet(folder / "upgrade", corpus) as fleet:
        expect(_exchange(fleet, old, new) == expected, "upgrade during a job: the output has other bytes")
    lines.append("upgrade during a job, coordinator first, earlier client: the same bytes")
    with Fleet(folder / "back", corpus) as fleet:
        digest, line = _back(fleet, old, new)
        expect(digest == expected, "the way back: the output has other bytes")
    lines.append(f"{line}; the same bytes")
    if paths.DEFAULT_MODEL.exists():
        with Fleet(folder / "encoders", corpus) as fleet:
            lines.append(_encoders(fleet, old, new))
    return lines


def check() -> list[str]:
    programs = [word for word in os.environ.get("STATEZERO_OLD_BINARY", "").split(":") if word]
    if not programs:
        raise support.Skip("STATEZERO_OLD_BINARY names no earlier program; build one from an earlier commit")
    new = support.statezero()
    lines = []
    with support.folder("upgrade") as folder:
        corpus = folder / "prompts.jsonl"
        rows = support.repeated_corpus(corpus, TIMES)
        files = ["--prompts", corpus, "--context", CONTEXT, "--model", "table:7"]
        run([new, "score", *files, "--output", folder / "expected"])
        expected = support.digest_of_parts(folder / "expected")
        for number, old in enumerate(programs):
            version = run([old, "--version"]).strip()
            lines.append(f"{pathlib.Path(old).name} ({version}), {rows} rows:")
            place = folder / str(number)
            place.mkdir()
            try:
                lines += [f"  {line}" for line in _cases(place, corpus, old, new, expected)]
            except Failure as failure:
                raise Failure("\n".join([*lines, str(failure)])) from None
    return lines
