#!/usr/bin/env python3
"""Compares StateZero's reading of Parquet and Arrow files with pyarrow's, and reads damaged files.

    python3 scripts/arrow/compare.py --bench .build/release/statezero-bench [--rows 1000000] [--mutations 100000] \\
        [--rounds 3] [--only rows speed mutations] [--json out.json]

Needs pyarrow 26.0.1 and numpy (pip install -r scripts/arrow/requirements.txt), and scripts/arrow/install.

rows: writes files of so many rows (verl's columns in Parquet, flat ones in an Arrow file and a stream), reads each with
both, and compares row by row.

speed: processor seconds of both on one thread, rounds in turn; the median counts. Files with one kind of column
(strings, dictionary strings, chat messages) and with all, as an Arrow file, an Arrow stream and Parquet. For pyarrow:
record batches (of an Arrow file, bytes that nobody checked), the same with validate(full=True), and the column as
Python objects, made in the fastest of several ways (bytes; strings; messages as dicts). For StateZero: record batches,
which are always validated in full; rows with the values of every column; and prompts as score reads them, with ids and
digests. Both programs have read the file once before in the same process.

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
    """The files that are compared row by row: all kinds of columns."""
    import pyarrow as pa
    from pyarrow import parquet

    whole = table(rows, pa)
    flat = whole.select(["question", "level", "rate"])
    files = {"nested.parquet": folder / "nested.parquet", "flat.parquet": folder / "flat.parquet"}
    parquet.write_table(whole, files["nested.parquet"], row_group_size=100_000)
    parquet.write_table(flat, files["flat.parquet"], row_group_size=100_000, compression="zstd")
    for name in ("whole.arrow", "whole.arrows"):
        files[name] = folder / name
        write_arrow(whole, files[name])
    return files


def write_arrow(rows, path):
    from pyarrow import ipc

    make = ipc.new_file if path.suffix == ".arrow" else ipc.new_stream
    with make(path, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=10_000)


def write_kinds(folder, rows):
    """Files with one kind of column each, in three formats."""
    import pyarrow as pa
    from pyarrow import parquet

    whole = table(rows, pa)
    texts = whole.column("prompt").combine_chunks().flatten().field("content")
    # 5000 different texts, of the same lengths as the strings.
    repeated = texts.slice(0, min(rows, 5000)).take(pa.array([i * 7919 % min(rows, 5000) for i in range(rows)]))
    kinds = {
        "strings": pa.table({"prompt": texts}),
        "dictionary": pa.table({"prompt": repeated.dictionary_encode()}),
        "messages": whole.select(["prompt"]),
        "all columns": whole,
    }
    files = {}
    for kind, made in kinds.items():
        for ending in ("arrow", "arrows", "parquet"):
            path = folder / f"{kind.split()[0]}.{ending}"
            if ending == "parquet":
                parquet.write_table(made, path, row_group_size=100_000)
            else:
                write_arrow(made, path)
            files[kind, ending] = path
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
    """Numbers of rows, and of those that differ."""
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


def objects(path, kind):
    """Reads a file into Python objects, by each of the ways that pyarrow has; processor seconds of each."""
    import pyarrow as pa

    def decoded(column):
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

    ways = {"python values": lambda batch: batch.to_pylist()}
    if kind in ("strings", "dictionary"):
        ways["strings"] = lambda batch: decoded(batch.column(0)).to_numpy(zero_copy_only=False)
        ways["bytes"] = lambda batch: decoded(batch.column(0)).cast(pa.binary()).to_numpy(zero_copy_only=False)
    if kind == "messages":
        ways["dicts"] = lambda batch: batch.column(0).to_numpy(zero_copy_only=False)
    return {name: seconds(path, make) for name, make in ways.items()}


def seconds(path, make=lambda batch: None):
    """Processor seconds of pyarrow, with `make` applied to each batch."""
    start = time.process_time()
    for batch in batches(path):
        make(batch)
    return time.process_time() - start


def measure(bench, path, kind, rounds):
    """Median processor seconds of both, in turn."""
    found = {}
    rows = sum(batch.num_rows for batch in batches(path))
    for _ in range(rounds):
        times = {"pyarrow": {"batches": seconds(path)}, "statezero": {}}
        times["pyarrow"]["validated"] = seconds(path, lambda batch: batch.validate(full=True))
        times["pyarrow"].update(objects(path, kind))
        for depth in ("batches", "rows", "prompts"):
            done = subprocess.run(
                [bench, "arrow-read", str(path), "--depth", depth, "--passes", "2"],
                check=True,
                capture_output=True,
                text=True,
            )
            report = json.loads(done.stderr.strip().splitlines()[-1])
            # Of the prompts, rows that cannot be read are left out.
            assert depth == "prompts" or report["rows"] == rows, report
            times["statezero"][depth] = report["processor_seconds"]
        for program, each in times.items():
            for name, value in each.items():
                found.setdefault(program, {}).setdefault(name, []).append(value)
    median = {p: {name: statistics.median(v) for name, v in each.items()} for p, each in found.items()}
    theirs, ours = median["pyarrow"], median["statezero"]
    fastest = min(value for name, value in theirs.items() if name not in ("batches", "validated"))
    return {
        "megabytes": round(path.stat().st_size / 1e6, 1),
        "seconds": {p: {name: round(v, 3) for name, v in each.items()} for p, each in median.items()},
        "pyarrow ÷ statezero": {
            "batches": round(theirs["batches"] / ours["batches"], 2),
            "batches, both validated": round(theirs["validated"] / ours["batches"], 2),
            "python objects ÷ rows": round(fastest / ours["rows"], 2),
            "python objects ÷ prompts": round(fastest / ours["prompts"], 2),
            "batches ÷ rows": round(theirs["batches"] / ours["rows"], 2),
        },
    }


def print_speed(speed):
    """The seconds and ratios of Sources/Documentation/parquet.md."""
    columns = list(next(iter(speed.values()))["pyarrow ÷ statezero"])
    print("| File | MB | pyarrow, batches | here, batches | here, rows | here, prompts | " + " | ".join(columns) + " |")
    print("|---" * (6 + len(columns)) + "|")
    for name, found in speed.items():
        theirs, ours = found["seconds"]["pyarrow"], found["seconds"]["statezero"]
        cells = [name, found["megabytes"], theirs["batches"], ours["batches"], ours["rows"], ours["prompts"]]
        print("| " + " | ".join(str(cell) for cell in cells + list(found["pyarrow ÷ statezero"].values())) + " |")


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
        if "speed" in options.only:
            results["speed"] = {}
            for (kind, ending), path in write_kinds(folder, options.rows).items():
                results["speed"][f"{kind}, {ending}"] = measure(options.bench, path, kind, options.rounds)
                path.unlink()
            print_speed(results["speed"])
        if "rows" in options.only:
            files = write_files(folder, options.rows)
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
