"""Raw ZMTP connections without libzmq: peers that send what libzmq would never send. NULL, and CURVE with libsodium.

RFC 23 (ZMTP 3.1) and RFC 26 (CurveZMQ) at https://rfc.zeromq.org.
"""

import ctypes
import ctypes.util
import functools
import os
import pathlib
import re
import socket
import struct
from dataclasses import dataclass

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
MORE, LARGE, COMMAND = 1, 2, 4


def z85(text: str) -> bytes:
    """Decodes Z85 (RFC 32)."""
    result = b""
    for begin in range(0, len(text), 5):
        number = 0
        for letter in text[begin : begin + 5]:
            number = number * 85 + Z85.index(letter)
        result += struct.pack(">I", number)
    return result


@dataclass
class Key:
    """The secret key file that `statezero keys new` writes."""

    public: bytes
    secret: bytes
    server: bytes

    @classmethod
    def read(cls, path: pathlib.Path) -> "Key":
        """Reads a file."""
        found = dict(re.findall(r'(public-key|secret-key|server-key) = "(.{40})"', path.read_text(encoding="utf-8")))
        return cls(z85(found["public-key"]), z85(found["secret-key"]), z85(found["server-key"]))


@functools.cache
def sodium() -> ctypes.CDLL:
    """The library that libzmq itself encrypts with."""
    name = ctypes.util.find_library("sodium")
    if name is None:
        raise SystemExit("raw: libsodium is not installed (Debian: libsodium23)")
    library = ctypes.CDLL(name)
    library.sodium_init()
    return library


def shared(public: bytes, secret: bytes) -> bytes:
    """The key that two key pairs share."""
    result = ctypes.create_string_buffer(32)
    if sodium().crypto_box_beforenm(result, public, secret) != 0:
        raise ValueError("a public key is not valid")
    return result.raw


def seal(text: bytes, nonce: bytes, key: bytes) -> bytes:
    """Encrypts under a shared key: 16 bytes longer."""
    result = ctypes.create_string_buffer(len(text) + 16)
    sodium().crypto_box_easy_afternm(result, text, ctypes.c_ulonglong(len(text)), nonce, key)
    return result.raw


def unseal(box: bytes, nonce: bytes, key: bytes) -> bytes:
    """Decrypts under a shared key. Raises ConnectionError where the box is not of that key."""
    result = ctypes.create_string_buffer(len(box) - 16)
    if sodium().crypto_box_open_easy_afternm(result, box, ctypes.c_ulonglong(len(box)), nonce, key) != 0:
        raise ConnectionError("a box of another key")
    return result.raw


def frame(body: bytes, flags: int = 0) -> bytes:
    """A ZMTP frame."""
    if len(body) > 255:
        return bytes([flags | LARGE]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


def properties(identity: bytes) -> bytes:
    """The properties of a DEALER."""
    pairs = [(b"Socket-Type", b"DEALER"), (b"Identity", identity)]
    return b"".join(bytes([len(name)]) + name + struct.pack(">I", len(value)) + value for name, value in pairs)


class Connection:
    """A connection after its handshake. Every call ends within `timeout` seconds, or raises OSError."""

    def __init__(self, port: int, key: Key | None = None, identity: bytes = b"", timeout: float = 5):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.key, self.count = b"", 0
        mechanism = b"CURVE" if key else b"NULL"
        self.socket.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32))
        self.read(64)
        if key:
            self.curve(key, identity)
        else:
            self.socket.sendall(frame(b"\x05READY" + properties(identity), COMMAND))

    def read(self, count: int) -> bytes:
        """Exactly so many bytes."""
        result = b""
        while len(result) < count:
            part = self.socket.recv(count - len(result))
            if not part:
                raise ConnectionError("the other end has closed the connection")
            result += part
        return result

    def read_frame(self) -> bytes:
        """The body of the next frame."""
        flags = self.read(1)[0]
        size = struct.unpack(">Q", self.read(8))[0] if flags & LARGE else self.read(1)[0]
        return self.read(size)

    def curve(self, key: Key, identity: bytes) -> None:
        """The handshake of CurveZMQ."""
        secret = os.urandom(32)
        public = ctypes.create_string_buffer(32)
        sodium().crypto_scalarmult_base(public, secret)
        short = struct.pack(">Q", 1)
        hello = seal(bytes(64), b"CurveZMQHELLO---" + short, shared(key.server, secret))
        self.socket.sendall(frame(b"\x05HELLO\x01\x00" + bytes(72) + public.raw + short + hello, COMMAND))
        welcome = self.read_frame()
        opened = unseal(welcome[24:], b"WELCOME-" + welcome[8:24], shared(key.server, secret))
        server, cookie = opened[:32], opened[32:]
        self.key = shared(server, secret)
        nonce = os.urandom(16)
        vouch = seal(public.raw + key.server, b"VOUCH---" + nonce, shared(server, key.secret))
        short = struct.pack(">Q", 2)
        box = seal(key.public + nonce + vouch + properties(identity), b"CurveZMQINITIATE" + short, self.key)
        self.socket.sendall(frame(b"\x08INITIATE" + cookie + short + box, COMMAND))
        if not self.read_frame().startswith(b"\x05READY"):
            raise ConnectionError("the key is not admitted")
        self.count = 3

    def encode(self, body: bytes, more: bool = False) -> bytes:
        """The bytes of one frame of a message. Encrypted, they can be sent once, in this order."""
        return self._encode(body, MORE if more else 0, int(more))

    def ping(self) -> bytes:
        """The bytes of a PING without a time limit (RFC 37)."""
        return self._encode(b"\x04PING\x00\x00", COMMAND, 2)

    def _encode(self, body: bytes, flags: int, inner: int) -> bytes:
        if not self.key:
            return frame(body, flags)
        short = struct.pack(">Q", self.count)
        self.count += 1
        return frame(b"\x07MESSAGE" + short + seal(bytes([inner]) + body, b"CurveZMQMESSAGEC" + short, self.key))

    def message(self, *bodies: bytes) -> bytes:
        """The bytes of a message."""
        return b"".join(self.encode(body, place + 1 < len(bodies)) for place, body in enumerate(bodies))

    def send(self, *bodies: bytes) -> None:
        """Sends a message."""
        self.socket.sendall(self.message(*bodies))

    def receive(self) -> bytes:
        """The next frame's body, opened."""
        body = self.read_frame()
        if not self.key:
            return body
        opened = unseal(body[16:], b"CurveZMQMESSAGES" + body[8:16], self.key)
        return opened[1:]
