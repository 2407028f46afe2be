"""What a command shows while it works, and the tables at its end."""

import errno
import os
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

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
_LEFT = ("dataset", "classifier", "verdict", "why")  # columns of words


class _Console(Console):
    """A console that raises where the reader of its output has ended."""

    def on_broken_pipe(self) -> None:
        # rich would end the process here, with exit code 1, which is a gate's.
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class RunProgress:
    """Cells done of all, failures, time left; lines without bars where no terminal."""

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
        )
        self.task = self.bars.add_task("cells", total=total, failed=0)

    def advance(self, cell: Task, result: Result, fresh: bool) -> None:
        """Count a cell or an audit that has a result, of this run if it is fresh."""
        if fresh:
            self.computed += 1
            self.audits += result.is_audit
            self.busy += result.fit_cpu_seconds or 0.0
            self.busy += result.predict_cpu_seconds or 0.0
        self.failed += result.status in BAD
        self.bars.update(self.task, advance=1, failed=self.failed)

    def warn(self, message: str) -> None:
        """Say something above the bar."""
        self.bars.console.print(Text(f"bench: {message}"), soft_wrap=True)

    def summary(self) -> str:
        """Say what was computed, how long it took, and how busy the processor was."""
        wall = time.perf_counter() - self.began
        audits = f" and {self.audits} audits" if self.audits else ""
        return (
            f"{self.computed - self.audits} cells{audits} computed in {wall:.1f} s; "
            f"fits and predictions of the cells kept {self.busy / wall:.2f} cores busy "
            f"({self.busy:.1f} s)"
        )

    def __enter__(self) -> "RunProgress":
        self.bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.bars.stop()


def print_scores(plan: Plan, results: "pd.DataFrame") -> None:
    """Print the table of each dataset: the headline metric, as a line holds no more."""
    # pandas, which `status` needs not
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
    """Print how many cells of each dataset and classifier have which status."""
    total: Counter[str] = Counter()
    for own in counts.values():
        total += own
    columns = [s for s in (*STATUSES, "missing") if total[s]]
    rows = [
        [dataset, classifier, *(str(own[status] or "") for status in columns)]
        for (dataset, classifier), own in counts.items()
    ]
    rows.append(["all", "", *(str(total[status]) for status in columns)])
    _print_table(title, ["dataset", "classifier", *columns], rows)


def print_forecast(plan: Plan, found: "Forecast", jobs: int) -> None:
    """Print what a suite would cost and what it can show."""
    console = _console()
    missing = found.n_cells - found.n_stored
    console.print(
        f"{len(plan.cells)} cells{plan.beside}; {found.n_stored} stored, {missing} to "
        "compute"
    )
    if found.seconds is None:
        names = ", ".join(
            f"{d} × {c}" if c else f"the audits of {d}" for d, c in found.untimed[:6]
        )
        more = "" if len(found.untimed) <= 6 else f" and {len(found.untimed) - 6} more"
        said = f"expected time unknown: never computed {names}{more}; see --pilot"
        console.print(_text(said))
    else:
        minutes = found.seconds / 60 / jobs
        console.print(f"expected time {minutes:.1f} min with -j {jobs}")
    n, (for_baseline, for_pairs) = found.n_datasets, found.datasets_needed
    said = "enough" if found.enough else "too few"
    console.print(
        f"{n} independent datasets (libraries): {said} for tests across datasets; "
        f"{len(plan.classifiers)} classifiers need {for_baseline} against a baseline, "
        f"{for_pairs} for all pairs"
    )
    stats = plan.suite.stats
    if found.detectable.empty:
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
        for row in found.detectable.to_dict("records")
    ]
    columns = ["dataset", "classifier", "stored", "std of difference"]
    columns += [
        f"detectable at n = {plan.suite.repetitions}",
        f"n for {stats.margin:g}",
    ]
    title = f"difference to {plan.suite.baseline} found with 80% power, alpha "
    _print_table(f"{title}{stats.alpha:g}", columns, rows)


def print_comparison(frame: "pd.DataFrame") -> None:
    """Print what `bench.compare.differences.compare_results` found."""
    from bench.compare import as_text, count_verdicts, describe

    rows = as_text(frame)
    if not rows["why"].any():
        rows = rows.drop(columns="why")
    table = Table(title=_text(count_verdicts(frame)), title_justify="left")
    for column in rows.columns:
        # Folded, not cut: a name that a gate says must be readable.
        table.add_column(_text(column), justify=_side(column), overflow="fold")
    for row in rows.to_dict("records"):
        cells = (_text(shown(value, 1000)) for value in row.values())
        table.add_row(*cells, style=_STYLES.get(row["verdict"]))
    console = _console(160)
    console.print(table)
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
    """Make a text that the terminal can show.

    Not markup: a stranger's brackets stay brackets.
    """
    return Text(replaced(str(value), getattr(sys.stdout, "encoding", None)))


def _console(width: int = 120) -> _Console:
    """Make a console on standard output, `width` columns wide where it is no terminal.

    It is told the stream, from whose encoding it chooses how to draw boxes.
    """
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return _Console(
        file=sys.stdout, highlight=False, width=None if is_terminal else width
    )
