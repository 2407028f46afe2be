"""The command `list`; a module of that name would hide Python's `list`."""

import argparse
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

from bench.cli.arguments import Subparsers, add_command
from bench.cli.exit_codes import OK
from bench.cli.output.formats import TABLE, add_format, print_rows
from bench.cli.usage import width

_INDENT = "  "
_TITLES = {
    "classifier": "classifiers",
    "library": "libraries",
    "suite": "suites (`bench run NAME`)",
}
COLUMNS = ("kind", "name", "description")  # of the result as data, see docs/cli.md


def add_list(commands: Subparsers) -> None:
    """Add the command."""
    examples = (
        ("bench list", "what there is"),
        ("bench list --format json", "the same for a program"),
    )
    command = add_command(commands, "list", list_all, examples)
    command.set_defaults(uses_frames=False)  # so that pandas need not be imported
    add_format(command)


def list_all(options: argparse.Namespace) -> int:
    """List classifiers, libraries and suites."""
    from bench.base import resources
    from bench.suite import PRESETS

    libraries = sorted(resources.LIBRARIES.glob("*.lib"))
    suites = sorted(resources.SUITES.glob("*.yaml"))
    entries = {
        "classifier": [
            (name, f"{p.summary} ({' → '.join([*p.before, p.class_path])})")
            for name, p in PRESETS.items()
        ],
        "library": [(path.stem, _library(path)) for path in libraries],
        "suite": [(path.stem, _suite(path)) for path in suites],
    }
    if options.format == TABLE:
        for kind, title in _TITLES.items():
            _print(title, entries[kind])
        return OK
    rows = [
        dict(zip(COLUMNS, (kind, *entry), strict=True))
        for kind, of_kind in entries.items()
        for entry in of_kind
    ]
    print_rows(rows, COLUMNS, options.format)
    return OK


def _print(title: str, entries: Iterable[tuple[str, str]]) -> None:
    """Print names and descriptions in two columns that fit the terminal."""
    entries = list(entries)
    start = len(_INDENT) + max((len(name) for name, _ in entries), default=0) + 1
    print(title)
    for name, description in entries:
        # The path of a class is one word, for which lines may begin further left.
        longest = max(map(len, description.split()), default=0)
        indent = min(start, max(2 * len(_INDENT), width() - longest))
        lines = textwrap.wrap(
            description,
            max(width(), start + 20),
            initial_indent=f"{_INDENT}{name}".ljust(start),
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        print("\n".join(lines) or f"{_INDENT}{name}")


def _suite(path: Path) -> str:
    """Return the first sentence of a suite's description."""
    from bench.base import SuiteError, read_document
    from bench.suite import extend

    data = extend(read_document(path, SuiteError), SuiteError).data
    return _first_sentence(str(data.get("description", "")))


def _library(path: Path) -> str:
    """Return the first sentence of a library's comment, or count its functions."""
    lines = path.read_text("utf-8-sig").splitlines()
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# "))
    if comment:
        return _first_sentence(" ".join(comment))
    n = sum(bool(line.partition("#")[0].strip()) for line in lines)
    return f"{n} functions" if n != 1 else "1 function"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.?!])\s", " ".join(text.split()), maxsplit=1)[0]
