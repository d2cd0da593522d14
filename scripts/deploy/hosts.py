"""Several hosts: coordinator, two workers and a client, each in a network namespace, by the command lines of the units.

Traffic is encrypted by keys; the client's host reads the coordinator's status with a token.
A bridge in a fifth namespace connects them. During one run a worker's host is cut off and comes back, another worker's
host loses power and starts again, and the coordinator's host is cut off and then restarted. The output must have the
bytes of a run on one machine. The namespaces are removed at the end; the machine's own network is not touched.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

from . import support, units
from .support import CONTEXT, expect, run, wait

TIMES = 6
MODEL = "table:7:30000"
NETWORK = "10.77.0"
ENDPOINT = f"tcp://{NETWORK}.1:5570"
HOSTS = ("coordinator", "worker-a", "worker-b", "client")
GET = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + open(sys.argv[2]).read().strip()})
print(urllib.request.urlopen(request, timeout=5).read().decode())
"""


class Host:
    """A network namespace with one address, and its processes."""

    def __init__(self, name: str, number: int, network: "Network"):
        self.name, self.network = name, network
        self.namespace = network.prefix + name
        self.address = f"{NETWORK}.{number}"
        self.port = f"port{number}"
        self.processes: list[subprocess.Popen] = []
        run(["ip", "netns", "add", self.namespace])
        run([
            *["ip", "-n", self.namespace, "link", "add", "eth0", "type", "veth"],
            *["peer", "name", self.port, "netns", network.namespace],
        ])  # fmt: skip
        run(["ip", "-n", self.namespace, "address", "add", f"{self.address}/24", "dev", "eth0"])
        for device in ("lo", "eth0"):
            run(["ip", "-n", self.namespace, "link", "set", device, "up"])
        run(["ip", "-n", network.namespace, "link", "set", self.port, "master", "bridge"])
        self.connect()

    def connect(self) -> None:
        run(["ip", "-n", self.network.namespace, "link", "set", self.port, "up"])

    def cut_off(self) -> None:
        """As when its cable is pulled: its processes run on and get nothing."""
        run(["ip", "-n", self.network.namespace, "link", "set", self.port, "down"])

    def start(self, command: list[str], environment: dict[str, str], log: pathlib.Path) -> subprocess.Popen:
        words = ["ip", "netns", "exec", self.namespace, *command]
        with log.open("ab") as file:
            child = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self.processes.append(child)
        return child

    def lose_power(self) -> None:
        """All its processes end at once, and nobody is informed: the network is gone first."""
        self.cut_off()
        for child in self.processes:
            child.send_signal(signal.SIGKILL)
            child.wait()
        self.processes.clear()


class Network(contextlib.ExitStack):
    """Namespaces and the bridge between them; all are removed at the end."""

    def __init__(self):
        super().__init__()
        self.prefix = f"statezero-{os.getpid()}-"
        self.namespace = self.prefix + "bridge"
        self.hosts: dict[str, Host] = {}
        run(["ip", "netns", "add", self.namespace])
        self.callback(run, ["ip", "netns", "delete", self.namespace])
        run(["ip", "-n", self.namespace, "link", "add", "bridge", "type", "bridge"])
        run(["ip", "-n", self.namespace, "link", "set", "bridge", "up"])
        for number, name in enumerate(HOSTS, 1):
            host = self.hosts[name] = Host(name, number, self)
            self.callback(run, ["ip", "netns", "delete", host.namespace])
            self.callback(host.lose_power)


class Fleet:
    """The processes on the hosts, started by the command lines of deploy/systemd."""

    def __init__(self, network: Network, folder: pathlib.Path):
        self.hosts, self.folder, self.program = network.hosts, folder, support.statezero()
        self.keys = support.Keys(folder, self.program)
        self.worker_key = self.keys.key("worker", "worker")
        self.client_key = self.keys.key("client", "client")
        self.token = self.keys.token("observer", "observer")
        self.start_coordinator()
        self.start_worker("worker-a")
        self.start_worker("worker-b")

    def _start(self, host: str, unit: str, instance: str = "", **settings: str) -> None:
        command, environment = units.command(
            unit, self.program, self.folder / host, instance=instance, host=host, **settings
        )
        self.hosts[host].start(command, environment, self.folder / f"{host}.log")

    def start_coordinator(self) -> None:
        address = self.hosts["coordinator"].address
        self._start(
            *["coordinator", "statezero-coordinator.service"],
            STATEZERO_BIND=ENDPOINT,
            STATEZERO_HTTP=f"{address}:8080",
            STATEZERO_KEYS=str(self.keys.folder),
            STATEZERO_ALLOW_PLAINTEXT="true",
        )

    def start_worker(self, host: str) -> None:
        settings = {"STATEZERO_CONNECT": ENDPOINT, "STATEZERO_MODEL": MODEL, "STATEZERO_KEY": str(self.worker_key)}
        self._start(host, "statezero-worker@.service", "1", **settings)

    def start_client(self, corpus: pathlib.Path, output: pathlib.Path) -> subprocess.Popen:
        command = [self.program, "score", "--coordinator", ENDPOINT, "--prompts", str(corpus)]
        command += ["--key", str(self.client_key), "--context", str(CONTEXT), "--output", str(output)]
        return self.hosts["client"].start(command, dict(os.environ), self.folder / "client.log")

    def workers(self) -> int | None:
        """How many workers the coordinator has, as the client's host sees it; None where it does not answer."""
        url = f"http://{self.hosts['coordinator'].address}:8080/v1/status"
        command = ["ip", "netns", "exec", self.hosts["client"].namespace, "python3", "-c", GET, url, self.token]
        done = subprocess.run(command, capture_output=True, text=True)
        return json.loads(done.stdout)["coordinator"]["workers"] if done.returncode == 0 else None

    def wait_for_workers(self, count: int, when: str) -> None:
        wait(lambda: self.workers() == count, f"{count} workers {when}; there are {self.workers()}", 120, 0.5)

    def rows(self) -> int:
        log = self.folder / "client.log"
        rows = re.findall(r"^(\d+)/\d+ rows", log.read_text() if log.exists() else "", re.M)
        return int(rows[-1]) if rows else 0

    def wait_for_progress(self, when: str) -> None:
        """Waits until another piece is done."""
        rows = self.rows()
        wait(lambda: self.rows() > rows, f"progress {when}, after {rows} rows", 180, 0.5)


def check() -> list[str]:
    support.need("ip", "iproute2")
    support.need_root()
    with support.folder("hosts") as folder:
        corpus = folder / "prompts.jsonl"
        rows = support.repeated_corpus(corpus, TIMES)
        files = ["--prompts", corpus, "--context", CONTEXT, "--model", "table:7"]
        run([support.statezero(), "score", *files, "--output", folder / "expected"])
        with Network() as network:
            fleet = Fleet(network, folder)
            fleet.wait_for_workers(2, "at the start")
            client = fleet.start_client(corpus, folder / "scores")
            fleet.wait_for_progress("at the start")
            _cut_off_a_worker(fleet)
            _lose_a_worker(fleet)
            _cut_off_the_coordinator(fleet)
            _restart_the_coordinator(fleet)
            wait(lambda: client.poll() is not None, "the client ends", 300, 0.5)
            expect(client.returncode == 0, f"the client ended with {client.returncode}")
        expected = support.digest_of_parts(folder / "expected")
        expect(support.digest_of_parts(folder / "scores") == expected, "the output has other bytes")
        return [
            f"{rows} rows on 4 hosts, by the command lines of deploy/systemd, encrypted by keys",
            "a worker's host cut off and back; the other's lost power and started again; the coordinator's cut off and",
            f"back, then lost power and started again: the bytes of a run on one machine ({expected[:16]})",
        ]


def _cut_off_a_worker(fleet: Fleet) -> None:
    fleet.hosts["worker-a"].cut_off()
    fleet.wait_for_workers(1, "while a worker is cut off")
    fleet.hosts["worker-a"].connect()
    fleet.wait_for_workers(2, "when it is back")
    fleet.wait_for_progress("after that")


def _lose_a_worker(fleet: Fleet) -> None:
    fleet.hosts["worker-b"].lose_power()
    fleet.wait_for_workers(1, "while a worker has no power")
    fleet.hosts["worker-b"].connect()
    fleet.start_worker("worker-b")
    fleet.wait_for_workers(2, "when it has started again")
    fleet.wait_for_progress("after that")


def _cut_off_the_coordinator(fleet: Fleet) -> None:
    fleet.hosts["coordinator"].cut_off()
    wait(lambda: fleet.workers() is None, "the coordinator is out of reach", 30)
    fleet.hosts["coordinator"].connect()
    fleet.wait_for_workers(2, "when the coordinator is back")
    fleet.wait_for_progress("after that")


def _restart_the_coordinator(fleet: Fleet) -> None:
    fleet.hosts["coordinator"].lose_power()
    fleet.hosts["coordinator"].connect()
    fleet.start_coordinator()
    fleet.wait_for_workers(2, "when the coordinator has started again")
