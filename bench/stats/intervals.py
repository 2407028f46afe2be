"""The mean of independent values: its t interval, its t test, its posterior."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.stats.scores import ROUNDING


@dataclass(frozen=True)
class MeanInterval:
    """What n values say of the mean they were drawn around; arrays, one entry a column.

    Attributes
    ----------
    n
        How many values a column has.
    mean, std
        Mean, and deviation with ddof=1 (NaN at n = 1; 0 where values differ by
        rounding alone).
    low, high
        Interval of the mean (NaN at n = 1; the point where std is 0).
    p
        Two-sided t test against a mean of zero (NaN at n = 1). Where std is 0: 1 if
        the mean is zero, else 0, as the interval has it.
    p_above
        Probability that the mean exceeds zero under a flat prior: the t
        distribution's share above zero. Where std is 0: 0, 1/2 or 1.
    """

    n: int
    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    p_above: np.ndarray


def mean_interval(values: np.ndarray, alpha: float) -> MeanInterval:
    """Reduce columns of independent values to their means.

    Parameters
    ----------
    values
        Shape (n, n_columns), finite, n at least 1.
    alpha
        One minus the coverage of the interval of a column. For intervals that hold
        together for m columns with probability 1 − alpha, give alpha / m
        (Bonferroni).
    """
    n = len(values)
    mean = values.mean(axis=0)
    if n < 2:
        nan = np.full_like(mean, math.nan)
        return MeanInterval(n, mean, nan, nan, nan, nan, nan)
    constant = np.ptp(values, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
    std = np.where(constant, 0.0, values.std(axis=0, ddof=1))
    error = std / math.sqrt(n)
    half = stats.t.isf(alpha / 2, n - 1) * error
    t = mean / np.where(constant, 1.0, error)
    side = np.sign(mean)
    return MeanInterval(
        n=n,
        mean=mean,
        std=std,
        low=mean - half,
        high=mean + half,
        p=np.where(constant, 1.0 - np.abs(side), 2 * stats.t.sf(np.abs(t), n - 1)),
        p_above=np.where(constant, (1 + side) / 2, stats.t.cdf(t, n - 1)),
    )


# The columns that `mean_columns` fills, and those of a difference with its interval.
MEAN = ("mean", "std", "low", "high")
DIFFERENCE = ("difference", "difference_low", "difference_high")


def mean_columns(values: np.ndarray, alpha: float) -> dict[str, float]:
    """Return mean, deviation and interval of one column of independent values.

    Parameters
    ----------
    values
        Shape (n,), finite; n may be 0.
    alpha
        One minus the coverage of the interval.

    Returns
    -------
    dict
        mean, std, low and high, as in `MeanInterval`; all NaN without values.
    """
    if not len(values):
        return dict.fromkeys(MEAN, math.nan)
    found = mean_interval(values[:, None], alpha)
    return {name: float(getattr(found, name)[0]) for name in MEAN}


def welch_interval(
    first: np.ndarray, second: np.ndarray, alpha: float
) -> tuple[float, float, float]:
    """Compare the means of two samples that are independent of one another.

    Parameters
    ----------
    first, second
        Values, shapes (n_first,) and (n_second,), finite, one at least.
    alpha
        One minus the coverage.

    Returns
    -------
    difference, low, high : float
        first − second and its t interval, with the degrees of freedom of Welch and
        Satterthwaite. NaN where a sample has one value; the point where neither
        varies.
    """
    both = [mean_interval(values[:, None], alpha) for values in (first, second)]
    difference = float(both[0].mean[0] - both[1].mean[0])
    if min(found.n for found in both) < 2:
        return difference, math.nan, math.nan
    parts = np.array([float(found.std[0]) ** 2 / found.n for found in both])
    if not parts.any():
        return difference, difference, difference
    freedom = parts.sum() ** 2 / sum(
        part**2 / (found.n - 1) for part, found in zip(parts, both, strict=True)
    )
    half = float(stats.t.isf(alpha / 2, freedom) * math.sqrt(parts.sum()))
    return difference, difference - half, difference + half
