"""Arrays of curves: their points, their channels, blocks of them, networks' layers."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from bench.base import BenchError, DatasetError

# Values (n, n_points) and, if asked for, gradients (n, n_points, n_inputs). Curves
# come in blocks, so that their memory does not grow with their number.
Block = tuple[np.ndarray, np.ndarray | None]
# Weights (n_nets, out, in) and biases (n_nets, out, 1) of networks side by side.
Layer = tuple[np.ndarray, np.ndarray]


def as_points(
    x: Any,
    dtype: Any,
    n_inputs: int = 1,
    error: type[BenchError] = DatasetError,
    reader: str = "",
) -> np.ndarray:
    """Return points of shape (n_points, n_inputs), from (n_points,) as one column.

    Parameters
    ----------
    n_inputs : int
        The fewest columns that are expected.
    error, reader
        The exception for another shape, and the start of its message: who reads the
        points.

    Raises
    ------
    BenchError
        If `x` has another shape; the class is `error`.
    """
    x = np.asarray(x, dtype=dtype)
    points: np.ndarray = x[:, None] if x.ndim == 1 else x
    if points.ndim != 2 or len(points) == 0 or points.shape[1] < n_inputs:
        raise error(
            f"{reader}found an x of shape {points.shape}; expected (n_points, n_inputs)"
        )
    return points


def check_channels(n_columns: int, n_channels: int) -> None:
    """Raise a ValueError unless columns divide into channels of equal length."""
    if n_channels < 1 or n_columns % n_channels:
        raise ValueError(
            f"{n_columns} columns do not divide into n_channels = {n_channels} "
            "channels of equal length"
        )


def check_length(x: Any, n_points: int) -> None:
    """Raise a ValueError unless `x` has as many points, along its first axis."""
    if np.shape(x)[:1] != (n_points,):
        raise ValueError(
            f"x has shape {np.shape(x)}; expected {n_points} points, as the curves have"
        )


def block_sizes(n_curves: int, largest: int) -> Iterator[int]:
    """Divide curves into blocks: yield the size of each, at most `largest`."""
    for start in range(0, n_curves, largest):
        yield min(largest, n_curves - start)


def collect(
    blocks: Iterable[Block], n_curves: int, x: np.ndarray, gradients: bool, dtype: Any
) -> Block:
    """Join blocks of curves on the points `x` of shape (n_points, n_inputs).

    Returns
    -------
    values : array of shape (n_curves, n_points)
    gradients : array of shape (n_curves, n_points, n_inputs), or None

    Raises
    ------
    DatasetError
        If `n_curves` is negative.
    """
    if n_curves < 0:
        raise DatasetError(f"found n_curves = {n_curves}; expected 0 or more")
    values = np.empty((n_curves, len(x)), dtype)
    slopes = np.empty((n_curves, *x.shape), dtype) if gradients else None
    start = 0
    for own, own_slopes in blocks:
        rows = slice(start, start + len(own))
        values[rows] = own
        if slopes is not None:
            slopes[rows] = own_slopes
        start = rows.stop
    return values, slopes
