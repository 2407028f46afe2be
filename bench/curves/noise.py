"""Standardised curves, and noise: what hides by how much, and how finely, they differ.

Both classes go the same way, in double precision: else the rounding alone gives the
class away.
"""

import numpy as np

CONSTANT = 1e-12  # of the largest value: a deviation no larger is rounding


def standardise(
    values: np.ndarray, slopes: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Give each curve mean 0 and standard deviation 1 over its points.

    A curve that is constant, up to rounding, becomes zeros.

    Parameters
    ----------
    values : array of shape (n_curves, n_points)
    slopes : array of shape (n_curves, n_points, n_inputs), optional
        Their derivatives, scaled along.
    """
    with np.errstate(all="ignore"):  # what is not finite is refused with the dataset
        peak = np.abs(values).max(axis=1, keepdims=True)
        peak[peak == 0] = 1  # divided by first: else large values overflow
        centred = values / peak
        centred -= centred.mean(axis=1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(axis=1, keepdims=True))
        constant = deviation <= CONSTANT
        scale = np.where(constant, 0.0, 1.0) / np.where(constant, 1.0, deviation)
        centred *= scale
        if slopes is None:
            return centred, None
        return centred, slopes * (scale / peak)[:, :, None]


def add_noise(
    values: np.ndarray, percent: float, rng: np.random.Generator
) -> np.ndarray:
    """Add independent normal noise to standardised curves; standardise again.

    Parameters
    ----------
    values : array of shape (n_curves, n_points)
        Standardised.
    percent : float
        Standard deviation of the noise, in percent of the curves'.
    rng : numpy.random.Generator
        Drawn from curve by curve, so that the first curves' noise does not depend on
        how many there are, nor its shape on `percent`.
    """
    noisy = values + percent / 100 * rng.standard_normal(values.shape)
    return standardise(noisy)[0]
