"""Crossings of two classifiers' mean curves along a sweep, with intervals.

A mean curve joins a classifier's mean scores at the values of a sweep by straight
lines. Its corners, the values themselves or their logarithms, are called nodes here.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import scipy

from bench.stats.intervals import widening
from bench.stats.scores import check_share, differences, overlap_of, tie_of
from bench.stats.within_dataset import FEWEST_FOR_VERDICT

WIDE = 20.0  # ratio of the largest value to the smallest from which an axis is log
_COLUMNS = ("before", "after", "at", "low", "high", "score", "n", "leads", "clear")
_STEPS = 64  # steps from one node to the next in the search for an interval's end
_HALVINGS = 40  # bisections of such a step, which find the end to the last bits


def is_wide(values: np.ndarray) -> bool:
    """Tell whether ascending finite values (n_values,) need a logarithmic axis."""
    return bool(len(values) and values[0] > 0 and values[-1] >= WIDE * values[0])


def find_crossings(
    results: pd.DataFrame,
    metric: str,
    values: Mapping[str, float],
    *,
    alpha: float,
    streams: Mapping[str, str],
    larger_is_better: bool,
    logarithmic: bool,
    tie: float | Mapping[str, float] = 0.0,
    overlap: float | Mapping[str, float] = 0.0,
) -> pd.DataFrame:
    """Find where the mean curves of two classifiers cross, with an interval.

    Between the values of a sweep, mean scores are joined by straight lines, as they are
    drawn. For each pair of classifiers, only repetitions in which both have a score at
    every value are used. The interval of a crossing holds the places around it at which
    the t interval of the difference, pointwise, includes zero. (This is Fieller's
    method: the true crossing is inside with probability 1 − alpha, even where the two
    hardly differ; then the interval is open.) If curves cross several times within one
    interval, an odd number counts as one crossing, and an even number as none that is
    clear. At values of the same random stream a repetition is the same draw, so the
    differences there are correlated, and their covariance is used.

    Parameters
    ----------
    results
        One row for each cell: dataset, repetition, classifier, ``test_<metric>``.
    values
        Dataset → its value along the sweep; infinite values are left out.
    alpha
        One minus the coverage of each interval by itself.
    streams
        Dataset → a name of the random streams of its curves.
    larger_is_better
        The metric's direction.
    logarithmic
        Whether lines are straight against the logarithms of the values.
    tie
        Half a test curve, in units of the score, a number or dataset → number: the
        least standard deviation of a difference.
    overlap
        What repetitions that divide one pool of curves add to 1/n in the variance of a
        mean (`bench.stats.intervals.pool_overlap`), a number or dataset → number; 0 for
        independent draws.

    Returns
    -------
    DataFrame
        One row for each crossing, in ascending order: before, after (the classifiers
        that are better on the left and on the right), at, low, high (−inf or inf where
        the interval extends beyond the sweep, NaN at n = 1), score (of both, at the
        crossing), n, leads (whether no other classifier has a better mean there),
        clear (whether the two truly change places: the curves cross an odd number of
        times in the interval, and at some value on each side of it the classifier that
        is better there is significantly better, simultaneously over all values and
        pairs of the sweep; needs three repetitions).

    Raises
    ------
    StatisticsError
        If alpha is not between 0 and 1.
    """
    check_share("alpha", alpha)
    ascending = sorted((v, name) for name, v in values.items() if math.isfinite(v))
    order = [name for _, name in ascending]
    at = np.array([value for value, _ in ascending], dtype=float)
    places = np.log(at) if logarithmic else at
    column = f"test_{metric}"
    known = results[results["dataset"].isin(order)].dropna(subset=[column])
    tables = {
        str(name): cells.pivot(index="repetition", columns="dataset", values=column)
        for name, cells in known.groupby("classifier", sort=False)
    }
    means = {name: table.mean() for name, table in tables.items()}
    pairs = {
        (first, second): pair
        for first, second in combinations(tables, 2)
        if (pair := _pair(tables[first], tables[second], order, larger_is_better))
    }
    n_differences = sum(len(pair.datasets) for pair in pairs.values())
    rows: list[dict[str, object]] = []
    for names, pair in pairs.items():
        nodes = places[[order.index(name) for name in pair.datasets]]
        least = np.array([tie_of(tie, name) for name in pair.datasets])
        of_datasets = [streams[name] for name in pair.datasets]
        shared = np.array([overlap_of(overlap, name) for name in pair.datasets])
        gaps = _Gaps(nodes, pair.differences, of_datasets, least, shared)
        for crossing in gaps.net_crossings(alpha, alpha / n_differences):
            score = float(np.interp(crossing.at, nodes, pair.first.mean(axis=0)))
            others = [
                _mean_at(crossing.at, places, means[name], order)
                for name in means
                if name not in names
            ]
            sign = 1 if larger_is_better else -1
            ends = (crossing.at, crossing.low, crossing.high)
            row = (
                *(names if crossing.turns_worse else names[::-1]),
                *(_value(end) if logarithmic else end for end in ends),
                score,
                len(pair.first),
                # Not `<=`: NaN, where a classifier has no scores, is not better.
                all(not sign * other > sign * score for other in others),
                crossing.clear,
            )
            rows.append(dict(zip(_COLUMNS, row, strict=True)))
    crossings = pd.DataFrame(rows, columns=list(_COLUMNS))
    return crossings.sort_values("at", kind="stable", ignore_index=True)


def place_text(place: float) -> str:
    """Format a place along a sweep with three digits, or as a whole number: 1234."""
    return f"{place:.0f}" if abs(place) >= 1000 else f"{place:.3g}"


def range_text(low: float, high: float) -> str:
    """Format the interval of a crossing: ``[9.1, 15]``, or ``[9.1, …]`` if it is open.

    An unknown interval, NaN, becomes an en dash.
    """
    if math.isnan(low):
        return "–"
    ends = ("…" if math.isinf(end) else place_text(end) for end in (low, high))
    return f"[{', '.join(ends)}]"


def _value(place: float) -> float:
    """Return the value whose logarithm this is; infinities stay infinite."""
    return math.exp(place) if math.isfinite(place) else place


@dataclass(frozen=True)
class _Pair:
    """Scores of the first of two classifiers, and its differences to the second.

    Both are arrays of shape (n_repetitions, n_datasets), without missing scores.
    """

    datasets: list[str]
    first: np.ndarray
    differences: np.ndarray


def _pair(
    first: pd.DataFrame,
    second: pd.DataFrame,
    order: list[str],
    larger_is_better: bool,
) -> _Pair | None:
    """Return the cells that both have; None if these make no curve."""
    datasets = [d for d in order if d in first.columns and d in second.columns]
    both = first[datasets].dropna().index.intersection(second[datasets].dropna().index)
    if len(datasets) < 2 or not len(both):
        return None
    a, b = (table.loc[both, datasets].to_numpy(float) for table in (first, second))
    return _Pair(datasets, a, differences(a, b, larger_is_better))


def _mean_at(
    place: float, places: np.ndarray, means: pd.Series, order: list[str]
) -> float:
    """Return the value of a mean curve at a place; NaN beyond the curve's ends."""
    known = [i for i, name in enumerate(order) if name in means.index]
    heights = means[[order[i] for i in known]].to_numpy(float)
    height = np.interp(place, places[known], heights, left=math.nan, right=math.nan)
    return float(height)


@dataclass(frozen=True)
class _Crossing:
    """A place where the mean difference changes sign; its ends are NaN at n = 1."""

    at: float
    turns_worse: bool  # whether the first classifier is better only on the left
    low: float = math.nan
    high: float = math.nan
    clear: bool = False


class _Gaps:
    """Differences of two classifiers, (n, n_nodes), along nodes (n_nodes,)."""

    def __init__(
        self,
        nodes: np.ndarray,
        gaps: np.ndarray,
        streams: list[str],
        least_std: np.ndarray,
        overlaps: np.ndarray,
    ) -> None:
        self._nodes = nodes
        self._n = len(gaps)
        self._mean = gaps.mean(axis=0)
        scale = np.abs(gaps).max(axis=0)
        self._mean[np.abs(self._mean) <= 1e-12 * scale] = 0.0  # rounding alone
        if self._n > 1:
            shared = np.equal.outer(np.array(streams), np.array(streams))
            covariance = np.atleast_2d(np.cov(gaps, rowvar=False, ddof=1))
            # Repetitions that happen to agree are not known better than half a curve.
            lacking = (least_std**2 - np.diag(covariance)).clip(0)
            covariance = np.where(shared, covariance, 0.0) + np.diag(lacking)
            wider = np.array([widening(self._n, overlap) for overlap in overlaps])
            self._errors = covariance / self._n * np.outer(wider, wider)

    def net_crossings(self, alpha: float, shared_alpha: float) -> list[_Crossing]:
        """Return the crossings, an odd number within one interval merged into one.

        `shared_alpha` is that of one difference at a node, of all of the sweep.

        The merged crossing is the middle one of those in the direction of the whole
        group. After an even number the same classifier is better as before, so these
        are kept, and none of them is clear.
        """
        kept: list[_Crossing] = []
        groups: list[list[_Crossing]] = []
        for place in self._crossings():
            low, high = self.interval(place.at, alpha)
            crossing = replace(place, low=low, high=high)
            if math.isnan(low):
                kept.append(crossing)
                continue
            if groups and groups[-1][0].high >= crossing.at:
                groups[-1].append(crossing)
            else:
                groups.append([crossing])
        for group in groups:
            if len(group) % 2 == 0:
                kept += group
                continue
            same_direction = group[::2]  # directions alternate
            middle = same_direction[len(same_direction) // 2]
            kept.append(replace(middle, clear=self._is_clear(middle, shared_alpha)))
        return kept

    def _is_clear(self, crossing: _Crossing, alpha: float) -> bool:
        """Tell whether each classifier is significantly better at a node of its side.

        If so at a level that is shared by all nodes and pairs, then with probability
        1 − alpha of the sweep the true curves cross between the two nodes.
        """
        if self._n < FEWEST_FOR_VERDICT:
            return False
        quantile = float(scipy.stats.t.isf(alpha / 2, self._n - 1))
        sign = np.where(
            np.abs(self._mean) > quantile * np.sqrt(np.diag(self._errors)),
            np.sign(self._mean) * (1 if crossing.turns_worse else -1),
            0,
        )
        left, right = self._nodes < crossing.low, self._nodes > crossing.high
        return bool((sign[left] > 0).any() and (sign[right] < 0).any())

    def _crossings(self) -> Iterator[_Crossing]:
        """Yield each change of sign of the mean difference, without an interval."""
        signs = np.flatnonzero(self._mean)
        for left, right in pairwise(signs):
            if self._mean[left] * self._mean[right] > 0:
                continue
            if right > left + 1:  # the two are equal at the nodes between
                place = float(self._nodes[left + 1 : right].mean())
            else:
                a, b = self._mean[[left, right]]
                u, v = self._nodes[[left, right]]
                place = float(u + (v - u) * a / (a - b))
            yield _Crossing(place, bool(self._mean[left] > 0))

    def interval(self, place: float, alpha: float) -> tuple[float, float]:
        """Search both sides of a crossing for where the difference is significant."""
        if self._n < 2:
            return math.nan, math.nan
        quantile = float(scipy.stats.t.isf(alpha / 2, self._n - 1))

        def significant(points: np.ndarray) -> np.ndarray:
            # A point between two nodes is their weighted mean: weights (n_points,
            # n_nodes) give both the difference there and its variance.
            weights = np.column_stack(
                [
                    np.interp(points, self._nodes, unit)
                    for unit in np.eye(len(self._nodes))
                ]
            )
            variance = np.einsum("ij,jk,ik->i", weights, self._errors, weights)
            half_width = quantile * np.sqrt(variance.clip(0))
            result: np.ndarray = np.abs(weights @ self._mean) > half_width
            return result

        grid = np.interp(
            np.arange(_STEPS * (len(self._nodes) - 1) + 1) / _STEPS,
            np.arange(len(self._nodes)),
            self._nodes,
        )
        ends = []
        for points, open_end in ((grid[grid < place][::-1], -math.inf),
                                 (grid[grid > place], math.inf)):  # fmt: skip
            beyond = np.flatnonzero(significant(points))
            if not len(beyond):
                ends.append(open_end)
                continue
            first = int(beyond[0])
            outside = float(points[first])
            inside = float(points[first - 1]) if first else place
            for _ in range(_HALVINGS):
                middle = (inside + outside) / 2
                if significant(np.array([middle]))[0]:
                    outside = middle
                else:
                    inside = middle
            ends.append(inside)
        return ends[0], ends[1]
