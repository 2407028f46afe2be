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

from bench.cells import Cell
from bench.result import BAD, STATUSES, Result
from bench.runner import Plan

if TYPE_CHECKING:
    import pandas as pd


class RunProgress:
    """Cells done of all, failures, time left; lines without bars where no terminal."""

    def __init__(self, total: int) -> None:
        self.began = time.perf_counter()
        self.computed = self.failed = 0
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

    def advance(self, cell: Cell, result: Result, fresh: bool) -> None:
        """Count a cell that has a result, of this run if it is fresh."""
        if fresh:
            self.computed += 1
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
        return (
            f"{self.computed} cells computed in {wall:.1f} s; their fits and "
            f"predictions kept {self.busy / wall:.2f} cores busy ({self.busy:.1f} s)"
        )

    def __enter__(self) -> "RunProgress":
        self.bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.bars.stop()


def print_scores(plan: Plan, results: "pd.DataFrame") -> None:
    """Print the table of each dataset."""
    from bench.tables import score_rows, summarise  # pandas, which `status` needs not

    summary = summarise(results)
    for recipe in plan.datasets:
        rows = score_rows(plan, summary, recipe.spec.id)
        _print_table(recipe.spec.id, list(rows.columns), rows.to_numpy().tolist())


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


def _print_table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    # Text, not markup: a stranger's brackets stay brackets.
    table = Table(title=Text(title), title_justify="left")
    for column in columns:
        is_name = column in ("dataset", "classifier")
        table.add_column(Text(column), justify="left" if is_name else "right")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
