"""The worker's decisions, without socket, clock or thread: what to send, what to compute next, when to leave.

`handle(event, now)` gives actions. Events: ("started",), ("received", generation, kind, body, raw), ("progressed",),
("prepared", digest, failure), ("computed", piece, answers, faults, times), ("drain",), ("tick",).
Actions: ("send", kind, body, *raw), ("prepare", digest, texts, outcomes), ("forget", digest),
("score", piece, digest, texts), ("exit", reason), whose reason is None after a drain. One piece is computed at a time.
Sources/Cluster/Worker/WorkerState.swift is the original.
"""

from __future__ import annotations

import random
import typing

from . import wire

CONTEXTS_MAX, PIECES = 4, 2
LIVENESS, ABANDON = 5.0, 600.0
PAUSE_FIRST, PAUSE_MAX = 2.0, 32.0
Actions = list[tuple[typing.Any, ...]]


def _key(piece: typing.Any) -> bytes:
    return bytes(piece.SerializeToString(deterministic=True))


class Worker:
    """One worker. `name` stays the same over restarts; `rows` and `tokens` are its credit."""

    def __init__(self, name: str, model: str, digest: bytes, rows: int, tokens: int, abandon: float = ABANDON):
        self._name, self._abandon = name, abandon
        self._fingerprint = wire.message("Fingerprint", name=model, digest=digest)
        self._credit = (rows, tokens)
        self._random = random.SystemRandom()
        self.incarnation = self._random.getrandbits(64)
        self.generation = 0
        self.phase = "introducing"  # registered, draining, gone
        self._queue: list[tuple[typing.Any, bytes, list[bytes]]] = []
        self._running: tuple[typing.Any, bytes, list[bytes]] | None = None
        self._preparing: bytes | None = None
        self._is_stuck = False
        # By digest, the one used last at the end: wanted, (waiting, texts, outcomes), preparing, ready, (failed, why).
        self._contexts: dict[bytes, typing.Any] = {}
        self._progress = 0
        self._heartbeat, self._received, self._sent = 1.0, 0.0, 0.0
        self._pause, self._hello_at = PAUSE_FIRST, 0.0

    @property
    def deadline(self) -> float:
        """When `tick` is due."""
        return self._hello_at if self.phase == "introducing" else self._sent + self._heartbeat

    def handle(self, event: tuple[typing.Any, ...], now: float) -> Actions:
        """Decides."""
        actions: Actions = []
        if self.phase == "gone":
            return actions
        kind, rest = event[0], event[1:]
        if kind == "started":
            self._received = now
            self._introduce(now, actions)
        elif kind == "received":
            generation, body_kind, body, raw = rest
            self._receive(generation, body_kind, body, raw, now, actions)
        elif kind == "progressed":
            self._progress += 1
        elif kind == "prepared":
            digest, failure = rest
            self._preparing, self._is_stuck = None, False
            if digest in self._contexts:
                self._contexts[digest] = "ready" if failure is None else ("failed", failure)
            self._progress += 1
        elif kind == "computed":
            piece, answers, faults, times = rest
            if self._running and _key(self._running[0]) == _key(piece):
                self._running, self._is_stuck = None, False
            self._finish(piece, answers, faults, times, now, actions)
        elif kind == "drain":
            self._drain(now, actions)
        elif kind == "tick":
            self._tick(now, actions)
        self._start_next(now, actions)
        if self.phase == "draining" and not self._queue and not self._running:
            self._leave(None, actions)
        return actions

    def _receive(
        self, generation: int, kind: str, body: typing.Any, raw: list[bytes], now: float, actions: Actions
    ) -> None:
        self._received = now
        if kind == "welcome" and body.incarnation == self.incarnation:
            if generation != self.generation:
                self._queue.clear()  # a restarted coordinator lends it again
            self.generation = generation
            if 1 <= body.heartbeat_ms <= 3_600_000:
                self._heartbeat = body.heartbeat_ms / 1000
            if self.phase == "introducing":
                self.phase = "registered"
            self._beat(now, actions)
        elif kind == "refused":
            self.phase = "gone"
            actions.append(("exit", f"refused by the coordinator: {body.message}"))
        elif kind == "drain":
            self._drain(now, actions)
        elif kind == "who_are_you":
            if self.phase == "draining":
                self._queue.clear()
            else:
                self._introduce(now, actions)
        elif kind == "dismissed" and body.incarnation == self.incarnation:
            self.incarnation = self._random.getrandbits(64)
            self._queue.clear()
            self._is_stuck = self._running is not None or self._preparing is not None
            if self.phase != "draining":
                self._introduce(now, actions)
        elif kind == "context":
            self._receive_context(body, raw, actions)
        elif kind == "shard":
            self._receive_shard(body, raw, actions)

    def _receive_context(self, body: typing.Any, raw: list[bytes], actions: Actions) -> None:
        digest = bytes(body.digest)
        if self._contexts.get(digest, "wanted") != "wanted":
            return
        rows = wire.texts(body.rows, raw[0], raw[1])
        outcomes = wire.outcomes(body.rows, raw[2])
        if wire.context_digest(rows, outcomes) == digest:
            self._keep(digest, ("waiting", rows, outcomes), actions)
        else:
            self._keep(digest, ("failed", "the context's rows and digest do not match"), actions)

    def _receive_shard(self, body: typing.Any, raw: list[bytes], actions: Actions) -> None:
        piece, digest = body.piece, bytes(body.context)
        texts = wire.texts(piece.rows, raw[0], raw[1])
        held = [h[0] for h in ([self._running] if self._running else []) + self._queue]
        if any(_key(piece) == _key(other) for other in held):
            return
        reason = 2 if self.phase == "draining" else 1 if len(self._queue) >= PIECES else 0
        if reason:
            actions.append(("send", "shard_returned", wire.message("ShardReturned", piece=piece, reason=reason)))
            return
        self._queue.append((piece, digest, texts))
        self._keep(digest, self._contexts.get(digest, "wanted"), actions)
        if self._contexts[digest] == "wanted":
            actions.append(("send", "context_wanted", wire.message("ContextWanted", digest=digest)))

    # Work

    def _start_next(self, now: float, actions: Actions) -> None:
        if self._preparing or self._running or self.phase == "gone":
            return
        for digest, phase in self._contexts.items():
            if isinstance(phase, tuple) and phase[0] == "waiting":
                self._preparing, self._contexts[digest] = digest, "preparing"
                actions.append(("prepare", digest, phase[1], phase[2]))
                return
        while self._queue:
            piece, digest, texts = self._queue[0]
            phase = self._contexts.get(digest)
            if phase == "ready":
                self._running = self._queue.pop(0)
                actions.append(("score", piece, digest, texts))
                return
            if not (isinstance(phase, tuple) and phase[0] == "failed"):
                return
            self._queue.pop(0)
            faults = [(row, "context_failed", phase[1]) for row in range(piece.rows)]
            self._finish(piece, wire.NO_ANSWER * piece.rows, faults, (0, 0), now, actions)

    def _finish(
        self, piece: typing.Any, answers: bytes, faults: list[tuple[int, str, str]], times: tuple[int, int], now: float,
        actions: Actions,
    ) -> None:  # fmt: skip
        self._progress += 1
        self._sent = now
        spent = wire.message("StageTimes", embedded=min(times[0], 2**32 - 1), predicted=min(times[1], 2**32 - 1))
        body = wire.message("ShardResult", piece=piece, credit=self._grant(), progress=self._progress, times=spent)
        body.errors.extend(wire.faults(faults))
        actions.append(("send", "shard_result", body, answers))

    def _keep(self, digest: bytes, phase: typing.Any, actions: Actions) -> None:
        self._contexts.pop(digest, None)
        self._contexts[digest] = phase
        needed = {held[1] for held in self._queue} | {digest, self._preparing}
        if self._running:
            needed.add(self._running[1])
        for other in [d for d in self._contexts if d not in needed]:
            if len(self._contexts) <= CONTEXTS_MAX:
                break
            del self._contexts[other]
            actions.append(("forget", other))

    def _grant(self) -> typing.Any:
        if self.phase == "draining" or self._is_stuck:
            return wire.message("Credit")
        return wire.message("Credit", rows=self._credit[0], tokens=self._credit[1], pieces=PIECES)

    # Joining, heartbeats, leaving

    def _introduce(self, now: float, actions: Actions) -> None:
        self._pause = min(2 * self._pause, PAUSE_MAX) if self.phase == "introducing" and self._sent else PAUSE_FIRST
        self.phase = "introducing"
        self._hello_at = now + self._pause * self._random.uniform(0.75, 1.25)
        self._sent = now
        hello = wire.message(
            "Hello", role=1, protocol=1, name=self._name, incarnation=self.incarnation, fingerprint=self._fingerprint,
            credit=self._grant(),
        )  # fmt: skip
        actions.append(("send", "hello", hello))

    def _beat(self, now: float, actions: Actions) -> None:
        self._sent = now
        held = [h[0] for h in ([self._running] if self._running else []) + self._queue]
        body = wire.message(
            "Heartbeat", incarnation=self.incarnation, credit=self._grant(), progress=self._progress, held=held[:64]
        )
        actions.append(("send", "heartbeat", body))

    def _tick(self, now: float, actions: Actions) -> None:
        if now - self._received >= self._abandon:
            self.phase = "gone"
            actions.append(("exit", f"no message from a coordinator for {now - self._received:.0f} s; check --connect"))
        elif self.phase == "introducing":
            if now >= self._hello_at:
                self._introduce(now, actions)
        elif now - self._sent >= self._heartbeat:
            self._beat(now, actions)
            for digest, phase in self._contexts.items():
                if phase == "wanted":  # its message was lost
                    actions.append(("send", "context_wanted", wire.message("ContextWanted", digest=digest)))

    def _drain(self, now: float, actions: Actions) -> None:
        if self.phase == "draining":
            return
        self.phase = "draining"
        actions.append(("send", "drain", wire.message("Drain")))
        for piece, _, _ in self._queue:
            actions.append(("send", "shard_returned", wire.message("ShardReturned", piece=piece, reason=2)))
        self._queue.clear()

    def _leave(self, reason: str | None, actions: Actions) -> None:
        self.phase = "gone"
        actions.append(("send", "bye", wire.message("Bye")))
        actions.append(("exit", reason))
