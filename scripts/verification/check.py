"""One of three workers of a cluster with keys lies: `score --verify 1` gives the undisturbed bytes all the same.

    pip install -r scripts/verification/requirements.txt
    python3 scripts/verification/check.py [--rows 20000] [--verify 1]

Starts a coordinator with keys, two workers of the program and a worker in this process, which has a key of its own and
the right fingerprint and answers with numbers that it draws. Scores a corpus with `--verify`, and once without a liar.
Prints what the coordinator, `_workers.json` and `score` say. Exit code 1: the outputs differ, or the liar is not in
quarantine. Needs a release build.
"""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

import zmq
import zmq.auth

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python" / "src"))
from common import paths
from statezero.worker import wire

MODEL = "table:0:300"


class Liar(threading.Thread):
    """A worker that joins as any other, and draws its answers."""

    def __init__(self, endpoint: str, key: pathlib.Path, fingerprint: bytes):
        super().__init__(daemon=True)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.curve_publickey, self.socket.curve_secretkey = zmq.auth.load_certificate(key)
        server = re.search(r'server-key = "(.+)"', key.read_text(encoding="utf-8"))
        self.socket.curve_serverkey = server.group(1).encode() if server else b""
        self.socket.connect(endpoint)
        self.fingerprint, self.rows, self.is_over = fingerprint, 0, threading.Event()
        self.incarnation, self.random = random.getrandbits(64), random.Random(1)

    def send(self, kind: str, body: object, *raw: bytes) -> None:
        self.socket.send_multipart(wire.encode(0, kind, body, *raw))

    def run(self) -> None:
        credit = wire.message("Credit", rows=512, tokens=100_000, pieces=2)
        model = wire.message("Fingerprint", name="table-0", digest=self.fingerprint)
        hello = wire.message(
            "Hello", role=1, protocol=1, name="liar", incarnation=self.incarnation, fingerprint=model, credit=credit
        )
        self.send("hello", hello)
        progress, beat = 0, 0.0
        while not self.is_over.is_set():
            if time.monotonic() > beat:
                beat = time.monotonic() + 1
                self.send(
                    "heartbeat",
                    wire.message("Heartbeat", incarnation=self.incarnation, credit=credit, progress=progress),
                )
            if not self.socket.poll(100):
                continue
            _, kind, body, _ = wire.decode(self.socket.recv_multipart())
            if kind == "who_are_you":
                self.send("hello", hello)
            if kind != "shard":
                continue
            progress += 1
            self.rows += body.piece.rows
            answers = b""
            for _ in range(body.piece.rows):
                p = self.random.random()
                answers += wire.answer(p, 5, p / 2, (1 + p) / 2, 0)
            result = wire.message("ShardResult", piece=body.piece, credit=credit, progress=progress)
            self.send("shard_result", result, answers)
        self.socket.close()


class Cluster:
    """Processes of the program in one folder, stopped at the end."""

    def __init__(self, folder: pathlib.Path):
        self.folder, self.program, self.children = folder, paths.program(), []

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True, timeout=600)

    def key(self, name: str, role: str, *more: str) -> None:
        made = self.run("keys", "new", name, "--role", role, "--keys", "keys", *more)
        if made.returncode != 0:
            sys.exit(made.stderr)

    def start(self, name: str, *words: str) -> pathlib.Path:
        log = self.folder / f"{name}.log"
        with open(log, "wb") as file:
            child = subprocess.Popen([self.program, *words], cwd=self.folder, stdout=file, stderr=file)
        self.children.append(child)
        return log

    def stop(self) -> None:
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(timeout=60)


def wait_for(log: pathlib.Path, pattern: str) -> str:
    for _ in range(600):
        if found := re.search(pattern, log.read_text(encoding="utf-8", errors="replace")):
            return found.group(1)
        time.sleep(0.1)
    sys.exit(f"{log} has no {pattern}")


def output(folder: pathlib.Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "_workers.json"}


def check(cluster: Cluster, options: argparse.Namespace) -> bool:
    folder = cluster.folder
    corpus = [json.dumps({"prompt": f"What is {i} plus {i % 89}?"}) for i in range(options.rows)]
    (folder / "prompts.jsonl").write_text("\n".join(corpus))
    history = [json.dumps({"policy_id": "p", "prompt": f"What is {i}?", "reward": i % 2}) for i in range(64)]
    (folder / "history.jsonl").write_text("\n".join(history))
    score = ["score", "--prompts", "prompts.jsonl", "--context", "history.jsonl"]
    plain = cluster.run(*score, "--output", "undisturbed", "--model", MODEL, "--workers", "1")
    if plain.returncode != 0:
        sys.exit(plain.stderr)
    for name in ("one", "two", "liar"):
        cluster.key(name, "worker")
    cluster.key("job", "client")
    cluster.key("ops", "observer", "--http")
    log = cluster.start("coordinator", "coordinator", "--bind", "tcp://127.0.0.1:0", "--keys", "keys", "--http",
                        "127.0.0.1:0", "--journal", "journal.sqlite", "--log-level", "info")  # fmt: skip
    endpoint = wait_for(log, r"(tcp://127\.0\.0\.1:\d+)")
    http = wait_for(log, r"http.*?(127\.0\.0\.1:\d+)")
    for name in ("one", "two"):
        cluster.start(name, "worker", "--connect", endpoint, "--key", f"{name}.key_secret", "--model", MODEL)
    wait_for(log, r"(worker joined)")
    model = json.loads((folder / "undisturbed" / "_manifest.json").read_text())["model"]["digest"]
    liar = Liar(endpoint, folder / "liar.key_secret", bytes.fromhex(model))
    liar.start()
    run = cluster.run(
        *score, "--output", "verified", "--coordinator", endpoint, "--key", "job.key_secret", "--verify", options.verify
    )
    print(run.stdout + run.stderr)
    status = cluster.run("status", "--http", http, "--token-file", "ops.token")
    print(status.stdout + status.stderr)
    liar.is_over.set()
    liar.join()
    workers = json.loads((folder / "verified" / "_workers.json").read_text())
    print(json.dumps(workers)[:1500])
    print("\n".join(line for line in log.read_text().splitlines() if "quarantine" in line or "disagree" in line))
    print(f"the liar had {liar.rows} rows")
    same = output(folder / "verified") == output(folder / "undisturbed")
    print(f"output: {'the undisturbed bytes' if same else 'OTHER BYTES'}; quarantined: {workers['quarantined']}")
    return same and workers["quarantined"] == ["liar"] and "quarantined" in status.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--verify", default="1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="statezero-") as folder:
        cluster = Cluster(pathlib.Path(folder))
        try:
            is_good = check(cluster, options)
        finally:
            cluster.stop()
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
