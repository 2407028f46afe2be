"""The commands `compare` and `check`, which compare two sets of results."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.arguments import Subparsers, add_command, asked_metric, find_modules_here
from bench.cli.exit_codes import OK
from bench.cli.output.formats import CSV, JSON, add_format, print_rows
from bench.cli.output.terminal import say
from bench.cli.usage import Examples

if TYPE_CHECKING:
    import pandas as pd

    from bench.cells import OwnFunction
    from bench.stats import OwnMetric

MARKDOWN = "markdown"
# The verdicts that do not pass, and the remedy.
_REMEDIES = {
    "worse": "",
    "inconclusive": "; more repetitions or a larger margin would tell",
    "not comparable": "",
}
_OF_SHARED_CURVES = "; a larger margin would tell, or more curves"


def add_compare(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        (
            "bench compare reports/published/seed reports/seed",
            "what differs between the published scores and yours",
        ),
        (
            "bench compare before.csv after.csv --format csv",
            "every row, for another program",
        ),
    )
    _add(commands, "compare", compare, examples)


def add_check(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        (
            "bench check reports/published/seed reports/seed --at-most-worse 0.02",
            "pass if a loss of more than 0.02 is excluded for every classifier",
        ),
    )
    margins = _add(commands, "check", check, examples)
    margins.add_argument(
        "--at-most-worse",
        type=_margin,
        metavar="M",
        help="pass if it is shown of each row that it lost at most M (noninferiority)",
    )


def compare(options: argparse.Namespace) -> int:
    """Compare the scores of two stores, reports or results.csv: what differs."""
    _write(_compared(options), options)
    return OK


def check(options: argparse.Namespace) -> int:
    """Compare as a gate: exit with 1 if any is worse, with 4 if the outcome is open."""
    from bench.compare import exit_code, name_rows, shares_nothing

    frame = _compared(options, options.at_most_worse)
    _write(frame, options)
    for verdict, remedy in _REMEDIES.items():
        rows = frame[frame["verdict"] == verdict]
        # More draws of the same recorded curves hardly help.
        if remedy and rows["dataset"].isin(list(frame.attrs.get("overlap", ()))).all():
            remedy = _OF_SHARED_CURVES
        if len(rows) and not shares_nothing(frame):
            say(f"{verdict}: {name_rows(rows)}{remedy}")
    return exit_code(frame)


def _add(
    commands: Subparsers,
    name: str,
    body: Callable[[argparse.Namespace], int],
    examples: Examples,
) -> "argparse._MutuallyExclusiveGroup":
    """Add one of the two; return the group of options that set its margin."""
    command = add_command(commands, name, body, examples)
    for metavar in ("BASE", "NEW"):
        command.add_argument(
            metavar.lower(),
            type=Path,
            metavar=metavar,
            help="a results.csv, a report's folder or a store",
        )
    margins = command.add_mutually_exclusive_group()
    margins.add_argument(
        "--margin",
        type=_margin,
        default=0.01,
        metavar="M",
        help="the largest difference that does not matter (default: 0.01)",
    )
    command.add_argument(
        "--metric",
        default="accuracy",
        metavar="NAME",
        help="the metric of the held-out scores to compare (default: accuracy): a "
        "known one, one that a report has, or the path of a function "
        "(package.module.function or my_metrics.py:function), which is called with the "
        "predictions of a store; that runs its code",
    )
    direction = command.add_mutually_exclusive_group()
    for word, value in (("larger", True), ("smaller", False)):
        direction.add_argument(
            f"--{word}-is-better",
            dest="larger_is_better",
            action="store_const",
            const=value,
            help=f"{word} scores of a function are better, if its name does not tell",
        )
    command.add_argument(
        "--alpha",
        type=_alpha,
        default=0.05,
        metavar="A",
        help="1 minus the probability that all intervals hold together (default: 0.05)",
    )
    command.add_argument(
        "--all",
        dest="every_row",
        action="store_true",
        help="show every row, not only those that differ",
    )
    form = command.add_mutually_exclusive_group()
    add_format(form, MARKDOWN)
    for name in (JSON, MARKDOWN):
        form.add_argument(
            f"--{name}",
            dest="format",
            action="store_const",
            const=name,
            help=f"the same as --format {name}",
        )
    return margins


def _compared(
    options: argparse.Namespace, at_most_worse: float | None = None
) -> "pd.DataFrame":
    from bench.cells import OwnFunction
    from bench.compare import compare_results, read_source

    metric = _metric(options)
    base, new = (read_source(p, metric) for p in (options.base, options.new))
    return compare_results(
        base,
        new,
        metric=metric.metric if isinstance(metric, OwnFunction) else metric,
        margin=options.margin,
        alpha=options.alpha,
        at_most_worse=at_most_worse,
    )


def _metric(options: argparse.Namespace) -> "str | OwnMetric | OwnFunction":
    """Return the metric to compare: a known one, a report's own, or a function.

    The code of a function is run only where its path is given, and a store has the
    predictions to call it with.
    """
    from bench.analysis import own_metrics_of
    from bench.base import CompareError, did_you_mean, shown
    from bench.cells import check_function, own_function
    from bench.stats import METRICS, OwnMetric

    name, larger = options.metric, options.larger_is_better
    if name in METRICS:
        return str(name)
    if "." in name or ":" in name:
        find_modules_here()
        entry = asked_metric(name, larger)
        function = own_function(entry, Path())
        if any(not _has_scores(path) for path in (options.base, options.new)):
            check_function(function)
        return function
    for path in (options.new, options.base):
        for metric in own_metrics_of(path if path.is_dir() else path.parent):
            if metric.name == name:
                return metric
    if larger is not None:
        return OwnMetric(name, "", larger)
    raise CompareError(
        f"unknown metric '{shown(name, 60)}'{did_you_mean(name, METRICS)}. Known: "
        f"{', '.join(METRICS)}; of another one expected the path of its function, a "
        "report that has it, or --larger-is-better or --smaller-is-better"
    )


def _has_scores(path: Path) -> bool:
    """Tell whether a path is a table of scores or has one, and is no store."""
    return path.is_file() or (path / "results.csv").is_file()


def _write(frame: "pd.DataFrame", options: argparse.Namespace) -> None:
    from bench.cli.output.console import print_comparison
    from bench.compare import shares_nothing, to_json, to_markdown, what_each_has

    if options.format in (CSV, JSON) and shares_nothing(frame):
        say(what_each_has(frame))
    if options.format == JSON:
        print(to_json(frame))
    elif options.format == MARKDOWN:
        print(to_markdown(frame, options.every_row))
    elif options.format == CSV:
        columns = [str(name) for name in frame.columns]
        print_rows(frame.to_dict("records"), columns, CSV)
    else:
        print_comparison(frame, options.every_row)


def _margin(text: str) -> float:
    return _number(text, 0.0 <= _float(text) < float("inf"), "a number from 0 up")


def _alpha(text: str) -> float:
    return _number(text, 0.0 < _float(text) < 1.0, "a number between 0 and 1")


def _number(text: str, is_valid: bool, expected: str) -> float:
    if not is_valid:
        raise argparse.ArgumentTypeError(f"found '{text[:20]}'; expected {expected}")
    return float(text)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
