import math
from itertools import combinations, product

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats
from score_frames import scores_from, scores_of
from statsmodels.stats.multitest import multipletests

from bench.base.errors import StatisticsError
from bench.stats.across_datasets import compare_across, families
from bench.stats.power import datasets_needed, enough_datasets
from bench.stats.rank_tests import (
    bayesian_signed_rank,
    friedman,
    maximal_cliques,
    wilcoxon,
)

OPTIONS = {"alpha": 0.05, "larger_is_better": True, "n_draws": 2000}


def simulated(seed=0, n_datasets=15, n_repetitions=3, n_classifiers=4, step=0.02):
    rng = np.random.default_rng(seed)
    shape = (n_datasets, n_repetitions, n_classifiers)
    return (
        rng.uniform(0.5, 0.8, n_datasets)[:, None, None]
        + step * np.arange(n_classifiers)
        + rng.normal(0, 0.03, (n_datasets, 1, n_classifiers))
        + rng.normal(0, 0.01, shape)
    )


# --- how many datasets -----------------------------------------------------


def test_thirteen_classifiers_need_nine_datasets_and_twelve_for_all_pairs():
    assert datasets_needed(12, 0.05) == 9
    assert datasets_needed(78, 0.05) == 12
    assert datasets_needed(1, 0.05) == 6
    assert datasets_needed(0, 0.05) == 0


@pytest.mark.parametrize("n_comparisons", [1, 2, 3, 12, 78])
def test_enough_datasets_is_where_the_smallest_p_survives_holm(n_comparisons):
    needed = datasets_needed(n_comparisons, 0.05)
    for n in (needed - 1, needed):
        smallest = wilcoxon(np.arange(1, n + 1))
        p = [smallest] + [1.0] * (n_comparisons - 1)
        rejects = multipletests(p, 0.05, method="holm")[0][0]
        assert enough_datasets(n, n_comparisons, 0.05) == rejects


# --- the signed-rank tests -------------------------------------------------


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


def test_wilcoxon_sees_ties_through_rounding_and_is_blind_to_scale():
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
    found = bayesian_signed_rank(first - second, margin)
    # Our 20,000 draws have a standard error of at most 0.0035, baycomp's of 0.0011.
    assert found == pytest.approx(BAYCOMP[margin, shift], abs=0.015)
    assert sum(found) == pytest.approx(1)


def test_the_bayesian_signed_rank_of_one_difference_by_hand():
    # Weights w at zero ~ Beta(1/2, 1) and 1 − w at d. With margin < d / 2 only two
    # zeros are equivalent: w² > 1/2 has the probability 1 − (1/2)^(1/4).
    first, equivalent, second = bayesian_signed_rank(np.array([1.0]), 0.1)
    assert equivalent == pytest.approx(1 - 0.5**0.25, abs=0.01)
    assert first == pytest.approx(0.5**0.25, abs=0.01)
    assert second == 0


def test_the_bayesian_signed_rank_of_zeros():
    assert bayesian_signed_rank(np.zeros(6), 0.01) == (0, 1, 0)
    assert bayesian_signed_rank(np.zeros(6), 0) == (0.5, 0, 0.5)


def test_the_bayesian_signed_rank_has_a_fixed_seed_and_is_symmetric_about_zero():
    d = np.random.default_rng(0).normal(0.005, 0.02, 9)
    found = bayesian_signed_rank(d, 0.01)
    assert bayesian_signed_rank(d, 0.01) == found
    assert bayesian_signed_rank(-d, 0.01) == found[::-1]
    assert bayesian_signed_rank(d, 0.01, seed=1) != found


# --- Friedman and cliques --------------------------------------------------


@pytest.mark.parametrize("levels", [3, 1000])
def test_friedman_agrees_with_scipy_with_ties_and_without(levels):
    values = np.random.default_rng(0).integers(0, levels, (9, 5)).astype(float)
    ranks = stats.rankdata(-values, axis=1)
    found = friedman(ranks)
    expected = stats.friedmanchisquare(*values.T)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)


def test_iman_and_davenport_agree_with_an_analysis_of_variance_of_the_ranks():
    ranks = stats.rankdata(np.random.default_rng(1).normal(size=(8, 4)), axis=1)
    between = 8 * ((ranks.mean(axis=0) - 2.5) ** 2).sum()
    within = ((ranks - ranks.mean(axis=0)) ** 2).sum()
    f = (between / 3) / (within / 21)
    found = friedman(ranks)
    assert found.iman_davenport == pytest.approx(f)
    assert found.iman_davenport_p == pytest.approx(stats.f.sf(f, 3, 21))


def test_friedman_at_its_two_ends():
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
    found = maximal_cliques(names, pairs)
    assert set(map(frozenset, found)) == largest
    assert list(found) == sorted(found)  # in the order of the names
    assert len(found) == len(largest)
    turned = [(second, first) for first, second in pairs[::-1]]
    assert maximal_cliques(names, turned) == found


# --- the whole comparison --------------------------------------------------


def test_three_datasets_and_three_classifiers_by_hand():
    scores = scores_of(
        {
            "d": {"A": [0.8, 1.0], "B": [0.7, 0.9], "C": [0.2, 0.4]},
            "e": {"A": [0.7, 0.7], "B": [0.5, 0.5], "C": [0.6, 0.6]},
            "f": {"A": [0.9, 0.9], "B": [0.6, 0.6], "C": [0.6, 0.6]},
        }
    )
    found = compare_across(scores, **OPTIONS)
    assert found.means.to_numpy().ravel().tolist() == pytest.approx(
        [0.9, 0.8, 0.3, 0.7, 0.5, 0.6, 0.9, 0.6, 0.6]
    )
    assert found.ranks.to_dict() == pytest.approx({"A": 1, "B": 7.5 / 3, "C": 7.5 / 3})
    assert not found.allowed
    assert found.needed == 7
    assert "3 comparisons over 3 datasets" in found.reason
    assert "7 datasets" in found.reason
    assert (found.friedman, found.cliques) == (None, ())
    pair = found.pairs.iloc[0]
    assert (pair["first"], pair["second"]) == ("A", "B")
    # Differences 0.1, 0.2, 0.3; t with two degrees of freedom in closed form.
    u = 1 - 0.025 / 3
    half = (2 * u - 1) / math.sqrt(2 * u * (1 - u)) * 0.1 / math.sqrt(3)
    assert pair["difference"] == pytest.approx(0.2)
    assert (pair["low"], pair["high"]) == pytest.approx((0.2 - half, 0.2 + half))
    assert (pair["wins"], pair["ties"], pair["losses"]) == (3, 0, 0)
    b_c = found.pairs.iloc[2]
    assert (b_c["wins"], b_c["ties"], b_c["losses"]) == (1, 1, 1)
    tests = ["p", "p_holm", "p_first_better", "p_equivalent", "p_second_better"]
    assert found.pairs[tests].isna().all(axis=None)


def test_pairs_agree_with_scipy_and_statsmodels():
    values = simulated()
    found = compare_across(scores_from(values), margin=0.01, **OPTIONS)
    means = values.mean(axis=1)
    assert found.allowed
    assert found.reason == ""
    expected = stats.friedmanchisquare(*means.T)
    assert found.friedman.statistic == pytest.approx(expected.statistic)
    p = []
    for row in found.pairs.itertuples():
        gap = means[:, int(row.first[1])] - means[:, int(row.second[1])]
        p.append(stats.wilcoxon(gap, method="exact").pvalue)
        assert row.p == pytest.approx(p[-1])
        interval = stats.ttest_1samp(gap, 0).confidence_interval(1 - 0.05 / 6)
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
        assert (row.wins, row.losses) == ((gap > 0).sum(), (gap < 0).sum())
        bayes = (row.p_first_better, row.p_equivalent, row.p_second_better)
        assert bayes == bayesian_signed_rank(gap, 0.01, n_draws=2000)
    assert found.pairs["p_holm"].tolist() == pytest.approx(
        multipletests(p, method="holm")[1].tolist()
    )


def test_pairs_ranks_and_cliques_agree_with_scikit_posthocs():
    found = compare_across(scores_from(simulated(2)), **OPTIONS)
    means = found.means
    # A pair that Holm joins again, so that it counts which p the cliques are of.
    joined_by_holm = (found.pairs["p"] <= 0.05) & (found.pairs["p_holm"] > 0.05)
    assert joined_by_holm.any()
    p = scikit_posthocs.posthoc_wilcoxon(
        means.melt(), val_col="value", group_col="classifier", p_adjust="holm"
    )
    for row in found.pairs.itertuples():
        assert row.p_holm == pytest.approx(p.loc[row.first, row.second])
    alike = {frozenset(pair) for pair in combinations(p.index, 2) if p.loc[pair] > 0.05}
    joined = {frozenset(pair) for c in found.cliques for pair in combinations(c, 2)}
    assert joined == alike
    assert 0 < len(alike) < 6
    ranks = means.rank(axis=1, ascending=False).mean()
    assert found.ranks.to_dict() == pytest.approx(ranks.to_dict())


def test_with_a_baseline_all_others_are_compared_with_it():
    found = compare_across(scores_from(simulated()), baseline="C1", **OPTIONS)
    assert set(found.pairs["second"]) == {"C1"}
    assert sorted(found.pairs["first"]) == ["C0", "C2", "C3"]
    assert found.needed == datasets_needed(3, 0.05)
    assert found.cliques == ()
    with pytest.raises(StatisticsError, match="'SD'"):
        compare_across(scores_from(simulated()), baseline="SD", **OPTIONS)


def test_a_loss_turns_ranks_and_differences_around():
    scores = scores_from(simulated())
    gains = compare_across(scores, **OPTIONS)
    losses = compare_across(scores, **(OPTIONS | {"larger_is_better": False}))
    assert list(losses.ranks.index) == list(gains.ranks.index[::-1])
    best = losses.pairs.iloc[2]
    assert (best["first"], best["second"]) == ("C0", "C3")
    assert best["difference"] > 0


def test_more_repetitions_are_no_more_datasets():
    values = simulated(n_datasets=4, n_repetitions=50)
    found = compare_across(scores_from(values), **OPTIONS)
    assert not found.allowed


def test_variants_of_one_library_are_one_family():
    assert families({"d": "F11", "e": "F11", "f": "F4"}) == (("d", "e"), ("f",))
    values = simulated(n_datasets=12)
    own = families({f"d{i}": f"library {i // 2}" for i in range(12)})
    found = compare_across(scores_from(values), families=own, **OPTIONS)
    assert not found.allowed
    assert "variants" in found.reason
    assert "6 families" in found.reason
    assert found.pairs["p"].isna().all()
    assert found.friedman is None


def test_the_interval_of_families_of_two_is_that_of_their_means():
    values = simulated(n_datasets=12, n_classifiers=2)
    own = [[f"d{2 * i}", f"d{2 * i + 1}"] for i in range(6)]
    found = compare_across(scores_from(values), families=own, **OPTIONS).pairs.iloc[0]
    gaps = (values[..., 1] - values[..., 0]).mean(axis=1).reshape(6, 2).mean(axis=1)
    assert found["first"] == "C1"
    interval = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high))


def test_a_single_family_has_effects_and_no_interval():
    values = simulated(n_datasets=8, n_classifiers=2)
    own = [[f"d{i}" for i in range(8)]]
    found = compare_across(scores_from(values), families=own, **OPTIONS)
    assert "8 datasets are 1 family" in found.reason
    assert found.pairs[["low", "high"]].isna().all(axis=None)
    assert found.pairs["difference"].notna().all()
    assert found.pairs["wins"].sum() + found.pairs["losses"].sum() == 8


def test_one_dataset_has_effects_and_says_how_many_would_do():
    found = compare_across(scores_from(simulated(n_datasets=1)), **OPTIONS)
    assert found.pairs["low"].isna().all()
    assert found.pairs["difference"].notna().all()
    assert "over 1 dataset cannot" in found.reason
    assert "8 datasets" in found.reason


def test_one_classifier_is_compared_with_none():
    found = compare_across(scores_from(simulated(n_classifiers=1)), **OPTIONS)
    assert found.pairs.empty
    assert not found.allowed
    assert "one classifier" in found.reason
    assert found.ranks.tolist() == [1]


def test_all_equal_are_one_clique():
    values = np.repeat(simulated(n_classifiers=1), 3, axis=2)
    found = compare_across(scores_from(values), margin=0.01, **OPTIONS)
    assert found.cliques == (("C0", "C1", "C2"),)
    assert found.friedman.p == 1
    assert (found.pairs["p_holm"] == 1).all()
    assert (found.pairs["p_equivalent"] == 1).all()
    assert (found.pairs[["difference", "low", "high"]] == 0).all(axis=None)
    assert (found.pairs["ties"] == 15).all()


def test_all_different_are_no_clique():
    found = compare_across(scores_from(simulated(step=1.0)), **OPTIONS)
    assert found.cliques == ()
    assert found.friedman.iman_davenport == math.inf
    assert (found.pairs["p_holm"] < 0.05).all()


def test_a_constant_difference_has_the_point_as_its_interval():
    values = simulated(n_classifiers=1)
    both = np.concatenate([values, values + 0.1], axis=2)
    row = compare_across(scores_from(both), **OPTIONS).pairs.iloc[0]
    assert row["low"] == row["high"] == row["difference"] == pytest.approx(0.1)


def test_a_classifier_that_a_dataset_lacks_is_refused_by_name():
    scores = scores_of({"d": {"A": [0.1], "B": [0.2]}, "e": {"A": [0.3]}})
    with pytest.raises(StatisticsError, match="B on e"):
        compare_across(scores, **OPTIONS)


def test_bad_scores_and_options_are_refused():
    scores = scores_of({"d": {"A": [math.nan], "B": [0.2]}})
    with pytest.raises(StatisticsError, match="d, A, repetition 0"):
        compare_across(scores, **OPTIONS)
    good = scores_from(simulated())
    with pytest.raises(StatisticsError, match="alpha"):
        compare_across(good, **(OPTIONS | {"alpha": 1}))
    with pytest.raises(StatisticsError, match="margin"):
        compare_across(good, margin=math.nan, **OPTIONS)
    with pytest.raises(StatisticsError, match="two families"):
        compare_across(good, families=[["d0", "d1"], ["d1"]], **OPTIONS)
