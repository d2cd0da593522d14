"""Runs coverage-guided fuzzing (libFuzzer, which the Swift toolchain has) on the readers of outside bytes.

    python3 scripts/fuzz/run.py [--target wire rows] [--seconds 60] [--sanitize address]

Builds the driver into a folder of its own, `.build-fuzz`; the first time that compiles everything. Then each target
runs for --seconds on one processor, from the inputs in scripts/fuzz/corpora and from those that earlier runs have
found, which are kept in out/fuzz. An input that traps, needs over 60 s, over 512 MiB in one allocation or 2 GiB in
all is written to out/fuzz/TARGET-crashes: mend the fault, then move the input to scripts/fuzz/corpora/TARGET under
a name that says what it showed. Prints a row for each target; exit code 1 where something was found.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPORA = ROOT / "scripts/fuzz/corpora"
OUT = ROOT / "out/fuzz"
# Longest input by target; others are cut at libFuzzer's choice from the corpus, at least this.
LENGTH_MAX = 4096
# For one input, by the clock on the wall: an input of a millisecond took 10 s where the machine had other work.
SECONDS_MAX = 60
LENGTHS = {"tokenizer": 16_384, "machines": 16_384, "tables": 16_384, "journal": 8192}


def build(folder: pathlib.Path, sanitizers: list[str]) -> pathlib.Path:
    """Builds the driver; returns its path."""
    command = ["swift", "build", "-c", "release", "--scratch-path", str(folder), "--product", "fuzz"]
    command += [word for name in ["fuzzer", *sanitizers] for word in ("--sanitize", name)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"STATEZERO_FUZZ": "1", "STATEZERO_TESTS": "none"}, check=True)
    return folder / "release/fuzz"


def number(text: str, name: str) -> int:
    found = re.findall(rf"(?<!\w){name}:? *(\d+)", text)
    return int(found[-1]) if found else 0


def run(driver: pathlib.Path, target: str, seconds: int, sanitizers: list[str]) -> bool:
    """Runs a target; prints its row. Returns whether nothing was found."""
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
        code = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    # A finding ends the run.
    seconds = round(time.monotonic() - start)
    text = log.read_text(errors="replace")
    executions, coverage = number(text, "stat::number_of_executed_units"), number(text, "cov")
    features, memory = number(text, "ft"), number(text, "stat::peak_rss_mb")
    new = sorted(path.name for path in set(crashes.iterdir()) - before)
    verdict = ", ".join(new) if new else ("nothing" if code == 0 else f"exit code {code}, see {log}")
    print(
        f"| {target} | {seconds} | {executions:,} | {executions // max(1, seconds):,} | {coverage:,} | {features:,} "
        f"| {memory} MiB | {verdict} |",
        flush=True,
    )
    return code == 0 and not new


def main() -> None:
    targets = sorted(path.name for path in CORPORA.iterdir())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", nargs="+", choices=targets, default=targets)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument(
        "--sanitize", nargs="*", default=[], choices=["address", "undefined"], help="beside libFuzzer's"
    )
    parser.add_argument("--driver", type=pathlib.Path, help="a driver that is built already")
    options = parser.parse_args()
    folder = ROOT / "-".join([".build-fuzz", *options.sanitize])
    driver = options.driver or build(folder, options.sanitize)
    print("| target | seconds | executions | a second | edges | features | memory | found |")
    print("|---|---:|---:|---:|---:|---:|---:|---|", flush=True)
    results = [run(driver, target, options.seconds, options.sanitize) for target in options.target]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
