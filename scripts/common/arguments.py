"""Command-line arguments that several scripts have, with one spelling and one meaning each."""

import argparse
import pathlib

from . import paths


def parser(documentation: str) -> argparse.ArgumentParser:
    """A parser whose help is the script's own documentation."""
    return argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_program(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "--program", default=paths.program(), metavar="FILE", help="the statezero program (default: %(default)s)"
    )


def add_benchmark_program(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "--program",
        default=paths.benchmark_program(),
        metavar="FILE",
        help="the statezero-bench program (default: %(default)s)",
    )


def add_model(arguments: argparse.ArgumentParser, text: str = "model folder, or table") -> None:
    arguments.add_argument(
        "--model", default=str(paths.DEFAULT_MODEL), metavar="DIR", help=f"{text} (default: %(default)s)"
    )


def add_data(arguments: argparse.ArgumentParser, text: str, required: bool = False) -> None:
    arguments.add_argument("--data", type=pathlib.Path, required=required, metavar="DIR", help=text)


def add_output(arguments: argparse.ArgumentParser, text: str, default: str | None = None) -> None:
    """A required argument, unless there is a default."""
    shown = f"{text} (default: %(default)s)" if default else text
    arguments.add_argument("--output", required=default is None, default=default, metavar="PATH", help=shown)


def add_seed(arguments: argparse.ArgumentParser, default: int = 0) -> None:
    arguments.add_argument(
        "--seed", type=int, default=default, metavar="N", help="seed of all random numbers (default: %(default)s)"
    )


def add_threads(arguments: argparse.ArgumentParser, default: int, of: str = "") -> None:
    arguments.add_argument(
        "--threads", type=int, default=default, metavar="N", help=f"threads{of and ' of ' + of} (default: %(default)s)"
    )


def add_rounds(arguments: argparse.ArgumentParser, default: int) -> None:
    arguments.add_argument(
        "--rounds", type=int, default=default, metavar="N", help="rounds; medians are printed (default: %(default)s)"
    )


def add_environment(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "--venv",
        type=pathlib.Path,
        metavar="DIR",
        help="virtual environment to use, made where it does not exist (default: a temporary one)",
    )


def add_json(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--json", action="store_true", help="print one JSON line")


def add_counts(arguments: argparse.ArgumentParser, *counts: tuple[str, int, str]) -> None:
    """Whole numbers, each with its option, its default and its meaning."""
    for name, default, meaning in counts:
        arguments.add_argument(name, type=int, default=default, metavar="N", help=f"{meaning} (default: %(default)s)")
