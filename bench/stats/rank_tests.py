"""Rank tests over datasets: Friedman, Wilcoxon's signed rank, its Bayesian form, Holm.

`maximal_cliques` turns the pairs without a significant difference into the groups that
a critical-difference diagram joins by bars.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from bench.stats.scores import ROUNDING, check_width

# Weight of the Bayesian test's pseudo-observation, that of Benavoli and others (2017).
PRIOR_STRENGTH = 0.5


def maximal_cliques(
    names: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], ...]:
    """Return the maximal groups, of two or more names, in which every pair is given.

    Groups and their members are in the order of `names`, whatever the order of `pairs`.
    """
    import networkx as nx  # late: 0.1 s, which only a report across datasets needs

    index = {name: i for i, name in enumerate(names)}
    graph = nx.Graph((index[first], index[second]) for first, second in pairs)
    groups = sorted(sorted(group) for group in nx.find_cliques(graph))
    return tuple(tuple(names[i] for i in group) for group in groups)


@dataclass(frozen=True)
class Friedman:
    """Result of the test that all classifiers rank alike.

    Attributes
    ----------
    statistic, p
        Friedman's chi-squared, corrected for ties, and its p-value.
    iman_davenport, iman_davenport_p
        Iman and Davenport's F, computed from it, and its p-value; it is less
        conservative. F is infinite, with p = 0, where every dataset ranks the
        classifiers in the same order.
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
        Shape (n_datasets, n_classifiers). Each row holds the ranks 1 to n_classifiers;
        ties share their mean rank. If all are tied, or there is one classifier, p is 1.
    """
    n, k = ranks.shape
    centred = ranks - (k + 1) / 2
    if not centred.any():
        return Friedman(0.0, 1.0, 0.0, 1.0)
    # The variance of ranks within datasets; k (k + 1) / 12 where there are no ties.
    variance = float((centred**2).sum()) / (n * (k - 1))
    statistic = n * float((centred.mean(axis=0) ** 2).sum()) / variance
    below_largest = n * (k - 1) - statistic
    if below_largest <= ROUNDING * n * k:
        f, f_p = math.inf, 0.0
    else:
        f = (n - 1) * statistic / below_largest
        f_p = float(scipy.stats.f.sf(f, k - 1, (k - 1) * (n - 1)))
    return Friedman(statistic, float(scipy.stats.chi2.sf(statistic, k - 1)), f, f_p)


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust the p-values of one family of tests by Holm's step-down procedure.

    Parameters
    ----------
    p
        Shape (n_tests,); NaN stands for a test that was not made, which is not counted.

    Returns
    -------
    ndarray of shape (n_tests,)
        Adjusted p-values, NaN where `p` is. If nulls are rejected where the value is at
        most alpha, the chance to reject any true null is at most alpha.
    """
    adjusted = p.copy()
    tested = ~np.isnan(p)
    # A single p needs no adjustment, and each call costs 0.05 s: statsmodels runs the
    # garbage collector in it.
    if tested.sum() > 1:
        # Here, since it takes half a second, and a table needs no test.
        from statsmodels.stats.multitest import multipletests

        adjusted[tested] = multipletests(p[tested], method="holm")[1]
    return adjusted


def wilcoxon(differences: np.ndarray) -> float:
    """Return the exact two-sided p-value of Wilcoxon's signed-rank test.

    Zeros are dropped (Wilcoxon's own rule), differences of equal size share their mean
    rank, and p is exact for these ranks, over all 2**n choices of signs. Sizes that
    agree but for rounding count as equal.

    Written by hand: SciPy's exact p-value handles neither ties nor zeros, and its
    permutation test, which does, takes too long for the n of a large suite.

    Parameters
    ----------
    differences
        Shape (n,), finite. An empty array, or zeros alone, give 1.
    """
    d = np.asarray(differences, dtype=float)
    if not d.any():
        return 1.0
    # Rounded relative to the largest, so that ties are those of exact arithmetic.
    rounded = np.round(d / np.abs(d).max() / ROUNDING)
    rounded = rounded[rounded != 0]
    # A mean rank is a whole or a half number, so twice a rank is an index of an array.
    doubled = np.rint(2 * scipy.stats.rankdata(np.abs(rounded))).astype(int)
    probabilities = _null_distribution(tuple(np.sort(doubled).tolist()))
    observed = int(doubled[rounded > 0].sum())
    lower_tail = float(probabilities[: observed + 1].sum())
    upper_tail = float(probabilities[observed:].sum())
    return min(1.0, 2 * min(lower_tail, upper_tail))


def bayesian_signed_rank(
    differences: np.ndarray, margin: float, *, seed: int = 0, n_draws: int = 20_000
) -> tuple[float, float, float]:
    """Return the probabilities that the first is better, equivalent, or worse.

    This is the Bayesian signed-rank test (Benavoli, Corani, Demšar and Zaffalon 2017,
    JMLR 18(77)). The distribution of differences has a Dirichlet-process prior with one
    pseudo-observation at zero of weight 1/2. Each Monte-Carlo draw of weights gives the
    probabilities that the mean of two differences lies above the margin, within it, or
    below. The result is how often each of the three is the largest. A draw in which two
    are equally large is shared between them, unlike in baycomp.

    Parameters
    ----------
    differences
        Shape (n,), finite; first − second, where positive means first is better.
    margin
        Differences within [-margin, margin] are equivalent; with 0 none are.
    seed, n_draws
        Seed and number of the Monte-Carlo draws; the standard error is at most
        0.5 / sqrt(n_draws).
    """
    check_width("margin", margin)
    z = np.concatenate(([0.0], np.asarray(differences, dtype=float)))
    sums = z[:, None] + z
    # A sum on the border, but for rounding, counts half on each side.
    unit = ROUNDING * max(float(np.abs(sums).max()), margin) or 1.0
    above = np.heaviside(np.round((sums - 2 * margin) / unit), 0.5)
    below = np.heaviside(np.round((-sums - 2 * margin) / unit), 0.5)
    weights = _weights(len(z), seed, n_draws)
    first = ((weights @ above) * weights).sum(axis=1)
    second = ((weights @ below) * weights).sum(axis=1)
    shares = np.stack([first, 1 - first - second, second])
    largest = shares >= shares.max(axis=0) - 1e-12
    p = (largest / largest.sum(axis=0)).mean(axis=1)
    return float(p[0]), float(p[1]), float(p[2])


@lru_cache(maxsize=16)
def _null_distribution(doubled_ranks: tuple[int, ...]) -> np.ndarray:
    """Return the probability of each sum of doubled ranks if signs are coin flips."""
    probabilities = np.ones(1)
    for rank in doubled_ranks:
        longer = np.zeros(len(probabilities) + rank)
        longer[: len(probabilities)] += probabilities / 2  # a negative sign
        longer[rank:] += probabilities / 2  # a positive sign
        probabilities = longer
    probabilities.flags.writeable = False  # all callers share the cached array
    return probabilities


@lru_cache(maxsize=2)  # all pairs of a suite have the same size
def _weights(size: int, seed: int, n_draws: int) -> np.ndarray:
    """Draw weights of the differences from their posterior, (n_draws, size)."""
    strengths = np.ones(size)
    strengths[0] = PRIOR_STRENGTH
    weights = np.random.default_rng(seed).dirichlet(strengths, n_draws)
    weights.flags.writeable = False
    return weights
