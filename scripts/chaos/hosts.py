"""Hosts of one run: network namespaces that this script makes, and the processes in them.

A process that ends unasked is started again, as an operator's service manager does; its exit codes are kept. One that a
trap ends (a signal that nobody sent) is a fault of the program, and fails the run. The namespace of the machine itself
is never changed.
"""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

WIRE = pathlib.Path(__file__).with_name("wire.py")
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
RESTART_SECONDS = 0.5
STOP_SECONDS = 60
DESCRIPTORS = 1024
# What a supervised process may end with by itself: done, refused by its surroundings, stopped with work left.
ENDINGS = (0, 1, 75)
# Processes whose exit with 0 means that all is done. A server ends so only when it is asked.
WORK = ("client", "trainer")


@dataclasses.dataclass(frozen=True)
class Host:
    """A namespace and its address on the wire."""

    name: str
    namespace: str
    address: str


class Network:
    """Namespaces by host name, connected by one wire."""

    def __init__(self, run: str, seed: int, names: list[str]):
        self.hosts = {
            name: Host(name, f"chaos-{run}-{name}", f"10.83.0.{number + 1}") for number, name in enumerate(names)
        }
        self.wire = None
        try:
            for host in self.hosts.values():
                subprocess.run(["ip", "netns", "add", host.namespace], check=True)
                subprocess.run(["ip", "-n", host.namespace, "link", "set", "lo", "up"], check=True)
            places = [f"{host.name}:{host.namespace}:{host.address}" for host in self.hosts.values()]
            self.wire = subprocess.Popen(
                [sys.executable, str(WIRE), str(seed), *places], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            if self.wire.stdout.readline() != b"ready\n":
                raise RuntimeError(
                    "the wire between the namespaces could not be made; this needs root and /dev/net/tun"
                )
        except BaseException:
            self.close()
            raise

    def set(self, host: str, way: str, **what: object) -> None:
        """Changes one direction of a host; nothing named makes it whole."""
        self.wire.stdin.write(json.dumps({"host": host, "way": way, **what}).encode() + b"\n")
        self.wire.stdin.flush()

    def heal(self) -> None:
        for host in self.hosts:
            for way in ("in", "out"):
                self.set(host, way)

    def close(self) -> None:
        if self.wire is not None:
            self.wire.stdin.close()
            self.wire.wait()
        for host in self.hosts.values():
            subprocess.run(["ip", "netns", "del", host.namespace], stderr=subprocess.DEVNULL)


class Supervised:
    """A process in a host that is started again whenever it ends before its work is done."""

    def __init__(
        self, name: str, host: Host, command: list[str], folder: pathlib.Path, clock: pathlib.Path | None = None
    ):
        self.name, self.host, self.command, self.folder, self.clock = name, host, command, folder, clock
        self.child: subprocess.Popen | None = None
        self.starts, self.endings = 0, []
        self.is_done = False
        self.trap: str | None = None
        self.start_at: float | None = None
        self.start()

    def start(self) -> None:
        self.starts += 1
        self.start_at = None
        environment = dict(os.environ, SWIFT_BACKTRACE="enable=no")
        command = ["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", *self.command]
        if self.clock is not None:
            settings = {
                "LD_PRELOAD": str(FAKETIME),
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_CACHE_DURATION": "1",
                # Only the time of day moves: a real machine's monotonic clock does not jump.
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
            }
            command = ["env", *(f"{key}={value}" for key, value in settings.items()), *command]
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.child = subprocess.Popen(
                ["ip", "netns", "exec", self.host.namespace, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )

    def kill(self, restart_after: float) -> None:
        """Kills it, and starts it again after a time."""
        if self.is_done or self.child is None:
            return
        self.child.kill()
        self.child.wait()
        self.child, self.start_at = None, time.monotonic() + restart_after

    def send(self, number: int) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(number)

    def look(self) -> None:
        """Starts it again where it is time, and notices its end."""
        if self.is_done:
            return
        if self.child is None:
            if time.monotonic() >= (self.start_at or 0):
                self.start()
            return
        code = self.child.poll()
        if code is None:
            return
        self.endings.append(code)
        if code not in ENDINGS and self.trap is None:
            self.trap = f"{self.name} ended with {code}, see {self.name}.log"
        # A trainer that has seen a broken promise is not started again, which would overwrite what it knows.
        if self.name in WORK and (code == 0 or self.trap is not None):
            self.is_done = True
            return
        self.child, self.start_at = None, time.monotonic() + RESTART_SECONDS

    def stop(self) -> str | None:
        """Asks it to end; returns what is wrong with its ending."""
        if self.child is None or self.child.poll() is not None:
            return None
        self.child.send_signal(signal.SIGCONT)
        self.child.terminate()
        try:
            code = self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return f"{self.name} did not end within {STOP_SECONDS} s after SIGTERM"
        return None if code == 0 else f"{self.name} ended with {code} after SIGTERM"
