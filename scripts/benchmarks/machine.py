#!/usr/bin/env python3
"""Prints one JSON line about the machine and the versions that figures come from.

scripts/benchmarks/machine.py [--program .build/release/statezero]
"""

import importlib.metadata
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments

PEERS = ["torch", "transformers", "onnxruntime", "pyzmq", "ray", "numpy"]
SETS = ["avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_int8"]


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    options = parser.parse_args()
    with open("/proc/cpuinfo") as file:
        text = file.read()
    with open("/proc/meminfo") as file:
        memory = int(re.search(r"MemTotal:\s+(\d+)", file.read()).group(1))
    flags = set(re.search(r"^flags\s*:\s*(.*)$", text, re.M).group(1).split()) if "flags" in text else set()
    model = re.search(r"^model name\s*:\s*(.*)$", text, re.M)
    print(
        json.dumps(
            {
                "processor": model.group(1) if model else platform.machine(),
                "cores": os.cpu_count(),
                "gib": round(memory / 2**20),
                "instruction_sets": [name for name in SETS if name in flags],
                "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
                "statezero": subprocess.run(
                    [options.program, "--version"], capture_output=True, text=True
                ).stdout.strip(),
                "peers": {package: version(package) for package in PEERS},
            }
        )
    )


if __name__ == "__main__":
    main()
