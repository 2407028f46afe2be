"""The command `run`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.arguments import (
    KEPT,
    Subparsers,
    add_changes,
    add_choice,
    add_command,
    add_jobs,
    add_out,
    add_store,
    add_suite,
    needs_folder,
    report_folder,
    resolve_plan,
)
from bench.cli.exit_codes import OK, SOME_FAILED
from bench.cli.formats import CSV, TABLE, add_format, print_json, print_rows
from bench.cli.terminal import say
from bench.cli.usage import one_of
from bench.cli.verbosity import is_verbose, note

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.cells import Task
    from bench.cli.console import RunProgress
    from bench.store import Result, Store

# The keys of `--dry-run` as data, see docs/cli.md.
COUNTS = ("cells", "transfers", "audits", "stored", "to_compute")

_KEPT_AGAIN = (
    "what was computed again is stored, the rest is as before; the same command "
    "begins anew"
)


def add_run(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        ("bench run quick -j 2", "run a small suite, two cells at the same time"),
        ("bench run seed -d normal-100 -c SD", "one dataset and one classifier"),
        ("bench run seed -n 3", "three repetitions, which the whole suite uses too"),
        (
            "bench run quick --set datasets.0.train=200 --out reports/quick-200",
            "a changed suite, with a report of its own",
        ),
    )
    command = add_command(commands, "run", run, examples, KEPT)
    add_suite(command)
    add_changes(command)
    report = command.add_mutually_exclusive_group()
    add_out(report)
    report.add_argument(
        "--no-report", action="store_true", help="print the table, write no report"
    )
    add_store(command)
    add_choice(command, "-d", "dataset")
    add_choice(command, "-c", "classifier")
    add_jobs(command)
    add_format(command)
    command.add_argument(
        "--dry-run", action="store_true", help="count the cells and stop"
    )
    command.add_argument(
        "--retry-failed",
        action="store_true",
        help="compute cells that failed, timed out or crashed again",
    )
    command.add_argument(
        "--again",
        action="store_true",
        help="compute what is stored again, replace it, and say which scores moved",
    )
    command.add_argument(
        "--engine",
        type=one_of("local", "dask"),
        metavar="{local,dask}",
        help="the engine that computes (default: local, or dask with --scheduler)",
    )
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="the address of a Dask scheduler, such as tcp://host:8786",
    )
    command.add_argument(
        "--parallel",
        type=Path,
        metavar="FILE",
        help="a YAML file with the settings of the engine",
    )


def run(options: argparse.Namespace) -> int:
    """Run or resume a suite, print its table, write its report."""
    from bench.analysis import (
        describe_recomputed,
        load_audits,
        load_results,
        results_frame,
        summarise,
        transfer_frame,
    )
    from bench.base import check_output
    from bench.cli.console import RunProgress, print_scores
    from bench.compare import compare_with_published
    from bench.engines import check_machine, check_sizes, make_engine, run_plan
    from bench.report import write_report
    from bench.store import BAD

    whole, plan, store = resolve_plan(options)
    is_limited = len(plan.cells) < len(whole.cells)
    engine = make_engine(
        options.jobs, options.engine, options.scheduler, options.parallel
    )
    # The report of a part, or of a changed suite, would replace that of the whole one.
    is_other = is_limited or needs_folder(plan.suite)
    out = None
    if options.out or not (is_other or options.no_report):
        out = report_folder(options, plan.suite)
        check_output(out, attempt=not options.dry_run)
    again: tuple[Task, ...] = ()
    if options.again:
        options.kept = _KEPT_AGAIN
        # An audit is of a dataset, not of a classifier.
        again = plan.cells + plan.transfers
        again += () if options.classifiers else plan.audits
    if options.dry_run:
        check_sizes(plan, engine.memory)
        found = {cell.key: store.get(cell.key) for cell in plan.everything}
        computed = {cell.key for cell in again}
        computed |= {
            key
            for key, result in found.items()
            if result is None or (options.retry_failed and result.status in BAD)
        }
        missing = [cell for cell in plan.everything if cell.key in computed]
        check_machine(plan, store, engine, missing, attempt=False)
        stored = sum(found[cell.key] is not None for cell in plan.everything)
        if options.format != TABLE:
            parts = (len(plan.cells), len(plan.transfers), len(plan.audits), stored)
            row = dict(zip(COUNTS, (*parts, len(missing)), strict=True))
            if options.format == CSV:
                print_rows([row], COUNTS, CSV)
            else:
                print_json(row)
            return OK
        n_again = sum(found[cell.key] is not None for cell in missing)
        also = f" ({n_again} of them again)" if n_again else ""
        print(
            f"{len(plan.cells)} cells ({len(plan.datasets)} datasets × "
            f"{plan.suite.repetitions} repetitions × {len(plan.classifiers)} "
            f"classifiers){plan.extras}; {stored} stored, {len(missing)} to "
            f"compute{also}"
        )
        return OK
    with RunProgress(len(plan.everything)) as progress:
        retry = options.retry_failed
        recomputed = run_plan(
            plan,
            store,
            engine,
            _telling(progress, store) if is_verbose() else progress.advance,
            retry,
            progress.warn,
            again,
        )
    if progress.computed:
        note(progress.summary())
    loaded = load_results(plan, store)
    results = results_frame(plan, store, loaded)
    if options.format == TABLE:
        print_scores(plan, results)
    else:
        summary = summarise(results)
        columns = [str(name) for name in summary.columns]
        print_rows(summary.to_dict("records"), columns, options.format)
    # Beside data, nothing else stands on standard output.
    tell = print if options.format == TABLE else note
    if out is not None:
        note("writing the report…")  # before some seconds of silence
        readme = write_report(plan, store, out, loaded)
        tell(f"open {readme.with_name('index.html')}")
    elif is_other and not options.no_report:
        why = "part of a suite" if is_limited else "changed suite"
        note(f"no report is written of a {why}; --out DIR writes one")
    if line := compare_with_published(plan, results):
        tell(line)
    if options.again:
        for line in describe_recomputed(recomputed):
            tell(line)
    n_kept = sum(each.is_kept and each.after.status in BAD for each in recomputed)
    transfers = transfer_frame(plan, store)
    bad = sum(int(f["status"].isin(BAD).sum()) for f in (results, transfers) if len(f))
    bad_audits = sum(result.status in BAD for result in load_audits(plan, store))
    if bad or bad_audits:
        counts = {"cells": bad, "audits": bad_audits}
        not_done = " and ".join(f"{n} {what}" for what, n in counts.items() if n)
        say(
            f"{not_done} are not done; the report says why, and --retry-failed "
            "computes them again"
        )
    return SOME_FAILED if bad or bad_audits or n_kept else OK


def _telling(
    progress: "RunProgress", store: "Store"
) -> "Callable[[Task, Result, bool], None]":
    """Return a function that also prints each cell that was computed, for `-v`."""

    def advance(cell: "Task", result: "Result", fresh: bool) -> None:
        progress.advance(cell, result, fresh)
        if fresh:
            names = ", ".join(filter(None, [cell.dataset.spec.id, cell.name]))
            seconds = "" if result.seconds is None else f" in {result.seconds:.1f} s"
            progress.warn(
                f"{names}, repetition {cell.repetition}: {result.status}{seconds}; "
                f"{store.path(cell.key, 'json')}"
            )

    return advance
