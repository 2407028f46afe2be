"""The command `run`."""

import argparse
from importlib import import_module
from pathlib import Path
from threading import Thread
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
    changes_of,
    needs_folder,
    report_folder,
    resolve_plan,
)
from bench.cli.exit_codes import OK, SOME_FAILED
from bench.cli.output.formats import CSV, TABLE, add_format, print_json, print_rows
from bench.cli.output.terminal import command_line, counted, say
from bench.cli.output.verbosity import is_verbose, note
from bench.cli.usage import one_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.cells import Task
    from bench.cli.output.progress import RunProgress
    from bench.engines import TimeLeft
    from bench.store import Result, Store

# The keys of `--dry-run` as data, see docs/cli.md.
COUNTS = ("cells", "given", "transfers", "audits", "stored", "to_compute")

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
    add_jobs(command, "cells, and then of figures,")
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
        SeenResults,
        describe_recomputed,
        given_frame,
        load_audits,
        load_results,
        results_frame,
        score_intervals,
        summarise,
        transfer_frame,
    )
    from bench.base import check_output
    from bench.cells import check_own_metrics, score_own_metrics
    from bench.cli.output.console import print_scores, repetitions_words
    from bench.cli.output.progress import RunProgress, activity
    from bench.cli.output.tables import print_text
    from bench.compare import compare_with_published
    from bench.engines import check_machine, check_sizes, make_engine, run_plan
    from bench.store import BAD

    with activity("reading the suite…", only_in_terminal=True):
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
        again = plan.cells + plan.given + plan.transfers
        again += () if options.classifiers else plan.audits
    with activity("trying the suite's metrics…", only_in_terminal=True):
        check_own_metrics(plan)
    if options.dry_run:
        check_sizes(plan, engine.memory)
        found = store.statuses()
        computed = {cell.key for cell in again}
        not_final = ("missing", *(BAD if options.retry_failed else ()))
        missing = [
            cell
            for cell in plan.everything
            if cell.key in computed or found.get(cell.key, "missing") in not_final
        ]
        check_machine(plan, store, engine, missing, attempt=False)
        stored = sum(cell.key in found for cell in plan.everything)
        if options.format != TABLE:
            tasks = (plan.cells, plan.given, plan.transfers, plan.audits)
            parts = (*map(len, tasks), stored, len(missing))
            row = dict(zip(COUNTS, parts, strict=True))
            if options.format == CSV:
                print_rows([row], COUNTS, CSV)
            else:
                print_json(row)
            return OK
        n_again = sum(cell.key in found for cell in missing)
        also = f" ({n_again} of them again)" if n_again else ""
        print(
            f"{counted(len(plan.cells), 'cell')} "
            f"({counted(len(plan.datasets), 'dataset')} × "
            f"{repetitions_words(plan)} × "
            f"{counted(len(plan.classifiers), 'classifier')}){plan.extras}; "
            f"{stored} stored, {len(missing)} to compute{also}"
        )
        return OK
    progress = RunProgress(len(plan.everything))
    seen = SeenResults()
    tell_progress = _telling(progress, store) if is_verbose() else progress.advance

    def advance(cell: "Task", result: "Result", fresh: bool) -> None:
        tell_progress(cell, result, fresh)
        seen.add(cell, result)

    try:
        with progress:
            recomputed = run_plan(
                plan,
                store,
                engine,
                advance,
                options.retry_failed,
                progress.warn,
                again,
                progress if out is None else _Ahead(progress),
            )
    except KeyboardInterrupt:
        options.kept = _kept(progress, options)
        raise
    if progress.computed:
        note(progress.summary())
    with activity("computing the suite's metrics…", only_in_terminal=True):
        score_own_metrics(plan, store)
    # The scores of the suite's own functions were added to what is stored.
    loaded = load_results(plan, store) if plan.suite.own_metrics else seen.of(plan)
    results = results_frame(plan, store, loaded)
    is_table = options.format == TABLE
    if is_table:
        report = "" if out is None else str(out / "README.md")
        print_scores(plan, results, score_intervals(plan, results, loaded), report)
    else:
        summary = summarise(results, plan.suite.headline)
        columns = [str(name) for name in summary.columns]
        print_rows(summary.to_dict("records"), columns, options.format)
    # Beside data, nothing else stands on standard output.
    tell = print_text if is_table else note
    # Before the report, which may be the one that is published.
    compared = compare_with_published(plan, results)
    if out is not None:
        from bench.site import update_report  # it may import what draws figures

        with activity("writing the report…"):  # which takes some seconds
            page = update_report(plan, store, out, loaded, options.jobs or 1)
        tell(f"open {page}")
    elif is_other and not options.no_report:
        why = "part of a suite" if is_limited else "changed suite"
        note(f"no report is written of a {why}; --out DIR writes one")
    if compared:
        tell(compared)
    if options.again:
        for line in describe_recomputed(recomputed):
            tell(line)
    n_kept = sum(each.is_kept and each.after.status in BAD for each in recomputed)
    frames = (results, given_frame(plan, store), transfer_frame(plan, store))
    bad = sum(int(f["status"].isin(BAD).sum()) for f in frames if len(f))
    bad_audits = sum(result.status in BAD for result in load_audits(plan, store))
    if bad or bad_audits:
        bad_ones = {"cell": bad, "audit": bad_audits}
        not_done = " and ".join(counted(n, what) for what, n in bad_ones.items() if n)
        verb = "is" if bad + bad_audits == 1 else "are"
        why = "the report says why" if out is not None else "a report says why"
        again_command = command_line([*options.words, "--retry-failed"])
        say(f"{not_done} {verb} not done; {why}; `{again_command}` computes them again")
    elif out is not None:
        same = [
            word
            for change in changes_of(options)
            for word in change.option.split(" ", 1)
        ]
        next_command = command_line(["plan", str(options.suite), *same])
        tell(f"next: `{next_command}` says which differences this suite can show")
    return SOME_FAILED if bad or bad_audits or n_kept else OK


class _Ahead:
    """Tells the progress; imports what the report needs while cells are computed.

    This process only waits meanwhile, and matplotlib takes a second.
    """

    def __init__(self, progress: "RunProgress") -> None:
        self.begin = progress.begin
        self._progress = progress

    def planned(self, left: "TimeLeft") -> None:
        """Tell the progress, and begin."""
        self._progress.planned(left)
        Thread(target=_import_what_reports_need, daemon=True).start()


def _import_what_reports_need() -> None:
    for name in ("bench.report.write", "bench.site.page"):
        import_module(name)


def _kept(progress: "RunProgress", options: argparse.Namespace) -> str:
    """Say what an interruption has left, and which command goes on."""
    if options.again or not progress.has_begun:
        return str(options.kept)
    return (
        f"{progress.done} of {counted(progress.total, 'cell')} are kept; "
        f"`{command_line(options.words)}` goes on"
    )


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
                f"{names}, {result.division}: {result.status}{seconds}; "
                f"{store.where(cell.key)}"
            )

    return advance
