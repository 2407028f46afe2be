"""Stability of a ranking of classifiers: what it would be with other datasets."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy

from bench.base import StatisticsError
from bench.stats.across_datasets import family_scores

FEWEST_FAMILIES = 6  # of fewer, a bootstrap has too few different samples


def rank_stability(
    scores: pd.DataFrame,
    *,
    seed: int = 0,
    n_resamples: int = 2000,
    larger_is_better: bool,
    families: Sequence[Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return the places of each classifier when the datasets are resampled.

    A classifier's place is the rank of its mean rank over families of datasets, see
    `bench.stats.across_datasets.compare_across`. Families are resampled with
    replacement. Repetitions are not: how they vary says nothing about other datasets.

    Parameters
    ----------
    scores
        As for `compare_across`.
    seed, n_resamples
        Seed and number of the bootstrap's samples.
    larger_is_better
        The metric's direction.
    families
        Groups of datasets that are variants of one library
        (`bench.stats.across_datasets.families`), which are resampled as one. With None
        every dataset is a group by itself.

    Returns
    -------
    DataFrame
        One row for each classifier that is compared: classifier, rank_low, rank_high
        (central 95% of its places; 1 is first, ties share their mean place). It tells
        how stable the ranking is, and is no confidence interval: of a few families that
        agree, all resamples agree. Empty with fewer than six families.

    Raises
    ------
    StatisticsError
        If scores are infinite or duplicate, or n_resamples is less than 1.
    """
    if n_resamples < 1:
        raise StatisticsError(f"n_resamples: found {n_resamples}; expected 1 or more")
    found = family_scores(scores, families)
    n_families = len(found.families)
    columns = ["classifier", "rank_low", "rank_high"]
    if n_families < FEWEST_FAMILIES or not found.classifiers:
        return pd.DataFrame(columns=columns)
    # A multinomial draw counts how often each family is in a sample with replacement,
    # so the mean of a sample is a weighted mean.
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(
        n_families, np.full(n_families, 1 / n_families), n_resamples
    )
    mean_ranks = weights @ found.ranks(larger_is_better) / n_families
    places = scipy.stats.rankdata(mean_ranks.round(9), axis=1)
    low, high = np.quantile(places, [0.025, 0.975], axis=0, method="inverted_cdf")
    return pd.DataFrame(dict(zip(columns, (found.classifiers, low, high), strict=True)))
