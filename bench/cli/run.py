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
from bench.cli.terminal import command_line, counted, say

if TYPE_CHECKING:
    from bench.cells import Task
    from bench.cli.progress import RunProgress


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
        score_intervals,
        transfer_frame,
    )
    from bench.base import check_output
    from bench.cli.console import print_scores
    from bench.cli.progress import RunProgress, activity
    from bench.cli.tables import print_text
    from bench.compare import compare_with_published
    from bench.engines import check_machine, check_sizes, make_engine, run_plan
    from bench.report import write_report
    from bench.store import BAD

    with activity("reading the suite…", only_in_terminal=True):
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
            f"{counted(len(plan.cells), 'cell')} "
            f"({counted(len(plan.datasets), 'dataset')} × "
            f"{counted(plan.suite.repetitions, 'repetition')} × "
            f"{counted(len(plan.classifiers), 'classifier')}){plan.extras}; "
            f"{stored} stored, {len(missing)} to compute{note}"
        )
        return OK
    progress = RunProgress(len(plan.everything))
    try:
        with progress:
            recomputed = run_plan(
                plan,
                store,
                engine,
                progress.advance,
                options.retry_failed,
                progress.warn,
                again,
                progress,
            )
    except KeyboardInterrupt:
        options.kept = _kept(progress, options)
        raise
    if progress.computed:
        say(progress.summary())
    loaded = load_results(plan, store)
    results = results_frame(plan, store, loaded)
    report = str(out / "README.md") if writes_report else ""
    print_scores(plan, results, score_intervals(plan, results, loaded), report)
    if writes_report:
        with activity("writing the report…"):  # which takes some seconds
            readme = write_report(plan, store, out, loaded)
        print_text(f"open {readme.with_name('index.html')}")
    if line := compare_with_published(plan, results):
        print_text(line)
    if options.again:
        for line in describe_recomputed(recomputed):
            print_text(line)
    n_kept = sum(each.is_kept and each.after.status in BAD for each in recomputed)
    transfers = transfer_frame(plan, store)
    bad = sum(int(f["status"].isin(BAD).sum()) for f in (results, transfers) if len(f))
    bad_audits = sum(result.status in BAD for result in load_audits(plan, store))
    if bad or bad_audits:
        counts = {"cell": bad, "audit": bad_audits}
        not_done = " and ".join(counted(n, what) for what, n in counts.items() if n)
        verb = "is" if bad + bad_audits == 1 else "are"
        why = "the report says why" if writes_report else "`bench status` counts them"
        again_command = command_line([*options.words, "--retry-failed"])
        say(f"{not_done} {verb} not done; {why}; `{again_command}` computes them again")
    elif writes_report:
        next_command = command_line(["plan", str(options.suite)])
        print_text(f"next: `{next_command}` says which differences this suite can show")
    return SOME_FAILED if bad or bad_audits or n_kept else OK


def _kept(progress: "RunProgress", options: argparse.Namespace) -> str:
    """Say what an interruption has left, and which command goes on."""
    if options.again or not progress.has_begun:
        return str(options.kept)
    return (
        f"{progress.done} of {counted(progress.total, 'cell')} are kept; "
        f"`{command_line(options.words)}` goes on"
    )
