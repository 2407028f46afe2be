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


def test_a_row_for_each_classifier_and_pair():
    found = compared().set_index(["classifier", "train", "test"])
    assert list(found.index) == list(SCORES)
    assert found.loc[("KNN", "a", "b"), "mean"] == pytest.approx(0.55)
    assert found.loc[("KNN", "a", "b"), ["n", "n_cells"]].tolist() == [2, 3]
    assert found.loc[("KNN", "a", "a"), "std"] == pytest.approx(0.1)
    own = stats.ttest_1samp(SCORES["KNN", "a", "a"], 0).confidence_interval(0.95)
    ends = found.loc[("KNN", "a", "a"), ["low", "high"]].astype(float)
    assert np.allclose(ends, own)
    assert found.loc[("SD", "a", "b"), "n"] == 0
    assert math.isnan(found.loc[("SD", "a", "b"), "mean"])


def test_the_move_is_compared_with_training_there_on_the_same_curves():
    found = compared().set_index(["classifier", "train", "test"])
    # Trained on b, tested on a, against trained on a: -0.2, -0.1, -0.3.
    row = found.loc[("KNN", "b", "a")]
    assert row["difference"] == pytest.approx(-0.2)
    gaps = stats.ttest_1samp([-0.2, -0.1, -0.3], 0).confidence_interval(0.95)
    assert np.allclose([row["difference_low"], row["difference_high"]], gaps)
    # The third repetition has no score on one side.
    assert found.loc[("KNN", "a", "b"), "difference"] == pytest.approx(-0.25)
    assert math.isnan(found.loc[("KNN", "a", "a"), "difference"])
    assert math.isnan(found.loc[("SD", "a", "b"), "difference"])


def test_smaller_is_better_where_the_metric_says_so():
    found = compared(larger_is_better=False).set_index(["classifier", "train", "test"])
    assert found.loc[("KNN", "b", "a"), "difference"] == pytest.approx(0.2)


def test_at_home_and_elsewhere():
    found = home_and_away(compared(), larger_is_better=True)
    assert found["classifier"].tolist() == ["SD", "KNN"]
    sd, knn = found.to_dict("records")
    assert knn["home"] == pytest.approx((0.9 + 2.2 / 3) / 2)
    assert knn["away"] == pytest.approx((0.55 + 0.7) / 2)
    assert knn["lost"] == pytest.approx((-0.25 - 0.2) / 2)
    assert (knn["train"], knn["test"]) == ("a", "b")
    assert sd["lost"] == pytest.approx(0.1)
    found = home_and_away(compared(larger_is_better=False), larger_is_better=False)
    assert found["classifier"].tolist() == ["KNN", "SD"]


def test_who_was_never_elsewhere_has_lost_nothing_that_is_known():
    only = {key: own for key, own in SCORES.items() if key[1] == key[2]}
    found = home_and_away(compared(only), larger_is_better=True)
    assert found["lost"].isna().all()
    assert found["train"].tolist() == ["", ""]


def test_alpha_must_be_a_share():
    with pytest.raises(StatisticsError, match="alpha"):
        compared(alpha=0)
