"""Differences of scores and their intervals, which stay within the score's bounds.

The difference of two accuracies lies in [-1, 1]. Its t interval need not: of values
that differ much, or for many comparisons at once, it is wider. So an end is bent, the
more the closer it comes to its bound; narrow intervals are those of t.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from bench.stats.intervals import (
    mean_columns,
    mean_interval,
    welch_interval,
    widening,
)
from bench.stats.scores import check_width
from bench.stats.within_dataset import FEWEST_FOR_VERDICT

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


def widest_difference(bounds: Bounds | None) -> float:
    """Return the largest difference of two scores; infinite if there is none.

    Parameters
    ----------
    bounds
        The least and the largest score; None, or an infinite one, for no bound.
    """
    return math.inf if bounds is None else bounds[1] - bounds[0]


def paired_effect(
    gaps: np.ndarray,
    alpha: float,
    *,
    least_std: float = 0.0,
    bounds: Bounds | None = None,
    overlap: float = 0.0,
) -> Effect:
    """Estimate the mean of differences, one a repetition.

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
    overlap
        0 for independent differences; of repetitions that divide one pool of curves see
        `bench.stats.intervals.pool_overlap`.
    """
    check_width("least_std", least_std)
    n = len(gaps)
    if not n:
        return _NOTHING
    estimate = mean_interval(gaps[:, None], alpha, overlap=overlap)
    mean, low, high = (
        float(x[0]) for x in (estimate.mean, estimate.low, estimate.high)
    )
    if n < 2:
        return Effect(n, mean, math.nan, math.nan)
    least = float(scipy.stats.t.isf(alpha / 2, n - 1)) * least_std / math.sqrt(n)
    least *= widening(n, overlap)
    half_width = max((high - low) / 2, least)
    return Effect(n, mean, *stay_within(mean, half_width, widest_difference(bounds)))


def unpaired_effect(
    first: np.ndarray,
    second: np.ndarray,
    alpha: float,
    *,
    least_std: float = 0.0,
    bounds: Bounds | None = None,
    overlaps: tuple[float, float] = (0.0, 0.0),
) -> Effect:
    """Estimate the difference of the means of two independent samples (Welch).

    Parameters
    ----------
    first, second
        Values, shapes (n_first,) and (n_second,), finite.
    alpha, least_std, bounds
        As for `paired_effect`; the least standard deviation is that of each sample.
    overlaps
        The overlap of each sample, as for `paired_effect`.
    """
    check_width("least_std", least_std)
    sizes = (len(first), len(second))
    n = min(sizes)
    if not n:
        return _NOTHING
    difference, low, high = welch_interval(first, second, alpha, overlaps)
    if n < 2:
        return Effect(n, difference, math.nan, math.nan)
    least = float(scipy.stats.t.isf(alpha / 2, n - 1)) * least_std
    variances = [
        1 / size * widening(size, overlap) ** 2
        for size, overlap in zip(sizes, overlaps, strict=True)
    ]
    least *= math.sqrt(sum(variances))
    half_width = max((high - low) / 2, least)
    inside = stay_within(difference, half_width, widest_difference(bounds))
    return Effect(n, difference, *inside)


def score_columns(
    scores: np.ndarray,
    alpha: float,
    *,
    least_std: float,
    bounds: Bounds | None,
    overlap: float = 0.0,
) -> dict[str, float]:
    """Return mean, std, low and high of scores, with an interval within their bounds.

    Parameters
    ----------
    scores
        One score a repetition, shape (n,), finite; n may be 0.
    alpha, least_std, bounds, overlap
        As for `paired_effect`; the interval is `bench.stats.intervals.score_interval`.
    """
    if least_std > 0 and bounds is not None:
        return mean_columns(scores, alpha, bounds, 0.5 / least_std, overlap)
    return mean_columns(scores, alpha, overlap=overlap)


def stay_within(mean: float, half_width: float, widest: float) -> tuple[float, float]:
    """Turn the interval mean ± half_width of a difference into one within ±widest.

    Parameters
    ----------
    mean
        The mean difference, within ±widest.
    half_width
        Half the width of the t interval, at least 0.
    widest
        The largest difference that there can be; infinite for none.

    Returns
    -------
    low, high : float
        An end between zero and the mean is that of t. What reaches beyond zero, on the
        other side, is bent from zero on, and what reaches beyond the mean from the mean
        on: at a distance d from there to the bound, and h to the end, the end is at
        d tanh(h / d). So no end changes its side of zero, and with it its verdict.
        Around a difference of 0 this is the interval of Fisher's z.
    """
    ends = (mean - half_width, mean + half_width)
    if math.isinf(widest):
        return ends
    bounded = []
    for end in ends:
        side = math.copysign(1.0, end)
        if side * end <= side * mean:
            bounded.append(end)
        else:
            bounded.append(_bent(max(side * mean, 0.0) * side, end, side * widest))
    return bounded[0], bounded[1]


def _bent(start: float, end: float, bound: float) -> float:
    """Move an end towards `start`, so that it is not beyond a bound on its side."""
    room, reach = abs(bound - start), abs(end - start)
    if math.isinf(room) or not reach:
        return end
    if not room:
        return start
    moved = start + math.copysign(room * math.tanh(reach / room), end - start)
    # Beyond the bound by rounding alone.
    return min(moved, bound) if end > start else max(moved, bound)
