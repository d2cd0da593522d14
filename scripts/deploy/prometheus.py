"""deploy/monitoring on a real Prometheus, which scrapes a real coordinator and a real router.

The fault of each alert is staged, and the alert must fire after it. In the copies of the rules that the test loads,
every `for:` is one second; windows and thresholds are those of the file. With traffic, each query of the dashboard's
panels must answer with a number. Then servers with keys are scraped with tokens, by the lines of prometheus.yaml.
"""

import collections.abc
import contextlib
import http.client
import http.server
import json
import math
import os
import pathlib
import re
import signal
import socket
import threading
import time
import urllib.parse

from common.cluster import Cluster
from common.router import Router

from . import support
from .support import CONTEXT, DEPLOY, Daemons, expect, find, free_port, run, wait

MONITORING = DEPLOY / "monitoring"
# What the jobs of prometheus.yaml name.
COORDINATOR, ROUTER = "127.0.0.1:8080", "127.0.0.1:6060"
TOKENS = "/etc/prometheus/"
FLEET = """
default: good
rule: {{weighted: 0.7}}
reference: {{input_tokens: 20, output_tokens: 20}}
clients:
  - {{name: poor, key_env: STATEZERO_CHECK_POOR, dollars_per_day: 0.001}}
  - {{name: rich, key_env: STATEZERO_CHECK_RICH, dollars_per_day: 1000}}
models:
  - {{name: good, price: {{flat: 0.0001}}, history: {{files: ["{history}"], policy: {policy}}},
     endpoint: {{url: "http://127.0.0.1:{port}/v1", model: m}}}}
  - {{name: broken, price: {{flat: 0.00005}}, history: {{files: ["{history}"], policy: {policy}}},
     endpoint: {{url: "http://127.0.0.1:{closed}/v1", model: m}}, cooldown_seconds: 1}}
"""
KEYS = {"STATEZERO_CHECK_POOR": "poor", "STATEZERO_CHECK_RICH": "rich"}
# A program of a rollout worker whose every second rollout fails, and one that never answers.
FAILING = """
import json, sys
for number, line in enumerate(sys.stdin):
    task = json.loads(line)
    for rollout in range(task["n"]):
        reply = {"error": "staged"} if rollout % 2 else {"reward": 1}
        print(json.dumps({"assignment": task["assignment"], **reply}), flush=True)
"""

SILENT = """
import sys, time
for line in sys.stdin:
    time.sleep(600)
"""


class Endpoint(http.server.BaseHTTPRequestHandler):
    """A model server: answers every chat with one word, and embeds texts.

    It refuses to embed the word `refuse`, and keeps the word `slow` waiting until `released` is set."""

    protocol_version = "HTTP/1.1"
    released = threading.Event()

    def do_GET(self):  # noqa: N802
        self._send(200, {"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self):  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            return self._embed(body["input"])
        message = {"role": "assistant", "content": "yes"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        return self._send(200, {**answer, "usage": usage})

    def _embed(self, texts):
        if any("refuse" in text for text in texts):
            return self._send(400, {"error": {"message": "staged", "type": "invalid_request_error"}})
        if any("slow" in text for text in texts):
            self.released.wait(120)
        rows = [{"object": "embedding", "index": i, "embedding": _vector(text)} for i, text in enumerate(texts)]
        return self._send(200, {"object": "list", "data": rows, "model": "m"})

    def _send(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def _vector(text: str) -> list[float]:
    """Eight numbers that the text decides, with a length of about 1."""
    raw = [(hash_byte * 37 + 11) % 251 - 125 for hash_byte in (text.encode() * 8)[:8]]
    return [number / 250 for number in raw]


class Prometheus:
    """A Prometheus of the machine with the shipped jobs and rules, and its data in a folder of the test.

    With `tokens`, a folder of token files, the jobs' lines for servers with keys are uncommented."""

    def __init__(
        self, folder: pathlib.Path, daemons: Daemons, coordinator: int, router: int, tokens: pathlib.Path | None = None
    ):
        self.port = free_port()
        rules = (MONITORING / "alerts.yaml").read_text()
        (folder / "alerts.yaml").write_text(re.sub(r"\bfor: \S+", "for: 1s", rules))
        jobs = (MONITORING / "prometheus.yaml").read_text()
        for shipped, real in ((COORDINATOR, coordinator), (ROUTER, router)):
            expect(shipped in jobs, f"prometheus.yaml has no target {shipped}")
            jobs = jobs.replace(shipped, f"127.0.0.1:{real}")
        if tokens:
            jobs = jobs.replace("# authorization:", "authorization:").replace(TOKENS, f"{tokens}/")
            expect(f"authorization: {{credentials_file: {tokens}/" in jobs, "prometheus.yaml has no lines for tokens")
        text = f"global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}\n{jobs}"
        (folder / "prometheus.yml").write_text(text)
        options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", "--log.level=warn"]
        listen = f"--web.listen-address=127.0.0.1:{self.port}"
        daemons.start([find("prometheus"), *options, listen], folder / "prometheus.log")
        wait(lambda: self._get("/-/ready") is not None, "Prometheus is ready", 60)

    def _get(self, path: str) -> bytes | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
            except OSError:
                return None
            return body if answer.status == 200 else None

    def query(self, text: str) -> list[dict]:
        """The samples of an instant query. Raises Failure where Prometheus does not accept it."""
        body = self._get("/api/v1/query?" + urllib.parse.urlencode({"query": text}))
        expect(body is not None, f"Prometheus does not accept the query {text}")
        return json.loads(body)["data"]["result"]

    def firing(self) -> set[str]:
        body = self._get("/api/v1/alerts") or b'{"data":{"alerts":[]}}'
        return {each["labels"]["alertname"] for each in json.loads(body)["data"]["alerts"] if each["state"] == "firing"}


class Stage:
    """A cluster, a router with a good and a broken endpoint, and what sends them requests."""

    def __init__(self, folder: pathlib.Path, stack: contextlib.ExitStack):
        program = support.statezero()
        self.folder = folder
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        stack.callback(self.server.shutdown)
        self.cluster = stack.enter_context(Cluster("", program=program, workers=0, log_level="info"))
        state = folder / "router" / "state"
        state.mkdir(parents=True)
        # Every line of the log is lost: as on a full disk.
        (state / "decisions.jsonl").symlink_to("/dev/full")
        fleet = folder / "fleet.yaml"
        policy = "smollm2-135m-instruct/three-shot-t0.8"
        values = dict(history=CONTEXT, policy=policy, port=self.server.server_port, closed=free_port())
        fleet.write_text(FLEET.format(**values))
        self.router = stack.enter_context(Router(str(fleet), str(state), "--model", "table:7", program=program))
        self.decisions = 0
        self.step = 0

    def start_worker(self) -> None:
        """Starts a worker whose encoder is the model server."""
        url = f"http://127.0.0.1:{self.server.server_port}/v1"
        encoder = ["--encoder-url", url, "--head", "gaussian-process", "--store", "off", "--encoder-batch", "1"]
        self.cluster.start("worker", "worker", "--connect", self.cluster.endpoint, "--name", "w", *encoder)

    def score(self, *texts: str) -> int:
        """Asks for the scores of texts, without a policy's history; returns the status."""
        items = [{"prompt_id": str(i), "prompt": text} for i, text in enumerate(texts)]
        context = [{"prompt": f"What is {i} + {i}?", "reward": i % 2} for i in range(8)]
        body = {"policy_id": "scored", "items": items, "context_set": context, "deadline_ms": 20000}
        return self.cluster.request("POST", "/v1/score", json.dumps(body))[0]

    def plan(self, **more) -> int:
        """Asks for the plan of a new step of 8 prompts; returns the status."""
        self.step += 1
        items = [{"prompt_id": f"{self.step}/{i}", "prompt": f"What is {i} + {self.step}?"} for i in range(8)]
        body = {"policy_id": "llm", "step": self.step, "total": 32, "items": items, "deadline_ms": 1500, **more}
        return self.cluster.request("POST", "/v1/plans", json.dumps(body))[0]

    def report(self, rewards: list[float]) -> None:
        """Reports outcomes of the newest step's prompts."""
        outcomes = [
            {"event_id": f"{time.time()}/{i}", "prompt_id": f"{self.step}/{i}", "prompt": f"{i} {self.step}?",
             "step": self.step, "rewards": rewards}
            for i in range(8)
        ]  # fmt: skip
        self.cluster.request("POST", "/v1/outcomes", json.dumps({"policy_id": "llm", "outcomes": outcomes}))

    def chat(self, model: str = "statezero", key: str = "rich") -> str | None:
        """One chat through the router; returns the id of its decision."""
        self.decisions += 1
        messages = [{"role": "user", "content": f"Is sweater {self.decisions} an animal? Answer yes or no."}]
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        headers["x-session-id"] = f"s{self.decisions}"
        connection = http.client.HTTPConnection("127.0.0.1", self.router.port, timeout=60)
        with contextlib.closing(connection):
            body = json.dumps({"model": model, "messages": messages})
            connection.request("POST", "/v1/chat/completions", body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.headers.get("x-statezero-decision-id")

    def reward(self, decisions: list[str], reward: float) -> None:
        outcomes = [{"event_id": each, "decision_id": each, "reward": reward} for each in decisions]
        connection = http.client.HTTPConnection("127.0.0.1", self.router.port, timeout=60)
        with contextlib.closing(connection):
            body = json.dumps({"outcomes": outcomes})
            headers = {"Content-Type": "application/json", "Authorization": "Bearer rich"}
            connection.request("POST", "/v1/outcomes", body, headers)
            connection.getresponse().read()


def _send_garbage(endpoint: str) -> None:
    """Connects as a ZeroMQ DEALER without a library, and sends a message that is none of ours."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(endpoint.removeprefix("ipc://"))
        peer.settimeout(10)
        peer.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32))
        peer.recv(64)
        ready = b"\x05READY\x0bSocket-Type" + (6).to_bytes(4, "big") + b"DEALER"
        peer.sendall(b"\x04" + bytes([len(ready)]) + ready)
        peer.recv(200)
        for _ in range(3):
            peer.sendall(b"\x00\x07garbage")
            time.sleep(1)


def _roll_out(stage: Stage, name: str, program: str) -> None:
    stage.cluster.start_rollout_worker(name, ["python3", "-c", program])
    wait(lambda: _status(stage)["rollout_workers"] >= 1, f"the rollout worker {name}", pause=0.5)


def _status(stage: Stage) -> dict:
    return json.loads(stage.cluster.request("GET", "/v1/status")[1])["coordinator"]


def _lose_assignments(stage: Stage) -> None:
    _roll_out(stage, "silent", SILENT)
    stage.plan(delivery="workers")
    wait(lambda: _status(stage)["assignments_leased"] > 0, "leased assignments")
    stage.cluster.kill("silent", signal.SIGKILL)


def _fail_rollouts(stage: Stage) -> None:
    _roll_out(stage, "failing", FAILING)
    stage.plan(delivery="workers")


def _stop_progress(stage: Stage) -> None:
    stage.start_worker()
    wait(lambda: stage.cluster.request("GET", "/readyz")[0] == 200, "a worker with a model")
    threading.Thread(target=stage.score, args=("slow",), daemon=True).start()


def _restart_coordinator(stage: Stage) -> None:
    for _ in range(4):
        stage.cluster.kill("coordinator", signal.SIGTERM)
        stage.cluster.start_coordinator()
        time.sleep(2)


def _drift(stage: Stage) -> None:
    stage.reward([each for _ in range(80) if (each := stage.chat())], 1)


def _repeat(action: collections.abc.Callable[[], object], times: int = 4) -> None:
    """A counter that begins with the first fault has increased only with the second one that Prometheus sees."""
    for _ in range(times):
        action()
        time.sleep(1)


def _nothing(stage: Stage) -> None:
    """The cluster starts without workers."""


# In this order: what stages the fault, and the alerts that must fire after it and not before.
FAULTS = [
    (_nothing, ["StateZeroNoWorkers"]),
    (lambda stage: _repeat(stage.plan), ["StateZeroPlansFallBack"]),
    (lambda stage: _repeat(lambda: stage.score("a")), ["StateZeroHTTPErrors"]),
    (_stop_progress, ["StateZeroNoProgress"]),
    (lambda stage: (Endpoint.released.set(), _repeat(lambda: stage.score("refuse"))), ["StateZeroRowErrors"]),
    (lambda stage: stage.report([7.0]), ["StateZeroOutcomesRejected"]),
    (_lose_assignments, ["StateZeroAssignmentsLost"]),
    (_fail_rollouts, ["StateZeroRolloutsFail"]),
    (lambda stage: _send_garbage(stage.cluster.endpoint), ["StateZeroMessagesRefused"]),
    (lambda stage: _repeat(lambda: stage.chat("good")), ["StateZeroDecisionsNotLogged"]),
    (lambda stage: _repeat(stage.chat, 8), ["StateZeroEndpointFails"]),
    (lambda stage: _repeat(lambda: [stage.chat(key="poor") for _ in range(12)]), ["StateZeroSpendLimit"]),
    (_drift, ["StateZeroRouteDrift"]),
]
FAULTS_AT_THE_END = [
    (_restart_coordinator, ["StateZeroRestarts"]),
    (lambda stage: stage.router.process.send(signal.SIGTERM), ["StateZeroDown"]),
]


def _stage_faults(stage: Stage, prometheus: Prometheus, faults) -> list[str]:
    fired = []
    for action, names in faults:
        early = set(names) & prometheus.firing()
        expect(not early or action is _nothing, f"{early} fires before its fault")
        action(stage)
        for name in names:
            wait(lambda name=name: name in prometheus.firing(), f"{name} fires", 60, 0.5)
            fired.append(name)
    return fired


def _check_panels(stage: Stage, prometheus: Prometheus) -> str:
    """Every query of the dashboard answers with a number, while requests arrive."""
    ended = threading.Event()

    def send() -> None:
        while not ended.is_set():
            stage.plan()
            stage.report([1.0, 0.0])
            stage.chat()

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    time.sleep(5)
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    count = 0
    try:
        for panel in panels:
            for target in panel["targets"]:
                text = target["expr"].replace("$__rate_interval", "30s").replace("$instance", ".*")
                values = [float(sample["value"][1]) for sample in prometheus.query(text)]
                expect(any(math.isfinite(each) for each in values), f"{panel['title']}: no number for {text}: {values}")
                count += 1
    finally:
        ended.set()
        thread.join()
    return f"dashboard: {count} queries of {len(panels)} panels answer"


def _check_keys() -> str:
    """Servers with keys: each job is up with its token, and down without."""
    program = support.statezero()
    with support.folder("prometheus-keys") as folder, Daemons() as daemons, contextlib.ExitStack() as stack:
        keys = support.Keys(folder, program)
        keys.key("worker", "worker")
        token = keys.token("statezero", "observer")
        (folder / "statezero-router.token").write_text(token.read_text())
        options = ["--keys", str(keys.folder)]
        cluster = stack.enter_context(Cluster("", program=program, workers=0, coordinator_arguments=options))
        fleet = folder / "fleet.yaml"
        policy = "smollm2-135m-instruct/three-shot-t0.8"
        fleet.write_text(FLEET.format(history=CONTEXT, policy=policy, port=free_port(), closed=free_port()))
        state = folder / "router" / "state"
        router = stack.enter_context(Router(str(fleet), str(state), "--model", "table:7", *options, program=program))
        ports = (cluster.port, router.port)
        for name, tokens, expected in (("without", None, "0"), ("with", folder, "1")):
            place = folder / name
            place.mkdir()
            prometheus = Prometheus(place, daemons, *ports, tokens)

            def is_seen(prometheus=prometheus, expected=expected) -> bool:
                values = [sample["value"][1] for sample in prometheus.query("up")]
                return values == [expected] * 2

            wait(is_seen, f"both jobs are {expected} {name} tokens", 60, 0.5)
        refused = prometheus.query("statezero_http_tokens_refused_total")
        expect(any(float(one["value"][1]) > 0 for one in refused), "no refused request was counted")
    return "servers with keys: both jobs are up with the token files, and down without"


def check() -> list[str]:
    support.need("prometheus promtool", "the package prometheus")
    os.environ.update(KEYS)
    with support.folder("prometheus") as folder, Daemons() as daemons, contextlib.ExitStack() as stack:
        run(["promtool", "check", "rules", MONITORING / "alerts.yaml"])
        stage = Stage(folder, stack)
        prometheus = Prometheus(folder, daemons, stage.cluster.port, stage.router.port)
        version = run(["prometheus", "--version"]).split()[2]
        fired = _stage_faults(stage, prometheus, FAULTS)
        panels = _check_panels(stage, prometheus)
        ended = stage.cluster.kill("worker", signal.SIGTERM)
        expect(ended == 0, f"the worker with a remote encoder ended with {ended} after SIGTERM")
        fired += _stage_faults(stage, prometheus, FAULTS_AT_THE_END)
        rules = re.findall(r"alert: (\w+)", (MONITORING / "alerts.yaml").read_text())
        expect(sorted(rules) == sorted(fired), f"alerts without a staged fault: {set(rules) - set(fired)}")
    alerts = f"alerts: {len(fired)} of {len(rules)} fired, each after its fault"
    return [f"Prometheus {version}", panels, alerts, _check_keys()]
