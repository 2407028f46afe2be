"""A data frame as text: the same words, numbers and marks in every format."""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

BLANK = "–"  # an en dash: nothing was measured

# A number, perhaps a bound or the low end of an interval, and what may follow it:
# ±std, a unit, "of 10", an interval, wins/ties/losses.
_NUMBER = re.compile(
    r"[<>\[]?\s*([+\-−]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-−]?\d+)?)(?=$|[\s±%\[(,/])"
)
_BLANKS = ("", "-", BLANK)
# Neither HTML nor LaTeX has a place for these, and UTF-8 none for the last.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class TextCell:
    """A cell's text, the number that it opens with (or None), and its mark."""

    text: str
    number: float | None
    bold: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table as text.

    Attributes
    ----------
    header
        Titles of the columns, ``(n_columns,)``.
    numeric
        Whether every cell of a column opens with a number or is blank; the first
        column names the rows and never counts as one.
    rows
        Cells, ``(n_rows, n_columns)``.
    """

    header: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[TextCell, ...], ...]


def lay_out(frame: pd.DataFrame, bold: pd.DataFrame | None = None) -> TextTable:
    """Turn a frame ``(n_rows, n_columns)`` into text; `bold` marks cells by position.

    A named index becomes the first columns, an unnamed one is left out. Titles of
    several levels are joined by a space.
    """
    index = [frame.index.get_level_values(i) for i in _named_levels(frame)]
    header = [plain(str(level.name)) for level in index]
    header += [_title(column) for column in frame.columns]
    columns = [list(level) for level in index]
    columns += [list(frame.iloc[:, i]) for i in range(frame.shape[1])]
    marks = [[False] * len(frame) for _ in index]
    for i in range(frame.shape[1]):
        marks.append(
            [False] * len(frame)
            if bold is None
            else [mark is True or mark == 1 for mark in bold.iloc[:, i]]
        )
    cells = [
        [
            TextCell(cell_text(v), number_in(v), m)
            for v, m in zip(values, of, strict=True)
        ]
        for values, of in zip(columns, marks, strict=True)
    ]
    numeric = [position > 0 and _is_numeric(c) for position, c in enumerate(cells)]
    return TextTable(tuple(header), tuple(numeric), tuple(zip(*cells, strict=True)))


def cell_text(value: Any) -> str:
    """Write a value: text as it is, floats to four digits, nothing as an en dash."""
    if isinstance(value, str):
        return plain(value)
    if _is_missing(value):
        return BLANK
    if isinstance(value, float):  # NumPy's float64 is one
        return f"{value:.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    return plain(str(value))


def number_in(value: Any) -> float | None:
    """Return the number that a cell opens with, by which it is sorted, or None."""
    if isinstance(value, str):
        found = _NUMBER.match(value.strip())
        return float(found[1].replace("−", "-")) if found else None
    if _is_missing(value) or isinstance(value, bool | np.bool_):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def plain(text: str) -> str:
    """Put text on one line; what cannot be printed becomes a replacement mark."""
    return " ".join(_UNPRINTABLE.sub("\ufffd", text).split())


def _named_levels(frame: pd.DataFrame) -> list[int]:
    return [i for i, name in enumerate(frame.index.names) if name is not None]


def _title(column: Any) -> str:
    parts = column if isinstance(column, tuple) else (column,)
    return plain(" ".join(str(part) for part in parts if str(part)))


def _is_missing(value: Any) -> bool:
    missing = pd.isna(value)
    return missing is True or (isinstance(value, float) and math.isnan(value))


def _is_numeric(cells: list[TextCell]) -> bool:
    told = [cell for cell in cells if cell.text not in _BLANKS]
    return bool(told) and all(cell.number is not None for cell in told)
