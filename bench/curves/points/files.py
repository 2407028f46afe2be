"""Files of input points: text or NumPy arrays, plain or packed by gzip."""

import io
import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.base import InputsError, located, shown
from bench.curves.arrays import bounded
from bench.curves.points.text_tables import Table, counts_rows, find_columns, read_table
from bench.curves.unpacking import read_unpacked

MAX_TEXT = 32 * 2**20  # bytes; so much text takes a second to read, unlike an array
_TEXTS = (".csv", ".tsv", ".txt", ".dat")
_INDEX_NAMES = ("", "unnamed: 0", "index", "id", "row", "rownames")


def read_points(
    path: str | Path,
    columns: Sequence[int | str] | None,
    max_bytes: int,
    delimiter: str | None = None,
    decimal: str | None = None,
    n_inputs: int | None = None,
) -> np.ndarray:
    """Read points from .csv, .tsv, .txt, .dat or .npy, or one of these packed as .gz.

    Text has one point a line, and may begin with a line of names. What separates its
    columns, and its decimal mark, are recognised; text that can be read in two ways is
    refused. Arrays are never unpickled.

    Parameters
    ----------
    columns
        The columns to keep, by position or by name; all by default.
    max_bytes
        The largest size of a file, before and after decompression.
    delimiter, decimal
        What separates the columns of text (a key of `dialects.DELIMITERS`) and its
        decimal mark ("." or ","); by default they are recognised.
    n_inputs
        The number of columns that the library reads. A file with more is refused unless
        `columns` says which.

    Returns
    -------
    array of shape (n_points, n_columns), float64, finite

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputsError
        If the file holds no table of numbers, or too many, or can be read in two ways.
    """
    path = Path(path)
    raw, kind = _unpacked(path, max_bytes)
    try:
        if kind == ".npy":
            _refuse_text_options(columns, delimiter, decimal)
            values = _array(raw)
            table = Table(values, None, values.shape[1])
        else:
            table = read_table(raw, kind, columns, delimiter, decimal)
    except InputsError as error:
        raise InputsError(f"{path}: {error}") from None
    except Exception as error:  # NumPy parses a header as Python, which raises anything
        raise InputsError(
            f"{path}: not a table of numbers: {shown(str(error), 400)}"
        ) from None
    with located(str(path)):
        if columns is None:
            _refuse_more_columns(table, n_inputs)
        chosen = columns if kind == ".npy" else None
        return _finite(table.values, chosen)


def column_positions(
    path: str | Path,
    columns: Sequence[int | str],
    max_bytes: int,
    delimiter: str | None = None,
    decimal: str | None = None,
) -> tuple[int, ...]:
    """Return the positions of a file's columns that are given by position or name."""
    positions = tuple(column for column in columns if isinstance(column, int))
    if len(positions) == len(columns):
        return positions
    raw, kind = _unpacked(Path(path), max_bytes)
    return find_columns(raw, kind, columns, delimiter, decimal)


def _unpacked(path: Path, max_bytes: int) -> tuple[bytes, str]:
    """Return the unpacked bytes of a file and its suffix without .gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((s for s in reversed(suffixes) if s != ".gz"), ".txt")
    if kind not in (*_TEXTS, ".npy"):
        raise InputsError(
            f"{path}: unknown kind of file '{kind}'; expected {', '.join(_TEXTS)}, "
            ".npy, .gz"
        )
    raw = read_unpacked(path, max_bytes, "input points", InputsError)
    if len(raw) > max_bytes:
        raise InputsError(
            f"{path}: more than {max_bytes} bytes unpacked; expected fewer points"
        )
    if kind != ".npy" and len(raw) > MAX_TEXT:
        raise InputsError(
            f"{path}: {len(raw)} bytes of text; expected at most {MAX_TEXT}: save an "
            "array (.npy)"
        )
    return raw, kind


def _array(raw: bytes) -> np.ndarray:
    """Read a .npy file; its header is checked against the length of the file."""
    if raw.startswith(b"PK"):
        raise ValueError("an archive; expected one array (.npy)")
    stream, headers = io.BytesIO(raw), np.lib.format
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of headers from Python 2
        if headers.read_magic(stream) == (1, 0):
            shape, fortran, dtype = headers.read_array_header_1_0(stream)
        else:  # version 3 differs only in names of fields, which are refused below
            shape, fortran, dtype = headers.read_array_header_2_0(stream)
    if dtype.hasobject:
        raise ValueError("Object arrays hold pickles, which are never loaded")
    count = math.prod(shape)
    if count * dtype.itemsize > len(raw) - stream.tell():
        raise ValueError(f"the file is too short for the shape {shape} of its header")
    has_points = all(type(length) is int and length > 0 for length in shape)
    if len(shape) not in (1, 2) or not has_points or dtype.kind not in "fiu":
        raise ValueError(
            f"found shape {shown(str(shape), 40)} and type {shown(str(dtype), 40)}; "
            "expected numbers of shape (n_points, n_inputs)"
        )
    flat = np.frombuffer(raw, dtype, count, stream.tell())
    return flat.reshape((shape[0], -1), order="F" if fortran else "C")


def _refuse_text_options(
    columns: Sequence[int | str] | None, delimiter: str | None, decimal: str | None
) -> None:
    if delimiter is not None or decimal is not None:
        raise InputsError("an array has no delimiter and no decimal mark; remove them")
    names = [column for column in columns or () if isinstance(column, str)]
    if names:
        raise InputsError(
            f"columns: found '{shown(names[0], 40)}', but an array has no names of "
            "columns; expected positions, from 0"
        )


def _refuse_more_columns(table: Table, n_inputs: int | None) -> None:
    """Refuse columns that the library does not read, or that count the points."""
    width, everything = table.width, [*range(table.width)]
    named = ""
    if table.names is not None:
        named = f" ({', '.join(repr(shown(name, 20)) for name in table.names[:6])}"
        named += ", …)" if width > 6 else ")"
    if width > 1 and _is_index(table):
        start = "0, 1, 2" if table.values[0, 0] == 0 else "1, 2, 3"
        raise InputsError(
            f"found {width} columns{named}; the first counts {start}, … as an index "
            f"does: write columns: {everything[1:]} to leave it out, or columns: "
            f"{everything} to keep it"
        )
    if n_inputs is not None and width > n_inputs:
        raise InputsError(
            f"found {width} columns{named}{table.note}; the library reads {n_inputs}: "
            f"name the columns to use, such as columns: {everything[:n_inputs]}"
        )


def _is_index(table: Table) -> bool:
    """Whether the first column only counts the points."""
    if not counts_rows(table.values[:, 0]):
        return False
    if table.names is not None:
        return table.names[0].lower() in _INDEX_NAMES
    others = table.values[:, 1:]
    return len(others) > 2 and bool((others != np.floor(others)).any())


def _finite(table: np.ndarray, columns: Sequence[int | str] | None) -> np.ndarray:
    """Return some columns of a table as double precision numbers, which are finite."""
    if columns is not None:
        positions = [column for column in columns if isinstance(column, int)]
        last = table.shape[1] - 1
        if not positions or not 0 <= min(positions) <= max(positions) <= last:
            wanted = shown(str(positions), 60)
            raise InputsError(f"columns {wanted} of {last + 1}; expected 0 to {last}")
        bounded(len(table), len(positions))
        table = table[:, positions]
    bounded(*table.shape)
    points: np.ndarray = table.astype(np.float64)
    not_finite = np.argwhere(~np.isfinite(points))
    if len(not_finite):
        i, j = not_finite[0]
        raise InputsError(
            f"holds values that are not finite: {points[i, j]} in point {i + 1}; "
            "expected finite numbers"
        )
    return points
