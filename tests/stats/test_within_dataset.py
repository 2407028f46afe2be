import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from score_frames import scores_from, scores_of
from statsmodels.stats.multitest import multipletests

from bench.base.errors import StatisticsError
from bench.stats.within_dataset import (
    compare_to,
    count_wins,
    summarise_scores,
    threshold_verdicts,
    verdict,
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


def test_a_comparison_of_three_by_three_by_hand():
    table = compare_to(BY_HAND, "A", **OPTIONS).set_index("classifier")
    assert table["difference"].tolist() == pytest.approx([-0.1, 0.0])
    b, c = table.loc["B"], table.loc["C"]
    assert (b["low"], b["high"]) == pytest.approx((-0.1, -0.1))
    assert (b["wins"], b["ties"], b["losses"]) == (0, 0, 3)
    assert (b["p_above"], b["verdict"]) == (0, "worse")
    half = t_with_two_degrees(1 - 0.025 / 2) * 0.02 / math.sqrt(3)
    assert (c["low"], c["high"]) == pytest.approx((-half, half))
    assert (c["wins"], c["ties"], c["losses"]) == (1, 1, 1)
    assert c["p_above"] == pytest.approx(0.5)
    assert c["verdict"] == "inconclusive"
    assert table[["p", "p_holm"]].isna().all(axis=None)


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


def test_holm_agrees_with_statsmodels_within_each_dataset():
    compared = compare_to(scores_from(simulated()), "C0", **OPTIONS)
    for _, rows in compared.groupby("dataset"):
        expected = multipletests(rows["p"], method="holm")[1]
        assert rows["p_holm"].tolist() == pytest.approx(expected.tolist())


def test_the_probability_above_zero_is_that_of_a_student_posterior():
    # Under a flat prior the mean difference follows Student's t with n − 1 degrees of
    # freedom about the observed mean; baycomp 1.0.3 computes the same probability.
    values = simulated(n_datasets=1)
    compared = compare_to(scores_from(values), "C0", **OPTIONS)
    for i, row in enumerate(compared.itertuples(), start=1):
        gap = values[0, :, i] - values[0, :, 0]
        scale = math.sqrt(gap.var(ddof=1) / 10)
        expected = stats.t.sf(0, 9, gap.mean(), scale)
        assert row.p_above == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(8))
def test_an_interval_that_excludes_zero_has_a_holm_p_below_alpha(seed):
    compared = compare_to(scores_from(simulated(seed)), "C0", **OPTIONS)
    excludes_zero = (compared["low"] > 0) | (compared["high"] < 0)
    assert (compared.loc[excludes_zero, "p_holm"] <= 0.05).all()
    unadjusted = compared["p"] <= 0.05 / 3
    assert (excludes_zero == unadjusted).all()
    assert excludes_zero.any()


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


def test_the_marks_of_the_best_agree_with_comparisons_to_it():
    scores = scores_from(simulated(1, n_datasets=1, step=0.015))
    table = summarise_scores(scores, 0.05, larger_is_better=True)
    best = table.loc[table["best"], "classifier"].item()
    compared = compare_to(scores, best, **OPTIONS).set_index("classifier")
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
    row = one_row(scores_of({"d": {"A": [0.7] * 5, "B": [0.71] * 5}}))
    assert row["difference"] > 0.01  # by its last bits
    assert row["verdict"] == "equivalent"


def test_half_a_curve_is_a_tie_despite_rounding():
    gaps = np.array([0.5 / 2000 + 1e-17, 0.1 - 0.09975, 1 / 2000, -1 / 2000])[:, None]
    wins, ties, losses = count_wins(gaps, 0.5 / 2000)
    assert (wins.item(), ties.item(), losses.item()) == (1, 2, 1)


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
    assert row[["low", "high", "p", "p_holm", "p_above"]].isna().all()
    assert row["verdict"] == "inconclusive"
    table = summarise_scores(scores, 0.05, larger_is_better=True)
    assert table[["std", "low", "high"]].isna().all(axis=None)
    assert table["best"].tolist() == [False, True]
    assert table["near_best"].all()


def test_four_repetitions_have_an_interval_and_no_test():
    row = one_row(scores_of({"d": {"A": [0.5] * 4, "B": [0.6, 0.61, 0.6, 0.61]}}))
    assert math.isnan(row["p"])
    assert math.isnan(row["p_holm"])
    assert row["verdict"] == "better"


@pytest.mark.parametrize(
    ("step", "p", "p_above", "word"),
    [(0.0, 1, 0.5, "equivalent"), (0.1, 0, 1, "better"), (-0.1, 0, 0, "worse")],
)
def test_repetitions_without_spread_have_an_interval_of_one_point(
    step, p, p_above, word
):
    scores = scores_of(
        {"d": {"A": [0.3, 0.5, 0.7, 0.8, 0.6], "B": [0.3, 0.5, 0.7, 0.8, 0.6]}}
    )
    scores.loc[scores["classifier"] == "B", "score"] += step
    row = one_row(scores)
    assert row["low"] == row["high"] == row["difference"] == pytest.approx(step)
    assert (row["p"], row["p_holm"], row["p_above"]) == (p, p, p_above)
    assert row["verdict"] == word


def test_a_single_classifier_is_the_best_and_has_no_comparison():
    scores = scores_of({"d": {"A": [0.5, 0.6]}})
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
