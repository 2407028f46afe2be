"""Tables of numbers in text: read fast, and refused where two readings are possible."""

import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from bench.base import InputsError, did_you_mean, shown
from bench.curves.points.dialects import (
    DECIMAL_COMMA,
    DELIMITERS,
    find_delimiter,
    find_encoding,
    is_names,
    is_number,
    is_value,
    make_splitter,
    quoted_rows,
    remedy,
    split_words,
)

MAX_NUMBERS = 2_000_000
MAX_LINES = 1_001_000  # comments included
MAX_LINE = 100_000  # characters
SAMPLE = 200  # lines from which the dialect is recognised
BLOCK = 2**17  # characters that are read at once
_COMMENTS = ("%", "//")  # at the start of a line; # anywhere
_BEFORE_COMMENT = re.compile(r'((?:[^"#]|"[^"]*")*)#')
_EXCEL = re.compile(r'\ufeff?"?sep=(.)"?', re.IGNORECASE)
_QUOTED_WORD = re.compile(r'(?<!\S)"([^"\s]+)"(?!\S)')
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+")
# In numbers with one comma: one that does not separate thousands.
_NO_THOUSANDS = re.compile(r"(?<!\d)0\d*,|\d{4},|(?<!\d),|,\d{0,2}(?!\d)|,\d{4}")
# "-3,000" and "-0,5" are no two whole numbers: none is written 000 or -0.
_HALVES = re.compile(
    r"(?:^|,)(-0,\d+|[-+]?\d+,0\d+)(?=[ \t]*(?:,|$))", re.MULTILINE | re.ASCII
)
_PAIR = re.compile(r"\s*[-+]?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+),\d+\s*")


@dataclass(frozen=True)
class Table:
    """What was read from a file.

    Attributes
    ----------
    values : array of shape (n_points, n_columns)
        The numbers of the columns that were asked for.
    names
        The names of all columns of the file, if it has a line of names.
    width
        The number of columns of the file.
    note
        What a message about the columns adds, with a comma or semicolon before it.
    """

    values: np.ndarray
    names: tuple[str, ...] | None
    width: int
    note: str = ""


def read_table(
    raw: bytes,
    suffix: str,
    columns: Sequence[int | str] | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
) -> Table:
    """Read numbers from text; an error names its line.

    Not by np.loadtxt or pandas: here limits hold before memory is allocated, an error
    names the line of the file, comments and blank lines counted, and nothing is
    guessed.

    Parameters
    ----------
    suffix
        Of the file's name: a comma separates the columns of ".csv"; elsewhere it may
        be a decimal mark.
    columns
        The columns to read, by position or name; all by default. The others may hold
        anything.
    delimiter, decimal
        A key of `DELIMITERS` and "." or ","; by default they are recognised.

    Raises
    ------
    InputsError
        If the text can be read in two ways, or lacks a column that was asked for.
    ValueError
        If the text is no table of numbers.
    """
    text = _Text(raw)
    head = _Head(text, suffix, columns, delimiter, decimal)
    body = _Body(head)
    for first, lines in text.blocks(head.after):
        body.check_size(first)
        if not body.read_block(lines):
            for number, line in without_comments(first, lines):
                body.read_line(number, line)
    return body.table()


def find_columns(
    raw: bytes,
    suffix: str,
    columns: Sequence[int | str],
    delimiter: str | None = None,
    decimal: str | None = None,
) -> tuple[int, ...]:
    """Return the positions of columns that are given by position or name."""
    return _Head(_Text(raw), suffix, columns, delimiter, decimal).positions


class _Text:
    """The lines of a file."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.encoding = raw, find_encoding(raw)
        with self._open() as lines:
            start = _EXCEL.fullmatch(lines.readline(20).rstrip("\r\n"))
        # Excel's own way to say the delimiter: a first line "sep=;".
        self.delimiter = start[1] if start else None

    def blocks(self, after: int) -> Iterator[tuple[int, list[str]]]:
        """Yield the lines after a number of lines, with the number of the first."""
        with self._open() as stream:
            first = 1 + sum(1 for _ in islice(stream, after))
            while lines := stream.readlines(BLOCK):
                last = first + len(lines) - 1
                if last > MAX_LINES or max(map(len, lines)) > MAX_LINE:
                    wide = [first + i for i, s in enumerate(lines) if len(s) > MAX_LINE]
                    raise ValueError(_too_large(min([*wide, MAX_LINES + 1])))
                yield first, lines
                first = last + 1

    def sample(self, after: int) -> list[tuple[int, str]]:
        """Return the first lines that hold more than a comment: few if they are long.

        Each has its number.
        """
        found, size = [], 0
        for block in self.blocks(after):
            for number, line in without_comments(*block):
                found.append((number, line))
                size += len(line)
                if len(found) == SAMPLE or (len(found) > 1 and size > BLOCK):
                    return found
        return found

    def _open(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(self.raw), self.encoding)


def without_comments(first: int, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold more than a comment, each with its number."""
    for number, line in enumerate(lines, first):
        if "#" in line:
            if '"' not in line:
                line = line.partition("#")[0]
            elif comment := _BEFORE_COMMENT.match(line):
                line = comment[1]
        if line and not line.isspace() and not line.lstrip().startswith(_COMMENTS):
            yield number, line.rstrip(" \n")


def _without_comments_at_once(lines: list[str]) -> list[str]:
    """Return the lines, which have no quotes, that hold more than a comment."""
    joined = "".join(lines)
    if "#" in joined:
        lines = [line.partition("#")[0] for line in lines]
    if "%" in joined or "/" in joined:
        lines = [line for line in lines if not line.lstrip().startswith(_COMMENTS)]
    return [line for line in lines if line and not line.isspace()]


class _Head:
    """What the first lines of a file say: its delimiter, names and width."""

    def __init__(
        self,
        text: _Text,
        suffix: str,
        columns: Sequence[int | str] | None,
        delimiter: str | None,
        decimal: str | None,
    ) -> None:
        self.after = 0 if text.delimiter is None else 1
        sample = text.sample(self.after)
        if not sample:
            raise ValueError("an empty file; expected one point a line")
        self.decimal = decimal
        self.is_told = delimiter is not None or text.delimiter is not None
        self.has_doubt = not self.is_told and decimal is None
        if delimiter is not None:
            self.delimiter = DELIMITERS[delimiter]
        elif text.delimiter is not None:
            self.delimiter = text.delimiter
        else:
            lines = [line for _, line in sample]
            self.delimiter = find_delimiter(lines, suffix, decimal)
        self.split = make_splitter(self.delimiter)
        rows = [(number, self.split(line, number)) for number, line in sample[:2]]
        self.names: tuple[str, ...] | None = None
        if is_names(rows[0][1], columns):
            self.after, cells = rows.pop(0)
            self.names = tuple(cell.strip() for cell in cells)
        if not rows:
            raise ValueError("no points below the names of the columns")
        self.number, self.first = rows[0]
        self.width = len(self.first)
        ends = [line.rstrip().endswith(self.delimiter or "\0") for _, line in sample]
        self.has_empty_end = all(ends[-len(ends) // 2 :]) and self.first[-1] == ""
        self.has_row_names = False
        if self.names is not None:
            self._check_names(self.names)
        self.columns = columns
        self.positions = self._positions()

    def _check_names(self, names: tuple[str, ...]) -> None:
        if len(names) == self.width - 1:
            # R gives the column of the rows' names no name of its own.
            self.has_row_names = not self.has_empty_end
            self.names = ("", *names) if self.has_row_names else (*names, "")
        elif len(names) != self.width:
            are_halves = self.width == 2 * len(names) and self.delimiter == ","
            raise ValueError(
                f"line {self.number}: found {self.width} columns, "
                f"{split_words(self.delimiter)}; expected {len(names)}, as in the line "
                f"of names{_SEMICOLONS if are_halves else ''}"
            )
        elif not any(map(is_value, self.first)):
            raise ValueError(
                f"line {self.number}: a second line of names, or one of units; remove "
                "one of them"
            )

    def _positions(self) -> tuple[int, ...]:
        last = self.width - 1
        if self.columns is None:
            return tuple(range(self.width))
        positions = tuple(
            self._named(column) if isinstance(column, str) else column
            for column in self.columns
        )
        if not positions or not 0 <= min(positions) <= max(positions) <= last:
            wanted = shown(str(list(self.columns)), 60)
            raise InputsError(f"columns {wanted} of {last + 1}; expected 0 to {last}")
        return positions

    def _named(self, column: str) -> int:
        names = self.names or ()
        found = [i for i, name in enumerate(names) if name == column.strip()]
        if len(found) == 1:
            return found[0]
        known = shown(", ".join(f"'{name}'" for name in names), 200)
        problem = f"{len(found)} columns" if found else "no column"
        hint = "" if found else did_you_mean(column, names)
        raise InputsError(
            f"{problem} '{shown(column, 60)}'{hint} in the line of names, {known}; "
            f"expected one, or a position from 0 to {self.width - 1}"
        )


_SEMICOLONS = (
    "; if the commas are decimal marks, save the file with semicolons between columns"
)


class _Body:
    """The points of a file: reads lines, in blocks where they are all alike."""

    def __init__(self, head: _Head) -> None:
        self.head = head
        self.values = [array("d") for _ in head.positions]
        self.comma = ""  # the first number with a comma, and its line
        self.all_thousands = True
        self.has_point = False
        # As many names as columns leave no doubt that commas separate columns.
        self.in_doubt = (
            head.delimiter == ","
            and head.has_doubt
            and (head.names is None or head.has_row_names)
        )
        # Whether each line may be one number with a decimal comma.
        self.are_pairs = self.in_doubt and head.width == 2
        # So pandas names columns; few tables of points begin with 0, 1, …
        counted = [str(i) for i in range(head.width)]
        self.may_be_names = head.names is None and head.first == counted

    def check_size(self, number: int) -> None:
        """Raise a ValueError if there are too many numbers before a line."""
        if sum(map(len, self.values)) > MAX_NUMBERS:
            raise ValueError(_too_large(number))

    def read_block(self, lines: list[str]) -> bool:
        """Read lines that are all alike; return False, and read none, if they differ.

        This is ten times as fast as line by line.
        """
        head = self.head
        if '"' in "".join(lines):
            lines = [line for _, line in without_comments(1, lines)]
        else:
            lines = _without_comments_at_once(lines)
        cells = self._cells(lines)
        if cells is None:
            return False
        columns = [cells[position :: head.width] for position in head.positions]
        text = " ".join(chain.from_iterable(columns))
        if not text.isascii() or "_" in text:
            return False
        if "," in text:
            if head.decimal == "." or "." in text or not self.comma:
                return False
            columns = [[cell.replace(",", ".") for cell in c] for c in columns]
        elif head.decimal == "," and "." in text:
            return False
        if self.in_doubt and _HALVES.search("\n".join(lines)):
            return False
        try:
            numbers = [list(map(float, column)) for column in columns]
        except ValueError:
            return False
        for values, more in zip(self.values, numbers, strict=True):
            values.extend(more)
        self.has_point = self.has_point or "." in text
        if "," in text and self.all_thousands:
            self.all_thousands = _NO_THOUSANDS.search(text) is None
        if self.are_pairs:
            self.are_pairs = all(map(_PAIR.fullmatch, lines))
        return True

    def _cells(self, lines: list[str]) -> list[str] | None:
        """Split lines that all have the expected width; return None if one has not."""
        delimiter, width = self.head.delimiter, self.head.width
        rows: list[list[str]] | None
        if any('"' in line for line in lines):
            rows = _rows(lines, delimiter)
            if rows is None:
                return None
        elif delimiter is None:
            rows = list(map(str.split, lines))
        else:
            if {line.count(delimiter) for line in lines} - {width - 1}:
                return None
            return delimiter.join(lines).split(delimiter) if lines else []
        if any(len(row) != width for row in rows):
            return None
        return list(chain.from_iterable(rows))

    def read_line(self, number: int, line: str) -> None:
        """Read one line."""
        head = self.head
        cells = head.split(line, number)
        if len(cells) != head.width:
            raise ValueError(
                f"line {number}: found {len(cells)} columns, "
                f"{split_words(head.delimiter)}; expected {head.width}, as in the "
                "lines before it"
            )
        halves = _HALVES.search(line) if self.in_doubt else None
        if halves is not None:
            raise InputsError(_one_or_two(halves[1], number))
        self.are_pairs = self.are_pairs and _PAIR.fullmatch(line) is not None
        chosen = [cells[position].strip() for position in head.positions]
        for values, cell in zip(self.values, chosen, strict=True):
            values.append(self._number(cell, number, cells))

    def _number(self, cell: str, number: int, cells: Sequence[str]) -> float:
        text, decimal = cell, self.head.decimal
        if "," in cell and decimal != "." and DECIMAL_COMMA.fullmatch(cell):
            if not self.comma:
                self.comma = f"line {number}: found '{shown(cell, 40)}'"
            if self.all_thousands:
                self.all_thousands = _THOUSANDS.fullmatch(cell) is not None
            text = cell.replace(",", ".")
        elif "." in cell and decimal == ",":
            text = ""
        # Python's float accepts 1_000 and the digits of other scripts; no other reader
        # of tables does.
        if text.isascii() and "_" not in text and is_number(text):
            self.has_point = self.has_point or "." in cell
            return float(text)
        raise ValueError(
            f"line {number}: found '{shown(cell, 60)}'; expected numbers, such as -1.5 "
            f"or 1e-3{self._remedy(cell, cells)}"
        )

    def _remedy(self, cell: str, cells: Sequence[str]) -> str:
        head = self.head
        others = [*range(head.width - 1)]
        if head.is_told and head.width == 1:
            return f", {split_words(head.delimiter)} as the suite or the file says"
        if not cell and head.has_empty_end and others:
            return (
                "; each line ends with a delimiter: name the columns, such as columns: "
                f"{others}"
            )
        known = remedy(cell, head.decimal)
        if known or head.columns is not None:
            return known
        readable = [i for i, other in enumerate(cells) if is_number(other)]
        if not readable:
            return ""
        return (
            "; if a column holds no numbers, name those to use, such as columns: "
            f"{readable}"
        )

    def table(self) -> Table:
        """Return the table, or refuse one that can be read in two ways."""
        head = self.head
        values = np.stack([np.frombuffer(column) for column in self.values], axis=1)
        if self.comma and head.decimal is None:
            self._check_commas()
        has_index = head.has_row_names and head.columns is None
        if self.are_pairs and not (has_index and counts_rows(values[:, 0])):
            raise InputsError(_one_or_two(",".join(head.first), head.number))
        if self.may_be_names and len(values) > 1 and not _is_even(values):
            zero, line = head.first[0], ",".join(head.first)
            raise InputsError(
                f"line {head.number}: found '{shown(line, 40)}', which may be names of "
                f"columns, as pandas writes them, or a point; write columns: "
                f"{shown(str(head.first))} for names; for a point write {zero}.0 for "
                f"{zero} in the file"
            )
        note = f", {split_words(head.delimiter)}"
        if head.has_row_names:
            note += "; the first has no name, as a column with names of rows"
        if self.in_doubt and head.width % 2 == 0 and not self.has_point:
            note += _SEMICOLONS
        return Table(values, head.names, head.width, note)

    def _check_commas(self) -> None:
        if self.has_point:
            raise ValueError(
                f"{self.comma}, but other numbers have a point; expected one decimal "
                "mark in all numbers, and nothing between thousands"
            )
        if self.all_thousands:
            raise InputsError(
                f"{self.comma}, whose comma may be a decimal mark or separate "
                "thousands; write decimal: ',' for the first, or take the commas out "
                "of the file"
            )


def _rows(lines: list[str], delimiter: str | None) -> list[list[str]] | None:
    """Split lines with quotes at once; return None if a quote is out of place."""
    if delimiter is None:
        joined = "\n".join(lines)
        bare = _QUOTED_WORD.sub(r"\1", joined)
        if '"' in bare:
            return None
        return [row for row in map(str.split, bare.split("\n")) if row]
    try:
        rows = quoted_rows(lines, delimiter)
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) else None


def counts_rows(column: np.ndarray) -> bool:
    """Whether the numbers of a column count the rows, from 0 or from 1."""
    if len(column) < 2 or column[0] not in (0, 1):
        return False
    return bool((column == np.arange(len(column)) + column[0]).all())


def _is_even(table: np.ndarray) -> bool:
    """Whether a table is one column of equally spaced numbers."""
    steps = np.diff(table[:, 0])
    is_even = len(steps) > 1 and np.allclose(steps, steps[0], rtol=1e-3, atol=0)
    return table.shape[1] == 1 and bool(is_even)


def _one_or_two(found: str, number: int) -> str:
    return (
        f"line {number}: found '{shown(found, 40)}', which looks like a number with a "
        "decimal comma but may be two numbers; write decimal: ',' for the first, or "
        "delimiter: ',' for the second"
    )


def _too_large(number: int) -> str:
    return (
        f"line {number}: more than {MAX_LINES} lines, {MAX_LINE} characters in one "
        f"line, or {MAX_NUMBERS} numbers; save an array (.npy)"
    )
