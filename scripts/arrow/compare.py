#!/usr/bin/env python3
"""Compares StateZero's reading of Parquet and Arrow files with pyarrow's, and reads damaged files.

    python3 scripts/arrow/compare.py --bench .build/release/statezero-bench [--rows 1000000] [--mutations 100000] \\
        [--rounds 3] [--only rows speed mutations] [--json out.json]

Needs pyarrow 26.0.1 and numpy (pip install -r scripts/arrow/requirements.txt), and scripts/arrow/install.

rows: writes files of so many rows (verl's columns in Parquet, flat ones in an Arrow file and a stream), reads each with
both, and compares row by row.

speed: processor seconds of both on one thread, rounds in turn; the median counts. For pyarrow, record batches, and once
Python values of every column (to_pylist); for StateZero, record batches, which are validated in full, and values of
every column.

mutations: damaged copies of the files in Tests/Goldens/arrow, 1,000 in each process; a process that ends by a signal is
reported, with the bytes that caused it.
"""

import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, paths

GOLDENS = paths.ROOT / "Tests" / "Goldens" / "arrow"
WORDS = "the a train sum of how many books price each if then has gives total speed hours box sold number".split()
CHECKS = ["rows", "speed", "mutations"]
MUTATIONS_PER_PROCESS = 1000
BATCH_ROWS = 4096


def table(rows, pa):
    """Rows like verl's: 10 to 70 words of prompt, a chat message, an answer, some numbers."""
    draw = random.Random(1)
    stems = [" ".join(draw.choices(WORDS, k=draw.randint(10, 70))) for _ in range(5000)]
    prompts = [f"{stems[i * 7919 % 5000]} #{i}" for i in range(rows)]
    message = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    return pa.table(
        {
            "data_source": pa.array([f"source-{i % 7}" for i in range(rows)]).dictionary_encode(),
            "prompt": pa.array([[{"role": "user", "content": text}] for text in prompts], message),
            "question": pa.array([text if i % 13 else None for i, text in enumerate(prompts)], pa.large_string()),
            "reward_model": pa.array([{"style": "rule", "ground_truth": str(i)} for i in range(rows)]),
            "level": pa.array([i % 5 if i % 11 else None for i in range(rows)], pa.int32()),
            "rate": pa.array([i / rows for i in range(rows)]),
        }
    )


def write_files(folder, rows):
    import pyarrow as pa
    from pyarrow import ipc, parquet

    whole = table(rows, pa)
    flat = whole.select(["question", "level", "rate"])
    files = {"nested.parquet": folder / "nested.parquet", "flat.parquet": folder / "flat.parquet"}
    parquet.write_table(whole, files["nested.parquet"], row_group_size=100_000)
    parquet.write_table(flat, files["flat.parquet"], row_group_size=100_000, compression="zstd")
    for name, make in (("whole.arrow", ipc.new_file), ("whole.arrows", ipc.new_stream)):
        files[name] = folder / name
        with make(files[name], whole.schema) as writer:
            writer.write_table(whole, max_chunksize=10_000)
    return files


def batches(path):
    """The record batches of a file, read by pyarrow on one thread."""
    import pyarrow as pa
    from pyarrow import ipc, parquet

    if path.suffix == ".parquet":
        yield from parquet.ParquetFile(path).iter_batches(BATCH_ROWS, use_threads=False)
    elif path.suffix == ".arrow":
        with pa.OSFile(str(path)) as file:
            reader = ipc.open_file(file)
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index)
    else:
        with pa.OSFile(str(path)) as file:
            yield from ipc.open_stream(file)


def compare_rows(bench, path):
    """Number of rows, and of those that differ."""
    from arrow import rows as reading

    process = subprocess.Popen(
        [bench, "arrow-read", str(path), "--depth", "lines"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    count = different = 0
    for batch in batches(path):
        for expected in reading.lines(batch):
            line = process.stdout.readline()
            count += 1
            if not line or json.loads(line) != json.loads(expected):
                different += 1
                if different == 1:
                    print(f"{path.name}: row {count} is {line!r} instead of {expected!r}", file=sys.stderr)
    extra = sum(1 for _ in process.stdout)
    return {"rows": count, "different": different, "extra": extra, "exit": process.wait()}


def measure(bench, path, rounds):
    """Median processor seconds of both, in turn."""
    ours, values, theirs = [], [], []
    for _ in range(rounds):
        start = time.process_time()
        count = sum(batch.num_rows for batch in batches(path))
        theirs.append(time.process_time() - start)
        for depth, found in (("batches", ours), ("rows", values)):
            done = subprocess.run(
                [bench, "arrow-read", str(path), "--depth", depth], check=True, capture_output=True, text=True
            )
            report = json.loads(done.stderr.strip().splitlines()[-1])
            assert report["rows"] == count, report
            found.append(report["processor_seconds"])
    start = time.process_time()
    for batch in batches(path):
        batch.to_pylist()
    python = time.process_time() - start
    pyarrow, batch, value = (statistics.median(found) for found in (theirs, ours, values))
    return {
        "rows": count,
        "megabytes": round(path.stat().st_size / 1e6, 1),
        "pyarrow_seconds": round(pyarrow, 3),
        "pyarrow_values_seconds": round(python, 3),
        "batches_seconds": round(batch, 3),
        "values_seconds": round(value, 3),
        "batches_ratio": round(pyarrow / batch, 2),
        "values_ratio": round(pyarrow / value, 2),
    }


def mutate(bench, count, folder):
    """Numbers of damaged copies that were read, refused, or ended the process by a signal."""
    files = sorted(path for path in GOLDENS.iterdir() if path.suffix != ".jsonl")
    total = {"files": len(files), "mutations": 0, "read": 0, "refused": 0, "crashed": 0}
    seed = 0
    while total["mutations"] < count:
        for path in files:
            seed += 1
            scratch = folder / "damaged"
            step = [bench, "arrow-mutate", str(path), "--count", str(MUTATIONS_PER_PROCESS), "--seed", str(seed)]
            done = subprocess.run([*step, "--scratch", str(scratch)], capture_output=True, text=True)
            total["mutations"] += MUTATIONS_PER_PROCESS
            if done.returncode == 0:
                found = json.loads(done.stdout)
                total["read"] += found["read"]
                total["refused"] += found["refused"]
            else:
                total["crashed"] += 1
                kept = pathlib.Path(tempfile.gettempdir()) / f"crash-{path.name}-{seed}"
                shutil.copy(scratch, kept)
                print(f"{path.name}, seed {seed}: exit {done.returncode}; bytes in {kept}", file=sys.stderr)
        print(f"{total['mutations']} of {count} mutations: {total}", file=sys.stderr)
    return total


def main() -> int:
    parser = arguments.parser(__doc__)
    parser.add_argument("--bench", required=True, help="the program statezero-bench")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large files")
    parser.add_argument("--mutations", type=int, default=100_000, help="number of damaged copies")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the measurement of speed")
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=CHECKS)
    parser.add_argument("--json", type=pathlib.Path, help="file for all results")
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = write_files(folder, options.rows) if set(options.only) != {"mutations"} else {}
        if "speed" in options.only:
            results["speed"] = {name: measure(options.bench, path, options.rounds) for name, path in files.items()}
            print(json.dumps(results["speed"], indent=2))
        if "rows" in options.only:
            results["rows"] = {name: compare_rows(options.bench, path) for name, path in files.items()}
            print(json.dumps(results["rows"], indent=2))
        if "mutations" in options.only:
            results["mutations"] = mutate(options.bench, options.mutations, folder)
            print(json.dumps(results["mutations"], indent=2))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    failed = any(r["different"] or r["extra"] or r["exit"] for r in results.get("rows", {}).values())
    return 1 if failed or results.get("mutations", {}).get("crashed") else 0


if __name__ == "__main__":
    sys.exit(main())
