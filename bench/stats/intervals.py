"""Intervals of the mean of independent values: t interval, t test, posterior."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.stats.scores import ROUNDING, check_width


@dataclass(frozen=True)
class MeanInterval:
    """Estimates of a mean from n values; arrays with one entry for each column.

    Attributes
    ----------
    n
        The number of values in a column.
    mean, std
        Mean, and standard deviation with ddof=1 (NaN at n = 1; 0 where values differ
        by rounding alone).
    low, high
        Interval of the mean (NaN at n = 1; a single point where std and `least_std` of
        `mean_interval` are 0).
    p
        p-value of the two-sided t test against a mean of zero (NaN at n = 1). Where
        std is 0, it is 1 if the mean is zero, else 0, in agreement with the interval.
    p_above
        Probability that the mean exceeds zero under a flat prior: the share of the t
        distribution above zero. Where std is 0, it is 0, 1/2 or 1.
    """

    n: int
    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    p_above: np.ndarray


def mean_interval(
    values: np.ndarray, alpha: float, least_std: float = 0.0
) -> MeanInterval:
    """Estimate the mean of each column of independent values.

    Parameters
    ----------
    values
        Shape (n, n_columns), finite, n at least 1.
    alpha
        One minus the coverage of the interval of a column. For intervals that are
        simultaneous over m columns, pass alpha / m (Bonferroni).
    least_std
        The least standard deviation that the interval and p count with, in units of
        the values: for differences of scores half a test curve, since values that
        happen to agree to the last curve are not known better than that. The reported
        ``std`` stays that of the values.
    """
    check_width("least_std", least_std)
    n = len(values)
    mean = values.mean(axis=0)
    if n < 2:
        nan = np.full_like(mean, math.nan)
        return MeanInterval(n, mean, nan, nan, nan, nan, nan)
    # Equal scores may differ in their last bits, and the t of those means nothing.
    constant = np.ptp(values, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
    std = np.where(constant, 0.0, values.std(axis=0, ddof=1))
    exact = constant & (least_std == 0)
    error = np.maximum(std, least_std) / math.sqrt(n)
    half_width = stats.t.isf(alpha / 2, n - 1) * error
    t = mean / np.where(exact, 1.0, error)
    sign = np.sign(mean)
    return MeanInterval(
        n=n,
        mean=mean,
        std=std,
        low=mean - half_width,
        high=mean + half_width,
        p=np.where(exact, 1.0 - np.abs(sign), 2 * stats.t.sf(np.abs(t), n - 1)),
        p_above=np.where(exact, (1 + sign) / 2, stats.t.cdf(t, n - 1)),
    )


# Names of columns: those that `mean_columns` fills, and a difference with its interval.
MEAN = ("mean", "std", "low", "high")
DIFFERENCE = ("difference", "difference_low", "difference_high")


def mean_columns(values: np.ndarray, alpha: float) -> dict[str, float]:
    """Return mean, standard deviation and interval of one column of values.

    Parameters
    ----------
    values
        Independent values, shape (n,), finite; n may be 0.
    alpha
        One minus the coverage of the interval.

    Returns
    -------
    dict
        mean, std, low and high, as in `MeanInterval`; all are NaN for no values.
    """
    if not len(values):
        return dict.fromkeys(MEAN, math.nan)
    estimate = mean_interval(values[:, None], alpha)
    return {name: float(getattr(estimate, name)[0]) for name in MEAN}


def welch_interval(
    first: np.ndarray, second: np.ndarray, alpha: float
) -> tuple[float, float, float]:
    """Compare the means of two independent samples by Welch's t interval.

    Parameters
    ----------
    first, second
        Values, shapes (n_first,) and (n_second,), finite, at least one each.
    alpha
        One minus the coverage.

    Returns
    -------
    difference, low, high : float
        first − second and its t interval, with the degrees of freedom of Welch and
        Satterthwaite. The interval is NaN where a sample has one value, and a single
        point where neither sample varies.
    """
    samples = [mean_interval(values[:, None], alpha) for values in (first, second)]
    difference = float(samples[0].mean[0] - samples[1].mean[0])
    if min(sample.n for sample in samples) < 2:
        return difference, math.nan, math.nan
    variances = np.array([float(s.std[0]) ** 2 / s.n for s in samples])  # of the means
    if not variances.any():
        return difference, difference, difference
    freedom = variances.sum() ** 2 / sum(
        variance**2 / (sample.n - 1)
        for variance, sample in zip(variances, samples, strict=True)
    )
    half_width = float(stats.t.isf(alpha / 2, freedom) * math.sqrt(variances.sum()))
    return difference, difference - half_width, difference + half_width
