"""Tables that fit the terminal: a number is whole or not there.

If a table is too wide, columns are left out, the least important first, and a line
below says which. Then names are shortened, and the columns that are left stand in
several blocks below each other. Output that does not go to a terminal has all columns,
as plain aligned text: fields are two or more spaces apart, and none is empty.
"""

import errno
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.cli.output.terminal import replaced, wrap

Mark = Literal["best", "near"]
MARKS: Mapping[Mark, str] = {"best": "*", "near": "≈"}

NAMES = ("dataset", "classifier")  # columns whose texts may be shortened
_LEFT = (*NAMES, "verdict", "why")  # columns aligned to the left
_GAP = 2  # spaces between columns
_SHORTEST = 7  # characters of a name that was shortened
_UNLIMITED = 100_000  # columns of a file or a pipe


class _Console(Console):
    """A console that raises an error if the reader of its output has ended."""

    def on_broken_pipe(self) -> None:
        # rich would end the process with exit code 1, which belongs to the gate.
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def output_console() -> Console:
    """Make a console on standard output; what is not a terminal has no width.

    The console is given the stream, whose encoding decides how lines are drawn. The
    variable COLUMNS sets a width for both.
    """
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = None if is_terminal or os.environ.get("COLUMNS", "") else _UNLIMITED
    return _Console(file=sys.stdout, highlight=False, width=width)


def error_console() -> Console:
    """Make a console on standard error."""
    return _Console(file=sys.stderr, stderr=True, highlight=False)


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str = "",
    drop_order: Sequence[str] = (),
    names: Collection[str] = NAMES,
    split: bool = False,
    marks: Mapping[tuple[int, str], Mark] | None = None,
    styles: Sequence[str | None] | None = None,
    elsewhere: str = "",
    console: Console | None = None,
) -> tuple[str, ...]:
    """Print a table whose numbers are whole at any width.

    Parameters
    ----------
    columns
        The headers, all different. A long one is wrapped between words.
    rows
        Values of each row, printed by `str`.
    drop_order
        The columns that are left out if the table is too wide, the first one first.
    names
        Columns whose texts are shortened in the middle if that does not suffice. Those
        at the left are repeated where columns stand in several blocks.
    split : bool
        Whether to use several blocks before names are shortened.
    marks
        Row number and column → whether this score is the best, or not distinguishable
        from the best; see `explain_marks`.
    styles
        The rich style of each row, such as "bold red".
    elsewhere
        Where the columns that are left out can be read, such as "see README.md".
    console
        By default `output_console()`.

    Returns
    -------
    tuple of str
        The columns that were left out.
    """
    console = console or output_console()
    table = _Texts.of(columns, rows, marks or {}, console)
    blocks, dropped = _fit(table, console.width, drop_order, names, split)
    if title:
        print_text(title, console)
    for number, block in enumerate(blocks):
        if number:
            console.out("")
        _print_block(table, block, styles, console)
    if dropped:
        where = elsewhere or "a wider terminal shows more"
        print_text(f"not shown at this width: {', '.join(dropped)}; {where}", console)
    return dropped


def count_blocks(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    names: Collection[str] = NAMES,
    marks: Mapping[tuple[int, str], Mark] | None = None,
    console: Console | None = None,
) -> int:
    """Return in how many blocks `print_table` with `split` prints a table."""
    console = console or output_console()
    table = _Texts.of(columns, rows, marks or {}, console)
    return len(_fit(table, console.width, (), names, split=True)[0])


def print_text(text: str, console: Console | None = None) -> None:
    """Print a text, wrapped between words; a word is never broken."""
    console = console or output_console()
    for line in wrap(_in_encoding(text, console), console.width).split("\n"):
        console.out(line, highlight=False)


def explain_marks(alpha: float) -> str:
    """Explain the marks of a table in one line."""
    return (
        f"{MARKS['best']} the best; {MARKS['near']} not distinguishable from the best "
        f"({100 * (1 - alpha):g}% intervals, simultaneous over all pairs)"
    )


def shorten(texts: Sequence[str], width: int, mark: str = "…") -> list[str]:
    """Shorten texts in the middle to at most `width` characters.

    They are cut where texts that differ still differ, if there is such a place.

    Parameters
    ----------
    mark
        Stands for what is left out.
    """
    if all(cell_len(text) <= width for text in texts):
        return list(texts)
    room = max(0, width - cell_len(mark))
    heads = sorted(range(room + 1), key=lambda head: (abs(2 * head - room), head))
    n_different = len(set(texts))
    first: list[str] = []
    for head in heads:
        found = [_shortened(text, width, head, room - head, mark) for text in texts]
        if len(set(found)) == n_different:
            return found
        first = first or found
    return first


def _shortened(text: str, width: int, head: int, tail: int, mark: str) -> str:
    if cell_len(text) <= width:
        return text
    return _first(text, head) + mark + _first(text[::-1], tail)[::-1]


def _first(text: str, width: int) -> str:
    """Return as many characters of a text as fit; some are two columns wide."""
    end = 0
    while end < len(text) and cell_len(text[: end + 1]) <= width:
        end += 1
    return text[:end]


@dataclass(frozen=True)
class _Texts:
    """The texts of a table, in characters that the terminal can show.

    Attributes
    ----------
    headers : tuple of str, shape (n_columns,)
    cells : tuple of lists of str, shape (n_columns, n_rows)
    is_best : set of (row, column)
    ellipsis
        Stands for the middle of a name that is shortened.
    """

    columns: tuple[str, ...]
    headers: tuple[str, ...]
    cells: tuple[list[str], ...]
    is_best: frozenset[tuple[int, int]]
    ellipsis: str

    @classmethod
    def of(
        cls,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        marks: Mapping[tuple[int, str], Mark],
        console: Console,
    ) -> "_Texts":
        marked = {column for _, column in marks}
        cells = []
        for position, column in enumerate(columns):
            texts = []
            for number, row in enumerate(rows):
                text = str(row[position])
                # Numbers stay below each other: one without a mark has a space there.
                mark = marks.get((number, column))
                text += MARKS[mark] if mark else " " if column in marked else ""
                if not text.strip() and not console.is_terminal:
                    text = "–"  # a program would take the next field for this one
                texts.append(_in_encoding(text, console))
            cells.append(texts)
        best = {
            (number, list(columns).index(column))
            for (number, column), mark in marks.items()
            if mark == "best"
        }
        return cls(
            tuple(columns),
            tuple(_in_encoding(column, console) for column in columns),
            tuple(cells),
            frozenset(best),
            _in_encoding("…", console),
        )

    def longest_word(self, column: int) -> int:
        """Return the width of the longest word of a header."""
        return max(map(cell_len, self.headers[column].split()), default=0)

    def natural(self, column: int) -> int:
        """Return the width of a column whose header is wrapped, but no word broken."""
        cells = map(cell_len, self.cells[column])
        return max(self.longest_word(column), max(cells, default=0))

    def one_line(self, column: int) -> int:
        """Return the width of a column whose header stands in one line."""
        return max(self.natural(column), cell_len(self.headers[column]))


_Block = dict[int, int]  # the columns of a block → their widths


def _fit(
    table: _Texts,
    width: int,
    drop_order: Sequence[str],
    names: Collection[str],
    split: bool,
) -> tuple[list[_Block], tuple[str, ...]]:
    """Decide which columns are shown, how wide they are, and in which block."""
    shown = {i: table.natural(i) for i in range(len(table.columns))}
    dropped = []
    for column in drop_order:
        if _total(shown.values()) <= width:
            break
        if column in table.columns:
            del shown[table.columns.index(column)]
            dropped.append(column)
    is_name = {i for i in shown if table.columns[i] in names}
    if not split:
        _narrow(table, shown, is_name, width)
    blocks = list(_split(table, shown, is_name, width))
    for block in blocks:
        _widen(table, block, width)
    return blocks, tuple(c for c in table.columns if c in dropped)


def _total(widths: Collection[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _narrow(table: _Texts, block: _Block, is_name: Collection[int], width: int) -> None:
    """Shorten names, the longest first, until the columns fit, or none is long."""
    least = {i: max(_SHORTEST, table.longest_word(i)) for i in block if i in is_name}
    while _total(block.values()) > width:
        long = [i for i in least if block[i] > least[i]]
        if not long:
            return
        block[max(long, key=block.__getitem__)] -= 1


def _split(
    table: _Texts, shown: _Block, is_name: Collection[int], width: int
) -> Iterator[_Block]:
    """Put columns into as few blocks as fit, each with the names at the left."""
    leading: _Block = {}
    for i in shown:
        if i not in is_name:
            break
        leading[i] = shown[i]
    rest = {i: w for i, w in shown.items() if i not in leading}
    if not rest or _total(shown.values()) <= width:
        yield shown
        return
    beside = max(rest.values()) + _GAP
    _narrow(table, leading, leading.keys(), width - beside)
    room = width - _total(leading.values())
    ends = _ends(list(rest.values()), room)
    columns = list(rest)
    for start, end in zip([0, *ends], ends, strict=False):
        yield leading | {i: rest[i] for i in columns[start:end]}


def _ends(widths: Sequence[int], room: int) -> list[int]:
    """Return where blocks of columns end: as few as fit, of about the same size."""
    ends: list[int] = []
    used = 0
    for number, width in enumerate(widths):
        used += width + _GAP
        if number and used > room:
            ends.append(number)
            used = width + _GAP
    ends.append(len(widths))
    n = len(ends)
    even = [(number + 1) * len(widths) // n for number in range(n)]
    blocks = zip([0, *even], even, strict=False)
    fit = all(sum(widths[a:b]) + _GAP * (b - a) <= room for a, b in blocks)
    return even if fit else ends


def _widen(table: _Texts, block: _Block, width: int) -> None:
    """Give headers that were wrapped one line, from the left, where there is room."""
    for i in block:
        wanted = table.one_line(i) - block[i]
        is_short = block[i] < table.natural(i)
        if not is_short and 0 < wanted <= width - _total(block.values()):
            block[i] += wanted


def _print_block(
    table: _Texts, block: _Block, styles: Sequence[str | None] | None, console: Console
) -> None:
    is_terminal = console.is_terminal
    lines = Table(
        box=box.SIMPLE_HEAD if is_terminal else None,
        show_edge=False,
        pad_edge=False,
        # The box itself has one space between columns.
        padding=(0, _GAP - is_terminal, 0, 0),
        header_style="bold" if is_terminal else "none",
    )
    columns = []
    for i, width in block.items():
        is_left = table.columns[i] in _LEFT
        header = Text(table.headers[i], justify="left" if is_left else "right")
        lines.add_column(header, width=width)
        texts = shorten(table.cells[i], width, table.ellipsis)
        # Not by rich, which would remove the space of numbers without a mark.
        columns.append(texts if is_left else [_to_the_right(t, width) for t in texts])
    for number, row in enumerate(zip(*columns, strict=True)):
        bold = ["bold" if (number, i) in table.is_best else "" for i in block]
        cells = [Text(t, style) for t, style in zip(row, bold, strict=True)]
        lines.add_row(*cells, style=styles[number] if styles else None)
    before = console.width
    console.width = max(before, _total(block.values()))  # or rich would cut numbers
    try:
        if is_terminal:
            console.print(lines)
            return
        with console.capture() as captured:
            console.print(lines)
    finally:
        console.width = before
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _to_the_right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _in_encoding(text: str, console: Console) -> str:
    return replaced(text, console.encoding)
