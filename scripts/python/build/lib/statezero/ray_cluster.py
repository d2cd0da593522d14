"""A StateZero cluster that Ray places and restarts: a coordinator on this node, workers wherever Ray has room.

from statezero.ray import start_cluster
with start_cluster(8, model=MODEL) as cluster:
    client = Client(cluster.url)

Each process of the cluster is the child of a Ray actor. When the child ends, its actor ends, and Ray starts it again,
on another node where this one is gone. The coordinator keeps its address and its journal, so that a restarted one goes
on with plans and jobs.
"""

from __future__ import annotations

import collections.abc
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import typing
import urllib.request

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from .client import Client, StateZeroError

Arguments = collections.abc.Sequence[str]
_PAUSE = 2.0  # seconds before a child that has ended is started again


class Process:
    """An actor with one process of the program. It ends when the process does, and Ray then starts both again."""

    def __init__(self, command: list[str], name: str):
        """`command`: the program's path and arguments."""
        self._name = name
        # The child ends by itself when this actor's process has ended.
        self._child = subprocess.Popen([*command, "--parent", str(os.getpid())], stdin=subprocess.DEVNULL)
        self._is_stopping = False
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        code = self._child.wait()
        if not self._is_stopping:
            print(f"statezero {self._name}: exit code {code}; it is started again", flush=True)
            time.sleep(_PAUSE)
            os._exit(1)

    def pids(self) -> tuple[int, int]:
        """The process ids of the actor and of its child."""
        return os.getpid(), self._child.pid

    def stop(self, seconds: float) -> None:
        """Asks the child to end; a worker first finishes what it has."""
        self._is_stopping = True
        self._child.terminate()
        try:
            self._child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Cluster:
    """A coordinator and workers as Ray actors. `url` is for `Client`, `endpoint` for further workers."""

    def __init__(self, host: str, ports: tuple[int, int], folder: str):
        self.endpoint, self.url = f"tcp://{host}:{ports[0]}", f"http://{host}:{ports[1]}"
        self.coordinator: typing.Any = None
        self.workers: list[typing.Any] = []
        self._folder = folder

    def client(self, **options: typing.Any) -> Client:
        """A client of this cluster, with the options of `Client`."""
        return Client(self.url, **options)

    def connected(self) -> int:
        """How many workers are connected and have loaded their model; 0 where the coordinator does not answer."""
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"{self.url}/v1/status", timeout=5) as body,
        ):
            return int(json.load(body)["coordinator"]["workers"])
        return 0

    def wait(self, workers: int, timeout: float = 300.0) -> None:
        """Waits until so many workers are connected. Raises StateZeroError at the timeout."""
        end = time.monotonic() + timeout
        while self.connected() < workers:
            if time.monotonic() > end:
                raise StateZeroError(f"{self.connected()} of {workers} workers are connected after {timeout:.0f} s")
            time.sleep(0.2)

    def stop(self, timeout: float = 30.0) -> None:
        """Ends workers, then the coordinator, and removes the journal that `start_cluster` made."""
        for actors in (self.workers, [self.coordinator]):
            stopping = [actor.stop.remote(timeout) for actor in actors if actor is not None]
            if stopping:
                ray.wait(stopping, num_returns=len(stopping), timeout=timeout + 10)
            for actor in actors:
                if actor is not None:
                    ray.kill(actor, no_restart=True)
        self.workers, self.coordinator = [], None
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_cluster(
    n: int,
    *,
    model: str | None = None,
    threads: int = 1,
    host: str = "127.0.0.1",
    journal: str | None = None,
    program: str | None = None,
    coordinator_arguments: Arguments = (),
    worker_arguments: Arguments = (),
    resources: dict[str, typing.Any] | None = None,
    timeout: float = 300.0,
) -> Cluster:
    """Starts a coordinator and `n` workers, and returns when all workers are connected.

    `model`, `threads`: of each worker; a path, and the program, must be there on every node. `host`: this node's
    address. The default is for Ray on one machine; other machines need an address that they can reach, and then keys,
    such as `coordinator_arguments=["--keys", FOLDER]` and `worker_arguments=["--key", FILE]`. `journal`: a file that is
    kept; by default a temporary one. `resources`: options of each worker's actor, such as {"num_cpus": 2}; by default
    as many CPUs as threads. Workers are spread over nodes. Raises StateZeroError where the workers do not connect in
    time."""
    found = program or os.environ.get("STATEZERO_BINARY") or shutil.which("statezero")
    if not found:
        raise StateZeroError("there is no statezero on the PATH; give program, or set STATEZERO_BINARY")
    found = os.path.abspath(found)
    folder = tempfile.mkdtemp(prefix="statezero-")
    cluster = Cluster(host, _free_ports(host), folder)
    kept = os.path.abspath(journal) if journal else os.path.join(folder, "journal.sqlite")
    listening = ["--bind", cluster.endpoint, "--http", cluster.url.removeprefix("http://"), "--journal", kept]
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(max_restarts=-1, max_concurrency=4)(Process)
    chosen = ["--model", model] if model else []
    connecting = ["--connect", cluster.endpoint, "--threads", str(threads), *chosen]
    try:
        cluster.coordinator = actor.options(num_cpus=0, scheduling_strategy=here).remote(
            [found, "coordinator", *listening, *coordinator_arguments], "coordinator"
        )
        options = {"num_cpus": threads, "scheduling_strategy": "SPREAD", **(resources or {})}
        cluster.workers = [
            actor.options(**options).remote(
                [found, "worker", *connecting, "--name", f"ray-{number}", *worker_arguments], f"worker {number}"
            )
            for number in range(n)
        ]
        cluster.wait(n, timeout)
    except BaseException:
        cluster.stop()
        raise
    return cluster


def _free_ports(host: str) -> tuple[int, int]:
    """Two ports that nothing listens at."""
    with socket.socket() as first, socket.socket() as second:
        first.bind((host, 0))
        second.bind((host, 0))
        return first.getsockname()[1], second.getsockname()[1]
