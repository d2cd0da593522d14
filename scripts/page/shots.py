"""Screenshots of the coordinator's and the router's page, and checks of what a headless Chromium shows.

    scripts/page/shots [--output out/page] [--only idle,loaded,broken,gone,router] [--model FOLDER] [--quick]

Starts a coordinator with a worker and shows it idle; loaded, with a scoring job, plans of two policies and outcomes
drawn from the sample's measured rates; broken, with a frozen worker, waiting work and rejected outcomes; and gone. Then
a router with two endpoints, one of which fails. Each at three widths in both themes. For each page: no error in the
console, no request to another address, no violation of the content security policy; and the checks of checks.js
(structure, names, contrast, width). One page is read behind a prefix, through a proxy, and by keyboard. Exits with 1
where a check fails.

Needs a release build, the default model, Chromium (Debian: chromium) and playwright (scripts/page/requirements.txt).
"""

import argparse
import contextlib
import gzip
import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python" / "src"))
from common import paths, raw_upstream
from common.cluster import Cluster
from common.router import Router

WIDTHS = (390, 900, 1440)
THEMES = ("light", "dark")
CHECKS = (pathlib.Path(__file__).parent / "checks.js").read_text(encoding="utf-8")
STATES = ("idle", "loaded", "broken", "gone", "router")
POLICIES = ("smollm2-135m-instruct/three-shot-t0.8", "smollm2-135m-instruct/zero-shot-t0.8")
STEPS, PROMPTS, ROLLOUTS = 14, 64, 8
PREFIX = "/ops/statezero/"
KEY = "STATEZERO_PAGE_KEY"


def rows(name: str) -> list[dict]:
    with gzip.open(paths.SAMPLE / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Load:
    """Work for a cluster: plans with outcomes drawn from the sample's measured rates, and a job that takes minutes."""

    def __init__(self, cluster: Cluster):
        from statezero.client import Client

        self.cluster = cluster
        self.random = random.Random(7)
        self.client = Client(cluster.url, timeout=120)
        prompts = {row["prompt_id"]: row["prompt"] for row in rows("sample.prompts.jsonl.gz")}
        self.rates: dict[str, dict[str, float]] = {policy: {} for policy in POLICIES}
        for row in rows("sample.outcomes.jsonl.gz"):
            self.rates[row["policy_id"]][row["prompt_id"]] = row["reward"]
        self.items = [{"prompt_id": name, "prompt": text} for name, text in sorted(prompts.items())]

    def train(self, policy: str, steps: int) -> None:
        """Steps of a trainer: a plan each, and rewards of all its rollouts but those of the last step's second half."""
        for step in range(steps):
            items = self.random.sample(self.items, PROMPTS)
            plan = self.client.plan(policy, step, PROMPTS * ROLLOUTS, items, n_min=0, preset=None)
            outcomes = []
            for row in plan.items:
                rate = self.rates[policy][row["prompt_id"]]
                rewards = [float(self.random.random() < rate) for _ in range(row["n"])]
                if rewards:
                    outcomes.append({"prompt_id": row["prompt_id"], "step": step, "rewards": rewards})
            self.client.report(policy, outcomes if step + 1 < steps else outcomes[: len(outcomes) // 2])

    def score(self, folder: pathlib.Path, copies: int) -> None:
        """Starts a client with a long job."""
        queries = rows("queries.jsonl.gz")
        corpus = folder / "corpus.jsonl"
        with open(corpus, "w", encoding="utf-8") as file:
            for copy in range(copies):
                for row in queries:
                    line = {"prompt_id": f"{row['prompt_id']}/{copy}", "prompt": f"{row['prompt']} ({copy})"}
                    file.write(json.dumps(line) + "\n")
        context = next(paths.SAMPLE.glob("context.*three-shot*.jsonl.gz"))
        arguments = ["--prompts", str(corpus), "--context", str(context), "--output", str(folder / "scores")]
        self.cluster.start("client", "score", "--coordinator", self.cluster.endpoint, *arguments)

    def break_it(self) -> None:
        """Outcomes that cannot count, a plan without predictions, and a worker that answers nothing any more."""
        bad = [{"event_id": "bad", "prompt_id": self.items[0]["prompt_id"], "rewards": [7]}]
        self.post("/v1/outcomes", {"policy_id": POLICIES[0], "outcomes": bad})
        self.cluster.processes["worker-0"].child.send_signal(signal.SIGSTOP)
        plan = {"policy_id": "late", "step": 0, "total": 64, "items": self.items[:8], "deadline_ms": 300}
        self.post("/v1/plans", plan)

    def post(self, path: str, body: dict) -> None:
        self.cluster.request("POST", path, json.dumps(body))


class Proxy(http.server.ThreadingHTTPServer):
    """Serves a server behind a prefix, as a proxy of a site does."""

    daemon_threads = True

    def __init__(self, port: int):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self):
                if not self.path.startswith(PREFIX):
                    return self.send_error(404)
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                upstream.request("GET", "/" + self.path[len(PREFIX) :])
                answer = upstream.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "keep-alive"):
                        self.send_header(name, value)
                self.end_headers()
                # The browser may leave at any time.
                with contextlib.suppress(OSError):
                    while data := answer.read1(1 << 16):
                        self.wfile.write(data)
                        self.wfile.flush()
                return None

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{PREFIX}"


class Shots:
    """Opens pages, takes pictures, and collects problems."""

    def __init__(self, browser, output: pathlib.Path, quick: bool):
        self.browser, self.output, self.problems, self.count = browser, output, [], 0
        self.sizes = (
            [(1440, "light"), (390, "dark")] if quick else [(width, theme) for width in WIDTHS for theme in THEMES]
        )

    def open(self, url: str, width: int, theme: str, name: str):
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        page = context.new_page()
        page.on("console", lambda message: self.heard(name, message))
        page.on("pageerror", lambda error: self.problems.append(f"{name}: {error}"))
        origin = url.split("/", 3)[2]
        page.on(
            "request",
            lambda request: (
                request.url.startswith(("data:", f"http://{origin}/"))
                or self.problems.append(f"{name}: a request to {request.url}")
            ),
        )
        page.goto(url)
        return page

    def heard(self, name: str, message) -> None:
        # A server that has gone, or wants a key, is a line of the browser's own.
        if message.type in ("error", "warning") and "ERR_" not in message.text and "401" not in message.text:
            self.problems.append(f"{name}: {message.text}")

    def take(self, page, name: str) -> None:
        self.problems += [f"{name}: {problem}" for problem in page.evaluate(CHECKS)]
        page.screenshot(path=self.output / f"{name}.png", full_page=True)
        self.count += 1

    def state(self, url: str, state: str, badges: tuple[str, ...]) -> None:
        """Pictures of a state at all sizes. The badge must say one of `badges`."""
        for width, theme in self.sizes:
            name = f"{state}-{width}-{theme}"
            page = self.open(url, width, theme, name)
            self.expect(page, name, badges)
            page.wait_for_timeout(1500)
            self.take(page, name)
            page.context.close()

    def expect(self, page, name: str, badges: tuple[str, ...]) -> None:
        self.wait(page, name, "badge", badges)

    def wait(self, page, name: str, place: str, starts: tuple[str, ...]) -> None:
        """Waits until the text of an element begins with one of `starts`. The page's policy forbids the browser
        library's own way to wait, which evaluates text."""
        end, found = time.monotonic() + 60, ""
        while time.monotonic() < end:
            found = page.evaluate(f"document.getElementById('{place}').textContent")
            if found.startswith(starts):
                return
            page.wait_for_timeout(100)
        self.problems.append(f"{name}: {place} says {found}, not {' or '.join(starts)}")

    def keyboard(self, url: str) -> None:
        """The first keys reach the link to the content, then the button; focus is visible; the button pauses."""
        page = self.open(url, 1440, "light", "keyboard")
        self.expect(page, "keyboard", ("Working", "Ready", "Trouble"))
        reached = []
        for _ in range(12):
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate(
                    "[document.activeElement.className || document.activeElement.id || document.activeElement.nodeName,"
                    " getComputedStyle(document.activeElement).outlineStyle]"
                )
            )
        if reached[0][0] != "skip" or reached[1][0] != "pause":
            self.problems.append(f"keyboard: the order of focus is {reached}")
        if any(outline == "none" for place, outline in reached if place != "BODY"):
            self.problems.append(f"keyboard: focus is not visible: {reached}")
        page.focus("#pause")
        page.keyboard.press("Enter")
        self.wait(page, "keyboard", "updated", ("Paused",))
        page.keyboard.press("Enter")
        self.wait(page, "keyboard", "updated", ("Live",))
        page.context.close()

    def prefix(self, port: int) -> None:
        proxy = Proxy(port)
        for url in (proxy.url, proxy.url + "?from=a#b"):
            page = self.open(url, 900, "light", "prefix")
            self.expect(page, "prefix", ("Working", "Ready", "Trouble"))
            page.context.close()
        proxy.shutdown()


def show_cluster(shots: Shots, options, wanted: list[str], folder: pathlib.Path) -> None:
    with Cluster(options.model, workers=1) as cluster:
        cluster.wait_for_workers(1)
        url = cluster.url + "/"
        if "idle" in wanted:
            time.sleep(12)
            shots.state(url, "idle", ("Ready",))
        shots.prefix(cluster.port)
        shots.keyboard(url)
        load = Load(cluster)
        if set(wanted) & {"loaded", "broken", "gone"}:
            for policy in POLICIES:
                load.train(policy, STEPS)
            load.score(folder, 100)
            time.sleep(20)
        if "loaded" in wanted:
            shots.state(url, "loaded", ("Working",))
        gone = shots.open(url, 1440, "light", "gone")
        if "broken" in wanted:
            load.break_it()
            time.sleep(8)
            shots.state(url, "broken", ("Trouble",))
        if "gone" in wanted:
            cluster.processes["worker-0"].child.send_signal(signal.SIGCONT)
            shots.expect(gone, "gone", ("Trouble", "Working", "Ready"))
            cluster.kill("coordinator")
            shots.expect(gone, "gone", ("Not connected",))
            for width, theme in shots.sizes:
                gone.set_viewport_size({"width": width, "height": 900})
                gone.emulate_media(color_scheme=theme)
                gone.wait_for_timeout(1200)
                shots.take(gone, f"gone-{width}-{theme}")
        gone.context.close()


FLEET = """
default: large
rule: {{weighted: 0.7}}
models:
  - name: small
    price: {{input: 0.1, output: 0.4}}
    history: {{files: [{zero}]}}
    endpoint: {{url: "{small}", model: small}}
  - name: large
    price: {{input: 2.0, output: 8.0}}
    history: {{files: [{three}]}}
    endpoint: {{url: "{large}", model: large}}
"""
ANSWER = json.dumps(
    {
        "id": "a",
        "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40},
    }
)


def show_router(shots: Shots, options, folder: pathlib.Path) -> None:
    broken = threading.Event()

    async def fine(_number, _body, writer):
        writer.write(raw_upstream.ok(ANSWER))

    async def breaks(_number, _body, writer):
        writer.write(raw_upstream.status(500) if broken.is_set() else raw_upstream.ok(ANSWER))

    small, large = raw_upstream.RawUpstream(breaks), raw_upstream.RawUpstream(fine)
    zero, three = (next(paths.SAMPLE.glob(f"context.{name}*.jsonl.gz")) for name in ("zero-shot", "three-shot"))
    fleet = folder / "fleet.yaml"
    fleet.write_text(FLEET.format(zero=zero, three=three, small=small.url, large=large.url), encoding="utf-8")
    rates = {row["prompt_id"]: row["reward"] for row in rows("sample.outcomes.jsonl.gz")}
    with Router(str(fleet), str(folder / "state"), "--model", options.model) as router:
        url = f"http://127.0.0.1:{router.port}/"
        shots.state(url, "router-idle", ("Ready",))
        ask = Asker(router.port, rates)
        prompts = rows("queries.jsonl.gz")
        ask.send(prompts[:200])
        shots.state(url, "router-loaded", ("Working", "Ready"))
        broken.set()
        ask.send(prompts[200:230])
        shots.state(url, "router-broken", ("Working", "Ready", "Trouble"))
    os.environ[KEY] = "secret"
    with Router(str(fleet), str(folder / "keyed"), "--model", options.model, "--key-env", KEY) as router:
        page = shots.open(f"http://127.0.0.1:{router.port}/", 900, "light", "router-key")
        shots.expect(page, "router-key", ("Key needed",))
        shots.take(page, "router-key-900-light")
        page.fill("#secret", "secret")
        page.keyboard.press("Enter")
        shots.expect(page, "router-key", ("Ready",))
        page.context.close()


class Asker:
    """Sends prompts to a router, and outcomes of the answers."""

    def __init__(self, port: int, rates: dict[str, float]):
        self.port, self.rates, self.random = port, rates, random.Random(3)

    def request(self, path: str, body: dict):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer

    def send(self, prompts: list[dict]) -> None:
        outcomes = []
        for row in prompts:
            answer = self.request("/v1/chat/completions", {"messages": [{"role": "user", "content": row["prompt"]}]})
            decision = answer.headers["x-statezero-decision-id"]
            if answer.status == 200 and decision:
                reward = float(self.random.random() < self.rates.get(row["prompt_id"], 0.5))
                outcomes.append({"event_id": decision, "decision_id": decision, "reward": reward})
        self.request("/v1/outcomes", {"outcomes": outcomes})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=paths.ROOT / "out" / "page")
    parser.add_argument("--only", default=",".join(STATES))
    parser.add_argument("--model", default=str(paths.DEFAULT_MODEL))
    parser.add_argument("--quick", action="store_true", help="two sizes instead of six")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("shots: no Chromium is installed; on Debian: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("shots: playwright is not installed; pip install -r scripts/page/requirements.txt")
    options.output.mkdir(parents=True, exist_ok=True)
    wanted = options.only.split(",")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        shots = Shots(browser, options.output, options.quick)
        if set(wanted) - {"router"}:
            show_cluster(shots, options, wanted, pathlib.Path(name))
        if "router" in wanted:
            show_router(shots, options, pathlib.Path(name))
        browser.close()
    for problem in shots.problems:
        print(f"shots: {problem}")
    print(f"shots: {shots.count} pictures in {options.output}, {len(shots.problems)} problems")
    sys.exit(1 if shots.problems else 0)


if __name__ == "__main__":
    main()
