"""Runs coverage-guided fuzzing (libFuzzer, which the Swift toolchain has) on the readers of outside bytes.

    python3 scripts/fuzz/run.py [--target wire rows] [--seconds 60] [--sanitize address]
    python3 scripts/fuzz/run.py --processor-seconds 3600 [--parallel 2]

Builds the driver into a folder of its own, `.build-fuzz`; the first time that compiles everything. Then each target
runs for --seconds on one processor, from the inputs in scripts/fuzz/corpora and from those that earlier runs have
found, which are kept in out/fuzz. An input that traps, needs over 60 s, over 512 MiB in one allocation or 2 GiB in
all is written to out/fuzz/TARGET-crashes: mend the fault, then move the input to scripts/fuzz/corpora/TARGET under
a name that says what it showed. Prints a row for each target; exit code 1 where something was found.

With --processor-seconds the targets run by turns until each has used so much processor time. scripts/fuzz/campaign.json
has the sums; one that is ended goes on where it was. They count for the sources that the target was built of (its own
file, the modules that it imports, and theirs): where one of these has changed, its sum begins anew. --report prints
them as a table and runs nothing.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPORA = ROOT / "scripts/fuzz/corpora"
OUT = ROOT / "out/fuzz"
CAMPAIGN = ROOT / "scripts/fuzz/campaign.json"
# Longest input by target; others are cut at libFuzzer's choice from the corpus, at least this.
LENGTH_MAX = 4096
# For one input, by the clock on the wall: an input of a millisecond took 10 s where the machine had other work.
SECONDS_MAX = 60
# Of processor time, for an input that was slow by the clock: libFuzzer's bound for what it reports.
SLOW_SECONDS = 10
LENGTHS = {"tokenizer": 16_384, "machines": 16_384, "tables": 16_384, "journal": 8192}
# Of a campaign: a target begins with all inputs that it knows, which takes seconds.
ROUND_SECONDS = 300
COUNTS = ["processor_seconds", "executions", "edges"]
HEAD = "| target | seconds | processor | executions | a second | edges | features | memory | found |"


def build(folder: pathlib.Path, sanitizers: list[str]) -> pathlib.Path:
    """Builds the driver; returns its path."""
    command = ["swift", "build", "-c", "release", "--scratch-path", str(folder), "--product", "fuzz"]
    command += [word for name in ["fuzzer", *sanitizers] for word in ("--sanitize", name)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"STATEZERO_FUZZ": "1", "STATEZERO_TESTS": "none"}, check=True)
    return folder / "release/fuzz"


def number(text: str, name: str) -> int:
    found = re.findall(rf"(?<!\w){name}:? *(\d+)", text)
    return int(found[-1]) if found else 0


def run(command: list[str], environment: dict[str, str], output: typing.IO[bytes] | int) -> tuple[int, float]:
    """Runs a command to its end; its exit code and processor seconds."""
    process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


class Round:
    """What one run of a target did."""

    def __init__(self, driver: pathlib.Path, target: str, seconds: int, sanitizers: list[str]):
        found, crashes = OUT / target, OUT / f"{target}-crashes"
        found.mkdir(parents=True, exist_ok=True)
        crashes.mkdir(exist_ok=True)
        before = set(crashes.iterdir())
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={LENGTHS.get(target, LENGTH_MAX)}",
            f"-timeout={SECONDS_MAX}",
            # Sanitizers need memory of their own.
            f"-rss_limit_mb={4096 if sanitizers else 2048}",
            "-malloc_limit_mb=512",
            "-print_final_stats=1",
            f"-artifact_prefix={crashes}/",
        ]
        command = [str(driver), target, *options, str(found), str(CORPORA / target)]
        environment = os.environ | {"SWIFT_BACKTRACE": "enable=no", "ASAN_OPTIONS": "detect_leaks=0"}
        log = OUT / f"{target}.log"
        start = time.monotonic()
        with open(log, "wb") as output:
            code, self.processor_seconds = run(command, environment, output)
        text = log.read_text(errors="replace")
        self.target = target
        # A finding ends the run before its time.
        self.seconds = time.monotonic() - start
        self.executions = number(text, "stat::number_of_executed_units")
        self.edges, self.features = number(text, "cov"), number(text, "ft")
        self.memory = number(text, "stat::peak_rss_mb")
        new = set(crashes.iterdir()) - before
        # By the clock, any input is slow where the process had to wait for a processor: it counts if it is slow again.
        late = {path for path in new if path.name.startswith(("slow-unit-", "timeout-"))}
        for path in late:
            if run([str(driver), target, str(path)], environment, subprocess.DEVNULL)[1] < SLOW_SECONDS:
                path.unlink()
        self.found = sorted(path.name for path in new if path.exists())
        if code != 0 and not new:
            self.found = [f"exit code {code}, see {log}"]

    def print(self) -> None:
        rate = round(self.executions / max(1, self.processor_seconds))
        print(
            f"| {self.target} | {self.seconds:.0f} | {self.processor_seconds:.0f} | {self.executions:,} | {rate:,} "
            f"| {self.edges:,} | {self.features:,} | {self.memory} MiB | {', '.join(self.found) or 'nothing'} |",
            flush=True,
        )


def digest(target: str) -> str:
    """Of all sources that a target is built of."""
    folder = ROOT / "Tests/FuzzTargets"
    [own] = [path for path in folder.glob("*Target.swift") if path.stem.lower() == f"{target}target"]
    files, modules, rest = [own, *folder.glob("Fuzz*.swift")], set(), [own]
    while rest:
        for name in re.findall(r"^(?:\w+ )?import (?:\w+ )?(\w+)", rest.pop().read_text(), re.MULTILINE):
            if name in modules or not (ROOT / "Sources" / name).is_dir():
                continue
            modules.add(name)
            new = [path for path in (ROOT / "Sources" / name).rglob("*") if path.is_file()]
            files += new
            rest += [path for path in new if path.suffix == ".swift"]
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]


class Campaign:
    """Processor time of each target with its present sources, kept in a file."""

    def __init__(self, targets: list[str], seconds: int):
        self.seconds, self.lock = seconds, threading.Lock()
        self.sums = json.loads(CAMPAIGN.read_text()) if CAMPAIGN.exists() else {}
        self.waiting = set(targets)
        for target in targets:
            sources = digest(target)
            if self.sums.get(target, {}).get("sources") != sources:
                self.sums[target] = {"sources": sources, "found": []} | dict.fromkeys(COUNTS, 0)

    def rest(self, target: str) -> float:
        return self.seconds - self.sums[target]["processor_seconds"]

    def take(self) -> str | None:
        """The target with the least, which nobody else runs."""
        with self.lock:
            target = max((name for name in sorted(self.waiting) if self.rest(name) > 0), key=self.rest, default=None)
            self.waiting.discard(target)
            return target

    def add(self, done: Round) -> None:
        with self.lock:
            own = self.sums[done.target]
            own["processor_seconds"] = round(own["processor_seconds"] + done.processor_seconds)
            own["executions"] += done.executions
            own["edges"] = max(own["edges"], done.edges)
            own["found"] += done.found
            if not done.found:
                self.waiting.add(done.target)
            CAMPAIGN.write_text(json.dumps(self.sums, indent=1, sort_keys=True) + "\n")

    def print(self) -> None:
        print("| target | processor minutes | executions | edges | found |\n|---|---:|---:|---:|---|")
        for target, own in sorted(self.sums.items()):
            minutes, found = own["processor_seconds"] / 60, ", ".join(own["found"]) or "nothing"
            print(f"| `{target}` | {minutes:.0f} | {own['executions']:,} | {own['edges']:,} | {found} |")

    def run(self, driver: pathlib.Path, sanitizers: list[str]) -> bool:
        good = True
        while (target := self.take()) is not None:
            done = Round(driver, target, min(ROUND_SECONDS, int(self.rest(target)) + 1), sanitizers)
            done.print()
            self.add(done)
            good = good and not done.found
        return good


def main() -> None:
    targets = sorted(path.name for path in CORPORA.iterdir())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", nargs="+", choices=targets, default=targets)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--processor-seconds", type=int, help="for each target, by turns, with those of earlier calls")
    parser.add_argument("--parallel", type=int, default=1, help="targets at a time, with --processor-seconds")
    parser.add_argument(
        "--sanitize", nargs="*", default=[], choices=["address", "undefined"], help="beside libFuzzer's"
    )
    parser.add_argument("--driver", type=pathlib.Path, help="a driver that is built already")
    parser.add_argument("--report", action="store_true", help="print the sums of --processor-seconds, and run nothing")
    options = parser.parse_args()
    if options.report:
        return Campaign(options.target, 0).print()
    folder = ROOT / "-".join([".build-fuzz", *options.sanitize])
    driver = options.driver or build(folder, options.sanitize)
    print(HEAD)
    print("|---" + "|---:" * 7 + "|---|", flush=True)
    if options.processor_seconds:
        campaign = Campaign(options.target, options.processor_seconds)
        with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
            running = [pool.submit(campaign.run, driver, options.sanitize) for _ in range(options.parallel)]
        sys.exit(0 if all(run.result() for run in running) else 1)
    results = []
    for target in options.target:
        done = Round(driver, target, options.seconds, options.sanitize)
        done.print()
        results.append(not done.found)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
