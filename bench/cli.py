"""The command line: each command is a few lines over the library."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import __version__
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.cells import Cell
    from bench.runner import Plan
    from bench.store import Result, Store

OK, USAGE, SOME_FAILED, INTERRUPTED = 0, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        return code
    except BenchError as error:
        if options.debug:
            raise
        print(f"bench: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("bench: interrupted; finished cells are kept", file=sys.stderr)
        return INTERRUPTED


def run(options: argparse.Namespace) -> int:
    """Run or resume a suite, print its table, write its report."""
    from bench.runner import run_plan
    from bench.tables import read_results

    whole, plan, store = _plan(options)
    limited = len(plan.cells) < len(whole.cells)
    if options.dry_run:
        stored = sum(store.get(cell.key) is not None for cell in plan.cells)
        print(
            f"{len(plan.cells)} cells: {len(plan.datasets)} datasets × "
            f"{plan.suite.repetitions} repetitions × {len(plan.classifiers)} "
            f"classifiers; {stored} stored, {len(plan.cells) - stored} to compute"
        )
        return OK
    with _Progress(len(plan.cells)) as progress:
        run_plan(plan, store, options.jobs, progress.advance)
    _print_tables(plan, store)
    if options.out or not limited:
        _write_report(plan if limited else whole, store, options.out)
    bad = read_results(plan, store)["status"].isin(["failed", "timeout", "crashed"])
    if bad.any():
        print(
            f"bench: {bad.sum()} cells are not done; the report says why",
            file=sys.stderr,
        )
    return SOME_FAILED if bad.any() else OK


def report(options: argparse.Namespace) -> int:
    """Write the report from what is stored."""
    whole, _, store = _plan(options)
    _write_report(whole, store, options.out)
    return OK


def show(options: argparse.Namespace) -> int:
    """Draw the curves, inputs and gradients of each dataset."""
    from bench.report import write_pictures

    _, plan, _ = _plan(options)
    folder = options.out or Path("reports") / plan.suite.name / "figures"
    for path in write_pictures(plan, folder):
        print(path)
    return OK


def list_all(options: argparse.Namespace) -> int:
    """List classifiers, libraries and suites."""
    from bench import resources
    from bench.presets import PRESETS

    print("classifiers")
    for name, preset in PRESETS.items():
        print(f"  {name:<8} {preset.summary} ({preset.class_path})")
    print("libraries")
    for path in sorted(resources.LIBRARIES.glob("*.lib")):
        print(f"  {path.stem}")
    print("suites")
    for path in sorted(resources.SUITES.glob("*.yaml")):
        shown = (
            path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        )
        print(f"  {shown}")
    return OK


def schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema of a suite file, for editors."""
    from bench.schema import Suite

    print(json.dumps(Suite.model_json_schema(), indent=2))
    return OK


def _plan(options: argparse.Namespace) -> "tuple[Plan, Plan, Store]":
    """Resolve the suite, whole and limited by -d and -c."""
    from bench.runner import make_plan
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


def _write_report(plan: "Plan", store: "Store", out: Path | None) -> None:
    from bench.report import write_report

    print(write_report(plan, store, out or Path("reports") / plan.suite.name))


def _print_tables(plan: "Plan", store: "Store") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bench.tables import read_results, score_rows, summarise

    console = Console(width=None if sys.stdout.isatty() else 120)
    summary = summarise(read_results(plan, store))
    for recipe in plan.datasets:
        rows = score_rows(plan, summary, recipe.spec.id)
        table = Table(title=Text(recipe.spec.id), title_justify="left")
        for i, column in enumerate(rows.columns):
            table.add_column(Text(column), justify="right" if i else "left")
        for row in rows.itertuples(index=False):
            table.add_row(*(Text(str(value)) for value in row))
        console.print(table)


class _Progress:
    """Cells done of all, failures, time left; lines without bars where no terminal."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.failed = 0
        self.bars = Progress(
            TextColumn("cells"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]} failed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self.task = self.bars.add_task("cells", total=total, failed=0)

    def advance(self, cell: "Cell", result: "Result") -> None:
        self.failed += result.status in ("failed", "timeout", "crashed")
        self.bars.update(self.task, advance=1, failed=self.failed)

    def __enter__(self) -> "_Progress":
        self.bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.bars.stop()


def _jobs(text: str) -> int:
    jobs = int(text)
    if jobs < 1:
        raise argparse.ArgumentTypeError("expected a number of at least 1")
    return jobs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description="A benchmark harness for function classification."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--debug", action="store_true", help="tracebacks of errors")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Any, suite: bool = True) -> argparse.ArgumentParser:
        summary = function.__doc__.rstrip(".")
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(command=function)
        if suite:
            command.add_argument(
                "suite", type=Path, metavar="SUITE", help="a YAML file"
            )
            command.add_argument(
                "--out",
                type=Path,
                metavar="DIR",
                help="where to write (default: reports/NAME)",
            )
        return command

    for name, function in (("run", run), ("report", report), ("show", show)):
        command = add(name, function)
        if name != "show":
            command.add_argument(
                "--store",
                type=Path,
                default=Path("data/store"),
                metavar="DIR",
                help="results (default: data/store)",
            )
        if name != "report":
            command.add_argument(
                "-d",
                dest="datasets",
                action="append",
                metavar="DATASET",
                help="this dataset only; may be repeated",
            )
        if name == "run":
            command.add_argument(
                "-c",
                dest="classifiers",
                action="append",
                metavar="CLASSIFIER",
                help="this classifier only; may be repeated",
            )
            command.add_argument(
                "-j",
                dest="jobs",
                type=_jobs,
                default=1,
                metavar="N",
                help="cells at the same time (default: 1)",
            )
            command.add_argument(
                "--dry-run", action="store_true", help="count the cells and stop"
            )
    add("list", list_all, suite=False)
    add("schema", schema, suite=False)
    return parser
