"""Files of Weka and of the archive (.arff): attributes, then a line a curve.

A curve has a number for each attribute; or, of several channels, one relational
attribute whose text holds the channels, with a backslash and an n between them.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.base import shown
from bench.curves.recorded.raw import (
    MAX_CHANNELS,
    MAX_POINTS,
    RawCurves,
    Rows,
    Wanted,
    floats,
)
from bench.curves.recorded.tables import Columns, find_columns, index_note
from bench.curves.recorded.text_lines import license_in, lines_of

_NUMBERS = ("numeric", "real", "integer")
# A word in quotes of either kind, in which a backslash protects a quote. Written so
# that the engine keeps a place to return to for each backslash, not each character.
_QUOTED = r"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s'\"]\S*)\s+(.*)", re.IGNORECASE)
_CELL = re.compile(rf"\s*({_QUOTED}|[^,'\"]*)\s*(,|$)")
_END_OF_CHANNEL = re.compile(r"\\n|\n")


@dataclass
class _Head:
    """The attributes of a file: their names, and what they hold."""

    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)  # "number", "class", …
    classes: list[list[str]] = field(default_factory=list)
    relational: str = ""  # the attribute whose parts are being named
    n_parts: int = 0
    has_data: bool = False

    def read(self, number: int, line: str) -> None:
        """Read a line that begins with @."""
        word = line.split(maxsplit=1)[0].lower()
        if word == "@data":
            self.has_data = True
        elif word == "@end":
            self.relational = ""
        elif word == "@attribute":
            found = _ATTRIBUTE.fullmatch(line)
            if found is None:
                raise ValueError(
                    f"line {number}: found '{shown(line, 60)}'; expected @attribute, "
                    "a name and a type"
                )
            self._add(number, _bare(found[1]), found[2].strip())

    def _add(self, number: int, name: str, kind: str) -> None:
        word = kind.split(maxsplit=1)[0].lower()
        if self.relational:
            self.n_parts += 1
            if word not in _NUMBERS:
                raise ValueError(
                    f"line {number}: found {shown(kind, 40)} inside the relational "
                    f"attribute '{shown(self.relational, 40)}'; expected numeric"
                )
            return
        if len(self.names) > MAX_POINTS + 100:
            raise ValueError(f"line {number}: more than {MAX_POINTS} attributes")
        classes: list[str] = []
        if kind.startswith("{"):
            if not kind.endswith("}"):
                raise ValueError(
                    f"line {number}: found '{shown(kind, 60)}'; expected the classes "
                    "in braces, {a,b}"
                )
            classes, word = [_bare(c) for c in _cells(kind[1:-1], number)], "class"
        elif word in _NUMBERS:
            word = "number"
        elif word == "relational":
            self.relational = name
        elif word not in ("string", "date"):
            raise ValueError(
                f"line {number}: found the type '{shown(kind, 40)}'; expected numeric, "
                "real, integer, relational, or classes in braces, {a,b}"
            )
        self.names.append(name)
        self.kinds.append(word)
        self.classes.append(classes)

    def label(self, wanted: int | str | None) -> int:
        """Return the position of the attribute with the classes."""
        nominal = [i for i, kind in enumerate(self.kinds) if kind == "class"]
        if isinstance(wanted, int):
            return wanted if wanted < len(self.names) else self._refuse(nominal)
        if wanted is not None:
            named = [i for i, n in enumerate(self.names) if n == wanted.strip()]
            return named[0] if len(named) == 1 else self._refuse(nominal, wanted)
        if nominal and nominal[-1] == len(self.names) - 1:
            return nominal[-1]  # the archive and Weka have the class last
        return nominal[0] if len(nominal) == 1 else self._refuse(nominal)

    def _refuse(self, nominal: Sequence[int], wanted: str | None = None) -> int:
        known = ", ".join(f"'{shown(self.names[i], 40)}'" for i in nominal[:6])
        found = (
            f"no attribute '{shown(wanted, 40)}'" if wanted else "no class at the end"
        )
        have = f"these have classes: {known}" if known else "none has classes, {a,b}"
        raise ValueError(
            f"{found}; {have}; expected label: with the name or the position, from 0, "
            "of the attribute with the classes"
        )


def read_arff(raw: bytes, wanted: Wanted) -> RawCurves:
    """Read an .arff file.

    Raises
    ------
    ValueError
        If the file is none, has no classes, or curves of unequal length.
    """
    head, rows, license = _Head(), Rows(), ""
    columns: Columns | None = None
    index: list[str] = []
    for number, text in lines_of(raw):
        line = text.strip()
        if not line:
            continue
        if line.startswith("%"):
            license = license or license_in(line)
        elif not head.has_data:
            if not line.startswith("@"):
                raise ValueError(
                    f"line {number}: found '{shown(line, 40)}'; expected @relation, "
                    "@attribute, or @data before the curves"
                )
            head.read(number, line)
        else:
            cells = _cells(line, number)
            if columns is None:
                columns = _columns(head, wanted)
            if len(cells) != len(head.names):
                raise ValueError(
                    f"line {number}: found {len(cells)} fields; expected "
                    f"{len(head.names)}, one for each attribute"
                )
            label = _bare(cells[columns.label])
            _check_class(head, columns.label, label, number)
            channels = _channels(head, columns, cells, number)
            rows.add(number, channels, label)
            if columns.groups is not None:
                rows.groups.append(_bare(cells[columns.groups]))
            if columns.index is not None:
                index.append(_bare(cells[columns.index]))
    if not head.has_data:
        raise ValueError("no line @data; expected @attribute lines, @data, and curves")
    if columns is None:
        raise ValueError("no curves after @data; expected a line for each")
    notes: tuple[str, ...] = ()
    if columns.index is not None:
        notes = (index_note(head.names[columns.index], index),)
    return RawCurves(
        rows.array(),
        rows.labels,
        rows.places,
        groups=rows.groups if columns.groups is not None else None,
        x=columns.x,
        license=license,
        notes=notes,
    )


def _columns(head: _Head, wanted: Wanted) -> Columns:
    if not head.names:
        raise ValueError("no @attribute before @data; expected one for each field")
    label = head.label(wanted.label)
    # What an attribute holds stands for a cell of it: a number, or text.
    sample = ["0" if kind == "number" else kind for kind in head.kinds]
    is_relational = "relational" in head.kinds
    if is_relational:
        sample = ["0" if kind == "relational" else kind for kind in head.kinds]
    columns = find_columns(head.names, [sample], label, wanted.groups)
    if is_relational and len(columns.values) > 1:
        names = ", ".join(f"'{shown(head.names[i], 30)}'" for i in columns.values[:4])
        raise ValueError(
            f"found the attributes {names}; expected one relational attribute with all "
            "channels, beside the classes"
        )
    # The archive numbers attributes (att0, …): they say nothing of the points.
    notes = () if columns.x is None else columns.notes
    return Columns(
        columns.label,
        columns.groups,
        columns.index,
        columns.values,
        columns.x if not is_relational else None,
        notes=notes,
    )


def _check_class(head: _Head, position: int, label: str, number: int) -> None:
    known = head.classes[position]
    if known and label not in known and label != "?":
        raise ValueError(
            f"line {number}: found the class '{shown(label, 40)}'; expected one of "
            f"{shown(', '.join(known), 200)}, as its attribute says"
        )


def _channels(
    head: _Head, columns: Columns, cells: list[str], number: int
) -> list["array[float]"]:
    if head.kinds[columns.values[0]] != "relational":
        return [floats([cells[i] for i in columns.values], None, number)]
    parts = _END_OF_CHANNEL.split(_unquoted(cells[columns.values[0]]))
    if len(parts) > MAX_CHANNELS:
        raise ValueError(f"line {number}: more than {MAX_CHANNELS} channels")
    channels = []
    for part in parts:
        if part.count(",") >= MAX_POINTS:
            raise ValueError(f"line {number}: more than {MAX_POINTS} points")
        channels.append(floats(part.split(","), None, number))
    return channels


def _cells(line: str, number: int) -> list[str]:
    """Split a line at commas outside quotes; the quotes stay."""
    if line.startswith("{"):
        raise ValueError(
            f"line {number}: found a sparse line, in braces; expected all values"
        )
    if line.count(",") > MAX_POINTS + 100 and "'" not in line and '"' not in line:
        raise ValueError(f"line {number}: more than {MAX_POINTS} fields")
    if "'" not in line and '"' not in line:
        return line.split(",")
    cells, position = [], 0
    while True:
        found = _CELL.match(line, position)
        if found is None:
            raise ValueError(
                f"line {number}: a quote out of place near "
                f"'{shown(line[position : position + 40])}'"
            )
        cells.append(found[1])
        position = found.end()
        if not found[2]:
            return cells


def _unquoted(cell: str) -> str:
    cell = cell.strip()
    if len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "'\"":
        return cell[1:-1]
    return cell


def _bare(cell: str) -> str:
    """Return a name without its quotes and backslashes."""
    return re.sub(r"\\(.)", r"\1", _unquoted(cell)).strip()
