"""The command `status`."""

import argparse

from bench.cli.arguments import (
    Subparsers,
    add_changes,
    add_command,
    add_store,
    add_suite,
    resolve_plan,
)
from bench.cli.exit_codes import OK
from bench.cli.output.formats import TABLE, add_format, print_rows
from bench.cli.output.terminal import say
from bench.cli.output.verbosity import note


def add_status(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        ("bench status quick", "how many cells are done, failed and missing"),
        ("bench status quick --why", "also why stored results do not fit"),
    )
    command = add_command(commands, "status", status, examples)
    command.set_defaults(uses_frames=False)  # so that pandas need not be imported
    add_suite(command)
    add_changes(command)
    add_store(command)
    add_format(command)
    command.add_argument(
        "--why",
        action="store_true",
        help="for each missing cell, show which fields differ from the closest "
        "stored result",
    )


def status(options: argparse.Namespace) -> int:
    """Count the cells by status; with --why, explain why results are missing."""
    from bench.analysis import count_statuses, explain_missing, status_rows
    from bench.cli.output.console import print_statuses
    from bench.cli.output.tables import print_text

    plan, _, store = resolve_plan(options)
    if options.why:
        from bench.analysis import stored_machines  # imports pandas

        # It reads every result, so that damaged ones are known from here on.
        machines = stored_machines(plan, store)
    if options.format == TABLE:
        print_statuses(plan.suite.name, count_statuses(plan, store))
    else:
        rows = status_rows(plan, store)
        print_rows(rows, list(rows[0]), options.format)
    for problem in store.damaged.values():
        say(problem)
    # Beside data, nothing else stands on standard output.
    tell = print_text if options.format == TABLE else note
    if options.why:
        for line in explain_missing(plan, store):
            tell(line)
        if len(machines) > 1:
            tell("stored results come from several kinds of machine:")
            for machine, n in machines.most_common():
                tell(f"{n} done on {machine}")
    return OK
