"""Input points: the points at which every curve of a dataset is evaluated."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import InputsError, did_you_mean
from bench.curves.arrays import MAX_POINTS, MAX_VALUES, bounded
from bench.curves.points.files import column_positions, read_points

MAX_DRAWS = 16_000_000  # pool × columns
MAX_BYTES = 64 * 2**20  # size of a file, before and after decompression
PerColumn = float | Sequence[float]  # one number for all columns, or one for each


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
    for name in ("dim", "pool"):
        _positive(name, parameters.get(name, 1))
    for size in _each(parameters.get("size", 1)):
        _positive("size", size)
        bounded(size, parameters.get("dim", 1))
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
    size: int,
    mean: PerColumn = 0.0,
    std: PerColumn = 1.0,
    seed: int = 0,
    dim: int | None = None,
) -> np.ndarray:
    """Draw points from N(mean, std²)."""
    dim = _width(dim, mean=mean, std=std)
    for value in _each(std):
        _positive("std", value)
    return np.random.default_rng(seed).normal(mean, std, (size, dim))


def uniform(
    size: int, low: PerColumn, high: PerColumn, seed: int = 0, dim: int | None = None
) -> np.ndarray:
    """Draw points uniformly from [low, high)."""
    dim = _width(dim, low=low, high=high)
    _ordered(low, high)
    return np.random.default_rng(seed).uniform(low, high, (size, dim))


def grid(
    low: PerColumn,
    high: PerColumn,
    size: int | Sequence[int],
    endpoint: bool = False,
    dim: int | None = None,
) -> np.ndarray:
    """Make a grid of `size` equally spaced points for each dimension on [low, high)."""
    dim = _width(dim, low=low, high=high, size=size)
    _ordered(low, high)
    lows, highs, sizes = (_repeated(value, dim) for value in (low, high, size))
    if math.prod(sizes) > min(MAX_POINTS, MAX_VALUES // dim):
        found = " × ".join(map(str, sizes)) if _is_list(size) else f"{size}^{dim}"
        raise InputsError(
            f"a grid of {found} points; expected at most {MAX_POINTS}: lower size or "
            "dim"
        )
    axes = [
        np.linspace(least, most, n, endpoint=endpoint)
        for least, most, n in zip(lows, highs, sizes, strict=True)
    ]
    columns = np.meshgrid(*axes, indexing="ij")
    return np.stack([values.ravel() for values in columns], axis=1)


def truncated_normal(
    std: PerColumn,
    low: PerColumn,
    high: PerColumn,
    size: int,
    pool: int = 1_000_000,
    seed: int = 0,
    dim: int | None = None,
) -> np.ndarray:
    """Thin a normal pool to `size` points in [low, high], as the notebook did.

    Draw `pool` points from N(0, std²), keep those in [low, high], sort them, and take
    every (count // size)-th. The first column is sorted. Each further column has its
    own pool and is shuffled, so that the columns are independent.
    """
    dim = _width(dim, std=std, low=low, high=high)
    for value in _each(std):
        _positive("std", value)
    _ordered(low, high)
    if pool * dim > MAX_DRAWS:
        raise InputsError(
            f"pool = {pool} × {dim} columns; expected at most {MAX_DRAWS} draws: lower "
            "pool"
        )
    rng = np.random.default_rng(seed)
    columns: list[np.ndarray] = []
    ranges = zip(*(_repeated(value, dim) for value in (std, low, high)), strict=True)
    for spread, least, most in ranges:
        drawn = rng.normal(0.0, spread, pool)
        kept = np.sort(drawn[(least <= drawn) & (drawn <= most)])
        if len(kept) < size:
            raise InputsError(
                f"only {len(kept)} of {pool} draws from N(0, {spread}²) lie in "
                f"[{least}, {most}]; expected at least size = {size}: raise pool"
            )
        thinned = kept[:: len(kept) // size][:size]
        columns.append(rng.permutation(thinned) if columns else thinned)
    return np.stack(columns, axis=1)


def file(
    path: str | Path,
    columns: Sequence[int | str] | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    n_inputs: int | None = None,
) -> np.ndarray:
    """Read points from .csv, .tsv, .txt, .dat or .npy, or one of these packed as .gz.

    With `n_inputs`, the number of columns that a library reads, a file with more is
    refused unless `columns` says which; see `points.files.read_points`.
    """
    return read_points(path, columns, MAX_BYTES, delimiter, decimal, n_inputs)


def positions_in(
    path: str | Path,
    columns: Sequence[int | str],
    delimiter: str | None = None,
    decimal: str | None = None,
) -> tuple[int, ...]:
    """Return the positions of a file's columns that are given by position or name."""
    return column_positions(path, columns, MAX_BYTES, delimiter, decimal)


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise InputsError(f"{name} = {value}; expected a number above 0")


def _ordered(low: PerColumn, high: PerColumn) -> None:
    dim = max(len(_each(low)), len(_each(high)))
    ends = zip(_repeated(low, dim), _repeated(high, dim), strict=True)
    for column, (least, most) in enumerate(ends):
        if not least < most:
            where = f" in column {column}" if dim > 1 else ""
            raise InputsError(
                f"low = {least}, high = {most}{where}; expected low < high"
            )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _each(value: Any) -> Sequence[Any]:
    """Return the numbers of a list, or one number as a list."""
    return value if _is_list(value) else (value,)


def _repeated(value: Any, dim: int) -> Sequence[Any]:
    """Return one number for each column."""
    return value if _is_list(value) else (value,) * dim


def _width(dim: int | None, **settings: Any) -> int:
    """Return the number of columns: `dim`, or else the length of the lists."""
    lengths = {name: len(value) for name, value in settings.items() if _is_list(value)}
    for name, length in lengths.items():
        expected = next(iter(lengths.values())) if dim is None else dim
        if length != expected or length == 0:
            raise InputsError(
                f"{name}: found {length} numbers; expected one for each of "
                f"{expected or 1} columns"
            )
    return dim or next(iter(lengths.values()), 1)


KINDS: dict[str, Callable[..., np.ndarray]] = {
    "x10": x10,
    "normal": normal,
    "uniform": uniform,
    "grid": grid,
    "truncated-normal": truncated_normal,
    "file": file,
}


def is_grid(values: np.ndarray) -> bool:
    """Tell whether points are evenly spaced, or chosen at equal steps from such ones.

    Their order does not matter, nor does rounding to a few digits.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    steps = np.diff(ordered)
    if len(steps) < 2:
        return True
    if not steps.min() > 0:
        return False
    # Of 200 points, 120 at equal steps are one or two points apart.
    apart = steps / steps.min()
    return bool(apart.max() < 2.1 and np.abs(apart - apart.round()).max() < 0.05)
