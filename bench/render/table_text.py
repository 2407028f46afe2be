"""Write a data frame as text, in the same way for every format."""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

BLANK = "–"  # an en dash, for a missing value

# A number, a bound ("<0.001") or the low end of an interval. It may be followed by
# ±std, a unit, "of 10", an interval, or wins/ties/losses.
_NUMBER = re.compile(
    r"[<>\[]?\s*([+\-−]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-−]?\d+)?)(?=$|[\s±%\[(,/])"
)
_BLANKS = ("", "-", BLANK)
# Control characters, which HTML and LaTeX do not allow, and surrogates, which UTF-8
# cannot encode.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class TextCell:
    """The text of a cell, the number at its start (or None), and whether it is bold."""

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
        For each column, whether its cells start with a number or are blank. The first
        column contains the names of the rows and never counts as numeric.
    rows
        Cells, ``(n_rows, n_columns)``.
    """

    header: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[TextCell, ...], ...]


def lay_out(frame: pd.DataFrame, bold: pd.DataFrame | None = None) -> TextTable:
    """Turn a data frame into text.

    A named index becomes the first columns; an unnamed one is left out. Titles of
    several levels are joined by a space.

    Parameters
    ----------
    frame
        The table, ``(n_rows, n_columns)``.
    bold
        Which cells are bold: booleans of the frame's shape, by position.
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
            TextCell(cell_text(value), number_in(value), mark)
            for value, mark in zip(values, column_marks, strict=True)
        ]
        for values, column_marks in zip(columns, marks, strict=True)
    ]
    numeric = [position > 0 and _is_numeric(c) for position, c in enumerate(cells)]
    return TextTable(tuple(header), tuple(numeric), tuple(zip(*cells, strict=True)))


def cell_text(value: Any) -> str:
    """Write a value: text unchanged, a float to four digits, a missing value as –."""
    if isinstance(value, str):
        return plain(value)
    if _is_missing(value):
        return BLANK
    if isinstance(value, float):  # NumPy's float64 is one
        return f"{value:.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    return plain(str(value))


def number_in(value: Any) -> float | None:
    """Return the number that a cell starts with, for sorting; None without one."""
    if isinstance(value, str):
        match = _NUMBER.match(value.strip())
        return float(match[1].replace("−", "-")) if match else None
    if _is_missing(value) or isinstance(value, bool | np.bool_):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def plain(text: str) -> str:
    """Put text on one line, with U+FFFD for characters that cannot be printed."""
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
    filled = [cell for cell in cells if cell.text not in _BLANKS]
    return bool(filled) and all(cell.number is not None for cell in filled)
