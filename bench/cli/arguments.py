"""Arguments that several commands share, and what they mean."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.cells import Plan
    from bench.store import Store

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:  # which is generic for type checkers only
    Subparsers = argparse._SubParsersAction

MAX_NUMBER = 1024
KEPT = "finished cells are kept; the same command goes on from there"


def add_command(
    commands: Subparsers,
    name: str,
    body: Callable[[argparse.Namespace], int],
    kept: str = "",
) -> argparse.ArgumentParser:
    """Add a command; its help is the docstring of its body.

    Parameters
    ----------
    body
        Called with the options; returns the exit code.
    kept
        What an interruption leaves, if it leaves anything.
    """
    summary = str(body.__doc__).splitlines()[0].rstrip(".")
    command = commands.add_parser(name, help=summary, description=summary)
    command.set_defaults(command=body, kept=kept)
    # Before the command or after it; suppressed, so that the one does not undo the
    # other.
    command.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show the traceback of an error",
    )
    return command


def add_suite(command: argparse.ArgumentParser) -> None:
    """Add the suite that a command is about."""
    command.add_argument(
        "suite",
        type=Path,
        metavar="SUITE",
        help="a YAML file, or the name of a shipped suite (see `bench list`)",
    )


def add_out(command: argparse.ArgumentParser) -> None:
    """Add the folder of what a command writes."""
    command.add_argument(
        "--out",
        type=folder,
        metavar="DIR",
        help="folder of the report (default: reports/NAME)",
    )


def add_store(command: argparse.ArgumentParser) -> None:
    """Add the folder of the results."""
    command.add_argument(
        "--store",
        type=folder,
        default="data/store",
        metavar="DIR",
        help="folder of the results (default: data/store)",
    )


def add_jobs(command: argparse.ArgumentParser) -> None:
    """Add how many cells are computed at the same time."""
    command.add_argument(
        "-j",
        dest="jobs",
        type=number,
        metavar="N",
        help="number of cells at the same time on this machine (default: 1)",
    )


def add_choice(command: argparse.ArgumentParser, flag: str, kind: str) -> None:
    """Add an option that limits a command to some datasets or classifiers."""
    command.add_argument(
        flag,
        dest=f"{kind}s",
        action="append",
        metavar=kind.upper(),
        help=f"this {kind} only; may be repeated",
    )


def number(text: str) -> int:
    """Take a whole number from 1 to `MAX_NUMBER`."""
    if not (text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MAX_NUMBER):
        message = f"found '{text[:20]}'; expected a whole number from 1 to {MAX_NUMBER}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def folder(text: str) -> Path:
    """Take a folder, or the name of one that can be made."""
    path = Path(text)
    for part in (path, *path.parents):
        try:
            if part.is_dir():
                break
            found = "a file" if part.exists() else ""
        except OSError as error:
            found = str(error.strerror)
        if found:
            message = f"found '{part}' ({found}); expected a folder, or a new name"
            raise argparse.ArgumentTypeError(message)
    return path


def resolve_plan(options: argparse.Namespace) -> "tuple[Plan, Plan, Store]":
    """Resolve the suite, whole and limited by -d and -c; and open the store."""
    from bench.cells import make_plan
    from bench.store import Store
    from bench.suite import load_suite

    # A class: may stand in a module of the folder where the command is given.
    if os.getcwd() not in sys.path:  # noqa: PTH109 (sys.path holds strings)
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    whole = make_plan(load_suite(options.suite))
    limited = whole.limited(
        getattr(options, "datasets", None) or [],
        getattr(options, "classifiers", None) or [],
    )
    return whole, limited, Store(getattr(options, "store", Path("data/store")))


def report_folder(options: argparse.Namespace, name: Any) -> Path:
    """Return where the report of a suite is written."""
    return options.out or Path("reports") / str(name)
