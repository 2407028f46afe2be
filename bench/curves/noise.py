"""Standardise curves and add noise, to hide differences of scale and of roughness.

Both classes are treated alike and in double precision: otherwise rounding alone would
give the class away.
"""

import numpy as np

CONSTANT = 1e-12  # relative to the largest value: a smaller deviation is rounding


def standardise(
    values: np.ndarray, gradients: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Scale each curve to mean 0 and standard deviation 1 over its points.

    A curve that is constant up to rounding becomes zeros.

    Parameters
    ----------
    values : array of shape (n_curves, n_points)
    gradients : array of shape (n_curves, n_points, n_inputs), optional
        The gradients of the curves, which are scaled by the same factors.
    """
    with np.errstate(all="ignore"):  # `make_dataset` refuses values that are not finite
        peak = np.abs(values).max(axis=1, keepdims=True)
        peak[peak == 0] = 1
        centred = (
            values / peak
        )  # first, so that squares of large values do not overflow
        centred -= centred.mean(axis=1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(axis=1, keepdims=True))
        constant = deviation <= CONSTANT
        scale = np.where(constant, 0.0, 1.0) / np.where(constant, 1.0, deviation)
        centred *= scale
        if gradients is None:
            return centred, None
        return centred, gradients * (scale / peak)[:, :, None]


def add_noise(
    values: np.ndarray,
    percent: float,
    rng: np.random.Generator,
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """Add independent normal noise to standardised curves, and standardise again.

    Parameters
    ----------
    values : array of shape (n_curves, n_points)
        Standardised curves.
    percent : float
        Standard deviation of the noise, in percent of that of the curves.
    rng : numpy.random.Generator
        The generator of the noise. It draws curve by curve: the noise of the first
        curves does not depend on the number of curves, and differs between values of
        `percent` only by a factor.
    rows : array of shape (n_curves,), optional
        The place of each curve's noise in the draws; by default the first ones.
    """
    n_points = values.shape[1]
    if rows is None:
        noise = rng.standard_normal(values.shape)
    else:
        noise = rng.standard_normal((rows.max(initial=-1) + 1, n_points))[rows]
    noisy = values + percent / 100 * noise
    return standardise(noisy)[0]
