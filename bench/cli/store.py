"""The commands `store convert` and `store clean`."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.arguments import (
    Subparsers,
    add_command,
    add_store,
    add_verbosity,
    find_modules_here,
    folder,
)
from bench.cli.exit_codes import OK
from bench.cli.output.terminal import say
from bench.cli.usage import Parser, example_lines

if TYPE_CHECKING:
    from bench.store import Unnamed

_CONVERT = (("bench store convert", "convert data/store"),)
_CLEAN = (
    ("bench store clean quick mine.yaml", "show what neither of these suites names"),
    ("bench store clean quick mine.yaml --yes", "remove it"),
)
_MOST_LINES = 20
_KEPT = "nothing is lost; run the same command again to continue"


def add_stores(commands: Subparsers) -> None:
    """Add the commands and their arguments."""
    summary = "Convert an older store, or remove what no suite names"
    parser = commands.add_parser(
        "store",
        help=summary,
        description=summary,
        epilog=example_lines((*_CONVERT, *_CLEAN)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_verbosity(parser)
    parts = parser.add_subparsers(
        metavar="COMMAND", parser_class=Parser, required=True, title="commands"
    )
    _add_convert(parts)
    _add_clean(parts)


def _add_convert(commands: Subparsers) -> None:
    command = add_command(commands, "convert", convert, _CONVERT, _KEPT)
    command.add_argument(
        "store",
        nargs="?",
        type=folder,
        default="data/store",
        metavar="FOLDER",
        help="folder of the results (default: data/store)",
    )


def _add_clean(commands: Subparsers) -> None:
    command = add_command(commands, "clean", clean, _CLEAN, _KEPT)
    command.add_argument(
        "suites",
        nargs="+",
        type=Path,
        metavar="SUITE",
        help="a YAML file, or the name of a shipped suite, whose results are kept",
    )
    add_store(command)
    ways = command.add_mutually_exclusive_group()
    ways.add_argument(
        "--dry-run",
        action="store_true",
        help="only show what would be removed, as without --yes",
    )
    ways.add_argument("--yes", action="store_true", help="remove it")


def convert(options: argparse.Namespace) -> int:
    """Convert the results of an older store, two files a cell, in place."""
    from bench.store import convert_store

    counts = convert_store(Path(options.store), say)
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    return OK


def clean(options: argparse.Namespace) -> int:
    """Remove the results that none of the suites names, and give their space back."""
    from bench.base import MissingFileError, format_size
    from bench.store import clean_store, unnamed_results

    store = Path(options.store)
    if not store.is_dir():
        raise MissingFileError(f"no store at {store}; expected a folder")
    named = _keys_of(options.suites)
    groups = unnamed_results(store, named)
    count = sum(group.results for group in groups)
    size = format_size(sum(group.size for group in groups))
    if not options.yes:
        print(f"{_counted(count)} of no named suite, {size}")
        for line in _lines(groups):
            print(line)
        say("nothing is removed without --yes")
        return OK
    given_back = clean_store(store, named)
    print(f"{_counted(count)} removed, {format_size(given_back)} given back")
    return OK


def _keys_of(suites: Iterable[Path]) -> set[str]:
    """Return the key of every cell, transfer and audit of some suites."""
    from bench.cells import make_plan
    from bench.suite import load_suite

    find_modules_here()
    return {
        task.key for path in suites for task in make_plan(load_suite(path)).everything
    }


def _lines(groups: "Iterable[Unnamed]") -> Iterable[str]:
    from bench.base import format_size, shown

    groups = list(groups)
    for group in groups[:_MOST_LINES]:
        names = [group.dataset, group.classifier or "audits"]
        of = shown(", ".join(names), 60) if group.dataset else "damaged"
        yield f"  {of}: {group.results}, {format_size(group.size)}"
    if len(groups) > _MOST_LINES:
        yield f"  and {len(groups) - _MOST_LINES} more groups"


def _counted(count: int) -> str:
    return "1 result" if count == 1 else f"{count} results"
