"""Maximal cliques: the groups that a critical-difference diagram joins by bars."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from bench.stats.scores import ROUNDING, check_width


def maximal_cliques(
    names: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], ...]:
    """Return the largest groups, of two or more, all of whose pairs are given.

    Groups and their members are in the order of `names`, whatever the order of `pairs`.
    """
    import networkx as nx  # takes 0.1 s, which only a report over datasets should pay

    place = {name: i for i, name in enumerate(names)}
    graph = nx.Graph((place[first], place[second]) for first, second in pairs)
    groups = sorted(sorted(group) for group in nx.find_cliques(graph))
    return tuple(tuple(names[i] for i in group) for group in groups)


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


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust the p-values of one family of tests by Holm's step-down procedure.

    Parameters
    ----------
    p
        Shape (n_tests,); NaN stands for a test that was not made, and is not counted.

    Returns
    -------
    ndarray of shape (n_tests,)
        Reject where it is at most alpha: the chance that any true null is rejected is
        then at most alpha. NaN where `p` is.
    """
    adjusted = p.copy()
    made = ~np.isnan(p)
    # One test is its own adjustment; statsmodels collects garbage, 0.05 s, each call.
    if made.sum() > 1:
        adjusted[made] = multipletests(p[made], method="holm")[1]
    return adjusted


PRIOR_STRENGTH = 0.5


def wilcoxon(differences: np.ndarray) -> float:
    """Return the exact two-sided p of Wilcoxon's signed-rank test.

    Zeros are dropped (Wilcoxon's own rule), equal sizes share their mean rank, and the
    p is that of the ranks as they are, by enumeration of all signs; nothing is
    approximated. Differences whose sizes agree but for rounding are equal.

    Written by hand, since SciPy's exact p knows neither ties nor zeros, and its
    permutation of 2**n signs, which does, is out of reach for the n of a long suite.

    Parameters
    ----------
    differences
        Shape (n,), finite. None, or zeros alone, give 1.
    """
    d = np.asarray(differences, dtype=float)
    if not d.any():
        return 1.0
    # In units of the largest, on a grid: ties as they would be in exact arithmetic.
    steps = np.round(d / np.abs(d).max() / ROUNDING)
    steps = steps[steps != 0]
    # A mean rank is a whole number or a half, so twice a rank is an index.
    doubled = np.rint(2 * stats.rankdata(np.abs(steps))).astype(int)
    chances = _null_distribution(tuple(np.sort(doubled).tolist()))
    observed = int(doubled[steps > 0].sum())
    below = float(chances[: observed + 1].sum())
    above = float(chances[observed:].sum())
    return min(1.0, 2 * min(below, above))


def bayesian_signed_rank(
    differences: np.ndarray, margin: float, *, seed: int = 0, n_draws: int = 20_000
) -> tuple[float, float, float]:
    """Return the probabilities that the first is better, equivalent, or worse.

    The Bayesian signed-rank test (Benavoli, Corani, Demšar and Zaffalon 2017, JMLR
    18(77)): the distribution of differences has a Dirichlet-process prior with one
    pseudo-observation at zero of weight 1/2. Each Monte-Carlo draw of weights says how
    probable it is that the mean of two differences lies above the margin, within it,
    or below; the answer is how often each of the three is the most probable. Unlike in
    baycomp, draws in which two are equally probable are shared between them.

    Parameters
    ----------
    differences
        Shape (n,), finite, first − second with positive better.
    margin
        Differences within [-margin, margin] are equivalent; with 0 nothing is.
    seed, n_draws
        Of the Monte Carlo. Its standard error is at most 0.5 / sqrt(n_draws).
    """
    check_width("margin", margin)
    z = np.concatenate(([0.0], np.asarray(differences, dtype=float)))
    sums = z[:, None] + z
    grid = ROUNDING * max(float(np.abs(sums).max()), margin) or 1.0
    above = np.heaviside(np.round((sums - 2 * margin) / grid), 0.5)
    below = np.heaviside(np.round((-sums - 2 * margin) / grid), 0.5)
    weights = _weights(len(z), seed, n_draws)
    first = ((weights @ above) * weights).sum(axis=1)
    second = ((weights @ below) * weights).sum(axis=1)
    shares = np.stack([first, 1 - first - second, second])
    likeliest = shares >= shares.max(axis=0) - 1e-12
    p = (likeliest / likeliest.sum(axis=0)).mean(axis=1)
    return float(p[0]), float(p[1]), float(p[2])


@lru_cache(maxsize=16)
def _null_distribution(doubled_ranks: tuple[int, ...]) -> np.ndarray:
    """Return the chance of each sum of ranks (times two) when signs are coin flips."""
    chances = np.ones(1)
    for rank in doubled_ranks:
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    chances.flags.writeable = False
    return chances


@lru_cache(maxsize=2)  # one size serves all pairs of a suite
def _weights(size: int, seed: int, n_draws: int) -> np.ndarray:
    strengths = np.ones(size)
    strengths[0] = PRIOR_STRENGTH
    weights = np.random.default_rng(seed).dirichlet(strengths, n_draws)
    weights.flags.writeable = False
    return weights
