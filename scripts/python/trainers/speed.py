"""Rows a second of Ray Data and Spark with StateZero, beside `statezero score` and beside embeddings alone.

    python speed.py [--prompts 100000] [--engines score ray spark embed] [--model table] [--head NAME] [--short]
                    [--rows FILE ...]

Prompts are the sample's, or those of the rows of files that --rows names; where they are fewer than asked for, each
has a number before it, so that no two are alike; with --short, sums of two numbers. Every engine has one process with
one thread of the model, starts from nothing, and is timed with its start. `embed` is what people have already: Ray
Data's `map_batches` with an actor of sentence-transformers in torch, which gives embeddings and no predictions.
Predictions of Ray Data and Spark are compared with those of `score`, bit by bit. On a machine with other work, times
say little: so the processor seconds of the processes that compute are shown too, the rows a processor second, and the
share of a core that they got. Needs what requirements-ray.txt and requirements-spark.txt name, and
sentence-transformers.
"""

import corpus  # first: it sets the paths  # isort: skip

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

os.environ["PYTHONPATH"] = os.pathsep.join([str(corpus.FOLDER), str(corpus.FOLDER.parent / "src")])  # of Ray and Spark
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["PYSPARK_PYTHON"] = sys.executable

import numpy as np  # noqa: E402

from common import arguments, markdown, paths  # noqa: E402
from common import rows as rows_of  # noqa: E402

OPTIONS = {"model": corpus.MODEL, "arguments": ["--store", "off"]}  # --model sets another
ENGINES = {
    "score": "`statezero score`",
    "ray": "Ray Data, `statezero.ray.Scorer`",
    "spark": "Spark, `statezero.spark.scorer`",
    "embed": "Ray Data, sentence-transformers (embeddings alone)",
}

HEAD = ["engine", "seconds", "rows a second", "processor seconds", "rows a processor second", "of a core"]
HEAD += ["rows equal to `score`"]


def prompts(count: int, is_short: bool, files: list[str]) -> list[dict]:
    if is_short:
        return [{"prompt_id": f"r{i:07d}", "prompt": f"What is {i} + {i * 7919 % 1000}?"} for i in range(count)]
    found = [row for file in files for row in rows_of.each(file)] or corpus.prompts()
    base = [row["prompt"] for row in found]
    if count <= len(base):
        return [{"prompt_id": f"r{i:07d}", "prompt": text} for i, text in enumerate(base[:count])]
    return [{"prompt_id": f"r{i:07d}", "prompt": f"Question {i}: {base[i % len(base)]}"} for i in range(count)]


def score(rows: list[dict], folder: pathlib.Path) -> dict[str, tuple]:
    queries, output = folder / "prompts.jsonl", folder / "scores"
    queries.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [paths.program(), "score", "--prompts", str(queries), "--context", str(corpus.CONTEXT)]
    command += ["--output", str(output), "--workers", "1", "--model", OPTIONS["model"], *OPTIONS["arguments"]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found = [json.loads(line) for part in sorted(output.glob("part-*.jsonl")) for line in part.open(encoding="utf-8")]
    return {row["prompt_id"]: _numbers(row) for row in found}


def ray_data(rows: list[dict], folder: pathlib.Path) -> dict[str, tuple]:
    import ray

    from statezero.ray import Scorer

    scored = ray.data.from_items(rows).map_batches(
        Scorer,
        fn_constructor_args=[str(corpus.CONTEXT)],
        fn_constructor_kwargs=OPTIONS,
        compute=ray.data.ActorPoolStrategy(size=1),
        batch_size=2048,
    )
    return {row["prompt_id"]: _numbers(row) for row in scored.iter_rows()}


def spark(rows: list[dict], folder: pathlib.Path) -> dict[str, tuple]:
    from pyspark.sql import SparkSession

    from statezero.spark import scored_schema, scorer

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    session = builder.getOrCreate()
    try:
        frame = session.createDataFrame(rows).repartition(1)
        function = scorer(str(corpus.CONTEXT), **OPTIONS)
        scored = frame.mapInArrow(function, scored_schema(frame.schema)).collect()
        return {row["prompt_id"]: _numbers(row) for row in scored}
    finally:
        session.stop()


class Embedding:
    """Embeddings by sentence-transformers, as its own documentation has it for Ray Data."""

    def __init__(self, model):
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        self.model = SentenceTransformer(model, device="cpu")

    def __call__(self, batch):
        batch["embedding"] = self.model.encode(list(batch["prompt"]), batch_size=64, show_progress_bar=False)
        return batch


def embed(rows: list[dict], folder: pathlib.Path) -> dict[str, tuple]:
    import ray

    data = ray.data.from_items(rows).map_batches(
        Embedding, fn_constructor_args=[OPTIONS["model"]], compute=ray.data.ActorPoolStrategy(size=1), batch_size=2048
    )
    return {row["prompt_id"]: () for row in data.iter_rows()}


class Computing:
    """Processor seconds of processes that begin now and have one of the marks in their command, read from /proc every
    quarter of a second: what one did at its very end may be missing."""

    def __init__(self, *marks: bytes):
        self._marks, self._seconds = marks, {}
        self._before = {process.name for process in pathlib.Path("/proc").glob("[0-9]*")}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.25):
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError, IndexError):
                    if process.name not in self._before and self._is_marked((process / "cmdline").read_bytes()):
                        fields = (process / "stat").read_text().rpartition(")")[2].split()
                        ticks = int(fields[11]) + int(fields[12])
                        self._seconds[process.name] = ticks / os.sysconf("SC_CLK_TCK")

    def _is_marked(self, command: bytes) -> bool:
        return any(mark in command for mark in self._marks)

    def end(self) -> float:
        self._ended.set()
        self._thread.join()
        return sum(self._seconds.values())


def _numbers(row) -> tuple:
    return tuple(np.float32(row[name]).tobytes() for name in corpus.FIELDS)


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES), metavar="NAME")
    arguments.add_counts(parser, ("--prompts", 100_000, "prompts"))
    parser.add_argument("--model", default=corpus.MODEL, help="of `statezero`: a folder, or table (default: MiniLM)")
    parser.add_argument("--head", metavar="NAME", help="of `statezero` (default: the model's)")
    parser.add_argument("--rows", nargs="+", default=[], metavar="FILE", help="prompts, JSON Lines, plain or gzip")
    parser.add_argument("--short", action="store_true", help="prompts of some 20 characters")
    options = parser.parse_args()
    OPTIONS["model"] = options.model
    if options.head:
        OPTIONS["arguments"] += ["--head", options.head]
    rows = prompts(options.prompts, options.short, options.rows)
    if {"ray", "embed"} & set(options.engines):
        import ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    lines, wanted = [], None
    for name in options.engines:
        with tempfile.TemporaryDirectory() as folder:
            begin = time.monotonic()
            # `score` starts its workers by the real path of the program.
            programs = (paths.program(), os.path.realpath(paths.program()))
            computing = Computing(
                *([b"MapBatches(Embedding"] if name == "embed" else [f"{path}\0worker".encode() for path in programs])
            )
            found = {"score": score, "ray": ray_data, "spark": spark, "embed": embed}[name](rows, pathlib.Path(folder))
            seconds, busy = time.monotonic() - begin, computing.end()
        assert len(found) == len(rows), f"{name}: {len(found)} of {len(rows)} rows"
        if name == "score":
            wanted = found
        equal = "" if name in ("score", "embed") or wanted is None else str(sum(found[i] == wanted[i] for i in wanted))
        line = [
            f"{seconds:.1f}",
            f"{len(rows) / seconds:.0f}",
            f"{busy:.1f}",
            f"{len(rows) / busy:.0f}" if busy else "",
        ]
        lines.append([ENGINES[name], *line, f"{busy / seconds:.2f}", equal])
        print(" | ".join(map(str, lines[-1])), flush=True)
    characters = sum(len(row["prompt"]) for row in rows) / len(rows)
    print(
        f"{len(rows)} prompts of {characters:.0f} characters on average, 256 rows of context; times include the start\n"
    )
    print(markdown.table(HEAD, lines, "lrrrrrr"))


if __name__ == "__main__":
    main()
