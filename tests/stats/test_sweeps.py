import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.base.errors import StatisticsError
from bench.stats.intervals import welch_interval
from bench.stats.sweeps import compare_along, first_verdict

VALUES = {"a": 1.0, "b": 2.0, "c": math.inf}


def results(scores, metric="accuracy"):
    """Lay classifier → dataset → scores out with one row for each cell."""
    return pd.DataFrame(
        [
            {"classifier": c, "dataset": d, f"test_{metric}": score}
            for c, columns in scores.items()
            for d, column in columns.items()
            for score in column
        ]
    )


def along(scores, values=VALUES, **changes):
    options = {"alpha": 0.05, "margin": 0.01, "larger_is_better": True} | changes
    return compare_along(results(scores), "accuracy", values, **options)


def test_all_verdicts_of_a_sweep_are_simultaneous():
    scores = {
        name: {"a": noisy(0.9, i), "b": noisy(0.8, i + 9), "c": noisy(0.7, i + 5)}
        for i, name in enumerate(("SD", "KNN", "DT"))
    }
    result = along(scores)
    # Three classifiers, each on two datasets.
    expected = welch_interval(scores["DT"]["c"], scores["DT"]["a"], 0.05 / 6)
    ends = result.iloc[-1][["difference", "difference_low", "difference_high"]]
    assert np.allclose(ends.astype(float), expected)
    # One that lacks its scores takes no share of alpha.
    lost = {"KNN": {"a": [math.nan] * 5, "b": noisy(0.8, 0), "c": noisy(0.7, 0)}}
    expected = welch_interval(scores["DT"]["c"], scores["DT"]["a"], 0.05 / 4)
    ends = along(scores | lost).iloc[-1][["difference", "difference_low"]]
    assert np.allclose(ends.astype(float), expected[:2])


@pytest.mark.parametrize(("n", "word"), [(2, "inconclusive"), (3, "worse")])
def test_two_equal_repetitions_prove_nothing(n, word):
    scores = {"SD": {"a": [0.9] * n, "b": [0.8] * n, "c": [0.7] * n}}
    result = along(scores, tie=0.0025, bounds=(0.0, 1.0))
    assert result["verdict"].tolist() == ["", word, word]
    assert result["difference_low"].isna().tolist() == [True, n == 2, n == 2]
    assert (result["low"] < result["mean"]).all()
    assert (result["high"] <= 1).all()


def test_who_lacks_more_than_a_fifth_has_no_verdict():
    fall = {"a": noisy(0.9, 0), "b": noisy(0.8, 1), "c": noisy(0.7, 2)}
    few = fall | {"b": [*fall["b"][:8], math.nan, math.nan]}
    assert along({"SD": few})["verdict"].tolist() == ["", "worse", "worse"]
    few = fall | {"b": [*fall["b"][:7], *[math.nan] * 3]}
    result = along({"SD": few})
    assert result["verdict"].tolist() == ["", "inconclusive", "worse"]
    assert result["n"].tolist() == [10, 7, 10]
    assert result["n_cells"].tolist() == [10, 10, 10]


def test_collapses_are_left_out_and_counted():
    scores = {"SD": {"a": noisy(0.9, 0), "b": [0.5, *noisy(0.9, 1, 9)]}}
    frame = results(scores)
    frame["collapsed"] = pd.array([False] * 10 + [True] + [pd.NA] * 9, "boolean")
    options = {"alpha": 0.05, "margin": 0.01, "larger_is_better": True}
    result = compare_along(frame, "accuracy", {"a": 1.0, "b": 2.0}, **options)
    assert result["collapsed"].tolist() == [0, 1]
    assert result["n"].tolist() == [10, 10]
    assert result["mean"][1] == pytest.approx(np.mean(scores["SD"]["b"][1:]))
    assert result["verdict"].tolist() == ["", "equivalent"]


def noisy(mean, seed, n=10):
    return np.random.default_rng(seed).normal(mean, 0.005, n)


def test_each_dataset_is_compared_with_the_first_by_value():
    scores = {"SD": {"b": noisy(0.9, 1), "c": noisy(0.8, 2), "a": noisy(0.9, 3)}}
    result = along(scores)
    assert result["dataset"].tolist() == ["a", "b", "c"]
    assert result["verdict"].tolist() == ["", "equivalent", "worse"]
    assert math.isnan(result["difference"][0])
    # Together over two datasets, so each at half of alpha.
    expected = welch_interval(scores["SD"]["c"], scores["SD"]["a"], 0.025)
    got = result.loc[2, ["difference", "difference_low", "difference_high"]]
    assert np.allclose(got.astype(float), expected)
    interval = stats.ttest_1samp(scores["SD"]["b"], 0).confidence_interval(0.95)
    assert np.allclose(result.loc[1, ["low", "high"]].astype(float), interval)


def test_smaller_is_better_where_the_metric_says_so():
    scores = {"SD": {"a": noisy(0.1, 0), "b": noisy(0.1, 1), "c": noisy(0.3, 2)}}
    result = along(scores, larger_is_better=False)
    assert result["verdict"].tolist() == ["", "equivalent", "worse"]
    assert result["difference"][2] < result["difference_high"][2] < 0


def test_the_first_worse_dataset_and_later_exceptions():
    scores = {
        "falls": {"a": noisy(0.9, 0), "b": noisy(0.8, 1), "c": noisy(0.7, 2)},
        "dips": {"a": noisy(0.9, 3), "b": noisy(0.8, 4), "c": noisy(0.9, 5)},
        "holds": {"a": noisy(0.9, 6), "b": noisy(0.9, 7), "c": noisy(0.9, 8)},
        "rises": {"a": noisy(0.8, 9), "b": noisy(0.9, 10), "c": noisy(0.9, 11)},
    }
    assert first_verdict(along(scores)) == {
        "falls": ("b", []),
        "dips": ("b", ["c"]),
        "holds": (None, []),
        "rises": (None, []),
    }


def test_the_first_better_dataset():
    scores = {
        "rises": {"a": noisy(0.8, 9), "b": noisy(0.9, 10), "c": noisy(0.9, 11)},
        "dips": {"a": noisy(0.8, 3), "b": noisy(0.7, 4), "c": noisy(0.9, 5)},
    }
    assert first_verdict(along(scores), "better") == {
        "rises": ("b", []),
        "dips": ("c", []),
    }


def test_differences_on_one_random_stream_are_paired():
    first, gap = noisy(0.9, 0) + 10 * noisy(0, 1), noisy(-0.02, 2)
    scores = {"SD": {"a": first, "b": first + gap, "c": first + gap}}
    frame = results(scores)
    frame["repetition"] = np.tile(np.arange(10), 3)
    options = {"alpha": 0.05, "margin": 0.01, "larger_is_better": True}
    streams = {"a": "one", "b": "one", "c": "other"}
    result = compare_along(frame, "accuracy", VALUES, streams=streams, **options)
    assert result["paired"].tolist() == [True, True, False]
    assert result["verdict"].tolist() == ["", "worse", "inconclusive"]
    ends = result.loc[1, ["difference_low", "difference_high"]].astype(float)
    assert np.allclose(ends, stats.ttest_1samp(gap, 0).confidence_interval(0.975))
    # The order of rows does not matter; only repetitions that both have are paired.
    some = frame.sample(frac=1, random_state=0).drop(index=[0, 15])
    result = compare_along(some, "accuracy", VALUES, streams=streams, **options)
    kept = np.delete(gap, [0, 5])
    assert result.loc[1, "difference"] == pytest.approx(kept.mean())


def test_a_fall_within_the_margin_does_not_count():
    scores = {"SD": {"a": noisy(0.9, 0), "b": noisy(0.88, 1), "c": noisy(0.87, 2)}}
    assert first_verdict(along(scores)) == {"SD": ("b", [])}
    assert first_verdict(along(scores, margin=0.05)) == {"SD": (None, [])}


def test_missing_scores_have_rows_without_a_verdict():
    scores = {
        "SD": {"a": noisy(0.9, 0), "b": [math.nan], "c": noisy(0.5, 2)},
        "KNN": {"a": [math.nan], "b": noisy(0.9, 1), "c": noisy(0.5, 2)},
        "one": {"a": [0.9], "b": [0.5], "c": [0.4]},
    }
    result = along(scores)
    assert len(result) == 9
    by = result.set_index(["classifier", "dataset"])
    assert by.loc[("SD", "b"), "n"] == 0
    assert by.loc[("SD", "c"), "verdict"] == "worse"
    assert set(by.loc["KNN", "verdict"]) == {"", "inconclusive"}
    assert set(by.loc["one", "verdict"]) == {"", "inconclusive"}
    assert first_verdict(result)["one"] == (None, [])


@pytest.mark.parametrize(
    ("change", "name"), [({"alpha": 2}, "alpha"), ({"margin": -1}, "margin")]
)
def test_options_out_of_range_are_refused(change, name):
    with pytest.raises(StatisticsError, match=f"{name}: found"):
        along({"SD": {"a": [1.0], "b": [1.0], "c": [1.0]}}, **change)


def test_a_paired_change_has_the_larger_overlap_of_its_datasets():
    scores = {
        "KNN": {"a": [0.5, 0.6, 0.7, 0.62, 0.58], "b": [0.6, 0.72, 0.79, 0.7, 0.7]}
    }
    frame = results(scores)
    frame["repetition"] = [*range(5), *range(5)]
    widths = []
    for overlap in (0.0, {"a": 0.6, "b": 0.2}, {"a": 0.2, "b": 0.6}):
        found = compare_along(
            frame,
            "accuracy",
            {"a": 1.0, "b": 2.0},
            alpha=0.05,
            margin=0.01,
            larger_is_better=True,
            streams={"a": "one", "b": "one"},
            overlap=overlap,
        ).iloc[1]
        widths.append(found["difference_high"] - found["difference"])
    assert widths[1:] == pytest.approx([2 * widths[0]] * 2)
