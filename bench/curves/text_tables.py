"""Tables of numbers in text: the delimiter and the decimal mark are recognised.

Whatever can be read in two ways is refused, with the key of the suite that says which.
"""

import codecs
import csv
import io
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

import numpy as np

from bench.base import InputsError, did_you_mean, shown

MAX_NUMBERS = 2_000_000
MAX_LINES = 1_001_000  # comments included
MAX_LINE = 100_000  # characters
SAMPLE = 200  # lines from which the delimiter is recognised
# The suite's word → the character between columns; None: any blanks.
DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t", "whitespace": None}
_SPLIT_AT = {
    ",": "commas",
    ";": "semicolons",
    "|": "bars",
    "\t": "tabs",
    None: "blanks",
}
_COMMENTS = ("%", "//")  # at the start of a line; # anywhere
_BEFORE_COMMENT = re.compile(r'((?:[^"#]|"[^"]*")*)#')
_EXCEL = re.compile(r'\ufeff?"?sep=(.)"?', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_WORD = re.compile(r'"((?:[^"]|"")*)"|([^\s"]+)')
_INNER_COMMA = re.compile(r"\d,\d")
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d+,\d*|,\d+)(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+")
# "-3,000" and "-0,5" are no two whole numbers: none is written 000 or -0.
_HALVES = re.compile(r"(?:^|,)(?:-0,\d+|[-+]?\d+,0\d+)(?=\s*(?:,|$))")
_PAIR = re.compile(r"\s*[-+]?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+),\d+\s*")
_SEPARATORS = "'\u2019 \u00a0\u2009\u202f"
_LIKE_NUMBER = re.compile(
    rf"[-+\u2212\u2013]?[\d.,_{_SEPARATORS}]*\d[\d.,_{_SEPARATORS}]*"
    r"(?:[eEdD][-+]?\d+)?%?"
)
_MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?", "."}


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
        The columns to read, by position or name; all by default.
    delimiter, decimal
        A key of `DELIMITERS` and "." or ","; by default they are recognised.

    Raises
    ------
    InputsError
        If the text can be read in two ways, or lacks a column that was asked for.
    ValueError
        If the text is no table of numbers.
    """
    start = _Start(raw, suffix, columns, delimiter, decimal)
    return start.table()


def find_columns(
    raw: bytes,
    suffix: str,
    columns: Sequence[int | str],
    delimiter: str | None = None,
    decimal: str | None = None,
) -> tuple[int, ...]:
    """Return the positions of columns that are given by position or name."""
    start = _Start(raw, suffix, columns, delimiter, decimal)
    return start.positions or ()


class _Start:
    """The first lines of a file: its encoding, delimiter, names and width."""

    def __init__(
        self,
        raw: bytes,
        suffix: str,
        columns: Sequence[int | str] | None,
        delimiter: str | None,
        decimal: str | None,
    ) -> None:
        self.text = _Text(raw)
        sample = list(islice(self.text, SAMPLE))
        if not sample:
            raise ValueError("an empty file; expected one point a line")
        self.decimal, self.told = decimal, True
        if delimiter is not None:
            self.mark = DELIMITERS[delimiter]
        elif self.text.separator is not None:
            self.mark = self.text.separator
        else:
            # The first line may hold names, in which any character may stand.
            body = [line for _, line in sample[1:] or sample]
            self.mark, self.told = _delimiter(body, suffix, decimal), False
        self.split = _splitter(self.mark)
        number, line = sample[0]
        cells = self.split(line, number)
        self.names: tuple[str, ...] | None = None
        if _is_names(cells, columns):
            if len(sample) == 1:
                raise ValueError("no points below the names of the columns")
            self.names = tuple(cell.strip() for cell in cells)
            number, line = sample[1]
            cells = self.split(line, number)
        self.width = len(cells)
        self.last_is_empty = not cells[-1].strip()
        self.has_row_names = False
        if self.names is not None and len(self.names) == self.width - 1:
            # R gives the column of the rows' names no name of its own.
            at_end = self.last_is_empty
            self.has_row_names = not at_end
            self.names = (*self.names, "") if at_end else ("", *self.names)
        if self.names is not None and len(self.names) != self.width:
            halves = self.width == 2 * len(self.names) and self.mark == ","
            raise ValueError(
                f"line {number}: found {self.width} columns{self._split_at()}; "
                f"expected {len(self.names)}, as in the line of names"
                + (
                    "; if the commas are decimal marks, separate the columns by "
                    "semicolons"
                    if halves
                    else ""
                )
            )
        self.positions = self._positions(columns)

    def table(self) -> Table:
        """Read all lines."""
        lines = iter(self.text)
        if self.names is not None:
            next(lines)
        # As many names as columns leave no doubt that commas separate columns.
        in_doubt = self.mark == "," and not self.told
        in_doubt = in_doubt and (self.names is None or self.has_row_names)
        numbers = _Numbers(self)
        values = array("d")
        pick = _picker(self.positions)
        # Whether each line may be one number with a decimal comma.
        are_pairs = in_doubt and self.width == 2
        may_be_names = self.names is None
        first: list[str] = []
        for count, (number, line) in enumerate(lines):
            if len(values) > MAX_NUMBERS:
                raise ValueError(_too_large(number))
            cells = self.split(line, number)
            if len(cells) != self.width:
                raise ValueError(
                    f"line {number}: found {len(cells)} columns{self._split_at()}; "
                    f"expected {self.width}, as in the lines before it"
                )
            if in_doubt and (",0" in line or "-0" in line):
                halves = _HALVES.search(line)
                if halves is not None:
                    raise InputsError(_one_or_two(halves[0].strip(" ,"), number))
            are_pairs = are_pairs and _PAIR.fullmatch(line) is not None
            chosen = pick(cells)
            if may_be_names and count == 0:
                first = cells
                may_be_names = cells == [str(i) for i in range(self.width)]
            elif may_be_names:
                may_be_names = all("." in cell or "e" in cell for cell in chosen)
            values.extend(numbers.read(chosen, line, number))
        numbers.check()
        n_columns = self.width if self.positions is None else len(self.positions)
        table = np.frombuffer(values).reshape(-1, n_columns)
        if are_pairs and not (self.positions is None and counts(table[:, 0])):
            raise InputsError(_one_or_two(line.strip(), number))
        if may_be_names and not _is_even(table):
            raise InputsError(
                f"the first line, '{shown(','.join(first), 40)}', may hold names, as "
                f"pandas writes them, or a point; write columns: {first} for names; "
                f"for a point write {float(first[0])} for {first[0]} in the file"
            )
        note = self._split_at()
        if self.has_row_names:
            note += "; the first has no name, as a column of row names"
        return Table(table, self.names, self.width, note)

    def _split_at(self) -> str:
        return f", split at {_SPLIT_AT.get(self.mark, self.mark)}"

    def _positions(self, columns: Sequence[int | str] | None) -> tuple[int, ...] | None:
        if columns is None:
            return None
        last = self.width - 1
        positions = []
        for column in columns:
            if isinstance(column, str):
                positions.append(self._named(column))
            elif 0 <= column <= last:
                positions.append(column)
            else:
                wanted = shown(str(list(columns)), 60)
                raise InputsError(
                    f"columns {wanted} of {last + 1}; expected 0 to {last}"
                )
        if not positions:
            raise InputsError(f"columns [] of {last + 1}; expected 0 to {last}")
        return tuple(positions)

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


class _Text:
    """The lines of a file that hold something, each with its number from 1."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.encoding = raw, _encoding(raw)
        with self._open() as lines:
            start = _EXCEL.fullmatch(lines.readline(20).rstrip("\r\n"))
        # Excel's own way to say the delimiter.
        self.separator = start[1] if start else None

    def __iter__(self) -> Iterator[tuple[int, str]]:
        with self._open() as lines:
            for number, line in enumerate(lines, 1):
                if number > MAX_LINES or len(line) > MAX_LINE:
                    raise ValueError(_too_large(number))
                if "#" in line:
                    comment = _BEFORE_COMMENT.match(line) if '"' in line else None
                    line = comment[1] if comment else line.partition("#")[0]
                if not line or line.isspace() or line.lstrip().startswith(_COMMENTS):
                    continue
                if number > 1 or self.separator is None:
                    yield number, line.rstrip("\n")

    def _open(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(self.raw), self.encoding)


def _encoding(raw: bytes) -> str:
    """Recognise an encoding by its byte order mark; else UTF-8, or Latin-1.

    In Latin-1 every byte is a character, and numbers are as they are in ASCII.
    """
    marks = {
        "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
        "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    }
    for encoding, starts in marks.items():
        if raw.startswith(starts):
            raw.decode(encoding)
            return encoding
    if raw.startswith((b"\x1f\x8b", b"PK\x03\x04", b"\x93NUMPY", b"%PDF")):
        raise ValueError(
            "its first bytes are those of another format; expected text, or the file "
            "under its own suffix (.gz, .npy)"
        )
    if b"\0" in raw:
        raise ValueError(
            "it holds null bytes, as UTF-16 without a byte order mark does; save it as "
            "text in UTF-8"
        )
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _too_large(number: int) -> str:
    return (
        f"line {number}: more than {MAX_LINES} lines, {MAX_LINE} characters in one "
        f"line, or {MAX_NUMBERS} numbers; save an array (.npy)"
    )


def _delimiter(lines: Sequence[str], suffix: str, decimal: str | None) -> str | None:
    """Recognise what separates the columns of some lines."""
    bare = [_QUOTED.sub("", line) for line in lines]
    for mark in (";", "|"):
        if 2 * sum(mark in line for line in bare) >= len(bare):
            return mark
    commas = [line for line in bare if "," in line]
    has_inner = any(map(_INNER_COMMA.search, commas))
    tabs = {line.count("\t") for line in bare}
    if 0 not in tabs and (has_inner or not commas):
        # Blanks beside tabs, or tabs that align, are whitespace.
        if suffix in (".csv", ".tsv"):
            return "\t"
        cells = [cell for line in bare for cell in line.split("\t")]
        is_one_each = len(tabs) == 1 and all(len(c.split()) == 1 for c in cells)
        return "\t" if is_one_each else None
    if not commas or (decimal == "," and has_inner):
        return None
    if not has_inner:
        return ","
    words = [line.split() for line in bare]
    if all(len(w) > 1 and all(map(_may_be_number, w)) for w in words):
        return None  # 1,5 2,5
    if suffix == ".csv":
        return ","
    if any(map(_is_split_by_commas, commas)):
        return ","
    raise InputsError(
        f"found '{shown(commas[0].strip(), 40)}', whose comma may be a decimal mark or "
        "separate two columns; write decimal: ',' for the first, or delimiter: ',' for "
        "the second"
    )


def _may_be_number(word: str) -> bool:
    return _DECIMAL_COMMA.fullmatch(word) is not None or _is_number(word)


def _is_split_by_commas(line: str) -> bool:
    """Whether the commas of a line separate columns, and are no decimal marks."""
    if re.search(r",\s|,\s*[-+.]", line.strip()):
        return True
    return any("," in word and "." in word for word in line.split())


def _one_or_two(found: str, number: int) -> str:
    return (
        f"line {number}: found '{shown(found, 40)}', which looks like a number with a "
        "decimal comma but may be two numbers; write decimal: ',' for the first, or "
        "delimiter: ',' for the second"
    )


def _splitter(mark: str | None) -> Callable[[str, int], list[str]]:
    """Return the function that splits a line, given with its number, into cells."""

    def split(line: str, number: int) -> list[str]:
        if '"' not in line:
            return line.split(mark)
        if mark is None:
            rest = _WORD.sub("", line)
            if rest.strip():
                raise ValueError(f"line {number}: a quote that does not end")
            return [a.replace('""', '"') or b for a, b in _WORD.findall(line)]
        try:
            reader = csv.reader(
                [line], delimiter=mark, skipinitialspace=True, strict=True
            )
            return next(reader)
        except (csv.Error, StopIteration) as error:
            raise ValueError(f"line {number}: a quote out of place ({error})") from None

    return split


def _picker(positions: tuple[int, ...] | None) -> Callable[[list[str]], Sequence[str]]:
    if positions is None:
        return lambda cells: cells
    if len(positions) == 1:
        [position] = positions
        return lambda cells: (cells[position],)
    return itemgetter(*positions)


def _is_names(cells: Sequence[str], columns: Sequence[int | str] | None) -> bool:
    """Whether the first line of a file holds the names of its columns."""
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:  # each line ends with a delimiter
        cells.pop()
    if len(cells) > 1 and not cells[0]:  # the unnamed column of an index
        rest = cells[1:]
        counted = rest == [str(i) for i in range(len(rest))]
        return counted or not any(map(_is_value, rest))
    if columns is not None:
        if any(isinstance(column, str) for column in columns):
            return True
        chosen = [
            cells[i] for i in columns if isinstance(i, int) and 0 <= i < len(cells)
        ]
        return bool(chosen) and not any(map(_is_value, chosen))
    return bool(cells) and not any(map(_is_value, cells))


def _is_value(cell: str) -> bool:
    """Whether a cell looks like a number, in any notation, or like a missing one."""
    is_like = _LIKE_NUMBER.fullmatch(cell) is not None
    return is_like or cell.lower() in _MISSING or _is_number(cell)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Numbers:
    """Reads cells as numbers and remembers which decimal marks they have."""

    def __init__(self, start: _Start) -> None:
        self.start = start
        self.decimal = start.decimal
        self.comma = ""  # the first cell with a decimal comma, and its line
        self.all_thousands = True
        self.has_point = False

    def read(self, cells: Sequence[str], line: str, number: int) -> Iterable[float]:
        """Return the numbers of some cells of a line."""
        if not self.has_point and "." in line:
            self.has_point = any("." in cell for cell in cells)
        # Python's float accepts 1_000 and the digits of other scripts; no other reader
        # of tables does.
        if self.decimal != "," and line.isascii() and "_" not in line:
            try:
                return list(map(float, cells))
            except ValueError:
                pass
        return [self._number(cell.strip(), number) for cell in cells]

    def _number(self, cell: str, number: int) -> float:
        text = cell
        if "," in cell and self.decimal != "." and _DECIMAL_COMMA.fullmatch(cell):
            if not self.comma:
                self.comma = f"line {number}: found '{shown(cell, 40)}'"
            if self.all_thousands:
                self.all_thousands = _THOUSANDS.fullmatch(cell) is not None
            text = cell.replace(",", ".")
        elif "." in cell and self.decimal == ",":
            text = ""
        if text.isascii() and "_" not in text and _is_number(text):
            return float(text)
        raise ValueError(
            f"line {number}: found '{shown(cell, 60)}'; expected numbers, such as -1.5 "
            f"or 1e-3{self._hint(cell)}"
        )

    def check(self) -> None:
        """Refuse commas that need not be decimal marks."""
        if not self.comma or self.decimal is not None:
            return
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

    def _hint(self, cell: str) -> str:
        if "." in cell and self.decimal == "," and "," not in cell:
            return ", with decimal: ',' as the suite says"
        width = self.start.width
        if not cell and self.start.last_is_empty and width > 1:
            return (
                "; each line ends with a delimiter: name the columns, such as columns: "
                f"{[*range(width - 1)]}"
            )
        if cell.lower() in _MISSING:
            return "; fill the missing value, or remove its line"
        if _LIKE_NUMBER.fullmatch(cell):
            if cell[0] in "\u2212\u2013":
                return f"; write '-' for the sign U+{ord(cell[0]):04X}"
            if re.search("[dD]", cell):
                return "; write e for d"
            if any(c in cell for c in _SEPARATORS + ",") or cell.count(".") > 1:
                return "; write them without separators of thousands"
            return ""
        if self.start.positions is None and width > 1:
            return (
                "; if a column holds no numbers, name the others, such as columns: "
                f"[{width - 1}]"
            )
        return ""


def counts(column: np.ndarray) -> bool:
    """Whether the numbers of a column count the rows, from 0 or from 1."""
    if len(column) < 2 or column[0] not in (0, 1):
        return False
    return bool((column == np.arange(len(column)) + column[0]).all())


def _is_even(table: np.ndarray) -> bool:
    """Whether a table is one column of equally spaced numbers."""
    steps = np.diff(table[:, 0])
    is_even = len(steps) < 2 or np.allclose(steps, steps[0], rtol=1e-3, atol=0)
    return table.shape[1] == 1 and bool(is_even)
