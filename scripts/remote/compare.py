#!/usr/bin/env python3
"""Compares a remote encoder with the same model in this program, and measures the client.

    scripts/remote/compare.py [--statezero .build/release/statezero] [--venv DIR] [--prompts 400] [--rows 20000]

Needs PyPI and a checkout, no model hub. Writes the default model as GGUF in float32, float16 and 8 bits, serves each
by llama.cpp's server, and prints one JSON line each: the largest difference of a number of the embeddings, the
smallest cosine, the largest difference of p of `score --head gaussian-process`, and whether the fingerprint is that
of float32. Prompts are those of the sample with at most 600 bytes, because this program reads longer ones in windows
of MiniLM's 256 tokens and llama.cpp at once. Then prompts a second of `model embed`: through a server without a
model, through llama.cpp, and here.
"""

import argparse
import contextlib
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from common import environment, paths  # noqa: E402

MODEL = str(paths.DEFAULT_MODEL)
SAMPLE = ROOT / "scripts/sample/data"
BYTES_MAX = 600


@contextlib.contextmanager
def serving(script: str, *arguments: str):
    """Runs a server of this folder; gives its address."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / script), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def run(program: str, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        raise SystemExit(f"{program} {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def short_rows(source: pathlib.Path, target: pathlib.Path, most: int) -> None:
    with gzip.open(source, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    kept = [row for row in rows if len(row["prompt"].encode()) <= BYTES_MAX]
    target.write_text("".join(json.dumps(row) + "\n" for row in kept[:: max(1, len(kept) // most)][:most]))


def embeddings(file: pathlib.Path):
    import safetensors.numpy

    tensors = safetensors.numpy.load_file(file)
    return {bytes(digest): row for digest, row in zip(tensors["digests"], tensors["embeddings"], strict=True)}


def probabilities(folder: pathlib.Path) -> dict[str, float]:
    rows = [json.loads(line) for part in sorted(folder.glob("part-*.jsonl")) for line in part.open()]
    return {row["prompt_id"]: row["p"] for row in rows}


class Comparison:
    def __init__(self, program: str, folder: pathlib.Path, most: int):
        self.program, self.folder = program, folder
        self.prompts, self.history = folder / "prompts.jsonl", folder / "history.jsonl"
        short_rows(SAMPLE / "queries.jsonl.gz", self.prompts, most)
        short_rows(SAMPLE / "context.three-shot-t0.8.jsonl.gz", self.history, most)

    def results(self, name: str, *model: str):
        """Embeddings and p of the sample with a model."""
        embedded, scored = self.folder / f"{name}.safetensors", self.folder / name
        own = [value for value in model if value not in ("--head", "gaussian-process")]
        run(self.program, "model", "embed", "--prompts", str(self.prompts), "--output", str(embedded), *own)
        run(
            self.program, "score", "--prompts", str(self.prompts), "--context", str(self.history), "--output",
            str(scored), "--workers", "1", "--store", "off", *model,
        )  # fmt: skip
        return embeddings(embedded), probabilities(scored)

    def fingerprint(self, *model: str) -> str:
        return json.loads(run(self.program, "model", "inspect", "--json", *model))["fingerprint"]

    def compare(self) -> None:
        head = ["--head", "gaussian-process"]
        local, expected = self.results("local", "--model", MODEL, *head)
        first = None
        for kind in ("f32", "f16", "q8_0"):
            file = self.folder / f"{kind}.gguf"
            run(sys.executable, str(HERE / "gguf_of_bert.py"), "--model", MODEL, "--output", str(file), "--type", kind)
            with serving("llama_server.py", "--model", str(file), "--threads", "2") as url:
                model = ["--encoder-url", url, "--encoder-model", "all-MiniLM-L6-v2", *head]
                made, found = self.results(kind, *model)
                fingerprint = self.fingerprint(*model)
            first = first or fingerprint
            print(
                json.dumps({
                    "llama.cpp": kind,
                    "prompts": len(local),
                    "embedding_max_difference": max(float(abs(made[key] - local[key]).max()) for key in local),
                    "cosine_min": min(float(made[key] @ local[key]) for key in local),
                    "p_max_difference": max(abs(found[key] - expected[key]) for key in expected),
                    "fingerprint_of_f32": fingerprint == first,
                }),
                flush=True,
            )  # fmt: skip

    def throughput(self, rows: int) -> None:
        base = [json.loads(line)["prompt"] for line in self.prompts.open()]
        for name, count in (("stub", rows), ("llama.cpp f32", 1000), ("local", 1000)):
            file = self.folder / "many.jsonl"
            lines = (json.dumps({"prompt": f"{index} {base[index % len(base)]}"}) + "\n" for index in range(count))
            file.write_text("".join(lines))
            gguf = str(self.folder / "f32.gguf")
            servers = {
                "stub": lambda: serving("stub_server.py"),
                "llama.cpp f32": lambda gguf=gguf: serving("llama_server.py", "--model", gguf, "--threads", "2"),
                "local": lambda: contextlib.nullcontext(""),
            }
            with servers[name]() as url:
                model = ["--encoder-url", url] if url else ["--model", MODEL]
                output = self.folder / f"many-{name.split()[0]}.safetensors"
                start = time.monotonic()
                run(self.program, "model", "embed", "--prompts", str(file), "--output", str(output), *model)
                rate = round(count / (time.monotonic() - start))
                print(json.dumps({"encoder": name, "prompts": count, "per_second": rate}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statezero", default=str(ROOT / ".build/release/statezero"))
    parser.add_argument("--venv", type=pathlib.Path)
    parser.add_argument("--prompts", type=int, default=400)
    parser.add_argument("--rows", type=int, default=20_000)
    options = parser.parse_args()
    environment.run_again_with((HERE / "requirements.txt").read_text().split(), options.venv)
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(options.statezero, pathlib.Path(folder), options.prompts)
        comparison.compare()
        comparison.throughput(options.rows)


if __name__ == "__main__":
    main()
