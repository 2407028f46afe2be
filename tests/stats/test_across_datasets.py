import math
from itertools import combinations

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats
from score_frames import scores_from, scores_of
from statsmodels.stats.multitest import multipletests

from bench.base.errors import StatisticsError
from bench.stats.across_datasets import compare_across, families
from bench.stats.power import datasets_needed
from bench.stats.rank_tests import bayesian_signed_rank

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


def test_three_datasets_and_three_classifiers_by_hand():
    scores = scores_of(
        {
            "d": {"A": [0.8, 1.0], "B": [0.7, 0.9], "C": [0.2, 0.4]},
            "e": {"A": [0.7, 0.7], "B": [0.5, 0.5], "C": [0.6, 0.6]},
            "f": {"A": [0.9, 0.9], "B": [0.6, 0.6], "C": [0.6, 0.6]},
        }
    )
    result = compare_across(scores, **OPTIONS)
    assert result.means.to_numpy().ravel().tolist() == pytest.approx(
        [0.9, 0.8, 0.3, 0.7, 0.5, 0.6, 0.9, 0.6, 0.6]
    )
    assert result.ranks.to_dict() == pytest.approx({"A": 1, "B": 7.5 / 3, "C": 7.5 / 3})
    assert not result.allowed
    assert result.needed == 7
    assert "3 comparisons over 3 datasets" in result.reason
    assert "7 datasets" in result.reason
    assert (result.friedman, result.cliques) == (None, ())
    pair = result.pairs.iloc[0]
    assert (pair["first"], pair["second"]) == ("A", "B")
    # Differences 0.1, 0.2, 0.3; t with two degrees of freedom in closed form.
    u = 1 - 0.025 / 3
    half = (2 * u - 1) / math.sqrt(2 * u * (1 - u)) * 0.1 / math.sqrt(3)
    assert pair["difference"] == pytest.approx(0.2)
    assert (pair["low"], pair["high"]) == pytest.approx((0.2 - half, 0.2 + half))
    assert (pair["wins"], pair["ties"], pair["losses"]) == (3, 0, 0)
    b_c = result.pairs.iloc[2]
    assert (b_c["wins"], b_c["ties"], b_c["losses"]) == (1, 1, 1)
    tests = ["p", "p_holm", "p_first_better", "p_equivalent", "p_second_better"]
    assert result.pairs[tests].isna().all(axis=None)


def test_pairs_agree_with_scipy_and_statsmodels():
    values = simulated()
    result = compare_across(scores_from(values), margin=0.01, **OPTIONS)
    means = values.mean(axis=1)
    assert result.allowed
    assert result.reason == ""
    expected = stats.friedmanchisquare(*means.T)
    assert result.friedman.statistic == pytest.approx(expected.statistic)
    p = []
    for row in result.pairs.itertuples():
        gap = means[:, int(row.first[1])] - means[:, int(row.second[1])]
        p.append(stats.wilcoxon(gap, method="exact").pvalue)
        assert row.p == pytest.approx(p[-1])
        interval = stats.ttest_1samp(gap, 0).confidence_interval(1 - 0.05 / 6)
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
        assert (row.wins, row.losses) == ((gap > 0).sum(), (gap < 0).sum())
        bayes = (row.p_first_better, row.p_equivalent, row.p_second_better)
        assert bayes == bayesian_signed_rank(gap, 0.01, n_draws=2000)
    assert result.pairs["p_holm"].tolist() == pytest.approx(
        multipletests(p, method="holm")[1].tolist()
    )


def test_pairs_ranks_and_cliques_agree_with_scikit_posthocs():
    result = compare_across(scores_from(simulated(2)), **OPTIONS)
    means = result.means
    # A pair that Holm joins again, so that it counts which p the cliques are of.
    joined_by_holm = (result.pairs["p"] <= 0.05) & (result.pairs["p_holm"] > 0.05)
    assert joined_by_holm.any()
    p = scikit_posthocs.posthoc_wilcoxon(
        means.melt(), val_col="value", group_col="classifier", p_adjust="holm"
    )
    for row in result.pairs.itertuples():
        assert row.p_holm == pytest.approx(p.loc[row.first, row.second])
    alike = {frozenset(pair) for pair in combinations(p.index, 2) if p.loc[pair] > 0.05}
    joined = {frozenset(pair) for c in result.cliques for pair in combinations(c, 2)}
    assert joined == alike
    assert 0 < len(alike) < 6
    ranks = means.rank(axis=1, ascending=False).mean()
    assert result.ranks.to_dict() == pytest.approx(ranks.to_dict())


def test_with_a_baseline_all_others_are_compared_with_it():
    result = compare_across(scores_from(simulated()), baseline="C1", **OPTIONS)
    assert set(result.pairs["second"]) == {"C1"}
    assert sorted(result.pairs["first"]) == ["C0", "C2", "C3"]
    assert result.needed == datasets_needed(3, 0.05)
    assert result.cliques == ()
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


def test_more_repetitions_do_not_count_as_more_datasets():
    values = simulated(n_datasets=4, n_repetitions=50)
    result = compare_across(scores_from(values), **OPTIONS)
    assert not result.allowed


def test_variants_of_one_library_are_one_family():
    assert families({"d": "F11", "e": "F11", "f": "F4"}) == (("d", "e"), ("f",))
    values = simulated(n_datasets=12)
    groups = families({f"d{i}": f"library {i // 2}" for i in range(12)})
    result = compare_across(scores_from(values), families=groups, **OPTIONS)
    assert not result.allowed
    assert "variants" in result.reason
    assert "6 families" in result.reason
    assert result.pairs["p"].isna().all()
    assert result.friedman is None


def test_the_interval_of_families_of_two_is_that_of_their_means():
    values = simulated(n_datasets=12, n_classifiers=2)
    groups = [[f"d{2 * i}", f"d{2 * i + 1}"] for i in range(6)]
    result = compare_across(scores_from(values), families=groups, **OPTIONS).pairs.iloc[
        0
    ]
    gaps = (values[..., 1] - values[..., 0]).mean(axis=1).reshape(6, 2).mean(axis=1)
    assert result["first"] == "C1"
    interval = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
    assert (result["low"], result["high"]) == pytest.approx(
        (interval.low, interval.high)
    )


def test_a_single_family_has_effects_and_no_interval():
    values = simulated(n_datasets=8, n_classifiers=2)
    groups = [[f"d{i}" for i in range(8)]]
    result = compare_across(scores_from(values), families=groups, **OPTIONS)
    assert "8 datasets are 1 family" in result.reason
    assert result.pairs[["low", "high"]].isna().all(axis=None)
    assert result.pairs["difference"].notna().all()
    assert result.pairs["wins"].sum() + result.pairs["losses"].sum() == 8


def test_one_dataset_has_effects_and_says_how_many_are_needed():
    result = compare_across(scores_from(simulated(n_datasets=1)), **OPTIONS)
    assert result.pairs["low"].isna().all()
    assert result.pairs["difference"].notna().all()
    assert "over 1 dataset cannot" in result.reason
    assert "8 datasets" in result.reason


def test_a_single_classifier_has_no_pairs():
    result = compare_across(scores_from(simulated(n_classifiers=1)), **OPTIONS)
    assert result.pairs.empty
    assert not result.allowed
    assert "one classifier" in result.reason
    assert result.ranks.tolist() == [1]


def test_equal_classifiers_are_one_clique():
    values = np.repeat(simulated(n_classifiers=1), 3, axis=2)
    result = compare_across(scores_from(values), margin=0.01, **OPTIONS)
    assert result.cliques == (("C0", "C1", "C2"),)
    assert result.friedman.p == 1
    assert (result.pairs["p_holm"] == 1).all()
    assert (result.pairs["p_equivalent"] == 1).all()
    assert (result.pairs[["difference", "low", "high"]] == 0).all(axis=None)
    assert (result.pairs["ties"] == 15).all()


def test_classifiers_that_all_differ_have_no_clique():
    result = compare_across(scores_from(simulated(step=1.0)), **OPTIONS)
    assert result.cliques == ()
    assert result.friedman.iman_davenport == math.inf
    assert (result.pairs["p_holm"] < 0.05).all()


def test_a_constant_difference_has_an_interval_of_one_point():
    values = simulated(n_classifiers=1)
    both = np.concatenate([values, values + 0.1], axis=2)
    row = compare_across(scores_from(both), **OPTIONS).pairs.iloc[0]
    assert row["low"] == row["high"] == row["difference"] == pytest.approx(0.1)


def test_a_classifier_without_scores_on_a_dataset_is_refused_by_name():
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
