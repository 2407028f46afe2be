"""Quadratic discriminant analysis that chooses how much it is regularised."""

from typing import Any, Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state

from bench.classifiers.delegating import Delegating

GRID = (0.0, 1e-6, 1e-4, 1e-3, 1e-2, 0.1)


class RegularisedQDA(Delegating):
    """QDA with the `reg_param` that is best on a quarter of the training curves.

        X ──(few curves: PCA)── QDA(reg_param)

    Plain QDA refuses a class of fewer curves than columns, whose covariance is
    singular, and where near-null directions tell classes apart by their rounding it
    follows these.

    Parameters
    ----------
    reg_params : sequence of float
        The candidates, each from 0 to 1; of several equally good ones the first.
    validation_fraction : float
        Share of the curves of each class that is set aside for validation. If a class
        has one curve, or fewer curves than classes are set aside, none are, and the
        largest candidate is taken.
    n_components : int
        Principal components that stand for the columns where what is left of the
        smallest class is no more than these.
    random_state
        Seed of the split, and of the principal components of very many columns.

    Attributes
    ----------
    reg_param_ : float
        The one chosen, with which all curves were fitted.
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
        X, y = self._checked(X, y)
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

    def decision_function(self, X: Any) -> np.ndarray:
        """Return log posteriors, their difference for two classes."""
        return self._ask("decision_function", X)

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
