"""What a command shows while it works and at its end."""

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

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

from bench.cells import Task
from bench.result import BAD, STATUSES, Result
from bench.runner import Plan

if TYPE_CHECKING:
    import pandas as pd

    from bench.planning import Forecast


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
            console=Console(stderr=True),
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
    from bench.tables import online_note, score_rows, summarise

    summary = summarise(results)
    for recipe in plan.datasets:
        rows = score_rows(plan, summary, recipe.spec.id, plan.suite.metrics[:1])
        _print_table(recipe.spec.id, list(rows.columns), rows.to_numpy().tolist())
        note = online_note(summary[summary["dataset"] == recipe.spec.id])
        if note:
            _console().print(Text(note), soft_wrap=True)


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
        console.print(Text(said))
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


def _print_table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    # Text, not markup: a stranger's brackets stay brackets.
    table = Table(title=Text(title), title_justify="left")
    for column in columns:
        is_name = column in ("dataset", "classifier")
        table.add_column(Text(column), justify="left" if is_name else "right")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row))
    _console().print(table)


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)
