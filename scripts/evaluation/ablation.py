#!/usr/bin/env python3
"""Shows what each part of the compact head gives: evaluates it without one part after the other.

    python3 scripts/evaluation/ablation.py --data DATA [--sources SOURCE ...] [--prompts N]

A part is left out by zeros in its row of the weights file (scripts/train/HEAD.md, Weights); everything else stays as it
was trained, and is not fitted again, so a part that others could replace after a new training shows more than it is
worth. Prints the paired difference of the whole head's AUC over that without the part, at 32 and 256 context rows. Of
each source at most N context and N query prompts are used; query prompts that training has seen are left out. Needs the
release build and the default model.
"""

import array
import glob
import json
import math
import os
import pathlib
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import acceptance
from figures import by_source, mean_difference, predictors
from limited import limited
from text import pair, table

from common import arguments, paths

WEIGHTS = paths.ROOT / "Sources/Heads/Compact/Resources/compact-head.safetensors"
FOLDER = pathlib.Path("out/ablation")
SIZES = [32, 256]
# By name: what is set to zero, by tensor and row; None for all of a tensor.
PARTS = {
    "difficulty": [("difficulty.second.weight", 0), ("difficulty.second.bias", 0)],
    "prior of the surface features": [("regression.prior", None)],
    "radial kernel of embeddings": [("regression.settings", 2)],
    "learnt columns": [("regression.settings", 3)],
    "kernel of surface features": [("regression.settings", 4)],
    "kernel of character n-grams": [("regression.settings", 6)],
    "linear kernel of embeddings": [("regression.settings", 8)],
    "both kernels of embeddings": [("regression.settings", 2), ("regression.settings", 8)],
}


def without(part, path):
    """Writes the weights with zeros for a part."""
    data = bytearray(WEIGHTS.read_bytes())
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    for tensor, row in PARTS[part]:
        entry = header[tensor]
        if entry["dtype"] != "F32":
            raise SystemExit(f"{WEIGHTS}: {tensor} is {entry['dtype']}, expected F32")
        start, end = (8 + length + place for place in entry["data_offsets"])
        if row is not None:
            width = 4 * math.prod(entry["shape"][1:])
            start, end = start + row * width, start + (row + 1) * width
        data[start:end] = array.array("f", [0.0] * ((end - start) // 4)).tobytes()
    path.write_bytes(data)


def evaluated(options, stems, training):
    heads = ["compact"]
    for part in PARTS:
        path = FOLDER / f"{part.replace(' ', '-')}.safetensors"
        without(part, path)
        heads.append(f"{part.replace(' ', '-')}={path}")
    command = [options.program, "evaluate", "--json", "--heads", *heads, "gaussian-process"]
    command += ["--context-size", *map(str, SIZES), "--seeds", str(options.seeds), "--policies", str(options.policies)]
    command += ["--training", *training] if training else []
    command += ["--embeddings", options.embeddings or str(FOLDER / "embeddings.safetensors")]
    command += ["--prompts", *[f"{stem}.prompts.jsonl.gz" for stem in stems]]
    command += ["--outcomes", *[f"{stem}.outcomes.jsonl.gz" for stem in stems]]
    done = subprocess.run(command, stdout=subprocess.PIPE)
    # 3: done, and something is to be said about single prompts.
    if done.returncode not in (0, 3):
        raise SystemExit(f"evaluate ended with {done.returncode}")
    return json.loads(done.stdout)["comparison"]


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder with eval/ and train/", required=True)
    arguments.add_program(parser)
    parser.add_argument("--sources", nargs="+", metavar="SOURCE", help="only these sources (default: all)")
    parser.add_argument("--prompts", type=int, default=500, metavar="N", help="default: %(default)s")
    parser.add_argument("--policies", type=int, default=6, help="policy versions of a source (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="draws of a policy version (default: %(default)s)")
    parser.add_argument("--embeddings", metavar="FILE", help="file that keeps embeddings (default: in out/ablation)")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    stems = [
        path.removesuffix(".outcomes.jsonl.gz")
        for path in sorted(glob.glob(os.path.join(options.data, "eval/*.outcomes.jsonl.gz")))
    ]
    stems = [stem for stem in stems if not options.sources or os.path.basename(stem) in options.sources]
    stems = [limited(stem, str(FOLDER / "part"), options.prompts) for stem in stems]
    training = sorted(glob.glob(os.path.join(options.data, "train/*.prompts.jsonl.gz")))
    comparison = evaluated(options, stems, training)
    kinds = {"known kinds": False, "new kinds": True}
    rows = []
    for part in [*PARTS, "all that was trained (Gaussian process)"]:
        cells = [part]
        for size in SIZES:
            here = predictors(comparison, size)
            other = here["gaussian-process" if part not in PARTS else part.replace(" ", "-")]
            for is_new in kinds.values():
                chosen = [name for name in by_source(other) if (name in acceptance.NEW) == is_new]
                cells.append(pair((mean_difference(here["compact"], other, chosen) or [None])[:2]))
        rows.append(cells)
    head = ["left out"]
    print(table(head + [f"{kind}, {size} rows" for size in SIZES for kind in kinds], rows))


if __name__ == "__main__":
    main()
