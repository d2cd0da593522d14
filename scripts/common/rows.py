"""Reads and writes rows: JSON Lines files, plain or gzip."""

import collections.abc
import gzip
import json
import os
import pathlib

Path = str | os.PathLike[str]


def each(path: Path) -> collections.abc.Iterator[dict]:
    """The rows of a file, one at a time. Skips a last line without an end: a killed program wrote a part of it."""
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n") and line.strip():
                yield json.loads(line)


def read(path: Path) -> list[dict]:
    """All rows of a file."""
    return list(each(path))


def write_gzip(path: Path, rows: collections.abc.Iterable[dict]) -> None:
    """Writes rows as gzip. The same rows give the same bytes: no time and no name in the header."""
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out, gzip.GzipFile("", "wb", compresslevel=9, fileobj=out, mtime=0) as packed:
        for row in rows:
            packed.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
