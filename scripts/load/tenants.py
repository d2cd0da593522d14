"""How long one tenant waits while another attacks, or has much to do: p50 and p99, quiet and meanwhile.

    python3 scripts/load/tenants.py [--only greedy] [--quiet 6] [--seconds 10] [--senders yielding] [--rate 50]

Each row has a coordinator of its own, with keys of two tenants and a journal, and a worker with the table model that
computes for both. A process of the tenant `b` asks over HTTP, one request after the other: a plan for 16 prompts, then
scores of 16 prompts. It does so on the quiet cluster, and then while the tenant `a` does what the row says, with keys
of the roles that may: the attacks of attacks.py, and what an honest tenant does who needs much (`greedy`). Prints p50
and p99 of plans and scores together, quiet and meanwhile, the ratio of the p99, and the requests that failed.

The attackers use processor time of the same machine. How much of a ratio is theirs the first rows say: `nothing` is the
noise of the measurement, `two busy processes` compute beside the cluster and never connect. With `--senders yielding`
attackers run only when nobody else wants the processor (SCHED_IDLE): nearer to attackers on machines of their own. With
`--senders apart` they have the second processor, and the cluster and the quiet tenant have the first one: nothing of a
ratio is the attackers' own time, and the cluster has one processor. `--rate N` gives the keys and tokens of the tenant
`a` N messages a second (`--messages-per-second` of `keys new`).

Fails where the p99 is more than --most times that of the quiet cluster, or a request failed. Needs a release build, and
what attacks.py needs.
"""

import collections.abc
import contextlib
import http.client
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import attacks
from raw import Key

from common import arguments, measurements
from common.cluster import Cluster, free_endpoint

ITEMS = 16
PAUSE_SECONDS = 0.002
# With --senders apart.
CLUSTER_PROCESSOR, SENDERS_PROCESSOR = {0}, {1}
WARM_UP_SECONDS = 1.0
KEYS = [("worker", "worker", None)] + [(f"{role}-a", role, "a") for role in attacks.ROLES]
TOKENS = [("quiet", "trainer", "b"), ("greedy", "trainer", "a"), ("page", "observer", None)]


class Requests:
    """Requests with a token, over one connection that is kept."""

    def __init__(self, port: int, token: str):
        self.port, self.headers = port, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path: str, body: object = None, method: str | None = None) -> tuple[int, bytes]:
        """Status and body; status 0 where the connection ended. Without a method: POST with a body, else GET."""
        method = method or ("POST" if body else "GET")
        try:
            self.connection.request(method, path, json.dumps(body) if body else None, self.headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            self.connection.close()
            return 0, b""


def plan(policy: str, step: int, items: int, characters: int) -> dict:
    names = [f"{policy} {step} {number}" for number in range(items)]
    return {
        "policy_id": policy,
        "step": step,
        "total": 8 * items,
        "items": [{"prompt_id": name, "prompt": name.ljust(characters, "x")} for name in names],
        "deadline_ms": 30_000,
    }


def outcomes(policy: str) -> dict:
    found = [
        {"event_id": f"e{n}", "prompt_id": f"p{n}", "prompt": f"{policy} {n}", "mean": n % 2, "n": 4} for n in range(64)
    ]
    return {"policy_id": policy, "outcomes": found}


def probe(port: int, token: str, pipe) -> None:
    """The quiet tenant. At each message of the pipe sends what it has measured since the last one, and ends at None. A
    process of its own: threads of Python would wait for each other."""
    requests, step, seconds, failed = Requests(port, token), 0, [], []
    while True:
        step += 1
        scores = [{"prompt": f"score {step} {number}"} for number in range(ITEMS)]
        for path, body in (
            ("/v1/plans", plan("quiet", step, ITEMS, 200)),
            ("/v1/score", {"policy_id": "quiet", "items": scores}),
        ):
            begin = time.monotonic()
            status, answer = requests.ask(path, body)
            seconds.append(time.monotonic() - begin)
            if status != 200 or (path == "/v1/plans" and json.loads(answer).get("status") != "ok"):
                failed.append(f"{path} {status} {answer[:200]!r}")
            time.sleep(PAUSE_SECONDS)
        if pipe.poll():
            if pipe.recv() is None:
                return
            pipe.send((seconds, failed))
            seconds, failed = [], []


class Quiet:
    """The process of the quiet tenant."""

    def __init__(self, port: int, token: str):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=probe, args=(port, token, other), daemon=True)
        self.process.start()

    def measure(self, seconds: float) -> tuple[list[float], list[str]]:
        self.take()
        time.sleep(seconds)
        return self.take()

    def take(self) -> tuple[list[float], list[str]]:
        self.pipe.send("take")
        return self.pipe.recv()

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.pipe.send(None)
        self.process.join(timeout=60)
        self.process.kill()


class Tenants:
    """A cluster with keys of two tenants."""

    def __init__(self, program: str, folder: pathlib.Path, rate: int | None):
        self.program, self.folder = program, folder
        self.rate = [] if rate is None else ["--messages-per-second", str(rate)]
        make = [program, "keys", "new", "--keys", str(folder / "keys")]
        for name, role, tenant in KEYS:
            self.new([*make, name, "--role", role], name, tenant)
        for name, role, tenant in TOKENS:
            self.new([*make, name, "--role", role, "--http"], name, tenant)
        self.cluster = Cluster(
            "table",
            program=program,
            endpoint=free_endpoint(),
            worker_arguments=("--store", "off", "--key", str(folder / "worker")),
            coordinator_arguments=("--keys", str(folder / "keys")),
        )

    def new(self, command: list[str], name: str, tenant: str | None) -> None:
        of = ["--tenant", tenant] if tenant else []
        of += self.rate if tenant == "a" else []
        subprocess.run([*command, *of, "--output", str(self.folder / name)], check=True, capture_output=True)

    def token(self, name: str) -> str:
        return (self.folder / name).read_text().strip()

    def key(self, role: str) -> Key:
        return Key.read(self.folder / f"{role}-a")

    def wait_for_worker(self) -> bytes:
        """Waits until the worker has joined; returns the fingerprint of its model."""
        requests = Requests(self.cluster.port, self.token("page"))

        def status() -> dict:
            answered, body = requests.ask("/v1/status")
            return json.loads(body)["coordinator"] if answered == 200 else {}

        self.cluster.wait(lambda: status().get("workers") == 1)
        return bytes.fromhex(status()["fingerprint"])


Row = collections.abc.Callable[[Tenants, bytes, float], None]


def nothing(tenants: Tenants, fingerprint: bytes, end: float) -> None:
    """The noise of the measurement."""
    time.sleep(max(0.0, end - time.monotonic()))


def burn(end: float) -> None:
    while time.monotonic() < end:
        sum(range(10_000))


def busy(tenants: Tenants, fingerprint: bytes, end: float) -> None:
    """Two processes that compute."""
    burners = [multiprocessing.Process(target=burn, args=(end,)) for _ in range(2)]
    for burner in burners:
        burner.start()
    for burner in burners:
        burner.join()


def greedy_scores(tenants: Tenants, fingerprint: bytes, end: float) -> None:
    """Two clients that score a large file each, again and again."""
    prompts, context = tenants.folder / "prompts.jsonl", tenants.folder / "context.jsonl"
    filler = "lorem ipsum dolor " * 30
    prompts.write_text("".join(json.dumps({"id": f"q{n}", "prompt": f"{n} {filler}"}) + "\n" for n in range(60_000)))
    context.write_text("".join(json.dumps({"prompt": f"known {n}", "reward": n % 2}) + "\n" for n in range(256)))

    def score(number: int) -> None:
        command = [tenants.program, "score", "--coordinator", tenants.cluster.endpoint, "--model", "table"]
        command += ["--prompts", str(prompts), "--context", str(context), "--policy", f"greedy {number}"]
        command += ["--output", str(tenants.folder / f"scores-{number}"), "--overwrite"]
        command += ["--key", str(tenants.folder / "client-a")]
        while time.monotonic() < end:
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                child.wait(timeout=max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.terminate()
                child.wait()

    threads = [threading.Thread(target=score, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def greedy_plans(tenants: Tenants, fingerprint: bytes, end: float) -> None:
    """A trainer whose steps have 4,096 prompts of 2,000 characters."""
    requests, step = Requests(tenants.cluster.port, tenants.token("greedy")), 0
    requests.ask("/v1/outcomes", outcomes("greedy"))
    while time.monotonic() < end:
        step += 1
        requests.ask("/v1/plans", plan("greedy", step, 4096, 2000))


def attack(name: str) -> Row:
    def run(tenants: Tenants, fingerprint: bytes, end: float) -> None:
        kind = attacks.ATTACKS[name]
        port = int(tenants.cluster.endpoint.rsplit(":", 1)[1])
        keys = {role: tenants.key(role) for role in attacks.ROLES}
        with contextlib.suppress(ConnectionError):
            kind.run(attacks.Attacker(port, keys[kind.right], keys, end, fingerprint))

    return run


ROWS: dict[str, Row] = {
    "nothing": nothing,
    "two busy processes": busy,
    "greedy: large files to score": greedy_scores,
    "greedy: large plans": greedy_plans,
} | {name: attack(name) for name in attacks.ATTACKS}


def attacking(options, name: str, tenants: Tenants, fingerprint: bytes, end: float) -> None:
    """The attacker's process; processes that it starts are scheduled like it."""
    if options.senders == "yielding":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if options.senders == "apart":
        os.sched_setaffinity(0, SENDERS_PROCESSOR)
    ROWS[name](tenants, fingerprint, end)


def measure(options, name: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="tenants-") as folder:
        tenants = Tenants(options.program, pathlib.Path(folder), options.rate)
        try:
            fingerprint = tenants.wait_for_worker()
            token = tenants.token("quiet")
            status, answer = Requests(tenants.cluster.port, token).ask("/v1/outcomes", outcomes("quiet"))
            if status != 200:
                raise RuntimeError(f"outcomes: {status} {answer!r}")
            quiet = Quiet(tenants.cluster.port, token)
            try:
                time.sleep(WARM_UP_SECONDS)
                before, failed = quiet.measure(options.quiet)
                end = time.monotonic() + WARM_UP_SECONDS + options.seconds + 1
                attacker = multiprocessing.Process(target=attacking, args=(options, name, tenants, fingerprint, end))
                attacker.start()
                time.sleep(WARM_UP_SECONDS)
                meanwhile, more = quiet.measure(options.seconds)
                attacker.join(timeout=30)
                if attacker.exitcode:
                    raise RuntimeError(f"{name}: the attack did not run, see above; install what attacks.py needs")
                attacker.kill()
            finally:
                quiet.end()
        finally:
            tenants.cluster.stop()
    failed += more
    p50, p99 = (
        tuple(1000 * measurements.percentile(part, share) for part in (before, meanwhile)) for share in (0.5, 0.99)
    )
    ratio = p99[1] / p99[0]
    is_good = ratio <= options.most and not failed
    print(
        f"| {name} | {p50[0]:.1f} / {p99[0]:.1f} ms | {p50[1]:.1f} / {p99[1]:.1f} ms | {ratio:.1f} "
        f"| {len(before)} / {len(meanwhile)} | {len(failed)} | {'' if is_good else 'TOO LATE'} |",
        flush=True,
    )
    for failure in failed[:3]:
        print(f"{name}: {failure}", file=sys.stderr)
    return is_good


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--quiet", type=float, default=6, help="seconds of the quiet measurement")
    parser.add_argument("--seconds", type=float, default=10, help="seconds of the measurement meanwhile")
    parser.add_argument("--most", type=float, default=2, help="largest ratio of the p99")
    parser.add_argument(
        "--senders", choices=("equal", "yielding", "apart"), default="equal", help="their processor time"
    )
    parser.add_argument("--rate", type=int, help="messages a second of the tenant a")
    options = parser.parse_args()
    if options.senders == "apart":
        # Processes that are started from here inherit it.
        os.sched_setaffinity(0, CLUSTER_PROCESSOR)
    print("| tenant a | quiet p50 / p99 | meanwhile | ratio of p99 | requests | failed | |", flush=True)
    print("|---|---|---|---|---|---|---|", flush=True)
    results = [measure(options, name) for name in ROWS if options.only in name]
    print(f"\n{measurements.load()}")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
