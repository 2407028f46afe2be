"""The command `study`: a search over the hyperparameters of a suite's classifier."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

OK, SOME_FAILED, INTERRUPTED = 0, 3, 130


def study(options: argparse.Namespace) -> int:
    """Search the hyperparameters of a suite's classifier, test and report the best."""
    try:
        return _study(options)
    except KeyboardInterrupt:
        _say("interrupted; finished trials are kept, the same command goes on")
        return INTERRUPTED


def add_options(command: argparse.ArgumentParser, number: Callable[[str], int]) -> None:
    """Add the options that are this command's own."""
    command.add_argument(
        "--trials",
        type=number,
        metavar="N",
        help="configurations to try in total, instead of the suite's number",
    )
    command.add_argument(
        "--storage",
        type=Path,
        default=Path("data/studies.db"),
        metavar="FILE",
        help="of the trials, an SQLite file (default: data/studies.db)",
    )


def _study(options: argparse.Namespace) -> int:
    from bench.console import RunProgress
    from bench.devices import check_devices
    from bench.folders import check_output
    from bench.store import Store
    from bench.study import run_study
    from bench.study_best import plans_of, retrain
    from bench.study_plan import plan_study
    from bench.study_report import write_study_report
    from bench.suite import load_suite

    plan = plan_study(load_suite(options.suite), options.trials)
    out, store = options.out or Path("reports") / plan.suite.name, Store(options.store)
    check_output(out)
    store.check_writable(())
    check_devices(plan.suite, plan.plan.cells)
    told: Any = None
    if plan.spec.log is not None:
        from bench.study_log import trial_logger

        told = trial_logger(plan.spec.log, plan.name)
    results = run_study(plan, options.storage, _say, told)
    failed = int((results.trials["state"] == "failed").sum())
    if failed:
        _say(f"{failed} trials failed; trials.csv says why")
    tested = None
    if results.best is not None:
        plans = plans_of(plan, results.parameters)
        with RunProgress(sum(len(p.cells) for p in plans)) as progress:
            tested = retrain(plans, store, progress.advance, progress.warn)
        failed += 2 * tested.repetitions - len(tested.best) - len(tested.suite)
    print(write_study_report(plan, results, tested, out, options.storage))
    return SOME_FAILED if failed else OK


def _say(words: str) -> None:
    print(f"bench: {words}", file=sys.stderr)
