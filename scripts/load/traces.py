"""What traces cost: processor time of a coordinator and two workers that score a corpus, with and without a collector.

    scripts/load/traces.py [--times 100] [--rounds 4]

The corpus is the sample, repeated; the model is a table. The collector is the stub of `scripts/check-deploy traces`.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import environment, paths  # noqa: E402
from deploy import support, traces  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100, help="how often the sample is repeated")
    parser.add_argument("--rounds", type=int, default=4, help="runs with and without traces")
    options = parser.parse_args()
    library = paths.ROOT / ".venv-checks" / "traces"
    problem = environment.install(library, traces.PACKAGES)
    if problem:
        sys.exit(f"pip install {traces.PACKAGES[0]}: {problem}")
    sys.path.insert(0, str(library))
    with support.folder("load") as folder, traces.Collector() as collector:
        corpus = folder / "corpus.jsonl"
        rows = support.repeated_corpus(corpus, options.times)
        export = ["--otlp-endpoint", collector.url]
        seconds: dict[str, list[float]] = {"without": [], "with": []}
        for number in range(options.rounds):
            for name, more in (("without", []), ("with", export)):
                seconds[name].append(_run(folder / f"{number}-{name}", corpus, more))
        spans = [span for span in collector.spans() if span.service != "statezero-score"]
    count = len(spans) / options.rounds
    without, traced = (statistics.mean(seconds[name]) for name in ("without", "with"))
    print(f"{rows} rows, coordinator and two workers: {without:.2f} s of processor time without traces")
    print(f"{traced:.2f} s with {count:.0f} spans: {(traced - without) / count * 1e6:.0f} µs a span")


def _run(folder: pathlib.Path, corpus: pathlib.Path, more: list[str]) -> float:
    """Scores once; returns the processor time of coordinator and workers."""
    folder.mkdir()
    program, endpoint = support.statezero(), f"ipc://{folder}/socket"
    commands = [["coordinator", "--bind", endpoint, "--journal", str(folder / "journal.sqlite")]]
    commands += [["worker", "--connect", endpoint, "--model", "table:7", "--store", "off"]] * 2
    children = [subprocess.Popen([program, *words, *more], stdout=subprocess.DEVNULL) for words in commands]
    time.sleep(2)
    files = ["--prompts", corpus, "--context", support.CONTEXT, "--output", folder / "scores"]
    support.run([program, "score", "--coordinator", endpoint, *files, *more])
    used = 0.0
    for child in reversed(children):
        child.terminate()
        _, _, usage = os.wait4(child.pid, 0)
        used += usage.ru_utime + usage.ru_stime
    return used


if __name__ == "__main__":
    main()
