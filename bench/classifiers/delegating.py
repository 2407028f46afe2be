"""What our small classifiers share: they give curves a form, and ask a fitted one."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


class Delegating(ClassifierMixin, BaseEstimator):
    """A classifier that lets another one, fitted by `fit`, predict.

    Attributes
    ----------
    estimator_
        The fitted classifier.
    """

    estimator_: Any
    _dtype: Any = np.float64

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row of `X`, shape (n_curves,)."""
        return self._ask("predict", X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, shape (n_curves, n_classes)."""
        return self._ask("predict_proba", X)

    def _checked(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return what `fit` was given as arrays; raise a ValueError where it cannot."""
        X, y = validate_data(self, X, y, dtype=self._dtype)
        check_classification_targets(y)
        return X, y

    def _ask(self, method: str, X: Any) -> np.ndarray:
        check_is_fitted(self)  # before `estimator_` is read, which `fit` sets
        X = validate_data(self, X, reset=False, dtype=self._dtype)
        return np.asarray(getattr(self.estimator_, method)(self._formed(X)))

    def _formed(self, X: np.ndarray) -> Any:
        """Bring rows into the form that the fitted classifier takes."""
        return X
