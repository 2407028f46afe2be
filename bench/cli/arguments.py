"""Arguments that several commands share, and their values."""

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
else:  # at run time, the class takes no type parameter
    Subparsers = argparse._SubParsersAction

MAX_NUMBER = 1024
KEPT = "finished cells are kept; run the same command again to continue"


def add_command(
    commands: Subparsers,
    name: str,
    body: Callable[[argparse.Namespace], int],
    kept: str = "",
) -> argparse.ArgumentParser:
    """Add a command; its help is the first line of its body's docstring.

    Parameters
    ----------
    body
        Called with the options; returns the exit code.
    kept
        A message about what an interruption leaves; empty if it leaves nothing.
    """
    summary = str(body.__doc__).splitlines()[0].rstrip(".")
    command = commands.add_parser(name, help=summary, description=summary)
    command.set_defaults(command=body, kept=kept)
    # The option may stand before or after the command. Without SUPPRESS, the default of
    # the second would replace the value of the first.
    command.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show the traceback of an error",
    )
    return command


def add_suite(command: argparse.ArgumentParser) -> None:
    """Add the argument for the suite."""
    command.add_argument(
        "suite",
        type=Path,
        metavar="SUITE",
        help="a YAML file, or the name of a shipped suite (see `bench list`)",
    )


def add_out(command: argparse.ArgumentParser) -> None:
    """Add the option for the folder of the report."""
    command.add_argument(
        "--out",
        type=folder,
        metavar="DIR",
        help="folder of the report (default: reports/NAME)",
    )


def add_store(command: argparse.ArgumentParser) -> None:
    """Add the option for the folder of the results."""
    command.add_argument(
        "--store",
        type=folder,
        default="data/store",
        metavar="DIR",
        help="folder of the results (default: data/store)",
    )


def add_jobs(command: argparse.ArgumentParser) -> None:
    """Add the option for the number of cells at the same time."""
    command.add_argument(
        "-j",
        dest="jobs",
        type=number,
        metavar="N",
        help="number of cells at the same time on this machine (default: 1)",
    )


def add_choice(command: argparse.ArgumentParser, flag: str, kind: str) -> None:
    """Add an option that limits a command to the named datasets or classifiers."""
    command.add_argument(
        flag,
        dest=f"{kind}s",
        action="append",
        metavar=kind.upper(),
        help=f"use only this {kind}; may be repeated",
    )


def number(text: str) -> int:
    """Parse a whole number from 1 to `MAX_NUMBER`."""
    if not (text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MAX_NUMBER):
        message = f"found '{text[:20]}'; expected a whole number from 1 to {MAX_NUMBER}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def folder(text: str) -> Path:
    """Parse the path of a folder that exists or can be created."""
    path = Path(text)
    for part in (path, *path.parents):
        try:
            if part.is_dir():
                break
            problem = "a file" if part.exists() else ""
        except OSError as error:
            problem = str(error.strerror)
        if problem:
            message = f"found '{part}' ({problem}); expected a folder, or a new name"
            raise argparse.ArgumentTypeError(message)
    return path


def resolve_plan(options: argparse.Namespace) -> "tuple[Plan, Plan, Store]":
    """Return the whole plan of the suite, its part after -d and -c, and the store."""
    from bench.cells import make_plan
    from bench.store import Store
    from bench.suite import load_suite

    # The class of a suite may be in a module of the current folder.
    if os.getcwd() not in sys.path:  # noqa: PTH109 (sys.path holds strings)
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    whole = make_plan(load_suite(options.suite))
    limited = whole.limited(
        getattr(options, "datasets", None) or [],
        getattr(options, "classifiers", None) or [],
    )
    return whole, limited, Store(getattr(options, "store", Path("data/store")))


def report_folder(options: argparse.Namespace, name: Any) -> Path:
    """Return the folder for the report of a suite."""
    return options.out or Path("reports") / str(name)
