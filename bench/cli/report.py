"""The command `report`."""

import argparse

from bench.cli.arguments import (
    Subparsers,
    add_changes,
    add_command,
    add_out,
    add_store,
    add_suite,
    report_folder,
    resolve_plan,
)
from bench.cli.exit_codes import OK
from bench.cli.output.verbosity import note


def add_report(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        ("bench report quick", "write reports/quick from the results in data/store"),
        (
            "bench report quick -n 5 --out reports/quick-5",
            "a report of the first five repetitions",
        ),
    )
    command = add_command(commands, "report", report, examples)
    add_suite(command)
    add_changes(command)
    add_out(command)
    add_store(command)


def report(options: argparse.Namespace) -> int:
    """Write the report from the stored results."""
    from bench.base import check_output
    from bench.report import write_report
    from bench.site import write_page

    plan, _, store = resolve_plan(options)
    out = report_folder(options, plan.suite)
    check_output(out)
    note("writing the report…")  # before some seconds of silence
    write_report(plan, store, out)
    print(f"open {write_page(out)}")
    return OK
