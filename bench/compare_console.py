"""A comparison as a table on the terminal."""

import sys

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.compare import as_text, count_verdicts, describe
from bench.messages import shown

_STYLES = {
    "worse": "bold red",
    "inconclusive": "yellow",
    "not comparable": "yellow",
    "better": "green",
}
_LEFT = ("dataset", "classifier", "verdict", "why")


def print_comparison(frame: pd.DataFrame) -> None:
    """Print what `bench.compare.compare_results` found."""
    rows = as_text(frame)
    if not rows["why"].any():
        rows = rows.drop(columns="why")
    # Text, not markup: a stranger's brackets stay brackets.
    table = Table(title=Text(count_verdicts(frame)), title_justify="left")
    for column in rows.columns:
        # Folded, not cut: a name that a gate says must be readable.
        table.add_column(
            Text(column),
            justify="left" if column in _LEFT else "right",
            overflow="fold",
        )
    for row in rows.to_dict("records"):
        style = _STYLES.get(row["verdict"])
        table.add_row(
            *(Text(shown(value, 1000)) for value in row.values()), style=style
        )
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(Text(describe(frame)))
