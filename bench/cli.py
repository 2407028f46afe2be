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
    from bench.runner import Plan
    from bench.store import Store

OK, USAGE, SOME_FAILED, INTERRUPTED = 0, 2, 3, 130
MAX_JOBS = 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        return code
    except (BenchError, OSError) as error:  # such as a folder that may not be written
        if options.debug:
            raise
        from bench.documents import shown

        # One line, whatever the text of a stranger's file or module holds.
        print(f"bench: {shown(str(error), 2000)}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("bench: interrupted; finished cells are kept", file=sys.stderr)
        return INTERRUPTED


def run(options: argparse.Namespace) -> int:
    """Run or resume a suite, print its table, write its report."""
    from bench.console import RunProgress, print_scores
    from bench.parallel import make_engine
    from bench.report import write_report
    from bench.result import BAD
    from bench.runner import check_sizes, run_plan
    from bench.tables import load_results, results_frame

    whole, plan, store = _plan(options)
    limited = len(plan.cells) < len(whole.cells)
    engine = make_engine(
        options.jobs, options.engine, options.scheduler, options.parallel
    )
    if options.dry_run:
        check_sizes(plan, engine.memory)
        known = plan.cells if store.folder.is_dir() else ()
        stored = sum(store.get(cell.key) is not None for cell in known)
        print(
            f"{len(plan.cells)} cells: {len(plan.datasets)} datasets × "
            f"{plan.suite.repetitions} repetitions × {len(plan.classifiers)} "
            f"classifiers; {stored} stored, {len(plan.cells) - stored} to compute"
        )
        return OK
    with RunProgress(len(plan.cells)) as progress:
        retry = options.retry_failed
        run_plan(plan, store, engine, progress.advance, retry, progress.warn)
    if progress.computed:
        _say(progress.summary())
    found = load_results(plan, store)
    results = results_frame(plan, store, found)
    print_scores(plan, results)
    if options.out or not limited:
        out = options.out or Path("reports") / plan.suite.name
        print(write_report(plan, store, out, found))
    bad = results["status"].isin(BAD)
    if bad.any():
        print(
            f"bench: {bad.sum()} cells are not done; the report says why, and "
            "--retry-failed computes them again",
            file=sys.stderr,
        )
    return SOME_FAILED if bad.any() else OK


def report(options: argparse.Namespace) -> int:
    """Write the report from what is stored."""
    from bench.report import write_report

    plan, _, store = _plan(options)
    print(write_report(plan, store, options.out or Path("reports") / plan.suite.name))
    return OK


def status(options: argparse.Namespace) -> int:
    """Count the cells by status; with --why, say why those missing have no result."""
    from bench.console import print_statuses
    from bench.status import count_statuses, explain_missing

    plan, _, store = _plan(options)
    print_statuses(plan.suite.name, count_statuses(plan, store))
    for problem in store.damaged.values():
        _say(problem)
    if options.why:
        for line in explain_missing(plan, store):
            print(line)
    return OK


def merge(options: argparse.Namespace) -> int:
    """Join stores from several machines into one."""
    from bench.merge import merge_stores

    counts = merge_stores(options.stores, options.store, _say)
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
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


def _say(words: str) -> None:
    print(f"bench: {words}", file=sys.stderr)


def _jobs(text: str) -> int:
    if not (text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MAX_JOBS):
        message = f"found '{text[:20]}'; expected a whole number from 1 to {MAX_JOBS}"
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Any, suite: bool = True) -> argparse.ArgumentParser:
        summary = function.__doc__.rstrip(".")
        command = commands.add_parser(name, help=summary, description=summary)
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

    def add_choice(command: argparse.ArgumentParser, flag: str, kind: str) -> None:
        command.add_argument(
            flag,
            dest=f"{kind}s",
            action="append",
            metavar=kind.upper(),
            help=f"this {kind} only; may be repeated",
        )

    command = add("run", run)
    add_out(command)
    add_store(command)
    add_choice(command, "-d", "dataset")
    add_choice(command, "-c", "classifier")
    command.add_argument(
        "-j",
        dest="jobs",
        type=_jobs,
        metavar="N",
        help="cells at the same time on this machine (default: 1)",
    )
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
    command = add("report", report)
    add_out(command)
    add_store(command)
    command = add("show", show)
    add_out(command)
    add_choice(command, "-d", "dataset")
    command = add("status", status)
    add_store(command)
    command.add_argument(
        "--why",
        action="store_true",
        help="in which fields what is missing differs from the nearest that is stored",
    )
    command = add("merge", merge, suite=False)
    command.add_argument("stores", nargs="+", type=Path, metavar="STORE")
    add_store(command)
    add("list", list_all, suite=False)
    add("schema", schema, suite=False)
    return parser
