"""The worker's messages in bytes: frame 0 is "SZ01" and a protobuf Envelope, raw frames follow it.

The classes are made from `statezero.binpb`, the compiled description of proto/statezero.proto, so that any version of
the protobuf library reads it:

    python -m grpc_tools.protoc --proto_path=proto --descriptor_set_out=…/worker/statezero.binpb statezero.proto
"""

from __future__ import annotations

import hashlib
import pathlib
import struct
import typing

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

MAGIC = b"SZ01"
MESSAGE_MAX, HEADER_MAX, ROWS_MAX = 64 << 20, 4 << 20, 4096
LABEL_MAX, CODE_MAX, FAULT_BYTES = 4096, 64, 3 << 20
TRUNCATED, BASE_RATE = 1, 2
# Raw frames that a worker gets, by body; more than these is a message that cannot be read.
_FRAMES = {"context": 3, "shard": 2}


class WireError(Exception):
    """A message that cannot be read; it is dropped."""


def _schema() -> dict[str, typing.Any]:
    path = pathlib.Path(__file__).parent / "statezero.binpb"
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles(["statezero.proto"], pool)
    return {name.rsplit(".", 1)[1]: found for name, found in classes.items()}


_CLASSES = _schema()


def message(kind: str, /, **fields: typing.Any) -> typing.Any:
    """A protobuf message, by its name in proto/statezero.proto."""
    return _CLASSES[kind](**fields)


def encode(generation: int, kind: str, body: typing.Any, *raw: bytes) -> list[bytes]:
    """The frames of a message. `kind` is the body's field in the Envelope."""
    envelope = message("Envelope", generation=generation)
    getattr(envelope, kind).CopyFrom(body)
    return [MAGIC + envelope.SerializeToString(deterministic=True), *raw]


def decode(frames: list[bytes]) -> tuple[int, str, typing.Any, list[bytes]]:
    """(generation, kind, body, raw frames). Raises WireError with the reason."""
    header = frames[0] if frames else b""
    if header[:4] != MAGIC or len(header) > HEADER_MAX or sum(map(len, frames)) > MESSAGE_MAX:
        raise WireError(f"{len(frames)} frames, the first of {len(header)} bytes, are no message of SZ01")
    try:
        envelope = message("Envelope").FromString(header[4:])
    except Exception as error:
        raise WireError(f"the header cannot be read: {error}") from None
    kind = envelope.WhichOneof("body")
    if kind is None:
        raise WireError("the body is not known")
    body, raw = getattr(envelope, kind), frames[1:]
    if kind in _FRAMES and len(raw) != _FRAMES[kind]:
        raise WireError(f"{kind} has {len(raw)} raw frames instead of {_FRAMES[kind]}")
    return envelope.generation, kind, body, raw


def texts(count: int, lengths: bytes, joined: bytes) -> list[bytes]:
    """The texts of two raw frames, as bytes. Raises WireError."""
    if not 0 <= count <= ROWS_MAX or len(lengths) != 4 * count:
        raise WireError(f"{count} rows have {len(lengths)} bytes of lengths")
    sizes = struct.unpack(f"<{count}I", lengths)
    if sum(sizes) != len(joined):
        raise WireError(f"texts have {len(joined)} bytes instead of {sum(sizes)}")
    found, start = [], 0
    for size in sizes:
        found.append(joined[start : start + size])
        start += size
    return found


def outcomes(count: int, frame: bytes) -> list[tuple[float, int]]:
    """(mean reward, rollouts) by row. Raises WireError."""
    if len(frame) != 12 * count:
        raise WireError(f"{count} outcomes have {len(frame)} bytes")
    return [struct.unpack_from("<dI", frame, 12 * row) for row in range(count)]


def context_digest(rows: list[bytes], rewards: list[tuple[float, int]]) -> bytes:
    """The digest of a context set without side information."""
    digest = hashlib.sha256()
    for text, (reward, n) in zip(rows, rewards):
        digest.update(struct.pack("<Q", len(text)) + text + struct.pack("<dQ", reward, n))
    return digest.digest()


def answer(p: float, kappa: float, low: float, high: float, flags: int) -> bytes:
    """One record of the answers' frame."""
    return struct.pack("<ffffI", p, kappa, low, high, flags)


NO_ANSWER = bytes(20)


def faults(found: list[tuple[int, str, str]]) -> list[typing.Any]:
    """RowErrors of (row, code, message), cut to what a header may have."""
    share = max(1, FAULT_BYTES // max(1, len(found)))
    return [
        message("RowError", row=r, code=_cut(c, CODE_MAX), message=_cut(m, min(share, LABEL_MAX))) for r, c, m in found
    ]


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
