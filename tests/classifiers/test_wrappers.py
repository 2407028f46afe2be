import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from bench.classifiers.wrappers import AeonWrapper, FunctionalWrapper

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 12))
y = np.where(X[:, 7] > 0, "b", "a")


class OfCubes(ClassifierMixin, BaseEstimator):
    """Takes what aeon's take, and hands rows to another."""

    def __init__(self, inner=None):
        self.inner = inner

    def fit(self, X, y):
        assert X.ndim == 3
        assert X.flags["C_CONTIGUOUS"]
        self.shape_ = X.shape
        self.inner_ = (self.inner or LogisticRegression()).fit(X.reshape(len(X), -1), y)
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, X):
        return self.inner_.predict(X.reshape(len(X), -1))

    def __getattr__(self, name):
        if name not in ("predict_proba", "decision_function"):
            raise AttributeError(name)
        method = getattr(self.__dict__["inner_"], name)
        return lambda X: method(X.reshape(len(X), -1))


class OfCubesWithProbabilities(OfCubes):
    def predict_proba(self, X):
        return self.inner_.predict_proba(X.reshape(len(X), -1))


@parametrize_with_checks([AeonWrapper(OfCubesWithProbabilities())])
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_channels_become_an_axis(dtype):
    wrapped = AeonWrapper(OfCubes(), n_channels=3).fit(X.astype(dtype), y)
    assert wrapped.estimator_.shape_ == (40, 3, 4)
    assert list(wrapped.classes_) == ["a", "b"]
    plain = LogisticRegression().fit(X.astype(dtype), y)
    np.testing.assert_array_equal(wrapped.predict(X), plain.predict(X))
    np.testing.assert_allclose(wrapped.predict_proba(X), plain.predict_proba(X))


def test_a_wrapper_has_only_the_methods_of_its_classifier():
    wrapped = AeonWrapper(OfCubes(RidgeClassifier())).fit(X, y)
    assert not hasattr(wrapped, "predict_proba")
    assert wrapped.decision_function(X).shape == (40,)
    assert hasattr(AeonWrapper(OfCubes(LinearSVC())).fit(X, y), "decision_function")


def test_parameters_reach_the_classifier_and_clones_are_unfitted():
    wrapped = AeonWrapper(OfCubes(LogisticRegression()), 2)
    wrapped.set_params(estimator__inner__C=0.5)
    copy = clone(wrapped)
    assert copy.get_params()["estimator__inner__C"] == 0.5
    assert copy.estimator is not wrapped.estimator
    wrapped.fit(X, y)
    assert not hasattr(wrapped.estimator, "inner_")


@pytest.mark.parametrize("n_channels", [0, 5])
def test_columns_that_do_not_divide_into_channels_are_refused(n_channels):
    with pytest.raises(ValueError, match="12 columns do not divide into n_channels"):
        AeonWrapper(OfCubes(), n_channels).fit(X, y)


class OfGrids(OfCubes):
    """Takes what scikit-fda's take."""

    def fit(self, X, y):
        self.grid_ = X
        return super().fit(np.ascontiguousarray(X.data_matrix), y)

    def predict(self, X):
        return super().predict(X.data_matrix)


@pytest.fixture
def skfda(monkeypatch):
    """Stand in for scikit-fda, which wants points in ascending order."""

    def grid(data_matrix, grid_points):
        assert (np.diff(grid_points) > 0).all()
        assert data_matrix.shape[1] == len(grid_points)
        return SimpleNamespace(data_matrix=data_matrix, grid_points=grid_points)

    module = ModuleType("skfda")
    module.FDataGrid = grid
    monkeypatch.setitem(sys.modules, "skfda", module)


def test_functions_are_sampled_in_ascending_order(skfda):
    x = np.array([[2.0, 9], [0, 9], [1, 9], [-1, 9]])
    wrapped = FunctionalWrapper(OfGrids(), 3, x).fit(X, y)
    grid = wrapped.estimator_.grid_
    np.testing.assert_array_equal(grid.grid_points, [-1, 0, 1, 2])
    assert grid.data_matrix.shape == (40, 4, 3)
    np.testing.assert_array_equal(grid.data_matrix[:, :, 1], X[:, [7, 5, 6, 4]])
    assert wrapped.score(X, y) > 0.9


def test_points_are_equally_spaced_by_default(skfda):
    wrapped = FunctionalWrapper(OfGrids()).fit(X, y)
    np.testing.assert_allclose(wrapped.estimator_.grid_.grid_points[[0, -1]], [-1, 1])
    with pytest.raises(ValueError, match=r"x has shape \(4,\); expected 12"):
        wrapped.set_params(x=np.arange(4)).fit(X, y)


@pytest.mark.slow  # needs the extra `peers`
def test_scikit_fda_itself_takes_it():
    from skfda.ml.classification import KNeighborsClassifier

    wrapped = FunctionalWrapper(KNeighborsClassifier(), 3, np.arange(4)).fit(X, y)
    assert wrapped.score(X, y) > 0.7


class KNeighborsTimeSeriesClassifier(OfCubesWithProbabilities):
    """Has the name of aeon's, and counts."""

    n_neighbors = 1
    weights = "uniform"
    asked = 0

    def predict_proba(self, X):
        self.asked += 1
        return super().predict_proba(X)


def test_a_nearest_neighbour_is_asked_once_about_the_same_curves():
    wrapped = AeonWrapper(KNeighborsTimeSeriesClassifier()).fit(X, y)
    frozen = X.copy()
    frozen.setflags(write=False)
    labels = wrapped.predict(frozen)
    expected = np.array([[label == "a", label == "b"] for label in labels])
    np.testing.assert_array_equal(wrapped.predict_proba(frozen), expected)
    assert wrapped.estimator_.asked == 0
    # Other curves, curves that may have changed, and another fit.
    wrapped.predict_proba(frozen[:5])
    wrapped.predict(X)
    wrapped.predict_proba(X)
    assert wrapped.estimator_.asked == 2
    wrapped.predict(frozen)
    wrapped.fit(X, y)
    wrapped.predict_proba(frozen)
    assert wrapped.estimator_.asked == 1


def test_probabilities_of_more_neighbours_are_asked_for():
    wrapped = AeonWrapper(KNeighborsTimeSeriesClassifier()).fit(X, y)
    wrapped.estimator_.n_neighbors = 3
    frozen = X.copy()
    frozen.setflags(write=False)
    wrapped.predict(frozen)
    wrapped.predict_proba(frozen)
    assert wrapped.estimator_.asked == 1
