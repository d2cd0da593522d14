#!/usr/bin/env python3
"""Breaks a real cluster on purpose, by seed, and compares what it has done with an undisturbed run.

    python3 scripts/chaos/run.py [--seeds 20] [--first-seed 0] [--parallel 2] [--faults 5 9] [--output out/chaos]

Each run makes six hosts (network namespaces) with a wire between them: a coordinator with a journal, keys, TLS and
tokens, three workers, a client that scores a corpus, and a trainer that plans and reports outcomes. In at least 20
seconds the seed's faults happen: kill, freeze, cut in one or both directions, delay, loss, reordering, a full disk, a
clock that jumps, a torn tail of the journal's log, hundreds of connections of strangers. What ends is started again.
Afterwards

- the client's output must be that of the undisturbed run, to the byte;
- the history must have the events of the undisturbed run, each acknowledged outcome once and as it was sent;
- each plan must be as it was answered before (plans follow from the order in which predictions arrive);
- everything must end within `--settle` seconds and stop on SIGTERM, and no process may have trapped.

Prints a line a run, and a table of faults by kind; `--output` gets a line of JSON a run and the folders of failed runs.
Needs root, iproute2, /dev/net/tun, openssl and a release build; clocks jump where libfaketime is installed. The network
of the machine itself is never touched. The workers have the table model, so time is spent on waiting, not computing.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing

import faults as chaos
import hosts

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments as options
from common import markdown

HOSTS = ["coordinator", "w1", "w2", "w3", "client", "trainer"]
TRAINER = pathlib.Path(__file__).with_name("trainer.py")
ENDPOINT = "tcp://10.83.0.1:5570"
URL = "https://10.83.0.1:8443"
# Room for the journal of a run, and for its output: small, so that they can be filled.
DISK_MIB = {"journal": 24, "output": 24}
FAULT_SECONDS = 17
RUN_SECONDS = 20
POLL_SECONDS = 0.1
KEYS = {"w1": "worker", "w2": "worker", "w3": "worker", "client": "client"}


class Setting:
    """What all runs share: program, corpus, keys, certificate."""

    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path):
        self.arguments, self.folder, self.program = arguments, folder, arguments.program
        self.model = f"table:7:{arguments.pause_us}"
        rows = ({"id": f"q{i}", "prompt": f"What is {i} + {i * 7} in base {i % 9 + 2}?"} for i in range(arguments.rows))
        (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        context = ({"prompt": f"What is {i} - {i * 3}?", "reward": i % 3 % 2} for i in range(64))
        (folder / "context.jsonl").write_text("".join(json.dumps(row) + "\n" for row in context))
        for name, role in KEYS.items():
            self.run("keys", "new", name, "--role", role, "--keys", folder / "keys", "--output", folder / f"{name}.key")
        self.run(
            "keys", "new", "ops", "--role", "admin", "--http", "--keys", folder / "keys", "--output", folder / "token"
        )
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=chaos"
        names = ["-addext", "subjectAltName=IP:10.83.0.1", "-keyout", folder / "tls.key", "-out", folder / "tls.pem"]
        subprocess.run([*command.split(), *names], check=True, stderr=subprocess.DEVNULL)
        os.chmod(folder / "tls.key", 0o600)

    def run(self, *command: object) -> None:
        subprocess.run([self.program, *map(str, command)], check=True, stdout=subprocess.DEVNULL)

    def commands(self, folder: pathlib.Path) -> dict[str, list[str]]:
        """Commands of all processes, by name."""
        shared = self.folder
        worker = ["worker", "--connect", ENDPOINT, "--model", self.model, "--store", "off", "--log-level", "info"]
        verbs: dict[str, list] = {
            "coordinator": [
                "coordinator",
                "--bind",
                ENDPOINT,
                "--keys",
                shared / "keys",
                "--http",
                URL.removeprefix("https://"),
                "--tls-certificate",
                shared / "tls.pem",
                "--tls-key",
                shared / "tls.key",
                "--journal",
                folder / "journal" / "journal.sqlite",
                "--log-level",
                "info",
            ],
            "client": [
                "score",
                "--coordinator",
                ENDPOINT,
                "--key",
                shared / "client.key",
                "--prompts",
                shared / "prompts.jsonl",
                "--context",
                shared / "context.jsonl",
                "--policy",
                "chaos-scores",
                "--model",
                self.model,
                "--store",
                "off",
                "--verify",
                self.arguments.verify,
                "--output",
                folder / "output" / "scores",
            ],
        }
        verbs |= {name: [*worker, "--name", name, "--key", shared / f"{name}.key"] for name in ("w1", "w2", "w3")}
        commands = {name: [self.program, *map(str, verb)] for name, verb in verbs.items()}
        # The client starts last, when the others are at work.
        client = commands.pop("client")
        return commands | {"trainer": self.trainer("run", folder), "client": client}

    def trainer(self, verb: str, folder: pathlib.Path) -> list[str]:
        paths = [self.folder / "token", self.folder / "tls.pem", folder / "trainer.state"]
        steps = ["--steps", str(self.arguments.steps)]
        return [sys.executable, str(TRAINER), verb, URL, *map(str, paths), *steps]


class Run:
    """One cluster from its start to its comparison."""

    def __init__(self, setting: Setting, seed: int, faults: list[chaos.Fault]):
        self.setting, self.seed, self.faults = setting, seed, faults
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
        self.problems: list[str] = []
        self.result: dict = {"seed": seed, "faults": [dataclass_of(fault) for fault in faults]}

    def perform(self, undisturbed: dict | None) -> dict:
        mounted, network, processes = [], None, {}
        begin = time.monotonic()
        try:
            for name, size in DISK_MIB.items():
                (self.folder / name).mkdir()
                subprocess.run(
                    ["mount", "-t", "tmpfs", "-o", f"size={size}m", "chaos", str(self.folder / name)], check=True
                )
                mounted.append(self.folder / name)
            network = hosts.Network(f"{os.getpid()}-{self.seed}", self.seed, HOSTS)
            moved = {fault.target for fault in self.faults if fault.kind == "clock"}
            commands = self.setting.commands(self.folder)
            for name in commands:
                clock = self.folder / f"{name}.clock" if name in moved else None
                if clock is not None:
                    clock.write_text("+0\n")
                if name == "client":
                    self.wait_for_work(processes)
                processes[name] = hosts.Supervised(name, network.hosts[name], commands[name], self.folder, clock)
            self.disturb(network, processes)
            self.compare(network, processes)
            self.judge(undisturbed)
            self.keep(mounted)
        finally:
            for process in processes.values():
                if process.child is not None and process.child.poll() is None:
                    process.child.kill()
                    process.child.wait()
            if network is not None:
                network.close()
            for mount in mounted:
                subprocess.run(["umount", str(mount)], check=False)
        self.result |= {"seconds": round(time.monotonic() - begin, 1), "problems": self.problems}
        if self.problems:
            self.result["folder"] = str(self.folder)
        else:
            shutil.rmtree(self.folder)
        return self.result

    def wait_for_work(self, processes: dict[str, hosts.Supervised]) -> None:
        """Waits until the trainer has made its first step, so that faults meet a cluster at work."""
        state, end = self.folder / "trainer.state", time.monotonic() + self.setting.arguments.settle
        while not (state.exists() and state.stat().st_size > 0):
            if time.monotonic() > end:
                raise RuntimeError("the trainer has not made its first step")
            for process in processes.values():
                process.look()
            time.sleep(POLL_SECONDS)

    def disturb(self, network: hosts.Network, processes: dict[str, hosts.Supervised]) -> None:
        """Lets all faults happen, heals, and waits for client and trainer."""
        faults = chaos.Faults(self.faults, network, processes, self.folder)
        begin = time.monotonic()
        work = [processes[name] for name in hosts.WORK]
        while True:
            now = time.monotonic() - begin
            faults.poll(now)
            for process in processes.values():
                process.look()
            if faults.is_over and now >= RUN_SECONDS and all(process.is_done for process in work):
                break
            if faults.is_over and now >= FAULT_SECONDS + self.setting.arguments.settle:
                self.problems += [f"{process.name} has not finished" for process in work if not process.is_done]
                break
            time.sleep(POLL_SECONDS)
        faults.finish()
        self.result |= {
            "finished": round(time.monotonic() - begin, 1),
            "starts": {name: process.starts for name, process in processes.items()},
            "endings": {name: process.endings for name, process in processes.items() if process.endings},
        }
        self.problems += [process.trap for process in processes.values() if process.trap]

    def compare(self, network: hosts.Network, processes: dict[str, hosts.Supervised]) -> None:
        """Collects what is compared with the undisturbed run, and stops all processes."""
        if not self.problems:
            namespace = network.hosts["trainer"].namespace
            # The coordinator may be starting again: its fault was the last one.
            check = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *self.setting.trainer("check", self.folder)],
                stdout=subprocess.PIPE,
                text=True,
            )
            end = time.monotonic() + self.setting.arguments.settle
            while check.poll() is None and time.monotonic() < end:
                processes["coordinator"].look()
                time.sleep(POLL_SECONDS)
            if check.poll() is None:
                check.kill()
                self.problems.append("the coordinator does not answer the check of plans and history")
            text = check.communicate()[0]
            summary = json.loads(text) if text.startswith("{") else {"problems": ["the check failed"]}
            self.problems += summary.pop("problems")
            self.result |= summary | {"output": digest_of(self.folder / "output" / "scores")}
        for name in ("w1", "w2", "w3", "coordinator"):
            problem = processes[name].stop()
            if problem:
                self.problems.append(problem)

    def judge(self, undisturbed: dict | None) -> None:
        """Compares with the undisturbed run."""
        for what in ("output", "history"):
            if undisturbed and not self.problems and self.result[what] != undisturbed[what]:
                self.problems.append(f"{what} differs from the undisturbed run")

    def keep(self, mounted: list[pathlib.Path]) -> None:
        """Copies what is on the small disks of a run that failed, before they go."""
        if self.problems:
            for mount in mounted:
                shutil.copytree(mount, self.folder / f"{mount.name}.kept", ignore=shutil.ignore_patterns("filled"))


def dataclass_of(fault: chaos.Fault) -> dict:
    return {"kind": fault.kind, "target": fault.target, "text": str(fault)}


def digest_of(folder: pathlib.Path) -> str:
    """SHA-256 of all files of a folder, names and bytes, without the one that says who answered."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.name != "_workers.json"):
        digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def perform(setting: Setting, seed: int, undisturbed: dict | None) -> dict:
    arguments = setting.arguments
    faults = chaos.draw(seed, *arguments.faults, FAULT_SECONDS) if undisturbed else []
    run = Run(setting, seed, faults)
    try:
        return run.perform(undisturbed)
    except Exception as error:
        return run.result | {"problems": [f"the script failed: {error!r}"], "folder": str(run.folder), "seconds": 0}


def carry_on(*_: object) -> None:
    """A run that has begun goes on after SIGTERM or Ctrl-C, so that its namespaces and disks are removed."""


def stop(*_: object) -> None:
    """No further run begins. Another signal changes nothing: the runs that have begun still need the shared files."""
    signal.signal(signal.SIGTERM, carry_on)
    raise KeyboardInterrupt


def prepare_child() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        # Not SIG_IGN, which processes of the cluster would inherit.
        signal.signal(number, carry_on)


def record(result: dict, file: typing.TextIO) -> None:
    file.write(json.dumps(result) + "\n")
    file.flush()
    state = f"{'; '.join(result['problems'])}: {result['folder']}" if result["problems"] else "ok"
    print(f"seed {result['seed']}: {len(result['faults'])} faults, {result['seconds']} s, {state}", flush=True)


def report(results: list[dict]) -> None:
    """A table of faults by kind."""
    counts: collections.Counter = collections.Counter()
    runs: collections.Counter = collections.Counter()
    failed: collections.Counter = collections.Counter()
    for result in results:
        kinds = [fault["kind"] for fault in result["faults"]]
        counts.update(kinds)
        runs.update(set(kinds))
        failed.update(set(kinds) if result["problems"] else ())
    rows = [[kind, str(counts[kind]), str(runs[kind]), str(failed[kind])] for kind in chaos.KINDS]
    total = [len(results), sum(counts.values()), sum(bool(result["problems"]) for result in results)]
    rows.append(["all", str(total[1]), str(total[0]), str(total[2])])
    print(markdown.table(["fault", "times", "runs with it", "of these failed"], rows))
    seeds = [result["seed"] for result in results if result["problems"]]
    print(f"seeds that failed: {', '.join(map(str, seeds)) or 'none'}")


def main() -> None:
    parser = options.parser(__doc__)
    options.add_program(parser)
    options.add_output(parser, "folder of results and of failed runs", "out/chaos")
    options.add_counts(
        parser,
        ("--seeds", 20, "runs"),
        ("--first-seed", 1, "the first seed; each run has the next one"),
        ("--parallel", 2, "runs at a time"),
        ("--rows", 5000, "rows of the corpus"),
        ("--pause-us", 8000, "microseconds that a worker needs for a row"),
        ("--steps", 30, "steps of the trainer"),
        ("--settle", 240, "seconds for everything to finish after the last fault"),
    )
    parser.add_argument(
        "--faults", type=int, nargs=2, default=[5, 9], metavar=("LEAST", "MOST"), help="faults of a run"
    )
    parser.add_argument("--verify", default="0.1", help="share of shards that a second worker computes again (0.1)")
    parser.add_argument("--keep", action="store_true", help="add to the results of earlier runs in --output")
    arguments = parser.parse_args()
    arguments.program = str(pathlib.Path(arguments.program).resolve())
    output = pathlib.Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    results_path = output / "results.jsonl"
    if not arguments.keep:
        results_path.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="chaos-setting-") as folder:
        setting = Setting(arguments, pathlib.Path(folder))
        undisturbed = perform(setting, 0, None)
        if undisturbed["problems"]:
            sys.exit(f"the undisturbed run failed: {undisturbed['problems']}; see {undisturbed.get('folder')}")
        print(f"undisturbed: {undisturbed['finished']} s, {undisturbed['outcomes']} outcomes", flush=True)
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        signal.signal(signal.SIGTERM, stop)
        pool = concurrent.futures.ProcessPoolExecutor(arguments.parallel, initializer=prepare_child)
        runs = [pool.submit(perform, setting, seed, undisturbed) for seed in seeds]
        with open(results_path, "a") as file:
            with contextlib.suppress(KeyboardInterrupt):
                for future in concurrent.futures.as_completed(runs):
                    record(future.result(), file)
                    runs.remove(future)
            # After a signal: the runs that had begun.
            pool.shutdown(cancel_futures=True)
            for future in runs:
                if not future.cancelled():
                    record(future.result(), file)
    results = [json.loads(line) for line in results_path.read_text().splitlines()]
    report(results)
    sys.exit(any(result["problems"] for result in results))


if __name__ == "__main__":
    main()
