"""A cluster on loopback, as child processes: coordinator, workers with a model, rollout workers, a router."""

import collections.abc
import http.client
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from . import paths

START_SECONDS = 120
STOP_SECONDS = 30
_ADDRESS = re.compile(r"(?<!tcp://)127\.0\.0\.1:([1-9]\d*)(?=[\s/\",])")


def free_endpoint() -> str:
    """A TCP address of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


class Process:
    """A child process whose output goes to a file."""

    def __init__(self, command: list[str], log: pathlib.Path):
        self.log, self.is_ending = log, False
        with open(log, "wb") as file:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def has_ended(self) -> bool:
        return self.child.poll() is not None

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def port(self) -> int | None:
        """The port that the process printed, once it listens."""
        found = _ADDRESS.search(self.output())
        return int(found.group(1)) if found else None

    def send(self, number: int) -> int:
        """Sends a signal and waits for the end; returns the exit code."""
        self.is_ending = True
        self.child.send_signal(number)
        return self.child.wait(timeout=60)

    def stop(self) -> None:
        """Asks the process to end, and kills it where it does not."""
        if self.has_ended:
            return
        self.child.terminate()
        try:
            self.child.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"{self.log.name}: did not end within {STOP_SECONDS} s and is killed", file=sys.stderr)
            self.child.kill()
            self.child.wait()


class Cluster:
    """Processes by name. At the end of a `with` block all are stopped; after an error their last output is printed."""

    def __init__(
        self,
        model: str,
        *,
        program: str | None = None,
        workers: int = 1,
        worker_arguments: collections.abc.Sequence[str] = ("--store", "off"),
        coordinator_arguments: collections.abc.Sequence[str] = (),
        log_level: str = "notice",
        serves_http: bool = True,
        endpoint: str | None = None,
    ):
        """Starts a coordinator with a journal, and workers. Features of an earlier run are not used, unless
        `worker_arguments` says otherwise. Without an `endpoint` they meet at a socket in the cluster's folder. Raises
        RuntimeError where a process ends or does not listen in time."""
        self.program = program or paths.program()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="statezero-"))
        self.endpoint = endpoint or f"ipc://{self.folder}/sock"
        self.log_level, self.serves_http = log_level, serves_http
        self.coordinator_arguments = coordinator_arguments
        self.processes: dict[str, Process] = {}
        self.port, self._started = None, 0
        try:
            self.start_coordinator()
            for number in range(workers):
                self.start(
                    f"worker-{number}",
                    "worker",
                    "--connect",
                    self.endpoint,
                    "--name",
                    f"w{number}",
                    "--model",
                    model,
                    *worker_arguments,
                )
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str, verb: str, *arguments: str) -> Process:
        """Starts a process of the program. A name may be started again after its process has ended."""
        self._started += 1
        command = [self.program, verb, "--log-level", self.log_level, *arguments]
        self.processes[name] = Process(command, self.folder / f"{self._started:03d}-{name}.log")
        return self.processes[name]

    def start_coordinator(self) -> None:
        """Starts the coordinator, or starts it again on the same port and journal; returns when it listens."""
        web = ["--http", f"127.0.0.1:{self.port or 0}"] if self.serves_http else []
        journal = str(self.folder / "journal.sqlite")
        arguments = ["--bind", self.endpoint, "--journal", journal, *web, *self.coordinator_arguments]
        process = self.start("coordinator", "coordinator", *arguments)
        if self.serves_http:
            self.port = self.wait(process.port)

    def start_rollout_worker(
        self, name: str, command: list[str], slots: int = 2, arguments: collections.abc.Sequence[str] = ()
    ) -> Process:
        """Starts a rollout worker with a program of its own."""
        return self.start(
            name,
            "rollout",
            "--connect",
            self.endpoint,
            "--name",
            name,
            "--slots",
            str(slots),
            *arguments,
            "--",
            *command,
        )

    def wait(self, condition: collections.abc.Callable[[], object], seconds: float = START_SECONDS):
        """Waits until a condition holds and returns its value. Raises RuntimeError at the timeout, or where a process
        has ended that was not killed."""
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            ended = [name for name, child in self.processes.items() if child.has_ended and not child.is_ending]
            if ended:
                raise RuntimeError(f"{ended[0]} has ended: {self.output(ended[0])}")
            if time.monotonic() > end:
                raise RuntimeError(f"the cluster was not ready within {seconds:.0f} s")
            time.sleep(0.02)

    def wait_for_workers(self, count: int) -> None:
        """Waits until so many workers are connected and have loaded their model."""
        self.wait(lambda: json.loads(self.request("GET", "/v1/status")[1])["coordinator"]["workers"] == count)

    def request(self, method: str, path: str, body: str | None = None, timeout: float = 120) -> tuple[int, bytes]:
        """One HTTP request to the coordinator: status and body. Status 0 where nothing listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def output(self, name: str) -> str:
        """What a process has written since it was last started."""
        return self.processes[name].output()

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Kills a process, or sends another signal that ends it; returns its exit code."""
        return self.processes[name].send(number)

    def stop(self) -> None:
        """Stops all processes, the coordinator last: the others say goodbye to it."""
        for name in sorted(self.processes, key=lambda name: name == "coordinator"):
            self.processes[name].stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for name in self.processes:
                print(f"--- last output of {name}", *self.output(name).splitlines()[-12:], sep="\n", file=sys.stderr)
        self.stop()
