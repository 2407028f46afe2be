"""Rank tests against SciPy, baycomp, a search of all cases, and by hand."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from bench.stats.rank_tests import (
    bayesian_signed_rank,
    friedman,
    holm,
    maximal_cliques,
    wilcoxon,
)


def test_holm_by_hand_steps_down_and_skips_missing_tests():
    adjusted = holm(np.array([0.01, math.nan, 0.04, 0.03]))
    assert adjusted[[0, 2, 3]].tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(adjusted[1])
    assert len(holm(np.array([]))) == 0


@pytest.mark.parametrize("n", [1, 2, 5, 6, 10, 25, 50])
def test_wilcoxon_agrees_with_exact_scipy_where_there_are_no_ties(n):
    for seed in range(2):
        d = np.random.default_rng(seed).normal(0.3, 1, n)
        expected = stats.wilcoxon(d, method="exact").pvalue
        assert wilcoxon(d) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_wilcoxon_agrees_with_every_choice_of_signs_where_there_are_ties(seed):
    d = np.random.default_rng(seed).integers(-3, 5, 9).astype(float)
    every_sign = stats.PermutationMethod(n_resamples=np.inf)
    expected = stats.wilcoxon(d, zero_method="wilcox", method=every_sign).pvalue
    assert wilcoxon(d) == pytest.approx(expected, rel=1e-9)


def test_wilcoxon_by_hand():
    # Ranks 1, 2.5, 2.5, 4 of which 1 is negative; zero is dropped. Of 16 choices of
    # signs, two have a sum of negative ranks of 1 or less.
    assert wilcoxon(np.array([-1.0, 2, 2, 3, 0])) == pytest.approx(2 * 2 / 16)


def test_wilcoxon_of_zeros_and_of_nothing_is_one():
    assert wilcoxon(np.zeros(7)) == 1
    assert wilcoxon(np.array([])) == 1
    assert wilcoxon(np.array([0.3])) == 1


def test_wilcoxon_ignores_rounding_in_ties_and_the_scale():
    rounded = np.array([0.9 - 0.8, 0.8 - 0.7, 0.7 - 0.6, 0.1, -0.1, 0.3])
    assert len(set(np.abs(rounded))) > 2
    exact = np.array([1, 1, 1, 1, -1, 3.0])
    assert wilcoxon(rounded) == wilcoxon(exact) == wilcoxon(1e-7 * exact)


def test_wilcoxon_of_many_datasets_agrees_with_the_normal_approximation():
    d = np.random.default_rng(0).normal(0.1, 1, 300)
    expected = stats.wilcoxon(d, method="asymptotic").pvalue
    assert wilcoxon(d) == pytest.approx(expected, rel=0.01)


# Computed once by baycomp 1.0.3, which has no wheel: the probabilities of
# SignedRankTest(first, second, rope=margin, nsamples=200_000, random_state=1), with the
# draws of the test below.
BAYCOMP = {
    (0.0, 0.0): (0.0994, 0, 0.9006),
    (0.0, 0.004): (0.2203, 0, 0.7797),
    (0.0, 0.012): (0.9912, 0, 0.0088),
    (0.01, 0.0): (0.1309, 0.7659, 0.1032),
    (0.01, 0.004): (0.0854, 0.9132, 0.0014),
    (0.01, 0.012): (0.1585, 0.8415, 0),
}


@pytest.mark.parametrize(("margin", "shift"), BAYCOMP)
def test_the_bayesian_signed_rank_agrees_with_baycomp(margin, shift):
    rng = np.random.default_rng(3)
    first = rng.uniform(0.6, 0.9, 8)
    second = first - rng.normal(shift, 0.015, 8)
    result = bayesian_signed_rank(first - second, margin)
    # Our 20,000 draws have a standard error of at most 0.0035, baycomp's of 0.0011.
    assert result == pytest.approx(BAYCOMP[margin, shift], abs=0.015)
    assert sum(result) == pytest.approx(1)


def test_the_bayesian_signed_rank_of_one_difference_by_hand():
    # Weights w at zero ~ Beta(1/2, 1) and 1 − w at d. With margin < d / 2 only two
    # zeros are equivalent: w² > 1/2 has the probability 1 − (1/2)^(1/4).
    first, equivalent, second = bayesian_signed_rank(np.array([1.0]), 0.1)
    assert equivalent == pytest.approx(1 - 0.5**0.25, abs=0.01)
    assert first == pytest.approx(0.5**0.25, abs=0.01)
    assert second == 0


def test_the_bayesian_signed_rank_of_zeros_is_equivalent_or_undecided():
    assert bayesian_signed_rank(np.zeros(6), 0.01) == (0, 1, 0)
    assert bayesian_signed_rank(np.zeros(6), 0) == (0.5, 0, 0.5)


def test_the_bayesian_signed_rank_has_a_fixed_seed_and_is_symmetric_about_zero():
    d = np.random.default_rng(0).normal(0.005, 0.02, 9)
    result = bayesian_signed_rank(d, 0.01)
    assert bayesian_signed_rank(d, 0.01) == result
    assert bayesian_signed_rank(-d, 0.01) == result[::-1]
    assert bayesian_signed_rank(d, 0.01, seed=1) != result


@pytest.mark.parametrize("levels", [3, 1000])
def test_friedman_agrees_with_scipy_with_ties_and_without(levels):
    values = np.random.default_rng(0).integers(0, levels, (9, 5)).astype(float)
    ranks = stats.rankdata(-values, axis=1)
    result = friedman(ranks)
    expected = stats.friedmanchisquare(*values.T)
    assert result.statistic == pytest.approx(expected.statistic)
    assert result.p == pytest.approx(expected.pvalue)


def test_iman_and_davenport_agree_with_an_analysis_of_variance_of_the_ranks():
    ranks = stats.rankdata(np.random.default_rng(1).normal(size=(8, 4)), axis=1)
    between = 8 * ((ranks.mean(axis=0) - 2.5) ** 2).sum()
    within = ((ranks - ranks.mean(axis=0)) ** 2).sum()
    f = (between / 3) / (within / 21)
    result = friedman(ranks)
    assert result.iman_davenport == pytest.approx(f)
    assert result.iman_davenport_p == pytest.approx(stats.f.sf(f, 3, 21))


def test_friedman_of_identical_and_of_tied_ranks():
    agreed = friedman(np.tile([1.0, 2, 3], (5, 1)))
    assert (agreed.statistic, agreed.iman_davenport) == (10, math.inf)
    assert agreed.iman_davenport_p == 0
    tied = friedman(np.full((5, 3), 2.0))
    assert (tied.statistic, tied.p, tied.iman_davenport_p) == (0, 1, 1)
    assert friedman(np.ones((5, 1))).p == 1


def test_cliques_by_hand():
    assert maximal_cliques("ABCD", [("A", "B"), ("B", "C"), ("A", "C")]) == (
        ("A", "B", "C"),
    )
    assert maximal_cliques("ABCD", [("C", "D"), ("B", "C"), ("A", "B")]) == (
        ("A", "B"),
        ("B", "C"),
        ("C", "D"),
    )
    assert maximal_cliques("ABC", []) == ()
    assert maximal_cliques("", []) == ()


@pytest.mark.parametrize("seed", range(10))
def test_cliques_agree_with_a_search_of_every_group(seed):
    rng = np.random.default_rng(seed)
    names = "ABCDEF"
    near = np.triu(rng.random((6, 6)) < 0.6, 1)
    pairs = [(names[i], names[j]) for i, j in np.argwhere(near)]
    joined = near | near.T | np.eye(6, dtype=bool)
    groups = []
    for chosen in product([False, True], repeat=6):
        members = np.flatnonzero(chosen)
        if len(members) > 1 and joined[np.ix_(members, members)].all():
            groups.append(frozenset(names[i] for i in members))
    largest = {g for g in groups if not any(g < other for other in groups)}
    result = maximal_cliques(names, pairs)
    assert set(map(frozenset, result)) == largest
    assert list(result) == sorted(result)  # in the order of the names
    assert len(result) == len(largest)
    turned = [(second, first) for first, second in pairs[::-1]]
    assert maximal_cliques(names, turned) == result
