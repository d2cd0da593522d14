#!/usr/bin/env python3
"""Writes the small Parquet and Arrow files of Tests/Goldens/arrow, and their rows as pyarrow reads them.

    pip install -r scripts/arrow/requirements.txt && python3 scripts/goldens/arrow/make_arrow.py

The files have the columns and types that trainers and data sets use: verl, SkyRL, Hugging Face `datasets`. All content
is made up here.
"""

import datetime
import decimal
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from arrow import rows as reading
from common import paths

OUT = paths.ROOT / "Tests" / "Goldens" / "arrow"
MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])


def chat(text, system=None):
    first = [{"role": "system", "content": system}] if system else []
    return [*first, {"role": "user", "content": text}]


def flat():
    count = 25
    return pa.table(
        {
            "id": pa.array([f"q{i}" for i in range(count)]),
            "question": pa.array([f"What is {i} + {i}? é \u4f60 'quoted'\n" if i % 7 else None for i in range(count)]),
            "level": pa.array([i - 12 for i in range(count)], pa.int8()),
            "big": pa.array([2**63 + i for i in range(count)], pa.uint64()),
            "rate": pa.array([i / 3 if i % 5 else None for i in range(count)], pa.float32()),
            "score": pa.array([1e-7 * i if i != 3 else float("nan") for i in range(count)]),
            "ok": pa.array([i % 3 == 0 if i % 4 else None for i in range(count)]),
        }
    )


def types():
    day = datetime.date(2026, 1, 31)
    moments = [datetime.datetime(1969, 12, 31, 23, 59, 59, 5), datetime.datetime(2026, 2, 28, 8), None]
    utc = [moment and moment.replace(tzinfo=datetime.UTC) for moment in moments]
    return pa.table(
        {
            "kind": pa.array(["math", None, "code"]).dictionary_encode(),
            "large": pa.array(["a", "", "\U0001f600" * 9], pa.large_string()),
            "view": pa.array(["twelve bytes", "thirteen byte", None], pa.string_view()),
            "bytes": pa.array([b"text", b"\xff\xfe", None], pa.binary()),
            "fixed": pa.array([b"abcd", b"efgh", None], pa.binary(4)),
            "decimal": pa.array([decimal.Decimal("-0.05"), decimal.Decimal("123.40"), None], pa.decimal128(9, 2)),
            "day": pa.array([day, datetime.date(1, 3, 1), None]),
            "local": pa.array(moments, pa.timestamp("us")),
            "utc": pa.array(utc, pa.timestamp("us", "UTC")),
            "pair": pa.array([[1, 2], [3, None], None], pa.list_(pa.int32(), 2)),
            "texts": pa.array([["x"], [], None], pa.large_list(pa.large_string())),
            "map": pa.array([[("k", 1), ("l", None)], [], None], pa.map_(pa.string(), pa.int64())),
            "half": pa.array([0.5, float("inf"), None], pa.float16()),
            "none": pa.nulls(3),
            "grid": pa.array([[[1], []], [], None], pa.list_(pa.list_(pa.int16()))),
        }
    )


def vectors(kind):
    """A list of numbers a prompt, beside one of integers; the fourth prompt has none, the fifth a null among them."""
    rows = [[0.5, -1.25, 3.0], [6.0, 2.0, -0.0], [1e99, 1.0, 2.0], None, [1.0, None, 2.0], [7.0, 8.0, 9.0]]
    ids = [f"p{row}" for row in range(len(rows))]
    return pa.table({"id": ids, "tokens": [[1, 2]] * len(rows), "state": pa.array(rows, kind)})


def messages():
    call = pa.struct([("name", pa.string()), ("arguments", pa.struct([("city", pa.string()), ("unit", pa.string())]))])
    message = pa.struct([("role", pa.string()), ("content", pa.string()), ("tool_calls", pa.list_(call))])
    return pa.table(
        {
            "messages": pa.array(
                [
                    [{"role": "user", "content": "What time is it in Paris?", "tool_calls": None}],
                    [
                        {"role": "system", "content": "Be short.", "tool_calls": None},
                        {"role": "user", "content": "And in Rome?", "tool_calls": None},
                        {
                            "role": "assistant",
                            "content": None,
                            "tool_calls": [{"name": "clock", "arguments": {"city": "Rome", "unit": None}}],
                        },
                        {"role": "tool", "content": "21", "tool_calls": None},
                    ],
                    None,
                    [],
                ],
                pa.list_(message),
            ),
            "source": pa.array(["a", "b", "a", "b"]).dictionary_encode(),
        }
    )


def texts():
    """Not compressed, batches of two rows: ASCII and other text beside each other, as text, in lists and structs."""
    ascii_texts = [
        "plain",
        None,
        "",
        "seventeen letters",
        "a longer text of more than sixty-four bytes, so that wide steps are taken",
        "z",
    ]
    other_texts = ["plain", "naïve", "日本語のテキスト、十六バイトより長い", None, "plain again", "end"]
    return pa.table(
        {
            "ascii": pa.array(ascii_texts),
            "other": pa.array(other_texts),
            "large": pa.array(ascii_texts[::-1], pa.large_string()),
            "lists": pa.array([[a, b] for a, b in zip(ascii_texts, other_texts)], pa.large_list(pa.string())),
            "structs": pa.array([{"a": a, "b": b} for a, b in zip(ascii_texts, other_texts)]),
            "repeated": pa.array(["a repeated text of some length", "ähnlich", None] * 2).dictionary_encode(),
            "codes": pa.DictionaryArray.from_arrays(
                pa.array([9, 0, 5, 3, 7, 2]), pa.array([f"code {i}" for i in range(10)])
            ),
        }
    )


def slices(count=4500):
    """One batch of more rows than are read at once: lists and maps lead to parts of the texts behind them.

    One text is not ASCII, and the dictionary is longer than what is read at once.
    """

    def parts(i):
        return None if i % 7 == 0 else [{"text": f"row {i}"}, {"text": "später" if i == 2999 else "plain"}]

    codes = pa.array([f"code {i}" for i in range(4300)])
    return pa.table(
        {
            "code": pa.DictionaryArray.from_arrays(pa.array([i % 4300 for i in range(count)], pa.int16()), codes),
            "counts": pa.array([[(f"row {i}", i)] for i in range(count)], pa.map_(pa.string(), pa.int32())),
            "parts": pa.array([parts(i) for i in range(count)]),
        }
    )


def dictionaries(second=None):
    """Batches with the same dictionary, a longer one, another of the same size, and the first one again."""
    first, longer = ["red", second, "a green of many letters"], ["red", second, "a green of many letters", "grün"]
    other = ["rot", second, "a green of many LETTERS"]
    batches = []
    for number, texts in enumerate([first, first, longer, other, first]):
        indices = pa.array([number % 3, 2, None, 0], pa.int8())
        colours = pa.DictionaryArray.from_arrays(indices, pa.array(texts))
        codes = pa.DictionaryArray.from_arrays(indices, pa.array([10 + number // 2, 20, 30]))
        lists = pa.ListArray.from_arrays(pa.array([0, 1, 1, 3, 4]), colours)
        structs = pa.StructArray.from_arrays([colours, codes], ["colour", "code"])
        columns = {"colour": colours, "code": codes, "lists": lists, "structs": structs}
        batches.append(pa.RecordBatch.from_arrays(list(columns.values()), list(columns)))
    return pa.Table.from_batches(batches)


def verl(count=12):
    return pa.table(
        {
            "data_source": pa.array(["made/sums"] * count),
            "prompt": pa.array(
                [chat(f"What is {i} times {i + 1}? Let's think step by step.") for i in range(count)], pa.list_(MESSAGE)
            ),
            "ability": pa.array(["math"] * count),
            "reward_model": pa.array([{"style": "rule", "ground_truth": str(i * (i + 1))} for i in range(count)]),
            "extra_info": pa.array(
                [{"answer": f"#### {i * (i + 1)}", "index": i, "split": "train"} for i in range(count)]
            ),
        }
    )


def skyrl():
    return pa.table(
        {
            "data_source": pa.array(["made/sums"] * 3),
            "prompt": pa.array([chat(f"Add {i} and 2.", "You are careful.") for i in range(3)], pa.list_(MESSAGE)),
            "env_class": pa.array(["gsm8k"] * 3),
            "reward_spec": pa.array([{"method": "rule", "ground_truth": str(i + 2)} for i in range(3)]),
            "extra_info": pa.array([{"index": i, "split": "train"} for i in range(3)]),
        }
    )


def claims():
    """Batches of 500 bytes that state the most rows, or elements of a list, that Arrow writes: all are null."""
    count = 2**31 - 1
    offsets = pa.array([0, count], pa.int32()).buffers()[1]
    nulls = pa.nulls(count)
    lists = pa.Array.from_buffers(pa.list_(pa.null()), 1, [None, offsets], children=[nulls])
    return pa.record_batch([nulls], names=["prompt"]), pa.record_batch([lists], names=["prompt"])


def ipc(table, path, make, rows=2, **options):
    with make(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in table.to_batches(max_chunksize=rows):
            writer.write_batch(batch)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    tables = {
        "flat-snappy.parquet": flat(),
        "flat-zstd.parquet": flat(),
        "types.arrow": types(),
        "messages.arrows": messages(),
        "messages.parquet": messages(),
        "texts.arrows": texts(),
        "dictionaries.arrows": dictionaries(),
        "dictionaries.parquet": dictionaries("blue").select(["colour"]),
        "verl.parquet": verl(),
        "skyrl.parquet": skyrl(),
    }
    pq.write_table(tables["flat-snappy.parquet"], OUT / "flat-snappy.parquet", row_group_size=10)
    pq.write_table(
        tables["flat-zstd.parquet"],
        OUT / "flat-zstd.parquet",
        row_group_size=4,
        compression="zstd",
        data_page_version="2.0",
        write_page_checksum=True,
    )
    ipc(tables["types.arrow"], OUT / "types.arrow", pa.ipc.new_file, compression="zstd")
    ipc(tables["messages.arrows"], OUT / "messages.arrows", pa.ipc.new_stream, compression="lz4")
    ipc(tables["texts.arrows"], OUT / "texts.arrows", pa.ipc.new_stream)
    ipc(tables["dictionaries.arrows"], OUT / "dictionaries.arrows", pa.ipc.new_stream, rows=4)
    pq.write_table(tables["dictionaries.parquet"], OUT / "dictionaries.parquet", row_group_size=4)
    # Without a file of rows: the tests know them.
    pq.write_table(vectors(pa.list_(pa.float32())), OUT / "vectors-float.parquet", row_group_size=4)
    ipc(vectors(pa.list_(pa.float64(), 3)), OUT / "vectors-fixed.arrow", pa.ipc.new_file, rows=4)
    ipc(vectors(pa.large_list(pa.float16())), OUT / "vectors-half.arrows", pa.ipc.new_stream)
    uneven = pa.table({"id": ["a", "b"], "name": pa.array(["a", None]), "state": [[1.0, 2.0], [3.0]]})
    ipc(uneven, OUT / "vectors-uneven.arrow", pa.ipc.new_file)
    ipc(pa.table({"id": ["a"], "first": [[1.0]], "last": [[2.0]]}), OUT / "vectors-two.arrow", pa.ipc.new_file)
    ipc(slices(), OUT / "slices.arrow", pa.ipc.new_file, rows=10_000, compression="zstd")
    rows, elements = claims()
    for batch, name, make in [
        (rows, "claims-rows.arrow", pa.ipc.new_file),
        (rows, "claims-rows.arrows", pa.ipc.new_stream),
        (elements, "claims-elements.arrow", pa.ipc.new_file),
    ]:
        with make(OUT / name, batch.schema) as writer:
            writer.write_batch(batch)
    pq.write_table(pa.table({"prompt": pa.nulls(250_000)}), OUT / "nulls.parquet")
    # A history of prompts that always fail, ten thousand times each.
    prompts = pa.array([f"What is {number} + {number}? Answer with a number alone." for number in range(100)])
    prompts = pa.DictionaryArray.from_arrays(pa.array([i // 10_000 for i in range(1_000_000)], pa.int32()), prompts)
    pq.write_table(pa.table({"prompt": prompts, "reward": pa.array([0.0] * 1_000_000)}), OUT / "equal.parquet")
    for name in ("messages.parquet", "verl.parquet", "skyrl.parquet"):
        pq.write_table(tables[name], OUT / name, compression="zstd" if name == "verl.parquet" else "snappy")
    for name, table in tables.items():
        (OUT / f"{name}.jsonl").write_text("".join(line + "\n" for line in reading.lines(table)), encoding="utf-8")
    union = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])])
    ipc(pa.table({"question": ["x", "y"], "either": union}), OUT / "union.arrow", pa.ipc.new_file)


if __name__ == "__main__":
    main()
