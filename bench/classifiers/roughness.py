"""A classifier that reads the roughness of curves alone, and not their shape."""

from typing import Any, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.classifiers.delegating import Delegating
from bench.curves import check_channels, check_length

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0)
N_DIFFERENCES = 3


def roughness(curves: np.ndarray) -> np.ndarray:
    """Measure how rough curves are, wherever and in whatever direction.

    Parameters
    ----------
    curves : array of shape (n_curves, n_points)

    Returns
    -------
    array of shape (n_curves, 24)
        For the first, second and third differences: seven quantiles of their
        magnitudes, and how often they change sign. Zeros if there are too few points.
    """
    found = []
    steps = curves
    for _ in range(N_DIFFERENCES):
        steps = np.diff(steps, axis=1) if steps.shape[1] else steps
        sizes = np.abs(steps) if steps.shape[1] else np.zeros((len(curves), 1))
        found.append(np.quantile(sizes, QUANTILES, axis=1).T)
        signs = np.sign(steps)
        found.append((signs[:, 1:] * signs[:, :-1] < 0).sum(axis=1, keepdims=True))
    return np.hstack(found)


class CueClassifier(Delegating):
    """Gradient-boosted trees on the roughness of curves alone.

        X ── differences of order 1, 2, 3 ── 7 quantiles, sign changes ── trees

    A task on which it does well can be solved without knowing what the curves look
    like; what another classifier adds to it is what it knows of shapes.

    Parameters
    ----------
    n_channels : int
        How many channels a row holds, one after the other; each is measured.
    x : array of shape (n_points, n_inputs), optional
        Where the curves are sampled: neighbours are those along the first column. By
        default they stand in order.
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
        self.estimator_ = trees.fit(self._formed(X), y)
        self.classes_ = trees.classes_
        self.n_iter_ = trees.n_iter_
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # rows that differ in height look alike
        return tags

    def _formed(self, X: np.ndarray) -> np.ndarray:
        curves = X.reshape(len(X) * self.n_channels, -1)
        if self.x is not None:
            check_length(self.x, curves.shape[1])
            x = np.asarray(self.x).reshape(len(self.x), -1)[:, 0]
            curves = curves[:, np.argsort(x, kind="stable")]
        return roughness(curves).reshape(len(X), -1)
