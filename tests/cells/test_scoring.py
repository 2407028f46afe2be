"""Scores of classifiers whose outputs are known by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from bench.cells.scoring import predict_and_score, score, timed

X = {"test": np.zeros((4, 3))}
Y = {"test": np.array([0, 1, 1, 0])}
CELL = SimpleNamespace(classifier=SimpleNamespace(is_ours=False, parts=("one",)))


class Constant:
    """Predicts class 1 for every curve."""

    def predict(self, X):
        return np.ones(len(X))


class Decides(Constant):
    def decision_function(self, X):
        return np.arange(len(X), dtype=np.float64)


class Both(Decides):
    def predict_proba(self, X):
        return np.tile([0.25, 0.75], (len(X), 1))


@pytest.mark.parametrize(
    ("estimator", "kind", "shape"),
    [
        (Constant(), "none", None),
        (Decides(), "decision", (4,)),
        (Both(), "probability", (4, 2)),
    ],
)
def test_the_most_detailed_output_is_kept_with_its_kind(estimator, kind, shape):
    measured, arrays = predict_and_score(estimator, X, Y)
    assert measured["test"]["accuracy"] == 0.5
    assert str(arrays["kind"]) == kind
    assert ("scores_test" in arrays) == (shape is not None)
    if shape is not None:
        assert arrays["scores_test"].shape == shape
        assert arrays["scores_test"].dtype == np.float32
    assert arrays["predictions_test"].dtype == np.int32
    assert measured.keys() == {"predict_seconds", "predict_cpu_seconds", "test"}


def test_a_column_of_labels_is_read_as_one_label_a_curve():
    class Column(Constant):
        def predict(self, X):
            return np.ones((len(X), 1))

    measured, arrays = predict_and_score(Column(), X, Y)
    assert measured["test"]["accuracy"] == 0.5
    assert arrays["predictions_test"].shape == (4,)


def test_a_label_that_does_not_exist_is_an_error():
    class Half(Constant):
        def predict(self, X):
            return np.full(len(X), 0.5)

    with pytest.raises(
        ValueError, match=r"gave 0\.5 for curve 0, and no label for 3 more"
    ):
        predict_and_score(Half(), X, Y)


def test_scores_that_cannot_be_used_are_absent_with_the_reason():
    class Broken(Decides):
        def predict_proba(self, X):
            return np.ones((len(X), 2))

    measured, arrays = predict_and_score(Broken(), X, Y)
    assert str(arrays["kind"]) == "decision"
    assert "sum to 2 for curve 0" in measured["absent"]["predict_proba"]


@pytest.mark.parametrize(
    ("n_iter", "iterations"),
    [
        (7, 7),
        (np.array([3, 9, 5]), 9),
        ([3.0, 4.0], 4),
        (0, 0),
        (None, None),
        ([], None),
        (np.empty(0), None),
        ([2, np.nan], None),
        (np.inf, None),
        (-1, None),
        ("many", None),
        ([[1], [2, 3]], None),
        ({"epochs": 3}, None),
        (object(), None),
    ],
)
def test_iterations_are_the_most_of_any_class_or_unknown(n_iter, iterations):
    estimator = Constant()
    estimator.n_iter_ = n_iter
    measured, _ = score(CELL, estimator, X, Y)
    assert measured["test"]["accuracy"] == 0.5
    assert measured.get("iterations") == iterations


def test_iterations_that_raise_take_no_score_away():
    class Raises(Constant):
        @property
        def n_iter_(self):
            raise RuntimeError("not counted")

    measured, _ = score(CELL, Raises(), X, Y)
    assert "iterations" not in measured
    assert measured["test"]["accuracy"] == 0.5


def test_seconds_are_of_wall_clock_and_processor():
    wall, cpu = timed(lambda: sum(range(100_000)))
    assert 0 <= cpu <= wall + 0.01
    assert round(wall, 4) == wall
