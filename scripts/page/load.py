#!/usr/bin/env python3
"""What the page costs a coordinator with many workers and many open pages.

    python3 scripts/page/load.py [--workers 1000] [--readers 200] [--plans 64] [--seconds 20] [--output FILE]

Starts a coordinator and measures its processor time, without ZeroMQ's threads: idle; with simulated workers (sockets
that send a heartbeat every second), alone and with readers, connections that read /v1/events, in three rounds; then
with readers while another connection asks for the page, /metrics, /v1/status and /v1/cluster, each for some seconds,
25 times a second. Prints the shares of one core, how long the answers took, and the processor time that an answer
costs. Fails where an answer took 100 ms or more, where the readers cost more than 1 % of a core, or where asking for
all of them once a second would.

Needs a release build, pyzmq, protobuf, and scripts/clients/statezero_pb2.py (scripts/clients/generate-pb2).
"""

import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import selectors
import socket
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from common import measurements
from common.cluster import Cluster

PATHS = ["/", "/metrics", "/v1/status", "/v1/cluster"]
ANSWER_MAX_SECONDS = 0.1
SHARE_MAX = 0.01
ASKS_A_SECOND = 25
ROUNDS = 3


def simulate_workers(endpoint: str, count: int, pipe) -> None:
    """Joins workers and sends their heartbeats until the pipe says to end. A process of its own."""
    import statezero_pb2 as wire
    import zmq

    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, count + 64)
    sockets = []

    def send(channel, **body):
        channel.send(b"SZ01" + wire.Envelope(**body).SerializeToString(), zmq.NOBLOCK)

    credit = wire.Credit(rows=64, tokens=4096)
    fingerprint = wire.Fingerprint(name="simulated", digest=bytes(32))
    for number in range(count):
        channel = context.socket(zmq.DEALER)
        channel.linger = 0
        channel.connect(endpoint)
        send(
            channel,
            hello=wire.Hello(
                role=wire.Hello.ROLE_WORKER,
                protocol=1,
                name=f"host-{number // 8:03d}/{number % 8}",
                incarnation=number + 1,
                fingerprint=fingerprint,
                credit=credit,
            ),
        )
        sockets.append(channel)
    pipe.send("joined")
    generation = 1
    begin, sent = time.monotonic(), 0
    while not pipe.poll(0):
        # Spread over the second, as real workers are.
        due = int((time.monotonic() - begin) * count)
        while sent < due:
            number = sent % count
            heartbeat = wire.Heartbeat(incarnation=number + 1, credit=credit)
            send(sockets[number], generation=generation, heartbeat=heartbeat)
            while sockets[number].poll(0):
                generation = wire.Envelope.FromString(sockets[number].recv_multipart()[0][4:]).generation or generation
            sent += 1
        time.sleep(0.005)


def read_events(port: int, count: int, pipe) -> None:
    """Opens connections that read /v1/events; sends how many bytes and events each got. A process of its own."""
    selector = selectors.DefaultSelector()
    got = {}
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ)
        got[connection] = [0, 0]
    pipe.send("open")
    while not pipe.poll(0):
        for ready, _ in selector.select(0.1):
            data = ready.fileobj.recv(1 << 20)
            if not data:
                raise SystemExit("load: the coordinator has closed a reader's connection")
            got[ready.fileobj][0] += len(data)
            got[ready.fileobj][1] += data.count(b"event: state")
    pipe.send(list(got.values()))


class Part:
    """A process that ends when it is asked to."""

    def __init__(self, work, *arguments):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=work, args=(*arguments, other), daemon=True)
        self.process.start()
        # So that the pipe ends with the process, and nothing waits for one that has failed.
        other.close()
        self.said = self.pipe.recv()

    def end(self, answers: bool = False):
        self.pipe.send("end")
        result = self.pipe.recv() if answers else None
        self.process.join(10)
        return result


def processor_seconds(pid: int) -> float:
    """Processor time of a process without ZeroMQ's threads, which only receive heartbeats here."""
    ticks = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name, fields = (task / "stat").read_text(encoding="ascii").partition("(")[2].rpartition(")")[::2]
        ticks += int(fields.split()[11]) + int(fields.split()[12]) if name.startswith("ZMQ") else 0
    # The process' own time has that of threads that have ended, too.
    return measurements.processor_seconds(pid) - ticks / os.sysconf("SC_CLK_TCK")


def watch(cluster: Cluster, seconds: float, path: str | None = None) -> tuple[float, list[float]]:
    """The coordinator's share of a core over some seconds, and how long each answer took where a path is asked for."""
    pid = cluster.processes["coordinator"].pid
    connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=30)
    times: list[float] = []
    begin, used = time.monotonic(), processor_seconds(pid)
    turn = 0
    while time.monotonic() < begin + seconds:
        if path:
            asked = time.monotonic()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"load: {path} answers with status {answer.status}")
            times.append(time.monotonic() - asked)
        turn += 1
        time.sleep(max(0.0, begin + turn / ASKS_A_SECOND - time.monotonic()))
    return (processor_seconds(pid) - used) / (time.monotonic() - begin), times


def answers(times: list[float], share: float) -> dict[str, float]:
    """Milliseconds of the answers of a path, and of processor time for one of them."""
    return {
        "p50": 1000 * statistics.median(times),
        "p99": 1000 * measurements.percentile(times, 0.99),
        "longest": 1000 * max(times),
        "processor": 1000 * share / ASKS_A_SECOND,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--plans", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--output", help="file for the figures as JSON")
    options = parser.parse_args()
    with Cluster("", workers=0) as cluster:
        for step in range(options.plans):
            items = [{"prompt_id": f"{step}/{number}", "prompt": f"{step} + {number}"} for number in range(64)]
            plan = {"policy_id": f"run-{step % 8}", "step": step, "total": 512, "items": items, "deadline_ms": 50}
            cluster.request("POST", "/v1/plans", json.dumps(plan))
        time.sleep(3)
        idle = watch(cluster, options.seconds)[0]
        workers = Part(simulate_workers, cluster.endpoint, options.workers)
        cluster.wait_for_workers(options.workers)
        time.sleep(3)
        alone, read, whole = [], [], []
        for turn in range(ROUNDS):
            pid, began = cluster.processes["coordinator"].pid, time.monotonic()
            used = measurements.processor_seconds(pid)
            alone.append(watch(cluster, options.seconds)[0])
            whole.append((measurements.processor_seconds(pid) - used) / (time.monotonic() - began))
            readers = Part(read_events, cluster.port, options.readers)
            time.sleep(2)
            read.append(watch(cluster, options.seconds)[0])
            if turn + 1 < ROUNDS:
                readers.end(answers=True)
        asked = {}
        for path in PATHS:
            # What else costs time changes; so each path is compared with the seconds before it.
            before = watch(cluster, options.seconds)[0]
            share, times = watch(cluster, options.seconds, path)
            asked[path] = (share - before, times)
        got = readers.end(answers=True)
        status = json.loads(cluster.request("GET", "/v1/status")[1])["coordinator"]
        workers.end()
    cost = statistics.median(read) - statistics.median(alone)
    asking = sum(share for share, _ in asked.values()) / ASKS_A_SECOND
    events = [events for _, events in got]
    result = {
        "workers": status["workers"],
        "readers": options.readers,
        "load_average": os.getloadavg()[0],
        "core_share": {"idle": idle, "alone": alone, "alone_with_zeromq": whole, "read": read},
        "readers_share": cost,
        "asking_share": asking,
        "event_bytes": statistics.fmean(size / max(1, count) for size, count in got),
        "events_least": min(events),
        "answers_ms": {path: answers(times, share) for path, (share, times) in asked.items()},
        "longest_turn_ms": 1000 * status["turns"]["max_seconds"],
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.output:
        pathlib.Path(options.output).write_text(text + "\n", encoding="utf-8")
    longest = max(max(times) for _, times in asked.values())
    problems = []
    if longest >= ANSWER_MAX_SECONDS:
        problems.append(f"an answer took {1000 * longest:.0f} ms, {1000 * ANSWER_MAX_SECONDS:.0f} are allowed")
    if cost > SHARE_MAX:
        problems.append(f"readers cost {100 * cost:.2f} % of a core, {100 * SHARE_MAX:.0f} % are allowed")
    if asking > SHARE_MAX:
        problems.append(
            f"asking once a second costs {100 * asking:.2f} % of a core, {100 * SHARE_MAX:.0f} % are allowed"
        )
    if status["workers"] != options.workers:
        problems.append(f"{options.workers - status['workers']} workers were lost")
    for problem in problems:
        print(f"load: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
