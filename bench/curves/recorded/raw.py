"""What one file of curves holds, before classes are numbered: rows within limits."""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.base import DatasetError, shown
from bench.curves.points.dialects import MISSING

MAX_VALUES = 2**25  # of all files together: 256 MiB
MAX_CURVES = 1_000_000
MAX_POINTS = 100_000
MAX_CHANNELS = 1000
LONGEST_NAME = 200  # characters of a class or a group
UNEQUAL = (
    "curves of unequal length cannot be compared point by point: cut them to one "
    "length, or interpolate them on common points, before you save the file"
)


class UnequalLengthError(ValueError):
    """A file holds curves of unequal length."""


@dataclass(frozen=True)
class Wanted:
    """What a suite says of the files of a dataset.

    Attributes
    ----------
    label, groups
        The columns, or arrays, of the classes and of the groups, if the suite says.
    delimiter, decimal
        Of a table of text, if the suite says.
    equal
        What a message about curves of unequal length adds, such as where the same
        curves are found in equal length.
    """

    label: int | str | None = None
    groups: int | str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    equal: str = ""


@dataclass(frozen=True)
class RawCurves:
    """The curves of one file.

    Attributes
    ----------
    values : array of shape (n_curves, n_channels, n_points)
        Numbers in float64; NaN where one is missing.
    labels
        The class of each curve as text, without blanks around it.
    groups
        The group of each curve as text, if the suite names a column of groups.
    x : array of shape (n_points,), optional
        The points, if the file says them.
    places
        The number of the line or row of each curve.
    unit
        What `places` counts.
    license
        The license that the file states; else "".
    notes
        What a reader of the report should know.
    """

    values: np.ndarray
    labels: Sequence[str]
    places: Sequence[int]
    unit: str = "line"
    groups: Sequence[str] | None = None
    x: np.ndarray | None = None
    license: str = ""
    notes: tuple[str, ...] = ()

    def place(self, curve: int) -> str:
        """Say where a curve is in the file, such as "line 12"."""
        return f"{self.unit} {self.places[curve]}"


@dataclass
class Rows:
    """Curves of equal shape that are collected one by one.

    Attributes
    ----------
    limit
        The largest number of values in all.
    """

    limit: int = MAX_VALUES
    shape: tuple[int, int] | None = None
    values: "array[float]" = field(default_factory=lambda: array("d"))
    labels: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    places: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, line: int, channels: Sequence[Sequence[float]], label: str) -> None:
        """Add the curve of a line; each channel has its numbers.

        Raises
        ------
        ValueError
            If the curve has another shape than those before it, or if there are more
            curves, points, channels or values than the limits allow.
        """
        if len(label) > LONGEST_NAME:
            raise ValueError(
                f"line {line}: found a class of {len(label)} characters; expected at "
                f"most {LONGEST_NAME}"
            )
        shape = len(channels), len(channels[0])
        lengths = {len(channel) for channel in channels}
        if len(lengths) > 1:
            raise UnequalLengthError(
                f"line {line}: found channels of {min(lengths)} to {max(lengths)} "
                f"points in one curve; expected as many in each: {UNEQUAL}"
            )
        if self.shape is None:
            if shape[1] == 0:
                raise ValueError(f"line {line}: found a curve without points")
            check_size(1, *shape)
            self.shape = shape
        elif shape != self.shape:
            self._refuse(line, shape)
        for channel in channels:
            self.values.extend(channel)
        self.labels.append(label)
        self.places.append(line)
        if len(self.values) > self.limit or len(self.places) > MAX_CURVES:
            raise ValueError(
                f"line {line}: more than {MAX_CURVES} curves, or {self.limit} values; "
                "expected fewer: use some of the curves, or every other point"
            )

    def _refuse(self, line: int, shape: tuple[int, int]) -> None:
        n_channels, n_points = self.shape or (0, 0)
        first = self.places[0]
        if shape[0] != n_channels:
            raise ValueError(
                f"line {line}: found {counted(shape[0], 'channel')}; expected "
                f"{n_channels}, as in line {first}"
            )
        raise UnequalLengthError(
            f"line {line}: found a curve of {counted(shape[1], 'point')}; expected "
            f"{n_points}, as in line {first}: {UNEQUAL}"
        )

    def array(self) -> np.ndarray:
        """Return the values, of shape (n_curves, n_channels, n_points)."""
        flat = np.frombuffer(self.values, np.float64)
        return flat.reshape((len(self.places), *(self.shape or (1, 0))))


def counted(number: int, what: str) -> str:
    """Return a number of things, such as "1 point" or "2 points"."""
    return f"{number} {what}{'s' * (number != 1)}"


def check_size(n_curves: int, n_channels: int, n_points: int) -> None:
    """Raise a DatasetError for more curves, channels, points or values than allowed."""
    found = (
        (n_curves, MAX_CURVES, "curves"),
        (n_channels, MAX_CHANNELS, "channels"),
        (n_points, MAX_POINTS, "points"),
        (n_curves * n_channels * n_points, MAX_VALUES, "values in all"),
    )
    for number, most, what in found:
        if number > most:
            raise DatasetError(f"found {number} {what}; expected at most {most}")


def floats(cells: Sequence[str], decimal: str | None, line: int) -> "array[float]":
    """Read the numbers of a line; a missing one is NaN.

    Parameters
    ----------
    decimal
        The decimal mark; None is a point.

    Raises
    ------
    ValueError
        If a cell is no number; the message names it.
    """
    joined = "\0".join(cells)
    # Python's float accepts 1_000 and the digits of other scripts; no other reader of
    # tables does.
    if joined.isascii() and "_" not in joined:
        try:
            if decimal != ",":
                return array("d", map(float, cells))
            if "." not in joined:
                return array("d", map(float, joined.replace(",", ".").split("\0")))
        except ValueError:
            pass
    return array("d", (_number(cell, decimal, line) for cell in cells))


_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[-+]?inf(?:inity)?", re.IGNORECASE)


def _number(cell: str, decimal: str | None, line: int) -> float:
    text = cell.strip()
    if text.lower() in MISSING:
        return np.nan
    if decimal == ",":
        text = text.replace(".", "\0").replace(",", ".")
    if _NUMBER.fullmatch(text) or _INFINITE.fullmatch(text):
        return float(text)
    raise ValueError(
        f"line {line}: found '{shown(cell.strip(), 60)}'; expected numbers, such as "
        f"-1{decimal or '.'}5 or 1e-3{_remedy(cell.strip(), decimal)}"
    )


def _remedy(cell: str, decimal: str | None) -> str:
    """Say what to do about a cell that is no number; empty if nothing is known."""
    if decimal == "," and "." in cell:
        return ", with decimal commas, as in other numbers of the file"
    if re.fullmatch(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?", cell):
        return "; if its comma is a decimal mark, write decimal: ',' in the suite"
    if cell[:1] in "\u2212\u2013" and cell:
        return f"; write '-' for the sign U+{ord(cell[0]):04X}"
    if re.fullmatch(r"[-+]?[\d.]+[dD][-+]?\d+", cell):
        return "; write e for d"
    if re.match(r"[-+]?\d[\d.,'\u2019 \u00a0\u2009\u202f_]*$", cell):
        return "; write them without separators of thousands"
    return ""
