#!/usr/bin/env python3
"""A trainer over ZeroMQ, in Python: asks for a plan and takes its budgets while they stream in, makes up rewards, reports
them, and asks for the next step. An example to read and to start from; `statezero_client.py` is the easier way.

    pip install pyzmq protobuf
    scripts/clients/generate-pb2                    # writes scripts/clients/statezero_pb2.py from proto/statezero.proto
    statezero coordinator --bind tcp://127.0.0.1:5570 &
    statezero worker --connect tcp://127.0.0.1:5570 --model table &
    scripts/clients/zmq_example.py tcp://127.0.0.1:5570

The wire is told in proto/PROTOCOL.md: a message is the frame "SZ01" + Envelope, and raw frames behind it.
"""

import hashlib
import random
import struct
import sys
import time

try:
    import zmq
except ImportError:
    sys.exit("zmq_example: pyzmq is not installed; pip install pyzmq protobuf")
try:
    import statezero_pb2 as wire
except ImportError:
    sys.exit("zmq_example: statezero_pb2.py is not there; run scripts/clients/generate-pb2 (and pip install protobuf)")

MAGIC = b"SZ01"


class Trainer:
    """One DEALER socket. Every wait has an end."""

    def __init__(self, endpoint, timeout=10.0):
        self.timeout = timeout
        self.generation = 0
        self.incarnation = random.getrandbits(64)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.MAXMSGSIZE, 64 << 20)
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

    def hear(self, until):
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
            if kind == "who_are_you":  # the coordinator was restarted: say who this is, and ask again
                self.hello()
                raise ConnectionResetError("the coordinator has a new life")
            return kind, getattr(envelope, kind)

    def ask(self, kind, body, texts, hear):
        """Says something until it is answered: `hear(kind, body)` is called with each message, and is true at the last."""
        until = time.monotonic() + self.timeout
        encoded = [text.encode() for text in texts]
        raw = [b"".join(struct.pack("<I", len(text)) for text in encoded), b"".join(encoded)]
        while True:
            self.send(kind, body, *raw)
            try:
                while not hear(*self.hear(until)):
                    pass
                return
            except ConnectionResetError:
                pass  # asked again, a plan is told again, and outcomes count once

    def join(self):
        self.hello()
        until = time.monotonic() + self.timeout
        while True:
            kind, body = self.hear(until)
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

        def hear(kind, body):
            if kind == "request_refused":
                sys.exit("zmq_example: step %d is refused: %s" % (step, body.message))
            if kind == "budgets" and body.plan == name:
                # They may be worked on from here on; a later one for the same prompt tops it up.
                budgets.update((budget.prompt_id, budget.n) for budget in body.budgets)
            if kind == "plan_end" and body.plan == name:
                ends.append(body)
            return bool(ends)

        self.ask("request_plan", request, [text for _, text in prompts], hear)
        counts = [budgets.get(prompt_id, 0) for prompt_id, _ in prompts]
        digest = hashlib.sha256(b"".join(struct.pack("<I", n) for n in counts)).digest()
        if digest != ends[0].digest or sum(counts) != ends[0].total:
            raise RuntimeError("budgets of step %d are missing" % step)
        return budgets, ends[0]

    def report(self, policy, step, rewards):
        """Tells rewards by prompt id; what became of them."""
        request = random.getrandbits(63)
        outcomes = [
            wire.GroupOutcome(event_id="%d/%s" % (step, prompt_id), prompt_id=prompt_id, step=step, rewards=values)
            for prompt_id, values in rewards.items()
        ]
        body = wire.ReportOutcomes(request=request, policy=policy, reward_low=0, reward_high=1, outcomes=outcomes)
        answers = []

        def hear(kind, body):
            if kind == "request_refused":
                sys.exit(f"zmq_example: the report is refused: {body.message}")
            if kind == "outcomes_recorded" and body.request == request:
                answers.append(body)
            return bool(answers)

        # Texts were told with the plan, so they are empty here.
        self.ask("report_outcomes", body, [""] * len(outcomes), hear)
        return answers[0]

    def leave(self):
        self.send("bye", wire.Bye())
        self.socket.close(linger=1000)


def main():
    endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5570"
    prompts = [("p%02d" % index, "What is %d times %d?" % (index, 7 + index)) for index in range(32)]
    trainer = Trainer(endpoint)
    welcome = trainer.join()
    print("welcome: model %s" % (welcome.fingerprint.name or "(no worker yet)"))
    chance = random.Random(0)
    for step in range(3):
        budgets, end = trainer.plan("zmq-example", step, 256, prompts)
        sizes = sorted(budgets.values())
        print(
            "step %d: %s, %d rollouts over %d prompts, %d to %d each, utility %.2f (uniform %.2f)"
            % (
                step,
                wire.PlanEnd.Status.Name(end.status).split("_")[1].lower(),
                end.total,
                end.prompts,
                sizes[0],
                sizes[-1],
                end.utility,
                end.uniform_utility,
            )
        )
        # In earnest these are rollouts: the harder half never succeeds here.
        rewards = {
            prompt_id: [float(index < 16 and chance.random() < 0.5) for _ in range(budgets[prompt_id])]
            for index, (prompt_id, _) in enumerate(prompts)
        }
        recorded = trainer.report("zmq-example", step, rewards)
        print(
            "        %d outcomes recorded, %d groups done"
            % (recorded.accepted, sum(1 for decision in recorded.decisions if decision.HasField("done")))
        )
    trainer.leave()


if __name__ == "__main__":
    main()
