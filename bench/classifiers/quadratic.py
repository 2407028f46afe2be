"""Quadratic discriminant analysis that chooses its own regularisation."""

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
    """QDA whose `reg_param` has the best accuracy on a quarter of the training curves.

        X ──(few curves: PCA)── QDA(reg_param)

    Plain QDA refuses a class of fewer curves than columns, since its covariance is
    singular. And if classes differ by rounding in directions of nearly no variance,
    plain QDA uses these.

    Parameters
    ----------
    reg_params : sequence of float
        The candidates, each from 0 to 1. Of equally good ones the first is chosen.
    validation_fraction : float
        Share of the curves of each class that is held out for the choice. Nothing is
        held out, and the largest candidate is chosen, if a class has one curve or if
        fewer curves than classes would be held out.
    n_components : int
        Number of principal components that replace the columns if the rest of the
        smallest class has no more curves than columns.
    random_state
        Seed of the split, and of the principal components of very many columns.

    Attributes
    ----------
    reg_param_ : float
        The chosen value, with which the final fit to all curves was made.
    scores_ : dict
        reg_param → accuracy on the held-out curves; empty if nothing was held out.
        Candidates with singular covariances are left out.
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
            raise ValueError("found 1 class; expected at least two")
        if not 0 < self.validation_fraction < 1:
            raise ValueError(
                f"validation_fraction = {self.validation_fraction}; expected a number "
                "above 0 and below 1"
            )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        # Curves of the smallest class that are left to fit each candidate.
        n_left = int((1 - self.validation_fraction) * counts.min())
        few = n_left <= X.shape[1]
        n_components = min(self.n_components, max(1, n_left), X.shape[1]) if few else 0
        self.scores_ = self._scores(X, y, counts, n_components, seed)
        # The sort is stable: of equal scores the first candidate comes first.
        best_first = sorted(self.scores_, key=lambda p: -self.scores_[p])
        self.reg_param_ = [*best_first, max(self.reg_params)][0]
        fitted = _fitted(X, y, self.reg_param_, n_components, seed)
        if fitted is None:
            # scikit-learn's check of a single row expects "1 sample" in the message.
            raise ValueError(
                f"a covariance is singular at reg_param = {self.reg_param_}; add a "
                "larger value to reg_params, or give each class more than 1 sample"
            )
        self.estimator_ = fitted
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return log posteriors, their difference for two classes."""
        return self._call("decision_function", X)

    def _scores(
        self,
        X: np.ndarray,
        y: np.ndarray,
        counts: np.ndarray,
        n_components: int,
        seed: int,
    ) -> dict[float, float]:
        """Return the accuracy of each candidate on held-out curves."""
        n_held_out = int(np.ceil(self.validation_fraction * len(y)))
        if counts.min() < 2 or min(n_held_out, len(y) - n_held_out) < len(counts):
            return {}
        X, X_held_out, y, y_held_out = train_test_split(
            X, y, test_size=n_held_out, stratify=y, random_state=seed
        )
        fits = {p: _fitted(X, y, p, n_components, seed) for p in self.reg_params}
        return {
            p: float(fit.score(X_held_out, y_held_out))
            for p, fit in fits.items()
            if fit is not None and np.isfinite(fit.decision_function(X_held_out)).all()
        }


def _fitted(
    X: np.ndarray, y: np.ndarray, reg_param: float, n_components: int, seed: int
) -> Any:
    """Return a fitted pipeline, or None if a covariance cannot be inverted."""
    steps: list[Any] = [QuadraticDiscriminantAnalysis(reg_param=reg_param, tol=0)]
    if n_components:
        steps.insert(0, PCA(n_components, random_state=seed))
    try:
        return make_pipeline(*steps).fit(X, y)
    except (np.linalg.LinAlgError, ValueError):  # ValueError: a class of one curve
        return None
