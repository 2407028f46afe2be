"""Where mean curves cross, and how sure that is; by hand, and by simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.base.errors import StatisticsError
from bench.stats.crossings import find_crossings, is_wide, place_text, range_text

VALUES = {"a": 1.0, "b": 2.0, "c": 4.0}


def results(scores):
    """Lay classifier → dataset → scores out as one row a cell."""
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
    """Scores of a mean that is exactly so."""
    noise = np.random.default_rng(seed).normal(0, std, n)
    return mean + noise - noise.mean()


FALLS = {"a": [0.9] * 3, "b": [0.7] * 3, "c": [0.5] * 3}
STAYS = {"a": [0.8] * 3, "b": [0.75] * 3, "c": [0.7] * 3}


def test_a_crossing_by_hand():
    [found] = crossings({"F": FALLS, "S": STAYS}).to_dict("records")
    # 0.1 above at 1, 0.05 below at 2: after two thirds of the way.
    assert (found["before"], found["after"]) == ("F", "S")
    assert found["at"] == pytest.approx(1 + 2 / 3)
    assert found["score"] == pytest.approx(0.9 - 0.2 * 2 / 3)
    # Repetitions do not differ: the interval is the point.
    assert found["low"] == pytest.approx(found["at"])
    assert found["high"] == pytest.approx(found["at"])
    assert found["n"] == 3
    assert found["leads"]
    assert found["clear"]


def test_in_logarithms_it_lies_elsewhere():
    [found] = crossings({"F": FALLS, "S": STAYS}, logarithmic=True)["at"]
    assert found == pytest.approx(2 ** (2 / 3))


def test_smaller_is_better_where_the_metric_says_so():
    [found] = crossings(
        {"F": FALLS, "S": STAYS}, larger_is_better=False
    ).to_dict("records")  # fmt: skip
    assert (found["before"], found["after"]) == ("S", "F")
    assert found["leads"]


def test_who_is_never_the_best_crosses_without_leading():
    best = {"a": [0.95] * 3, "b": [0.95] * 3, "c": [0.95] * 3}
    found = crossings({"F": FALLS, "B": best, "S": STAYS})
    assert found["leads"].tolist() == [False]
    # Nothing is known of one that has no scores there.
    found = crossings({"F": FALLS, "B": {"c": [0.95] * 3}, "S": STAYS})
    assert found["leads"].tolist() == [True]


def test_curves_that_touch_or_run_together_cross_once():
    flat = {"a": [0.8] * 3, "b": [0.7] * 3, "c": [0.7] * 3}
    assert crossings({"F": FALLS, "T": flat})["at"].tolist() == [2.0]
    touches = {"a": [0.8] * 3, "b": [0.7] * 3, "c": [0.4] * 3}
    assert crossings({"F": FALLS, "T": touches}).empty


def test_the_ends_of_an_interval_are_where_t_tells_the_two_apart():
    first = {name: around(0.8, seed=i) for i, name in enumerate(VALUES)}
    slope = {"a": 0.77, "b": 0.79, "c": 0.83}
    second = {name: around(mean, seed=9 + i) for i, (name, mean) in
              enumerate(slope.items())}  # fmt: skip
    found = crossings({"F": first, "S": second}, shared=True).iloc[0]
    assert found["before"] == "F"
    for end in (found["low"], found["high"]):
        left, right = ("a", "b") if end < 2 else ("b", "c")
        u, v = VALUES[left], VALUES[right]
        share = (end - u) / (v - u)
        gaps = (1 - share) * (first[left] - second[left])
        gaps += share * (first[right] - second[right])
        assert stats.ttest_1samp(gaps, 0).pvalue == pytest.approx(0.05, abs=1e-6)


def test_independent_draws_vary_less_between_two_places():
    """There a line is the mean of two draws; of one draw they may go together."""
    common = np.random.default_rng(0).normal(0, 0.02, 8)
    first = {n: np.full(8, 0.8) for n in VALUES}
    second = {n: m + common for n, m in zip(VALUES, (0.7, 0.9, 1.1), strict=True)}
    apart, paired = (
        crossings({"F": first, "S": second}, shared=shared).iloc[0]
        for shared in (False, True)
    )
    assert apart["at"] == paired["at"]
    assert paired["low"] < apart["low"] < apart["high"] < paired["high"]


def test_where_they_hardly_differ_the_interval_is_open():
    first = {name: np.full(8, 0.8) for name in VALUES}
    second = {
        "a": np.full(8, 0.81),
        "b": around(0.79, seed=1, std=0.05),
        "c": around(0.78, seed=2, std=0.1),
    }
    found = crossings({"F": first, "S": second}, shared=True).iloc[0]
    assert found["at"] == pytest.approx(1.5)
    assert 1 < found["low"] < found["at"]
    assert found["high"] == math.inf
    assert not found["clear"]
    assert range_text(found["low"], found["high"]).endswith(", …]")


def test_to_and_fro_within_an_interval_is_one_crossing_or_none():
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
    one = {name: {d: v[:1] for d, v in own.items()} for name, own in
           (("F", FALLS), ("S", STAYS))}  # fmt: skip
    [found] = crossings(one).to_dict("records")
    assert math.isnan(found["low"])
    assert not found["clear"]
    assert range_text(found["low"], found["high"]) == "–"


def test_what_has_no_score_is_left_out():
    holes = {"a": [0.9, math.nan, 0.9], "b": [math.nan] * 3, "c": [0.5, 0.5, 0.5]}
    [found] = crossings({"F": holes, "S": STAYS}).to_dict("records")
    assert found["n"] == 2
    assert found["at"] == pytest.approx(1 + 3 / 3)  # from a to c, a third of the way
    nothing = dict.fromkeys("abc", [math.nan] * 3)
    assert crossings({"F": nothing, "S": STAYS}).empty
    apart = {"a": [0.9, math.nan], "b": [math.nan, 0.1], "c": [math.nan, 0.5]}
    assert crossings({"F": apart, "S": STAYS}).empty


def test_the_limit_of_a_sweep_is_no_place():
    values = {"a": 1.0, "b": math.inf, "c": 4.0}
    [found] = crossings({"F": FALLS, "S": STAYS}, values).to_dict("records")
    assert 1 < found["at"] < 4


def test_the_true_crossing_is_inside_as_often_as_promised():
    rng = np.random.default_rng(0)
    inside, runs = 0, 200
    for _ in range(runs):
        gaps = np.array([0.02, 0.005, -0.025]) + rng.normal(0, 0.01, (6, 3))
        scores = {
            "F": {n: 0.8 + gaps[:, i] for i, n in enumerate(VALUES)},
            "S": {n: np.full(6, 0.8) for n in VALUES},
        }
        found = crossings(scores)
        truth = 2 + 2 * 0.005 / 0.03
        inside += bool(
            len(found) and ((found["low"] <= truth) & (truth <= found["high"])).any()
        )
    assert inside / runs >= 0.9


def test_alpha_must_be_a_share():
    with pytest.raises(StatisticsError, match="alpha"):
        crossings({"F": FALLS, "S": STAYS}, alpha=5)


def test_what_is_wide():
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
