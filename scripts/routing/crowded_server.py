"""Connections that do nothing, half-sent headers and waiting bodies: does a coordinator or a router still answer?

    python3 scripts/routing/crowded_server.py [--descriptors 1024] [--idle 1100] [--heads 200] [--seconds 10]

Both servers run as processes with `ulimit -n 1024`. Loads, one after the other: nothing; so many connections whose
headers stop half way; so many connections that send nothing; four chunked plans of some 130 bytes that wait
(coordinator only), with other plans beside them. Meanwhile `/livez` is asked twenty times a second on new connections.
Prints for each load the longest and median answer of `/livez`, how many were refused or failed, the server's
descriptors, the connections that it still has at the end, and its processor time in percent of a core. Standard library
only. Needs a release build.
"""

import contextlib
import http.client
import json
import os
import pathlib
import resource
import socket
import stat
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, markdown, measurements, paths
from common.cluster import Cluster
from common.router import Router

FLEET = """
models:
  - name: m
    price: {{flat: 1}}
    history: {{files: [{history}]}}
    endpoint: {{url: "http://127.0.0.1:9/v1", model: m}}
"""
HEAD = ("load", "/livez max, ms", "median, ms", "refused", "descriptors", "still open", "CPU, %")


class Probe:
    """Asks `/livez` on new connections, twenty times a second, in a thread of its own."""

    def __init__(self, port: int):
        self.port, self.times, self.failed, self._stop = port, [], 0, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.05):
            begin = time.monotonic()
            if status(self.port, "GET", "/livez") == 200:
                self.times.append(1000 * (time.monotonic() - begin))
            else:
                self.failed += 1

    def end(self):
        self._stop.set()
        self._thread.join()


def status(port, method, path, body=None):
    """The status of a request on a connection of its own; 0 where there is no answer within 20 seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def connections(port, count, data=b""):
    """So many connections that send this and no more."""
    opened = []
    for _ in range(count):
        with contextlib.suppress(OSError):
            opened.append(socket.create_connection(("127.0.0.1", port), timeout=20))
            opened[-1].sendall(data)
    return opened


def still_open(opened):
    count = 0
    for each in opened:
        each.setblocking(False)
        try:
            count += each.recv(1) != b""
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


def measure(name, port, pid, seconds, load):
    """A row of the table: `load` returns the connections that it has opened and the number of its requests refused."""
    probe = Probe(port)
    opened, refused = load()
    # The work of accepting is over; what is left is what the open connections cost.
    used, begin = measurements.processor_seconds(pid), time.monotonic()
    time.sleep(seconds)
    share = (measurements.processor_seconds(pid) - used) / (time.monotonic() - begin)
    # A process that has ended has none.
    descriptors = len(os.listdir(f"/proc/{pid}/fd")) or "ended"
    left = still_open(opened)
    probe.end()
    for each in opened:
        each.close()
    times = probe.times or [float("nan")]
    return (
        name,
        f"{max(times):.0f}",
        f"{measurements.percentile(times, 0.5):.1f}",
        f"{probe.failed + refused} of {len(probe.times) + probe.failed}",
        descriptors,
        f"{left} of {len(opened)}",
        f"{100 * share:.1f}",
    )


def plan(step, deadline):
    items = [{"prompt_id": "x", "prompt": "y"}]
    return json.dumps({"policy_id": "a", "step": step, "total": 8, "deadline_ms": deadline, "items": items})


def waiting_plans(port):
    """Four chunked plans that wait for a worker; then ten more requests, of which none may be refused with 429."""
    opened = []
    for step in range(4):
        body = plan(step, 600_000)
        head = "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
        chunks = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
        opened += connections(port, 1, f"POST /v1/plans HTTP/1.1\r\n{head}\r\n{chunks}".encode())
    time.sleep(0.5)
    found = [status(port, "POST", "/v1/plans", plan(100 + number, 50)) for number in range(10)]
    return opened, found.count(429) + found.count(0)


def rows(server, port, pid, options):
    half = b"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-"
    yield measure(f"{server}: none", port, pid, options.seconds, lambda: ([], 0))
    # Longer than the time for headers, 20 s.
    yield measure(
        f"{server}: {options.heads} half heads",
        port,
        pid,
        options.seconds + 20,
        lambda: (connections(port, options.heads, half), 0),
    )
    yield measure(
        f"{server}: {options.idle} idle", port, pid, options.seconds, lambda: (connections(port, options.idle), 0)
    )
    if server == "coordinator":
        yield measure(f"{server}: 4 waiting plans", port, pid, options.seconds, lambda: waiting_plans(port))


def limited(program, folder, descriptors):
    """A program that starts `program` with a limit of descriptors."""
    path = pathlib.Path(folder) / "limited"
    path.write_text(f'#!/bin/sh\nulimit -n {descriptors}\nexec "{program}" "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_counts(
        parser,
        ("--descriptors", 1024, "limit of the servers"),
        ("--idle", 1100, "connections that send nothing"),
        ("--heads", 200, "connections whose headers stop half way"),
        ("--seconds", 10, "seconds of a load"),
    )
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    found = []
    with tempfile.TemporaryDirectory() as folder:
        program = limited(options.program, folder, options.descriptors)
        with Cluster("table", program=program, workers=0) as cluster:
            found += rows("coordinator", cluster.port, cluster.processes["coordinator"].pid, options)
        path = os.path.join(folder, "fleet.yaml")
        pathlib.Path(path).write_text(FLEET.format(history=f"{paths.SAMPLE}/context.zero-shot-t0.8.jsonl.gz"))
        with Router(path, os.path.join(folder, "state"), "--model", "table", program=program) as router:
            found += rows("router", router.port, router.pid, options)
    print(f"ulimit -n {options.descriptors}; {measurements.load()}\n")
    print(markdown.table(HEAD, found, "lrrrrrr"))
    sys.exit(0 if all(row[3].startswith("0 ") for row in found) else 1)


if __name__ == "__main__":
    main()
