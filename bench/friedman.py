"""Friedman's test of ranks, with Iman and Davenport's correction."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.scores import ROUNDING


@dataclass(frozen=True)
class Friedman:
    """The test that all classifiers rank alike.

    Attributes
    ----------
    statistic, p
        Friedman's chi-squared, corrected for ties.
    iman_davenport, iman_davenport_p
        Iman and Davenport's F of it, less conservative. Infinite, with p = 0, where
        every dataset ranks the classifiers in the same order.
    """

    statistic: float
    p: float
    iman_davenport: float
    iman_davenport_p: float


def friedman(ranks: np.ndarray) -> Friedman:
    """Test whether classifiers rank alike.

    Parameters
    ----------
    ranks
        Shape (n_datasets, n_classifiers), each row the ranks 1 to n_classifiers, ties
        at their mean. Where all are tied, or there is one classifier, p is 1.
    """
    n, k = ranks.shape
    centred = ranks - (k + 1) / 2
    if not centred.any():
        return Friedman(0.0, 1.0, 0.0, 1.0)
    # The variance of ranks within datasets; k (k + 1) / 12 where there are no ties.
    scale = float((centred**2).sum()) / (n * (k - 1))
    statistic = n * float((centred.mean(axis=0) ** 2).sum()) / scale
    rest = n * (k - 1) - statistic
    if rest <= ROUNDING * n * k:
        f, f_p = math.inf, 0.0
    else:
        f = (n - 1) * statistic / rest
        f_p = float(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))
    return Friedman(statistic, float(stats.chi2.sf(statistic, k - 1)), f, f_p)
