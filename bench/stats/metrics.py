"""Metrics: functions of labels, predictions and scores, with the better direction."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from math import nan
from typing import Self

import numpy as np

BINS = 15  # of confidence, equally wide on [0, 1]
PROBABILITIES = "probabilities"
SCORES = "probabilities or decision values"


@dataclass(frozen=True)
class Predictions:
    """What a classifier said of curves, and what they are.

    Attributes
    ----------
    labels, predictions : arrays of shape (n_curves,)
        The class of each curve, as an integer from 0, and the one predicted.
    kind
        Of the scores: "probability", "decision" or "none".
    scores : array, optional
        Probabilities of shape (n_curves, n_classes), class after class; or decision
        values of shape (n_curves,), larger for class 1, or (n_curves, n_classes).
    """

    labels: np.ndarray
    predictions: np.ndarray
    kind: str = "none"
    scores: np.ndarray | None = None

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], part: str) -> Self:
        """Take those of a part, "train" or "test", from the arrays of a result."""
        return cls(
            arrays[f"labels_{part}"],
            arrays[f"predictions_{part}"],
            str(arrays.get("kind", "none")),
            arrays.get(f"scores_{part}"),
        )

    @cached_property
    def probabilities(self) -> np.ndarray | None:
        """Shape (n_curves, n_classes), float64, rows that sum to 1; None without.

        The store keeps float32, whose rows miss 1 by a rounding. Divided by their sums
        they rank, and are clipped, as the classifier's own float64 would be. None too
        where a stranger's classifier gave what cannot be probabilities.
        """
        if self.kind != "probability" or not self._sound(2):
            return None
        found = np.asarray(self.scores, dtype=np.float64)
        sums = found.sum(axis=1, keepdims=True)
        if (found < 0).any() or not np.allclose(sums, 1, rtol=0, atol=1e-3):
            return None
        normalised: np.ndarray = found / sums
        return normalised if _indexes(self.labels, found.shape[1]) else None

    @cached_property
    def ranking(self) -> np.ndarray | None:
        """What ranks the curves, float64; None where there are no usable scores.

        Of two classes shape (n_curves,), larger for class 1; of more, shape
        (n_curves, n_classes), larger for the class of the column.
        """
        scores = self.probabilities
        if scores is not None and scores.shape[1] == 2:
            return scores[:, 1]
        if self.kind == "decision" and self._sound(1, 2):
            scores = np.asarray(self.scores, dtype=np.float64)
            scores = scores.reshape(len(scores), -1)
            if not _indexes(self.labels, max(2, scores.shape[1])):
                return None
            if scores.shape[1] <= 2:
                return scores[:, -1] - (scores[:, 0] if scores.shape[1] == 2 else 0)
        return scores

    @cached_property
    def confidence(self) -> np.ndarray | None:
        """Probability of the class that was predicted, shape (n_curves,)."""
        found = self.probabilities
        if found is None or not _indexes(self.predictions, found.shape[1]):
            return None
        return _chosen(found, self.predictions)

    def _sound(self, *n_dimensions: int) -> bool:
        """Whether there are finite scores, a row a curve."""
        return (
            self.scores is not None
            and self.scores.ndim in n_dimensions
            and len(self.scores) == len(self.labels) > 0
            and bool(np.isfinite(self.scores).all())
        )


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
        ``function(given) -> float``; NaN where the classifier does not give what the
        metric needs.
    needs
        What that is, beyond predictions, in words for a footnote; empty if nothing.
    """

    title: str
    larger_is_better: bool
    function: Callable[[Predictions], float]
    needs: str = ""


def calibration_bins(
    given: Predictions, n_bins: int = BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare confidence with accuracy, in bins of confidence.

    The bins are equally wide on [0, 1] and closed on the right.

    Returns
    -------
    n, confidence, accuracy : arrays of shape (n_bins,)
        Curves in each bin, and their means, NaN where there is no curve. All are
        empty of curves where the classifier gives no probabilities.
    """
    n, sure, right = np.zeros((3, n_bins))
    if given.confidence is not None:
        # In float32, as stored: 0.6 (three neighbours of five) is 9/15, and no rounding
        # puts it above.
        edges = np.linspace(0, 1, n_bins + 1, dtype=np.float32)[1:-1]
        bins = np.searchsorted(edges, given.confidence.astype(np.float32))
        for total, weights in (
            (n, None),
            (sure, given.confidence),
            (right, given.predictions == given.labels),
        ):
            total += np.bincount(bins, weights, n_bins)
    with np.errstate(invalid="ignore"):  # 0/0 in an empty bin
        return n.astype(np.int64), sure / n, right / n


def _of_sklearn(name: str) -> Callable[[Predictions], float]:
    """Take a function of scikit-learn, imported when it is first called."""

    def function(given: Predictions) -> float:
        found = getattr(import_module("sklearn.metrics"), name)
        return float(found(given.labels, given.predictions))

    return function


def _roc_auc(given: Predictions) -> float:
    """Area under the ROC curve; of more than two classes, the mean one-vs-rest."""
    scores = given.ranking
    if scores is None:
        return nan
    if scores.ndim == 1:
        return _area(given.labels == 1, scores)
    areas = [_area(given.labels == c, scores[:, c]) for c in range(scores.shape[1])]
    return float(np.mean(areas))


def _area(positive: np.ndarray, scores: np.ndarray) -> float:
    """Chance that a positive curve scores above another; a tie counts half.

    Not scikit-learn's, which integrates the curve: that differs from this in the last
    bits in a quarter of samples, and raises or warns where a class has no curve.
    """
    n_positive = int(positive.sum())
    n_others = len(positive) - n_positive
    if not n_positive or not n_others:
        return nan
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    least = n_positive * (n_positive + 1) / 2
    return float((ranks[positive].sum() - least) / (n_positive * n_others))


def _log_loss(given: Predictions) -> float:
    """Mean of -log(probability of the label), natural; NaN of a single class."""
    return _of_probabilities("log_loss", given)


def _brier(given: Predictions) -> float:
    """Mean squared error of the probabilities; summed over more than two classes."""
    return _of_probabilities("brier_score_loss", given)


def _of_probabilities(name: str, given: Predictions) -> float:
    """Call a function of scikit-learn, told of classes that no curve here has."""
    found = given.probabilities
    if found is None or found.shape[1] < 2:
        return nan
    function = getattr(import_module("sklearn.metrics"), name)
    return float(function(given.labels, found, labels=range(found.shape[1])))


def _ece(given: Predictions) -> float:
    """Mean of |accuracy - confidence| over bins, weighted by their curves."""
    if given.confidence is None:
        return nan
    n, confidence, accuracy = calibration_bins(given)
    return float(np.nansum(n * np.abs(accuracy - confidence)) / n.sum())


def _indexes(labels: np.ndarray, n_classes: int) -> bool:
    return bool((labels >= 0).all() and (labels < n_classes).all())


def _chosen(probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Take from each row the column of a class."""
    chosen: np.ndarray = np.take_along_axis(probabilities, classes[:, None], 1)[:, 0]
    return chosen


METRICS = {
    "accuracy": Metric("accuracy", True, _of_sklearn("accuracy_score")),
    "balanced_accuracy": Metric(
        "balanced accuracy", True, _of_sklearn("balanced_accuracy_score")
    ),
    "roc_auc": Metric("ROC AUC", True, _roc_auc, SCORES),
    "log_loss": Metric("log loss", False, _log_loss, PROBABILITIES),
    "brier": Metric("Brier score", False, _brier, PROBABILITIES),
    "ece": Metric("expected calibration error", False, _ece, PROBABILITIES),
}
# What a cell computes as it ends; the others are made from its arrays when asked for.
AT_ONCE = ("accuracy", "balanced_accuracy")


def score_all(given: Predictions, names: Iterable[str] = AT_ONCE) -> dict[str, float]:
    """Return the score of each named metric."""
    return {name: METRICS[name].function(given) for name in names}
