"""Attacks on a coordinator's ZeroMQ port, measured: memory and the delay of `/livez` while each runs.

    python3 scripts/load/attacks.py [--as nobody outsider other right] [--only endless] [--seconds 15]

Each attack runs against a coordinator of its own, on TCP at loopback:

    nobody     the coordinator has no keys: the attacker is anybody who reaches the port
    outsider   the coordinator has keys (--keys), the attacker has none: all it can do is a failed handshake
    other      the attacker has the key of a role that may not send what it sends
    right      the attacker has the key of the role that may

Prints a row for each attack: the largest resident memory beyond that of a quiet coordinator, the longest answer of
`/livez`, the connections that the coordinator cut off, the messages that it refused, and whether it lives. Fails where
memory grew by over 300 MB, an answer was later than 100 ms, or the coordinator ended. Raw sockets (raw.py): libzmq
would not send most of this. Needs a release build; protobuf and scripts/clients/statezero_pb2.py
(scripts/clients/generate-pb2) for the last attacks, libsodium for those with a key.
"""

import argparse
import collections.abc
import http.client
import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from raw import Connection, Key

from common import paths

MEMORY_MAX = 300_000_000
DELAY_MAX = 0.1
ROLES = ["worker", "client", "trainer", "rollout"]
WHO = ["nobody", "outsider", "other", "right"]


class Target:
    """A coordinator, its memory and its health."""

    def __init__(self, program: str, folder: pathlib.Path, with_keys: bool):
        arguments = ["--bind", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0"]
        self.keys: dict[str, Key] = {}
        self.token = ""
        if with_keys:
            arguments += ["--keys", str(folder / "keys")]
            make = [program, "keys", "new", "--keys", str(folder / "keys")]
            for role in ROLES:
                file = folder / f"{role}.secret"
                subprocess.run([*make, role, "--role", role, "--output", str(file)], check=True, capture_output=True)
                self.keys[role] = Key.read(file)
            token = [*make, "page", "--role", "observer", "--http", "--output", str(folder / "token")]
            subprocess.run(token, check=True, capture_output=True)
            self.token = (folder / "token").read_text().strip()
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [program, "coordinator", *arguments], stdout=subprocess.PIPE, stderr=log, text=True
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
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"} if self.token else {})
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

    def count(self, name: str) -> int:
        """A counter of /metrics; -1 where it cannot be read."""
        try:
            return int(re.search(rb"statezero_%s_total (\d+)" % name.encode(), self.get("/metrics")).group(1))
        except (OSError, AttributeError):
            return -1

    def stop(self) -> None:
        self.is_ending = True
        self.watch.join()
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit("attacks: the coordinator did not end within 60 s of SIGTERM") from None


@dataclass
class Attacker:
    """Who attacks, and until when."""

    port: int
    key: Key | None
    keys: dict[str, Key]
    end: float
    # Of the cluster's model; where there is none, the attackers' workers bring one.
    fingerprint: bytes = bytes(32)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.end

    def connections(self) -> collections.abc.Iterator[Connection]:
        """One connection after the other: the next where the coordinator has closed the last."""
        while not self.is_over:
            try:
                yield Connection(self.port, self.key)
            except OSError:
                time.sleep(0.05)


def repeat(attacker: Attacker, attack: collections.abc.Callable[[Connection], None]) -> None:
    """Runs an attack over one connection after the other."""
    for connection in attacker.connections():
        try:
            attack(connection)
        except OSError:
            time.sleep(0.05)


def endless(size: int) -> collections.abc.Callable[[Attacker], None]:
    """One message whose frames never end."""

    def attack(attacker: Attacker) -> None:
        def send(connection: Connection) -> None:
            body = bytes(size)
            block = b"".join(connection.encode(body, True) for _ in range(max(1, (1 << 20) // max(size, 64))))
            while not attacker.is_over:
                connection.socket.sendall(block)
                if connection.key:
                    block = b"".join(connection.encode(body, True) for _ in range(max(1, (1 << 18) // max(size, 64))))

        repeat(attacker, send)

    return attack


def segments(attacker: Attacker) -> None:
    """One message whose frames never end, each in a segment of its own."""

    def send(connection: Connection) -> None:
        while not attacker.is_over:
            connection.socket.sendall(connection.encode(bytes(40), True))

    repeat(attacker, send)


def flood(attacker: Attacker) -> None:
    """Whole messages that mean nothing, as quickly as possible."""

    def send(connection: Connection) -> None:
        body = bytes(8 << 20)
        while not attacker.is_over:
            connection.send(body)

    repeat(attacker, send)


def never_reads(attacker: Attacker) -> None:
    """Requests that are answered, by a peer that reads no answer: heartbeats of a stranger."""

    def send(connection: Connection) -> None:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # An Envelope with an empty Heartbeat, which is answered.
        while not attacker.is_over:
            connection.socket.sendall(b"".join(connection.encode(b"SZ01\x3a\x00") for _ in range(1000)))

    repeat(attacker, send)


def pings(attacker: Attacker) -> None:
    """Requests with a PING behind each, until the coordinator reads no more, and then a reset.

    libzmq ends the process where it answers a PING, or sends its own, on a connection that it has stopped to read.
    """

    def send(connection: Connection) -> None:
        connection.socket.settimeout(0.5)
        begin = time.monotonic()
        block = b""
        try:
            while time.monotonic() < begin + 2:
                if connection.key or not block:
                    block = b"".join(connection.encode(b"SZ01\x3a\x00") + connection.ping() for _ in range(2000))
                connection.socket.sendall(block)
        finally:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.socket.close()

    repeat(attacker, send)


def hurried(attacker: Attacker) -> None:
    """Requests over one short connection after the other: each is reset before the coordinator can have read it."""

    def send(connection: Connection) -> None:
        block = b"".join(connection.encode(b"SZ01\x3a\x00") for _ in range(2000))
        if not connection.key:
            block *= 20
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            connection.socket.sendall(block)
        finally:
            connection.socket.close()

    repeat(attacker, send)


def drip(attacker: Attacker) -> None:
    """A thousand messages whose frames never end, and come as slowly as pings might: it shows after a minute."""
    kept: list[Connection] = []
    while not attacker.is_over:
        try:
            for _ in range(min(50, 1000 - len(kept))):
                kept.append(Connection(attacker.port, attacker.key))
            for connection in kept:
                connection.socket.sendall(b"".join(connection.encode(b"", True) for _ in range(8)))
        except OSError:
            for connection in kept:
                connection.socket.close()
            kept = []
        time.sleep(0.2)


def connections(attacker: Attacker) -> None:
    """As many connections as the system gives, each with a message."""
    kept = []
    for connection in attacker.connections():
        try:
            connection.send(b"SZ01")
            kept.append(connection)
        except OSError:
            time.sleep(0.01)


def claims(attacker: Attacker) -> None:
    """Routing ids that the coordinator may give to a later connection: 0 and a counter."""
    number = 0
    while not attacker.is_over:
        try:
            connection = Connection(attacker.port, attacker.key, b"\0" + struct.pack("<I", number & 0xFFFFFFFF))
            connection.socket.close()
        except OSError:
            time.sleep(0.01)
        number += 1


def envelope(**body) -> bytes:
    """The first frame of a message."""
    import statezero_pb2 as wire

    return b"SZ01" + wire.Envelope(generation=1, **body).SerializeToString()


def hello(connection: Connection, role: str, incarnation: int | None = None, **fields) -> bytes:
    """The bytes of a Hello."""
    import statezero_pb2 as wire

    number = getattr(wire.Hello, f"ROLE_{role.upper()}")
    own = random.getrandbits(63) if incarnation is None else incarnation
    return connection.message(
        envelope(hello=wire.Hello(role=number, protocol=1, name=f"attacker/{own}", incarnation=own, **fields))
    )


def worker_fields(rows: int, fingerprint: bytes) -> dict:
    """What a worker's Hello has."""
    import statezero_pb2 as wire

    return {
        "fingerprint": wire.Fingerprint(name="attack", digest=fingerprint),
        "credit": wire.Credit(rows=rows, tokens=rows * 64, pieces=2),
    }


def hellos(attacker: Attacker) -> None:
    """Workers that join and join: each Hello is another incarnation."""

    def send(connection: Connection) -> None:
        fields = worker_fields(0, attacker.fingerprint)
        while not attacker.is_over:
            connection.socket.sendall(b"".join(hello(connection, "worker", **fields) for _ in range(200)))

    repeat(attacker, send)


def jobs(attacker: Attacker) -> None:
    """Jobs, each with as many shards of 4 MB as it may have, and more."""
    import hashlib

    import statezero_pb2 as wire

    # A worker without credit, so that the cluster has a model; where it has no other, nothing is ever answered.
    joined = Connection(attacker.port, attacker.keys.get("worker"))
    joined.socket.sendall(hello(joined, "worker", **worker_fields(0, attacker.fingerprint)))
    time.sleep(0.5)
    text, reward = b"context", 1.0
    digest = hashlib.sha256(struct.pack("<Q", len(text)) + text + struct.pack("<dQ", reward, 1)).digest()
    context = (struct.pack("<I", len(text)), text, struct.pack("<dI", reward, 1))
    shard = (struct.pack("<I", 1000) * 4000, bytes(4_000_000))

    def send(connection: Connection) -> None:
        connection.socket.sendall(hello(connection, "client"))
        while not attacker.is_over:
            job = os.urandom(16)
            submit = wire.SubmitJob(
                job=job, policy="attack", context=digest, context_rows=1, fingerprint=attacker.fingerprint
            )
            connection.send(envelope(submit_job=submit), *context)
            for number in range(24):
                part = wire.SubmitShard(job=job, shard=number, rows=4000, tokens=1, affinity=number)
                connection.send(envelope(submit_shard=part), *shard)
                joined.socket.sendall(
                    joined.message(
                        envelope(heartbeat=wire.Heartbeat(incarnation=1, credit=wire.Credit(rows=0, tokens=0)))
                    )
                )

    repeat(attacker, send)


def outcomes(attacker: Attacker) -> None:
    """Outcomes with long prompts, of one policy after the other. No two texts are equal, and share no memory."""
    import statezero_pb2 as wire

    def send(connection: Connection) -> None:
        connection.socket.sendall(hello(connection, "trainer"))
        number, rows = 0, 40
        text = os.urandom(50_000).hex().encode()
        lengths = struct.pack("<I", 16 + len(text)) * rows
        while not attacker.is_over:
            number += 1
            raw = (lengths, b"".join(b"%08d%08d" % (number, row) + text for row in range(rows)))
            found = [
                wire.GroupOutcome(event_id=f"{number}/{row}", prompt_id=f"{number}/{row}", mean=0.5, n=4)
                for row in range(rows)
            ]
            body = wire.ReportOutcomes(
                request=number, policy=f"policy {number % 50}", reward_low=0, reward_high=1, outcomes=found
            )
            connection.send(envelope(report_outcomes=body), *raw)

    repeat(attacker, send)


@dataclass
class Attack:
    """What runs, and as which roles."""

    run: collections.abc.Callable[[Attacker], None]
    right: str = "client"
    other: str = "rollout"
    # Who can do it at all.
    who: list[str] = field(default_factory=lambda: WHO)


ATTACKS = {
    "endless message, frames of 64 KiB": Attack(endless(65_536)),
    "endless message, frames of 200 B": Attack(endless(200)),
    "endless message, empty frames": Attack(endless(0)),
    "endless message, a segment a frame": Attack(segments),
    "flood of 8 MiB messages": Attack(flood),
    "requests, answers not read": Attack(never_reads),
    "pings behind requests, then a reset": Attack(pings),
    "requests over short connections": Attack(hurried),
    "a thousand messages, some frames a second": Attack(drip),
    "connections": Attack(connections),
    "routing ids of later connections": Attack(claims),
    "Hellos of workers": Attack(hellos, "worker", "client"),
    "jobs and shards": Attack(jobs, "client", "worker"),
    "outcomes": Attack(outcomes, "trainer", "client"),
}


def run(program: str, name: str, seconds: float, who: str) -> bool:
    attack = ATTACKS[name]
    with tempfile.TemporaryDirectory() as folder:
        target = Target(program, pathlib.Path(folder), who != "nobody")
        try:
            key = target.keys.get({"right": attack.right, "other": attack.other}.get(who, ""))
            keys = {} if who == "outsider" else target.keys
            try:
                attack.run(Attacker(target.port, key, keys, time.monotonic() + seconds))
            except ConnectionError as error:
                print(f"{name}: {error}", file=sys.stderr)
            time.sleep(1)
            lives = target.process.poll() is None
            cuts, refused = target.count("connections_cut"), target.count("messages_refused")
        finally:
            target.stop()
    is_good = lives and target.memory <= MEMORY_MAX and target.delay <= DELAY_MAX
    print(
        f"| {name} | {who} | {target.memory / 1e6:.0f} MB | {target.delay * 1000:.0f} ms "
        f"| {cuts} | {refused} | {'yes' if lives else 'NO'} | {'bounded' if is_good else 'NOT BOUNDED'} |",
        flush=True,
    )
    return is_good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--as", dest="who", nargs="+", choices=WHO, default=WHO)
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--program")
    options = parser.parse_args()
    program = options.program or paths.program()
    print("| attack | attacker | memory | longest /livez | cut off | refused | lives | |", flush=True)
    print("|---|---|---|---|---|---|---|---|", flush=True)
    results = [
        run(program, name, options.seconds, who)
        for name in ATTACKS
        for who in options.who
        if options.only in name and who in ATTACKS[name].who
    ]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
