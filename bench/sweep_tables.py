"""Where along a sweep classifiers start to fail: each dataset against the first."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from bench.intervals import mean_interval, welch_interval
from bench.scores import check_share, check_width
from bench.within import verdict

_MEAN = ("mean", "std", "low", "high")
_DIFFERENCE = ("difference", "difference_low", "difference_high")


def compare_along(
    results: pd.DataFrame,
    metric: str,
    values: Mapping[str, float],
    *,
    alpha: float,
    margin: float,
    larger_is_better: bool,
) -> pd.DataFrame:
    """Compare each dataset of a sweep with its first, for each classifier.

    Repetitions of different datasets are independent draws, so nothing is paired:
    Welch's interval of the difference of means.

    Parameters
    ----------
    results
        One row a cell: dataset, classifier and ``test_<metric>``, NaN where there is
        no score.
    metric
        Whose scores.
    values
        Dataset → its place along the sweep; the lowest is the first.
    alpha
        One minus the coverage: of the means' intervals each by itself, of the
        differences' together over the datasets (Bonferroni), for each classifier.
    margin
        A difference smaller than this is no matter.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        One row a classifier, in the order of the results, and dataset, ascending:
        classifier, dataset, value, n, mean, std, low, high (t interval of the mean);
        difference to the first dataset, turned so that positive is better,
        difference_low, difference_high; verdict on that, see `bench.within.verdict`,
        empty for the first. What is not known is NaN.

    Raises
    ------
    StatisticsError
        If alpha or margin are out of range.
    """
    check_share("alpha", alpha)
    check_width("margin", margin)
    order = sorted(values, key=lambda dataset: values[dataset])
    column = f"test_{metric}"
    known = results.dropna(subset=[column]).set_index(["classifier", "dataset"])
    scores = known[column].groupby(level=[0, 1]).agg(list).to_dict()
    rows = []
    for classifier in results["classifier"].unique():
        first = scores.get((classifier, order[0]), [])
        for dataset in order:
            own = scores.get((classifier, dataset), [])
            row = {"classifier": classifier, "dataset": dataset}
            row |= {"value": values[dataset]} | _mean(own, alpha)
            if dataset == order[0]:
                gap, word = (math.nan,) * 3, ""
            else:
                gap = _gap(own, first, alpha / (len(order) - 1), larger_is_better)
                word = verdict(gap[1], gap[2], margin)
            row |= dict(zip(_DIFFERENCE, gap, strict=True))
            rows.append(row | {"verdict": word})
    return pd.DataFrame(rows)


def first_failure(along: pd.DataFrame) -> dict[str, tuple[str | None, list[str]]]:
    """Say for each classifier from which dataset on it is surely worse.

    Parameters
    ----------
    along
        As `compare_along` gives it.

    Returns
    -------
    dict
        Classifier → the first dataset with the verdict "worse", or None; and those
        after it that have another verdict.
    """
    found: dict[str, tuple[str | None, list[str]]] = {}
    for classifier, own in along.groupby("classifier", sort=False):
        worse = (own["verdict"] == "worse").to_numpy()
        if not worse.any():
            found[str(classifier)] = (None, [])
            continue
        at = int(worse.argmax())
        names = own["dataset"].tolist()
        rest = [n for n, w in zip(names[at:], worse[at:], strict=True) if not w]
        found[str(classifier)] = (names[at], rest)
    return found


def _mean(scores: list[float], alpha: float) -> dict[str, float]:
    if not scores:
        return {"n": 0} | dict.fromkeys(_MEAN, math.nan)
    found = mean_interval(np.array(scores, dtype=float)[:, None], alpha)
    return {"n": found.n} | {name: float(getattr(found, name)[0]) for name in _MEAN}


def _gap(
    scores: list[float], first: list[float], alpha: float, larger_is_better: bool
) -> tuple[float, float, float]:
    """Return the difference and its interval, turned so that positive is better."""
    if not scores or not first:
        return (math.nan,) * 3
    pair = (np.array(scores, dtype=float), np.array(first, dtype=float))
    return welch_interval(*(pair if larger_is_better else pair[::-1]), alpha)
