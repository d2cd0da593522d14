#!/usr/bin/env python3
"""Checks `s3://` and web addresses with a real S3 server (moto) and a web server that breaks its answers.

    python3 scripts/storage/check.py [--program .build/release/statezero] [--kills 40] [--rows 100000] [--seed 0]

Needs moto's server (pip install -r scripts/storage/requirements.txt).

read: an object, a prefix, a pattern and a web address are read as the same file on disk; errors name what is wrong.

kills: a run with its output below s3:// is killed with SIGKILL at random points and started again with the same
command, each time into a new prefix. At the end, the objects must be those of a run on disk, to the byte.
"""

import argparse
import hashlib
import http.server
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from s3_server import S3Server


class BreakingServer(http.server.BaseHTTPRequestHandler):
    """Serves one file, and ends most answers in their middle."""

    content = b""
    changes = False
    requests = 0

    def do_GET(self) -> None:
        cls = type(self)
        cls.requests += 1
        if cls.requests % 3 == 0:
            self.send_response(503)
            self.send_header("content-length", "0")
            self.end_headers()
            return
        start = int((self.headers.get("range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        tag = f'"{hashlib.md5(cls.content).hexdigest()}-{cls.requests if cls.changes else 0}"'
        if self.headers.get("if-match") not in (None, tag):
            self.send_response(412)
            self.send_header("content-length", "0")
            self.end_headers()
            return
        rest = cls.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("content-length", str(len(rest)))
        self.send_header("etag", tag)
        self.end_headers()
        # At least one answer in three is cut off.
        self.wfile.write(rest if cls.requests % 3 == 1 and start else rest[: max(1, len(rest) // 2)])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def run(program: str, arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, timeout=600)


def expect(condition: bool, name: str, detail: str = "") -> None:
    print(f"{'ok  ' if condition else 'FAIL'} {name}", flush=True)
    if not condition:
        sys.exit(detail)


def score(prompts: str, context: str, output: str, pause: int) -> list[str]:
    return ["score", "--prompts", prompts, "--context", context, "--model", f"table:1:{pause}", "--output", output]


def write_rows(path: pathlib.Path, rows: int) -> bytes:
    text = "".join(json.dumps({"id": f"q{i}", "prompt": f"What is {i} + {i * 7}?"}) + "\n" for i in range(rows))
    path.write_text(text)
    return text.encode()


def check_reading(program: str, folder: pathlib.Path, client, environment: dict[str, str]) -> None:
    content = write_rows(folder / "few.jsonl", 300)
    client.put_object(Bucket="rows", Key="set/a.jsonl", Body=content)
    client.put_object(Bucket="rows", Key="set/b +c.jsonl", Body=write_rows(folder / "more.jsonl", 200))
    client.put_object(Bucket="rows", Key="set/_notes.jsonl", Body=b"no rows")
    client.put_object(Bucket="rows", Key="bad/only.jsonl", Body=b"{")

    def rows(*arguments: str, **more: str) -> int:
        answer = run(program, ["validate", *arguments, "--json"], environment | more)
        return json.loads(answer.stdout)["rows"] if answer.stdout else -1

    expect(rows("s3://rows/set/a.jsonl") == 300, "an object")
    expect(rows("s3://rows/set/b +c.jsonl") == 200, "an object with a name that is encoded")
    expect(rows("s3://rows/set") == 300, "a prefix (validate reads its files; ids repeat)")
    expect(rows("s3://rows/set/a*.jsonl") == 300, "a pattern")

    def error(path: str, **more: str) -> str:
        answer = run(program, ["validate", path], environment | more)
        expect(answer.returncode == 1, f"{path} is an error", answer.stdout + answer.stderr)
        return answer.stdout + answer.stderr

    missing = error("s3://rows/absent.jsonl")
    expect("no such object" in missing, "an absent object is named", missing)
    bucket = error("s3://nowhere-here/x.jsonl")
    expect("does not exist" in bucket or "no such object" in bucket, "an absent bucket is named", bucket)
    secret = environment["AWS_SECRET_ACCESS_KEY"]
    expect(secret not in missing + bucket, "no secret in messages")

    for changes in (False, True):
        BreakingServer.content, BreakingServer.changes, BreakingServer.requests = content, changes, 0
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), BreakingServer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/few.jsonl"
        if changes:
            expect("changed while it was read" in error(address), "a file that changes while it is read is refused")
        else:
            expect(rows(address) == 300, f"a web address whose answers break ({BreakingServer.requests} requests)")
        server.shutdown()


def objects(client, prefix: str) -> dict[str, bytes]:
    listing = client.list_objects_v2(Bucket="rows", Prefix=prefix + "/").get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix + "/"): client.get_object(Bucket="rows", Key=entry["Key"])["Body"].read()
        for entry in listing
        # It says who answered, which differs from run to run.
        if not entry["Key"].endswith("/_workers.json")
    }


def check_kills(program: str, folder: pathlib.Path, client, environment: dict[str, str], options) -> None:
    client.put_object(Bucket="rows", Key="many.jsonl", Body=write_rows(folder / "many.jsonl", options.rows))
    context = folder / "context.jsonl"
    context.write_text(
        "".join(json.dumps({"prompt": f"What is {i}?", "policy_id": "p", "reward": i % 2}) + "\n" for i in range(64))
    )
    on_disk = folder / "reference"
    answer = run(program, score(str(folder / "many.jsonl"), str(context), str(on_disk), 0), environment)
    expect(answer.returncode == 0, "the run on disk", answer.stderr)
    expected = {entry.name: entry.read_bytes() for entry in on_disk.iterdir() if entry.name != "_workers.json"}
    draw = random.Random(options.seed)
    begin = time.monotonic()
    answer = run(program, score("s3://rows/many.jsonl", str(context), "s3://rows/whole", options.pause), environment)
    length = time.monotonic() - begin
    expect(answer.returncode == 0, f"a run below s3:// ({length:.1f} s)", answer.stderr)
    expect(objects(client, "whole") == expected, f"its {len(expected)} objects are the files on disk")
    answer = run(program, score("s3://rows/many.jsonl", str(context), "s3://rows/whole", 0), environment)
    expect(answer.returncode == 0 and objects(client, "whole") == expected, "the same command finds it finished")
    answer = run(program, score("s3://rows/set/a.jsonl", str(context), "s3://rows/whole", 0), environment)
    expect(answer.returncode == 1, "another run is refused", answer.stderr)
    plan = run(program, ["plan", "--scores", "s3://rows/whole", "--total", str(8 * options.rows)], environment)
    expect(plan.returncode == 0, "plan reads the scores", plan.stderr)
    kills = runs = 0
    while kills < options.kills:
        runs += 1
        prefix = f"run{runs}"
        command = [program, *score("s3://rows/many.jsonl", str(context), f"s3://rows/{prefix}", options.pause)]
        for _ in range(8):
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=draw.uniform(0.1, length))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
                seen = objects(client, prefix)
                whole = all(expected.get(name) == content for name, content in seen.items())
                if not whole or ("_SUCCESS" in seen and len(seen) != len(expected)):
                    sys.exit(f"{prefix}: what is visible after a kill is not part of the output")
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
        if answer.returncode != 0 or objects(client, prefix) != expected:
            sys.exit(f"{prefix}: the output differs after kills: {answer.stderr}")
    left = [entry for entry in (folder / "state").rglob("*") if entry.is_file()]
    expect(not left, f"{kills} kills in {runs} runs: the same objects, the same bytes", str(left))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=".build/release/statezero")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pause", type=int, default=20, help="microseconds of the table model for each prompt")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="storage-check-"))
    try:
        with S3Server(folder / "state") as server:
            check_reading(program, folder, server.client, server.environment)
            check_kills(program, folder, server.client, server.environment, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
