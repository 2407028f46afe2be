"""Derivatives of a sampled curve as matrices: difference quotients, local cubics.

Each is linear in the values, so that it is made once for the points and costs a curve
one product, and each takes the points where they are: they need not be equally spaced.
"""

import numpy as np

_DEGREE = 3
_RELATIVE = 1e-4  # singular values below this share of the largest count as none


def difference_quotients(x: np.ndarray) -> np.ndarray:
    """Make the first and the second difference quotient.

    Parameters
    ----------
    x : array of shape (n,)
        Increasing; equal neighbours are allowed.

    Returns
    -------
    array of shape (2, n, n)
        ``matrices @ values`` are the quotients of neighbours; at the end, and for the
        second at both ends, the nearest one is repeated. Fewer than two points have no
        first, fewer than three no second: zeros.

    A gap counts as at least a quarter of the median one: the quotient over a tiny gap
    would be noise alone, and outweigh all others.
    """
    n = len(x)
    first, second = np.zeros((n, n)), np.zeros((n, n))
    if n < 2:
        return np.stack([first, second])
    gaps = np.diff(x)
    least = np.median(gaps) or (x[-1] - x[0]) / (n - 1)  # most points may coincide
    gaps = np.maximum(gaps, 0.25 * least)
    first[:-1] = np.diff(np.eye(n), axis=0) / gaps[:, None]
    first[-1] = first[-2]
    if n > 2:
        second[1:-1] = np.diff(first[:-1], axis=0)
        second[1:-1] /= ((gaps[1:] + gaps[:-1]) / 2)[:, None]
        second[[0, -1]] = second[[1, -2]]
    return np.stack([first, second])


def local_cubics(x: np.ndarray, window: int) -> np.ndarray:
    """Make the value and two derivatives of least-squares cubics through neighbours.

    Parameters
    ----------
    x : array of shape (n,)
        Increasing; equal neighbours are allowed.
    window : int, at most n
        Neighbours that a cubic is fitted to: as many on either side, and at the ends
        the first or the last ones. Fewer than four have a parabola, a line or a mean.

    Returns
    -------
    array of shape (3, n, n)
        ``matrices @ values`` are each point's own cubic there, and its first and second
        derivative.

    Source: Savitzky and Golay, "Smoothing and Differentiation of Data by Simplified
    Least Squares Procedures" (1964); where they have one filter for all points, equally
    spaced, here each point has its own.
    """
    n = len(x)
    start = np.clip(np.arange(n) - window // 2, 0, n - window)
    columns = start[:, None] + np.arange(window)
    away = x[columns] - x[:, None]
    reach = np.abs(away).max(1)
    reach[reach == 0] = 1.0
    powers = np.arange(min(_DEGREE, window - 1) + 1)
    fits = np.linalg.pinv((away / reach[:, None])[..., None] ** powers, rcond=_RELATIVE)
    matrices = np.zeros((3, n, n))
    rows = np.arange(n)[:, None]
    for order, factor in enumerate((1.0, 1.0, 2.0)):
        if order < len(powers):
            scale = factor / reach[:, None] ** order
            matrices[order, rows, columns] = fits[:, order] * scale
    return matrices
