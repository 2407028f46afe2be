"""The command line: what may be said on it, and what becomes of a mistake."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import __version__, commands, gate_commands, study_commands
from bench.errors import BenchError

USAGE, INTERRUPTED = 2, 130
MAX_NUMBER = 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        return code
    except (BenchError, OSError) as error:  # such as a folder that may not be written
        if options.debug:
            raise
        from bench.messages import shown

        # One line, whatever the text of a stranger's file or module holds.
        print(f"bench: {shown(str(error), 2000)}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("bench: interrupted; finished cells are kept", file=sys.stderr)
        return INTERRUPTED


def _number(text: str) -> int:
    if not (text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MAX_NUMBER):
        message = f"found '{text[:20]}'; expected a whole number from 1 to {MAX_NUMBER}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _folder(text: str) -> Path:
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description="A benchmark harness for function classification."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--debug", action="store_true", help="tracebacks of errors")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Any, suite: bool = True) -> argparse.ArgumentParser:
        summary = function.__doc__.rstrip(".")
        command = subparsers.add_parser(name, help=summary, description=summary)
        command.set_defaults(command=function)
        if suite:
            command.add_argument(
                "suite", type=Path, metavar="SUITE", help="a YAML file"
            )
        return command

    def add_out(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--out",
            type=_folder,
            metavar="DIR",
            help="where to write (default: reports/NAME)",
        )

    def add_store(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--store",
            type=_folder,
            default="data/store",
            metavar="DIR",
            help="results (default: data/store)",
        )

    def add_jobs(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "-j",
            dest="jobs",
            type=_number,
            metavar="N",
            help="cells at the same time on this machine (default: 1)",
        )

    def add_choice(command: argparse.ArgumentParser, flag: str, kind: str) -> None:
        command.add_argument(
            flag,
            dest=f"{kind}s",
            action="append",
            metavar=kind.upper(),
            help=f"this {kind} only; may be repeated",
        )

    command = add("run", commands.run)
    add_out(command)
    add_store(command)
    add_choice(command, "-d", "dataset")
    add_choice(command, "-c", "classifier")
    add_jobs(command)
    command.add_argument(
        "--dry-run", action="store_true", help="count the cells and stop"
    )
    command.add_argument(
        "--retry-failed",
        action="store_true",
        help="compute again what failed, timed out or crashed",
    )
    command.add_argument(
        "--engine",
        choices=("local", "dask"),
        help="where to compute (default: local, or dask with --scheduler)",
    )
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster: tcp://host:8786"
    )
    command.add_argument(
        "--parallel",
        type=Path,
        metavar="FILE",
        help="the same and more, from a YAML file",
    )
    command = add("plan", commands.plan)
    add_store(command)
    add_jobs(command)
    command.add_argument(
        "--pilot",
        type=_number,
        metavar="N",
        help="compute the first N repetitions for it, and keep them",
    )
    command = add("report", commands.report)
    add_out(command)
    add_store(command)
    command = add("show", commands.show)
    add_out(command)
    add_choice(command, "-d", "dataset")
    command = add("status", commands.status)
    add_store(command)
    command.add_argument(
        "--why",
        action="store_true",
        help="in which fields what is missing differs from the nearest that is stored",
    )
    command = add("merge", commands.merge, suite=False)
    command.add_argument("stores", nargs="+", type=Path, metavar="STORE")
    add_store(command)
    command = add("study", study_commands.study)
    add_out(command)
    add_store(command)
    study_commands.add_options(command, _number)
    command = add("export", commands.export)
    add_choice(command, "-d", "dataset")
    add_choice(command, "-c", "classifier")
    command.add_argument(
        "--repetition",
        type=int,
        default=0,
        metavar="R",
        help="whose training (default: 0, the first)",
    )
    add_store(command)
    command.add_argument(
        "out", type=_folder, metavar="OUT", help="the folder to write to"
    )
    gate_commands.add_parsers(subparsers)
    add("list", commands.list_all, suite=False)
    add("schema", commands.schema, suite=False)
    return parser
