"""Input points: where every curve of a dataset is evaluated."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import InputsError
from bench.messages import did_you_mean
from bench.points_file import MAX_POINTS, MAX_VALUES, bounded, read_points

MAX_DRAWS = 16_000_000  # pool × columns
MAX_BYTES = 64 * 2**20  # of a file, packed and unpacked


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
    bounded(parameters.get("size", 1), parameters.get("dim", 1))
    try:
        with np.errstate(all="ignore"):  # infinities are refused below
            x = np.asarray(KINDS[kind](**parameters), dtype=np.float64)
    except (TypeError, OverflowError) as error:
        raise InputsError(f"inputs of kind '{kind}': {error}") from None
    bounded(*x.shape)
    if not np.isfinite(x).all():
        raise InputsError("points that are not finite; lower mean, std, low or high")
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
    if size**dim > min(MAX_POINTS, MAX_VALUES // dim):
        raise InputsError(
            f"a grid of {size}^{dim} points; at most {MAX_POINTS}: lower size or dim"
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
    """Thin a normal pool to `size` points of [low, high], as the notebook did.

    Draw `pool` points from N(0, std²), keep those in [low, high], sort, take every
    (count // size)-th. The first column is sorted; further ones, from pools of their
    own, are put in random order, so that the columns are independent.
    """
    _positive("std", std)
    _ordered(low, high)
    if pool * dim > MAX_DRAWS:
        raise InputsError(
            f"pool = {pool} × {dim} columns; at most {MAX_DRAWS} draws: lower pool"
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
    """Read points from .csv, .txt or .npy, or one of these packed with .gz."""
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
