"""Adapters that give rows of curves the form that another package's classes expect."""

from abc import ABC, abstractmethod
from importlib import import_module
from typing import Any, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if

from bench.classifiers.delegating import Delegating
from bench.curves import check_channels, check_length


def _inner_has(name: str) -> Any:
    """Tell whether the wrapped classifier, fitted or not, has a method."""
    return available_if(
        lambda self: hasattr(getattr(self, "estimator_", self.estimator), name)
    )


class _Wrapper(MetaEstimatorMixin, Delegating, ABC):
    """What the adapters share: rows are checked, given their form, and handed on."""

    estimator: Any
    n_channels: int
    _dtype = (np.float64, np.float32)

    def fit(self, X: Any, y: Any) -> Self:
        """Fit a clone of the classifier to curves; `X` (n_curves, n_features)."""
        X, y = self._checked(X, y)
        check_channels(X.shape[1], self.n_channels)
        self.classes_ = np.unique(y)
        self.estimator_ = clone(self.estimator).fit(self._formed(X), y)
        return self

    @_inner_has("predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, shape (n_curves, n_classes)."""
        return super().predict_proba(X)

    @_inner_has("decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """Return what the classifier decides by."""
        return self._ask("decision_function", X)

    def _cube(self, X: np.ndarray) -> np.ndarray:
        """Return rows as an array of shape (n_curves, n_channels, n_points)."""
        return X.reshape(len(X), self.n_channels, -1)

    @abstractmethod
    def _formed(self, X: np.ndarray) -> Any:
        """Bring rows into the form that the wrapped classifier takes."""


class AeonWrapper(_Wrapper):
    """Gives a classifier the array that aeon's take: (n_curves, n_channels, n_points).

    Parameters
    ----------
    estimator
        aeon's, or any that takes such an array.
    n_channels : int
        How many channels a row holds, one after the other.
    """

    def __init__(self, estimator: Any, n_channels: int = 1) -> None:
        self.estimator = estimator
        self.n_channels = n_channels

    def _formed(self, X: np.ndarray) -> Any:
        return np.ascontiguousarray(self._cube(X))


class FunctionalWrapper(_Wrapper):
    """Gives a classifier scikit-fda's FDataGrid: functions sampled at points.

    Parameters
    ----------
    estimator
        One of ``skfda.ml.classification``.
    n_channels : int
        How many channels a row holds, one after the other; several make functions of
        several values.
    x : array of shape (n_points, n_inputs), optional
        Where the curves are sampled, in any order; the first column counts. By default
        they are equally spaced on [-1, 1].
    """

    def __init__(self, estimator: Any, n_channels: int = 1, x: Any = None) -> None:
        self.estimator = estimator
        self.n_channels = n_channels
        self.x = x

    def _formed(self, X: np.ndarray) -> Any:
        values = self._cube(X).transpose(0, 2, 1)
        n_points = values.shape[1]
        x = np.linspace(-1, 1, n_points)
        if self.x is not None:
            check_length(self.x, n_points)
            x = np.asarray(self.x, np.float64).reshape(n_points, -1)[:, 0]
        order = np.argsort(x, kind="stable")  # scikit-fda interpolates between them
        grid = import_module("skfda").FDataGrid
        return grid(data_matrix=values[:, order], grid_points=x[order])
