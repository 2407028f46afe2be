"""Input points: where every curve of a dataset is evaluated."""

import gzip
import io
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bench.errors import InputsError, MissingFileError, did_you_mean

MAX_POINTS = 1_000_000
MAX_BYTES = 256 * 2**20  # of a file, unpacked


def make_inputs(kind: str, sort: bool = False, **parameters: Any) -> np.ndarray:
    """Make the points of a dataset.

    Parameters
    ----------
    kind : {"x10", "normal", "uniform", "grid", "truncated-normal", "file"}
        Which of the functions below makes them, from `parameters`.
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
    if parameters.get("size", 1) > MAX_POINTS:
        raise InputsError(f"size = {parameters['size']}; at most {MAX_POINTS} points")
    try:
        x = np.asarray(KINDS[kind](**parameters), dtype=np.float64)
    except (TypeError, OverflowError) as error:
        raise InputsError(f"inputs of kind '{kind}': {error}") from None
    if not 1 <= len(x) <= MAX_POINTS:
        raise InputsError(f"{len(x)} points; expected 1 to {MAX_POINTS}")
    if not np.isfinite(x).all():
        raise InputsError("points that are not finite")
    if sort:
        x = x[np.argsort(x[:, 0], kind="stable")]
    x = np.ascontiguousarray(x)
    x.setflags(write=False)
    return x


def x10(rows: int = 1000, columns: Sequence[int] = (0, 1)) -> np.ndarray:
    """Give the study's own N(0, 1) sample X10, its first `rows` and some `columns`.

    It is the tail of 31,000 draws of NumPy's legacy generator at seed 0.
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
    """Space `size` points a dimension equally on [low, high), or with the endpoint."""
    _ordered(low, high)
    if size**dim > MAX_POINTS:
        raise InputsError(f"a grid of {size}^{dim} points; at most {MAX_POINTS}")
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
    """Thin a normal pool to `size` points of [low, high], as the notebook did.

    Draw `pool` points from N(0, std²), keep those in [low, high], sort, take every
    (count // size)-th. The first column is sorted; further ones, from pools of their
    own, are put in random order, so that the columns are independent.
    """
    _positive("std", std)
    _ordered(low, high)
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
    """Read points from .csv, .txt or .npy, or one of these packed with .gz.

    Text has one point a line, columns apart by commas (.csv, which may have one line
    of names) or blanks (.txt, .gz). Arrays are never unpickled.
    """
    path = Path(path)
    raw = _read(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((s for s in reversed(suffixes) if s != ".gz"), ".txt")
    try:
        if kind == ".npy":
            array = np.load(io.BytesIO(raw), allow_pickle=False)
            if not isinstance(array, np.ndarray):
                raise InputsError(f"{path}: an archive; expected one array (.npy)")
        elif kind in (".csv", ".txt"):
            array = _read_text(raw.decode("utf-8-sig"), "," if kind == ".csv" else None)
        else:
            raise InputsError(
                f"{path}: unknown kind of file '{kind}'; expected .csv, .txt, .npy, .gz"
            )
    except (ValueError, EOFError, BadZipFile) as error:
        if isinstance(error, InputsError):
            raise
        raise InputsError(f"{path}: no table of numbers: {error}") from None
    table: np.ndarray = array[:, None] if array.ndim == 1 else array
    return _selected(path, table, columns)


def _selected(
    path: Path, array: np.ndarray, columns: Sequence[int] | None
) -> np.ndarray:
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "fiu":
        raise InputsError(
            f"{path}: found shape {array.shape} and type {array.dtype}; expected "
            "numbers of shape (n_points, n_inputs)"
        )
    if columns is not None:
        if not columns or not set(columns) <= set(range(array.shape[1])):
            raise InputsError(
                f"{path}: columns {list(columns)} of {array.shape[1]}; expected 0 to "
                f"{array.shape[1] - 1}"
            )
        array = array[:, list(columns)]
    if not np.isfinite(array).all():
        raise InputsError(f"{path}: holds values that are not finite")
    return array


def _read(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as f:
            raw = f.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise MissingFileError(f"no file of input points at {path}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputsError(f"{path}: cannot be read: {error}") from None
    if len(raw) > MAX_BYTES:
        raise InputsError(f"{path}: more than {MAX_BYTES} bytes unpacked")
    return raw


def _read_text(text: str, delimiter: str | None) -> np.ndarray:
    lines = [line.split("#", 1)[0] for line in text.splitlines()]
    lines = [line for line in lines if line.strip()]
    if not lines:
        raise InputsError("an empty file; expected one point a line")
    if delimiter and not any(_is_number(cell) for cell in lines[0].split(delimiter)):
        lines = lines[1:]  # names of the columns
        if not lines:
            raise InputsError("no points below the names of the columns")
    table: np.ndarray = np.loadtxt(lines, delimiter=delimiter, ndmin=2)
    return table


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


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
