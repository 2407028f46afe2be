"""Collapses: trainings that never left chance while others of the classifier did."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import special


def find_collapses(
    results: pd.DataFrame,
    accuracy: pd.Series,
    *,
    n_curves: Mapping[str, int],
    n_classes: Mapping[str, int],
    largest: Mapping[str, float] | None = None,
) -> pd.Series:
    """Tell which cells of all datasets and classifiers are collapses.

    Parameters
    ----------
    results
        One row for each cell: dataset and classifier.
    accuracy
        The held-out accuracy of each row, NaN where there is none. Collapses are found
        by it for every metric.
    n_curves, n_classes
        Dataset → the test curves of a repetition, of all classes together, and the
        number of classes.
    largest
        Dataset → the share of its largest class among the test curves; None where all
        classes are equally large.

    Returns
    -------
    Series
        For each row True or False, or NA where no training of the classifier left
        chance on the dataset (see `judge_trainings`), with the index of `results`.
    """
    collapsed = pd.Series(pd.NA, index=results.index, dtype="boolean")
    groups = accuracy.groupby(
        [results["dataset"], results["classifier"]], observed=True, sort=False
    )
    for (dataset, _), scores in groups:
        found = judge_trainings(
            scores.to_numpy(float),
            n_curves[str(dataset)],
            n_classes[str(dataset)],
            None if largest is None else largest[str(dataset)],
        )
        if found is not None:
            collapsed[scores.index] = found
    return collapsed


def judge_trainings(
    accuracies: np.ndarray,
    n_curves: int,
    n_classes: int = 2,
    largest: float | None = None,
) -> np.ndarray | None:
    """Tell which trainings of a classifier on a dataset collapsed.

    A training is at chance if its accuracy lies in the central 95% of what guessing
    reaches on so many test curves (binomial): guessing all classes alike is right with
    probability 1 / n_classes, naming the largest class always with that of its share,
    and other guesses lie between. It is a collapse if another training is
    beyond that, and if the two kinds are apart: each training that left chance must be
    better than each at chance by more than two scores at chance differ (95%), and those
    at chance must be at chance together too (99%, all their curves pooled). Otherwise a
    classifier that guesses, or is a little better than guessing, would be split into
    its lucky and its unlucky repetitions.

    Parameters
    ----------
    accuracies
        Shape (n_repetitions,), NaN where there is none.
    largest
        The share of the largest class among the test curves; None if all are alike.

    Returns
    -------
    array of bool, shape (n_repetitions,), or None
        None if no training left chance: then nothing collapsed, and a share of
        collapses says nothing.
    """
    chance = 1 / n_classes  # the least that guessing reaches
    most = chance if largest is None else max(chance, largest)
    low = binomial_quantile(0.025, n_curves, chance)
    low_of_most = binomial_quantile(0.025, n_curves, most)
    high = binomial_quantile(0.975, n_curves, most)
    right = np.round(accuracies * n_curves)
    if not (right > high).any():
        return None
    at_chance: np.ndarray = (right >= low) & (right <= high)
    others = ~at_chance & ~np.isnan(right)
    if not at_chance.any():
        return at_chance
    gap = right[others].min() - right[at_chance].max()
    n_pooled = int(at_chance.sum()) * n_curves
    bottom = binomial_quantile(0.005, n_pooled, chance)
    top = binomial_quantile(0.995, n_pooled, most)
    together = bottom <= right[at_chance].sum() <= top
    if gap <= math.sqrt(2) * (high - low_of_most) / 2 or not together:
        return np.zeros_like(at_chance)
    return at_chance


def binomial_quantile(q: float, n: int, p: float) -> int:
    """Return the least number of successes that a share `q` of trials does not exceed.

    As `scipy.stats.binom.ppf`; importing that takes longer than a table of results.
    """
    number: int = max(
        0, math.ceil(special.bdtrik(q, n, p)) - 1
    )  # or the next, by rounding
    return number if special.bdtr(number, n, p) >= q else number + 1
