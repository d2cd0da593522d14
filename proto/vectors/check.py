#!/usr/bin/env python3
"""Builds every vector by other means than Swift, and compares the bytes: python3 proto/vectors/check.py

Needs `pip install protobuf`, and grpcio-tools or Debian's protobuf-compiler (protoc); of this project it needs only
statezero.proto. Start from this file to write a client in another language: `envelope` makes frame 0, `texts`,
`outcomes` and `answers` make the raw frames.
"""

import hashlib
import importlib.util
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

VECTORS = pathlib.Path(__file__).resolve().parent
PROTO = VECTORS.parent


def compiler():
    """The command of the protobuf compiler."""
    if importlib.util.find_spec("grpc_tools"):
        return [sys.executable, "-m", "grpc_tools.protoc"]
    if shutil.which("protoc"):
        return ["protoc"]
    sys.exit("check: there is neither grpcio-tools (pip install grpcio-tools) nor protoc")


def schema():
    """The message classes of statezero.proto, without generated code."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "set.pb"
        subprocess.run(
            [*compiler(), f"--proto_path={PROTO}", f"--descriptor_set_out={path}", "statezero.proto"], check=True
        )
        files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    names = ("Envelope", "RowRanges")
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(f"statezero.v1.{name}")) for name in names]


Envelope, RowRanges = schema()


def envelope(generation, **body):
    return b"SZ01" + Envelope(generation=generation, **body).SerializeToString(deterministic=True)


def texts(*rows):
    data = [row.encode() for row in rows]
    return [struct.pack(f"<{len(data)}I", *map(len, data)), b"".join(data)]


def outcomes(*rows):
    return b"".join(struct.pack("<dI", reward, n) for reward, n in rows)


def answers(*rows):
    return b"".join(struct.pack("<4fI", *row) if row else bytes(20) for row in rows)


def context_digest(rows):
    digest = hashlib.sha256()
    for text, reward, n in rows:
        data = text.encode()
        digest.update(struct.pack("<Q", len(data)) + data + struct.pack("<dQ", reward, n))
    return digest.digest()


def side_digest(schema, rows, pool):
    """What a context's digest covers behind its rows: the schema, the rows' side information, the pool."""
    data = struct.pack("<4I", *(len(part) for part in schema))
    references, numbers, categories, _ = schema
    for name, kind in references:
        data += struct.pack("<I", len(name)) + name.encode() + bytes([kind])
    for name in numbers + categories:
        data += struct.pack("<I", len(name)) + name.encode()
    for row in rows:
        data += side_row(*row)
    for text, row in pool:
        data += struct.pack("<Q", len(text.encode())) + text.encode() + side_row(*row)
    return data


def side_row(references=(), numbers=(), codes=(), place=0):
    """One row under the digest. References are (index, reward, n); no vectors."""
    data = struct.pack("<I", len(references)) + b"".join(struct.pack("<IdQ", *entry) for entry in references)
    data += struct.pack(f"<I{len(numbers)}f", len(numbers), *numbers) + struct.pack("<I", 0)
    return data + struct.pack(f"<I{len(codes)}I", len(codes), *codes) + struct.pack("<Q", place)


def side_frame(sizes, *records):
    """A side frame: numbers, categories and vector columns of a row; record lengths; records."""
    return struct.pack(f"<3I{len(records)}I", *sizes, *map(len, records)) + b"".join(records)


def code(category):
    return int.from_bytes(hashlib.sha256(category.encode()).digest()[4:8], "big")


JOB = bytes.fromhex("00112233445566778899aabbccddeeff")
INCARNATION = 0x0123456789ABCDEF
MODEL = {"name": "all-MiniLM-L6-v2+gp/f32", "digest": hashlib.sha256(b"model").digest()}
CREDIT = {"rows": 4096, "tokens": 65536}
PIECE = {"job": JOB, "shard": 7, "first_row": 1, "rows": 2, "attempt": 3}
CONTEXT = [("What is 2 + 2?", 1.0, 8), ("Prove Fermat's last theorem.", 0.125, 8)]
CONTEXT_FRAMES = texts(*(row[0] for row in CONTEXT)) + [outcomes(*(row[1:] for row in CONTEXT))]
DIGEST = context_digest(CONTEXT)
TEXTS = ["Spell: cat", "Zähle bis drei.", ""]
AFFINITY = int.from_bytes(hashlib.sha256("".join(TEXTS).encode()).digest()[:8], "big")
SIDE = {
    "references": [{"name": "pythia-1b", "kind": 1}, {"name": "smollm2-135m", "kind": 2}],
    "numbers": ["level"],
    "categories": ["subject"],
}
SIDE_DIGEST = hashlib.sha256(
    b"".join(
        struct.pack("<Q", len(text.encode())) + text.encode() + struct.pack("<dQ", reward, n)
        for text, reward, n in CONTEXT
    )
    + side_digest(
        ([("pythia-1b", 0), ("smollm2-135m", 1)], ["level"], ["subject"], []),
        [([(0, 0.75, 4)], [2.0], [code("algebra")], 1), ()],
        [(CONTEXT[0][0], ([(0, 0.75, 4)],))],
    )
).digest()
# Reference 0 as counts (the highest bit): n 4, k 3.
SOLVED = struct.pack("<BII", 0x80, 4, 3)
PLAN = {"policy": "smollm2-135m", "step": 41}
ASSIGNMENT = {"plan": PLAN, "index": 1, "attempt": 3 << 32 | 9}
CHOICE = {"rows": 256, "selection": 2, "seed": 5}
BUDGETS = [4, 12]
GROUP = {
    "plan": PLAN,
    "index": 1,
    "prompt_id": "p-2",
    "rewards": [1, 0, 0, 1],
    "advantages": [0.5, -0.5, -0.5, 0.5],
    "baseline": 0.5,
    "failed": 1,
    "reason": "settled",
}
PREDICTION = (0.75, 12, 0.5, 0.9375, 1)
POINT = (0, float("inf"), 0, 0, 0)
FAULT = {"code": "embedding_failed", "message": "a value is not a number"}

# Files that show a body as another role says it, or with side information.
VARIANTS = {
    "hello-trainer": "hello",
    "hello-rollout": "hello",
    "heartbeat-rollout": "heartbeat",
    "context-side": "context",
    "submit-shard-side": "submit_shard",
    "submit-shard-ranges": "submit_shard",
}

# Enumerations by number: 1 worker, 3 trainer, 4 rollout, 1 protocol, 2 draining, 2 capacity; 1 active, 2 workers,
# 1 uniform (fallback), 2 recent; 2 conflict; 1 ok; 1 recorded; 2 program died.
EXPECTED = {
    "hello": [
        envelope(
            0,
            hello={
                "role": 1,
                "protocol": 1,
                "name": "worker-1",
                "incarnation": INCARNATION,
                "fingerprint": MODEL,
                "credit": CREDIT,
            },
        )
    ],
    "welcome": [
        envelope(3, welcome={"incarnation": INCARNATION, "heartbeat_ms": 1000, "lease_ms": 30000, "fingerprint": MODEL})
    ],
    "refused": [envelope(3, refused={"reason": 1, "message": "this coordinator speaks protocol 1, you speak 2"})],
    "who-are-you": [envelope(3, who_are_you={})],
    "dismissed": [envelope(3, dismissed={"incarnation": INCARNATION})],
    "heartbeat": [
        envelope(3, heartbeat={"incarnation": INCARNATION, "credit": CREDIT, "progress": 42, "held": [PIECE]})
    ],
    "cluster-status": [envelope(3, cluster_status={"workers": 2, "shards_pending": 12, "shards_leased": 4})],
    "drain": [envelope(3, drain={})],
    "bye": [envelope(3, bye={})],
    "context": [envelope(3, context={"digest": DIGEST, "rows": 2})] + CONTEXT_FRAMES,
    "context-wanted": [envelope(3, context_wanted={"digest": DIGEST})],
    "shard": [envelope(3, shard={"piece": PIECE, "context": DIGEST})] + texts(*TEXTS[1:]),
    "shard-result": [
        envelope(
            3,
            shard_result={
                "piece": PIECE,
                "errors": [{"row": 1, **FAULT}],
                "credit": CREDIT,
                "progress": 43,
                "times": {"queued": 1000, "embedded": 250000, "predicted": 3000},
            },
        ),
        answers(PREDICTION, None),
    ],
    "shard-returned": [envelope(3, shard_returned={"piece": PIECE, "reason": 2})],
    "submit-job": [
        envelope(
            3,
            submit_job={
                "job": JOB,
                "policy": "smollm2-135m",
                "policy_version": 0,
                "context": DIGEST,
                "context_rows": 2,
                "fingerprint": MODEL["digest"],
                "confirmed_below": 5,
            },
        )
    ]
    + CONTEXT_FRAMES,
    "job-accepted": [
        envelope(3, job_accepted={"job": JOB, "window_rows": 131072, "window_tokens": 16000000, "held": [5, 7, 300]})
    ],
    "job-refused": [envelope(3, job_refused={"job": JOB, "reason": 2, "message": "this coordinator has its 64 jobs"})],
    "submit-shard": [envelope(3, submit_shard={"job": JOB, "shard": 7, "rows": 3, "tokens": 12, "affinity": AFFINITY})]
    + texts(*TEXTS),
    "shard-answer": [
        envelope(
            3,
            shard_answer={
                "job": JOB,
                "shard": 7,
                "rows": 3,
                "errors": [{"row": 2, **FAULT}],
                "sources": [
                    {"rows": 3, "worker": {"name": "worker-1"}, "verified_by": [{"name": "worker-2", "key": "second"}]}
                ],
            },
        ),
        answers(PREDICTION, POINT, None),
    ],
    "context-side": [envelope(3, context={"digest": SIDE_DIGEST, "rows": 2, "pool_rows": 1, "side": SIDE})]
    + texts(*(row[0] for row in CONTEXT), CONTEXT[0][0])
    + [
        CONTEXT_FRAMES[2],
        side_frame(
            (1, 1, 0),
            struct.pack("<IBB", 1, 3, 1) + SOLVED + struct.pack("<fI", 2.0, code("algebra")),
            b"",
            struct.pack("<IBB", 0, 0, 1) + SOLVED,
        ),
    ],
    "submit-shard-side": [
        envelope(3, submit_shard={"job": JOB, "shard": 7, "rows": 3, "tokens": 12, "affinity": AFFINITY, "side": True})
    ]
    + texts(*TEXTS)
    + [
        side_frame(
            (1, 1, 0),
            struct.pack("<IBB", 0, 0, 2) + struct.pack("<BId", 0, 1, 0.3) + struct.pack("<BII", 0x81, 8, 1),
            b"",
            struct.pack("<IBB", 0, 3, 0) + struct.pack("<II", 0x7FC00000, 0),
        )
    ],
    "submit-shard-ranges": [
        envelope(
            3, submit_shard={"job": JOB, "shard": 7, "rows": 3, "tokens": 12, "affinity": AFFINITY, "ranges": True}
        ),
        RowRanges(
            files=[
                {"path": "/data/a.jsonl", "kind": 1, "bytes": 120, "modified": 1_700_000_000_000_000_000},
                {"path": "s3://bucket/b.parquet", "kind": 2, "bytes": 4000, "tag": '"5d41"'},
            ],
            ranges=[{"first_row": 2, "rows": 2, "start": 30, "end": 100}, {"file": 1, "first_row": 1, "rows": 1}],
            keys={"prompt": "question", "drops_answer": True},
            digest=hashlib.sha256(b"".join(texts(*TEXTS))).digest(),
        ).SerializeToString(deterministic=True),
    ],
    "confirm": [envelope(3, confirm={"job": JOB, "below": 8})],
    "close-job": [envelope(3, close_job={"job": JOB})],
    "job-closed": [envelope(3, job_closed={"job": JOB})],
    "hello-trainer": [envelope(0, hello={"role": 3, "protocol": 1, "name": "trainer-1", "incarnation": INCARNATION})],
    "hello-rollout": [
        envelope(
            0,
            hello={
                "role": 4,
                "protocol": 1,
                "name": "rollout-1",
                "incarnation": INCARNATION,
                "credit": {"rows": 8, "tokens": 64},
            },
        )
    ],
    "heartbeat-rollout": [
        envelope(
            3,
            heartbeat={
                "incarnation": INCARNATION,
                "credit": {"rows": 8, "tokens": 64},
                "progress": 17,
                "assignments": [ASSIGNMENT],
            },
        )
    ],
    "request-plan": [
        envelope(
            3,
            request_plan={
                "plan": PLAN,
                "policy_version": 40,
                "total": 16,
                "reserve": 4,
                "n_min": 4,
                "n_max": 32,
                "multiple_of": 4,
                "group_sizes": [4, 8, 12],
                "objective": "expectedContrast",
                "explore": 0.125,
                "deadline_ms": 2000,
                "fallback": 1,
                "mode": 1,
                "delivery": 2,
                "context": CHOICE,
                "record_decay": 0.5,
                "reward_low": 0,
                "reward_high": 1,
                "failure_floor": True,
                "group_survival": 0.75,
                "look_ahead": 0.00390625,
                "look_ahead_most": 16,
                "candidates": [{"prompt_id": "p-1", "n_max": 8}, {"prompt_id": "p-2"}],
                "outcomes": [{"event_id": "e-1", "prompt_id": "p-1", "policy_version": 39, "mean": 0.25, "n": 8}],
            },
        )
    ]
    + texts("Spell: cat", "", "Spell: cat"),
    "request-refused": [
        envelope(3, request_refused={"plan": PLAN, "reason": 2, "message": "step 41 was planned for another request"})
    ],
    "budgets": [
        envelope(
            3,
            budgets={
                "plan": PLAN,
                "budgets": [
                    {
                        "index": 1,
                        "prompt_id": "p-2",
                        "n": 12,
                        "p": 0.5,
                        "kappa": 6,
                        "source": "model",
                        "reason": "price",
                    },
                    {"prompt_id": "p-1", "n": 4, "source": "fallback", "reason": "deadline"},
                ],
            },
        )
    ],
    "plan-end": [
        envelope(
            3,
            plan_end={
                "plan": PLAN,
                "plan_id": "0123456789abcdef",
                "status": 1,
                "prompts": 2,
                "total": 16,
                "reserve": 4,
                "utility": 1.75,
                "uniform_utility": 1.5,
                "upper_bound": 2,
                "price": 0.03125,
                "zero_groups": 0.5,
                "digest": hashlib.sha256(struct.pack("<2I", *BUDGETS)).digest(),
                "context_rows": 1,
                "staleness": 1,
                "warnings": ["1 outcomes were not recorded"],
            },
        )
    ],
    "follow-plan": [envelope(3, follow_plan={"plan": PLAN, "groups_after": 1})],
    "drop-plans": [
        envelope(
            3,
            drop_plans={"request": 11, "policy": PLAN["policy"], "from_step": 30, "attempt": 2, "keep_outcomes": True},
        )
    ],
    "plans-dropped": [envelope(3, plans_dropped={"request": 11, "plans": 3, "groups": 5, "outcomes": 7, "attempt": 2})],
    "group-done": [
        envelope(3, group_done={**GROUP, "number": 1, "references": ["shard-7:0", "shard-7:1", "", "shard-7:3"]})
    ],
    "assignment": [
        envelope(
            3, assignment={"name": ASSIGNMENT, "policy_version": 40, "prompt_id": "p-2", "n": 12, "lease_ms": 600000}
        )
    ]
    + texts("Zähle bis drei."),
    "rewards": [
        envelope(
            3, rewards={"name": ASSIGNMENT, "rewards": [1, 0.25], "failed": 1, "references": ["shard-7:0", "shard-7:1"]}
        )
    ],
    "rewards-recorded": [envelope(3, rewards_recorded={"name": ASSIGNMENT, "verdict": 1, "draw": 4})],
    "assignment-returned": [envelope(3, assignment_returned={"name": ASSIGNMENT, "reason": 2})],
    "report-outcomes": [
        envelope(
            3,
            report_outcomes={
                "request": 77,
                "policy": "smollm2-135m",
                "reward_low": -1,
                "reward_high": 1,
                "outcomes": [
                    {"event_id": "e-2", "prompt_id": "p-2", "step": 41, "rewards": [1, -1, -1, 1], "failed": 1},
                    {"event_id": "e-3", "prompt_id": "p-3", "policy_version": 39, "mean": 0.5, "n": 8},
                ],
            },
        )
    ]
    + texts("", "Zähle bis drei."),
    "outcomes-recorded": [
        envelope(
            3,
            outcomes_recorded={
                "request": 77,
                "accepted": 1,
                "duplicates": 2,
                "rejected": [
                    {"index": 3, "event_id": "e-3", "code": "unknown_prompt", "message": "send the text of p-3"}
                ],
                # The plan is the report's own, so the group carries an empty name.
                "decisions": [{"draw": 4}, {"index": 1, "done": {**GROUP, "plan": {}}}],
                "more": True,
            },
        )
    ],
    "request-scores": [
        envelope(
            3,
            request_scores={
                "request": 78,
                "policy": "smollm2-135m",
                "policy_version": 40,
                "rows": 1,
                "context_rows": 2,
                "context": CHOICE,
                "deadline_ms": 10000,
            },
        )
    ]
    + texts("Spell: cat", *(row[0] for row in CONTEXT))
    + [outcomes(*(row[1:] for row in CONTEXT))],
    "scores": [
        envelope(
            3,
            scores={
                "request": 78,
                "rows": 2,
                "context": DIGEST,
                "context_rows": 2,
                "fingerprint": MODEL,
                "errors": [{"row": 1, **FAULT}],
            },
        ),
        answers(PREDICTION, None),
    ],
}


def frames(path):
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [bytes.fromhex(line) for line in lines if not line.startswith("#")]


def main():
    wrong = 0
    found = {path.stem: frames(path) for path in sorted(VECTORS.glob("*.txt"))}
    bodies = {field.name for field in Envelope.DESCRIPTOR.oneofs_by_name["body"].fields}
    for name in sorted(found.keys() | EXPECTED.keys() | {body.replace("_", "-") for body in bodies}):
        if name not in found or name not in EXPECTED:
            print(f"{name}: no {'file' if name not in found else 'expectation'}")
            wrong += 1
        elif found[name] != EXPECTED[name]:
            wrong += 1
            for index, (have, want) in enumerate(zip(found[name], EXPECTED[name])):
                if have != want:
                    print(f"{name}: frame {index} is\n  {have.hex()}\nexpected\n  {want.hex()}")
            if len(found[name]) != len(EXPECTED[name]):
                print(f"{name}: {len(found[name])} frames, expected {len(EXPECTED[name])}")
        elif Envelope.FromString(found[name][0][4:]).WhichOneof("body") != VARIANTS.get(name, name.replace("-", "_")):
            print(f"{name}: the body is another one")
            wrong += 1
    size = sum(len(frame) for vector in found.values() for frame in vector)
    print(f"{len(found)} vectors, {sum(map(len, found.values()))} frames, {size} bytes, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
