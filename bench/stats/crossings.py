"""Where along a sweep two classifiers change places, and how sure that is."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from scipy import stats

from bench.stats.scores import check_share, differences

WIDE = 20.0  # times the smallest value: from here on a sweep is read in logarithms
_COLUMNS = ("before", "after", "at", "low", "high", "score", "n", "leads", "clear")
_STEPS = 64  # in which an interval is looked for, from one value to the next
_HALVINGS = 40  # of such a step, which pin its end down to the last bits


def is_wide(values: np.ndarray) -> bool:
    """Whether values, shape (n_values,), finite and ascending, ask for logarithms."""
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
) -> pd.DataFrame:
    """Find where the mean curves of two classifiers cross, with an interval.

    Between the values of a sweep the mean scores are joined by straight lines, as they
    are drawn; of each pair of classifiers the repetitions count in which both have a
    score at every value. The interval holds the places at which the difference of the
    two is not told from zero: those where its t interval, pointwise, includes zero.
    (Fieller's way: the true crossing is inside with probability 1 − alpha, also where
    the two hardly differ; then the interval is open.) Curves that go to and fro within
    one interval cross once, or not clearly at all. On values of one random stream a
    repetition is the same draw, so differences there are correlated, and counted so.

    Parameters
    ----------
    results
        One row a cell: dataset, repetition, classifier, ``test_<metric>``.
    values
        Dataset → its place along the sweep; an infinite one is left out.
    alpha
        One minus the coverage, of each interval by itself.
    streams
        Dataset → a name of the random streams of its curves.
    larger_is_better
        The metric's direction.
    logarithmic
        Whether the lines are straight in the values' logarithms.

    Returns
    -------
    DataFrame
        One row a crossing, from the left: before, after (the classifiers that are
        better on either side), at, low, high (−inf or inf where the interval goes on
        beyond the sweep, NaN at n = 1), score (of both, there), n, leads (no other
        classifier is better there), clear (each is surely better somewhere on its side:
        the interval is closed, and they do change places in it).

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
        str(name): own.pivot(index="repetition", columns="dataset", values=column)
        for name, own in known.groupby("classifier", sort=False)
    }
    means = {name: table.mean() for name, table in tables.items()}
    rows: list[dict[str, object]] = []
    for names in combinations(tables, 2):
        first, second = names
        pair = _pair(tables[first], tables[second], order, larger_is_better)
        if pair is None:
            continue
        nodes = places[[order.index(name) for name in pair.datasets]]
        gaps = _Gaps(nodes, pair.differences, [streams[d] for d in pair.datasets])
        for crossing in gaps.net_crossings(alpha):
            score = float(np.interp(crossing.at, nodes, pair.first.mean(axis=0)))
            others = [
                _height(crossing.at, places, means[name], order)
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
                all(not sign * other > sign * score for other in others),
                crossing.clear,
            )
            rows.append(dict(zip(_COLUMNS, row, strict=True)))
    found = pd.DataFrame(rows, columns=list(_COLUMNS))
    return found.sort_values("at", kind="stable", ignore_index=True)


def place_text(place: float) -> str:
    """Write a place along a sweep with three digits, or all before the point: 1234."""
    return f"{place:.0f}" if abs(place) >= 1000 else f"{place:.3g}"


def range_text(low: float, high: float) -> str:
    """Write the interval of a crossing: ``[9.1, 15]``, ``[9.1, …]`` where it is open.

    An en dash where there is none.
    """
    if math.isnan(low):
        return "–"
    ends = ("…" if math.isinf(end) else place_text(end) for end in (low, high))
    return f"[{', '.join(ends)}]"


def _value(place: float) -> float:
    """Return what a logarithm is of; an infinite one stays what it is."""
    return math.exp(place) if math.isfinite(place) else place


@dataclass(frozen=True)
class _Pair:
    """Two classifiers where both have scores; arrays (n_repetitions, n_datasets)."""

    datasets: list[str]
    first: np.ndarray
    differences: np.ndarray


def _pair(
    first: pd.DataFrame, second: pd.DataFrame, order: list[str], larger: bool
) -> _Pair | None:
    datasets = [d for d in order if d in first.columns and d in second.columns]
    both = first[datasets].dropna().index.intersection(second[datasets].dropna().index)
    if len(datasets) < 2 or not len(both):
        return None
    mine, theirs = (own.loc[both, datasets].to_numpy(float) for own in (first, second))
    return _Pair(datasets, mine, differences(mine, theirs, larger))


def _height(
    place: float, places: np.ndarray, means: pd.Series, order: list[str]
) -> float:
    """Return where a mean curve runs; NaN beyond its ends."""
    own = [i for i, name in enumerate(order) if name in means.index]
    heights = means[[order[i] for i in own]].to_numpy(float)
    found = np.interp(place, places[own], heights, left=math.nan, right=math.nan)
    return float(found)


@dataclass(frozen=True)
class _Crossing:
    """A place where the mean difference changes sign; NaN ends at n = 1."""

    at: float
    turns_worse: bool
    low: float = math.nan
    high: float = math.nan
    clear: bool = False


class _Gaps:
    """Differences of two classifiers (n, n_nodes) along nodes (n_nodes,)."""

    def __init__(self, nodes: np.ndarray, gaps: np.ndarray, streams: list[str]) -> None:
        self._nodes = nodes
        self._n = len(gaps)
        self._mean = gaps.mean(axis=0)
        size = np.abs(gaps).max(axis=0)
        self._mean[np.abs(self._mean) <= 1e-12 * size] = 0.0  # rounding
        if self._n > 1:
            shared = np.equal.outer(np.array(streams), np.array(streams))
            covariance = np.atleast_2d(np.cov(gaps, rowvar=False, ddof=1))
            self._errors = np.where(shared, covariance, 0.0) / self._n

    def net_crossings(self, alpha: float) -> list[_Crossing]:
        """Return the crossings, those of one interval as one if they are odd in number.

        Of these the middle one of those that go the whole group's way stands for all.
        An even number is no change of places, and none of them is clear.
        """
        kept: list[_Crossing] = []
        groups: list[list[_Crossing]] = []
        for found in self._crossings():
            low, high = self.interval(found.at, alpha)
            whole = replace(found, low=low, high=high)
            if math.isnan(low):
                kept.append(whole)
                continue
            if groups and groups[-1][0].high >= found.at:
                groups[-1].append(whole)
            else:
                groups.append([whole])
        for group in groups:
            if len(group) % 2 == 0:
                kept += group
                continue
            along = group[::2]
            one = along[len(along) // 2]
            closed = math.isfinite(one.low) and math.isfinite(one.high)
            kept.append(replace(one, clear=closed))
        return kept

    def _crossings(self) -> Iterator[_Crossing]:
        signs = np.flatnonzero(self._mean)
        for left, right in pairwise(signs):
            if self._mean[left] * self._mean[right] > 0:
                continue
            if right > left + 1:  # they are equal at nodes between
                place = float(self._nodes[left + 1 : right].mean())
            else:
                a, b = self._mean[[left, right]]
                u, v = self._nodes[[left, right]]
                place = float(u + (v - u) * a / (a - b))
            yield _Crossing(place, bool(self._mean[left] > 0))

    def interval(self, place: float, alpha: float) -> tuple[float, float]:
        """Walk from a crossing to where the difference is told from zero."""
        if self._n < 2:
            return math.nan, math.nan
        quantile = float(stats.t.isf(alpha / 2, self._n - 1))

        def told(u: np.ndarray) -> np.ndarray:
            shares = np.column_stack(
                [np.interp(u, self._nodes, unit) for unit in np.eye(len(self._nodes))]
            )
            variance = np.einsum("ij,jk,ik->i", shares, self._errors, shares)
            half = quantile * np.sqrt(variance.clip(0))
            beyond: np.ndarray = np.abs(shares @ self._mean) > half
            return beyond

        fine = np.interp(
            np.arange(_STEPS * (len(self._nodes) - 1) + 1) / _STEPS,
            np.arange(len(self._nodes)),
            self._nodes,
        )
        ends = []
        for way, beyond in ((fine[fine < place][::-1], -math.inf),
                            (fine[fine > place], math.inf)):  # fmt: skip
            outside = np.flatnonzero(told(way))
            if not len(outside):
                ends.append(beyond)
                continue
            first = int(outside[0])
            out = float(way[first])
            inside = float(way[first - 1]) if first else place
            for _ in range(_HALVINGS):
                middle = (inside + out) / 2
                if told(np.array([middle]))[0]:
                    out = middle
                else:
                    inside = middle
            ends.append(inside)
        return ends[0], ends[1]
