"""All roles of a cluster with keys at work for an hour: memory, descriptors, threads and files stay flat.

    python3 scripts/load/soak.py [--minutes 60] [--pace 1.0]

A coordinator with a journal, keys and HTTP; two workers that stay and a third that is killed every half minute; a
rollout worker; clients that score a corpus one after the other, with `--verify`; two trainers that plan over HTTP,
report outcomes and have groups rolled out; readers of `/v1/events` that come and go; strangers that connect and
send garbage. Each `--pace` seconds brings the next step, so the load is small and the same all the time.

Prints a line each minute and at the end a table: for each process that stayed, the median of the second quarter
beside that of the last. Fails where resident memory grew by over 5 % and 8 MiB, descriptors by over 4, threads by
over 32 (libdispatch keeps idle ones for a while), or the journal by over 25 % and 4 MiB; where a request was refused,
a job failed or its output differed from the first one's, or a process ended. The first quarter is left out: caches,
windows and histories fill up. Standard library only. Needs a release build.
"""

import argparse
import collections.abc
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, markdown, measurements
from common.cluster import Cluster, free_endpoint

KEYS = {"stay-0": "worker", "stay-1": "worker", "dies": "worker", "groups": "rollout", "jobs": "client"}
ROLLOUTS = """
import json, sys
for line in sys.stdin:
    task = json.loads(line)
    for number in range(task["n"]):
        print(json.dumps({"assignment": task["assignment"], "reward": number % 2}), flush=True)
"""
KILL_SECONDS = 30
ROWS = 2000
PROMPTS = 32
CORPUS = 4000
# Reached within the first quarter of an hour.
OUTCOMES = 4096


@dataclasses.dataclass
class Counts:
    """What was done and what failed, of all threads."""

    steps: int = 0
    groups: int = 0
    jobs: int = 0
    readers: int = 0
    strangers: int = 0
    kills: int = 0
    problems: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Sample:
    """What a process has at a moment; of the coordinator also the journal."""

    resident: float
    descriptors: int
    threads: int
    journal: float = 0


def look(pid: int, journal: float = 0) -> Sample:
    fields = dict(
        line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    resident, threads = int(fields["VmRSS"].split()[0]) / 1024, int(fields["Threads"])
    return Sample(resident, len(os.listdir(f"/proc/{pid}/fd")), threads, journal)


class Soak:
    """One cluster, the threads that give it work, and what was seen of it."""

    def __init__(self, options: argparse.Namespace, cluster: Cluster, keys: pathlib.Path):
        self.options, self.cluster, self.keys = options, cluster, keys
        self.token = (keys / "ops.token").read_text().strip()
        self.counts, self.stopping = Counts(), threading.Event()
        self.samples: dict[str, list[Sample]] = {}

    def ask(self, path: str, body: object = None) -> dict:
        """The answer to a request with the token; one that is refused is a problem of the run."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.cluster.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            self.counts.problems.append(f"{path}: {error.code} {error.read()[:200].decode(errors='replace')}")
        except OSError as error:
            self.counts.problems.append(f"{path}: {error}")
        return {}

    # What gives the cluster work

    def train(self, policy: str) -> None:
        """Step after step: a plan; every fourth step by rollout workers, else the trainer reports outcomes itself."""
        step = 0
        while not self.stopping.wait(self.options.pace):
            names = [f"{(step * PROMPTS + number) % CORPUS}" for number in range(PROMPTS)]
            items = [{"prompt_id": name, "prompt": f"Prompt {name} of {policy}. ".ljust(400, "x")} for name in names]
            by_workers = step % 4 == 3
            request = {"policy_id": policy, "step": step, "total": 4 * PROMPTS, "items": items, "deadline_ms": 30_000}
            plan = self.ask("/v1/plans", request | ({"delivery": "workers"} if by_workers else {}))
            if by_workers:
                self.counts.groups += PROMPTS
            elif plan:
                outcomes = [
                    {"event_id": f"{step}/{name}", "prompt_id": name, "step": step, "rewards": [0, 1, int(name) % 2]}
                    for name in names
                ]
                self.ask("/v1/outcomes", {"policy_id": policy, "outcomes": outcomes})
            self.counts.steps += 1
            step += 1

    def score(self) -> None:
        """Job after job over the same corpus; each output must be the first one's."""
        first = None
        while not self.stopping.wait(self.options.pace):
            output = self.cluster.folder / "scores"
            command = f"{self.cluster.program} score --coordinator {self.cluster.endpoint} --model table --store off"
            files = {"key": "jobs.key_secret", "prompts": "prompts.jsonl", "context": "context.jsonl"}
            named = [word for name, file in files.items() for word in (f"--{name}", str(self.keys / file))]
            more = ["--policy", "soak", "--verify", "0.1", "--output", str(output)]
            done = subprocess.run([*command.split(), *named, *more], capture_output=True, text=True, check=False)
            digest = hashlib.sha256()
            for path in sorted(output.glob("part-*")):
                digest.update(path.read_bytes())
            first = first or digest.hexdigest()
            if done.returncode != 0 or digest.hexdigest() != first:
                self.counts.problems.append(f"score: exit code {done.returncode}: {done.stderr[-300:]}")
            self.counts.jobs += 1
            shutil.rmtree(output, ignore_errors=True)

    def read_events(self) -> None:
        """Readers of the page's events that leave in the middle."""
        while not self.stopping.wait(self.options.pace):
            with socket.create_connection(("127.0.0.1", self.cluster.port), timeout=10) as reader:
                lines = f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n\r\n"
                reader.sendall(lines.encode())
                reader.recv(2000)
            self.counts.readers += 1

    def knock(self) -> None:
        """Strangers at both ports: some send garbage, some nothing."""
        draw, ports = random.Random(1), [self.cluster.port, int(self.cluster.endpoint.rsplit(":", 1)[1])]
        while not self.stopping.wait(self.options.pace):
            for port in ports:
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=10) as stranger:
                        stranger.sendall(draw.randbytes(draw.randrange(100)))
                except OSError:
                    pass  # The server may have closed first.
                self.counts.strangers += 1

    def kill(self) -> None:
        """A worker dies again and again, whatever it holds."""
        while not self.stopping.wait(KILL_SECONDS):
            self.cluster.kill("dies", signal.SIGKILL)
            start_worker(self.cluster, self.keys, "dies")
            self.counts.kills += 1

    # What is seen of it

    def sample(self) -> None:
        journal = sum(file.stat().st_size for file in self.cluster.folder.glob("journal.sqlite*")) / 2**20
        for name in ("coordinator", "stay-0", "stay-1", "groups"):
            process = self.cluster.processes[name]
            if process.has_ended:
                self.counts.problems.append(f"{name} has ended: {process.output()[-300:]}")
            else:
                now = look(process.pid, journal if name == "coordinator" else 0)
                self.samples.setdefault(name, []).append(now)

    def run(self) -> int:
        work: list[collections.abc.Callable] = [self.score, self.read_events, self.knock, self.kill]
        threads = [threading.Thread(target=function) for function in work]
        threads += [threading.Thread(target=self.train, args=(f"policy-{number}",)) for number in range(2)]
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        try:
            # Ten samples a minute, so that a quarter of a short run has some too.
            for number in range(10 * self.options.minutes):
                time.sleep(max(0, begin + 6 * (number + 1) - time.monotonic()))
                self.sample()
                if number % 10 == 9:
                    self.print_line(time.monotonic() - begin)
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join()
        return self.report()

    def print_line(self, seconds: float) -> None:
        now, counts = {name: samples[-1] for name, samples in self.samples.items()}, self.counts
        memory = "  ".join(f"{name} {sample.resident:.1f}" for name, sample in now.items())
        print(
            f"{seconds / 60:5.1f} min  MiB: {memory}  journal {now['coordinator'].journal:.1f}  "
            f"steps {counts.steps}  jobs {counts.jobs}  kills {counts.kills}  problems {len(counts.problems)}",
            flush=True,
        )

    def report(self) -> int:
        rows, failures = [], [*self.counts.problems]
        bounds = {"resident": (0.05, 8), "descriptors": (0, 4), "threads": (0, 32), "journal": (0.25, 4)}
        for name, samples in self.samples.items():
            quarter = len(samples) // 4
            for field, (share, least) in bounds.items():
                values = [getattr(sample, field) for sample in samples]
                before, after = statistics.median(values[quarter : 2 * quarter]), statistics.median(values[-quarter:])
                if before == after == 0:
                    continue
                rows.append([name, field, f"{before:.1f}", f"{after:.1f}", f"{max(values):.1f}"])
                if after - before > max(share * before, least):
                    failures.append(f"{field} of {name} grew from {before:.1f} to {after:.1f}")
        print(markdown.table(["process", "what", "second quarter", "last quarter", "largest"], rows))
        counts = self.counts
        print(
            f"{self.options.minutes} minutes: {counts.steps} steps, {counts.groups} groups for the rollout worker, "
            f"{counts.jobs} jobs of {ROWS} rows, {counts.kills} workers killed, {counts.readers} readers, "
            f"{counts.strangers} strangers, {measurements.load()}"
        )
        for failure in failures[:20]:
            print(f"FAILED: {failure}")
        return 1 if failures else 0


def prepare(program: str, folder: pathlib.Path) -> None:
    """Keys, a token, a corpus and a record."""
    for name, role in KEYS.items():
        command = ["keys", "new", name, "--role", role, "--keys", str(folder / "keys")]
        subprocess.run(
            [program, *command, "--output", str(folder / f"{name}.key_secret")], check=True, stdout=subprocess.DEVNULL
        )
    command = ["keys", "new", "ops", "--role", "admin", "--http", "--keys", str(folder / "keys")]
    subprocess.run([program, *command, "--output", str(folder / "ops.token")], check=True, stdout=subprocess.DEVNULL)
    rows = ({"id": f"q{number}", "prompt": f"What is {number} + {number * 7}?"} for number in range(ROWS))
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    record = ({"prompt": f"What is {number} - 3?", "reward": number % 3 % 2} for number in range(64))
    (folder / "context.jsonl").write_text("".join(json.dumps(row) + "\n" for row in record))


def start_worker(cluster: Cluster, keys: pathlib.Path, name: str) -> None:
    more = ["--model", "table", "--store", "off", "--key", str(keys / f"{name}.key_secret")]
    cluster.start(name, "worker", "--connect", cluster.endpoint, "--name", name, *more)


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_counts(parser, ("--minutes", 60, "how long"))
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between the steps of each kind of work (1.0)")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        prepare(options.program, folder)
        more = ["--keys", str(folder / "keys"), "--outcomes", str(OUTCOMES)]
        with Cluster(
            "table", program=options.program, workers=0, coordinator_arguments=more, endpoint=free_endpoint()
        ) as cluster:
            for name in ("stay-0", "stay-1", "dies"):
                start_worker(cluster, folder, name)
            cluster.start_rollout_worker(
                "groups", [sys.executable, "-c", ROLLOUTS], arguments=["--key", str(folder / "groups.key_secret")]
            )
            sys.exit(Soak(options, cluster, folder).run())
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
