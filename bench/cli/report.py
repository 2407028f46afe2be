"""The command `report`."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.arguments import (
    Subparsers,
    add_changes,
    add_command,
    add_jobs,
    add_out,
    add_store,
    add_suite,
    asked_metric,
    report_folder,
    resolve_plan,
)
from bench.cli.exit_codes import OK
from bench.cli.output.verbosity import note

if TYPE_CHECKING:
    from bench.cells import Plan
    from bench.store import Store
    from bench.suite import MetricSpec, Suite


def add_report(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        ("bench report quick", "write reports/quick from the results in data/store"),
        (
            "bench report quick -n 5 --out reports/quick-5",
            "a report of the first five repetitions",
        ),
        (
            "bench report quick --metric sklearn.metrics.cohen_kappa_score",
            "with one more metric, without a new fit",
        ),
    )
    command = add_command(commands, "report", report, examples)
    add_suite(command)
    add_changes(command)
    add_out(command)
    add_store(command)
    add_jobs(command, "figures that are drawn")
    command.add_argument(
        "--metric",
        dest="metrics",
        action="append",
        default=[],
        metavar="NAME",
        help="compute a metric that is a function, from the stored predictions: one of "
        "the suite's by its name, or another by its path (package.module.function or "
        "my_metrics.py:function), which the report then has too; this runs its code; "
        "may be repeated",
    )


def report(options: argparse.Namespace) -> int:
    """Write the report from the stored results."""
    from bench.analysis import load_results, not_computed
    from bench.base import check_output
    from bench.site import update_report

    plan, _, store = resolve_plan(options)
    plan = _with_metrics(options.metrics, plan, store)
    out = report_folder(options, plan.suite)
    check_output(out)
    note("writing the report…")  # before some seconds of silence
    loaded = load_results(plan, store)
    if names := not_computed(plan, loaded):
        note(
            f"not computed from these results, or by another version of their code: "
            f"{', '.join(names)}; a run of the suite computes them, or --metric NAME"
        )
    print(f"open {update_report(plan, store, out, loaded, options.jobs or 1)}")
    return OK


def _with_metrics(names: Sequence[str], plan: "Plan", store: "Store") -> "Plan":
    """Compute the metrics that the option names; return a plan that has them."""
    from bench.cells import score_own_metrics

    if not names:
        return plan
    suite = plan.suite
    asked = []
    for name in names:
        if name in suite.metrics:
            asked.append(name)
            continue
        entry = _beside(asked_metric(name), suite)
        suite = suite.with_metric(entry)
        asked.append(entry.name)
    plan = replace(plan, suite=suite)
    score_own_metrics(plan, store, asked, check=True)
    return plan


def _beside(entry: "MetricSpec", suite: "Suite") -> "MetricSpec":
    """Return a metric with the path of its file relative to the suite's folder.

    On the command line it is relative to the current one.
    """
    from bench.suite import file_of

    in_file = file_of(entry.function or "")
    if in_file is None:
        return entry
    path = Path(os.path.relpath(in_file[0], suite.folder)).as_posix()
    return entry.model_copy(update={"function": f"{path}:{in_file[1]}"})
