"""Changes of scores along a sweep: each dataset against the first."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.stats.effects import (
    Bounds,
    Effect,
    paired_effect,
    score_columns,
    unpaired_effect,
)
from bench.stats.intervals import DIFFERENCE
from bench.stats.scores import (
    check_share,
    check_width,
    differences,
    overlap_of,
    tie_of,
)
from bench.stats.within_dataset import verdict

_MOST_LACKING = 5  # one in so many repetitions is what a compared classifier may lack


def compare_along(
    results: pd.DataFrame,
    metric: str,
    values: Mapping[str, float],
    *,
    alpha: float,
    margin: float,
    larger_is_better: bool,
    streams: Mapping[str, str] | None = None,
    tie: float | Mapping[str, float] = 0.0,
    bounds: Bounds | None = None,
    overlap: float | Mapping[str, float] = 0.0,
) -> pd.DataFrame:
    """Compare each dataset of a sweep with its first, for each classifier.

    If both datasets have the same random stream, a repetition is the same draw of
    curves, with more or fewer of them or more noise: the difference is paired over
    repetitions. Otherwise repetitions of different datasets are independent draws, and
    the interval is Welch's, of the difference of means.

    Parameters
    ----------
    results
        One row for each cell: dataset, classifier, repetition (needed only with
        `streams`) and ``test_<metric>``, NaN where there is no score.
    metric
        The metric whose scores are compared.
    values
        Dataset → its value along the sweep; the lowest is the first.
    alpha
        One minus the coverage. Intervals of means hold each by itself; intervals of
        differences, and so all verdicts of the sweep, are simultaneous over the
        classifiers and datasets that are compared (Bonferroni).
    margin
        Differences up to it do not matter in practice.
    larger_is_better
        The metric's direction.
    streams
        Dataset → a name of the random streams of its curves. With None each dataset
        has a stream of its own.
    tie
        Half a test curve, in units of the score, a number or dataset → number: the
        least spread that intervals count with.
    bounds
        The least and the largest score, within which intervals stay; None for none.
    overlap
        What repetitions that divide one pool of curves add to 1/n in the variance of a
        mean (`bench.stats.intervals.pool_overlap`), a number or dataset → number; 0 for
        independent draws. A paired difference has the larger one of its two datasets.

    Returns
    -------
    DataFrame
        One row for each classifier, in the order of the results, and dataset,
        ascending: classifier, dataset, value, n (cells with a score), n_cells, mean,
        std, low, high (interval of the mean); collapsed, the number of trainings that
        never left chance, if the results have a column of that name: mean and all that
        follows are without them; difference to the first dataset, turned so that
        positive is better, difference_low, difference_high; the difference's
        verdict (see `bench.stats.within_dataset.verdict`), empty for the first dataset;
        paired, whether the difference is paired. Where a classifier lacks more than a
        fifth of the cells of either dataset, or where fewer than three repetitions are
        compared, the difference has no interval, does not count among those compared,
        and its verdict is "inconclusive". Unknown numbers are NaN.

    Raises
    ------
    StatisticsError
        If alpha or margin is out of range.
    """
    check_share("alpha", alpha)
    check_width("margin", margin)
    order = sorted(values, key=lambda dataset: values[dataset])
    column = f"test_{metric}"
    groups = {
        key: _Scores.of(rows, column)  # keys are tuples
        for key, rows in results.groupby(["classifier", "dataset"])
    }
    none = _Scores.of(results[:0], column)
    streams = {name: name for name in order} if streams is None else streams
    start = order[0]
    classifiers = results["classifier"].unique()

    def compared(classifier: str, dataset: str, alpha: float) -> Effect:
        """Compare a dataset with the first, if there are enough scores of both."""
        here, there = (groups.get((classifier, d), none) for d in (dataset, start))
        options: dict[str, Any] = {
            "least_std": max(tie_of(tie, dataset), tie_of(tie, start)),
            "bounds": bounds,
        }
        both = (overlap_of(overlap, dataset), overlap_of(overlap, start))
        paired = streams[dataset] == streams[start]
        effect = _effect(here, there, alpha, larger_is_better, paired, both, options)
        if here.enough and there.enough and effect.decides:
            return effect
        return Effect(effect.n, effect.difference, math.nan, math.nan)

    n_compared = sum(
        compared(classifier, dataset, alpha).decides
        for classifier in classifiers
        for dataset in order[1:]
    )
    rows = []
    for classifier in classifiers:
        for dataset in order:
            here = groups.get((classifier, dataset), none)
            row = {"classifier": classifier, "dataset": dataset}
            row |= {"value": values[dataset], "n": here.n, "n_cells": here.n_cells}
            row["collapsed"] = here.n - len(here.values)
            scores, least = here.values.to_numpy(float), tie_of(tie, dataset)
            shared = overlap_of(overlap, dataset)
            row |= score_columns(
                scores, alpha, least_std=least, bounds=bounds, overlap=shared
            )
            gap, word = (math.nan,) * 3, ""
            if dataset != start:
                effect = compared(classifier, dataset, alpha / max(1, n_compared))
                gap = (effect.difference, effect.low, effect.high)
                word = verdict(effect.low, effect.high, margin)
            row |= dict(zip(DIFFERENCE, gap, strict=True))
            row |= {"verdict": word, "paired": streams[dataset] == streams[start]}
            rows.append(row)
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Scores:
    """A classifier's scores on a dataset.

    `values` are those that are compared, by repetition; n counts the cells with a
    score, collapses included, and n_cells all cells.
    """

    values: pd.Series
    n: int
    n_cells: int

    @classmethod
    def of(cls, rows: pd.DataFrame, column: str) -> "_Scores":
        if "repetition" in rows:
            rows = rows.set_index("repetition")
        known = rows[rows[column].notna()]
        values = known[column]
        if "collapsed" in known:
            is_collapse = known["collapsed"].astype("boolean").fillna(False)
            values = values[~is_collapse.to_numpy(bool)]
        return cls(values, len(known), len(rows))

    @property
    def enough(self) -> bool:
        """Whether no more than a fifth of the cells lack their score."""
        return _MOST_LACKING * (self.n_cells - self.n) <= self.n_cells


def first_verdict(
    along: pd.DataFrame, word: str = "worse"
) -> dict[str, tuple[str | None, list[str]]]:
    """Find for each classifier the first dataset of a sweep with a verdict.

    Parameters
    ----------
    along
        Rows of `compare_along`.
    word
        The verdict, such as "worse".

    Returns
    -------
    dict
        Classifier → the first dataset with the verdict, or None, and the list of later
        datasets that have another verdict.
    """
    first: dict[str, tuple[str | None, list[str]]] = {}
    for classifier, rows in along.groupby("classifier", sort=False):
        datasets = rows["dataset"].to_numpy()
        has_verdict = (rows["verdict"] == word).to_numpy()
        if not has_verdict.any():
            first[str(classifier)] = (None, [])
            continue
        start = int(has_verdict.argmax())
        exceptions = datasets[start:][~has_verdict[start:]].tolist()
        first[str(classifier)] = (str(datasets[start]), exceptions)
    return first


def _effect(
    scores: _Scores,
    first: _Scores,
    alpha: float,
    larger_is_better: bool,
    paired: bool,
    overlaps: tuple[float, float],
    options: dict[str, Any],
) -> Effect:
    """Return the difference of two datasets, turned so that positive is better."""
    here, there = scores.values, first.values
    if paired:
        both = here.index.intersection(there.index)
        pair = (here[both].to_numpy(float), there[both].to_numpy(float))
        gaps = differences(*pair, larger_is_better)
        return paired_effect(gaps, alpha, overlap=max(overlaps), **options)
    a, b = here.to_numpy(float), there.to_numpy(float)
    if larger_is_better:
        return unpaired_effect(a, b, alpha, overlaps=overlaps, **options)
    return unpaired_effect(b, a, alpha, overlaps=overlaps[::-1], **options)
