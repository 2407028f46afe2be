"""How scores change along a sweep: each dataset against the first."""

import math
from collections.abc import Mapping

import pandas as pd

from bench.stats.intervals import DIFFERENCE, mean_columns, welch_interval
from bench.stats.scores import check_share, check_width, differences
from bench.stats.within_dataset import verdict


def compare_along(
    results: pd.DataFrame,
    metric: str,
    values: Mapping[str, float],
    *,
    alpha: float,
    margin: float,
    larger_is_better: bool,
    streams: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Compare each dataset of a sweep with its first, for each classifier.

    If both datasets have the same random stream, a repetition is the same draw of
    curves, with more or fewer of them or more noise: the difference is paired over
    repetitions. Otherwise repetitions of different datasets are independent draws, and
    the interval is Welch's, of the difference of means.

    Parameters
    ----------
    results
        One row a cell: dataset, classifier, repetition (where there are streams) and
        ``test_<metric>``, NaN where there is no score.
    metric
        The metric whose scores are compared.
    values
        Dataset → its place along the sweep; the lowest is the first.
    alpha
        One minus the coverage: of the means' intervals each by itself, of the
        differences' together over the datasets (Bonferroni), for each classifier.
    margin
        A difference smaller than this does not count.
    larger_is_better
        The metric's direction.
    streams
        Dataset → a name of the random streams of its curves; without it, each has its
        own.

    Returns
    -------
    DataFrame
        One row a classifier, in the order of the results, and dataset, ascending:
        classifier, dataset, value, n, mean, std, low, high (t interval of the mean);
        difference to the first dataset, turned so that positive is better,
        difference_low, difference_high; verdict on that, see
        `bench.stats.within_dataset.verdict`, empty for the first; paired, whether the
        difference is. What is not known is NaN.

    Raises
    ------
    StatisticsError
        If alpha or margin are out of range.
    """
    check_share("alpha", alpha)
    check_width("margin", margin)
    order = sorted(values, key=lambda dataset: values[dataset])
    column = f"test_{metric}"
    known = results.dropna(subset=[column])
    if "repetition" in known:
        known = known.set_index("repetition")
    groups = known.groupby(["classifier", "dataset"])[column]
    scores = {name: own for name, own in groups}  # noqa: C416 (names are tuples)
    none = pd.Series(dtype=float)
    streams = {name: name for name in order} if streams is None else streams
    rows = []
    for classifier in results["classifier"].unique():
        first = scores.get((classifier, order[0]), none)
        for dataset in order:
            own = scores.get((classifier, dataset), none)
            row = {"classifier": classifier, "dataset": dataset}
            row |= {"value": values[dataset], "n": len(own)}
            row |= mean_columns(own.to_numpy(float), alpha)
            paired = streams[dataset] == streams[order[0]]
            if dataset == order[0]:
                gap, word = (math.nan,) * 3, ""
            else:
                share = alpha / (len(order) - 1)
                gap = _gap(own, first, share, larger_is_better, paired)
                word = verdict(gap[1], gap[2], margin)
            row |= dict(zip(DIFFERENCE, gap, strict=True))
            rows.append(row | {"verdict": word, "paired": paired})
    return pd.DataFrame(rows)


def first_verdict(
    along: pd.DataFrame, word: str = "worse"
) -> dict[str, tuple[str | None, list[str]]]:
    """Say for each classifier from which dataset on it is surely worse, or better.

    Parameters
    ----------
    along
        As `compare_along` gives it.
    word
        The verdict that is looked for.

    Returns
    -------
    dict
        Classifier → the first dataset with the verdict, or None; and those after it
        that have another verdict.
    """
    found: dict[str, tuple[str | None, list[str]]] = {}
    for classifier, own in along.groupby("classifier", sort=False):
        given = (own["verdict"] == word).to_numpy()
        if not given.any():
            found[str(classifier)] = (None, [])
            continue
        at = int(given.argmax())
        names = own["dataset"].tolist()
        rest = [n for n, w in zip(names[at:], given[at:], strict=True) if not w]
        found[str(classifier)] = (names[at], rest)
    return found


def _gap(
    scores: pd.Series, first: pd.Series, alpha: float, larger: bool, paired: bool
) -> tuple[float, float, float]:
    """Return the difference and its interval, turned so that positive is better."""
    if paired:
        both = scores.index.intersection(first.index)
        scores, first = scores[both], first[both]
    if not len(scores) or not len(first):
        return (math.nan,) * 3
    own, other = scores.to_numpy(float), first.to_numpy(float)
    if not paired:
        return welch_interval(*((own, other) if larger else (other, own)), alpha)
    found = mean_columns(differences(own, other, larger), alpha)
    return found["mean"], found["low"], found["high"]
