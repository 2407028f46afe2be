"""Intervals of means: of any values (t), of bounded scores, and of shares.

A score has bounds, such as 0 and 1, and an interval of its mean that crosses them, or
that has no width where all repetitions are right about every curve, is false.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from bench.base import StatisticsError
from bench.stats.scores import ROUNDING, check_overlap, check_width


def pool_overlap(n_train: int, n_test: int) -> float:
    """Return what repetitions that divide one pool of curves add to 1/n.

    Repetitions that split the same recorded curves again are no independent draws:
    the variance of a mean over n of them does not go to zero with n, since the pool
    stays. Nadeau and Bengio ("Inference for the generalization error", Machine Learning
    52:239, 2003) estimate it as (1/n + n_test/n_train) times the variance over
    repetitions; Bouckaert and Frank ("Evaluating the replicability of significance
    tests for comparing learning algorithms", PAKDD 2004) found that the t test with it
    holds its level also for repeated cross-validation. The ratio is that of the test
    part being the smaller. Where it is the larger, as in much of the UCR archive (67
    training and 1029 test curves), intervals of the ratio alone are so wide that they
    cover everything; so it counts as at most 1. What remains is measured in
    docs/statistics.md.

    Parameters
    ----------
    n_train, n_test
        The training and the test curves of a repetition, of all classes together.

    Returns
    -------
    float
        min(1, n_test / n_train), the `overlap` of all functions here. Independent draws
        have an overlap of 0.
    """
    if n_train < 1 or n_test < 1:
        raise StatisticsError(
            f"found {n_train} training and {n_test} test curves; expected at least one "
            "of each"
        )
    return min(1.0, n_test / n_train)


def widening(n: int, overlap: float) -> float:
    """Return by how much an overlap widens the standard error of a mean of n values.

    √(1 + n · overlap), so that std / √n times it is std · √(1/n + overlap); exactly 1
    for independent values.
    """
    return math.sqrt(1.0 + n * overlap)


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
    """

    n: int
    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def mean_interval(
    values: np.ndarray, alpha: float, least_std: float = 0.0, overlap: float = 0.0
) -> MeanInterval:
    """Estimate the mean of each column of values, one a repetition.

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
    overlap
        0 for independent values; of repetitions that divide one pool of curves see
        `pool_overlap`. The standard error is std · √(1/n + overlap).
    """
    check_width("least_std", least_std)
    check_overlap(overlap)
    n = len(values)
    mean = values.mean(axis=0)
    if n < 2:
        nan = np.full_like(mean, math.nan)
        return MeanInterval(n, mean, nan, nan, nan, nan)
    # Equal scores may differ in their last bits, and the t of those means nothing.
    constant = np.ptp(values, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
    std = np.where(constant, 0.0, values.std(axis=0, ddof=1))
    exact = constant & (least_std == 0)
    error = np.maximum(std, least_std) / math.sqrt(n) * widening(n, overlap)
    half_width = -special.stdtrit(n - 1, alpha / 2) * error
    t = mean / np.where(exact, 1.0, error)
    return MeanInterval(
        n=n,
        mean=mean,
        std=std,
        low=mean - half_width,
        high=mean + half_width,
        p=np.where(
            exact, 1.0 - np.abs(np.sign(mean)), 2 * special.stdtr(n - 1, -np.abs(t))
        ),
    )


def bent(mean: np.ndarray, end: np.ndarray, widest: float) -> np.ndarray:
    """Bend ends of intervals of a mean difference so that they stay within ±widest.

    An end on the other side of zero is bent from zero on, and an end that is further
    from zero than the mean is bent from the mean on: at a distance d from there to the
    bound, and h to the end, it becomes d·tanh(h/d). So no end changes its side of zero,
    where p has its limit too, and narrow intervals stay as they are.

    Parameters
    ----------
    mean, end
        Arrays of one shape, NaN where there is no interval; |mean| at most `widest`.
    widest
        The largest difference that there can be; may be infinite.
    """
    if math.isinf(widest):
        return end
    side = np.sign(end)
    is_beyond = side * end > side * mean  # further than the mean, on the end's side
    start = np.where(side * mean > 0, mean, 0.0)
    room = np.maximum(widest - side * start, 0.0)
    excess = np.abs(end - start)
    moved = np.zeros_like(end)
    np.divide(excess, room, out=moved, where=room > 0)
    return np.where(is_beyond, start + side * room * np.tanh(moved), end)


# Names of columns: those that `mean_columns` fills, and a difference with its interval.
MEAN = ("mean", "std", "low", "high")
DIFFERENCE = ("difference", "difference_low", "difference_high")


def mean_columns(
    values: np.ndarray,
    alpha: float,
    bounds: tuple[float, float] | None = None,
    n_curves: float | None = None,
    overlap: float = 0.0,
) -> dict[str, float]:
    """Return mean, standard deviation and interval of one column of values.

    Parameters
    ----------
    values
        One value a repetition, shape (n,), finite; n may be 0.
    alpha
        One minus the coverage of the interval.
    bounds, n_curves
        For scores: see `score_interval`. Without them, as for differences, the interval
        is that of `mean_interval`.
    overlap
        See `pool_overlap`.

    Returns
    -------
    dict
        mean, std, low and high, as in `MeanInterval`; all are NaN for no values.
    """
    if not len(values):
        return dict.fromkeys(MEAN, math.nan)
    estimate = mean_interval(values[:, None], alpha, overlap=overlap)
    columns = {name: float(getattr(estimate, name)[0]) for name in MEAN}
    if bounds is not None and n_curves is not None:
        low, high = score_interval(
            values[:, None], alpha, bounds=bounds, n_curves=n_curves, overlap=overlap
        )
        columns |= {"low": float(low[0]), "high": float(high[0])}
    return columns


def score_interval(
    scores: np.ndarray,
    alpha: float,
    *,
    bounds: tuple[float, float],
    n_curves: float,
    overlap: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the mean of each column of bounded scores.

    It lies within the bounds by construction, and has a width also where all scores are
    equal. It is Korn and Graubard's (Survey Methodology 24:193, 1998): the exact
    interval of Clopper and Pearson for as many curves, each right or wrong, as would
    give the observed spread over repetitions. This effective number of curves is never
    larger than all test curves together, since an accuracy varies at least as its own
    curves do (other scores may vary less: their intervals are then too wide, never too
    short); and it is reduced by (z / t)², since the spread of a few
    repetitions is known badly. Of a score without an upper bound, such as log loss, it
    is Garwood's interval, that of a count, in the same way.

    Parameters
    ----------
    scores
        Shape (n, n_columns), within the bounds, n at least 1.
    alpha
        One minus the coverage of the interval of a column. The measured coverage is in
        docs/statistics.md.
    bounds
        The metric's bounds; the upper one may be infinite.
    n_curves
        The number of test curves of one repetition.
    overlap
        See `pool_overlap`. The effective number of curves is then that of the spread
        times √(1/n + overlap), and all test curves together count as `n_curves` / (1/n
        + overlap), which is never more than there are in the pool.

    Returns
    -------
    low, high : arrays of shape (n_columns,)
        NaN at n = 1.
    """
    check_overlap(overlap)
    n = len(scores)
    if n < 2:
        nan = np.full(scores.shape[1], math.nan)
        return nan, nan
    bottom, top = bounds
    scale = top - bottom if math.isfinite(top) else 1.0
    # Rounding may put a mean of ones above one.
    mean = np.clip((scores.mean(axis=0) - bottom) / scale, 0, (top - bottom) / scale)
    wider = widening(n, overlap)
    error = scores.std(axis=0, ddof=1) / scale / math.sqrt(n) * wider
    variance = mean * (1 - mean) if math.isfinite(top) else mean  # of a single curve
    # Below this error, the effective number would exceed all curves, and at 0 divide.
    n_all = n * n_curves / wider**2
    error = np.maximum(error, np.sqrt(variance / n_all))
    effective = np.full_like(mean, n_all)
    np.divide(variance, error**2, out=effective, where=error > 0)
    t, z = special.stdtrit(n - 1, alpha / 2), special.ndtri(alpha / 2)
    effective *= (z / t) ** 2
    right, wrong = mean * effective, (1 - mean) * effective
    if math.isfinite(top):
        low = np.where(right > 0, special.betaincinv(right, wrong + 1, alpha / 2), 0)
        high = special.betaincinv(right + 1, np.maximum(wrong, 0), 1 - alpha / 2)
        high = np.where(wrong > 0, high, 1)
    else:
        low = np.where(right > 0, special.gammaincinv(right, alpha / 2), 0) / effective
        high = special.gammaincinv(right + 1, 1 - alpha / 2) / effective
    return bottom + scale * low, bottom + scale * high


def share_interval(count: int, n: int, alpha: float) -> tuple[float, float]:
    """Return the exact interval (Clopper and Pearson) of a share, `count` of `n` ≥ 1.

    For 0 of 10 and alpha = .05 it is [0, .31].
    """
    low = special.betaincinv(count, n - count + 1, alpha / 2) if count else 0.0
    high = special.betaincinv(count + 1, n - count, 1 - alpha / 2) if count < n else 1.0
    return float(low), float(high)


def welch_interval(
    first: np.ndarray,
    second: np.ndarray,
    alpha: float,
    overlaps: tuple[float, float] = (0.0, 0.0),
) -> tuple[float, float, float]:
    """Compare the means of two independent samples by Welch's t interval.

    Parameters
    ----------
    first, second
        Values, shapes (n_first,) and (n_second,), finite, at least one each.
    alpha
        One minus the coverage.
    overlaps
        That of each sample, see `pool_overlap`.

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
    variances = np.array(  # of the means
        [
            float(s.std[0]) ** 2 / s.n * widening(s.n, overlap) ** 2
            for s, overlap in zip(samples, overlaps, strict=True)
        ]
    )
    if not variances.any():
        return difference, difference, difference
    freedom = variances.sum() ** 2 / sum(
        variance**2 / (sample.n - 1)
        for variance, sample in zip(variances, samples, strict=True)
    )
    half_width = float(
        -special.stdtrit(freedom, alpha / 2) * math.sqrt(variances.sum())
    )
    return difference, difference - half_width, difference + half_width
