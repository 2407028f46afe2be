"""The classifier CUES, which reads only the roughness of curves and not their shape."""

from typing import Any, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.classifiers.delegating import Delegating
from bench.curves import check_channels, check_length

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0)
N_DIFFERENCES = 3


def roughness(curves: np.ndarray) -> np.ndarray:
    """Measure the roughness of curves, without regard to place and direction.

    Parameters
    ----------
    curves : array of shape (n_curves, n_points)

    Returns
    -------
    array of shape (n_curves, 24)
        For first, second and third differences: seven quantiles of their magnitudes,
        and the number of sign changes. Zeros if there are too few points.
    """
    features = []
    differences = curves
    for _ in range(N_DIFFERENCES):
        if differences.shape[1]:
            differences = np.diff(differences, axis=1)
        sizes = np.abs(differences)
        if not sizes.shape[1]:  # too few points
            sizes = np.zeros((len(curves), 1))
        features.append(np.quantile(sizes, QUANTILES, axis=1).T)
        signs = np.sign(differences)
        changes = signs[:, 1:] * signs[:, :-1] < 0
        features.append(changes.sum(axis=1, keepdims=True))
    return np.hstack(features)


class CueClassifier(Delegating):
    """Gradient-boosted trees on the roughness of curves.

        X ── differences of order 1, 2, 3 ── 7 quantiles, sign changes ── trees

    A high score shows that a task can be solved without knowledge of shapes: the
    roughness is a shortcut. Only what another classifier scores above it shows that
    the other classifier recognises shapes.

    Parameters
    ----------
    n_channels : int
        Number of channels of a row, one after the other; each has its own features.
    x : array of shape (n_points, n_inputs), optional
        The input points, whose first column gives the order of neighbours. By default
        the points are in order.
    random_state
        Seed of the trees.

    Attributes
    ----------
    estimator_
        The fitted trees.
    """

    def __init__(
        self, n_channels: int = 1, x: Any = None, random_state: Any = None
    ) -> None:
        self.n_channels = n_channels
        self.x = x
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the trees; `X` (n_curves, n_channels * n_points)."""
        X, y = self._checked(X, y)
        check_channels(X.shape[1], self.n_channels)
        trees = HistGradientBoostingClassifier(random_state=self.random_state)
        self.estimator_ = trees.fit(self._transformed(X), y)
        self.classes_ = trees.classes_
        self.n_iter_ = trees.n_iter_
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # scikit-learn's checks use rows that differ by their level only.
        tags.classifier_tags.poor_score = True
        return tags

    def _transformed(self, X: np.ndarray) -> np.ndarray:
        curves = X.reshape(len(X) * self.n_channels, -1)
        if self.x is not None:
            check_length(self.x, curves.shape[1])
            x = np.asarray(self.x).reshape(len(self.x), -1)[:, 0]
            curves = curves[:, np.argsort(x, kind="stable")]
        return roughness(curves).reshape(len(X), -1)
