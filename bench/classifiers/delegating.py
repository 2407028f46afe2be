"""The base class of classifiers that transform curves and delegate to another one."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


class Delegating(ClassifierMixin, BaseEstimator):
    """Base class of classifiers that predict by another classifier, `estimator_`.

    A subclass fits `estimator_` in its `fit`, and may override `_transformed`.

    Attributes
    ----------
    estimator_
        The fitted classifier.
    """

    estimator_: Any
    _dtype: Any = np.float64

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row of `X`, shape (n_curves,)."""
        return self._call("predict", X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, shape (n_curves, n_classes)."""
        return self._call("predict_proba", X)

    def _checked(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the arguments of `fit` as arrays; raise a ValueError for bad ones."""
        X, y = validate_data(self, X, y, dtype=self._dtype)
        check_classification_targets(y)
        return X, y

    def _call(self, method: str, X: Any) -> np.ndarray:
        """Call a method of the fitted classifier with the transformed rows."""
        check_is_fitted(self)  # first, since an unfitted one has no `estimator_`
        X = validate_data(self, X, reset=False, dtype=self._dtype)
        return np.asarray(getattr(self.estimator_, method)(self._transformed(X)))

    def _transformed(self, X: np.ndarray) -> Any:
        """Return the input of the fitted classifier, made from rows."""
        return X
