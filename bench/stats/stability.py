"""How firm a ranking is: ranks under resampling."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.base import StatisticsError
from bench.stats.across_datasets import family_codes
from bench.stats.scores import common_classifiers, rank, score_tables

FEWEST_DATASETS = 6  # below it a bootstrap of datasets has too few different samples


def rank_stability(
    scores: pd.DataFrame,
    *,
    seed: int = 0,
    n_resamples: int = 2000,
    larger_is_better: bool,
    families: Sequence[Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return how often each classifier comes first when the data are drawn again.

    A classifier's place is that of its mean rank over datasets, each ranked by mean
    score. From six datasets up, datasets are resampled with replacement: how firm the
    ranking is for datasets like these. Below that, repetitions within each dataset,
    the same for all classifiers: how firm it is on these very datasets.

    Parameters
    ----------
    scores
        dataset, repetition, classifier, score; complete.
    seed, n_resamples
        Of the bootstrap.
    larger_is_better
        The metric's direction.
    families
        Groups of datasets that are variants of one library
        (`bench.stats.across_datasets.families`), which are counted and resampled as
        one. None: every dataset is its own.

    Returns
    -------
    DataFrame
        One row a classifier: classifier, p_first (a tie for the first place is
        shared), rank_low, rank_high (central 95% of its places, 1 is first, ties at
        their mean place) and resampled, "datasets" or "repetitions". NaN where
        repetitions would be resampled and a dataset has only one.

    Raises
    ------
    StatisticsError
        If scores are ragged or not finite, a classifier lacks a dataset, or
        n_resamples is less than 1.
    """
    if n_resamples < 1:
        raise StatisticsError(f"n_resamples: expected 1 or more, got {n_resamples}")
    tables = score_tables(scores)
    classifiers = common_classifiers(tables)
    groups = family_codes([t.dataset for t in tables], families)
    rng = np.random.default_rng(seed)
    n_groups = int(groups.max()) + 1
    unit = "datasets" if n_groups >= FEWEST_DATASETS else "repetitions"
    values = [table.columns(classifiers) for table in tables]
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
