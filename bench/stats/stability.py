"""Stability of a ranking of classifiers under resampling."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.base import StatisticsError
from bench.stats.across_datasets import family_codes
from bench.stats.scores import common_classifiers, rank, score_tables

FEWEST_DATASETS = 6  # with fewer, a bootstrap of datasets has too few samples


def rank_stability(
    scores: pd.DataFrame,
    *,
    seed: int = 0,
    n_resamples: int = 2000,
    larger_is_better: bool,
    families: Sequence[Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return how often each classifier is first when the data are resampled.

    A classifier's place is the rank of its mean rank over datasets, where each dataset
    ranks classifiers by mean score. With six datasets or more, datasets are resampled
    with replacement, which shows how stable the ranking is for datasets like these.
    With fewer, repetitions are resampled within each dataset, the same for all
    classifiers, which shows how stable it is on these very datasets.

    Parameters
    ----------
    scores
        Columns dataset, repetition, classifier, score; complete.
    seed, n_resamples
        Seed and number of the bootstrap's samples.
    larger_is_better
        The metric's direction.
    families
        Groups of datasets that are variants of one library
        (`bench.stats.across_datasets.families`), which are counted and resampled as
        one. With None every dataset is a group by itself.

    Returns
    -------
    DataFrame
        One row for each classifier: classifier, p_first (a tie for the first place is
        shared), rank_low, rank_high (central 95% of its places; 1 is first, ties share
        their mean place) and resampled, "datasets" or "repetitions". The numbers are
        NaN if repetitions are resampled and some dataset has only one.

    Raises
    ------
    StatisticsError
        If scores are ragged or not finite, a classifier lacks a dataset, or
        n_resamples is less than 1.
    """
    if n_resamples < 1:
        raise StatisticsError(f"n_resamples: found {n_resamples}; expected 1 or more")
    tables = score_tables(scores)
    classifiers = common_classifiers(tables)
    groups = family_codes([t.dataset for t in tables], families)
    rng = np.random.default_rng(seed)
    n_groups = int(groups.max()) + 1
    unit = "datasets" if n_groups >= FEWEST_DATASETS else "repetitions"
    values = [table.columns(classifiers) for table in tables]
    # A multinomial draw counts how often each unit is in a sample with replacement, so
    # the mean of a sample is a weighted mean.
    if unit == "datasets":
        ranks = np.stack([rank(v.mean(axis=0)[None], larger_is_better) for v in values])
        drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), n_resamples)
        weights = drawn[:, groups]
        mean_ranks = weights @ ranks[:, 0] / weights.sum(axis=1, keepdims=True)
    else:
        mean_ranks = np.zeros((n_resamples, len(classifiers)))
        for v in values:
            n = len(v)
            drawn = rng.multinomial(n, np.full(n, 1 / n), n_resamples)
            mean_ranks += rank(drawn @ v / n, larger_is_better) / len(values)
    places = rank(mean_ranks, False)
    firsts = places == places.min(axis=1, keepdims=True)
    p_first = (firsts / firsts.sum(axis=1, keepdims=True)).mean(axis=0)
    low, high = np.quantile(places, [0.025, 0.975], axis=0, method="inverted_cdf")
    known = unit == "datasets" or min(map(len, values)) > 1
    return pd.DataFrame(
        {
            "classifier": classifiers,
            "p_first": p_first if known else math.nan,
            "rank_low": low if known else math.nan,
            "rank_high": high if known else math.nan,
            "resampled": unit,
        }
    )
