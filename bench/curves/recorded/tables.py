"""What the columns of a table of curves are: classes, groups, an index, points."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.base import did_you_mean, shown
from bench.curves.points.dialects import MISSING, is_number, is_value
from bench.curves.recorded.raw import MAX_POINTS

LABEL = "label"
_INDEX_NAMES = ("", "unnamed: 0", "index", "id", "row", "rownames", "__index_level_0__")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d+(?:\.0*)?", re.ASCII)
_FEW = 20  # classes that a column of numbers may have to look like one of classes


@dataclass(frozen=True)
class Columns:
    """The columns of a table of curves, by position.

    Attributes
    ----------
    label, groups, index
        The columns of classes, of groups and with names of rows, if there are any.
    values
        The columns of values, in the order of the file.
    x : array of shape (n_points,), optional
        The points, if the names of `values` are numbers.
    empty
        Columns without a name at the end, which must be empty in each row.
    notes
        What a reader of the report should know.
    """

    label: int
    groups: int | None
    index: int | None
    values: tuple[int, ...]
    x: np.ndarray | None = None
    empty: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def find_columns(
    names: Sequence[str] | None,
    sample: Sequence[Sequence[str]],
    label: int | str | None,
    groups: int | str | None,
    decimal: str | None = None,
) -> Columns:
    """Tell the columns of a table apart by their names, and by some rows.

    Parameters
    ----------
    names
        The names of all columns, if the table has any.
    sample
        The cells of some rows, as text.
    label, groups
        The columns that the suite names.
    decimal
        The decimal mark.

    Raises
    ------
    ValueError
        If the suite's columns are not there, or a column of text is neither.
    """
    width = len(names) if names is not None else len(sample[0])
    wanted = LABEL if label is None else label
    i_label = _position(names, wanted, "label", width, sample, label is None)
    i_groups = None
    if groups is not None:
        i_groups = _position(names, groups, "groups", width, sample)
        if i_groups == i_label:
            raise ValueError("groups: the column of the classes; expected another one")
    rest = [i for i in range(width) if i not in (i_label, i_groups)]
    if names is None:
        _refuse_text(rest, None, sample)
        return _checked(Columns(i_label, i_groups, None, tuple(rest)))
    empty = []
    while rest and not names[rest[-1]] and not any(row[rest[-1]] for row in sample):
        empty.append(rest.pop())
    indices = [i for i in rest if names[i].lower() in _INDEX_NAMES]
    index = None
    if indices and any(names[i] for i in rest):
        index = indices[0]
        rest.remove(index)
    _refuse_text(rest, names, sample)
    titles = [names[i] for i in rest]
    x = _points(titles, decimal)
    notes: tuple[str, ...] = ()
    if x is None and any(titles):
        _refuse_twins(titles)
        notes = (
            f"the columns of values have no numbers as names (the first is "
            f"'{shown(titles[0], 40)}'): their points are equally spaced",
        )
    return _checked(
        Columns(i_label, i_groups, index, tuple(rest), x, tuple(empty), notes)
    )


def _checked(columns: Columns) -> Columns:
    if not columns.values:
        raise ValueError("no columns of values beside the classes; expected a few")
    if len(columns.values) > MAX_POINTS:
        raise ValueError(
            f"found {len(columns.values)} columns of values; expected at most "
            f"{MAX_POINTS}"
        )
    return columns


def _position(
    names: Sequence[str] | None,
    column: int | str,
    key: str,
    width: int,
    sample: Sequence[Sequence[str]],
    is_default: bool = False,
) -> int:
    if isinstance(column, int):
        if column >= width:
            raise ValueError(
                f"{key}: found position {column} of {width} columns; expected 0 to "
                f"{width - 1}"
            )
        return column
    candidates = _like_classes(names, sample)
    if names is None:
        raise ValueError(
            f"{key}: no line of names, hence no column '{shown(column, 60)}'; write "
            f"the column's position, from 0 to {width - 1}{candidates}"
        )
    found = [i for i, name in enumerate(names) if name == column.strip()]
    if not found and is_default:
        found = [i for i, name in enumerate(names) if name.casefold() == column]
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} columns" if found else "no column"
    hint = "" if found or is_default else did_you_mean(column, names)
    raise ValueError(
        f"{key}: {problem} '{shown(column, 60)}'{hint}; write {key}: with the name of "
        f"one column, or its position from 0 to {width - 1}{candidates}"
    )


def _like_classes(names: Sequence[str] | None, sample: Sequence[Sequence[str]]) -> str:
    """Name the columns that look like classes, for a message."""
    texts, numbers = [], []
    for i, column in enumerate(zip(*sample, strict=False)):
        different = {cell.strip() for cell in column}
        name = f"'{shown(names[i], 40)}'" if names else f"{i}"
        if not all(_is_value(cell) for cell in different):
            texts.append(name)
        elif all(_WHOLE.fullmatch(cell) for cell in different):
            few = len(different) <= min(_FEW, (len(column) + 1) // 2)
            numbers += [name] * few
    found = (texts or numbers)[:6]
    return f"; like classes look: {', '.join(found)}" if found else ""


def _is_value(cell: str) -> bool:
    cell = cell.strip()
    return cell.lower() in MISSING or is_number(cell.replace(",", ".", 1))


def _refuse_text(
    positions: Iterable[int],
    names: Sequence[str] | None,
    sample: Sequence[Sequence[str]],
) -> None:
    """Refuse a column of values in which each row of the sample has text."""
    strangers = [
        i for i in positions if not any(is_value(row[i].strip()) for row in sample)
    ]
    if strangers:
        i = strangers[0]
        name = f"'{shown(names[i], 60)}'" if names else f"{i} (from 0)"
        cell = shown(sample[0][i].strip(), 40)
        raise ValueError(
            f"column {name} holds text, such as '{cell}', and is neither the label nor "
            "the groups; remove it, or name it under label: or, in split:, under "
            "groups:"
        )


def numeric(name: str, decimal: str | None) -> float | None:
    """Return the finite number that a name is, else None."""
    text = name.strip()
    if decimal == "," and "." not in text:
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        return None
    return float(text)


def _points(titles: Sequence[str], decimal: str | None) -> np.ndarray | None:
    """Return the points that the names of columns are, if they are numbers."""
    numbers = [numeric(title, decimal) for title in titles]
    x = [number for number in numbers if number is not None]
    if len(x) * 2 < len(titles) or not x:
        return None
    if len(x) < len(titles):
        other = next(
            t for t, number in zip(titles, numbers, strict=True) if number is None
        )
        raise ValueError(
            f"column '{shown(other, 60)}' is neither a point, as the columns with "
            "numbers as names are, nor the label nor the groups; remove it, or name it "
            "under label: or, in split:, under groups:"
        )
    if len(set(x)) < len(x):
        twin = next(n for n in x if x.count(n) > 1)
        raise ValueError(
            f"{x.count(twin)} columns are named {twin:g}; expected a different point "
            "in each name"
        )
    return np.array(x)


def _refuse_twins(titles: Sequence[str]) -> None:
    seen: set[str] = set()
    for title in titles:
        if title in seen:
            raise ValueError(
                f"two columns are named '{shown(title, 60)}'; expected different names"
            )
        seen.add(title)


def index_note(name: str, cells: Sequence[str]) -> str:
    """Say that an index was left out; refuse a column that only looks like one.

    Raises
    ------
    ValueError
        If cells repeat, as those of an index do not.
    """
    called = f"'{shown(name, 40)}'" if name else "without a name"
    if len(set(cells)) < len(cells):
        raise ValueError(
            f"the column {called} repeats its values, and is no index; remove it, or "
            "name it in split: under groups: if it says which curves belong together"
        )
    return f"the column {called} counts or names the curves and was left out"
