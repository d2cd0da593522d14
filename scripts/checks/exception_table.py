"""The exceptions to the rules of `exceptions.py` and `sizes.py`, with reasons. The lists may only get shorter."""

import re

PATH = "Tests/LayeringTests/RatchetTests.swift"
# Modules whose subject is foreign memory.
UNSAFE_MODULES = ("Sources/ZeroMQ/", "Sources/Kernels/")
MAX_PROMISES = 8


def unsafe_files(tree) -> dict[str, str]:
    part = tree.files[PATH].text.split("unsafeFiles = [")[1].split("\n    ]")[0]
    return dict(re.findall(r'"(Sources/[^"]+)": "([^"]+)"', part))


def long_files(tree) -> dict[str, tuple[int, str]]:
    part = tree.files[PATH].text.split("longFiles: [")[1].split("\n    ]")[0]
    found = re.findall(r'"(Sources/[^"]+)": \(\s*(\d+),\s*"([^"]+)"', part)
    return {path: (int(lines), reason) for path, lines, reason in found}
