"""The command `run`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.arguments import (
    KEPT,
    Subparsers,
    add_choice,
    add_command,
    add_jobs,
    add_out,
    add_store,
    add_suite,
    report_folder,
    resolve_plan,
)
from bench.cli.exit_codes import OK, SOME_FAILED
from bench.cli.terminal import say

if TYPE_CHECKING:
    from bench.cells import Task


_KEPT_AGAIN = (
    "what was computed again is stored, the rest is as before; the same command "
    "begins anew"
)


def add_run(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    command = add_command(commands, "run", run, KEPT)
    add_suite(command)
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
        help="compute cells that failed, timed out or crashed again",
    )
    command.add_argument(
        "--again",
        action="store_true",
        help="compute what is stored again, replace it, and say which scores moved",
    )
    command.add_argument(
        "--engine",
        choices=("local", "dask"),
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
    out = report_folder(options, plan.suite.name)
    # The report of a part would replace that of the whole suite.
    writes_report = bool(options.out) or not is_limited
    if writes_report:
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
        n_again = sum(found[cell.key] is not None for cell in missing)
        note = f" ({n_again} of them again)" if n_again else ""
        print(
            f"{len(plan.cells)} cells ({len(plan.datasets)} datasets × "
            f"{plan.suite.repetitions} repetitions × {len(plan.classifiers)} "
            f"classifiers){plan.extras}; {stored} stored, {len(missing)} to "
            f"compute{note}"
        )
        return OK
    with RunProgress(len(plan.everything)) as progress:
        retry = options.retry_failed
        recomputed = run_plan(
            plan, store, engine, progress.advance, retry, progress.warn, again
        )
    if progress.computed:
        say(progress.summary())
    loaded = load_results(plan, store)
    results = results_frame(plan, store, loaded)
    print_scores(plan, results)
    if writes_report:
        say("writing the report…")  # before some seconds of silence
        readme = write_report(plan, store, out, loaded)
        print(f"open {readme.with_name('index.html')}")
    if line := compare_with_published(plan, results):
        print(line)
    if options.again:
        for line in describe_recomputed(recomputed):
            print(line)
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
