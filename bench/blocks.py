"""Curves that come in blocks, so that their memory does not grow with their number."""

from collections.abc import Iterable

import numpy as np

# Values (n, n_points) and, if asked for, gradients (n, n_points, n_inputs).
Block = tuple[np.ndarray, np.ndarray | None]


def gather(
    blocks: Iterable[Block], values: np.ndarray, gradients: np.ndarray | None
) -> None:
    """Copy blocks into arrays of shape (n_curves, …), one after the other."""
    start = 0
    for own, slopes in blocks:
        rows = slice(start, start + len(own))
        values[rows] = own
        if gradients is not None:
            gradients[rows] = slopes
        start = rows.stop
