"""The command `statezero` of a wheel with the program inside: it becomes the program, which is beside this file."""

import os
import pathlib
import sys

PROGRAM = pathlib.Path(__file__).resolve().parent / "statezero"


def main() -> None:
    """Replaces this process by the program, with the same arguments."""
    os.execv(PROGRAM, [str(PROGRAM), *sys.argv[1:]])


if __name__ == "__main__":
    main()
