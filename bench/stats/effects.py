"""Differences of scores and their intervals, which stay within the score's bounds.

The difference of two accuracies lies in [-1, 1]. Its t interval need not: of values
that differ much, or for many comparisons at once, it is wider. So each end is bent
towards its bound, the more the closer it comes; narrow intervals far from the bounds
are those of t.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.stats.intervals import MEAN, mean_columns, mean_interval, welch_interval
from bench.stats.scores import check_width

FEWEST_FOR_VERDICT = 3  # two repetitions, or two datasets, may agree by chance

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Effect:
    """A difference with its interval.

    Attributes
    ----------
    n
        The number of values behind it; of two samples, that of the smaller.
    difference, low, high
        The mean difference and its interval; all are NaN for n = 0, the interval also
        for n = 1.
    """

    n: int
    difference: float
    low: float
    high: float

    @property
    def decides(self) -> bool:
        """Whether it rests on enough values for a verdict."""
        return self.n >= FEWEST_FOR_VERDICT and not math.isnan(self.low)


_NOTHING = Effect(0, math.nan, math.nan, math.nan)


def difference_bounds(bounds: Bounds | None) -> Bounds | None:
    """Return the bounds of a difference of two scores; None if there are none.

    Parameters
    ----------
    bounds
        The least and the largest score; None, or an infinite one, for no bound.
    """
    if bounds is None or not all(map(math.isfinite, bounds)):
        return None
    width = bounds[1] - bounds[0]
    return -width, width


def paired_effect(
    gaps: np.ndarray,
    alpha: float,
    *,
    least_std: float = 0.0,
    bounds: Bounds | None = None,
) -> Effect:
    """Estimate the mean of independent differences.

    Parameters
    ----------
    gaps
        Differences, shape (n,), finite; n may be 0.
    alpha
        One minus the coverage; of m intervals that hold at once alpha / m.
    least_std
        The least standard deviation that the interval counts with, half a test curve:
        differences that happen to be equal are not known better than that.
    bounds
        The bounds of the score; None for no bounds.
    """
    check_width("least_std", least_std)
    n = len(gaps)
    if not n:
        return _NOTHING
    estimate = mean_interval(gaps[:, None], alpha)
    mean, low, high = (
        float(x[0]) for x in (estimate.mean, estimate.low, estimate.high)
    )
    if n < 2:
        return Effect(n, mean, math.nan, math.nan)
    least = float(stats.t.isf(alpha / 2, n - 1)) * least_std / math.sqrt(n)
    half_width = max((high - low) / 2, least)
    return Effect(n, mean, *stay_within(mean, half_width, difference_bounds(bounds)))


def unpaired_effect(
    first: np.ndarray,
    second: np.ndarray,
    alpha: float,
    *,
    least_std: float = 0.0,
    bounds: Bounds | None = None,
) -> Effect:
    """Estimate the difference of the means of two independent samples (Welch).

    Parameters
    ----------
    first, second
        Values, shapes (n_first,) and (n_second,), finite.
    alpha, least_std, bounds
        As for `paired_effect`; the least standard deviation is that of each sample.
    """
    check_width("least_std", least_std)
    sizes = (len(first), len(second))
    n = min(sizes)
    if not n:
        return _NOTHING
    difference, low, high = welch_interval(first, second, alpha)
    if n < 2:
        return Effect(n, difference, math.nan, math.nan)
    least = float(stats.t.isf(alpha / 2, n - 1)) * least_std
    least *= math.sqrt(1 / sizes[0] + 1 / sizes[1])
    half_width = max((high - low) / 2, least)
    inside = stay_within(difference, half_width, difference_bounds(bounds))
    return Effect(n, difference, *inside)


def score_columns(
    scores: np.ndarray, alpha: float, *, least_std: float, bounds: Bounds | None
) -> dict[str, float]:
    """Return mean, std, low and high of scores, with an interval within their bounds.

    Parameters
    ----------
    scores
        Independent scores, shape (n,), finite; n may be 0.
    alpha, least_std, bounds
        As for `paired_effect`; bounds that are infinite are ignored.
    """
    columns = mean_columns(scores, alpha)
    n = len(scores)
    if n < 2:
        return columns
    least = float(stats.t.isf(alpha / 2, n - 1)) * least_std / math.sqrt(n)
    half_width = max((columns["high"] - columns["low"]) / 2, least)
    known = bounds if bounds is not None and math.isfinite(sum(bounds)) else None
    low, high = stay_within(columns["mean"], half_width, known)
    found = (columns["mean"], columns["std"], low, high)
    return dict(zip(MEAN, found, strict=True))


def stay_within(
    mean: float, half_width: float, bounds: Bounds | None
) -> tuple[float, float]:
    """Turn mean ± half_width into an interval within bounds.

    Parameters
    ----------
    mean
        A number within the bounds.
    half_width
        Half the width of the t interval, at least 0.
    bounds
        The least and the largest value that there can be; None for no bounds.

    Returns
    -------
    low, high : float
        mean ± d tanh(half_width / d), where d is the distance of the mean to the bound
        on that side. Around a difference of 0 this is the interval of Fisher's z; where
        t reaches half the way to a bound, it is 8% narrower.
    """
    if bounds is None:
        return mean - half_width, mean + half_width
    low = mean - _bent(half_width, mean - bounds[0])
    high = mean + _bent(half_width, bounds[1] - mean)
    return max(low, bounds[0]), min(high, bounds[1])  # beyond by rounding alone


def _bent(half_width: float, distance: float) -> float:
    """Return a half width that is smaller than the distance to the bound."""
    return distance * math.tanh(half_width / distance) if distance > 0 else 0.0
