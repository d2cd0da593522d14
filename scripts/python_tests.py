#!/usr/bin/env python3
"""Runs the Python tests, and says what is skipped and why.

    python3 scripts/python_tests.py                    all
    python3 scripts/python_tests.py checks vectors     some, by name

checks: the tests of scripts/check. common: what scripts share. sample: the committed sample and its verifiers. vectors:
the wire's test vectors, built again from proto/statezero.proto. package: the Python package. clients: the example
over ZeroMQ. With STATEZERO_BINARY, these two also meet the real program. convert_v0: the converter, where torch and its
other packages are installed. head: references and covariates, where numpy and scipy are installed. train: the
concentration, where safetensors is installed too. evaluation: the aims that EVALUATION.md compares with. site: the
reference that is read from the code.

Small packages (protobuf, grpcio-tools, pyzmq) are installed once into .venv-checks.
"""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from common import arguments, environment, paths

PACKAGES = ["protobuf==6.33.1", "grpcio-tools==1.76.0", "pyzmq==27.3.0"]
UNITTEST = ["-m", "unittest", "discover", "--verbose"]
# Name: arguments of Python, from the repository's root.
TESTS = {
    "checks": [*UNITTEST, "-t", "scripts", "-s", "scripts/checks"],
    "common": [*UNITTEST, "-t", "scripts", "-s", "scripts/common"],
    "sample": ["scripts/sample/check.py"],
    "vectors": ["proto/vectors/check.py"],
    "package": [*UNITTEST, "-s", "scripts/python/tests"],
    "clients": [*UNITTEST, "-s", "scripts/clients"],
    "convert_v0": [*UNITTEST, "-s", "scripts/convert_v0"],
    "head": [*UNITTEST, "-s", "scripts/head"],
    "train": [*UNITTEST, "-s", "scripts/train"],
    "evaluation": [*UNITTEST, "-s", "scripts/evaluation"],
    "site": [*UNITTEST, "-s", "scripts/site"],
}
NEED_PACKAGES = ("vectors", "clients")
_SKIPPED = re.compile(r"\.\.\. skipped '(.*)'$", re.M)


def run(name: str, variables: dict[str, str]) -> bool:
    """Runs one set of tests and prints a line; after a failure, its output too."""
    command = [sys.executable, *TESTS[name]]
    done = subprocess.run(command, cwd=paths.ROOT, env=variables, capture_output=True, text=True)
    output = done.stdout + done.stderr
    skipped = _SKIPPED.findall(output)
    count = re.search(r"Ran (\d+) tests?", output)
    summary = f"{count.group(1)} tests" if count else output.strip().splitlines()[-1] if output.strip() else ""
    print(f"{name:10} {'ok' if done.returncode == 0 else 'FAILED':7} {summary}", flush=True)
    for reason in dict.fromkeys(skipped):
        print(f"    skipped {skipped.count(reason)}: {reason}")
    if done.returncode != 0:
        print(output)
    return done.returncode == 0


def main() -> int:
    parser = arguments.parser(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(TESTS)} (default: all)")
    names = parser.parse_args().names or list(TESTS)
    unknown = [name for name in names if name not in TESTS]
    if unknown:
        parser.error(f"{unknown[0]} is no set of tests; there are {', '.join(TESTS)}")
    folder = paths.ROOT / ".venv-checks" / "-".join(PACKAGES).replace("==", "-")
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    is_good = True
    for name in names:
        if name in NEED_PACKAGES:
            why = environment.install(folder, PACKAGES)
            if why and name == "vectors":
                print(f"vectors    SKIPPED, the wire's test vectors are not checked: {why}")
                continue
            if not why:
                variables["PYTHONPATH"] = str(folder)
        is_good = run(name, variables) and is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
