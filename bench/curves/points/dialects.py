"""Dialects of text tables: encoding, delimiter, names of columns, decimal marks."""

import codecs
import csv
import re
from collections.abc import Callable, Sequence

from bench.base import InputsError, shown

# The suite's word → the character between columns; None: any blanks.
DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t", "whitespace": None}
_SPLIT_AT = {
    ",": "commas",
    ";": "semicolons",
    "|": "bars",
    "\t": "tabs",
    None: "blanks",
}
_QUOTED = re.compile(r'"[^"]*"')
_WORD = re.compile(r'"((?:[^"]|"")*)"|([^\s"]+)')
_INNER_COMMA = re.compile(r"\d,\d")
_COMMA_THAT_SPLITS = re.compile(r",\s|,\s*[-+.]")
DECIMAL_COMMA = re.compile(r"[-+]?(?:\d+,\d*|,\d+)(?:[eE][-+]?\d+)?")
SEPARATORS = "'\u2019 \u00a0\u2009\u202f"  # between thousands
# What begins like a number, in any notation, is no name.
_LIKE_NUMBER = re.compile(r"[\[({<'\s]*[-+\u2212\u2013]?[.,]?\d")
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?", "."}
_PIECE = 2**20  # bytes decoded at a time
_OTHER_FORMATS = (b"\x1f\x8b", b"PK\x03\x04", b"\x93NUMPY", b"%PDF")


def find_encoding(raw: bytes) -> str:
    """Recognise an encoding by its byte order mark; else UTF-8, or Latin-1.

    In Latin-1 every byte is a character, and numbers are as they are in ASCII.

    Raises
    ------
    ValueError
        If the bytes are no text.
    """
    marks = {
        "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
        "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    }
    for encoding, starts in marks.items():
        if raw.startswith(starts):
            _decode(raw, encoding)
            return encoding
    if raw.startswith(_OTHER_FORMATS):
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
        _decode(raw, "utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _decode(raw: bytes, encoding: str) -> None:
    """Raise a ValueError unless bytes are text, a piece at a time to save memory."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(raw), _PIECE):
        decoder.decode(raw[start : start + _PIECE])
    decoder.decode(b"", final=True)


def find_delimiter(
    lines: Sequence[str], suffix: str, decimal: str | None
) -> str | None:
    """Recognise what separates the columns of some lines; None stands for blanks.

    Parameters
    ----------
    lines
        The first lines of a file, without comments.
    suffix
        Of the file's name: ".csv" says that commas separate columns.
    decimal
        The decimal mark, if the suite says it.

    Raises
    ------
    InputsError
        If a comma may be a delimiter or a decimal mark.
    """
    words = re.split(r"[;|,\s]+", lines[0].strip())
    if len(lines) > 1 and not any(map(is_value, words)):
        lines = lines[1:]  # names, in which any character may stand
    bare = [_QUOTED.sub("", line) for line in lines]
    for mark in (";", "|"):
        if 2 * sum(mark in line for line in bare) >= len(bare):
            return mark
    commas = [line for line in bare if "," in line]
    has_inner = any(map(_INNER_COMMA.search, commas))
    if (has_inner or not commas) and _has_tabs(bare, suffix):
        return "\t"
    if not commas or (decimal == "," and has_inner):
        return None
    if not has_inner:
        return ","
    rows = [line.split() for line in bare]
    if all(len(row) > 1 and all(map(_may_be_number, row)) for row in rows):
        return None  # 1,5 2,5
    if suffix == ".csv" or decimal == "." or any(map(_is_split_by_commas, commas)):
        return ","
    raise InputsError(
        f"found '{shown(commas[0].strip(), 40)}', whose comma may be a decimal mark or "
        "separate two columns; write decimal: ',' for the first, or delimiter: ',' for "
        "the second"
    )


def _has_tabs(lines: Sequence[str], suffix: str) -> bool:
    """Whether tabs separate the columns; beside other blanks they are blanks."""
    counts = {line.count("\t") for line in lines}
    if 0 in counts:
        return False
    if suffix in (".csv", ".tsv"):
        return True
    cells = [cell for line in lines for cell in line.split("\t")]
    return len(counts) == 1 and all(len(cell.split()) == 1 for cell in cells)


def _may_be_number(word: str) -> bool:
    return DECIMAL_COMMA.fullmatch(word) is not None or is_number(word)


def _is_split_by_commas(line: str) -> bool:
    """Whether a comma of a line separates columns, and is no decimal mark."""
    if _COMMA_THAT_SPLITS.search(line.strip()):
        return True
    return any("," in word and "." in word for word in line.split())


def split_words(delimiter: str | None) -> str:
    """Say what separates the columns, for a message."""
    return f"split at {_SPLIT_AT.get(delimiter, repr(delimiter))}"


def make_splitter(delimiter: str | None) -> Callable[[str, int], list[str]]:
    """Return the function that splits a line, given with its number, into cells."""

    def split(line: str, number: int) -> list[str]:
        if '"' not in line:
            return line.split(delimiter)
        if delimiter is None:
            if '"' in _WORD.sub("", line):
                raise ValueError(f"line {number}: a quote that does not end")
            return [a.replace('""', '"') or b for a, b in _WORD.findall(line)]
        try:
            [cells] = quoted_rows([line], delimiter)
        except (csv.Error, ValueError) as error:
            raise ValueError(f"line {number}: a quote out of place ({error})") from None
        return cells

    return split


def quoted_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Split lines with quotes; a quote that goes on to the next line joins them."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    return list(reader)


def is_names(cells: Sequence[str], columns: Sequence[int | str] | None) -> bool:
    """Whether the first line of a file holds the names of its columns.

    Parameters
    ----------
    columns
        The columns that the suite asks for: other columns may hold anything.
    """
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:  # each line ends with a delimiter
        cells.pop()
    if len(cells) > 1 and not cells[0]:  # the unnamed column of an index
        rest = cells[1:]
        counted = rest == [str(i) for i in range(len(rest))]
        return counted or not any(map(is_value, rest))
    if columns is not None:
        if any(isinstance(column, str) for column in columns):
            return True
        cells = [c for i, c in enumerate(cells) if i in columns] or cells
    return bool(cells) and not any(map(is_value, cells))


def is_value(cell: str) -> bool:
    """Whether a cell looks like a number, in any notation, or like a missing one."""
    is_like = _LIKE_NUMBER.match(cell) is not None
    return is_like or cell.lower() in MISSING or is_number(cell)


def is_number(text: str) -> bool:
    """Whether Python reads a text as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def remedy(cell: str, decimal: str | None) -> str:
    """Say what to do about a cell that is no number; empty if nothing is known."""
    if decimal == "," and "." in cell:
        return ", with decimal: ',' as the suite says, and nothing between thousands"
    if cell.lower() in MISSING:
        return "; fill the missing value, or remove its line"
    if not _LIKE_NUMBER.match(cell):
        return ""
    if cell[0] in "\u2212\u2013":
        return f"; write '-' for the sign U+{ord(cell[0]):04X}"
    if re.fullmatch(r"[-+]?[\d.]+[dD][-+]?\d+", cell):
        return "; write e for d"
    if re.fullmatch(rf"[-+]?[0-9.,{SEPARATORS}]+", cell):
        return "; write them without separators of thousands"
    return ""
