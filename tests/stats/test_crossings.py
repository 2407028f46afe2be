"""Crossings of mean curves and their intervals, by hand and by simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.base.errors import StatisticsError
from bench.stats.crossings import find_crossings, is_wide, place_text, range_text

VALUES = {"a": 1.0, "b": 2.0, "c": 4.0}


def results(scores):
    """Lay classifier → dataset → scores out with one row for each cell."""
    return pd.DataFrame(
        [
            {"classifier": c, "dataset": d, "repetition": r, "test_accuracy": score}
            for c, columns in scores.items()
            for d, column in columns.items()
            for r, score in enumerate(column)
        ]
    )


def crossings(scores, values=VALUES, shared=False, **changes):
    streams = {name: "one" if shared else name for name in values}
    options = {
        "alpha": 0.05,
        "streams": streams,
        "larger_is_better": True,
        "logarithmic": False,
    }
    return find_crossings(results(scores), "accuracy", values, **(options | changes))


def around(mean, *, seed=0, n=8, std=0.01):
    """Return scores whose mean is exactly `mean`."""
    noise = np.random.default_rng(seed).normal(0, std, n)
    return mean + noise - noise.mean()


FALLS = {"a": [0.9] * 3, "b": [0.7] * 3, "c": [0.5] * 3}
STAYS = {"a": [0.8] * 3, "b": [0.75] * 3, "c": [0.7] * 3}


def test_a_crossing_by_hand():
    [result] = crossings({"F": FALLS, "S": STAYS}).to_dict("records")
    # 0.1 above at 1, 0.05 below at 2: after two thirds of the way.
    assert (result["before"], result["after"]) == ("F", "S")
    assert result["at"] == pytest.approx(1 + 2 / 3)
    assert result["score"] == pytest.approx(0.9 - 0.2 * 2 / 3)
    # Repetitions do not differ: the interval is the point.
    assert result["low"] == pytest.approx(result["at"])
    assert result["high"] == pytest.approx(result["at"])
    assert result["n"] == 3
    assert result["leads"]
    assert result["clear"]


def test_a_crossing_on_a_logarithmic_axis_by_hand():
    [result] = crossings({"F": FALLS, "S": STAYS}, logarithmic=True)["at"]
    assert result == pytest.approx(2 ** (2 / 3))


def test_smaller_is_better_where_the_metric_says_so():
    [result] = crossings(
        {"F": FALLS, "S": STAYS}, larger_is_better=False
    ).to_dict("records")  # fmt: skip
    assert (result["before"], result["after"]) == ("S", "F")
    assert result["leads"]


def test_a_crossing_below_a_better_classifier_does_not_lead():
    best = {"a": [0.95] * 3, "b": [0.95] * 3, "c": [0.95] * 3}
    result = crossings({"F": FALLS, "B": best, "S": STAYS})
    assert result["leads"].tolist() == [False]
    # Nothing is known of one that has no scores there.
    result = crossings({"F": FALLS, "B": {"c": [0.95] * 3}, "S": STAYS})
    assert result["leads"].tolist() == [True]


def test_curves_that_run_together_cross_once_and_that_touch_never():
    flat = {"a": [0.8] * 3, "b": [0.7] * 3, "c": [0.7] * 3}
    assert crossings({"F": FALLS, "T": flat})["at"].tolist() == [2.0]
    touches = {"a": [0.8] * 3, "b": [0.7] * 3, "c": [0.4] * 3}
    assert crossings({"F": FALLS, "T": touches}).empty


def test_the_ends_of_an_interval_are_where_the_t_test_is_significant():
    first = {name: around(0.8, seed=i) for i, name in enumerate(VALUES)}
    slope = {"a": 0.77, "b": 0.79, "c": 0.83}
    second = {name: around(mean, seed=9 + i) for i, (name, mean) in
              enumerate(slope.items())}  # fmt: skip
    result = crossings({"F": first, "S": second}, shared=True).iloc[0]
    assert result["before"] == "F"
    for end in (result["low"], result["high"]):
        left, right = ("a", "b") if end < 2 else ("b", "c")
        u, v = VALUES[left], VALUES[right]
        share = (end - u) / (v - u)
        gaps = (1 - share) * (first[left] - second[left])
        gaps += share * (first[right] - second[right])
        assert stats.ttest_1samp(gaps, 0).pvalue == pytest.approx(0.05, abs=1e-6)


def test_independent_draws_vary_less_between_two_values():
    """Between values a line is a mean of two draws; those of one stream correlate."""
    common = np.random.default_rng(0).normal(0, 0.02, 8)
    first = {n: np.full(8, 0.8) for n in VALUES}
    second = {n: m + common for n, m in zip(VALUES, (0.7, 0.9, 1.1), strict=True)}
    independent, paired = (
        crossings({"F": first, "S": second}, shared=shared).iloc[0]
        for shared in (False, True)
    )
    assert independent["at"] == paired["at"]
    assert paired["low"] < independent["low"] < independent["high"] < paired["high"]


def test_the_interval_is_open_where_classifiers_hardly_differ():
    first = {name: np.full(8, 0.8) for name in VALUES}
    second = {
        "a": np.full(8, 0.81),
        "b": around(0.79, seed=1, std=0.05),
        "c": around(0.78, seed=2, std=0.1),
    }
    result = crossings({"F": first, "S": second}, shared=True).iloc[0]
    assert result["at"] == pytest.approx(1.5)
    assert 1 < result["low"] < result["at"]
    assert result["high"] == math.inf
    assert not result["clear"]
    assert range_text(result["low"], result["high"]).endswith(", …]")


def test_several_crossings_within_an_interval_count_as_one_or_none():
    values = {name: float(i) for i, name in enumerate("abcde")}
    first = {name: np.full(8, 0.8) for name in values}

    def second(*gaps):
        noise = [0.001, 0.05, 0.05, 0.05, 0.001]
        return {
            name: around(0.8 - gap, seed=i, std=std)
            for i, (name, gap, std) in enumerate(zip(values, gaps, noise, strict=True))
        }

    once = crossings({"F": first, "S": second(0.05, -0.01, 0.01, -0.01, -0.05)}, values)
    assert len(once) == 1
    assert once.loc[0, ["before", "after", "clear"]].tolist() == ["F", "S", True]
    assert once.loc[0, "low"] < 1
    assert once.loc[0, "high"] > 3
    twice = crossings({"F": first, "S": second(0.05, 0.01, -0.01, 0.01, 0.05)}, values)
    assert len(twice) == 2
    assert not twice["clear"].any()


def test_one_repetition_has_no_interval():
    one = {name: {d: v[:1] for d, v in curve.items()} for name, curve in
           (("F", FALLS), ("S", STAYS))}  # fmt: skip
    [result] = crossings(one).to_dict("records")
    assert math.isnan(result["low"])
    assert not result["clear"]
    assert range_text(result["low"], result["high"]) == "–"


def test_missing_scores_are_left_out():
    holes = {"a": [0.9, math.nan, 0.9], "b": [math.nan] * 3, "c": [0.5, 0.5, 0.5]}
    [result] = crossings({"F": holes, "S": STAYS}).to_dict("records")
    assert result["n"] == 2
    assert result["at"] == pytest.approx(1 + 3 / 3)  # from a to c, a third of the way
    nothing = dict.fromkeys("abc", [math.nan] * 3)
    assert crossings({"F": nothing, "S": STAYS}).empty
    disjoint = {"a": [0.9, math.nan], "b": [math.nan, 0.1], "c": [math.nan, 0.5]}
    assert crossings({"F": disjoint, "S": STAYS}).empty


def test_the_infinite_limit_of_a_sweep_is_left_out():
    values = {"a": 1.0, "b": math.inf, "c": 4.0}
    [result] = crossings({"F": FALLS, "S": STAYS}, values).to_dict("records")
    assert 1 < result["at"] < 4


def test_the_interval_covers_the_true_crossing():
    rng = np.random.default_rng(0)
    inside, runs = 0, 200
    for _ in range(runs):
        gaps = np.array([0.02, 0.005, -0.025]) + rng.normal(0, 0.01, (6, 3))
        scores = {
            "F": {n: 0.8 + gaps[:, i] for i, n in enumerate(VALUES)},
            "S": {n: np.full(6, 0.8) for n in VALUES},
        }
        result = crossings(scores)
        truth = 2 + 2 * 0.005 / 0.03
        inside += bool(
            len(result) and ((result["low"] <= truth) & (truth <= result["high"])).any()
        )
    assert inside / runs >= 0.9


def test_alpha_must_be_a_share():
    with pytest.raises(StatisticsError, match="alpha"):
        crossings({"F": FALLS, "S": STAYS}, alpha=5)


def test_values_over_a_ratio_of_twenty_are_wide():
    assert is_wide(np.array([1.0, 20.0]))
    assert not is_wide(np.array([1.0, 19.0]))
    assert not is_wide(np.array([0.0, 19.0]))
    assert not is_wide(np.array([]))


def test_places_are_written_with_three_digits():
    assert [place_text(x) for x in (0.01234, 12.34, 1234.5)] == [
        "0.0123",
        "12.3",
        "1234",
    ]
    assert range_text(-math.inf, 12.345) == "[…, 12.3]"


def test_two_repetitions_that_agree_make_no_crossing_clear():
    pair = {"F": {d: s[:2] for d, s in FALLS.items()},
            "S": {d: s[:2] for d, s in STAYS.items()}}  # fmt: skip
    [result] = crossings(pair).to_dict("records")
    assert not result["clear"]
    [result] = crossings({"F": FALLS, "S": STAYS}, tie=0.01).to_dict("records")
    assert result["low"] < result["at"] < result["high"]


def test_a_clear_crossing_is_clear_among_all_pairs_and_values():
    scores = {
        "F": {d: around(m, seed=i) for i, (d, m) in enumerate(
            {"a": 0.82, "b": 0.8, "c": 0.78}.items())},
        "S": {d: around(0.8, seed=i + 5) for i, d in enumerate("abc")},
    }  # fmt: skip
    [alone] = crossings(scores).to_dict("records")
    assert alone["clear"]
    many = {f"K{i}": {d: around(0.6, seed=i) for d in "abc"} for i in range(12)}
    found = crossings(scores | many).query("before == 'F'")
    assert found["clear"].tolist() == [False]
    assert found["low"].tolist() == [alone["low"]]


@pytest.mark.slow
def test_lines_that_only_touch_are_seldom_called_a_clear_crossing():
    rng = np.random.default_rng(0)
    values = {name: float(i + 1) for i, name in enumerate("abcde")}
    false = 0
    for _ in range(400):
        scores = {
            f"C{i}": {d: rng.normal(0.8, 0.01, 5) for d in values} for i in range(4)
        }
        false += crossings(scores, values, tie=0.0005)["clear"].any()
    assert false / 400 <= 0.05


def test_an_overlap_widens_the_interval_of_a_crossing():
    scores = {
        "KNN": {name: around(mean, seed=1) for name, mean in (("a", 0.9), ("b", 0.6))},
        "DT": {name: around(mean, seed=2) for name, mean in (("a", 0.8), ("b", 0.7))},
    }
    values = {"a": 1.0, "b": 2.0}
    plain, shared, same = (
        crossings(scores, values, overlap=overlap).iloc[0]
        for overlap in (0.0, 1.0, {"a": 0.0, "b": 0.0})
    )
    assert (plain == same).all()
    assert shared["at"] == plain["at"]
    assert shared["low"] < plain["low"] < plain["high"] < shared["high"]
