"""Fingerprints of curves: a few numbers that agree on every processor.

The last bits of curves depend on the processor, so a hash of their bytes tells only
whether they are identical. A fingerprint tells whether they are the same curves but for
rounding: of each class and channel the root mean square, and projections on fixed
random directions.
"""

import math
from collections.abc import Sequence

import numpy as np

from bench.base.seeds import generator

# One row for each class and channel, class after class: the root mean square, then the
# projections.
Fingerprint = list[list[float]]
_Rows = Sequence[Sequence[float]]  # a fingerprint, in any form

TOLERANCE = 1e-5  # of the root mean square; rounding of float32 moves it by about 1e-7
N_PROJECTIONS = 3
_ROWS = 512  # curves that are converted to float64 at a time
_DIGITS = 9


def fingerprint_of(
    parts: Sequence[tuple[np.ndarray, np.ndarray]], n_classes: int, n_channels: int
) -> Fingerprint:
    """Compute the fingerprint of labelled curves.

    A projection is ``u @ X @ v / sqrt(X.size)``, where X holds the curves of one class
    in one channel, and u and v are independent standard normal numbers, the same for
    all data of one size. So it is about as large as the root mean square of X, and
    moves by as much as that if curves are exchanged or reordered.

    Parameters
    ----------
    parts
        Pairs of curves (n_curves, n_channels * n_points) and labels (n_curves,), such
        as those of training and test.
    n_classes, n_channels : int
        The numbers of classes and of channels.

    Returns
    -------
    list of n_classes * n_channels lists of 1 + N_PROJECTIONS floats
        Rounded to nine digits.
    """
    n_points = parts[0][0].shape[1] // n_channels
    columns = _weights("columns", n_points)
    sums = np.zeros((n_classes, n_channels, N_PROJECTIONS))
    squares = np.zeros((n_classes, n_channels))
    counts = np.zeros(n_classes)
    for number, (X, y) in enumerate(parts):
        rows = _weights(f"rows {number}", len(X))
        for start in range(0, len(X), _ROWS):
            chunk = slice(start, start + _ROWS)
            block = X[chunk].astype(np.float64).reshape(-1, n_channels, n_points)
            projected = block @ columns.T * rows[:, chunk].T[:, None, :]
            power = (block * block).sum(axis=2)
            np.add.at(sums, y[chunk], projected)
            np.add.at(squares, y[chunk], power)
            counts += np.bincount(y[chunk], minlength=n_classes)
    size = np.maximum(counts, 1)[:, None] * n_points
    rms, projections = np.sqrt(squares / size), sums / np.sqrt(size)[:, :, None]
    numbers = np.concatenate([rms[:, :, None], projections], axis=2)
    return [
        [float(f"{value:.{_DIGITS}g}") for value in row]
        for row in numbers.reshape(n_classes * n_channels, -1).tolist()
    ]


def same_curves(first: _Rows, second: _Rows) -> bool:
    """Return whether two fingerprints are of the same curves, but for rounding."""
    return bool(first) and len(first) == len(second) and not differing(first, second)


def differing(first: _Rows, second: _Rows) -> list[int]:
    """Return the positions of the rows in which fingerprints of one shape differ."""
    return [
        position
        for position, (a, b) in enumerate(zip(first, second, strict=False))
        if not _agree(a, b)
    ]


def _agree(a: Sequence[float], b: Sequence[float]) -> bool:
    if len(a) != len(b):
        return False
    allowed = TOLERANCE * max(a[0], b[0])
    return all(abs(x - y) <= allowed for x, y in zip(a, b, strict=True))


def fingerprint_text(fingerprint: Fingerprint) -> str:
    """Write a fingerprint as one field of a table; empty if there is none."""
    return ";".join(
        " ".join(f"{value:.{_DIGITS}g}" for value in row) for row in fingerprint
    )


def parse_fingerprint(text: str) -> Fingerprint:
    """Read a fingerprint from one field of a table.

    Raises
    ------
    ValueError
        If it is not a fingerprint; the message says what was expected.
    """
    expected = f"rows of {1 + N_PROJECTIONS} finite numbers, separated by semicolons"
    try:
        rows = [[float(v) for v in row.split()] for row in text.split(";") if row]
    except ValueError:
        raise ValueError(expected) from None
    if not all(
        len(r) == 1 + N_PROJECTIONS and all(map(math.isfinite, r)) for r in rows
    ):
        raise ValueError(expected)
    return rows


def _weights(name: str, size: int) -> np.ndarray:
    """Draw the directions (N_PROJECTIONS, size) of rows or of columns."""
    rng = generator(0, "fingerprint", name)
    return rng.standard_normal((size, N_PROJECTIONS)).T
