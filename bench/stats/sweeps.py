"""Changes of scores along a sweep: each dataset against the first."""

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
        One row for each cell: dataset, classifier, repetition (needed only with
        `streams`) and ``test_<metric>``, NaN where there is no score.
    metric
        The metric whose scores are compared.
    values
        Dataset → its value along the sweep; the lowest is the first.
    alpha
        One minus the coverage. Intervals of means hold each by itself; intervals of
        differences are simultaneous over the datasets (Bonferroni), for each
        classifier.
    margin
        Differences up to it do not matter in practice.
    larger_is_better
        The metric's direction.
    streams
        Dataset → a name of the random streams of its curves. With None each dataset
        has a stream of its own.

    Returns
    -------
    DataFrame
        One row for each classifier, in the order of the results, and dataset,
        ascending: classifier, dataset, value, n, mean, std, low, high (t interval of
        the mean); difference to the first dataset, turned so that positive is better,
        difference_low, difference_high; the difference's verdict (see
        `bench.stats.within_dataset.verdict`), empty for the first dataset; paired,
        whether the difference is paired. Unknown numbers are NaN.

    Raises
    ------
    StatisticsError
        If alpha or margin is out of range.
    """
    check_share("alpha", alpha)
    check_width("margin", margin)
    order = sorted(values, key=lambda dataset: values[dataset])
    column = f"test_{metric}"
    known = results.dropna(subset=[column])
    if "repetition" in known:
        known = known.set_index("repetition")
    groups = known.groupby(["classifier", "dataset"])[column]
    scores = {key: group for key, group in groups}  # noqa: C416 (keys are tuples)
    no_scores = pd.Series(dtype=float)
    streams = {name: name for name in order} if streams is None else streams
    rows = []
    for classifier in results["classifier"].unique():
        first = scores.get((classifier, order[0]), no_scores)
        for dataset in order:
            here = scores.get((classifier, dataset), no_scores)
            row = {"classifier": classifier, "dataset": dataset}
            row |= {"value": values[dataset], "n": len(here)}
            row |= mean_columns(here.to_numpy(float), alpha)
            paired = streams[dataset] == streams[order[0]]
            if dataset == order[0]:
                gap, word = (math.nan,) * 3, ""
            else:
                shared_alpha = alpha / (len(order) - 1)
                gap = _gap(here, first, shared_alpha, larger_is_better, paired)
                word = verdict(gap[1], gap[2], margin)
            row |= dict(zip(DIFFERENCE, gap, strict=True))
            rows.append(row | {"verdict": word, "paired": paired})
    return pd.DataFrame(rows)


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


def _gap(
    scores: pd.Series,
    first: pd.Series,
    alpha: float,
    larger_is_better: bool,
    paired: bool,
) -> tuple[float, float, float]:
    """Return the difference and its interval, turned so that positive is better."""
    if paired:
        both = scores.index.intersection(first.index)
        scores, first = scores[both], first[both]
    if not len(scores) or not len(first):
        return (math.nan,) * 3
    here, there = scores.to_numpy(float), first.to_numpy(float)
    if paired:
        gap = mean_columns(differences(here, there, larger_is_better), alpha)
        return gap["mean"], gap["low"], gap["high"]
    if larger_is_better:
        return welch_interval(here, there, alpha)
    return welch_interval(there, here, alpha)
