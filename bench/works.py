"""Whether classifiers work on a dataset: the whole interval of the mean says so."""

import math
from collections.abc import Sequence

import pandas as pd

from bench.scores import check_width

WORKS, DOES_NOT, UNCLEAR = "works", "does not work", "unclear"


def judge_works(
    intervals: pd.DataFrame | None,
    datasets: Sequence[str],
    classifiers: Sequence[str],
    *,
    works: float,
    larger_is_better: bool,
) -> pd.DataFrame:
    """Tell for each dataset and classifier whether the score is good enough.

    Parameters
    ----------
    intervals
        As `bench.within.summarise_scores` gives them; None where there are none.
    datasets, classifiers
        Of the suite, in its order.
    works
        The score from which a classifier works.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        dataset, classifier, n, mean, std, low, high (NaN where there is no score) and
        verdict: "works" if the whole interval is as good as `works` or better, "does
        not work" if all of it is worse, else, or without an interval, "unclear".

    Raises
    ------
    StatisticsError
        If `works` is no score.
    """
    check_width("works", works)
    known = {}
    if intervals is not None:
        for row in intervals.to_dict("records"):
            known[row["dataset"], row["classifier"]] = row
    rows = []
    for dataset in datasets:
        for classifier in classifiers:
            found = known.get((dataset, classifier), {})
            row = {"dataset": dataset, "classifier": classifier, "n": found.get("n", 0)}
            row |= {k: found.get(k, math.nan) for k in ("mean", "std", "low", "high")}
            ends = (row["low"], row["high"])
            low, high = ends if larger_is_better else (-ends[1], -ends[0])
            asked = works if larger_is_better else -works
            if low >= asked - 1e-12:  # whatever its last bits say
                row["verdict"] = WORKS
            else:
                row["verdict"] = DOES_NOT if high < asked else UNCLEAR
            rows.append(row)
    return pd.DataFrame(rows)
