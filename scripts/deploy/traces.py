"""Spans of real processes at a collector: a scoring run, a plan over HTTP and a routed request, each in a trace.

The collector is a stub on loopback; what it got is decoded by OpenTelemetry's own Python package, `opentelemetry-proto`
from PyPI, which is installed once into .venv-checks. STATEZERO_TRACES_PRINT=1 prints the trees of spans.
"""

import contextlib
import http.client
import http.server
import json
import os
import sys
import threading
import time

from common import environment, paths
from common.cluster import Cluster
from common.router import Router

from . import support
from .support import CONTEXT, QUERIES, digest_of_parts, expect, run, statezero

PACKAGES = ["opentelemetry-proto==1.45.2"]
MODEL = "table:7"
TRACES = {name: f"{number:032x}" for number, name in enumerate(("score", "plan", "route"), 0xA0)}
PARENT = "00f067aa0ba902b7"
STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"


def check() -> list[str]:
    folder = paths.ROOT / ".venv-checks" / "traces"
    problem = environment.install(folder, PACKAGES)
    if problem:
        raise support.Skip(f"pip install {PACKAGES[0]}: {problem}")
    sys.path.insert(0, str(folder))
    with support.folder("traces") as place, Collector() as collector, Upstream() as upstream:
        export = ["--otlp-endpoint", collector.url]
        arguments = ["--log-format", "json", *export]
        with Cluster(
            MODEL,
            program=statezero(),
            workers=2,
            worker_arguments=["--store", "off", *arguments],
            coordinator_arguments=arguments,
            log_level="info",
        ) as cluster:
            cluster.wait_for_workers(2)
            _score(place / "traced", cluster.endpoint, export, "score")
            _score(place / "plain", cluster.endpoint, [])
            _score(place / "lost", cluster.endpoint, ["--otlp-endpoint", "http://127.0.0.1:9"])
            _plan(cluster)
            _route(place, upstream, export)
            # Spans are sent each second, and when a process ends.
            cluster.wait(lambda: "statezero-worker" in {span.service for span in collector.spans()})
            time.sleep(2.5)
            exported = cluster.request("GET", "/metrics")[1].decode()
            log = [json.loads(line) for line in cluster.output("coordinator").splitlines() if line.startswith("{")]
        spans = collector.spans()
        digests = {name: digest_of_parts(place / name) for name in ("traced", "plain", "lost")}
        expect(len(set(digests.values())) == 1, f"the outputs differ: {digests}")
    trees = {name: Tree([each for each in spans if each.trace == trace]) for name, trace in TRACES.items()}
    lines = [
        f"{len(spans)} spans of {', '.join(sorted({each.service for each in spans}))}, decoded",
        _expect_score(trees["score"]),
        _expect_plan(trees["plan"]),
        _expect_route(trees["route"], upstream),
        _expect_log(log),
        _expect_metrics(exported),
        _expect_no_text(collector, spans),
        "the output has the same bytes with a collector, without traces, and with a collector that is not there",
    ]
    if os.environ.get("STATEZERO_TRACES_PRINT"):
        for name, tree in trees.items():
            print(f"{name}:", *tree.lines(), sep="\n")
    return lines


# What is traced


def _score(output, endpoint: str, more: list[str], trace: str = "") -> None:
    files = ["--prompts", QUERIES, "--context", CONTEXT, "--output", output]
    variables = {**os.environ, "TRACEPARENT": f"00-{TRACES[trace]}-{PARENT}-01" if trace else "", "TRACESTATE": STATE}
    run([statezero(), "score", "--coordinator", endpoint, *files, *more], env=variables)


def _plan(cluster: Cluster) -> None:
    items = [{"prompt_id": f"p{number}", "prompt": f"secret prompt {number}"} for number in range(16)]
    body = {"policy_id": "trainer", "step": 0, "total": 128, "deadline_ms": 60_000, "items": items}
    status, answer = _post(cluster.port, "/v1/plans", body, "plan")
    expect(status == 200, f"POST /v1/plans: {status} {answer}")


def _route(place, upstream, export: list[str]) -> None:
    fleet = {
        "default": "large",
        "models": [
            {"name": name, "price": {"input": price, "output": price}, "endpoint": {"url": url, "model": name}}
            for name, price, url in (("small", 0.1, upstream.url), ("large", 1.0, upstream.url))
        ],
    }
    (place / "fleet.yaml").write_text(json.dumps(fleet))
    router = Router(str(place / "fleet.yaml"), str(place / "state"), "--model", MODEL, *export, program=statezero())
    with router:
        body = {"messages": [{"role": "user", "content": "secret prompt of a client"}]}
        status, answer = _post(router.port, "/v1/chat/completions", body, "route")
        expect(status == 200, f"POST /v1/chat/completions: {status} {answer}")


def _post(port: int, path: str, body: dict, trace: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {
        "Content-Type": "application/json",
        "traceparent": f"00-{TRACES[trace]}-{PARENT}-01",
        "tracestate": STATE,
    }
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


# What must have arrived


def _expect_score(tree: "Tree") -> str:
    run_span = tree.only("score")
    expect(run_span.parent == PARENT, f"score has the parent {run_span.parent}")
    expect(tree.only("job").parent == run_span.id, "job is not a child of score")
    chain = ["shard", "shard", "lent", "compute", "predict"]
    services = ["statezero-score", "statezero-coordinator", "statezero-coordinator", "statezero-worker"]
    level = [run_span]
    for depth, name in enumerate(chain):
        level = [child for span in level for child in tree.children(span) if child.name == name]
        expect(level, f"no {name} below {' > '.join(['score', *chain[:depth]])}")
        service = services[min(depth, 3)]
        expect(all(each.service == service for each in level), f"{name} is not of {service}")
    inside = all(tree.by_id[each.parent].start <= each.start for each in tree.spans if each.parent in tree.by_id)
    expect(inside, "a span begins before its parent")
    return f"score: {len(tree.spans)} spans, one tree from TRACEPARENT: score > {' > '.join(chain)}"


def _expect_plan(tree: "Tree") -> str:
    served = tree.only("POST /v1/plans")
    expect(served.parent == PARENT, f"the request has the parent {served.parent}")
    plan = tree.only("plan")
    expect(plan.parent == served.id, "plan is not a child of its request")
    lent = [each for each in tree.children(plan) if each.name == "lent"]
    expect(lent, "no piece is lent below the plan")
    computed = [child for each in lent for child in tree.children(each)]
    expect(computed and all(each.service == "statezero-worker" for each in computed), "no worker below the plan")
    status = plan.attributes["statezero.plan_status"]
    return f"plan: {len(tree.spans)} spans, request > plan > lent > compute; status {status}"


def _expect_route(tree: "Tree", upstream) -> str:
    served = tree.only("POST /v1/chat/completions")
    expect(served.parent == PARENT, f"the request has the parent {served.parent}")
    names = sorted(each.name for each in tree.children(served))
    call = next(each for each in tree.children(served) if each.name.startswith("chat "))
    expect("decide" in names, f"the request's children are {names}")
    sent = upstream.headers[-1].get("traceparent")
    expect(sent == f"00-{tree.trace}-{call.id}-01", f"the endpoint got traceparent {sent}, not that of {call.name}")
    state = upstream.headers[-1].get("tracestate")
    expect(state == STATE, f"the endpoint got tracestate {state}")
    return f"route: {' and '.join(names)} below the request; the endpoint got the traceparent of its call"


def _expect_log(lines: list[dict]) -> str:
    expect(lines and all({"time", "level", "logger", "message"} <= line.keys() for line in lines), "no JSON log lines")
    opened = [line for line in lines if line["message"] == "job opened" and line.get("trace_id") == TRACES["score"]]
    expect(opened, "no line of the log about the job has its trace_id")
    return f"{len(lines)} log lines are JSON; those about the job have its trace_id"


def _expect_metrics(text: str) -> str:
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("statezero_trace_spans_total"))
    exported = float(found['statezero_trace_spans_total{result="exported"}'])
    dropped = float(found['statezero_trace_spans_total{result="dropped"}'])
    expect(exported > 0 and dropped == 0, f"the coordinator exported {exported:.0f} spans and dropped {dropped:.0f}")
    return f"the coordinator's metrics: {exported:.0f} spans exported, none dropped"


def _expect_no_text(collector, spans) -> str:
    expect(not any(b"secret" in body for body in collector.bodies), "a span has the text of a prompt")
    expect(all(each.failure == "" for each in spans), f"failed: {[each.name for each in spans if each.failure]}")
    return "no span has a prompt's text, none failed"


# Collector, upstream, trees


class Collector:
    """Keeps the bodies of POST /v1/traces."""

    def __init__(self):
        self.bodies: list[bytes] = []
        self.refused: list[str] = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                good = self.path == "/v1/traces" and self.headers["content-type"] == "application/x-protobuf"
                (collector.bodies if good else collector.refused).append(body if good else self.path)
                self.send_response(200 if good else 400)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def spans(self) -> list["Span"]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        expect(not self.refused, f"requests that are not OTLP: {self.refused}")
        found = []
        for body in list(self.bodies):
            request = ExportTraceServiceRequest()
            request.ParseFromString(body)
            expect(not _unknown(request), "a message has fields that OpenTelemetry does not know")
            for resource in request.resource_spans:
                facts = {each.key: each.value.string_value for each in resource.resource.attributes}
                found += [Span(facts, each) for scope in resource.scope_spans for each in scope.spans]
        return found

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()


class Upstream:
    """An endpoint of a model; keeps the headers of its requests."""

    def __init__(self):
        self.headers: list[dict[str, str]] = []
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                upstream.headers.append({name.lower(): value for name, value in self.headers.items()})
                answer = {"choices": [{"message": {"role": "assistant", "content": "secret answer"}}]}
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()


class Span:
    """A span as the collector got it; ids in hexadecimal digits."""

    def __init__(self, resource: dict[str, str], span):
        self.service = resource.get("service.name", "")
        self.trace, self.id, self.parent = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        self.state = span.trace_state
        self.name, self.start, self.end = span.name, span.start_time_unix_nano, span.end_time_unix_nano
        values = ((each.key, each.value) for each in span.attributes)
        self.attributes = {key: getattr(value, value.WhichOneof("value")) for key, value in values}
        self.failure = (span.status.message or "error") if span.status.code == 2 else ""


class Tree:
    """The spans of one trace."""

    def __init__(self, spans: list[Span]):
        self.spans = sorted(spans, key=lambda each: (each.start, -each.end))
        self.by_id = {each.id: each for each in spans}
        expect(spans, "a trace has no spans")
        expect(len(self.by_id) == len(spans), "two spans have one id")
        self.trace = spans[0].trace
        lost = [each.name for each in spans if each.parent != PARENT and each.parent not in self.by_id]
        expect(not lost, f"spans without their parent: {lost}")
        stateless = [each.name for each in spans if each.state != STATE]
        expect(not stateless, f"spans without the caller's tracestate: {stateless}")

    def only(self, name: str) -> Span:
        found = [each for each in self.spans if each.name == name]
        expect(len(found) == 1, f"{len(found)} spans are named {name}")
        return found[0]

    def children(self, span: Span) -> list[Span]:
        return [each for each in self.spans if each.parent == span.id]

    def lines(self, parent: str = PARENT, depth: int = 0) -> list[str]:
        made = []
        for each in (span for span in self.spans if span.parent == parent):
            facts = " ".join(f"{key.removeprefix('statezero.')}={value}" for key, value in each.attributes.items())
            milliseconds = (each.end - each.start) / 1e6
            made.append(f"{'  ' * depth}{each.name}  [{each.service}]  {milliseconds:.1f} ms  {facts}")
            made += self.lines(each.id, depth + 1)
        return made


def _unknown(message) -> bool:
    """Whether a message, or one within it, has unknown fields."""
    from google.protobuf.unknown_fields import UnknownFieldSet

    if len(UnknownFieldSet(message)):
        return True
    for _, value in message.ListFields():
        inner = value if hasattr(value, "__iter__") and not isinstance(value, (str, bytes)) else [value]
        if any(hasattr(each, "ListFields") and _unknown(each) for each in inner):
            return True
    return False
