"""Transfers by hand: three repetitions, two datasets, two classifiers."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.base.errors import StatisticsError
from bench.stats.transfer import compare_transfers, home_and_away

SCORES = {
    ("KNN", "a", "a"): [0.9, 0.8, 1.0],
    ("KNN", "a", "b"): [0.5, 0.6, math.nan],
    ("KNN", "b", "a"): [0.7, 0.7, 0.7],
    ("KNN", "b", "b"): [0.8, 0.8, 0.6],
    ("SD", "a", "a"): [0.6, 0.6, 0.6],
    ("SD", "b", "b"): [0.6, 0.6, 0.6],
    ("SD", "a", "b"): [math.nan] * 3,
    ("SD", "b", "a"): [0.7, 0.7, 0.7],
}


def compared(scores=SCORES, **changes):
    frame = pd.DataFrame(
        [
            {"classifier": c, "train": a, "test": b, "repetition": r, "score": score}
            for (c, a, b), column in scores.items()
            for r, score in enumerate(column)
        ]
    )
    options = {"alpha": 0.05, "larger_is_better": True} | changes
    return compare_transfers(frame, **options)


def test_one_row_for_each_classifier_and_pair():
    result = compared().set_index(["classifier", "train", "test"])
    assert list(result.index) == list(SCORES)
    assert result.loc[("KNN", "a", "b"), "mean"] == pytest.approx(0.55)
    assert result.loc[("KNN", "a", "b"), ["n", "n_cells"]].tolist() == [2, 3]
    assert result.loc[("KNN", "a", "a"), "std"] == pytest.approx(0.1)
    interval = stats.ttest_1samp(SCORES["KNN", "a", "a"], 0).confidence_interval(0.95)
    ends = result.loc[("KNN", "a", "a"), ["low", "high"]].astype(float)
    assert np.allclose(ends, interval)
    assert result.loc[("SD", "a", "b"), "n"] == 0
    assert math.isnan(result.loc[("SD", "a", "b"), "mean"])


def test_a_transfer_is_compared_with_training_there_on_the_same_curves():
    result = compared().set_index(["classifier", "train", "test"])
    # Trained on b, tested on a, against trained on a: -0.2, -0.1, -0.3.
    row = result.loc[("KNN", "b", "a")]
    assert row["difference"] == pytest.approx(-0.2)
    gaps = stats.ttest_1samp([-0.2, -0.1, -0.3], 0).confidence_interval(0.95)
    assert np.allclose([row["difference_low"], row["difference_high"]], gaps)
    # The third repetition has no score on one side.
    assert result.loc[("KNN", "a", "b"), "difference"] == pytest.approx(-0.25)
    assert math.isnan(result.loc[("KNN", "a", "a"), "difference"])
    assert math.isnan(result.loc[("SD", "a", "b"), "difference"])


def test_smaller_is_better_where_the_metric_says_so():
    result = compared(larger_is_better=False).set_index(["classifier", "train", "test"])
    assert result.loc[("KNN", "b", "a"), "difference"] == pytest.approx(0.2)


def test_home_and_away_by_hand():
    result = home_and_away(compared(), larger_is_better=True)
    assert result["classifier"].tolist() == ["SD", "KNN"]
    sd, knn = result.to_dict("records")
    assert knn["home"] == pytest.approx((0.9 + 2.2 / 3) / 2)
    assert knn["away"] == pytest.approx((0.55 + 0.7) / 2)
    assert knn["lost"] == pytest.approx((-0.25 - 0.2) / 2)
    assert (knn["train"], knn["test"]) == ("a", "b")
    assert sd["lost"] == pytest.approx(0.1)
    result = home_and_away(compared(larger_is_better=False), larger_is_better=False)
    assert result["classifier"].tolist() == ["KNN", "SD"]


def test_without_transfers_the_loss_is_unknown():
    only = {key: scores for key, scores in SCORES.items() if key[1] == key[2]}
    result = home_and_away(compared(only), larger_is_better=True)
    assert result["lost"].isna().all()
    assert result["train"].tolist() == ["", ""]


def test_alpha_must_be_a_share():
    with pytest.raises(StatisticsError, match="alpha"):
        compared(alpha=0)


def test_a_transfer_has_the_larger_overlap_of_its_datasets():
    plain = compared().set_index(["classifier", "train", "test"])
    shared = compared(overlap={"a": 1.0, "b": 0.0})
    shared = shared.set_index(["classifier", "train", "test"])
    for key, n, factor in (
        (("KNN", "a", "a"), 3, 2),  # √(1 + 3·1)
        (("KNN", "a", "b"), 2, math.sqrt(3)),
        (("KNN", "b", "b"), 3, 1),
    ):
        width = [
            frame.loc[key, "high"] - frame.loc[key, "mean"] for frame in (shared, plain)
        ]
        assert shared.loc[key, "n"] == n
        assert width[0] == pytest.approx(factor * width[1])
