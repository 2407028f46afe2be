"""The command `report`."""

import argparse

from bench.cli.arguments import (
    Subparsers,
    add_command,
    add_out,
    add_store,
    add_suite,
    report_folder,
    resolve_plan,
)
from bench.cli.exit_codes import OK
from bench.cli.terminal import say


def add_report(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    command = add_command(commands, "report", report)
    add_suite(command)
    add_out(command)
    add_store(command)


def report(options: argparse.Namespace) -> int:
    """Write the report from the stored results."""
    from bench.base import check_output
    from bench.report import write_report

    plan, _, store = resolve_plan(options)
    out = report_folder(options, plan.suite.name)
    check_output(out)
    say("writing the report…")  # before some seconds of silence
    readme = write_report(plan, store, out)
    print(f"open {readme.with_name('index.html')}")
    return OK
