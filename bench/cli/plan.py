"""The command `plan`."""

import argparse

from bench.cli.arguments import (
    KEPT,
    Subparsers,
    add_changes,
    add_command,
    add_jobs,
    add_store,
    add_suite,
    number,
    resolve_plan,
)
from bench.cli.exit_codes import OK
from bench.cli.output.formats import CSV, TABLE, add_format, print_json, print_rows

# The keys of the result as data, see docs/cli.md.
DETECTABLE = ("dataset", "classifier", "stored", "std", "detectable", "needed")
NEEDED = ("against_baseline", "all_pairs")


def add_plan(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        ("bench plan quick --pilot 3", "measure three repetitions, then estimate"),
        ("bench plan quick -n 30", "would 30 repetitions do?"),
    )
    command = add_command(commands, "plan", plan, examples, KEPT)
    add_suite(command)
    add_changes(command)
    add_store(command)
    add_jobs(command)
    add_format(command)
    command.add_argument(
        "--pilot",
        type=number,
        metavar="N",
        help="first compute N repetitions to measure times; their results are kept",
    )


def plan(options: argparse.Namespace) -> int:
    """Estimate the time of a suite, and the differences that it can detect."""
    from bench.analysis import forecast, pilot
    from bench.cli.output.console import print_forecast
    from bench.cli.output.progress import RunProgress
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
    jobs = options.jobs or 1
    found = forecast(whole, store)
    if options.format == TABLE:
        print_forecast(whole, found, jobs)
        return OK
    rows = found.detectable.to_dict("records")
    if options.format == CSV:
        print_rows(rows, DETECTABLE, CSV)
        return OK
    print_json(
        {
            "cells": found.n_cells,
            "stored": found.n_stored,
            "seconds": found.left(jobs) if found.n_stored < found.n_cells else 0.0,
            "untimed": [{"dataset": d, "classifier": c} for d, c in found.untimed],
            "independent_datasets": found.n_datasets,
            "datasets_needed": dict(zip(NEEDED, found.datasets_needed, strict=True)),
            "detectable": [{name: row[name] for name in DETECTABLE} for row in rows],
        }
    )
    return OK
