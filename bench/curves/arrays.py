"""Arrays of input points, of curves in blocks, and of networks' layers."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from bench.base import BenchError, DatasetError, InputsError

MAX_POINTS = 1_000_000
MAX_VALUES = 4_000_000  # points × columns

# Values (n, n_points) and gradients (n, n_points, n_inputs); None if not requested.
# Curves come in blocks, so that memory does not grow with the number of curves.
Block = tuple[np.ndarray, np.ndarray | None]
# Weights (n_nets, out, in) and biases (n_nets, out, 1) of stacked networks.
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
        The smallest number of columns to accept.
    error, reader
        The exception's class for any other shape, and the start of its message, which
        names the reader of the points.

    Raises
    ------
    BenchError
        If `x` has any other shape; its class is `error`.
    """
    x = np.asarray(x, dtype=dtype)
    points: np.ndarray = x[:, None] if x.ndim == 1 else x
    if points.ndim != 2 or len(points) == 0 or points.shape[1] < n_inputs:
        raise error(
            f"{reader}found an x of shape {points.shape}; expected (n_points, n_inputs)"
        )
    return points


def bounded(n_points: int, n_columns: int = 1) -> None:
    """Raise an InputsError for more points or values than a dataset can use."""
    if not (1 <= n_points <= MAX_POINTS and n_points * n_columns <= MAX_VALUES):
        raise InputsError(
            f"{n_points} points × {n_columns} columns; expected at most {MAX_POINTS} "
            f"points and {MAX_VALUES} values"
        )


def check_channels(n_columns: int, n_channels: int) -> None:
    """Raise a ValueError unless the columns divide into channels of equal length."""
    if n_channels < 1 or n_columns % n_channels:
        raise ValueError(
            f"{n_columns} columns do not divide into n_channels = {n_channels} "
            "channels of equal length"
        )


def check_length(x: Any, n_points: int) -> None:
    """Raise a ValueError unless `x` has `n_points` points along its first axis."""
    if np.shape(x)[:1] != (n_points,):
        raise ValueError(
            f"x has shape {np.shape(x)}; expected {n_points} points, as the curves have"
        )


def block_sizes(n_curves: int, largest: int) -> Iterator[int]:
    """Yield the sizes of the blocks that curves are drawn in, at most `largest`."""
    for start in range(0, n_curves, largest):
        yield min(largest, n_curves - start)


def collect(
    blocks: Iterable[Block],
    n_curves: int,
    x: np.ndarray,
    with_gradients: bool,
    dtype: Any,
) -> Block:
    """Join blocks of curves into one.

    Parameters
    ----------
    blocks
        Blocks of `n_curves` curves in all.
    x : array of shape (n_points, n_inputs)
        The points of the curves.

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
    gradients = np.empty((n_curves, *x.shape), dtype) if with_gradients else None
    start = 0
    for block_values, block_gradients in blocks:
        rows = slice(start, start + len(block_values))
        values[rows] = block_values
        if gradients is not None:
            gradients[rows] = block_gradients
        start = rows.stop
    return values, gradients
