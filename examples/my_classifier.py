"""A classifier of your own, in a file beside its suite (my_classifier.yaml)."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class Kinks(ClassifierMixin, BaseEstimator):
    """A threshold on the sharpest bend of a curve: sharper ones are called neural.

    Parameters
    ----------
    order : int
        The order of the differences; the largest magnitude is compared.
    """

    def __init__(self, order=2):
        self.order = order

    def fit(self, X, y):
        """Choose the threshold that classifies most training curves correctly."""
        X, y = validate_data(self, X, y)
        self.classes_ = np.unique(y)
        sharpest = self._sharpest(X)
        candidates = np.unique(sharpest)
        accuracies = [np.mean((sharpest < c) == (y == 1)) for c in candidates]
        self.threshold_ = candidates[np.argmax(accuracies)]
        return self

    def predict(self, X):
        """Return 1 (symbolic) or 0 (neural) for each curve."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return (self._sharpest(X) < self.threshold_).astype(int)

    def _sharpest(self, X):
        return np.abs(np.diff(X, self.order, axis=1)).max(axis=1)
