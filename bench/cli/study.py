"""The command `study`: a search over the hyperparameters of a suite's classifier."""

import argparse
from pathlib import Path
from typing import Any

from bench.cli.arguments import (
    Subparsers,
    add_changes,
    add_command,
    add_out,
    add_store,
    add_suite,
    number,
    read_suite,
    report_folder,
)
from bench.cli.exit_codes import OK, SOME_FAILED
from bench.cli.output.terminal import say
from bench.cli.output.verbosity import note


def add_study(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    kept = "finished trials are kept; run the same command again to continue"
    examples = (
        ("bench study study", "run the search of a shipped suite, or continue it"),
        (
            "bench study study --set study.sampler=random --out reports/random",
            "the same search by random sampling, with a report of its own",
        ),
    )
    command = add_command(commands, "study", study, examples, kept)
    add_suite(command)
    add_changes(command)
    add_out(command)
    add_store(command)
    command.add_argument(
        "--trials",
        type=number,
        metavar="N",
        help="the total number of configurations to try (default: the suite's)",
    )
    command.add_argument(
        "--storage",
        type=Path,
        default=Path("data/studies.db"),
        metavar="FILE",
        help="the SQLite file that keeps the trials (default: data/studies.db)",
    )


def study(options: argparse.Namespace) -> int:
    """Search the hyperparameters of a suite's classifier, test and report the best."""
    from bench.base import check_output
    from bench.cli.output.progress import RunProgress
    from bench.engines import check_devices
    from bench.store import Store
    from bench.study import plan_study, plans_of, retrain, run_study, write_study_report

    plan = plan_study(read_suite(options), options.trials)
    out, store = report_folder(options, plan.suite), Store(options.store)
    check_output(out)
    store.check_writable()
    check_devices(plan.suite, plan.plan.cells)
    log_trial: Any = None
    if plan.spec.log is not None:
        from bench.study import trial_logger

        log_trial = trial_logger(plan.spec.log, plan.name)
    results = run_study(plan, options.storage, note, log_trial)
    failed = int((results.trials["state"] == "failed").sum())
    if failed:
        say(f"{failed} trials failed; trials.csv says why")
    held_out = None
    if results.best is not None:
        plans = plans_of(plan, results.parameters)
        with RunProgress(sum(len(p.cells) for p in plans)) as progress:
            held_out = retrain(plans, store, progress.advance, progress.warn, progress)
        failed += 2 * held_out.repetitions - len(held_out.best) - len(held_out.suite)
    note("writing the report…")  # before some seconds of silence
    readme = write_study_report(plan, results, held_out, out, options.storage)
    print(f"open {readme.with_name('index.html')}")
    return SOME_FAILED if failed else OK
