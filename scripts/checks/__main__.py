"""Runs the checks and prints what each checked.

    scripts/check              all checks
    scripts/check documents    one or more, by name
    scripts/check --list       their names

Exit code 0: no problem. 1: problems, one line each. 2: a name that is no check.
"""

import argparse
import pathlib
import sys
import time

from . import (
    declarations,
    descriptors,
    documents,
    exceptions,
    facts,
    formatting,
    layering,
    mutant_rules,
    openings,
    sizes,
    versions,
    wording,
)
from .tree import Tree

CHECKS = {
    "layering": layering.check,
    "exceptions": exceptions.check,
    "sizes": sizes.check,
    "openings": openings.check,
    "declarations": declarations.check,
    "descriptors": descriptors.check,
    "mutants": mutant_rules.check,
    "documents": documents.check,
    "facts": facts.check,
    "wording": wording.check,
    "versions": versions.check,
    "ruff": formatting.python,
    "swift-format": formatting.swift,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="CHECK", help=f"of: {', '.join(CHECKS)} (default: all)")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    options = parser.parse_args()
    if options.list:
        print("\n".join(CHECKS))
        return 0
    unknown = [name for name in options.names if name not in CHECKS]
    if unknown:
        print(f"check: {unknown[0]} is no check; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    tree = Tree(pathlib.Path(__file__).resolve().parents[2])
    problems = 0
    for name in options.names or CHECKS:
        start = time.monotonic()
        report = CHECKS[name](tree)
        problems += len(report.problems)
        state = "failed" if report.problems else "ok"
        print(f"{name:13} {state:7} {report.summary} ({time.monotonic() - start:.1f} s)", flush=True)
        for line in report.notes + report.problems:
            print(f"    {line}")
    if problems:
        print(f"check: {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
