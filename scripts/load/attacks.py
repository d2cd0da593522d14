"""Attacks on a coordinator's ZeroMQ port, measured: memory and the delay of `/livez` while each runs.

    python3 scripts/load/attacks.py [--keys] [--only endless] [--seconds 15]

Each attack runs against a coordinator of its own, on TCP at loopback. Without --keys the attacker is anybody who
reaches the port; with --keys it has no key, so that all it can do is a failed handshake. Prints a row for each attack:
the largest resident memory beyond that of a quiet coordinator, the longest answer of `/livez`, the connections that the
coordinator cut off, and whether it lives. Fails where memory grew by over 300 MB, an answer was later than a second, or
the coordinator ended. Raw sockets: standard library only. Needs a release build.
"""

import argparse
import http.client
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import paths

MEMORY_MAX = 300 << 20
DELAY_MAX = 1.0
GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31)


class Target:
    """A coordinator, its memory and its health."""

    def __init__(self, program: str, folder: pathlib.Path, with_keys: bool):
        arguments = ["--bind", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0"]
        if with_keys:
            keys = str(folder / "keys")
            make = [program, "keys", "new", "w", "--role", "worker", "--keys", keys, "--output", f"{folder}/w.secret"]
            subprocess.run(make, check=True, capture_output=True)
            arguments += ["--keys", keys]
        self.process = subprocess.Popen(
            [program, "coordinator", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        text = self.process.stdout.readline() + self.process.stdout.readline()
        self.port = int(re.search(r"tcp://127\.0\.0\.1:(\d+)", text).group(1))
        self.web = int(re.search(r"http://127\.0\.0\.1:(\d+)", text).group(1))
        self.memory, self.delay, self.is_ending = 0, 0.0, False
        self.first = self.resident()
        self.watch = threading.Thread(target=self.measure, daemon=True)
        self.watch.start()

    def resident(self) -> int:
        try:
            text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) << 10
        except (OSError, AttributeError):
            return 0

    def get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.web, timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def measure(self) -> None:
        while not self.is_ending:
            begin = time.monotonic()
            try:
                self.get("/livez")
            except OSError:
                if self.process.poll() is not None:
                    return
            self.delay = max(self.delay, time.monotonic() - begin)
            self.memory = max(self.memory, self.resident() - self.first)
            time.sleep(0.02)

    def cuts(self) -> int:
        try:
            return int(re.search(rb"statezero_connections_cut_total (\d+)", self.get("/metrics")).group(1))
        except (OSError, AttributeError):
            return -1

    def stop(self) -> None:
        self.is_ending = True
        self.watch.join()
        self.process.terminate()
        self.process.wait()


def raw(port: int, identity: bytes = b"") -> socket.socket:
    """A ZMTP 3.0 connection after its handshake without security."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.sendall(GREETING)
    received = 0
    while received < 64:
        received += len(connection.recv(64 - received)) or 64
    body = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity" + struct.pack(">I", len(identity)) + identity
    connection.sendall(b"\x04" + bytes([len(body)]) + body)
    return connection


def endless(port: int, end: float, size: int) -> None:
    """One message whose frames never end."""
    frame = b"\x03" + struct.pack(">Q", size) + bytes(size) if size > 255 else b"\x01" + bytes([size]) + bytes(size)
    block = frame * max(1, (1 << 20) // len(frame))
    while time.monotonic() < end:
        try:
            connection = raw(port)
            while time.monotonic() < end:
                connection.sendall(block)
        except OSError:
            time.sleep(0.05)


def flood(port: int, end: float) -> None:
    """Whole messages that mean nothing, as quickly as possible."""
    block = b"\x02" + struct.pack(">Q", 8 << 20) + bytes(8 << 20)
    while time.monotonic() < end:
        try:
            connection = raw(port)
            while time.monotonic() < end:
                connection.sendall(block)
        except OSError:
            time.sleep(0.05)


def never_reads(port: int, end: float) -> None:
    """Requests that are answered, by a peer that reads no answer: heartbeats of a stranger."""
    message = b"\x00\x06SZ01\x3a\x00"  # an Envelope with an empty Heartbeat, which is answered
    block = message * 10_000
    while time.monotonic() < end:
        try:
            connection = raw(port)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            while time.monotonic() < end:
                connection.sendall(block)
        except OSError:
            time.sleep(0.05)


def connections(port: int, end: float) -> None:
    """As many connections as the system gives, each with a message."""
    kept = []
    while time.monotonic() < end:
        try:
            connection = raw(port)
            connection.sendall(b"\x00\x04SZ01")
            kept.append(connection)
        except OSError:
            time.sleep(0.01)


def claims(port: int, end: float) -> None:
    """Routing ids that the coordinator may give to a later connection: 0 and a counter."""
    number = 0
    while time.monotonic() < end:
        try:
            connection = raw(port, b"\0" + struct.pack("<I", number & 0xFFFFFFFF))
            connection.close()
        except OSError:
            time.sleep(0.01)
        number += 1


ATTACKS = {
    "endless message, frames of 64 KiB": lambda port, end: endless(port, end, 65_536),
    "endless message, frames of 200 B": lambda port, end: endless(port, end, 200),
    "endless message, empty frames": lambda port, end: endless(port, end, 0),
    "flood of 8 MiB messages": flood,
    "requests, answers not read": never_reads,
    "connections": connections,
    "routing ids of later connections": claims,
}


def run(program: str, name: str, seconds: float, with_keys: bool) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        target = Target(program, pathlib.Path(folder), with_keys)
        try:
            ATTACKS[name](target.port, time.monotonic() + seconds)
            time.sleep(1)
            lives = target.process.poll() is None
            cuts = target.cuts()
        finally:
            target.stop()
    is_good = lives and target.memory <= MEMORY_MAX and target.delay <= DELAY_MAX
    print(
        f"| {name} | {'on' if with_keys else 'off'} | {target.memory / 1e6:.0f} MB | {target.delay * 1000:.0f} ms "
        f"| {cuts} | {'yes' if lives else 'NO'} | {'bounded' if is_good else 'NOT BOUNDED'} |",
        flush=True,
    )
    return is_good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", action="store_true")
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--program")
    options = parser.parse_args()
    program = options.program or paths.program()
    print("| attack | keys | memory | longest /livez | cut off | lives | |\n|---|---|---|---|---|---|---|", flush=True)
    names = [name for name in ATTACKS if options.only in name]
    results = [run(program, name, options.seconds, options.keys) for name in names]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
