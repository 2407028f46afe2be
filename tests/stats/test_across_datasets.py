import math
from itertools import combinations

import numpy as np
import pandas as pd
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
    assert "3 comparisons over 3 families" in result.reason
    assert "7 families" in result.reason
    assert (result.friedman, result.cliques) == (None, ())
    pair = result.pairs.iloc[0]
    assert (pair["first"], pair["second"]) == ("A", "B")
    assert pair["difference"] == pytest.approx(0.2)
    # Three families are too few for an interval.
    assert result.pairs[["low", "high"]].isna().all(axis=None)
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


def test_five_families_have_intervals_by_hand():
    steps = [0.1, 0.2, 0.3, 0.2, 0.2]
    scores = scores_of(
        {f"d{i}": {"A": [0.5 + d], "B": [0.5]} for i, d in enumerate(steps)}
    )
    row = compare_across(scores, **OPTIONS).pairs.iloc[0]
    half = stats.t.isf(0.025, 4) * math.sqrt(0.02 / 4) / math.sqrt(5)
    assert (row["n"], row["difference"]) == (5, pytest.approx(0.2))
    assert (row["low"], row["high"]) == pytest.approx((0.2 - half, 0.2 + half))
    few = compare_across(scores[scores["dataset"] != "d4"], **OPTIONS).pairs.iloc[0]
    assert few["n"] == 4
    assert math.isnan(few["low"])


def test_datasets_of_one_library_count_as_one():
    assert families({"d": "F11", "e": "F11", "f": "F4"}) == (("d", "e"), ("f",))
    values = simulated(n_datasets=14)
    groups = families({f"d{i}": f"library {i // 2}" for i in range(14)})
    result = compare_across(scores_from(values), families=groups, **OPTIONS)
    assert not result.allowed
    assert result.n_families == 7
    assert "7 families of datasets (the 14 datasets share libraries" in result.reason
    assert result.pairs["p"].isna().all()
    assert result.friedman is None


def test_tests_are_made_over_the_means_of_families():
    values = simulated(n_datasets=30)
    groups = families({f"d{i}": f"library {i // 3}" for i in range(30)})
    result = compare_across(scores_from(values), families=groups, **OPTIONS)
    merged = values.mean(axis=1).reshape(10, 3, 4).mean(axis=1)
    alone = compare_across(scores_from(merged[:, None]), **OPTIONS)
    assert result.allowed
    assert result.n_families == 10
    assert len(result.means) == 30
    assert result.ranks.to_dict() == pytest.approx(alone.ranks.to_dict())
    assert result.friedman.p == pytest.approx(alone.friedman.p)
    assert result.cliques == alone.cliques
    for name in ("difference", "low", "high", "p", "wins", "losses"):
        assert result.pairs[name].tolist() == pytest.approx(alone.pairs[name].tolist())


def test_a_single_family_has_effects_and_no_interval():
    values = simulated(n_datasets=8, n_classifiers=2)
    groups = [[f"d{i}" for i in range(8)]]
    result = compare_across(scores_from(values), families=groups, **OPTIONS)
    assert "over 1 family of datasets (the 8 datasets share" in result.reason
    assert result.pairs[["low", "high"]].isna().all(axis=None)
    assert result.pairs["difference"].notna().all()
    assert result.pairs["wins"].sum() + result.pairs["losses"].sum() == 1


def test_one_dataset_has_effects_and_says_how_many_are_needed():
    result = compare_across(scores_from(simulated(n_datasets=1)), **OPTIONS)
    assert result.pairs["low"].isna().all()
    assert result.pairs["difference"].notna().all()
    assert "over 1 family of datasets cannot" in result.reason
    assert "8 families" in result.reason


def test_no_interval_of_a_difference_of_accuracies_is_beyond_one():
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 1, (5, 1, 14)) ** 3  # 91 comparisons at once
    pairs = compare_across(scores_from(values), bounds=(0.0, 1.0), **OPTIONS).pairs
    wide = compare_across(scores_from(values), **OPTIONS).pairs
    assert (wide["high"] > 1).any()
    assert pairs["low"].between(-1, 1).all()
    assert pairs["high"].between(-1, 1).all()
    assert (pairs["low"] <= pairs["difference"]).all()
    assert (pairs["difference"] <= pairs["high"]).all()


def test_families_that_agree_are_known_to_half_a_curve_only():
    scores = scores_of({f"d{i}": {"A": [0.9], "B": [0.8]} for i in range(5)})
    row = compare_across(scores, tie=0.0025, **OPTIONS).pairs.iloc[0]
    half = stats.t.isf(0.025, 4) * 0.0025 / math.sqrt(5)
    assert (row["low"], row["high"]) == pytest.approx((0.1 - half, 0.1 + half))


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


def lacking(values, *holes):
    """Return a frame of values without the scores of (dataset, repetition, name)."""
    scores = scores_from(values).set_index(["dataset", "repetition", "classifier"])
    scores.loc[list(holes), "score"] = math.nan
    return scores.reset_index()


def difference(result, first, second):
    found = result.pairs.set_index(["first", "second"])["difference"]
    return found[first, second] if (first, second) in found else -found[second, first]


def same_pairs(result, expected):
    columns = ["first", "second", "n", "difference", "low", "high", "p_holm"]
    pd.testing.assert_frame_equal(result.pairs[columns], expected.pairs[columns])


def test_a_classifier_without_scores_on_a_dataset_leaves_and_is_named():
    values = simulated(n_repetitions=5)
    scores = lacking(values, *(("d3", r, "C3") for r in range(5)))
    result = compare_across(scores, **OPTIONS)
    assert result.left_out == ("C3 is not compared across datasets: it lacks d3",)
    same_pairs(result, compare_across(scores_from(values[..., :3]), **OPTIONS))
    assert "C3" not in result.means
    # So does one whose rows are not there at all.
    absent = compare_across(scores.dropna(), **OPTIONS)
    assert absent.left_out == result.left_out


def test_more_than_a_fifth_of_the_repetitions_may_not_be_lacking():
    values = simulated(n_repetitions=5)
    one = compare_across(lacking(values, ("d3", 0, "C3")), **OPTIONS)
    assert one.left_out == ()
    assert "C3" in one.means
    two = compare_across(lacking(values, ("d3", 0, "C3"), ("d3", 4, "C3")), **OPTIONS)
    [sentence] = two.left_out
    assert sentence.endswith("it lacks 2 of 5 repetitions on d3")
    # An entry that was asked for three repetitions lacks nothing with three.
    some = lacking(values, ("d3", 0, "C3"), ("d3", 4, "C3")).dropna()
    assert compare_across(some, **OPTIONS).left_out == ()
    [sentence] = compare_across(some.assign(asked=5), **OPTIONS).left_out
    assert sentence.endswith("it lacks 2 of 5 repetitions on d3")


def test_two_that_fail_in_complementary_repetitions_change_nothing_for_others():
    values = simulated(n_repetitions=4)
    holes = [("d5", repetition, f"C{2 + repetition % 2}") for repetition in range(4)]
    result = compare_across(lacking(values, *holes), **OPTIONS)
    assert len(result.left_out) == 2
    same_pairs(result, compare_across(scores_from(values[..., :2]), **OPTIONS))


def test_pairs_are_compared_on_the_repetitions_that_both_have():
    values = simulated(n_datasets=6, n_repetitions=6, n_classifiers=3)
    result = compare_across(lacking(values, ("d0", 2, "C2")), **OPTIONS)
    gaps = (values[..., 2] - values[..., 1]).mean(axis=1)
    gaps[0] = np.delete(values[0, :, 2] - values[0, :, 1], 2).mean()
    assert difference(result, "C2", "C1") == pytest.approx(gaps.mean())
    whole = compare_across(scores_from(values), **OPTIONS)
    assert difference(result, "C1", "C0") == difference(whole, "C1", "C0")


def test_a_dataset_that_most_lack_leaves_instead_of_them():
    values = simulated(n_datasets=9)
    holes = [("d4", r, f"C{c}") for r in range(3) for c in (0, 1, 3)]
    result = compare_across(lacking(values, *holes), **OPTIONS)
    assert result.left_out == (
        "the dataset d4 is not compared with others: 1 of 4 classifiers have enough "
        "scores there",
    )
    others = np.delete(values, 4, axis=0)
    expected = compare_across(scores_from(others), **OPTIONS)
    same_pairs(result, expected)


def test_collapses_are_not_compared_and_not_lacking():
    values = simulated(n_repetitions=5)
    scores = scores_from(values)
    is_collapse = (scores["classifier"] == "C0") & (scores["repetition"] > 1)
    collapsed = pd.array(is_collapse, dtype="boolean")
    collapsed[(scores["classifier"] == "C1").to_numpy()] = pd.NA
    result = compare_across(scores.assign(collapsed=collapsed), **OPTIONS)
    assert result.left_out == ()
    gap = (values[:, :2, 1] - values[:, :2, 0]).mean()
    assert difference(result, "C1", "C0") == pytest.approx(gap)


def test_where_nothing_can_be_compared_nothing_is_raised():
    holes = [(f"d{d}", r, f"C{c}") for d in range(2) for r in range(3) for c in (0, 1)]
    values = simulated(n_datasets=2, n_classifiers=2)
    result = compare_across(lacking(values, *holes), **OPTIONS)
    assert not result.allowed
    assert result.reason == "no classifier has enough scores"
    assert result.pairs.empty
    assert len(result.left_out) == 2


def test_bad_scores_and_options_are_refused():
    scores = scores_of({"d": {"A": [math.inf], "B": [0.2]}})
    with pytest.raises(StatisticsError, match="d, A, repetition 0"):
        compare_across(scores, **OPTIONS)
    with pytest.raises(StatisticsError, match="duplicate"):
        compare_across(pd.concat([scores[1:], scores[1:]]), **OPTIONS)
    with pytest.raises(StatisticsError, match="no column score"):
        compare_across(scores.drop(columns="score"), **OPTIONS)
    with pytest.raises(StatisticsError, match="no scores"):
        compare_across(scores[:0], **OPTIONS)
    good = scores_from(simulated())
    with pytest.raises(StatisticsError, match="alpha"):
        compare_across(good, **(OPTIONS | {"alpha": 1}))
    with pytest.raises(StatisticsError, match="margin"):
        compare_across(good, margin=math.nan, **OPTIONS)
    with pytest.raises(StatisticsError, match="two families"):
        compare_across(good, families=[["d0", "d1"], ["d1"]], **OPTIONS)
