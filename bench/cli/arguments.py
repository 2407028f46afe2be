"""Arguments that several commands share, and their values."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.output.verbosity import QUIET, VERBOSE, detail, note
from bench.cli.usage import Examples, Parser, example_lines

if TYPE_CHECKING:
    from bench.cells import Plan
    from bench.store import Store
    from bench.suite import Change, MetricSpec, Suite

    Subparsers = argparse._SubParsersAction[Parser]
else:  # at run time, the class takes no type parameter
    Subparsers = argparse._SubParsersAction

MAX_NUMBER = 1024
MAX_REPETITIONS = 100_000  # as in a suite file
KEPT = "finished cells are kept; run the same command again to continue"


def add_command(
    commands: Subparsers,
    name: str,
    body: Callable[[argparse.Namespace], int],
    examples: Examples,
    kept: str = "",
) -> Parser:
    """Add a command; its help is the first line of its body's docstring.

    Parameters
    ----------
    body
        Called with the options; returns the exit code.
    examples
        Command lines, each with what it does.
    kept
        A message about what an interruption leaves; empty if it leaves nothing.
    """
    summary = str(body.__doc__).splitlines()[0].rstrip(".")
    command = commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=example_lines(examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(command=body, kept=kept, parser=command)
    add_verbosity(command)
    return command


def add_verbosity(command: argparse.ArgumentParser) -> None:
    """Add the options of every command, which may stand before or after it."""
    # Without SUPPRESS, the default of the second would replace the value of the first.
    for flags, level, text in (
        (("-q", "--quiet"), QUIET, "print errors and the result only"),
        (("-v", "--verbose"), VERBOSE, "print also versions, places and each cell"),
    ):
        command.add_argument(
            *flags,
            dest="verbosity",
            action="store_const",
            const=level,
            default=argparse.SUPPRESS,
            help=text,
        )
    command.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show the traceback of an error",
    )


def add_suite(command: argparse.ArgumentParser) -> None:
    """Add the argument for the suite."""
    command.add_argument(
        "suite",
        type=Path,
        metavar="SUITE",
        help="a YAML file, or the name of a shipped suite (see `bench list`)",
    )


def add_changes(command: argparse.ArgumentParser) -> None:
    """Add the options that change values of the suite."""
    command.add_argument(
        "-n",
        "--repetitions",
        type=repetitions,
        metavar="N",
        help="use N repetitions instead of the suite's number, which may be smaller or "
        "larger; of recorded curves, N draws",
    )
    command.add_argument(
        "--set",
        dest="changes",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a value of the suite, such as datasets.0.train=200 or "
        "stats.margin=0.02; may be repeated",
    )


def add_out(command: argparse._ActionsContainer) -> None:
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


def repetitions(text: str) -> int:
    """Parse a number of repetitions, from 1 to `MAX_REPETITIONS`."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 7
    if not (is_number and 1 <= int(text) <= MAX_REPETITIONS):
        raise argparse.ArgumentTypeError(
            f"found '{text[:20]}'; expected a whole number from 1 to {MAX_REPETITIONS}"
        )
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


def changes_of(options: argparse.Namespace) -> "list[Change]":
    """Return the changes of the suite that the options ask for, `--set` last."""
    from bench.suite import Change

    n = getattr(options, "repetitions", None)
    first = [] if n is None else [Change.of_repetitions(n)]
    return first + [Change.parse(text) for text in getattr(options, "changes", [])]


@contextmanager
def naming_changes(options: argparse.Namespace) -> Iterator[None]:
    """Name the options that changed the suite in an error that names none of them.

    Such an error may be about a file that is right by itself.
    """
    from bench.base import BenchError

    try:
        yield
    except BenchError as error:
        changes = [change.option for change in changes_of(options)]
        if not changes or any(option in str(error) for option in changes):
            raise
        raise type(error)(f"{error} (with {', '.join(changes)})") from None


def read_suite(options: argparse.Namespace) -> "Suite":
    """Read the suite, with the values that the options change."""
    from bench.suite import load_suite

    changes = changes_of(options)
    with naming_changes(options):
        suite = load_suite(options.suite, changes)
    detail(f"suite {suite.path}")
    if n := getattr(options, "repetitions", None):
        own = [d.id for d in suite.datasets if suite.repetitions_of(d) != n]
        if own:
            from bench.cli.output.progress import name_some

            several = "their splits set" if len(own) > 1 else "its split sets"
            note(f"-n {n} leaves {name_some(own)} alone: {several} the repetitions")
    return suite


def find_modules_here() -> None:
    """Let a class or a function be in a module of the current folder."""
    if os.getcwd() not in sys.path:  # noqa: PTH109 (sys.path holds strings)
        sys.path.insert(0, os.getcwd())  # noqa: PTH109


def resolve_plan(options: argparse.Namespace) -> "tuple[Plan, Plan, Store]":
    """Return the whole plan of the suite, its part after -d and -c, and the store."""
    from bench.cells import make_plan
    from bench.store import Store

    find_modules_here()
    suite = read_suite(options)
    with naming_changes(options):
        whole = make_plan(suite)
    limited = whole.limited(
        getattr(options, "datasets", None) or [],
        getattr(options, "classifiers", None) or [],
    )
    store = Store(getattr(options, "store", Path("data/store")))
    detail(f"results in {store.folder}")
    return whole, limited, store


def asked_metric(text: str, larger_is_better: bool | None = None) -> "MetricSpec":
    """Read the metric that an option names: a known one, or the path of a function.

    Raises
    ------
    SuiteError
        If it is neither, or its direction is not known.
    """
    from pydantic import ValidationError

    from bench.base import SuiteError
    from bench.suite import MetricSpec

    data: object = text
    if larger_is_better is not None:
        data = {"function": text, "larger_is_better": larger_is_better}
    try:
        return MetricSpec.model_validate(data)
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise SuiteError(f"--metric: {message}") from None


def report_folder(options: argparse.Namespace, suite: "Suite") -> Path:
    """Return the folder for the report of a suite.

    Raises
    ------
    SuiteError
        If it would be that of the unchanged suite, though options have changed it.
    """
    from bench.base import SuiteError

    path: Path = options.out or Path("reports") / suite.name
    if not options.out and needs_folder(suite):
        changes = ", ".join(dict.fromkeys(suite.changes.values()))
        raise SuiteError(
            f"{changes}: the report of a changed suite would replace that of the whole "
            f"one in {path}; expected --out DIR, or --set name=NAME"
        )
    return path


def needs_folder(suite: "Suite") -> bool:
    """Return whether options have changed a suite, but not its name.

    Then its report must not be written where that of the unchanged suite is.
    """
    return bool(suite.changes) and ("name",) not in suite.changes
