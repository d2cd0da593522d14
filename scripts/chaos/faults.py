"""The faults of a chaos run: drawn from a seed, begun and ended at their times.

A fault has a kind, a target, a beginning and an end. A cluster that keeps its promises survives all kinds: nothing that
was on a disk when it was acknowledged is taken from it.
"""

import dataclasses
import pathlib
import random
import signal
import subprocess
import sys

import hosts

PROCESSES = ("coordinator", "w1", "w2", "w3", "client")
KINDS = (
    "kill",
    "freeze",
    "cut both ways",
    "cut in",
    "cut out",
    "delay",
    "loss",
    "reorder",
    "full disk",
    "clock",
    "torn tail",
    "connections",
)
CLOCK_JUMPS = ("+1s", "-1s", "+90s", "-90s", "+2h", "-2h", "+30d", "-30d")
CONNECTIONS = 400

# Holds many connections to the coordinator's ports, half of them after some random bytes, as a stranger would.
STRANGER = """
import os, socket, sys, time
held = []
for number in range(int(sys.argv[2])):
    try:
        held.append(socket.create_connection((sys.argv[1], (5570, 8443)[number % 2]), timeout=1))
        if number % 4 < 2: held[-1].sendall(os.urandom(200))
    except OSError:
        pass
time.sleep(float(sys.argv[3]))
"""


@dataclasses.dataclass
class Fault:
    kind: str
    target: str
    begin: float
    end: float
    detail: object = None

    def __str__(self) -> str:
        detail = f" {self.detail}" if self.detail is not None else ""
        return f"{self.begin:.2f}-{self.end:.2f} {self.kind} {self.target}{detail}"


def draw(seed: int, least: int, most: int, seconds: float) -> list[Fault]:
    """The faults of a seed, by their beginning."""
    chosen = random.Random(f"faults {seed}")
    kinds = [kind for kind in KINDS if kind != "clock" or hosts.FAKETIME.exists()]
    faults = []
    for _ in range(chosen.randint(least, most)):
        kind = chosen.choice(kinds)
        begin = chosen.uniform(1, seconds)
        fault = Fault(kind, chosen.choice(PROCESSES), begin, begin + chosen.uniform(0.3, 6))
        if kind == "kill":
            fault.end = begin + chosen.uniform(0, 3)
        elif kind in ("torn tail", "connections"):
            fault.target = "coordinator"
        elif kind == "full disk":
            fault.target = chosen.choice(("journal", "output"))
        elif kind == "clock":
            fault.detail = chosen.choice(CLOCK_JUMPS)
        if kind.startswith("cut") or kind in ("delay", "loss", "reorder"):
            fault.target = chosen.choice((*PROCESSES, "trainer"))
        if kind == "delay":
            fault.detail = round(chosen.uniform(0.02, 0.4), 3)
        elif kind == "loss":
            fault.detail = round(chosen.uniform(0.02, 0.3), 3)
        elif kind == "reorder":
            fault.detail = round(chosen.uniform(0.01, 0.15), 3)
        elif kind == "torn tail":
            fault.end, fault.detail = begin + chosen.uniform(0, 2), chosen.randint(1, 12_000)
        faults.append(fault)
    return sorted(faults, key=lambda fault: fault.begin)


class Faults:
    """Carries out the faults of a run. `poll` is called often; `finish` ends what has not ended."""

    def __init__(
        self, faults: list[Fault], network: hosts.Network, processes: dict[str, hosts.Supervised], folder: pathlib.Path
    ):
        self.waiting, self.active = list(faults), []
        self.network, self.processes, self.folder = network, processes, folder
        self.done: list[Fault] = []
        self.strangers: list[subprocess.Popen] = []

    @property
    def is_over(self) -> bool:
        return not self.waiting and not self.active

    def poll(self, now: float) -> None:
        while self.waiting and self.waiting[0].begin <= now:
            fault = self.waiting.pop(0)
            self.active.append(fault)
            self.done.append(fault)
            self.begin(fault)
        for fault in [fault for fault in self.active if fault.end <= now]:
            self.active.remove(fault)
            self.end(fault)

    def finish(self) -> None:
        for fault in self.active:
            self.end(fault)
        self.active = []
        self.network.heal()
        for stranger in self.strangers:
            stranger.kill()
            stranger.wait()

    def begin(self, fault: Fault) -> None:
        process = self.processes.get(fault.target)
        match fault.kind:
            case "kill":
                process.kill(fault.end - fault.begin)
            case "torn tail":
                process.kill(fault.end - fault.begin)
                self.tear(fault)
            case "freeze":
                process.send(signal.SIGSTOP)
            case "full disk":
                self.fill(self.disk(fault))
            case "clock":
                (self.folder / f"{fault.target}.clock").write_text(f"{fault.detail}\n")
            case "connections":
                host = self.network.hosts["trainer"]
                self.strangers.append(
                    subprocess.Popen(
                        [
                            "ip",
                            "netns",
                            "exec",
                            host.namespace,
                            sys.executable,
                            "-c",
                            STRANGER,
                            self.network.hosts["coordinator"].address,
                            str(CONNECTIONS),
                            str(fault.end - fault.begin),
                        ]
                    )
                )
            case _:
                self.set_network()

    def end(self, fault: Fault) -> None:
        match fault.kind:
            case "freeze":
                # Another fault may keep it frozen, or a kill may have replaced it.
                if not any(other.kind == "freeze" and other.target == fault.target for other in self.active):
                    self.processes[fault.target].send(signal.SIGCONT)
            case "full disk":
                self.disk(fault).unlink(missing_ok=True)
            case "clock":
                (self.folder / f"{fault.target}.clock").write_text("+0\n")
            case "kill" | "torn tail" | "connections":
                pass
            case _:
                self.set_network()

    def disk(self, fault: Fault) -> pathlib.Path:
        return self.folder / fault.target / "filled"

    @staticmethod
    def fill(path: pathlib.Path) -> None:
        """Writes until nothing more fits."""
        with open(path, "ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def tear(self, fault: Fault) -> None:
        """Adds what a torn write leaves behind the last commit of the write-ahead log: bytes that are no frame."""
        log = self.folder / "journal" / "journal.sqlite-wal"
        if log.exists() and log.stat().st_size > 0:
            noise = random.Random(f"tear {fault.begin}").randbytes(fault.detail)
            try:
                with open(log, "ab", buffering=0) as file:
                    file.write(noise)
            except OSError:
                pass

    def set_network(self) -> None:
        """The state of all directions that follows from the faults that are active."""
        ways: dict[tuple[str, str], dict] = {}
        for host in self.network.hosts:
            ways |= {(host, "in"): {}, (host, "out"): {}}
        for fault in self.active_now():
            directions = {"cut in": ("in",), "cut out": ("out",)}.get(fault.kind, ("in", "out"))
            name = {"delay": "delay", "loss": "loss", "reorder": "jitter"}.get(fault.kind, "cut")
            for direction in directions:
                ways[fault.target, direction][name] = fault.detail if name != "cut" else True
        for (host, direction), what in ways.items():
            self.network.set(host, direction, **what)

    def active_now(self) -> list[Fault]:
        return [
            fault for fault in self.active if fault.kind.startswith("cut") or fault.kind in ("delay", "loss", "reorder")
        ]
