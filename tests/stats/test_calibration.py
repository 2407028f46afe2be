"""The hardest curves and calibration, by hand."""

import numpy as np
import pytest

from bench.stats.calibration import calibration_frame, hardest_curves
from bench.stats.metrics import Predictions, calibration_bins


def test_the_hardest_curves_by_hand():
    labels = np.array([0, 0, 1, 1])
    predictions = {
        "A": np.array([0, 1, 0, 1]),
        "B": np.array([0, 0, 0, 1]),
        "C": np.array([0, 1, 0, 1]),
    }
    frame = hardest_curves(labels, predictions)
    assert frame["curve"].tolist() == [2, 1]
    assert frame["wrong"].tolist() == [3, 2]
    assert frame["of"].tolist() == [3, 3]
    assert frame["label"].tolist() == [1, 0]
    assert hardest_curves(labels, predictions, n=1)["curve"].tolist() == [2]
    assert hardest_curves(labels, {}).empty


def test_equally_hard_curves_keep_their_order_and_easy_ones_are_left_out():
    labels = np.zeros(5, dtype=int)
    predictions = {"A": np.array([0, 1, 0, 1, 1]), "B": np.array([0, 0, 0, 0, 1])}
    frame = hardest_curves(labels, predictions)
    assert frame["curve"].tolist() == [4, 1, 3]
    assert frame["wrong"].tolist() == [2, 1, 1]
    assert hardest_curves(labels, {"A": labels}).empty


def test_a_row_for_each_bin_with_curves():
    # Confidences 0.9 (right) and 0.9 (wrong) in bin 13, 1.0 (right) in bin 14.
    p = np.array([[0.1, 0.9], [0.1, 0.9], [1.0, 0.0]], np.float32)
    labels, predictions = np.array([1, 0, 0]), np.array([1, 1, 0])
    given = Predictions(labels, predictions, "probability", p)
    bins = calibration_bins(given)
    frame = calibration_frame({("A", 0): bins, ("A", 3): bins})
    assert frame["repetition"].tolist() == [0, 0, 3, 3]
    assert frame["bin"].tolist() == [13, 14] * 2
    assert frame["n"].tolist() == [2, 1] * 2
    assert frame["confidence"].tolist() == pytest.approx([0.9, 1.0] * 2)
    assert frame["accuracy"].tolist() == [0.5, 1.0] * 2


def test_classifiers_without_probabilities_have_no_rows():
    labels = np.array([0, 1])
    bins = calibration_bins(Predictions(labels, labels))
    frame = calibration_frame({("SVC", 0): bins})
    assert frame.empty
    assert list(frame) == [
        *["classifier", "repetition", "bin", "n", "confidence", "accuracy"]
    ]
