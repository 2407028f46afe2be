"""Metrics: functions of labels and predictions, with the direction that is better."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np


@dataclass(frozen=True)
class Metric:
    """A measure of a classifier's predictions.

    Attributes
    ----------
    title
        As tables and axes name it.
    larger_is_better
        Its direction, said here once.
    function
        ``function(labels, predictions) -> float``, both of shape (n_curves,).
    """

    title: str
    larger_is_better: bool
    function: Callable[[np.ndarray, np.ndarray], float]


def _of_sklearn(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Take a function of scikit-learn, imported when it is first called."""

    def function(labels: np.ndarray, predictions: np.ndarray) -> float:
        return float(
            getattr(import_module("sklearn.metrics"), name)(labels, predictions)
        )

    return function


METRICS = {
    "accuracy": Metric("accuracy", True, _of_sklearn("accuracy_score")),
    "balanced_accuracy": Metric(
        "balanced accuracy", True, _of_sklearn("balanced_accuracy_score")
    ),
}


def score_all(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Return the score of every metric."""
    return {
        name: metric.function(labels, predictions) for name, metric in METRICS.items()
    }
