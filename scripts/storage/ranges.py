#!/usr/bin/env python3
"""Checks and measures `score --workers-read`: workers read the rows of files themselves, below their data roots.

    python3 scripts/storage/ranges.py check [--program .build/release/statezero] [--rows 30000]
    python3 scripts/storage/ranges.py measure [--rows 1000000] [--ray PYTHON]
    python3 scripts/storage/ranges.py client [--rows 1000000] [--model FOLDER --head gaussian-process]

Needs moto's server and pyarrow (pip install -r scripts/storage/requirements.txt), and the Arrow library.

check: JSON Lines and Parquet, on disk, on an S3 server and on a web server with ranges, give the bytes of a run with
texts; so does a run whose workers are killed. A file outside the data roots, an object that changed and a cluster
without such a worker end in words.

measure: rows per second, and peak memory of each process, of one corpus of Parquet objects on a local S3 server (moto),
table model, two workers: with prompts through the coordinator, with --workers-read, and with Ray Data (--ray names a
Python that has ray[data]). All three write JSON Lines on this machine.

client: processor seconds a million rows of each process, and of the client's busiest thread, for parts in JSON Lines
and Parquet on this machine and below s3://, with --workers-read. The busiest thread bounds how many workers it feeds.
"""

import argparse
import functools
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pyarrow
import pyarrow.parquet

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from s3_server import S3Server

from common.cluster import Cluster
from common.measurements import busiest_thread_seconds, peak_mib, processor_seconds

WORKERS = 2


class RangeServer(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, with ranges and entity tags."""

    def do_GET(self) -> None:
        path = pathlib.Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        wanted = self.headers.get("range")
        status, part = 200, content
        if wanted:
            first, last = wanted.removeprefix("bytes=").split("-")
            status, part = 206, content[int(first) : int(last) + 1 if last else None]
        self.send_response(status)
        self.send_header("content-length", str(len(part)))
        self.send_header("etag", f'"{hashlib.md5(content).hexdigest()}"')
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


SYLLABLES = [first + last for first in "bdfgklmnprstvwzh" for last in ("a", "en", "i", "or")]


def prompt(row: int) -> str:
    """About 200 bytes, which compress as prose does and not as a repeated sentence."""
    drawn = [SYLLABLES[byte % 64] for byte in hashlib.sha512(str(row).encode()).digest()]
    words = " ".join("".join(drawn[start : start + 2]) for start in range(0, 64, 2))
    return f"Question {row}: what is {row * 7919 % 1_000_003} plus {row % 97}? {words}"


def parquet(path: pathlib.Path, rows: range) -> None:
    columns = {"id": [f"p{row}" for row in rows], "prompt": [prompt(row) for row in rows], "level": list(rows)}
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=65_536)


def lines(path: pathlib.Path, rows: range) -> None:
    with path.open("w") as file:
        for row in rows:
            file.write(json.dumps({"id": f"p{row}", "prompt": prompt(row)}) + "\n")
            if row % 1000 == 7:
                file.write("\n" if row % 2000 == 7 else "no json\n")


def history(folder: pathlib.Path) -> pathlib.Path:
    path = folder / "history.jsonl"
    rows = [{"policy_id": "p", "prompt": f"context {row}", "reward": row % 2} for row in range(64)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def score(cluster: Cluster, prompts: list[str], context: pathlib.Path, output: pathlib.Path, *more: str) -> list[str]:
    files = ["--prompts", *prompts, "--context", str(context), "--output", str(output)]
    return [cluster.program, "score", *files, "--coordinator", cluster.endpoint, *more]


def cluster_of(options: argparse.Namespace, model: str, workers: int, arguments: list[str]) -> Cluster:
    return Cluster(model, program=options.program, workers=workers, worker_arguments=arguments, serves_http=False)


def digests(folder: pathlib.Path) -> dict[str, str]:
    return {entry.name: hashlib.sha256(entry.read_bytes()).hexdigest() for entry in sorted(folder.glob("part-*"))}


def expect(condition: bool, name: str, detail: str = "") -> None:
    print(f"{'ok  ' if condition else 'FAIL'} {name}", flush=True)
    if not condition:
        sys.exit(detail)


# check


def check(options: argparse.Namespace, folder: pathlib.Path) -> None:
    data = folder / "data"
    data.mkdir()
    lines(data / "a.jsonl", range(options.rows))
    parquet(data / "b.parquet", range(options.rows, 2 * options.rows))
    (folder / "elsewhere.jsonl").write_text('{"prompt": "outside"}\n{"prompt": "two"}\n')
    context = history(folder)
    serve = functools.partial(RangeServer, directory=str(data))
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{web.server_port}"
    with S3Server(folder / "state") as server:
        for name in ("a.jsonl", "b.parquet"):
            server.client.put_object(Bucket="rows", Key=f"data/{name}", Body=(data / name).read_bytes())
        roots = ["--data-root", str(data), "s3://rows/data", address]
        model = f"table:0:{options.pause}"
        with Cluster(
            model, program=options.program, workers=WORKERS, worker_arguments=roots, serves_http=False
        ) as cluster:
            places = {"disk": str(data), "s3": "s3://rows/data", "web": address}
            expected = None
            for place, root in places.items():
                files = [f"{root}/a.jsonl", f"{root}/b.parquet"]
                for name, flags in (("texts", []), ("ranges", ["--workers-read"])):
                    output = folder / f"{place}-{name}"
                    command = score(cluster, files, context, output, *flags)
                    answer = subprocess.run(command, capture_output=True, text=True, timeout=600)
                    expect(answer.returncode == 3, f"{place}, {name}: a run with its rejected rows", answer.stderr)
                    found = digests(output)
                    expected = expected or found
                    expect(found == expected, f"{place}, {name}: {len(found)} parts, the bytes of the first run")
            check_kills(cluster, places["s3"], context, folder, expected)
            check_errors(cluster, server, folder, context)
        check_without_worker(options, folder, context, str(data))
    web.shutdown()


def check_kills(cluster: Cluster, root: str, context: pathlib.Path, folder: pathlib.Path, expected: dict) -> None:
    output = folder / "killed"
    command = score(cluster, [f"{root}/a.jsonl", f"{root}/b.parquet"], context, output, "--workers-read")
    client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kills = 0
    for turn in range(6):
        time.sleep(0.4)
        if client.poll() is not None:
            break
        name = f"worker-{turn % WORKERS}"
        arguments = cluster.processes[name].child.args
        cluster.processes[name].send(signal.SIGKILL)
        cluster.start(name, "worker", *arguments[arguments.index("--connect") :])
        kills += 1
        if turn == 3:
            client.kill()
            client.wait()
            client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    status = client.wait(timeout=600)
    expect(kills > 0 and status == 3, f"{kills} workers were killed during a run", f"{kills} kills, {status}")
    expect(digests(output) == expected, "after the kills, the bytes of the first run")


def check_errors(cluster: Cluster, server: S3Server, folder: pathlib.Path, context: pathlib.Path) -> None:
    def error(name: str, path: str, *words: str, during=None) -> None:
        output = folder / name
        command = score(cluster, [path], context, output, "--workers-read")
        client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if during:
            during(output)
        _, text = client.communicate(timeout=600)
        expect(client.returncode == 1 and all(word in text for word in words), f"{name}: {words[0]}", text)
        answer = subprocess.run(score(cluster, [path], context, output), capture_output=True, text=True, timeout=600)
        if not during:
            expect(answer.returncode == 0, f"{name}: the same run continues with texts", answer.stderr)

    error("outside", str(folder / "elsewhere.jsonl"), "is not below a data root", "elsewhere.jsonl")
    server.client.put_object(Bucket="rows", Key="other/a.jsonl", Body=b'{"prompt": "one"}\n{"prompt": "two"}\n')
    error("outside-s3", "s3://rows/other/a.jsonl", "is not below a data root")
    many = folder / "many.jsonl"
    lines(many, range(1, 200_000, 1))
    body = many.read_bytes().replace(b"no json\n", b"")
    server.client.put_object(Bucket="rows", Key="data/many.jsonl", Body=body)

    def change(output: pathlib.Path) -> None:
        while not list(output.glob("part-*")):
            time.sleep(0.02)
        server.client.put_object(Bucket="rows", Key="data/many.jsonl", Body=body + b"\n")

    error("changed", "s3://rows/data/many.jsonl", "is not the one that the client read", "entity tag", during=change)


def check_without_worker(options: argparse.Namespace, folder: pathlib.Path, context: pathlib.Path, data: str) -> None:
    with cluster_of(options, "table", 1, []) as cluster:
        more = ["--workers-read", "--abandon-after", "3"]
        command = score(cluster, [f"{data}/b.parquet"], context, folder / "nobody", *more)
        answer = subprocess.run(command, capture_output=True, text=True, timeout=600)
        expect(answer.returncode == 75 and "--data-root" in answer.stderr, "no worker with a data root", answer.stderr)
    command = [options.program, "score", "--prompts", f"{data}/b.parquet", "--context", str(context), "--workers", "2"]
    command += ["--model", "table", "--workers-read", "--output", str(folder / "local")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600)
    expect(answer.returncode == 0, "a local cluster whose workers read", answer.stderr)
    command[-1] = str(folder / "local-texts")
    command.remove("--workers-read")
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600)
    expect(digests(folder / "local") == digests(folder / "local-texts"), "the bytes of a local run with texts")


# measure


class Usage:
    """What the processes of a run have used: the client while it runs, the others at its end."""

    def __init__(self, client: subprocess.Popen):
        self.client, self.peak, self.seconds, self.thread = client, 0.0, 0.0, 0.0

    def wait(self) -> None:
        """Waits for the client; its last tenth of a second may be missing."""
        while self.client.poll() is None:
            try:
                self.peak = max(self.peak, peak_mib(self.client.pid))
                self.seconds = processor_seconds(self.client.pid)
                self.thread = busiest_thread_seconds(self.client.pid)
            except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
                pass
            time.sleep(0.1)

    def figures(self, rows: int, processes: dict) -> dict:
        """Peaks in MiB, and processor seconds for a million rows."""
        used = {name: processor_seconds(process.pid) for name, process in processes.items()}
        workers = sum(seconds for name, seconds in used.items() if name.startswith("worker"))
        seconds = {"client": self.seconds, "client's busiest thread": self.thread}
        seconds |= {"coordinator": used["coordinator"], "workers": workers}
        peaks = {"client": round(self.peak)}
        peaks |= {name: round(peak_mib(process.pid)) for name, process in processes.items()}
        return {
            "peak_mib": peaks,
            "processor_seconds_a_million_rows": {n: round(v * 1e6 / rows, 2) for n, v in seconds.items()},
        }


def run_score(
    options: argparse.Namespace, folder: pathlib.Path, name: str, output: str, flags: list[str], text: int
) -> None:
    """One run of the corpus on the S3 server; prints its figures."""
    log = folder / f"{name}.log"
    arguments = ["--data-root", "s3://rows/data", "--cache-mib", "16"]
    if options.head:
        arguments += ["--head", options.head]
    with cluster_of(options, options.model, WORKERS, arguments) as cluster:
        start = time.monotonic()
        command = score(cluster, ["s3://rows/data/"], history(folder), pathlib.Path("output"), *flags)
        command[command.index("output")] = output
        client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log.open("w"))
        usage = Usage(client)
        usage.wait()
        seconds = time.monotonic() - start
        figures = usage.figures(options.rows, cluster.processes)
    if client.returncode != 0:
        sys.exit(f"{name}: exit code {client.returncode}: {log.read_text()[-2000:]}")
    report(name, options.rows, text, seconds, figures)


def upload(options: argparse.Namespace, folder: pathlib.Path, server: S3Server) -> int:
    """Puts the corpus below s3://rows/data; returns about the bytes of its prompts."""
    size = 0
    for start in range(0, options.rows, options.rows_per_file):
        path = folder / "part.parquet"
        parquet(path, range(start, min(start + options.rows_per_file, options.rows)))
        size += path.stat().st_size
        server.client.upload_file(str(path), "rows", f"data/{start:010d}.parquet")
    text = sum(len(prompt(row)) for row in range(0, options.rows, 1000)) * 1000
    print(json.dumps({"rows": options.rows, "parquet_mib": size >> 20, "prompts_mib": text >> 20}), flush=True)
    return text


def measure(options: argparse.Namespace, folder: pathlib.Path) -> None:
    with S3Server(folder / "state") as server:
        text = upload(options, folder, server)
        outputs = {}
        for name, flags in (("texts", []), ("workers-read", ["--workers-read"])):
            output = folder / name
            run_score(options, folder, name, str(output), flags, text)
            outputs[name] = digests(output)
            shutil.rmtree(output)
        print(json.dumps({"equal_bytes": outputs["texts"] == outputs["workers-read"]}), flush=True)
        if options.ray:
            peer = pathlib.Path(__file__).with_name("ray_data_peer.py")
            start = time.monotonic()
            command = [options.ray, str(peer), "rows/data", str(folder / "ray"), str(WORKERS)]
            answer = subprocess.run(command, capture_output=True, text=True, env=os.environ)
            if answer.returncode != 0:
                sys.exit(answer.stderr)
            inside = json.loads(answer.stdout.splitlines()[-1])
            more = {"seconds_without_start": inside["seconds"]}
            report("ray-data", inside["rows"], text, time.monotonic() - start, more)


def client(options: argparse.Namespace, folder: pathlib.Path) -> None:
    """What one client costs a million rows, by the format and the place of its output."""
    with S3Server(folder / "state") as server:
        text = upload(options, folder, server)
        for place, root in (("disk", str(folder)), ("s3", "s3://rows/out")):
            for name in ("jsonl", "parquet"):
                flags = ["--workers-read", "--format", name]
                run_score(options, folder, f"{place}-{name}", f"{root}/{place}-{name}", flags, text)


def report(name: str, rows: int, text: int, seconds: float, more: dict) -> None:
    figures = {
        "run": name,
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
        "prompt_mb_per_second": round(text / seconds / 1e6, 1),
    }
    print(json.dumps({**figures, **more}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["check", "measure", "client"])
    parser.add_argument("--program", default=".build/release/statezero")
    parser.add_argument("--rows", type=int, help="default: 30,000 (check), 1,000,000 (measure, client)")
    parser.add_argument("--rows-per-file", type=int, default=1_000_000)
    parser.add_argument("--pause", type=int, default=30, help="microseconds of the model for each prompt, in check")
    parser.add_argument("--model", default="table", help="model in measure and client; default: the stub")
    parser.add_argument("--head", help="its head")
    parser.add_argument("--ray", help="a Python with ray[data], for measure")
    options = parser.parse_args()
    options.program = str(pathlib.Path(options.program).resolve())
    options.rows = options.rows or (30_000 if options.what == "check" else 1_000_000)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ranges-"))
    try:
        {"check": check, "measure": measure, "client": client}[options.what](options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
