"""Write a data frame as text, in the same way for every format."""

import math
import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.render.blocks import Code, Link, Part, Strong, Table

BLANK = "–"  # an en dash, for a missing value

# A number, a bound ("<0.001") or the low end of an interval. It may be followed by
# ±std, a unit, "of 10", an interval, or wins/ties/losses.
_NUMBER = re.compile(
    r"[<>\[]?\s*([+\-−]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-−]?\d+)?)(?=$|[\s±%\[(,/])"
)
# A missing value; it may be followed by why, as in "– (0 of 5)".
_MISSING = re.compile(rf"(?:-|{BLANK}(?: \(.*\))?)?")
# Control characters, which HTML and LaTeX do not allow, and surrogates, which UTF-8
# cannot encode.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


# What a mark says, if its table has True and no words of its own.
NEAR = "not distinguishable from the best"


@dataclass(frozen=True)
class TextCell:
    """The content of a cell.

    Attributes
    ----------
    text
        The content as plain text.
    number
        The number at the start of the text; None without one.
    bold
        Whether it is bold.
    mark
        What its mark says, such as `NEAR`; empty if it has none.
    parts
        The content with its links; text alone is one part.
    """

    text: str
    number: float | None
    bold: bool = False
    mark: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class TextTable:
    """A table as text.

    Attributes
    ----------
    labels
        The frame's own labels of the columns, ``(n_columns,)``.
    header
        Titles of the columns, ``(n_columns,)``.
    titles
        The same with their links.
    numeric
        For each column, whether its cells start with a number or are blank. The first
        column contains the names of the rows and never counts as numeric.
    rows
        Cells, ``(n_rows, n_columns)``.
    """

    labels: tuple[Hashable, ...]
    header: tuple[str, ...]
    titles: tuple[tuple[Part, ...], ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[TextCell, ...], ...]


def lay_out(table: Table) -> TextTable:
    """Turn a table into text.

    A named index becomes the first columns; an unnamed one is left out. Titles of
    several levels are joined by a space.
    """
    frame = table.frame
    index = [frame.index.get_level_values(i) for i in _named_levels(frame)]
    labels = [level.name for level in index] + list(frame.columns)
    titles = [_title(label) for label in labels]
    columns = [list(level) for level in index]
    columns += [list(frame.iloc[:, i]) for i in range(frame.shape[1])]
    nothing = [[""] * len(frame) for _ in index]
    bold = nothing + _marks(table.bold, frame)
    marks = nothing + _marks(table.marks, frame)
    cells = [
        [
            _cell(value, bool(is_bold), mark)
            for value, is_bold, mark in zip(*column, strict=True)
        ]
        for column in zip(columns, bold, marks, strict=True)
    ]
    return TextTable(
        labels=tuple(labels),
        header=tuple(text_of(title) for title in titles),
        titles=tuple(titles),
        numeric=tuple(place > 0 and _is_numeric(c) for place, c in enumerate(cells)),
        rows=tuple(zip(*cells, strict=True)),
    )


def text_of(parts: Iterable[Part]) -> str:
    """Return the text of parts, without their links and fonts."""
    return plain("".join(p if isinstance(p, str) else p.text for p in parts))


def cell_text(value: Any) -> str:
    """Write a value: text unchanged, a float to four digits, a missing value as –."""
    if isinstance(value, str):
        return plain(value)
    if parts := _parts(value):
        return text_of(parts)
    if _is_missing(value):
        return BLANK
    if isinstance(value, float):  # NumPy's float64 is one
        return f"{value:.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    return plain(str(value))


def number_in(value: Any) -> float | None:
    """Return the number that a cell starts with, for sorting; None without one."""
    if parts := _parts(value):
        value = text_of(parts)
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


def spaced(text: str) -> str:
    """Do the same, but keep a space at the ends, which separates neighbours."""
    return plain(f".{text}.")[1:-1]


def _named_levels(frame: pd.DataFrame) -> list[int]:
    return [i for i, name in enumerate(frame.index.names) if name is not None]


def _cell(value: Any, bold: bool, mark: str) -> TextCell:
    text = cell_text(value)
    return TextCell(text, number_in(value), bold, mark, _parts(value) or (text,))


def _parts(value: Any) -> tuple[Part, ...]:
    """Return the parts of words; nothing for a value of another kind."""
    if isinstance(value, Code | Strong | Link):
        return (value,)
    if isinstance(value, tuple | list):
        kinds = [isinstance(part, Code | Strong | Link) for part in value]
        if any(kinds) and all(
            kind or isinstance(part, str)
            for kind, part in zip(kinds, value, strict=True)
        ):
            return tuple(value)
    return ()


def _marks(marks: pd.DataFrame | None, frame: pd.DataFrame) -> list[list[str]]:
    """Return for each column what the marks of its cells say; empty for none."""
    if marks is None:
        return [[""] * len(frame) for _ in range(frame.shape[1])]
    return [[_said(mark) for mark in marks.iloc[:, i]] for i in range(marks.shape[1])]


def _said(mark: Any) -> str:
    if isinstance(mark, str):
        return plain(mark)
    return NEAR if mark is True or mark == 1 else ""


def _title(label: Any) -> tuple[Part, ...]:
    """Return the title of a column; a tuple holds its levels, not words."""
    parts: list[Part] = []
    for level in label if isinstance(label, tuple) else (label,):
        is_part = isinstance(level, Code | Strong | Link)
        found = level if is_part else plain(str(level))
        if found:
            parts += [" ", found]
    return tuple(parts[1:])


def _is_missing(value: Any) -> bool:
    missing = pd.isna(value)
    return missing is True or (isinstance(value, float) and math.isnan(value))


def _is_numeric(cells: list[TextCell]) -> bool:
    filled = [cell for cell in cells if not _MISSING.fullmatch(cell.text)]
    return bool(filled) and all(cell.number is not None for cell in filled)
