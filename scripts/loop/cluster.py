"""A cluster on loopback, as processes of this one: coordinator, workers with a model, rollout workers.

Standard library only.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEFAULT_MODEL = os.path.join(ROOT, "models", "all-MiniLM-L6-v2")


def program():
    """The program: `STATEZERO_BINARY`, or the release build."""
    return os.environ.get("STATEZERO_BINARY") or os.path.join(ROOT, ".build", "release", "statezero")


def default_model():
    """Arguments for the default model, or `None` where it is not fetched."""
    return ["--model", DEFAULT_MODEL] if os.path.isdir(DEFAULT_MODEL) else None


class Cluster:
    """Processes that end with a `with` block; whoever does not leave in time is killed."""

    def __init__(self, model, workers=1, log_level="notice"):
        self.folder = tempfile.mkdtemp(prefix="sz-loop-")
        self.endpoint = f"ipc://{self.folder}/sock"
        self.log_level, self.processes, self.count = log_level, {}, 0
        self.port = None
        self.start_coordinator()
        for number in range(workers):
            self.start(
                f"worker-{number}",
                ["worker", "--connect", self.endpoint, "--name", f"w{number}", "--store", "off"] + model,
            )

    def start(self, name, arguments):
        """Starts a process; its words go to a file."""
        self.count += 1
        path = os.path.join(self.folder, f"{self.count:03d}-{name}.log")
        with open(path, "wb") as log:
            command = [program(), arguments[0], "--log-level", self.log_level] + arguments[1:]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process.log = path
        self.processes[name] = process
        return process

    def start_coordinator(self):
        """Starts the coordinator, or starts it again on the same port and journal, and waits until it listens."""
        http = f"127.0.0.1:{self.port or 0}"
        process = self.start(
            "coordinator",
            [
                "coordinator",
                "--bind",
                self.endpoint,
                "--http",
                http,
                "--journal",
                os.path.join(self.folder, "journal.sqlite"),
            ],
        )
        deadline = time.monotonic() + 60
        while self.port is None or not self.has_said(process, "http://"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the coordinator does not start: " + self.words("coordinator"))
            for word in self.words("coordinator").split():
                if word.startswith("http://127.0.0.1:"):
                    self.port = int(word.rsplit(":", 1)[1].strip("/"))
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{self.port}"

    def start_rollout(self, name, command, slots=2, arguments=()):
        """Starts a rollout worker with a program of its own."""
        return self.start(
            name,
            ["rollout", "--connect", self.endpoint, "--name", name, "--slots", str(slots), *arguments, "--", *command],
        )

    def has_said(self, process, words):
        """Whether a process has written some words."""
        with open(process.log, encoding="utf-8", errors="replace") as log:
            return words in log.read()

    def words(self, name):
        """What a process has written."""
        with open(self.processes[name].log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def kill(self, name, number=signal.SIGKILL):
        """Kills a process and waits for its end."""
        self.processes[name].send_signal(number)
        return self.processes[name].wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for name in self.processes:
                print(f"--- last words of {name}\n" + "\n".join(self.words(name).splitlines()[-12:]), file=sys.stderr)
        # Rollout workers first: they still have somebody to say goodbye to.
        for name in sorted(self.processes, key=lambda name: name in ("coordinator",)):
            process = self.processes[name]
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    print(f"{name} does not leave and is killed", file=sys.stderr)
                    process.kill()
                    process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
