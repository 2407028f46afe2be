"""What a classifier that was trained on one dataset does on others."""

import math

import numpy as np
import pandas as pd

from bench.stats.intervals import DIFFERENCE, mean_columns
from bench.stats.scores import check_share, differences


def compare_transfers(
    scores: pd.DataFrame, *, alpha: float, larger_is_better: bool
) -> pd.DataFrame:
    """Describe each classifier's scores, for each dataset trained and tested on.

    Beside them stands what the move costs: the difference to the same classifier when
    it is trained on the dataset that is tested. Both are scored on the same curves, so
    it is paired over repetitions.

    Parameters
    ----------
    scores
        Columns train, test (datasets), repetition, classifier and score, NaN where
        there is none; one row a cell, those with train = test among them.
    alpha
        One minus the coverage of intervals, each by itself.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        One row a classifier, train and test, in the order of the scores: classifier,
        train, test, n (that have a score), n_cells, mean, std (ddof=1), low, high (t
        interval of the mean); difference, turned so that positive is better,
        difference_low, difference_high, NaN where train = test.

    Raises
    ------
    StatisticsError
        If alpha is not between 0 and 1.
    """
    check_share("alpha", alpha)
    names = ["classifier", "train", "test"]
    groups = scores.set_index("repetition").groupby(names, sort=False)["score"]
    found = {key: own for key, own in groups}  # noqa: C416 (keys are tuples)
    rows = []
    for key, own in found.items():
        classifier, train, test = key
        row: dict[str, object] = dict(zip(names, key, strict=True))
        row |= {"n": int(own.notna().sum()), "n_cells": len(own)}
        row |= mean_columns(own.dropna().to_numpy(float), alpha)
        gap = np.empty(0)
        home = found.get((classifier, test, test))
        if train != test and home is not None:
            both = own.dropna().index.intersection(home.dropna().index)
            pair = (own[both].to_numpy(float), home[both].to_numpy(float))
            gap = differences(*pair, larger_is_better)
        cost = mean_columns(gap, alpha)
        lost = (cost["mean"], cost["low"], cost["high"])
        rows.append(row | dict(zip(DIFFERENCE, lost, strict=True)))
    return pd.DataFrame(rows)


def home_and_away(transfers: pd.DataFrame, *, larger_is_better: bool) -> pd.DataFrame:
    """Say of each classifier how it does at home, elsewhere, and where it loses most.

    Parameters
    ----------
    transfers
        As `compare_transfers` gives it.

    Returns
    -------
    DataFrame
        classifier; home, away (means of the means with train = test, and of all
        others), lost (mean difference to having been trained there), and train, test
        and difference of the worst pair. Best away first.
    """
    rows = []
    for classifier, own in transfers.groupby("classifier", sort=False):
        at_home = own["train"] == own["test"]
        away = own[~at_home]
        known = away.dropna(subset=["difference"])
        row = {
            "classifier": classifier,
            "home": own.loc[at_home, "mean"].mean(),
            "away": away["mean"].mean(),
            "lost": known["difference"].mean(),
            "train": "",
            "test": "",
            "difference": math.nan,
        }
        if len(known):
            worst = known.sort_values("difference", kind="stable").iloc[0]
            row |= {name: worst[name] for name in ("train", "test", "difference")}
        rows.append(row)
    return pd.DataFrame(rows).sort_values(
        "away", ascending=not larger_is_better, kind="stable", ignore_index=True
    )
