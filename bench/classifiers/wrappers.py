"""Wrappers that convert rows of curves to the input of another package's classes."""

from abc import ABC, abstractmethod
from importlib import import_module
from typing import Any, Self
from weakref import WeakKeyDictionary, ref

import numpy as np
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if

from bench.classifiers.delegating import Delegating
from bench.curves import check_channels, check_length


def _inner_has(name: str) -> Any:
    """Make a method available only if the wrapped classifier, fitted or not, has it."""
    return available_if(
        lambda self: hasattr(getattr(self, "estimator_", self.estimator), name)
    )


class _Wrapper(MetaEstimatorMixin, Delegating, ABC):
    """Base class of wrappers: rows are checked, converted and passed on."""

    estimator: Any
    n_channels: int
    _dtype = (np.float64, np.float32)

    def fit(self, X: Any, y: Any) -> Self:
        """Fit a clone of the classifier to curves; `X` (n_curves, n_features)."""
        X, y = self._checked(X, y)
        check_channels(X.shape[1], self.n_channels)
        self.classes_ = np.unique(y)
        self.estimator_ = clone(self.estimator).fit(self._transformed(X), y)
        return self

    @_inner_has("predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, shape (n_curves, n_classes)."""
        return super().predict_proba(X)

    @_inner_has("decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """Return the decision values of the wrapped classifier."""
        return self._call("decision_function", X)

    def _cube(self, X: np.ndarray) -> np.ndarray:
        """Return rows as an array of shape (n_curves, n_channels, n_points)."""
        return X.reshape(len(X), self.n_channels, -1)

    @abstractmethod
    def _transformed(self, X: np.ndarray) -> Any:
        """Return the input of the wrapped classifier, made from rows."""


class AeonWrapper(_Wrapper):
    """A wrapper for aeon: arrays of shape (n_curves, n_channels, n_points).

    Some classifiers of aeon give their predictions as probabilities of 0 and 1, by
    predicting once more, which may take minutes. Those are made of the last predictions
    here, if the curves are the same ones.

    Parameters
    ----------
    estimator
        A classifier of aeon, or any other that takes such an array.
    n_channels : int
        Number of channels of a row, one after the other.
    """

    def __init__(self, estimator: Any, n_channels: int = 1) -> None:
        self.estimator = estimator
        self.n_channels = n_channels

    def fit(self, X: Any, y: Any) -> Self:
        """Fit a clone of the classifier to curves; `X` (n_curves, n_features)."""
        _LAST.pop(self, None)
        return super().fit(X, y)

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row of `X`, shape (n_curves,)."""
        labels = super().predict(X)
        # An array that can be written to may be another one when it is seen again.
        is_fixed = isinstance(X, np.ndarray) and not X.flags.writeable
        if is_fixed and _predicts_again(self.estimator_):
            _LAST[self] = (ref(X), labels)
        return labels

    @_inner_has("predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, shape (n_curves, n_classes)."""
        curves, labels = _LAST.get(self, (None, None))
        if curves is None or labels is None or curves() is not X:
            return np.asarray(super().predict_proba(X))
        return np.asarray(labels[:, np.newaxis] == self.classes_, np.float64)

    def _transformed(self, X: np.ndarray) -> Any:
        return np.ascontiguousarray(self._cube(X))


# Wrapper → the curves that it predicted last, and their classes. Not attributes, since
# predicting does not change an estimator.
_LAST: WeakKeyDictionary[AeonWrapper, tuple[ref[np.ndarray], np.ndarray]] = (
    WeakKeyDictionary()
)


def _predicts_again(estimator: Any) -> bool:
    """Tell whether a classifier of aeon has predictions alone, as 0 and 1."""
    if type(estimator).__name__ == "KNeighborsTimeSeriesClassifier":
        return bool(estimator.n_neighbors == 1 and estimator.weights == "uniform")
    method = getattr(type(estimator), "_predict_proba", None)
    # The method that classifiers inherit which have no better one.
    return getattr(method, "__module__", "") == "aeon.classification.base"


class FunctionalWrapper(_Wrapper):
    """A wrapper for scikit-fda: an FDataGrid of functions sampled at points.

    Parameters
    ----------
    estimator
        A classifier of ``skfda.ml.classification``.
    n_channels : int
        Number of channels of a row, one after the other. Several channels make
        vector-valued functions.
    x : array of shape (n_points, n_inputs), optional
        The input points, in any order; only the first column is used. By default they
        are equally spaced on [-1, 1].
    """

    def __init__(self, estimator: Any, n_channels: int = 1, x: Any = None) -> None:
        self.estimator = estimator
        self.n_channels = n_channels
        self.x = x

    def _transformed(self, X: np.ndarray) -> Any:
        values = self._cube(X).transpose(0, 2, 1)
        n_points = values.shape[1]
        x = np.linspace(-1, 1, n_points)
        if self.x is not None:
            check_length(self.x, n_points)
            x = np.asarray(self.x, np.float64).reshape(n_points, -1)[:, 0]
        # Sorted, since scikit-fda interpolates between neighbours.
        order = np.argsort(x, kind="stable")
        # By name: it is an extra, and a type checker does not find what is missing.
        grid = import_module("skfda").FDataGrid
        return grid(data_matrix=values[:, order], grid_points=x[order])
