"""Runs the worker's state machine: a ZeroMQ socket on this thread, torch on another, so that heartbeats go on.

The key is the text file that `statezero keys new` writes.
"""

from __future__ import annotations

import collections.abc
import contextlib
import queue
import signal
import sys
import threading
import time
import typing

import zmq
import zmq.auth

from . import wire
from .model import Model
from .state import Worker


class Node:
    """One worker process. `run` returns when it was asked to leave, and raises RuntimeError where it had to."""

    def __init__(self, endpoint: str, worker: Worker, model: Model, key: str | None = None):
        self._worker, self._model = worker, model
        self._commands: queue.Queue[tuple[typing.Any, ...] | None] = queue.Queue()
        self._events: queue.Queue[tuple[typing.Any, ...]] = queue.Queue()
        context: zmq.Context[typing.Any] = zmq.Context.instance()
        self._socket = context.socket(zmq.DEALER)
        for option, value in ((zmq.LINGER, 2000), (zmq.MAXMSGSIZE, wire.MESSAGE_MAX), (zmq.SNDHWM, 1000),
                              (zmq.RCVHWM, 1000), (zmq.HEARTBEAT_IVL, 2000), (zmq.HEARTBEAT_TIMEOUT, 6000),
                              (zmq.RECONNECT_IVL, 150), (zmq.RECONNECT_IVL_MAX, 4000)):  # fmt: skip
            self._socket.setsockopt(option, value)
        if key:
            self._socket.curve_publickey, self._socket.curve_secretkey = zmq.auth.load_certificate(key)
            self._socket.curve_serverkey = server_key(key)
        # The thread that computes wakes the one that waits.
        self._wakeup = context.socket(zmq.PAIR)
        self._wakeup.bind("inproc://statezero-worker")
        self._socket.connect(endpoint)

    def run(self) -> None:
        """Works until it leaves."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._events.put(("drain",)))
        thread = threading.Thread(target=self._compute, daemon=True)
        thread.start()
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wakeup, zmq.POLLIN)
        ended, reason = self._handle(("started",))
        while not ended:
            wait = max(0.0, min(self._worker.deadline - time.monotonic(), 0.5))
            ready = dict(poller.poll(round(1000 * wait) + 1))
            events: list[tuple[typing.Any, ...]] = []
            if self._wakeup in ready:
                self._wakeup.recv()
            if self._socket in ready:
                events += self._received()
            while not self._events.empty():
                events.append(self._events.get())
            if time.monotonic() >= self._worker.deadline:
                events.append(("tick",))
            for event in events:
                if not ended:
                    ended, reason = self._handle(event)
        self._commands.put(None)
        self._socket.close()
        if reason:
            raise RuntimeError(reason)

    def _received(self) -> collections.abc.Iterable[tuple[typing.Any, ...]]:
        while self._socket.poll(0):
            try:
                yield ("received", *wire.decode(self._socket.recv_multipart()))
            except wire.WireError as error:
                print(f"statezero.worker: dropped a message: {error}", file=sys.stderr)

    def _handle(self, event: tuple[typing.Any, ...]) -> tuple[bool, str | None]:
        try:
            actions = self._worker.handle(event, time.monotonic())
        except wire.WireError as error:
            print(f"statezero.worker: dropped a message: {error}", file=sys.stderr)
            return False, None
        for action in actions:
            if action[0] == "send":
                with contextlib.suppress(zmq.Again):  # without a connection; the protocol repeats what matters
                    self._socket.send_multipart(wire.encode(self._worker.generation, *action[1:]), zmq.DONTWAIT)
            elif action[0] == "exit":
                return True, action[1]
            else:
                self._commands.put(action)
        return False, None

    # The thread that computes

    def _compute(self) -> None:
        wakeup: typing.Any = zmq.Context.instance().socket(zmq.PAIR)
        wakeup.connect("inproc://statezero-worker")

        def post(*event: typing.Any) -> None:
            self._events.put(event)
            with contextlib.suppress(zmq.Again):  # it is awake
                wakeup.send(b"", zmq.DONTWAIT)

        self._model.progress = lambda: post("progressed")
        while (command := self._commands.get()) is not None:
            if command[0] == "prepare":
                try:
                    self._model.prepare(*command[1:])
                    post("prepared", command[1], None)
                except Exception as error:
                    post("prepared", command[1], f"{type(error).__name__}: {error}")
            elif command[0] == "forget":
                self._model.forget(command[1])
            else:
                _, piece, digest, texts = command
                post("computed", piece, *self._model.answers(digest, texts))


def server_key(path: str) -> bytes:
    """The coordinator's public key, which the key file names."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition("=")
            if name.strip() == "server-key":
                return value.strip().strip('"').encode()
    raise ValueError(f"{path} has no server-key; make it by `statezero keys new`")
