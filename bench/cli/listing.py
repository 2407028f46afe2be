"""The command `list`; a module of that name would hide Python's `list`."""

import argparse
import re
import shutil
import textwrap
from collections.abc import Iterable
from pathlib import Path

from bench.cli.arguments import Subparsers, add_command
from bench.cli.exit_codes import OK

_WIDEST = 100  # columns; longer lines are hard to read
_INDENT = "  "


def add_list(commands: Subparsers) -> None:
    """Add the command."""
    add_command(commands, "list", list_all)


def list_all(options: argparse.Namespace) -> int:
    """List classifiers, libraries and suites."""
    from bench.base import resources
    from bench.suite import PRESETS

    classifiers = (
        (name, f"{preset.summary} ({' → '.join([*preset.before, preset.class_path])})")
        for name, preset in PRESETS.items()
    )
    _print("classifiers", classifiers)
    libraries = sorted(resources.LIBRARIES.glob("*.lib"))
    _print("libraries", ((path.stem, _library(path)) for path in libraries))
    suites = sorted(resources.SUITES.glob("*.yaml"))
    _print("suites (`bench run NAME`)", ((path.stem, _suite(path)) for path in suites))
    return OK


def _print(title: str, entries: Iterable[tuple[str, str]]) -> None:
    """Print names and descriptions in two columns that fit the terminal."""
    entries = list(entries)
    width = min(_WIDEST, shutil.get_terminal_size().columns) - 1
    start = len(_INDENT) + max((len(name) for name, _ in entries), default=0) + 1
    print(title)
    for name, description in entries:
        lines = textwrap.wrap(
            description,
            max(width, start + 20),
            initial_indent=f"{_INDENT}{name}".ljust(start),
            subsequent_indent=" " * start,
            break_on_hyphens=False,
        )
        print("\n".join(lines) or f"{_INDENT}{name}")


def _suite(path: Path) -> str:
    """Return the first sentence of a suite's description."""
    from bench.base import SuiteError, read_document

    data = read_document(path, SuiteError).data
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
