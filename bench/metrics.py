"""Metrics: functions of labels and predictions, with the direction that is better."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score


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


METRICS = {
    "accuracy": Metric("accuracy", True, accuracy_score),
    "balanced_accuracy": Metric("balanced accuracy", True, balanced_accuracy_score),
}


def score_all(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Return the score of every metric."""
    return {
        name: float(metric.function(labels, predictions))
        for name, metric in METRICS.items()
    }
