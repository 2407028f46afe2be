"""The command `status`."""

import argparse

from bench.cli.arguments import (
    Subparsers,
    add_command,
    add_store,
    add_suite,
    resolve_plan,
)
from bench.cli.exit_codes import OK
from bench.cli.terminal import say


def add_status(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    command = add_command(commands, "status", status)
    add_suite(command)
    add_store(command)
    command.add_argument(
        "--why",
        action="store_true",
        help="for each missing cell, show which fields differ from the closest "
        "stored result",
    )


def status(options: argparse.Namespace) -> int:
    """Count the cells by status; with --why, explain why results are missing."""
    from bench.analysis import count_statuses, explain_missing, stored_machines
    from bench.cli.console import print_statuses

    plan, _, store = resolve_plan(options)
    print_statuses(plan.suite.name, count_statuses(plan, store))
    for problem in store.damaged.values():
        say(problem)
    if options.why:
        for line in explain_missing(plan, store):
            print(line)
        machines = stored_machines(plan, store)
        if len(machines) > 1:
            print("stored results come from several kinds of machine:")
            for machine, n in machines.most_common():
                print(f"{n} done on {machine}")
    return OK
