"""The progress bar of a command, and the tables that it prints at its end."""

import errno
import os
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from bench.base import shown
from bench.cells import Plan, Task
from bench.cli.terminal import replaced
from bench.cli.verbosity import is_quiet
from bench.store import BAD, STATUSES, Result

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis import Forecast

_STYLES = {
    "worse": "bold red",
    "inconclusive": "yellow",
    "not comparable": "yellow",
    "better": "green",
}
_LEFT = ("dataset", "classifier", "verdict", "why")  # columns aligned to the left


class _Console(Console):
    """A console that raises an error if the reader of its output has ended."""

    def on_broken_pipe(self) -> None:
        # rich would end the process with exit code 1, which belongs to the gate.
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class RunProgress:
    """A progress bar: cells done of all, failures, time left."""

    def __init__(self, total: int) -> None:
        self.began = time.perf_counter()
        self.computed = self.audits = self.failed = 0
        self.busy = 0.0
        self.bars = Progress(
            TextColumn("cells"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]} failed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=_Console(file=sys.stderr, stderr=True),
            disable=is_quiet(),
        )
        self.task = self.bars.add_task("cells", total=total, failed=0)

    def advance(self, cell: Task, result: Result, fresh: bool) -> None:
        """Count a cell or an audit with a result; `fresh` if this run computed it."""
        if fresh:
            self.computed += 1
            self.audits += result.is_audit
            self.busy += result.fit_cpu_seconds or 0.0
            self.busy += result.predict_cpu_seconds or 0.0
        self.failed += result.status in BAD
        self.bars.update(self.task, advance=1, failed=self.failed)

    def warn(self, message: str) -> None:
        """Print a message above the bar."""
        self.bars.console.print(Text(f"bench: {message}"), soft_wrap=True)

    def summary(self) -> str:
        """Return a line with the counts, the time, and the load of the processor."""
        wall = time.perf_counter() - self.began
        audits = f" and {self.audits} audits" if self.audits else ""
        return (
            f"{self.computed - self.audits} cells{audits} computed in {wall:.1f} s; "
            f"fits and predictions took {self.busy:.1f} s of processor time, "
            f"{self.busy / wall:.2f} cores on average"
        )

    def __enter__(self) -> "RunProgress":
        self.bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.bars.stop()


def print_scores(plan: Plan, results: "pd.DataFrame") -> None:
    """Print the table of each dataset, with the headline metric only, to fit a line."""
    # Here, since these import pandas, which `status` does not need.
    from bench.analysis import summarise
    from bench.report import online_note, score_rows

    summary = summarise(results)
    for recipe in plan.datasets:
        rows = score_rows(plan, summary, recipe.spec.id, plan.suite.metrics[:1])
        _print_table(recipe.spec.id, list(rows.columns), rows.to_numpy().tolist())
        note = online_note(summary[summary["dataset"] == recipe.spec.id])
        if note:
            _console().print(_text(note), soft_wrap=True)


def print_statuses(title: str, counts: dict[tuple[str, str], Counter[str]]) -> None:
    """Print the number of cells with each status, by dataset and classifier."""
    total: Counter[str] = Counter()
    for row in counts.values():
        total += row
    columns = [s for s in (*STATUSES, "missing") if total[s]]
    rows = [
        [dataset, classifier, *(str(row[status] or "") for status in columns)]
        for (dataset, classifier), row in counts.items()
    ]
    rows.append(["all", "", *(str(total[status]) for status in columns)])
    _print_table(title, ["dataset", "classifier", *columns], rows)


def print_forecast(plan: Plan, forecast: "Forecast", jobs: int) -> None:
    """Print the expected time of a suite, and the differences that it can detect."""
    console = _console()
    missing = forecast.n_cells - forecast.n_stored
    console.print(
        f"{len(plan.cells)} cells{plan.extras}; {forecast.n_stored} stored, {missing} "
        "to compute"
    )
    untimed = forecast.untimed
    if forecast.seconds is None:
        names = ", ".join(
            f"{d} × {c}" if c else f"the audits of {d}" for d, c in untimed[:6]
        )
        more = "" if len(untimed) <= 6 else f" and {len(untimed) - 6} more"
        message = f"expected time unknown: never computed {names}{more}; use --pilot"
        console.print(_text(message))
    else:
        minutes = forecast.seconds / 60 / jobs
        console.print(f"expected time {minutes:.1f} min with -j {jobs}")
    n, (for_baseline, for_pairs) = forecast.n_datasets, forecast.datasets_needed
    judgement = "enough" if forecast.enough else "too few"
    console.print(
        f"{n} independent datasets (libraries): {judgement} for tests across datasets; "
        f"{len(plan.classifiers)} classifiers need {for_baseline} against a baseline, "
        f"{for_pairs} for all pairs"
    )
    stats = plan.suite.stats
    if forecast.detectable.empty:
        console.print("detectable differences unknown: too few repetitions are stored")
        return
    rows = [
        [
            row["dataset"],
            row["classifier"],
            str(row["stored"]),
            f"{row['std']:.4f}",
            f"{row['detectable']:.4f}",
            "–" if row["needed"] is None else str(row["needed"]),
        ]
        for row in forecast.detectable.to_dict("records")
    ]
    columns = ["dataset", "classifier", "stored", "std of difference"]
    columns += [
        f"detectable at n = {plan.suite.repetitions}",
        f"n to detect {stats.margin:g}",
    ]
    title = f"difference to {plan.suite.baseline} detected with 80% power, alpha "
    _print_table(f"{title}{stats.alpha:g}", columns, rows)


def print_comparison(frame: "pd.DataFrame", every_row: bool = False) -> None:
    """Print a comparison of `bench.compare.differences.compare_results`.

    The table has the rows that differ, or with `every_row` all. What is alike and the
    reasons stand below it, once for all rows that share one.
    """
    from bench.compare import (
        alike,
        as_text,
        count_verdicts,
        describe,
        differing,
        reasons,
        shares_nothing,
        what_each_has,
    )

    if shares_nothing(frame) and not every_row:
        _console(160).print(_text(shown(what_each_has(frame), 2000)))
        return
    rows = as_text(frame if every_row else differing(frame)).drop(columns="why")
    # Narrow: a row of the shipped suites fits 80 characters, but for its interval.
    table = Table(
        title=_text(count_verdicts(frame)),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=0,
    )
    for column in rows.columns:
        # Folded, not cut, since the names of what failed a gate must be readable.
        fixed = column not in ("dataset", "classifier", "interval")
        header, side = _text(column), _side(column)
        table.add_column(header, justify=side, overflow="fold", no_wrap=fixed)
    for row in rows.to_dict("records"):
        cells = (_text(shown(value, 1000)) for value in row.values())
        table.add_row(*cells, style=_STYLES.get(row["verdict"]))
    console = _console(160)
    if len(rows):
        console.print(table)
    elif frame["verdict"].nunique() > 1:  # else the line below says it
        console.print(_text(count_verdicts(frame)))
    for line in [*([] if every_row else alike(frame)), *reasons(frame)]:
        console.print(_text(shown(line, 2000)))
    console.print(_text(describe(frame)))


def _print_table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    table = Table(title=_text(title), title_justify="left")
    for column in columns:
        table.add_column(_text(column), justify=_side(column))
    for row in rows:
        table.add_row(*map(_text, row))
    _console().print(table)


def _side(column: str) -> Literal["left", "right"]:
    return "left" if column in _LEFT else "right"


def _text(value: object) -> Text:
    """Return a text that the terminal can show.

    A plain string would be parsed as markup, and brackets in a name would be lost.
    """
    return Text(replaced(str(value), getattr(sys.stdout, "encoding", None)))


def _console(width: int = 120) -> _Console:
    """Make a console on standard output; `width` counts if that is not a terminal.

    The console is given the stream, whose encoding decides how boxes are drawn.
    """
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return _Console(
        file=sys.stdout, highlight=False, width=None if is_terminal else width
    )
