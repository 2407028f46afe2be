"""Input points: the points at which every curve of a dataset is evaluated."""

import io
import math
import warnings
import zlib
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import (
    InputsError,
    MissingFileError,
    did_you_mean,
    located,
    read_bytes,
    shown,
)

MAX_POINTS = 1_000_000
MAX_VALUES = 4_000_000  # points × columns
MAX_TEXT = 32 * 2**20  # bytes; so much text takes a second to read, unlike an array
MAX_NUMBERS = 2_000_000
MAX_LINES = MAX_POINTS + 1000  # comments included
MAX_LINE = 100_000  # characters


def read_points(
    path: str | Path, columns: Sequence[int] | None, max_bytes: int
) -> np.ndarray:
    """Read points from .csv, .txt or .npy, or one of these compressed as .gz.

    Text has one point a line. Its columns are separated by commas (.csv, which may
    begin with one line of names) or by blanks (.txt, .gz). Arrays are never unpickled.

    Parameters
    ----------
    columns
        The columns to keep; all by default.
    max_bytes
        The largest size of a file, before and after decompression.

    Returns
    -------
    array of shape (n_points, n_columns), float64, finite
    """
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((s for s in reversed(suffixes) if s != ".gz"), ".txt")
    if kind not in (".csv", ".txt", ".npy"):
        raise InputsError(
            f"{path}: unknown kind of file '{kind}'; expected .csv, .txt, .npy, .gz"
        )
    raw = _read(path, max_bytes)
    if kind != ".npy" and len(raw) > MAX_TEXT:
        raise InputsError(
            f"{path}: {len(raw)} bytes of text; expected at most {MAX_TEXT}: save an "
            "array (.npy)"
        )
    try:
        delimiter = "," if kind == ".csv" else None
        table = _array(raw) if kind == ".npy" else _table(raw, delimiter)
    except Exception as error:  # NumPy parses a header as Python, which raises anything
        raise InputsError(
            f"{path}: not a table of numbers: {shown(str(error))}"
        ) from None
    with located(str(path)):
        return _selected(table, columns)


def _selected(table: np.ndarray, columns: Sequence[int] | None) -> np.ndarray:
    if columns is None:
        bounded(*table.shape)
    else:
        last = table.shape[1] - 1
        if not columns or not 0 <= min(columns) <= max(columns) <= last:
            wanted = shown(str(list(columns)), 60)
            raise InputsError(f"columns {wanted} of {last + 1}; expected 0 to {last}")
        bounded(len(table), len(columns))
        table = table[:, list(columns)]
    points: np.ndarray = table.astype(np.float64)
    not_finite = np.argwhere(~np.isfinite(points))
    if len(not_finite):
        i, j = not_finite[0]
        raise InputsError(
            f"holds values that are not finite: {points[i, j]} in point {i + 1}; "
            "expected finite numbers"
        )
    return points


def _read(path: Path, limit: int) -> bytes:
    try:
        raw = read_bytes(path, limit)
        if path.suffix.lower() == ".gz" and len(raw) <= limit:
            # Not `gzip`, which reads on through any number of members and any padding.
            packed = zlib.decompressobj(wbits=31)
            raw = packed.decompress(raw, limit + 1)
            if len(raw) <= limit and (not packed.eof or packed.unused_data):
                raise zlib.error("not one whole member; compress it again with gzip")
    except FileNotFoundError:
        raise MissingFileError(f"no file of input points at {path}") from None
    except (OSError, zlib.error) as error:
        reason = getattr(error, "strerror", error)
        raise InputsError(f"{path}: cannot be read: {reason}") from None
    if len(raw) > limit:
        raise InputsError(
            f"{path}: more than {limit} bytes unpacked; expected fewer points"
        )
    return raw


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


def _table(raw: bytes, delimiter: str | None) -> np.ndarray:
    """Read numbers from text; an error names its line.

    Not by np.loadtxt: here limits hold before memory is allocated, and an error names
    the line of the file, comments and blank lines counted.
    """
    values, width, has_names = array("d"), 0, False
    for number, line in enumerate(io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig"), 1):
        if number > MAX_LINES or len(line) > MAX_LINE or len(values) > MAX_NUMBERS:
            raise ValueError(
                f"line {number}: more than {MAX_LINES} lines, {MAX_LINE} characters in "
                f"one line, or {MAX_NUMBERS} numbers; save an array (.npy)"
            )
        line = line.partition("#")[0]
        if not line or line.isspace():
            continue
        cells = line.split(delimiter)
        first = not (width or has_names)
        if delimiter and first and not any(map(_is_number, cells)):
            has_names = True
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise ValueError(
                f"line {number}: found {len(cells)} columns; expected {width}, as in "
                "the lines before it"
            )
        try:
            # Python's float accepts 1_000 and the digits of other scripts; no other
            # reader of a CSV does.
            if "_" in line or not line.isascii():
                raise ValueError
            values.extend(map(float, cells))
        except ValueError:
            wrong = next((cell for cell in cells if not _is_number(cell)), line)
            raise ValueError(
                f"line {number}: found '{shown(wrong.strip(), 60)}'; expected numbers, "
                "such as -1.5 or 1e-3"
            ) from None
    if has_names and not width:
        raise ValueError("no points below the names of the columns")
    if not width:
        raise ValueError("an empty file; expected one point a line")
    return np.frombuffer(values).reshape(-1, width)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def bounded(n_points: int, n_columns: int = 1) -> None:
    """Raise an InputsError for more points or values than a dataset can use."""
    if not (1 <= n_points <= MAX_POINTS and n_points * n_columns <= MAX_VALUES):
        raise InputsError(
            f"{n_points} points × {n_columns} columns; expected at most {MAX_POINTS} "
            f"points and {MAX_VALUES} values"
        )


MAX_DRAWS = 16_000_000  # pool × columns
MAX_BYTES = 64 * 2**20  # size of a file, before and after decompression


def make_inputs(kind: str, sort: bool = False, **parameters: Any) -> np.ndarray:
    """Make the points of a dataset.

    Parameters
    ----------
    kind : {"x10", "normal", "uniform", "grid", "truncated-normal", "file"}
        The name of the function below that makes them from `parameters`.
    sort : bool, default=False
        Whether to sort the points by their first column.

    Returns
    -------
    array of shape (n_points, n_inputs), float64, finite, read-only
    """
    if kind not in KINDS:
        raise InputsError(
            f"unknown kind of inputs '{kind}'{did_you_mean(kind, KINDS)}. "
            f"Known: {', '.join(KINDS)}"
        )
    for name in ("size", "dim", "pool"):
        _positive(name, parameters.get(name, 1))
    bounded(parameters.get("size", 1), parameters.get("dim", 1))
    try:
        with np.errstate(all="ignore"):  # infinities are refused below
            x = np.asarray(KINDS[kind](**parameters), dtype=np.float64)
    except (TypeError, OverflowError) as error:
        raise InputsError(f"inputs of kind '{kind}': {error}") from None
    bounded(*x.shape)
    if not np.isfinite(x).all():
        raise InputsError(
            "found points that are not finite; lower mean, std, low or high"
        )
    if sort:
        x = x[np.argsort(x[:, 0], kind="stable")]
    x = np.ascontiguousarray(x)
    x.setflags(write=False)
    return x


def x10(rows: int = 1000, columns: Sequence[int] = (0, 1)) -> np.ndarray:
    """Return the first `rows` and some `columns` of X10, the study's N(0, 1) sample.

    X10 is the end of 31,000 draws of NumPy's legacy generator with seed 0: the study
    drew other samples before it.
    """
    if not 1 <= rows <= 1000 or not columns or not set(columns) <= {0, 1}:
        raise InputsError(
            f"x10 has 1000 rows and columns 0 and 1; found rows {rows}, "
            f"columns {list(columns)}"
        )
    sample = np.random.RandomState(0).normal(size=31_000)[29_000:]
    return sample.reshape(1000, 2)[:rows, list(columns)]


def normal(
    size: int, mean: float = 0.0, std: float = 1.0, seed: int = 0, dim: int = 1
) -> np.ndarray:
    """Draw points from N(mean, std²)."""
    _positive("std", std)
    return np.random.default_rng(seed).normal(mean, std, (size, dim))


def uniform(
    size: int, low: float, high: float, seed: int = 0, dim: int = 1
) -> np.ndarray:
    """Draw points uniformly from [low, high)."""
    _ordered(low, high)
    return np.random.default_rng(seed).uniform(low, high, (size, dim))


def grid(
    low: float, high: float, size: int, endpoint: bool = False, dim: int = 1
) -> np.ndarray:
    """Make a grid of `size` equally spaced points for each dimension on [low, high)."""
    _ordered(low, high)
    if size**dim > min(MAX_POINTS, MAX_VALUES // dim):
        raise InputsError(
            f"a grid of {size}^{dim} points; expected at most {MAX_POINTS}: lower size "
            "or dim"
        )
    axis = np.linspace(low, high, size, endpoint=endpoint)
    axes = np.meshgrid(*[axis] * dim, indexing="ij")
    return np.stack([values.ravel() for values in axes], axis=1)


def truncated_normal(
    std: float,
    low: float,
    high: float,
    size: int,
    pool: int = 1_000_000,
    seed: int = 0,
    dim: int = 1,
) -> np.ndarray:
    """Thin a normal pool to `size` points in [low, high], as the notebook did.

    Draw `pool` points from N(0, std²), keep those in [low, high], sort them, and take
    every (count // size)-th. The first column is sorted. Each further column has its
    own pool and is shuffled, so that the columns are independent.
    """
    _positive("std", std)
    _ordered(low, high)
    if pool * dim > MAX_DRAWS:
        raise InputsError(
            f"pool = {pool} × {dim} columns; expected at most {MAX_DRAWS} draws: lower "
            "pool"
        )
    rng = np.random.default_rng(seed)
    columns = []
    for column in range(dim):
        drawn = rng.normal(0.0, std, pool)
        kept = np.sort(drawn[(low <= drawn) & (drawn <= high)])
        if len(kept) < size:
            raise InputsError(
                f"only {len(kept)} of {pool} draws from N(0, {std}²) lie in "
                f"[{low}, {high}]; expected at least size = {size}: raise pool"
            )
        thinned = kept[:: len(kept) // size][:size]
        columns.append(rng.permutation(thinned) if column else thinned)
    return np.stack(columns, axis=1)


def file(path: str | Path, columns: Sequence[int] | None = None) -> np.ndarray:
    """Read points from .csv, .txt or .npy, or one of these compressed as .gz."""
    return read_points(path, columns, MAX_BYTES)


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise InputsError(f"{name} = {value}; expected a number above 0")


def _ordered(low: float, high: float) -> None:
    if not low < high:
        raise InputsError(f"low = {low}, high = {high}; expected low < high")


KINDS: dict[str, Callable[..., np.ndarray]] = {
    "x10": x10,
    "normal": normal,
    "uniform": uniform,
    "grid": grid,
    "truncated-normal": truncated_normal,
    "file": file,
}
