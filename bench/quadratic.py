"""Quadratic discriminant analysis that chooses how much it is regularised."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

GRID = (0.0, 1e-6, 1e-4, 1e-3, 1e-2, 0.1)


class RegularisedQDA(ClassifierMixin, BaseEstimator):
    """QDA with the `reg_param` that is best on a quarter of the training curves.

        X ──(few curves: PCA)── QDA(reg_param)

    Plain QDA refuses a class of fewer curves than columns, whose covariance is
    singular, and where near-null directions tell classes apart by their rounding it
    follows these.

    Parameters
    ----------
    reg_params : sequence of float
        To choose from, each from 0 to 1; the first of equals is taken.
    validation_fraction : float
        Of the curves, set aside to judge by, of each class alike. Where a class has one
        curve, or there are fewer to judge by than classes, the largest is taken.
    n_components : int
        Principal components that stand for the columns where what is left of the
        smallest class is no more than these.
    random_state
        Of the split, and of the components of very many columns.

    Attributes
    ----------
    reg_param_ : float
        The one taken, with which all curves were fitted.
    scores_ : dict
        reg_param → accuracy on the quarter; empty where none was set aside. One whose
        covariances cannot be inverted is left out.
    estimator_
        The fitted pipeline.
    """

    def __init__(
        self,
        reg_params: Any = GRID,
        validation_fraction: float = 0.25,
        n_components: int = 20,
        random_state: Any = None,
    ) -> None:
        self.reg_params = reg_params
        self.validation_fraction = validation_fraction
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Choose `reg_param_` and fit; `X` (n_curves, n_features)."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, counts = np.unique(y, return_counts=True)
        if len(self.classes_) < 2:
            raise ValueError("found 1 class; expected at least two to tell apart")
        if not 0 < self.validation_fraction < 1:
            raise ValueError(
                f"validation_fraction = {self.validation_fraction}; expected a number "
                "above 0 and below 1"
            )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        # What is left of the smallest class beside what is set aside of it.
        kept = int((1 - self.validation_fraction) * counts.min())
        few = kept <= X.shape[1]
        n_components = min(self.n_components, max(1, kept), X.shape[1]) if few else 0
        self.scores_ = self._judged(X, y, counts, n_components, seed)
        best_first = sorted(self.scores_, key=lambda p: -self.scores_[p])
        self.reg_param_ = [*best_first, max(self.reg_params)][0]
        found = _fitted(X, y, self.reg_param_, n_components, seed)
        if found is None:
            raise ValueError(
                f"a covariance is singular at reg_param = {self.reg_param_}; give "
                "reg_params a larger one, or a class more than 1 sample"
            )
        self.estimator_ = found
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row of `X`, shape (n_curves,)."""
        X = self._read(X)  # refuses one that is not fitted
        return np.asarray(self.estimator_.predict(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, shape (n_curves, n_classes)."""
        X = self._read(X)  # refuses one that is not fitted
        return np.asarray(self.estimator_.predict_proba(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return log posteriors, their difference for two classes."""
        X = self._read(X)  # refuses one that is not fitted
        return np.asarray(self.estimator_.decision_function(X))

    def _read(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        found: np.ndarray = validate_data(self, X, reset=False, dtype=np.float64)
        return found

    def _judged(
        self,
        X: np.ndarray,
        y: np.ndarray,
        counts: np.ndarray,
        n_components: int,
        seed: int,
    ) -> dict[float, float]:
        """Return the accuracy of each candidate on curves that are set aside."""
        n_aside = int(np.ceil(self.validation_fraction * len(y)))
        if counts.min() < 2 or min(n_aside, len(y) - n_aside) < len(counts):
            return {}
        X, X_aside, y, y_aside = train_test_split(
            X, y, test_size=n_aside, stratify=y, random_state=seed
        )
        fits = {p: _fitted(X, y, p, n_components, seed) for p in self.reg_params}
        return {
            p: float(fit.score(X_aside, y_aside))
            for p, fit in fits.items()
            if fit is not None and np.isfinite(fit.decision_function(X_aside)).all()
        }


def _fitted(
    X: np.ndarray, y: np.ndarray, reg_param: float, n_components: int, seed: int
) -> Any:
    """Return a fitted pipeline; None where a covariance cannot be inverted."""
    steps: list[Any] = [QuadraticDiscriminantAnalysis(reg_param=reg_param, tol=0)]
    if n_components:
        steps.insert(0, PCA(n_components, random_state=seed))
    try:
        return make_pipeline(*steps).fit(X, y)
    except (np.linalg.LinAlgError, ValueError):  # the latter of a class of one curve
        return None
