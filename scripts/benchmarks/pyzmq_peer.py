#!/usr/bin/env python3
"""Measures round trips per second of a bare ROUTER and DEALER under pyzmq, with messages as large as a shard's.

    python3 -m venv .venv-zmq && .venv-zmq/bin/pip install pyzmq==27.3.0
    .venv-zmq/bin/python scripts/benchmarks/pyzmq_peer.py

A peer of `statezero-bench coordinator`, whose own bare pair is libzmq without Python.
"""

import json
import multiprocessing
import os
import pathlib
import statistics
import sys
import tempfile
import time

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments


def echo(endpoint):
    """Sends every message back whole, until the process is killed."""
    socket = zmq.Context().socket(zmq.ROUTER)
    socket.set_hwm(20_000)
    socket.bind(endpoint)
    while True:
        socket.send_multipart(socket.recv_multipart(copy=False), copy=False)


def round_trips(socket, frames, messages, window):
    """Seconds from the first message to the last answer."""
    start = time.perf_counter()
    sent = answered = 0
    while answered < messages:
        while sent < messages and sent - answered < window:
            socket.send_multipart(frames, copy=False)
            sent += 1
        socket.recv_multipart(copy=False)
        answered += 1
    return time.perf_counter() - start


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("--batch-rows", type=int, default=64)
    parser.add_argument("--prompt-bytes", type=int, default=275)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--window", type=int, default=2048, help="messages in flight")
    arguments.add_rounds(parser, 5)
    arguments.add_json(parser)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        endpoint = f"ipc://{os.path.join(folder, 'pair')}"
        router = multiprocessing.get_context("spawn").Process(target=echo, args=(endpoint,), daemon=True)
        router.start()
        socket = zmq.Context().socket(zmq.DEALER)
        socket.set_hwm(20_000)
        socket.connect(endpoint)
        frames = [bytes(48), bytes(4 * options.batch_rows), bytes(options.prompt_bytes * options.batch_rows)]
        round_trips(socket, frames, 100, 100)
        rounds = [round_trips(socket, frames, options.messages, options.window) for _ in range(options.rounds)]
        socket.close(linger=0)
        router.terminate()
        router.join()
    report = {
        "pyzmq": zmq.__version__,
        "libzmq": zmq.zmq_version(),
        "batch_rows": options.batch_rows,
        "prompt_bytes": options.prompt_bytes,
        "window": options.window,
        "rounds": options.rounds,
        "messages_per_second": options.messages / statistics.median(rounds),
    }
    if options.json:
        print(json.dumps(report, sort_keys=True))
    else:
        print(f"pyzmq {report['pyzmq']}, libzmq {report['libzmq']}, batches of {options.batch_rows} prompts sent back")
        print(f"{report['messages_per_second']:.0f} round trips/s")


if __name__ == "__main__":
    main()
