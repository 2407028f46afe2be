"""Derivatives of sampled curves as matrices: difference quotients and local cubics.

Each derivative is linear in the values. So its matrix is made once for the points, and
a curve costs one product. The points need not be equally spaced.
"""

import numpy as np

_DEGREE = 3
_RELATIVE = 1e-4  # singular values below this share of the largest count as zero


def difference_quotients(x: np.ndarray) -> np.ndarray:
    """Make the matrices of the first and the second difference quotient.

    Parameters
    ----------
    x : array of shape (n,)
        Increasing; equal neighbours are allowed.

    Returns
    -------
    array of shape (2, n, n)
        ``matrices @ values`` are the quotients of neighbours. The first quotient is
        repeated at the last point, the second at both ends. With fewer than two points
        the first is zero, with fewer than three the second.

    A gap counts as at least a quarter of the median gap: the quotient over a tiny gap
    would be noise only, and larger than all others.
    """
    n = len(x)
    first, second = np.zeros((n, n)), np.zeros((n, n))
    if n < 2:
        return np.stack([first, second])
    gaps = np.diff(x)
    # If most points coincide, the median is zero, and the mean takes its place.
    typical = np.median(gaps) or (x[-1] - x[0]) / (n - 1)
    gaps = np.maximum(gaps, 0.25 * typical)
    first[:-1] = np.diff(np.eye(n), axis=0) / gaps[:, None]
    first[-1] = first[-2]
    if n > 2:
        second[1:-1] = np.diff(first[:-1], axis=0)
        second[1:-1] /= ((gaps[1:] + gaps[:-1]) / 2)[:, None]
        second[[0, -1]] = second[[1, -2]]
    return np.stack([first, second])


def local_cubics(x: np.ndarray, window: int) -> np.ndarray:
    """Make the matrices of least-squares cubics through neighbours, at each point.

    Parameters
    ----------
    x : array of shape (n,)
        Increasing; equal neighbours are allowed.
    window : int, at most n
        Number of points that a cubic is fitted to: equally many on either side, or the
        first or last points near an end. Fewer than four points have a parabola, a line
        or a mean in place of a cubic.

    Returns
    -------
    array of shape (3, n, n)
        ``matrices @ values`` are the value, the first and the second derivative of
        each point's cubic at that point.

    Source: Savitzky and Golay, "Smoothing and Differentiation of Data by Simplified
    Least Squares Procedures" (1964). Departure: they have one filter for equally spaced
    points, here each point has its own.
    """
    n = len(x)
    start = np.clip(np.arange(n) - window // 2, 0, n - window)
    columns = start[:, None] + np.arange(window)
    offsets = x[columns] - x[:, None]
    # Offsets are scaled to [-1, 1], so that powers are of one magnitude.
    radius = np.abs(offsets).max(1)
    radius[radius == 0] = 1.0
    powers = np.arange(min(_DEGREE, window - 1) + 1)
    scaled = (offsets / radius[:, None])[..., None]
    fits = np.linalg.pinv(scaled**powers, rcond=_RELATIVE)
    matrices = np.zeros((3, n, n))
    rows = np.arange(n)[:, None]
    # The k-th derivative of a polynomial at 0 is k! times its k-th coefficient.
    for order, factor in enumerate((1.0, 1.0, 2.0)):
        if order < len(powers):
            scale = factor / radius[:, None] ** order
            matrices[order, rows, columns] = fits[:, order] * scale
    return matrices
