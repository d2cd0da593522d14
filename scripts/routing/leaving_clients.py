"""Clients that leave at random moments: measures what `statezero route serve` still holds afterwards.

    python3 scripts/routing/leaving_clients.py [--clients 1000] [--rounds 3] [--parallel 100] [--seed 1]

Each client opens a connection, sends a request or a part of it, and closes after a random time: before the request is
complete, while the upstream is silent, in the middle of a stream, or after the answer. Prints places, connections,
descriptors and resident memory before, and after each round. Standard library only. Needs a release build.
"""

import asyncio
import contextlib
import os
import pathlib
import random
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, paths
from common.raw_upstream import RawUpstream, chunk, ok, stream_head
from common.router import Router

FLEET = """
models:
  - name: m
    price: {{flat: 1}}
    history: {{files: [{history}]}}
    endpoint: {{url: "{url}", model: m, timeout_seconds: 600, idle_timeout_seconds: 600, total_timeout_seconds: 600}}
"""
EVENT = 'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
ANSWER = '{"choices":[{"message":{"role":"assistant","content":"x"}}]}'


async def answer(number, body, writer):
    """In turn: silence, a slow answer, one at once, one that stalls in its middle."""
    kind = number % 4
    if kind == 0:
        await asyncio.sleep(3600)
    pause = {1: 0.02, 2: 0, 3: 3600}[kind]
    if b'"stream":true' not in body:
        data = ok(ANSWER)
        writer.write(data[:-10])
        await writer.drain()
        await asyncio.sleep(pause)
        writer.write(data[-10:])
        return
    writer.write(stream_head())
    for _ in range(20):
        writer.write(chunk(EVENT))
        await writer.drain()
        await asyncio.sleep(pause)
    writer.write(chunk("data: [DONE]\n\n") + chunk(""))
    await writer.drain()


async def client(port, generator):
    """One client; its moment of leaving is random."""
    stream = "true" if generator.random() < 0.7 else "false"
    prompt = f"prompt {generator.randrange(256)}"
    body = f'{{"model":"statezero","stream":{stream},"messages":[{{"role":"user","content":"{prompt}"}}]}}'
    data = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    if generator.random() < 0.2:
        data = data[: generator.randrange(len(data))]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(reader.read(-1), generator.uniform(0, 0.4))
    if generator.random() < 0.3:
        writer.transport.abort()
    else:
        writer.close()


async def run_round(port, count, parallel, generator):
    gate = asyncio.Semaphore(parallel)

    async def one():
        async with gate:
            with contextlib.suppress(OSError):
                await client(port, generator)

    await asyncio.gather(*(one() for _ in range(count)))


def state(router, upstream):
    """Everything that a client may have left behind."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{router.port}/metrics").read().decode()

    def metric(name):
        return int(sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)))

    status = pathlib.Path(f"/proc/{router.pid}/status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return {
        "places at endpoints": metric("statezero_route_upstream_inflight"),
        "requests": metric("statezero_route_inflight"),
        # The request for the metrics has one itself.
        "connections": metric("statezero_route_connections"),
        "at the upstream": upstream.open,
        "descriptors": len(os.listdir(f"/proc/{router.pid}/fd")),
        "decisions kept": metric("statezero_route_decisions_kept"),
        "memory, KiB": memory,
    }


def settled(router, upstream, before):
    """The state once nothing changes any more; at most 20 seconds later."""
    end = time.monotonic() + 20
    held = ("places at endpoints", "requests", "connections")
    while True:
        found = state(router, upstream)
        if time.monotonic() > end or all(found[name] <= before[name] for name in held):
            return found
        time.sleep(0.1)


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_counts(
        parser,
        ("--clients", 1000, "clients of a round"),
        ("--rounds", 3, "rounds"),
        ("--parallel", 100, "clients at a time"),
        ("--seed", 1, "of the random moments"),
    )
    options = parser.parse_args()
    generator = random.Random(options.seed)
    upstream = RawUpstream(answer)
    history = f"{paths.SAMPLE}/context.zero-shot-t0.8.jsonl.gz"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fleet.yaml")
        with open(path, "w") as file:
            file.write(FLEET.format(history=history, url=upstream.url))
        with Router(path, os.path.join(folder, "state"), "--model", "table", program=options.program) as router:
            # The first round fills pools and caches; later ones must not add to them.
            before = state(router, upstream)
            print(f"{'':>10}" + "".join(f"{name:>21}" for name in before))
            print(f"{'before':>10}" + "".join(f"{value:>21}" for value in before.values()), flush=True)
            for number in range(options.rounds):
                asyncio.run(run_round(router.port, options.clients, options.parallel, generator))
                after = settled(router, upstream, before)
                print(f"{f'round {number + 1}':>10}" + "".join(f"{value:>21}" for value in after.values()), flush=True)
            print(f"{upstream.requests} of {options.clients * options.rounds} requests reached the upstream")
    held = [name for name in ("places at endpoints", "requests", "connections") if after[name] > before[name]]
    print(f"still held: {', '.join(held)}" if held else "no place, request or connection is held")
    sys.exit(1 if held else 0)


if __name__ == "__main__":
    main()
