"""Tables of curves as text (.csv, .tsv, .txt): a line a curve, of any dialect."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from operator import itemgetter

from bench.base import InputsError, shown
from bench.curves.points.dialects import (
    DECIMAL_COMMA,
    DELIMITERS,
    find_delimiter,
    is_number,
    is_value,
    make_splitter,
    split_words,
)
from bench.curves.points.text_tables import counts_rows
from bench.curves.recorded.raw import (
    MAX_POINTS,
    UNEQUAL,
    RawCurves,
    Rows,
    Wanted,
    counted,
    floats,
)
from bench.curves.recorded.tables import Columns, find_columns, index_note, numeric
from bench.curves.recorded.text_lines import license_in, lines_of

SAMPLE = 200  # lines from which the dialect is recognised
_SAMPLE_SIZE = 2**20  # characters
_LONGEST = 2**22  # characters of a line: 40 in each column
_COMMENTS = ("#", "%", "//")  # above the table
_EXCEL = re.compile(r'\ufeff?"?sep=(.)"?', re.IGNORECASE)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+")
_HALF = re.compile(r"-0|[-+]?0\d+")  # of a number with a decimal comma, cut in two
_TITLES = ("class", "classes", "group", "label", "labels", "target", "y")
_MAX_COLUMNS = MAX_POINTS + 100


def read_text(raw: bytes, suffix: str, wanted: Wanted) -> RawCurves:
    """Read a table of text: a line a curve, with a column of classes.

    Raises
    ------
    InputsError
        If the text can be read in two ways.
    ValueError
        If it is no table of curves; the message names the line.
    """
    table = _Table(raw, suffix, wanted)
    columns = table.columns
    rows, index = Rows(), []
    chosen = _chooser(columns.values)
    groups = columns.groups
    for number, cells in table.rows():
        numbers = floats(chosen(cells), table.decimal, number)
        rows.add(number, [numbers], cells[columns.label].strip())
        if groups is not None:
            rows.groups.append(cells[groups].strip())
        if columns.index is not None:
            index.append(cells[columns.index].strip())
        if any(cells[i].strip() for i in columns.empty):
            raise ValueError(
                f"line {number}: a cell below no name is not empty; name its column"
            )
    if not rows.places:
        raise ValueError("no curves; expected a line for each")
    values, notes = rows.array(), columns.notes
    if columns.index is not None and table.names is not None:
        notes = (*notes, index_note(table.names[columns.index], index))
    if table.names is None and len(values) > 2 and counts_rows(values[:, 0, 0]):
        values = values[:, :, 1:]
        notes = (*notes, "a column counts the curves and was left out")
    return RawCurves(
        values,
        rows.labels,
        rows.places,
        groups=rows.groups if groups is not None else None,
        x=columns.x,
        license=table.license,
        notes=notes,
    )


def _chooser(positions: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what takes the cells at some positions out of a row."""
    part = slice(positions[0], positions[-1] + 1)
    if len(positions) == part.stop - part.start:
        return itemgetter(part)
    return itemgetter(*positions)


class _Table:
    """The dialect, the names and the columns of a table of text."""

    def __init__(self, raw: bytes, suffix: str, wanted: Wanted) -> None:
        self.raw, self.wanted, self.license = raw, wanted, ""
        self.has_quotes = b'"' in raw
        self.after = 0  # lines above the first row
        told, titles = self._top()
        sample = self._sample()
        if not sample:
            raise ValueError("an empty file; expected a line for each curve")
        lines = [line for _, line in sample]
        if wanted.delimiter is not None:
            self.delimiter = DELIMITERS[wanted.delimiter]
        elif told is not None:
            self.delimiter = told
        else:
            self.delimiter = find_delimiter(lines, suffix, wanted.decimal)
        self.is_told = wanted.delimiter is not None or told is not None
        split = make_splitter(self.delimiter)
        rows = [(number, _stripped(split(line, number))) for number, line in sample]
        rows = [(number, cells) for number, cells in rows if any(cells)]
        if titles and len(split(titles, 0)) == len(rows[0][1]) > 1:
            rows.insert(0, (self.after, _stripped(split(titles, 0))))
        self.names = self._names(rows)
        self.width = len(rows[0][1]) if self.names is None else len(self.names)
        if self.width > _MAX_COLUMNS:
            raise ValueError(f"{self.width} columns; expected at most {_MAX_COLUMNS}")
        equal = [cells for _, cells in rows if len(cells) == self.width]
        if not equal:
            self._refuse_width(rows[0][0], len(rows[0][1]))
        self.decimal = self._decimal(equal)
        self.columns: Columns = find_columns(
            self.names, equal, wanted.label, wanted.groups, self.decimal
        )
        # As many names as columns leave no doubt that commas separate columns.
        if self.delimiter == "," and self.names is None and not self.is_told:
            self._refuse_halves(rows)

    def _top(self) -> tuple[str | None, str]:
        """Read what is above the table: Excel's delimiter, comments, names as one."""
        told, titles = None, ""
        for number, line in lines_of(self.raw, _LONGEST):
            text = line.strip()
            if number == 1 and (excel := _EXCEL.fullmatch(text)):
                told = excel[1]
            elif text.startswith(_COMMENTS):
                self.license = self.license or license_in(text)
                # So np.savetxt writes names.
                titles = text.lstrip("#%/").strip()
            elif text:
                break
            self.after = number
        return told, titles

    def _sample(self) -> list[tuple[int, str]]:
        found, size = [], 0
        for number, line in lines_of(self.raw, _LONGEST):
            if number <= self.after or line.isspace():
                continue
            found.append((number, line.rstrip("\r\n")))
            size += len(line)
            if len(found) > SAMPLE or (len(found) > 2 and size > _SAMPLE_SIZE):
                break
        return found

    def _names(self, rows: list[tuple[int, list[str]]]) -> list[str] | None:
        """Take the line of names off the rows, if there is one."""
        number, first = rows[0]
        if not self._has_names([cells for _, cells in rows]):
            return None
        self.after = max(self.after, number)
        del rows[0]
        if not rows:
            raise ValueError("no curves below the names of the columns")
        names = [name.strip() for name in first]
        if len(names) == len(rows[0][1]) - 1:
            # R gives the column of the rows' names no name of its own; and a delimiter
            # may end each line but the first.
            at_end = not any(cells[-1] for _, cells in rows)
            names = [*names, ""] if at_end else ["", *names]
        return names

    def _has_names(self, rows: list[list[str]]) -> bool:
        """Whether the first row holds names: as the suite's label says, or by looks."""
        first, others = rows[0], rows[1:]
        wanted = (self.wanted.label, self.wanted.groups)
        if any(isinstance(column, str) for column in wanted):
            return True
        if self.wanted.label is None and any(c.casefold() == "label" for c in first):
            return True
        values = [c for i, c in enumerate(first) if i not in wanted and c]
        if not all(map(_is_like_value, values)):
            return True
        if self.wanted.label is None or not others:
            return False
        i = int(self.wanted.label)
        if i >= len(first):
            return False
        if first == [str(k) for k in range(len(first))] and len(first) > 2:
            # So pandas names columns; whole numbers alone leave a doubt.
            if any("." in cell or "," in cell for row in others for cell in row):
                return True
            raise InputsError(
                f"found '{shown(','.join(first), 40)}' in the first line, which may be "
                "names of columns, as pandas writes them, or a curve; write names, "
                "such as label,0,1, … in the file"
            )
        labels = {row[i] for row in others if i < len(row)}
        if is_number(first[i]) or first[i] in labels:
            return False
        if first[i].casefold() in _TITLES or all(map(is_number, labels)):
            return True
        points = [numeric(c, self.wanted.decimal) for c in values]
        known = [point for point in points if point is not None]
        if len(known) < len(values) or not _is_ordered(known):
            return False
        raise InputsError(
            f"found '{shown(' '.join(first), 40)}' in the first line, which may be "
            "names of columns or a curve; for names write label: "
            f"{shown(first[i], 40)} in the suite; for a curve write a line of names "
            "above it"
        )

    def _decimal(self, rows: list[list[str]]) -> str | None:
        """Recognise the decimal mark of some rows."""
        if self.wanted.decimal is not None:
            return self.wanted.decimal
        left_out = (self.wanted.label, self.wanted.groups)
        cells = [c for row in rows for i, c in enumerate(row) if i not in left_out]
        commas = [cell for cell in cells if DECIMAL_COMMA.fullmatch(cell)]
        if not commas:
            return None
        if all(map(_THOUSANDS.fullmatch, commas)):
            raise InputsError(
                f"found '{shown(commas[0], 40)}', whose comma may be a decimal mark or "
                "separate thousands; write decimal: ',' for the first, or take the "
                "commas out of the file"
            )
        points = [c for c in cells if "." in c and is_number(c)]
        if points:
            raise ValueError(
                f"found '{shown(commas[0], 40)}' and '{shown(points[0], 40)}'; "
                "expected one decimal mark in all numbers, and nothing between "
                "thousands"
            )
        return ","

    def _refuse_halves(self, rows: list[tuple[int, list[str]]]) -> None:
        if self.wanted.decimal or any("." in c for _, cells in rows for c in cells):
            return
        for number, cells in rows:
            for left, right in pairwise(cells):
                both = is_number(left) and is_number(right)
                if both and (_HALF.fullmatch(right.strip()) or left.strip() == "-0"):
                    found = f"{left.strip()},{right.strip()}"
                    raise InputsError(
                        f"line {number}: found '{shown(found, 40)}', which looks like "
                        "a number with a decimal comma but may be two numbers; write "
                        "delimiter: ',' for the second; for the first save the file "
                        "with semicolons between columns"
                    )

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the cells of each line below the names, with its number."""
        for number, cells in self._split_rows():
            if len(cells) == self.width:
                if any(cells):
                    yield number, cells
            elif any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                self._refuse_width(number, len(cells))

    def _split_rows(self) -> Iterator[tuple[int, list[str]]]:
        lines = (
            (number, line)
            for number, line in lines_of(self.raw, _LONGEST)
            if number > self.after
        )
        if self.has_quotes and self.delimiter is not None:
            yield from self._quoted_rows(line for _, line in lines)
            return
        split = make_splitter(self.delimiter)
        for number, line in lines:
            if line.isspace():
                continue
            if self.delimiter is not None and line.count(self.delimiter) > _MAX_COLUMNS:
                self._refuse_width(number, line.count(self.delimiter) + 1)
            yield number, split(line.rstrip("\r\n"), number)

    def _quoted_rows(self, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
        # A cell may go on in the next line.
        reader = csv.reader(
            lines, delimiter=self.delimiter or ",", skipinitialspace=True, strict=True
        )
        while True:
            number = self.after + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise ValueError(
                    f"line {number}: a quote out of place ({error})"
                ) from None
            if cells:
                yield number, cells

    def _refuse_width(self, number: int, found: int) -> None:
        like = "the line of names" if self.names is not None else "the first line"
        remedy = f": {UNEQUAL}"
        if self.delimiter == "," and found > self.width:
            remedy = (
                "; if the commas are decimal marks, save the file with semicolons "
                "between columns"
            )
        raise ValueError(
            f"line {number}: found {counted(found, 'column')}, "
            f"{split_words(self.delimiter)}; expected {self.width}, as in {like}"
            f"{remedy}"
        )


def _stripped(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _is_like_value(cell: str) -> bool:
    return is_value(cell) and (is_number(cell) or not re.search(r"[A-Za-z]{2}", cell))


def _is_ordered(x: Sequence[float]) -> bool:
    pairs = list(pairwise(x))
    return len(x) > 2 and (all(a < b for a, b in pairs) or all(a > b for a, b in pairs))
