"""What the checks of deploy/ share: programs that must be there, daemons, waiting, corpora, bytes of an output."""

import collections.abc
import contextlib
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from common import paths

DEPLOY = paths.ROOT / "deploy"
QUERIES = paths.SAMPLE / "queries.jsonl.gz"
CONTEXT = paths.SAMPLE / "context.three-shot-t0.8.jsonl.gz"


class Skip(Exception):
    """A check cannot run here; the text says what is missing."""


class Failure(Exception):
    """What a check expected did not happen."""


def need(programs: str, packages: str) -> None:
    """Raises Skip where one of the programs is missing."""
    missing = [name for name in programs.split() if not find(name)]
    if missing:
        raise Skip(f"there is no {', '.join(missing)}; install {packages}")


def need_root() -> None:
    if os.geteuid() != 0:
        raise Skip("needs root")


def find(name: str) -> str | None:
    """Path of a program, also where the user's PATH has no sbin folders."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def statezero() -> str:
    """The program under test. Raises Skip where it is not built."""
    program = pathlib.Path(paths.program()).resolve()
    if not program.exists():
        raise Skip(f"there is no {program}; build it, or set STATEZERO_BINARY")
    return str(program)


def expect(condition: object, text: str) -> None:
    """Raises Failure with the text where the condition does not hold."""
    if not condition:
        raise Failure(text)


def run(command: collections.abc.Sequence[object], *, okay: tuple[int, ...] = (0,), **options) -> str:
    """Runs a command and returns its output. Raises Failure with the output for another exit code than `okay`."""
    words = [str(word) for word in command]
    options = {"stderr": subprocess.STDOUT, "timeout": 600, **options}
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **options)
    expect(
        done.returncode in okay, f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr or ''}"
    )
    return done.stdout


def wait(condition: collections.abc.Callable[[], object], text: str, seconds: float = 120, pause: float = 0.2):
    """Waits until a condition holds and returns its value. Raises Failure with the text after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        expect(time.monotonic() < end, f"not within {seconds:.0f} s: {text}")
        time.sleep(pause)
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Keys:
    """A folder of keys, made by the program, with the secrets of their holders beside it."""

    def __init__(self, place: pathlib.Path, program: str):
        self.place, self.program = place, program
        self.folder = place / "keys"

    def key(self, name: str, role: str) -> pathlib.Path:
        """Makes a peer's key; returns the file of its secret."""
        return self._new(name, role, self.place / f"{name}.key_secret")

    def token(self, name: str, role: str) -> pathlib.Path:
        """Makes a token for HTTP; returns its file."""
        return self._new(name, role, self.place / f"{name}.token", "--http")

    def _new(self, name: str, role: str, secret: pathlib.Path, *more: str) -> pathlib.Path:
        run([self.program, "keys", "new", "--keys", self.folder, name, "--role", role, "--output", secret, *more])
        return secret


@contextlib.contextmanager
def folder(prefix: str):
    """A folder that is deleted at the end; STATEZERO_KEEP=1 keeps it, to read its logs."""
    made = pathlib.Path(tempfile.mkdtemp(prefix=f"statezero-{prefix}-"))
    try:
        yield made
    finally:
        if os.environ.get("STATEZERO_KEEP"):
            print(f"kept: {made}")
        else:
            shutil.rmtree(made, ignore_errors=True)


class Daemons(contextlib.ExitStack):
    """Processes that run until the end of a `with` block; then they get SIGTERM, the last started first."""

    def start(self, command: collections.abc.Sequence[object], log: pathlib.Path, **options) -> subprocess.Popen:
        file = self.enter_context(log.open("wb"))
        words = [str(word) for word in command]
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, **options)
        self.callback(stop, child)
        return child


def stop(child: subprocess.Popen) -> None:
    """Ends a process: SIGTERM, and SIGKILL where that does not help within 20 s."""
    child.terminate()
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def repeated_corpus(path: pathlib.Path, times: int) -> int:
    """Writes the sample's prompts several times, each with an id and a text of its own; returns the number of rows."""
    with gzip.open(QUERIES, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with open(path, "w", encoding="utf-8") as file:
        for number in range(times):
            for row in rows:
                prompt = f"({number}) {row['prompt']}"
                file.write(json.dumps({"prompt_id": f"{row['prompt_id']}/{number}", "prompt": prompt}) + "\n")
    return len(rows) * times


def digest_of_parts(output: pathlib.Path) -> str:
    """SHA-256 of the parts of an output folder, in order."""
    digest = hashlib.sha256()
    parts = sorted(output.glob("part-*.jsonl"))
    expect(parts, f"{output}: there are no parts")
    for part in parts:
        digest.update(part.read_bytes())
    return digest.hexdigest()
