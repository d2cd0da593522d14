#!/usr/bin/env python3
"""A trainer over ZeroMQ, in Python: requests a plan, receives its budgets as they stream in, and reports rewards.

The rewards are made up. An example to read and to start from; `scripts/python` is the easier way.

    pip install pyzmq protobuf
    scripts/clients/generate-pb2                    # writes scripts/clients/statezero_pb2.py from proto/statezero.proto
    statezero coordinator --bind tcp://127.0.0.1:5570 &
    statezero worker --connect tcp://127.0.0.1:5570 --model table &
    scripts/clients/zmq_example.py tcp://127.0.0.1:5570 [KEY_FILE]

KEY_FILE is a secret key file of role trainer from `statezero keys new`, for a coordinator with --keys.
proto/PROTOCOL.md describes the wire: a message is the frame "SZ01" + Envelope, and raw frames after it.
"""

import hashlib
import random
import re
import struct
import sys
import time

try:
    import zmq
    import zmq.auth
except ImportError:
    sys.exit("zmq_example: pyzmq is not installed; pip install pyzmq protobuf")
try:
    import statezero_pb2 as wire
except ImportError:
    sys.exit("zmq_example: statezero_pb2.py is missing; run scripts/clients/generate-pb2 (and pip install protobuf)")

MAGIC = b"SZ01"


class Trainer:
    """One DEALER socket. Every wait has a timeout."""

    def __init__(self, endpoint, key=None, timeout=10.0):
        self.timeout = timeout
        self.generation = 0
        self.incarnation = random.getrandbits(64)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.MAXMSGSIZE, 64 << 20)
        if key:
            self.socket.curve_publickey, self.socket.curve_secretkey = zmq.auth.load_certificate(key)
            with open(key, encoding="utf-8") as file:
                server = re.search(r'server-key = "(.{40})"', file.read())
            self.socket.curve_serverkey = server.group(1).encode()
        self.socket.connect(endpoint)

    def send(self, kind, body, *raw):
        envelope = wire.Envelope(generation=self.generation)
        getattr(envelope, kind).CopyFrom(body)
        self.socket.send_multipart([MAGIC + envelope.SerializeToString(), *raw])

    def hello(self):
        self.send(
            "hello",
            wire.Hello(role=wire.Hello.ROLE_TRAINER, protocol=1, name="zmq_example", incarnation=self.incarnation),
        )

    def receive(self, until):
        """The next message as (kind, body), or raises TimeoutError."""
        while True:
            left = until - time.monotonic()
            if left <= 0 or not self.socket.poll(1000 * left):
                raise TimeoutError(f"no answer from the coordinator within {self.timeout:.0f} s")
            header, *_ = self.socket.recv_multipart()
            if header[:4] != MAGIC:
                continue
            envelope = wire.Envelope.FromString(header[4:])
            self.generation = envelope.generation
            kind = envelope.WhichOneof("body")
            if kind == "who_are_you":  # the coordinator was restarted: say hello and repeat the request
                self.hello()
                raise ConnectionResetError("the coordinator was restarted")
            return kind, getattr(envelope, kind)

    def request(self, kind, body, texts, receive):
        """Sends a message until it is answered. `receive(kind, body)` gets each message and is true at the last one."""
        until = time.monotonic() + self.timeout
        encoded = [text.encode() for text in texts]
        raw = [b"".join(struct.pack("<I", len(text)) for text in encoded), b"".join(encoded)]
        while True:
            self.send(kind, body, *raw)
            try:
                while not receive(*self.receive(until)):
                    pass
                return
            except ConnectionResetError:
                pass  # a repeated request gives the same plan, and outcomes count once

    def join(self):
        self.hello()
        until = time.monotonic() + self.timeout
        while True:
            kind, body = self.receive(until)
            if kind == "refused":
                sys.exit(f"zmq_example: refused: {body.message}")
            if kind == "welcome":
                return body

    def plan(self, policy, step, total, prompts):
        """Budgets by prompt id, and the plan's end. `prompts`: (prompt_id, text) pairs."""
        name = wire.PlanName(policy=policy, step=step)
        request = wire.RequestPlan(
            plan=name,
            total=total,
            n_min=4,
            n_max=32,
            multiple_of=1,
            objective="expectedContrast",
            deadline_ms=5000,
            fallback=wire.RequestPlan.FALLBACK_UNIFORM,
            mode=wire.RequestPlan.MODE_ACTIVE,
            delivery=wire.RequestPlan.DELIVERY_TRAINER,
            context=wire.ContextChoice(rows=256, selection=wire.ContextChoice.SELECTION_RECENT),
            record_decay=0.99,
            reward_low=0,
            reward_high=1,
            candidates=[wire.PlanCandidate(prompt_id=prompt_id) for prompt_id, _ in prompts],
        )
        budgets, ends = {}, []

        def receive(kind, body):
            if kind == "request_refused":
                sys.exit(f"zmq_example: step {step} is refused: {body.message}")
            if kind == "budgets" and body.plan == name:
                # Rollouts may start now. A later budget for the same prompt raises it.
                budgets.update((budget.prompt_id, budget.n) for budget in body.budgets)
            if kind == "plan_end" and body.plan == name:
                ends.append(body)
            return bool(ends)

        self.request("request_plan", request, [text for _, text in prompts], receive)
        counts = [budgets.get(prompt_id, 0) for prompt_id, _ in prompts]
        digest = hashlib.sha256(b"".join(struct.pack("<I", n) for n in counts)).digest()
        if digest != ends[0].digest or sum(counts) != ends[0].total:
            raise RuntimeError(f"budgets of step {step} are missing")
        return budgets, ends[0]

    def report(self, policy, step, rewards):
        """Reports rewards by prompt id; returns the answer."""
        request = random.getrandbits(63)
        outcomes = [
            wire.GroupOutcome(event_id=f"{step}/{prompt_id}", prompt_id=prompt_id, step=step, rewards=values)
            for prompt_id, values in rewards.items()
        ]
        body = wire.ReportOutcomes(request=request, policy=policy, reward_low=0, reward_high=1, outcomes=outcomes)
        answers = []

        def receive(kind, body):
            if kind == "request_refused":
                sys.exit(f"zmq_example: the report is refused: {body.message}")
            if kind == "outcomes_recorded" and body.request == request:
                answers.append(body)
            return bool(answers)

        # The plan has brought the texts, so they are empty here.
        self.request("report_outcomes", body, [""] * len(outcomes), receive)
        return answers[0]

    def leave(self):
        self.send("bye", wire.Bye())
        self.socket.close(linger=1000)


def main():
    endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5570"
    prompts = [(f"p{index:02d}", f"What is {index} times {7 + index}?") for index in range(32)]
    trainer = Trainer(endpoint, sys.argv[2] if len(sys.argv) > 2 else None)
    welcome = trainer.join()
    print(f"welcome: model {welcome.fingerprint.name or '(no worker yet)'}")
    chance = random.Random(0)
    for step in range(3):
        budgets, end = trainer.plan("zmq-example", step, 256, prompts)
        sizes = sorted(budgets.values())
        status = wire.PlanEnd.Status.Name(end.status).split("_")[1].lower()
        print(
            f"step {step}: {status}, {end.total} rollouts over {end.prompts} prompts, {sizes[0]} to {sizes[-1]} each, "
            f"utility {end.utility:.2f} (uniform {end.uniform_utility:.2f})"
        )
        # Real trainers roll out here. These rewards are made up: the harder half never succeeds.
        rewards = {
            prompt_id: [float(index < 16 and chance.random() < 0.5) for _ in range(budgets[prompt_id])]
            for index, (prompt_id, _) in enumerate(prompts)
        }
        recorded = trainer.report("zmq-example", step, rewards)
        done = sum(1 for decision in recorded.decisions if decision.HasField("done"))
        print(f"        {recorded.accepted} outcomes recorded, {done} groups done")
    trainer.leave()


if __name__ == "__main__":
    try:
        main()
    except TimeoutError as error:
        # Where keys are missing or wrong, the handshake fails again and again, and libzmq says nothing.
        sys.exit(f"zmq_example: {error}; a coordinator with --keys answers only who gives a KEY_FILE of its own")
