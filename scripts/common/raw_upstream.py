"""An upstream on loopback that answers with bytes of the caller's choice: broken HTTP, silence, a cut stream."""

import asyncio
import threading


def ok(body: str, kind: str = "application/json") -> bytes:
    """An answer with status 200 and its length."""
    data = body.encode()
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


def status(code: int, headers: str = "") -> bytes:
    """A status without a body."""
    return f"HTTP/1.1 {code} Status\r\n{headers}Content-Length: 0\r\n\r\n".encode()


def stream_head() -> bytes:
    """The head of a stream in chunks."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text: str) -> bytes:
    """One chunk; the empty text is the last one."""
    return f"{len(text.encode()):x}\r\n{text}\r\n".encode()


class RawUpstream:
    """Listens on a free port in a thread of its own.

    `answer` is a coroutine function of the request's number, its body and the writer; when it returns True the
    connection is closed.
    """

    def __init__(self, answer):
        self.answer = answer
        self.requests = 0
        self.open = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait(30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)

        async def start():
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=2048)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()

        self._loop.create_task(start())
        self._loop.run_forever()

    async def _serve(self, reader, writer):
        self.open += 1
        try:
            while True:
                body = await self._read(reader)
                self.requests += 1
                # A client that closes ends an answer that waits.
                work = asyncio.ensure_future(self.answer(self.requests, body, writer))
                gone = asyncio.ensure_future(reader.read(1))
                await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
                # A connection that is reset fails both; what matters here is that it has ended.
                for task in (work, gone):
                    task.add_done_callback(lambda task: task.cancelled() or task.exception())
                if not work.done():
                    work.cancel()
                    break
                if gone.done():
                    break
                gone.cancel()
                # The reader is free once the cancelled read has ended.
                await asyncio.wait([gone])
                if work.result():
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    @staticmethod
    async def _read(reader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        return await reader.readexactly(length)
