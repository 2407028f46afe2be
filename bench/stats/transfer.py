"""Transfers: scores of classifiers on datasets other than the one they trained on."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from bench.stats.effects import Bounds, paired_effect, score_columns
from bench.stats.intervals import DIFFERENCE
from bench.stats.scores import check_share, differences, overlap_of, tie_of


def compare_transfers(
    scores: pd.DataFrame,
    *,
    alpha: float,
    larger_is_better: bool,
    tie: float | Mapping[str, float] = 0.0,
    bounds: Bounds | None = None,
    overlap: float | Mapping[str, float] = 0.0,
) -> pd.DataFrame:
    """Summarise scores for each classifier, training dataset and test dataset.

    The cost of a transfer is the difference to the same classifier when it is trained
    on the test dataset. Both are scored on the same curves, so the difference is paired
    over repetitions.

    Parameters
    ----------
    scores
        Columns train, test (datasets), repetition, classifier and score, NaN where
        there is none; one row for each cell, including those with train = test.
    alpha
        One minus the coverage of intervals, each by itself.
    larger_is_better
        The metric's direction.
    tie
        Half a test curve, in units of the score, a number or test dataset → number: the
        least spread that intervals count with.
    bounds
        The least and the largest score, within which intervals stay; None for none.
    overlap
        What repetitions that divide one pool of curves add to 1/n in the variance of a
        mean (`bench.stats.intervals.pool_overlap`), a number or dataset → number; 0 for
        independent draws. A transfer has the larger one of its two datasets, of which
        either may share training or test curves between repetitions.

    Returns
    -------
    DataFrame
        One row for each classifier, train and test, in the order of the scores:
        classifier, train, test, n (cells with a score), n_cells, mean, std (ddof=1),
        low, high (interval of the mean); difference, turned so that positive is
        better, difference_low, difference_high, NaN where train = test.

    Raises
    ------
    StatisticsError
        If alpha is not between 0 and 1.
    """
    check_share("alpha", alpha)
    names = ["classifier", "train", "test"]
    groups = scores.set_index("repetition").groupby(names, sort=False)["score"]
    cells = {key: group for key, group in groups}  # noqa: C416 (keys are tuples)
    rows = []
    for key, away in cells.items():
        classifier, train, test = key
        row: dict[str, object] = dict(zip(names, key, strict=True))
        row |= {"n": int(away.notna().sum()), "n_cells": len(away)}
        known, least = away.dropna().to_numpy(float), tie_of(tie, str(test))
        shared = max(overlap_of(overlap, str(name)) for name in (train, test))
        row |= score_columns(
            known, alpha, least_std=least, bounds=bounds, overlap=shared
        )
        gaps = np.empty(0)
        home = cells.get((classifier, test, test))
        if train != test and home is not None:
            both = away.dropna().index.intersection(home.dropna().index)
            pair = (away[both].to_numpy(float), home[both].to_numpy(float))
            gaps = differences(*pair, larger_is_better)
        cost = paired_effect(
            gaps, alpha, least_std=least, bounds=bounds, overlap=shared
        )
        columns = (cost.difference, cost.low, cost.high)
        rows.append(row | dict(zip(DIFFERENCE, columns, strict=True)))
    return pd.DataFrame(rows)


def home_and_away(transfers: pd.DataFrame, *, larger_is_better: bool) -> pd.DataFrame:
    """Compare each classifier at home, on the dataset it trained on, and away.

    Parameters
    ----------
    transfers
        Rows of `compare_transfers`.

    Returns
    -------
    DataFrame
        One row for each classifier, best away first: classifier; home, away (mean of
        the means with train = test, and of all others), lost (mean difference to being
        trained on the test dataset), and train, test and difference of the transfer
        that loses most.
    """
    rows = []
    for classifier, means in transfers.groupby("classifier", sort=False):
        is_home = means["train"] == means["test"]
        away = means[~is_home]
        compared = away.dropna(subset=["difference"])
        row = {
            "classifier": classifier,
            "home": means.loc[is_home, "mean"].mean(),
            "away": away["mean"].mean(),
            "lost": compared["difference"].mean(),
            "train": "",
            "test": "",
            "difference": math.nan,
        }
        if len(compared):
            worst = compared.sort_values("difference", kind="stable").iloc[0]
            row |= {name: worst[name] for name in ("train", "test", "difference")}
        rows.append(row)
    return pd.DataFrame(rows).sort_values(
        "away", ascending=not larger_is_better, kind="stable", ignore_index=True
    )
