"""A router (`statezero route serve`) on loopback, as a child process."""

import pathlib
import time

from . import paths
from .cluster import START_SECONDS, Process


class Router:
    """Listens on a free port of loopback; stopped at the end of a `with` block."""

    def __init__(self, fleet: str, state: str, *more: str, program: str | None = None):
        """Starts the router and waits until it listens. Raises RuntimeError where it does not."""
        pathlib.Path(state).mkdir(parents=True, exist_ok=True)
        command = [
            program or paths.program(),
            "route",
            "serve",
            "--fleet",
            fleet,
            "--port",
            "0",
            "--state",
            state,
            *more,
        ]
        self.process = Process(command, pathlib.Path(state).parent / "router.log")
        end = time.monotonic() + START_SECONDS
        while self.process.port() is None:
            if self.process.has_ended or time.monotonic() > end:
                self.process.stop()
                raise RuntimeError(f"the router does not start: {self.process.output()}")
            time.sleep(0.05)
        self.port: int = self.process.port()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()
