#!/usr/bin/env python3
"""Builds every vector by other means than Swift, and compares the bytes.

Needs Debian's protobuf-compiler (protoc) and `pip install protobuf`; nothing of this project but statezero.proto.
A client in another language can be written from this file: `envelope` makes frame 0, `texts`, `outcomes` and
`answers` the raw frames. Usage: python3 proto/vectors/check.py
"""

import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

VECTORS = pathlib.Path(__file__).resolve().parent
PROTO = VECTORS.parent


def schema():
    """The message classes of statezero.proto, without generated code."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "set.pb"
        subprocess.run(
            ["protoc", f"--proto_path={PROTO}", f"--descriptor_set_out={path}", "statezero.proto"], check=True
        )
        files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("statezero.v1.Envelope"))


Envelope = schema()


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
PREDICTION = (0.75, 12, 0.5, 0.9375, 1)
POINT = (0, float("inf"), 0, 0, 0)
FAULT = {"code": "embedding_failed", "message": "a value is not a number"}

# Enumerations by number: 1 worker, 1 protocol, 2 draining, 2 capacity.
EXPECTED = {
    "hello": [
        envelope(
            0,
            hello={
                "role": 1, "protocol": 1, "name": "worker-1", "incarnation": INCARNATION, "fingerprint": MODEL,
                "credit": CREDIT,
            },
        )
    ],
    "welcome": [
        envelope(
            3,
            welcome={
                "incarnation": INCARNATION, "heartbeat_ms": 1000, "lease_ms": 30000, "fingerprint": MODEL,
            },
        )
    ],
    "refused": [envelope(3, refused={"reason": 1, "message": "this coordinator speaks protocol 1, you speak 2"})],
    "who-are-you": [envelope(3, who_are_you={})],
    "dismissed": [envelope(3, dismissed={"incarnation": INCARNATION})],
    "heartbeat": [
        envelope(3, heartbeat={"incarnation": INCARNATION, "credit": CREDIT, "progress": 42, "in_hand": [PIECE]})
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
                "piece": PIECE, "errors": [{"row": 1, **FAULT}], "credit": CREDIT, "progress": 43,
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
                "job": JOB, "policy": "smollm2-135m", "policy_version": 0, "context": DIGEST, "context_rows": 2,
                "fingerprint": MODEL["digest"], "confirmed_below": 5,
            },
        )
    ]
    + CONTEXT_FRAMES,
    "job-accepted": [
        envelope(
            3, job_accepted={"job": JOB, "window_rows": 131072, "window_tokens": 16000000, "held": [5, 7, 300]}
        )
    ],
    "job-refused": [envelope(3, job_refused={"job": JOB, "reason": 2, "message": "this coordinator has its 64 jobs"})],
    "submit-shard": [
        envelope(3, submit_shard={"job": JOB, "shard": 7, "rows": 3, "tokens": 12, "affinity": AFFINITY})
    ]
    + texts(*TEXTS),
    "shard-answer": [
        envelope(3, shard_answer={"job": JOB, "shard": 7, "rows": 3, "errors": [{"row": 2, **FAULT}]}),
        answers(PREDICTION, POINT, None),
    ],
    "confirm": [envelope(3, confirm={"job": JOB, "below": 8})],
    "close-job": [envelope(3, close_job={"job": JOB})],
    "job-closed": [envelope(3, job_closed={"job": JOB})],
}


def frames(path):
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [bytes.fromhex(line) for line in lines if not line.startswith("#")]


def main():
    wrong = 0
    found = {path.stem: frames(path) for path in sorted(VECTORS.glob("*.txt"))}
    bodies = {name for name in (field.name for field in Envelope.DESCRIPTOR.oneofs_by_name["body"].fields)}
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
        elif Envelope.FromString(found[name][0][4:]).WhichOneof("body") != name.replace("-", "_"):
            print(f"{name}: the body is another one")
            wrong += 1
    size = sum(len(frame) for vector in found.values() for frame in vector)
    print(f"{len(found)} vectors, {sum(map(len, found.values()))} frames, {size} bytes, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
