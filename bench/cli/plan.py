"""The command `plan`."""

import argparse

from bench.cli.arguments import (
    KEPT,
    Subparsers,
    add_command,
    add_jobs,
    add_store,
    add_suite,
    number,
    resolve_plan,
)
from bench.cli.exit_codes import OK


def add_plan(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    command = add_command(commands, "plan", plan, KEPT)
    add_suite(command)
    add_store(command)
    add_jobs(command)
    command.add_argument(
        "--pilot",
        type=number,
        metavar="N",
        help="first compute N repetitions to measure times; their results are kept",
    )


def plan(options: argparse.Namespace) -> int:
    """Estimate the time of a suite, and the differences that it can detect."""
    from bench.analysis import forecast, pilot
    from bench.cli.console import print_forecast
    from bench.cli.progress import RunProgress
    from bench.engines import LocalEngine, check_devices, run_plan

    whole, _, store = resolve_plan(options)
    check_devices(whole.suite, whole.everything, store)
    if options.pilot:
        first = pilot(whole, options.pilot)
        with RunProgress(len(first.everything)) as progress:
            engine = LocalEngine(options.jobs or 1)
            run_plan(
                first,
                store,
                engine,
                progress.advance,
                warn=progress.warn,
                watcher=progress,
            )
    print_forecast(whole, forecast(whole, store), options.jobs or 1)
    return OK
