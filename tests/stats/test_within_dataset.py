import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from score_frames import scores_from, scores_of

from bench.base.errors import StatisticsError
from bench.stats.intervals import share_interval
from bench.stats.within_dataset import (
    compare_to,
    count_wins,
    share_in_words,
    summarise_scores,
    threshold_verdicts,
    verdict,
    verdict_in_words,
)

BY_HAND = scores_of(
    {"d": {"A": [0.90, 0.92, 0.94], "B": [0.80, 0.82, 0.84], "C": [0.90, 0.90, 0.96]}}
)


OPTIONS = {"alpha": 0.05, "margin": 0.01, "tie": 0.005, "larger_is_better": True}


def t_with_two_degrees(u):
    """Return the quantile of t with two degrees of freedom, in closed form."""
    return (2 * u - 1) / math.sqrt(2 * u * (1 - u))


def simulated(seed=0, n_datasets=3, n_repetitions=10, n_classifiers=4, step=0.02):
    rng = np.random.default_rng(seed)
    shape = (n_datasets, n_repetitions, n_classifiers)
    effects = step * np.arange(n_classifiers)
    shared = rng.normal(0, 0.05, shape[:2])[:, :, None]
    return np.clip(0.7 + effects + shared + rng.normal(0, 0.02, shape), 0, 1)


def one_row(scores, **changes):
    frame = compare_to(scores, "A", **(OPTIONS | changes))
    assert len(frame) == 1
    return frame.iloc[0]


def test_a_summary_of_three_by_three_by_hand():
    table = summarise_scores(BY_HAND, 0.05, larger_is_better=True)
    table = table.set_index("classifier")
    assert table["n"].tolist() == [3, 3, 3]
    assert table["mean"].tolist() == pytest.approx([0.92, 0.82, 0.92])
    assert table["std"].tolist() == pytest.approx([0.02, 0.02, math.sqrt(0.0012)])
    half = t_with_two_degrees(0.975) * 0.02 / math.sqrt(3)
    assert table.loc["A", "low"] == pytest.approx(0.92 - half)
    assert table.loc["A", "high"] == pytest.approx(0.92 + half)
    assert table["best"].tolist() == [True, False, True]
    # B is 0.1 behind A at every repetition; C is not distinguishable.
    assert table["near_best"].tolist() == [True, False, True]
    assert (table["asked"] == 3).all()
    assert (table["left_out"] == "").all()


def test_a_comparison_of_three_by_three_by_hand():
    table = compare_to(BY_HAND, "A", **OPTIONS).set_index("classifier")
    assert table["difference"].tolist() == pytest.approx([-0.1, 0.0])
    b, c = table.loc["B"], table.loc["C"]
    # Three equal differences are known to half a curve of each score, no better.
    half = t_with_two_degrees(1 - 0.025 / 2) * 0.005 * math.sqrt(2 / 3)
    assert (b["low"], b["high"]) == pytest.approx((-0.1 - half, -0.1 + half))
    assert (b["wins"], b["ties"], b["losses"]) == (0, 0, 3)
    assert (b["verdict"], b["words"]) == ("worse", "worse")
    half = t_with_two_degrees(1 - 0.025 / 2) * 0.02 / math.sqrt(3)
    assert (c["low"], c["high"]) == pytest.approx((-half, half))
    assert (c["wins"], c["ties"], c["losses"]) == (1, 1, 1)
    assert c["verdict"] == "inconclusive"
    assert table[["p", "p_adjusted"]].isna().all(axis=None)
    assert (table["family"] == 2).all()


def test_intervals_and_p_agree_with_scipy():
    values = simulated()
    summary = summarise_scores(scores_from(values), 0.1, larger_is_better=True)
    compared = compare_to(scores_from(values), "C0", **(OPTIONS | {"alpha": 0.1}))
    for i, row in enumerate(summary.itertuples()):
        result = stats.ttest_1samp(values[i // 4, :, i % 4], 0).confidence_interval(0.9)
        assert (row.low, row.high) == pytest.approx((result.low, result.high))
    for i, row in enumerate(compared.itertuples()):
        table = values[i // 3]
        result = stats.ttest_rel(table[:, i % 3 + 1], table[:, 0])
        interval = result.confidence_interval(1 - 0.1 / 3)
        assert row.p == pytest.approx(result.pvalue)
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("seed", range(8))
def test_an_interval_excludes_zero_where_the_adjusted_p_is_below_alpha(seed):
    compared = compare_to(scores_from(simulated(seed)), "C0", **OPTIONS)
    excludes_zero = (compared["low"] > 0) | (compared["high"] < 0)
    assert (excludes_zero == (compared["p_adjusted"] < 0.05)).all()
    assert excludes_zero.any()
    expected = (3 * compared["p"]).clip(upper=1)
    assert compared["p_adjusted"].tolist() == pytest.approx(expected.tolist())


def test_a_loss_turns_the_differences_and_the_best_around():
    scores = scores_from(simulated())
    gains = compare_to(scores, "C0", **OPTIONS)
    losses = compare_to(scores, "C0", **(OPTIONS | {"larger_is_better": False}))
    assert losses["difference"].tolist() == pytest.approx(
        (-gains["difference"]).tolist()
    )
    assert losses["low"].tolist() == pytest.approx((-gains["high"]).tolist())
    assert losses["wins"].tolist() == gains["losses"].tolist()
    best = summarise_scores(scores, 0.05, larger_is_better=False)
    assert set(best.loc[best["best"], "classifier"]) == {"C0"}


def test_the_marks_of_the_best_are_simultaneous_over_all_pairs():
    scores = scores_from(simulated(1, n_datasets=1, step=0.015))
    table = summarise_scores(scores, 0.05, larger_is_better=True, n_curves=100)
    best = table.loc[table["best"], "classifier"].item()
    # Four classifiers make six pairs, of which three have the best in them.
    options = OPTIONS | {"alpha": 0.05 * 3 / 6}
    compared = compare_to(scores, best, **options).set_index("classifier")
    near = table.set_index("classifier")["near_best"].drop(best)
    assert near.tolist() == (compared["high"] >= 0)[near.index].tolist()
    assert near.any()
    assert not near.all()


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.011, 0.02, "better"),
        (0.01, 0.02, "inconclusive"),
        (0.005, 0.02, "inconclusive"),
        (-0.01, 0.01, "equivalent"),
        (-0.002, 0.003, "equivalent"),
        (-0.02, 0.02, "inconclusive"),
        (-0.03, -0.011, "worse"),
        (-0.03, -0.01, "inconclusive"),
        (math.nan, math.nan, "inconclusive"),
    ],
)
def test_the_verdict_of_an_interval(low, high, word):
    assert verdict(low, high, 0.01) == word


def test_a_difference_equal_to_the_margin_is_equivalent_despite_rounding():
    row = one_row(scores_of({"d": {"A": [0.7] * 5, "B": [0.71] * 5}}), tie=0)
    assert row["difference"] > 0.01  # by its last bits
    assert row["verdict"] == "equivalent"


def test_the_interval_of_a_difference_stays_within_what_it_can_be():
    scores = scores_of({"d": {"A": [0.1, 0.9, 0.2], "B": [0.8, 0.2, 0.9]}})
    wide, row = one_row(scores), one_row(scores, bounds=(0.0, 1.0))
    assert wide["low"] < -1
    assert -1 <= row["low"] < 0 < row["difference"] < row["high"] <= 1


def test_half_a_curve_is_a_tie_despite_rounding():
    gaps = np.array([0.5 / 2000 + 1e-17, 0.1 - 0.09975, 1 / 2000, -1 / 2000])[:, None]
    wins, ties, losses = count_wins(gaps, 0.5 / 2000)
    assert (wins.item(), ties.item(), losses.item()) == (1, 2, 1)


def test_a_repetition_that_one_of_two_lacks_is_no_tie():
    wins, ties, losses = count_wins(np.array([[0.1], [np.nan], [0.0]]), 0.5 / 2000)
    assert (wins.item(), ties.item(), losses.item()) == (1, 1, 0)


def test_a_tie_may_depend_on_the_dataset():
    scores = scores_of(
        {name: {"A": [0.5, 0.5], "B": [0.51, 0.51]} for name in ("few", "many")}
    )
    frame = compare_to(scores, "A", **(OPTIONS | {"tie": {"few": 0.02, "many": 0.001}}))
    assert frame["ties"].tolist() == [2, 0]
    with pytest.raises(StatisticsError, match="'many'"):
        compare_to(scores, "A", **(OPTIONS | {"tie": {"few": 0.02}}))


def test_one_repetition_has_no_interval_and_no_verdict():
    scores = scores_of({"d": {"A": [0.5], "B": [0.9]}})
    row = one_row(scores)
    assert (row["difference"], row["n"]) == (pytest.approx(0.4), 1)
    assert row[["low", "high", "p", "p_adjusted"]].isna().all()
    assert row["verdict"] == "inconclusive"
    table = summarise_scores(scores, 0.05, larger_is_better=True)
    assert table[["std", "low", "high"]].isna().all(axis=None)
    assert not table[["best", "near_best"]].any(axis=None)
    assert table["left_out"].tolist() == ["has only 1 repetition"] * 2


def test_two_repetitions_have_a_mean_alone():
    scores = scores_of({"d": {"A": [0.5, 0.5], "B": [1.0, 1.0]}})
    row = one_row(scores)
    assert row[["low", "high", "p"]].isna().all()
    assert row["verdict"] == "inconclusive"
    assert row["family"] == 0
    assert row["words"] == ("inconclusive (the baseline A has only 2 repetitions)")
    table = summarise_scores(
        scores, 0.05, larger_is_better=True, bounds=(0.0, 1.0), n_curves=1000
    )
    assert not table[["best", "near_best"]].any(axis=None)
    assert table[["low", "high"]].isna().all(axis=None)


def test_four_repetitions_have_an_interval_and_no_test():
    row = one_row(scores_of({"d": {"A": [0.5] * 4, "B": [0.6, 0.61, 0.6, 0.61]}}))
    assert math.isnan(row["p"])
    assert math.isnan(row["p_adjusted"])
    assert row["verdict"] == "better"


@pytest.mark.parametrize(
    ("step", "word"),
    [(0.0, "equivalent"), (0.1, "better"), (-0.1, "worse"), (0.012, "inconclusive")],
)
def test_repetitions_without_spread_are_known_to_half_a_curve(step, word):
    scores = scores_of(
        {"d": {"A": [0.3, 0.5, 0.7, 0.8, 0.6], "B": [0.3, 0.5, 0.7, 0.8, 0.6]}}
    )
    scores.loc[scores["classifier"] == "B", "score"] += step
    row = one_row(scores)
    half = stats.t.isf(0.025, 4) * 0.005 * math.sqrt(2 / 5)
    assert row["low"] == pytest.approx(step - half)
    assert row["high"] == pytest.approx(step + half)
    p = 2 * stats.t.sf(abs(step) / 0.005 * math.sqrt(5 / 2), 4)
    assert row["p_adjusted"] == row["p"] == pytest.approx(p)
    assert row["verdict"] == word


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.02, 0.03, "better"),
        (-0.03, -0.02, "worse"),
        (0.001, 0.03, "inconclusive (above zero, not beyond the margin)"),
        (-0.03, -0.001, "inconclusive (below zero, not beyond the margin)"),
        (0.001, 0.009, "equivalent (above zero, within the margin)"),
        (-0.001, 0.009, "equivalent"),
        (-0.03, 0.03, "inconclusive"),
    ],
)
def test_words_say_where_a_difference_excludes_zero_but_not_the_margin(
    low, high, words
):
    row = {"low": low, "high": high, "verdict": verdict(low, high, 0.01)}
    assert verdict_in_words(row | {"left_out": ""}) == words


def failing(column, *repetitions):
    return [math.nan if r in repetitions else x for r, x in enumerate(column)]


def test_pairs_are_compared_on_what_both_have():
    a, b, c = simulated(n_datasets=1)[0].T[:3]
    scores = scores_of({"d": {"A": failing(a, 0), "B": failing(b, 1, 2), "C": c}})
    compared = compare_to(scores, "A", **OPTIONS).set_index("classifier")
    assert compared["n"].to_dict() == {"B": 7, "C": 9}
    assert compared.loc["C", "difference"] == pytest.approx((c - a)[1:].mean())
    assert compared.loc["B", "difference"] == pytest.approx((b - a)[3:].mean())
    assert (compared["family"] == 2).all()
    interval = stats.ttest_rel(c[1:], a[1:]).confidence_interval(1 - 0.05 / 2)
    assert compared.loc["C", "low"] == pytest.approx(interval.low)


def test_classifiers_that_lack_more_than_a_fifth_change_nothing_for_others():
    values = simulated(n_datasets=2, n_classifiers=6)
    full = {
        f"d{i}": {f"C{j}": list(column) for j, column in enumerate(table.T[:4])}
        for i, table in enumerate(values)
    }
    more = {dataset: dict(columns) for dataset, columns in full.items()}
    more["d0"]["X"] = failing(values[0, :, 4], *range(0, 10, 2))
    more["d0"]["Y"] = failing(values[0, :, 5], *range(1, 10, 2))
    options = {"larger_is_better": True, "bounds": (0.0, 1.0), "n_curves": 100}
    for work in (
        lambda scores: summarise_scores(scores, 0.05, **options),
        lambda scores: compare_to(scores, "C0", **OPTIONS),
    ):
        alone, together = work(scores_of(full)), work(scores_of(more))
        is_own = together["classifier"].isin(["X", "Y"])
        pd.testing.assert_frame_equal(together[~is_own].reset_index(drop=True), alone)
        left_out = together[is_own]
        assert left_out["left_out"].tolist() == ["lacks 5 of 10 repetitions"] * 2
    assert (
        left_out["words"].tolist() == ["inconclusive (lacks 5 of 10 repetitions)"] * 2
    )
    assert left_out[["low", "high", "p", "p_adjusted"]].isna().all(axis=None)
    assert left_out["difference"].notna().all()


def test_a_baseline_without_scores_leaves_rows_that_say_so():
    scores = scores_of({"d": {"A": [math.nan] * 3, "B": [0.1, 0.2, 0.3]}})
    row = one_row(scores)
    assert row["n"] == 0
    assert row["left_out"] == "the baseline A has no score in 3 repetitions"
    assert row[["difference", "low", "high", "p"]].isna().all()


def test_fewer_repetitions_may_be_asked_of_a_classifier():
    scores = scores_of({"d": {"A": [0.5] * 10, "B": [0.6] * 5}})
    assert one_row(scores)["left_out"] == "lacks 5 of 10 repetitions"
    asked = scores["classifier"].map({"A": 10, "B": 5})
    row = one_row(scores.assign(asked=asked))
    assert (row["left_out"], row["n"], row["verdict"]) == ("", 5, "better")


def with_collapses(columns, *cells):
    """Mark (classifier, repetition) of one dataset as collapses."""
    scores = scores_of({"d": columns})
    at = list(zip(scores["classifier"], scores["repetition"], strict=True))
    return scores.assign(collapsed=pd.array([cell in cells for cell in at], "boolean"))


def test_collapses_stand_beside_the_trainings_that_left_chance():
    a, b = [0.8, 0.81, 0.79, 0.8, 0.8], [0.9, 0.91, 0.89, 0.5, 0.9]
    scores = with_collapses({"A": a, "B": b}, ("B", 3))
    table = summarise_scores(
        scores, 0.05, larger_is_better=True, bounds=(0.0, 1.0), n_curves=2000
    ).set_index("classifier")
    row = table.loc["B"]
    assert (row["mean"], row["std"]) == pytest.approx((np.mean(b), np.std(b, ddof=1)))
    assert (row["n"], row["n_compared"], row["collapsed"]) == (5, 4, 1)
    assert row["mean_compared"] == pytest.approx(0.9)
    assert 0.85 < row["low"] < 0.9 < row["high"] < 0.95
    low, high = share_interval(1, 5, 0.05)
    assert (row["collapsed_low"], row["collapsed_high"]) == (low, high)
    assert table["best"].tolist() == [False, True]
    compared = one_row(scores)
    assert (compared["n"], compared["verdict"]) == (4, "better")
    assert compared["difference"] == pytest.approx(0.1)
    assert compared["words"] == f"better; B: 1 of 5 collapsed, [{low:.3f}, {high:.3f}]"
    # Of a baseline they are left out and told as well.
    turned = compare_to(scores, "B", **OPTIONS).iloc[0]
    assert (turned["n"], turned["verdict"]) == (4, "worse")
    assert "; B: 1 of 5 collapsed" in turned["words"]


def test_a_collapse_is_not_a_missing_result():
    a = [0.8, 0.81, 0.79, 0.8, 0.8]
    columns = {"A": a, "B": [0.9, 0.91, 0.89, 0.5, 0.5]}
    few = with_collapses(columns, ("B", 3), ("B", 4))
    assert one_row(few)["left_out"] == ""
    many = with_collapses(columns, ("B", 2), ("B", 3), ("B", 4))
    row = one_row(many)
    assert row["left_out"] == "only 2 of 5 trainings left chance"
    assert row["verdict"] == "inconclusive"
    # Pairs may be few though neither classifier is left out.
    both = with_collapses(columns, ("A", 0), ("A", 1), ("B", 3), ("B", 4))
    row = one_row(both)
    assert (row["n"], row["family"]) == (1, 1)
    assert row["left_out"] == "has only 1 repetition in common with A"


def test_where_no_training_left_chance_no_share_collapsed():
    scores = scores_of({"d": {"A": [0.5, 0.51, 0.49]}})
    scores["collapsed"] = pd.array([pd.NA] * 3, "boolean")
    row = summarise_scores(scores, 0.05, larger_is_better=True).iloc[0]
    assert row["collapsed"] == 0
    assert row[["collapsed_low", "collapsed_high"]].isna().all()
    assert share_in_words(row, 3) == ""
    scores["collapsed"] = pd.array([False] * 3, "boolean")
    row = summarise_scores(scores, 0.05, larger_is_better=True).iloc[0]
    assert share_in_words(row, 3) == "0 of 3 collapsed, at most 0.71"


def test_a_single_classifier_is_the_best_and_has_no_comparison():
    scores = scores_of({"d": {"A": [0.5, 0.6, 0.7]}})
    table = summarise_scores(scores, 0.05, larger_is_better=True)
    assert table[["best", "near_best"]].all(axis=None)
    compared = compare_to(scores, "A", **OPTIONS)
    assert compared.empty
    assert "verdict" in compared.columns


def test_equal_classifiers_are_all_best():
    scores = scores_of({"d": {name: [0.1, 0.2, 0.3] for name in "ABC"}})
    table = summarise_scores(scores, 0.05, larger_is_better=True)
    assert table[["best", "near_best"]].all(axis=None)


def test_datasets_without_the_baseline_are_left_out():
    scores = scores_of({"d": {"A": [0.1], "B": [0.2]}, "e": {"B": [0.2], "C": [0.3]}})
    assert compare_to(scores, "A", **OPTIONS)["dataset"].tolist() == ["d"]
    with pytest.raises(StatisticsError, match="'SD'"):
        compare_to(scores, "SD", **OPTIONS)


def test_the_order_of_rows_does_not_matter():
    scores = scores_from(simulated())
    shuffled = scores.sample(frac=1, random_state=0)
    first = compare_to(scores, "C0", **OPTIONS)
    second = compare_to(shuffled, "C0", **OPTIONS)
    keys = ["dataset", "classifier"]
    pd.testing.assert_frame_equal(
        first.sort_values(keys, ignore_index=True),
        second.sort_values(keys, ignore_index=True),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("alpha", 5), ("alpha", 0), ("alpha", math.nan), ("margin", -0.1), ("tie", -1)],
)
def test_options_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(StatisticsError, match=name):
        compare_to(BY_HAND, "A", **(OPTIONS | {name: value}))


def summary_of(low, high):
    row = {"dataset": "d", "classifier": "SD", "n": 5, "mean": (low + high) / 2}
    return pd.DataFrame([row | {"std": 0.01, "low": low, "high": high}])


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.75, 0.9, "works"),
        (0.75 - 1e-15, 0.9, "works"),
        (0.74, 0.9, "unclear"),
        (0.5, 0.75, "unclear"),
        (0.5, 0.7499, "does not work"),
        (math.nan, math.nan, "unclear"),
    ],
)
def test_the_threshold_verdict_needs_the_whole_interval(low, high, word):
    result = threshold_verdicts(
        summary_of(low, high), ["d"], ["SD"], works=0.75, larger_is_better=True
    )
    assert result["verdict"].tolist() == [word]


def test_the_threshold_verdict_says_what_failed_and_what_collapsed():
    summary = summary_of(0.8, 0.9).assign(
        left_out="", collapsed=1, collapsed_low=0.005, collapsed_high=0.716
    )
    options = {"works": 0.75, "larger_is_better": True}
    row = threshold_verdicts(summary, ["d"], ["SD"], **options).iloc[0]
    assert row["verdict"] == "works"
    assert row["words"] == "works; 1 of 5 collapsed, [0.005, 0.716]"
    summary = summary_of(0.8, 0.9).assign(left_out="lacks 5 of 10 repetitions")
    row = threshold_verdicts(summary, ["d"], ["SD"], **options).iloc[0]
    assert row["verdict"] == "unclear"
    assert row["words"] == "unclear (lacks 5 of 10 repetitions)"


def test_the_threshold_verdict_where_smaller_is_better():
    for low, high, word in (
        (0.1, 0.2, "works"),
        (0.1, 0.3, "unclear"),
        (0.21, 0.3, "does not work"),
    ):
        result = threshold_verdicts(
            summary_of(low, high), ["d"], ["SD"], works=0.2, larger_is_better=False
        )
        assert result["verdict"].tolist() == [word]


def test_missing_scores_have_rows_with_the_verdict_unclear():
    for known in (None, summary_of(0.8, 0.9)):
        result = threshold_verdicts(
            known, ["d", "e"], ["SD", "KNN"], works=0.75, larger_is_better=True
        )
        assert len(result) == 4
        rest = result[1:] if known is not None else result
        assert set(rest["verdict"]) == {"unclear"}
        assert rest["mean"].isna().all()
        assert (rest["n"] == 0).all()


def test_a_threshold_that_is_not_finite_is_refused():
    with pytest.raises(StatisticsError, match="works: found nan; expected a number"):
        threshold_verdicts(None, ["d"], ["SD"], works=math.nan, larger_is_better=True)


def test_repetitions_that_share_curves_by_hand():
    options = OPTIONS | {"tie": 0.0}
    alone = compare_to(BY_HAND, "A", **options).set_index("classifier")
    shared = compare_to(BY_HAND, "A", **options, overlap={"d": 1.0})
    row = shared.set_index("classifier").loc["C"]
    # The differences to A are 0, -0.02 and 0.02, their standard deviation 0.02; of the
    # two classifiers compared each has an interval at 1 - 0.05/2.
    half_width = t_with_two_degrees(0.9875) * 0.02 * math.sqrt(1 / 3 + 1)
    assert (row["low"], row["high"]) == pytest.approx((-half_width, half_width))
    # √(1 + 3·1) times as wide as of independent draws.
    assert row["high"] == pytest.approx(2 * alone.loc["C", "high"])
    assert row["difference"] == alone.loc["C", "difference"]
    assert (row["n"], row["wins"], row["losses"]) == (3, 1, 1)


def test_one_repetition_of_a_given_division_says_nothing():
    scores = scores_of({"d": {"A": [0.9], "B": [0.5]}})
    for overlap in (0.0, 1.0):
        row = one_row(scores, overlap=overlap)
        assert row["verdict"] == "inconclusive"
        assert np.isnan([row["low"], row["high"], row["p"]]).all()
        found = summarise_scores(
            scores, 0.05, larger_is_better=True, n_curves=100, overlap=overlap
        )
        assert found[["low", "high", "std"]].isna().all(axis=None)
        assert not found["near_best"].any()


def test_an_overlap_keeps_marks_and_raises_p_and_each_dataset_has_its_own():
    values = simulated(n_datasets=2, n_classifiers=3, step=0.012)
    scores = scores_from(values)
    overlap = {"d0": 0.0, "d1": 1.0}
    options = {"larger_is_better": True, "bounds": (0.0, 1.0), "n_curves": 200}
    plain = summarise_scores(scores, 0.05, **options)
    shared = summarise_scores(scores, 0.05, **options, overlap=overlap)
    same = plain["dataset"] == "d0"
    pd.testing.assert_frame_equal(plain[same], shared[same])
    assert (plain["near_best"] <= shared["near_best"]).all()
    wider = (shared["high"] - shared["low"]) > (plain["high"] - plain["low"])
    assert (wider == ~same).all()
    p = [
        compare_to(scores, "C0", **OPTIONS, **more).set_index("dataset")["p_adjusted"]
        for more in ({}, {"overlap": overlap})
    ]
    assert (p[0]["d0"] == p[1]["d0"]).all()
    assert (p[0]["d1"] < p[1]["d1"]).all()
    with pytest.raises(StatisticsError, match="no entry for the dataset 'd1'"):
        compare_to(scores, "C0", **OPTIONS, overlap={"d0": 0.0})


def test_a_share_of_collapses_has_no_interval_where_repetitions_share_curves():
    scores = scores_of({"d": {"A": [0.9, 0.8, 0.85, 0.7], "B": [0.9, 0.9, 0.9, 0.5]}})
    collapsed = (scores["score"] == 0.5).astype("boolean")
    scores = scores.assign(collapsed=collapsed, asked=4)
    row = one_row(scores, overlap=1.0)
    assert row["collapsed"] == 1
    assert np.isnan([row["collapsed_low"], row["collapsed_high"]]).all()
    assert row["words"].endswith("B: 1 of 4 collapsed")
    assert "[0.0" in one_row(scores)["words"]
