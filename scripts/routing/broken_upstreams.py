"""Runs `statezero route serve` between the `openai` package and upstreams that are broken in sixteen ways.

    python3 -m venv .venv-routing
    .venv-routing/bin/pip install -r scripts/routing/requirements.txt
    .venv-routing/bin/python scripts/routing/broken_upstreams.py

The cheap model's upstream is broken, the expensive one works: the client must get an answer, or an error that its
package raises, and never half an answer in silence. Upstreams are raw sockets. Needs a release build; everything stays
on loopback.
"""

import asyncio
import email.utils
import json
import os
import pathlib
import signal
import socket
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, paths
from common.raw_upstream import RawUpstream, chunk, ok, status, stream_head
from common.router import Router

IDENTITY = {"id": "1", "created": 0, "model": "m"}
MESSAGE = {"role": "assistant", "content": "good"}
GOOD = json.dumps(
    IDENTITY | {"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}]}
)
CHUNK = IDENTITY | {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "good"}}]}
EVENT = f"data: {json.dumps(CHUNK)}\n\n"
ERROR = 'data: {"error":{"message":"no"}}\n\n'
DONE = "data: [DONE]\n\n"


def fleet(cheap, expensive):
    model = """
  - name: {name}
    price: {{flat: {price}}}
    history: {{files: [{history}]}}
    limits: {{concurrent: 2}}
    endpoint: {{url: "{url}", model: m, timeout_seconds: 0.5, idle_timeout_seconds: 0.5, total_timeout_seconds: 5}}
    cooldown_seconds: {cooldown}"""
    history = f"{paths.SAMPLE}/context.zero-shot-t0.8.jsonl.gz"
    return (
        "default: expensive\nrule: {weighted: 0}\nmodels:"
        + model.format(name="cheap", price=0.1, url=cheap.url, history=history, cooldown=0.001)
        + model.format(name="expensive", price=1, url=expensive.url, history=history, cooldown=0.001)
    )


async def works(_number, _body, writer):
    writer.write(ok(GOOD))


async def streams(_number, _body, writer):
    writer.write(stream_head() + chunk(EVENT) + chunk(DONE) + chunk(""))


def sends(data, close=False, stays=False):
    """An upstream that sends these bytes, and then closes, serves the next request, or is silent."""

    async def answer(_number, _body, writer):
        writer.write(data)
        await writer.drain()
        if stays:
            await asyncio.sleep(3600)
        return close

    return answer


# Name, what the cheap upstream does, whether the client asks for a stream, and what the client must see: a text, or an
# error.
CASES = [
    ("silence", sends(b"", stays=True), False, "good"),
    ("headers, then silence", sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", stays=True), False, "good"),
    ("200 with an error object", sends(ok('{"error":{"message":"out of memory"}}')), False, "good"),
    ("200 with HTML", sends(ok("<html>busy</html>", "text/html")), False, "good"),
    ("200 with broken JSON", sends(ok('{"choices":[{"mess')), False, "good"),
    ("nothing: the connection is closed", sends(b"", close=True), False, "good"),
    ("402", sends(status(402)), False, "good"),
    ("424", sends(status(424)), False, "good"),
    ("429", sends(status(429)), False, "good"),
    ("500", sends(status(500)), False, "good"),
    ("a stream whose first event is an error", sends(stream_head() + chunk(ERROR) + chunk("")), True, "good"),
    ("a stream without an event", sends(stream_head() + chunk("")), True, "good"),
    ("a stream that stalls", sends(stream_head() + chunk(EVENT), stays=True), True, "error"),
    ("a stream that is cut", sends(stream_head() + chunk(EVENT) + chunk('data: {"ch'), close=True), True, "error"),
    ("a stream without [DONE]", sends(stream_head() + chunk(EVENT) + chunk("")), True, "error"),
    ("[DONE], and the connection stays open", sends(stream_head() + chunk(EVENT + DONE), stays=True), True, "good"),
]


class Checks:
    failed = 0

    def check(self, what, holds, found):
        print(f"{'ok    ' if holds else 'FAILED'}  {what}: {found}", flush=True)
        self.failed += not holds


class Scene:
    """A router between two upstreams."""

    def __init__(self, cheap, expensive, program):
        self.cheap, self.expensive, self.program = RawUpstream(cheap), RawUpstream(expensive), program

    def __enter__(self):
        import openai

        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "fleet.yaml")
        with open(path, "w") as file:
            file.write(fleet(self.cheap, self.expensive))
        state = os.path.join(self.folder.name, "state")
        self.router = Router(path, state, "--model", "table", "--stop-seconds", "3", program=self.program)
        self.client = openai.OpenAI(base_url=self.router.url, api_key="none", max_retries=0, timeout=20)
        return self

    def __exit__(self, *_):
        self.router.__exit__()
        self.folder.cleanup()

    def ask(self, stream, model="statezero", prompt="a prompt"):
        """The text that the client got, or "error: " and the error's class."""
        import openai

        text = ""
        try:
            answer = self.client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": prompt}], stream=stream
            )
            if not stream:
                return answer.choices[0].message.content
            for event in answer:
                text += event.choices[0].delta.content or ""
            return text
        except openai.OpenAIError as error:
            return f"error: {type(error).__name__} {getattr(error, 'code', None)}"

    def metric(self, beginning):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.router.port}/metrics").read().decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(beginning))


def run(program):
    checks = Checks()
    for name, cheap, stream, wanted in CASES:
        with Scene(cheap, streams if stream else works, program) as scene:
            begin = time.monotonic()
            found = scene.ask(stream)
            seconds = time.monotonic() - begin
            held = scene.metric("statezero_route_upstream_inflight") + scene.metric("statezero_route_inflight")
            holds = (found.startswith("error") if wanted == "error" else found == wanted) and held == 0
            checks.check(name, holds, f"{found} after {seconds:.2f} s, {held:.0f} places held")
    repeated(checks, program)
    limited(checks, program)
    leaving(checks, program)
    return checks.failed


def repeated(checks, program):
    """One prompt that every endpoint answers 500 to."""
    with Scene(sends(status(500)), sends(status(500)), program) as scene:
        found = [scene.ask(False) for _ in range(5)]
        counts = (scene.cheap.requests, scene.expensive.requests)
        checks.check("one prompt that all answer 500 to cools nothing down", counts == (5, 5), f"{counts}, {found[-1]}")


def limited(checks, program):
    """All limited, with dates."""
    date = email.utils.formatdate(time.time() + 1000, usegmt=True)
    cheap, expensive = (sends(status(429, f"Retry-After: {wait}\r\n")) for wait in (date, 600))
    with Scene(cheap, expensive, program) as scene:
        scene.ask(False)
        waits = []
        for model in ["statezero", "cheap", "expensive"]:
            import openai

            try:
                scene.client.chat.completions.create(model=model, messages=[{"role": "user", "content": "a"}])
            except openai.RateLimitError as error:
                waits.append(int(error.response.headers["retry-after"]))
        holds = len(waits) == 3 and 590 < waits[0] <= 600 and 990 < waits[1] <= 1001 and 590 < waits[2] <= 600
        checks.check("all limited: 429 with the model's own wait", holds, waits)


def leaving(checks, program):
    """Clients that leave while the upstream is silent, and a server that stops meanwhile."""
    with Scene(sends(b"", stays=True), works, program) as scene:
        path = os.path.join(scene.folder.name, "fleet.yaml")
        body = b'{"model":"cheap","messages":[{"role":"user","content":"x"}]}'
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        text = pathlib.Path(path).read_text().replace("_seconds: 0.5", "_seconds: 600")
        pathlib.Path(path).write_text(text.replace("total_timeout_seconds: 5", "total_timeout_seconds: 600"))
        state = os.path.join(scene.folder.name, "state2")
        with Router(path, state, "--model", "table", "--stop-seconds", "2", program=program) as router:
            sockets = []
            for _ in range(2):
                client = socket.create_connection(("127.0.0.1", router.port))
                client.sendall(head + body)
                sockets.append(client)
            wait_until(lambda: scene.cheap.open == 2)
            for client in sockets:
                client.close()
            begin = time.monotonic()
            gone = wait_until(lambda: scene.cheap.open == 0)
            seconds = time.monotonic() - begin
            checks.check("two clients leave a silent upstream", gone, f"both places free after {seconds:.3f} s")
            client = socket.create_connection(("127.0.0.1", router.port))
            client.sendall(head + body)
            wait_until(lambda: scene.cheap.open == 1)
            begin = time.monotonic()
            code = router.process.send(signal.SIGTERM)
            seconds = time.monotonic() - begin
            found = f"exit {code} after {seconds:.1f} s"
            checks.check("SIGTERM with a request at a silent upstream", code == 0 and seconds < 10, found)


def wait_until(holds, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.005)
    return False


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    failed = run(parser.parse_args().program)
    print(f"{failed} failed" if failed else "all checks passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
