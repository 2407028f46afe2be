"""The command `show`."""

import argparse

from bench.cli.arguments import (
    Subparsers,
    add_changes,
    add_choice,
    add_command,
    add_out,
    add_suite,
    report_folder,
    resolve_plan,
)
from bench.cli.exit_codes import OK


def add_show(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (("bench show hard -d mimic-1", "draw the curves of one dataset"),)
    command = add_command(commands, "show", show, examples)
    add_suite(command)
    add_changes(command)
    add_out(command)
    add_choice(command, "-d", "dataset")


def show(options: argparse.Namespace) -> int:
    """Draw the curves, inputs and gradients of each dataset."""
    from bench.base import check_output
    from bench.report import DatasetCurves, FigureFolder, draw_dataset

    _, plan, _ = resolve_plan(options)
    folder = report_folder(options, plan.suite)
    check_output(folder)
    for recipe in plan.datasets:
        curves = DatasetCurves(recipe, plan.suite.seed)
        print(folder / draw_dataset(curves, FigureFolder(folder)).path)
    return OK
