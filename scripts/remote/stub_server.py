#!/usr/bin/env python3
"""An embeddings API without a model, to measure the client: every text gets a vector that its length decides.

    scripts/remote/stub_server.py [--port 0] [--width 384]

Prints its address. Answers base64 only. Half a thread of asyncio: thousands of requests a second.
"""

import argparse
import asyncio
import base64
import json
import random
import struct


def vectors(width: int, count: int = 997) -> list[str]:
    """Random vectors as base64 of Float32, seeded."""
    numbers = random.Random(5)
    rows = ([numbers.gauss(0, 1) for _ in range(width)] for _ in range(count))
    return [base64.b64encode(struct.pack(f"<{width}f", *row)).decode() for row in rows]


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests come one after the other."""

    def __init__(self, made: list[str]):
        self.made, self.buffer, self.transport = made, b"", None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].decode("latin-1")
            lines = head.lower().split("\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            self.answer(self.list_models() if head.startswith("GET") else self.embed(body))

    def list_models(self) -> str:
        return '{"object":"list","data":[{"id":"stub"}]}'

    def embed(self, body: bytes) -> str:
        texts = json.loads(body)["input"]
        rows = (
            f'{{"index":{index},"embedding":"{self.made[(31 * len(text) + sum(text[:8].encode())) % len(self.made)]}"}}'
            for index, text in enumerate(texts)
        )
        return f'{{"object":"list","data":[{",".join(rows)}],"model":"stub"}}'

    def answer(self, text: str) -> None:
        body = text.encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


async def serve(port: int, width: int) -> None:
    made = vectors(width)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(made), "127.0.0.1", port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--width", type=int, default=384)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.width))


if __name__ == "__main__":
    main()
