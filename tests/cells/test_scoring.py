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


def test_predictions_of_another_shape_are_an_error():
    class Columns(Constant):
        def predict(self, X):
            return np.ones((len(X), 1))

    with pytest.raises(ValueError, match=r"gave shape \(4, 1\), expected \(4,\)"):
        predict_and_score(Columns(), X, Y)


@pytest.mark.parametrize(
    ("n_iter", "iterations"), [(7, 7), (np.array([3, 9, 5]), 9), (None, None)]
)
def test_iterations_are_the_most_of_any_class(n_iter, iterations):
    estimator = Constant()
    estimator.n_iter_ = n_iter
    measured, _ = score(CELL, estimator, X, Y)
    assert measured.get("iterations") == iterations


def test_seconds_are_of_wall_clock_and_processor():
    wall, cpu = timed(lambda: sum(range(100_000)))
    assert 0 <= cpu <= wall + 0.01
    assert round(wall, 4) == wall
