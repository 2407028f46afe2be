"""Metrics: functions of labels, predictions and scores, and which direction is better.

A metric is added by an entry of `METRICS`. Those of scikit-learn are imported when they
are first called, so that a command which only names metrics does not wait for it. A
metric that a suite brings is described by an `OwnMetric`: its function is no part of
it, since whoever shows scores must not need the code that computed them.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from math import inf, nan
from typing import Any, Self

import numpy as np

BINS = 15  # bins of confidence, equally wide on [0, 1]; the usual number for ECE
PROBABILITIES = "probabilities"
SCORES = "probabilities or decision values"


@dataclass(frozen=True)
class Predictions:
    """Predictions of a classifier, with the true labels of the same curves.

    Attributes
    ----------
    labels, predictions : arrays of shape (n_curves,)
        The true class of each curve, as an integer from 0, and the predicted one.
    kind
        The kind of the scores: "probability", "decision" or "none".
    scores : array, optional
        Probabilities of shape (n_curves, n_classes), one column for each class; or
        decision values of shape (n_curves,), larger for class 1, or
        (n_curves, n_classes).
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
        """Probabilities of shape (n_curves, n_classes), float64, each row summing to 1.

        The store keeps float32, whose rows sum to 1 only up to rounding. Divided by
        their sums they rank, and are clipped, as the classifier's own float64 would
        be. None where there are no probabilities, or where a user's classifier gave
        numbers that cannot be probabilities.
        """
        if self.kind != "probability" or not self._has_finite_scores(2):
            return None
        scores = np.asarray(self.scores, dtype=np.float64)
        sums = scores.sum(axis=1, keepdims=True)
        if (scores < 0).any() or not (abs(sums - 1) <= 1e-3).all():
            return None
        normalised: np.ndarray = scores / sums
        return normalised if _are_columns(self.labels, scores.shape[1]) else None

    @cached_property
    def ranking(self) -> np.ndarray | None:
        """Scores that rank the curves, float64; None where none can be used.

        For two classes the shape is (n_curves,), larger for class 1. For more classes
        it is (n_curves, n_classes), larger for the class of the column.
        """
        scores = self.probabilities
        if scores is not None and scores.shape[1] == 2:
            return scores[:, 1]
        if self.kind == "decision" and self._has_finite_scores(1, 2):
            scores = np.asarray(self.scores, dtype=np.float64)
            scores = scores.reshape(len(scores), -1)
            if not _are_columns(self.labels, max(2, scores.shape[1])):
                return None
            if scores.shape[1] <= 2:
                return scores[:, -1] - (scores[:, 0] if scores.shape[1] == 2 else 0)
        return scores

    @cached_property
    def confidence(self) -> np.ndarray | None:
        """Probability of the predicted class, shape (n_curves,); None without."""
        p = self.probabilities
        if p is None or not _are_columns(self.predictions, p.shape[1]):
            return None
        confidence: np.ndarray = np.take_along_axis(p, self.predictions[:, None], 1)
        return confidence[:, 0]

    def _has_finite_scores(self, *n_dimensions: int) -> bool:
        """Tell whether there are finite scores, one row for each curve."""
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
        Its name in tables and on axes.
    larger_is_better
        Its direction. No other place in the code says it.
    function
        ``function(given) -> float``; NaN where the classifier does not give the scores
        that the metric needs.
    needs
        The scores that it needs beyond predictions, in words for a footnote; empty if
        it needs none.
    bounds
        The least and the largest score that there can be.
    bounds_of_many
        The same with more than two classes, where they differ.
    """

    title: str
    larger_is_better: bool
    function: Callable[[Predictions], float]
    needs: str = ""
    bounds: tuple[float, float] = (0.0, 1.0)
    bounds_of_many: tuple[float, float] | None = None

    def bounds_for(self, n_classes: int) -> tuple[float, float]:
        """Return the bounds of the scores of a dataset with so many classes."""
        if n_classes > 2 and self.bounds_of_many is not None:
            return self.bounds_of_many
        return self.bounds


@dataclass(frozen=True)
class OwnMetric:
    """What a report needs to know of a metric that a suite names by its function.

    Attributes
    ----------
    name
        Its id in the suite, which is also the end of its columns' names.
    function
        The path of its function, as it is written in the suite.
    larger_is_better, needs, bounds
        As of `Metric`; without bounds None.
    """

    name: str
    function: str
    larger_is_better: bool
    needs: str = ""
    bounds: tuple[float, float] | None = None

    @property
    def title(self) -> str:
        """Its name in tables and on axes, such as ``cohen kappa score``."""
        return self.name.replace("_", " ")

    def bounds_for(self, n_classes: int) -> tuple[float, float] | None:
        """Return the bounds as `Metric` does; they are the same for all datasets."""
        del n_classes
        return self.bounds

    def __str__(self) -> str:
        """Return its name, so that it stands in names of columns as texts do."""
        return self.name


def metric_of(metric: str | OwnMetric) -> "Metric | OwnMetric":
    """Return the metric of a name in `METRICS`; an own one is returned as it is.

    Raises
    ------
    KeyError
        If there is no metric of that name.
    """
    return metric if isinstance(metric, OwnMetric) else METRICS[metric]


@cache
def _edges(n_bins: int) -> np.ndarray:
    """Return the inner edges of bins, in float32 as the store has probabilities.

    There 0.6 (three neighbours of five) is exactly 9/15, the upper edge of its bin, and
    no rounding moves it to the next one.
    """
    return np.linspace(0, 1, n_bins + 1, dtype=np.float32)[1:-1]


def calibration_bins(
    given: Predictions, n_bins: int = BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare confidence with accuracy, in bins of confidence.

    The bins are equally wide on [0, 1] and closed on the right.

    Returns
    -------
    n, confidence, accuracy : arrays of shape (n_bins,)
        How many curves each bin has, their mean confidence, and the share that is
        predicted correctly; the two are NaN in an empty bin. All bins are empty where
        the classifier gives no probabilities.
    """
    n, confidence, correct = np.zeros((3, n_bins))
    if given.confidence is not None:
        bins = np.searchsorted(_edges(n_bins), given.confidence.astype(np.float32))
        for total, weights in (
            (n, None),
            (confidence, given.confidence),
            (correct, given.predictions == given.labels),
        ):
            total += np.bincount(bins, weights, n_bins)
    with np.errstate(invalid="ignore"):  # 0/0 in an empty bin
        return n.astype(np.int64), confidence / n, correct / n


def _from_sklearn(name: str, **params: Any) -> Callable[[Predictions], float]:
    """Wrap a metric of scikit-learn that reads predictions; it is imported late."""

    def function(given: Predictions) -> float:
        from sklearn import metrics

        metric = getattr(metrics, name)
        if _is_usual(given):
            return float(metric(given.labels, given.predictions, **params))
        # Such as a test part of one class: scikit-learn warns, and its value is right.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(metric(given.labels, given.predictions, **params))

    return function


def _accuracy(given: Predictions) -> float:
    """As scikit-learn's, whose checks of the labels take longer than a small fit."""
    return float(np.mean(given.labels == given.predictions))


def _balanced_accuracy(given: Predictions) -> float:
    """Mean over the classes that have curves of the share that is predicted right."""
    _, codes, n = np.unique(given.labels, return_inverse=True, return_counts=True)
    right = given.labels == given.predictions
    return float(np.mean(np.bincount(codes, right, len(n)) / n))


def _is_usual(given: Predictions) -> bool:
    """Tell whether there are two classes, and no other is predicted."""
    classes = np.unique(given.labels)
    return len(classes) > 1 and bool(np.isin(given.predictions, classes).all())


def _average_precision(given: Predictions) -> float:
    """Mean over the classes with curves, each against the rest."""
    scores = class_average_precision(given)
    if scores is None or np.isnan(scores).all():
        return nan
    return float(np.nanmean(scores))


def class_average_precision(given: Predictions) -> np.ndarray | None:
    """Return the average precision of each class against the rest, (n_classes,).

    NaN for a class without a curve; None where there are no scores. Of two classes
    with one score, class 0 is ranked by its negative.
    """
    ranking = given.ranking
    if ranking is None:
        return None
    from sklearn.metrics import average_precision_score

    columns = np.column_stack([-ranking, ranking]) if ranking.ndim == 1 else ranking
    scores = np.full(columns.shape[1], nan)
    for c in np.unique(given.labels):
        scores[c] = average_precision_score(given.labels == c, columns[:, c])
    return scores


def class_scores(given: Predictions, n_classes: int) -> dict[str, np.ndarray]:
    """Return the scores of each class against the rest.

    Returns
    -------
    dict
        "support", the curves of the class, int64; "precision", "recall", "f1", "mcc"
        and "average_precision", float64; each of shape (n_classes,). The scores of a
        class without a curve are NaN; the precision of one that is never predicted is
        0, as in scikit-learn's report. Average precision is NaN without scores.
    """
    from sklearn.metrics import multilabel_confusion_matrix

    classes = range(n_classes)
    table = multilabel_confusion_matrix(
        given.labels, given.predictions, labels=[*classes]
    ).astype(float)
    tn, fp, fn, tp = table[:, 0, 0], table[:, 0, 1], table[:, 1, 0], table[:, 1, 1]
    support = tp + fn

    def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
        shares = np.zeros(n_classes)
        np.divide(above, below, out=shares, where=below > 0)
        return np.where(support > 0, shares, nan)

    root = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    average = class_average_precision(given)
    if average is None:
        average = np.full(n_classes, nan)
    found = np.full(n_classes, nan)
    found[: len(average)] = average[:n_classes]
    return {
        "support": support.astype(np.int64),
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, support),
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "mcc": ratio(tp * tn - fp * fn, root),
        "average_precision": found,
    }


def roc_rates(given: Predictions, n_points: int) -> np.ndarray | None:
    """Return a ROC curve of two classes at evenly spaced false-positive rates.

    Class 1 is the positive one. At a rate at which the curve rises, it is the upper
    end; between two corners it is on their line. This is what a vertical average
    (Fawcett, Pattern Recognition Letters 27:861, 2006) takes the mean of.

    Returns
    -------
    array of shape (n_points,)
        True-positive rates at the false-positive rates from 0 to 1; None where there
        are no scores, more than two classes, or curves of one class alone.
    """
    scores = given.ranking
    positive = given.labels == 1
    if scores is None or scores.ndim != 1 or positive.all() or not positive.any():
        return None
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(positive, scores)
    grid = np.linspace(0, 1, n_points)
    # The last corner at or left of each rate, which is the highest there, and the next.
    after = np.searchsorted(false, grid, side="right")
    before, after = after - 1, np.minimum(after, len(false) - 1)
    width = false[after] - false[before]
    share = np.divide(
        grid - false[before], width, out=np.zeros(n_points), where=width > 0
    )
    rates: np.ndarray = true[before] + share * (true[after] - true[before])
    return rates


def _roc_auc(given: Predictions) -> float:
    """Area under the ROC curve; for more than two classes the one-vs-rest mean."""
    scores = given.ranking
    if scores is None:
        return nan
    if scores.ndim == 1:
        return _area(given.labels == 1, scores)
    # A class without a curve has no area; a fold of recorded curves may lack one.
    present = np.unique(given.labels)
    return float(np.mean([_area(given.labels == c, scores[:, c]) for c in present]))


def _area(positive: np.ndarray, scores: np.ndarray) -> float:
    """Chance that a positive curve scores above a negative one; a tie counts half.

    Written by hand (Mann and Whitney's statistic): scikit-learn integrates the ROC
    curve, which differs in the last bits in a quarter of samples, and it raises or
    warns where a class has no curve.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # ties share their mean
    smallest_sum = n_positive * (n_positive + 1) / 2
    return float((ranks[positive].sum() - smallest_sum) / (n_positive * n_negative))


def _log_loss(given: Predictions) -> float:
    """Mean of -log(probability of the label), natural logarithm."""
    return _sklearn_loss("log_loss", given)


def _brier(given: Predictions) -> float:
    """Mean squared error of the probabilities; from 3 classes on, summed over them."""
    return _sklearn_loss("brier_score_loss", given)


def _sklearn_loss(name: str, given: Predictions) -> float:
    """Call a loss of scikit-learn that reads probabilities; NaN for a single class."""
    p = given.probabilities
    if p is None or p.shape[1] < 2:
        return nan
    from sklearn import metrics

    loss = getattr(metrics, name)
    # All classes are named, since the labels at hand may lack some.
    return float(loss(given.labels, p, labels=range(p.shape[1])))


def _ece(given: Predictions) -> float:
    """Mean of |accuracy - confidence| over bins, weighted by their curves."""
    if given.confidence is None:
        return nan
    n, confidence, accuracy = calibration_bins(given)
    return float(np.nansum(n * np.abs(accuracy - confidence)) / n.sum())


def _are_columns(labels: np.ndarray, n_columns: int) -> bool:
    """Tell whether each label has a column of its own among so many."""
    return bool((labels >= 0).all() and (labels < n_columns).all())


METRICS = {
    "accuracy": Metric("accuracy", True, _accuracy),
    "balanced_accuracy": Metric("balanced accuracy", True, _balanced_accuracy),
    # Macro: the mean over the classes, each against the rest; with two classes as well,
    # since neither of a recorded dataset's is the positive one.
    "f1": Metric(
        "F1", True, _from_sklearn("f1_score", average="macro", zero_division=0)
    ),
    "precision": Metric(
        "precision",
        True,
        _from_sklearn("precision_score", average="macro", zero_division=0),
    ),
    "recall": Metric(
        "recall", True, _from_sklearn("recall_score", average="macro", zero_division=0)
    ),
    "mcc": Metric("MCC", True, _from_sklearn("matthews_corrcoef"), bounds=(-1.0, 1.0)),
    "average_precision": Metric("average precision", True, _average_precision, SCORES),
    "roc_auc": Metric("ROC AUC", True, _roc_auc, SCORES),
    "log_loss": Metric("log loss", False, _log_loss, PROBABILITIES, (0.0, inf)),
    "brier": Metric(
        "Brier score", False, _brier, PROBABILITIES, bounds_of_many=(0.0, 2.0)
    ),
    "ece": Metric("expected calibration error", False, _ece, PROBABILITIES),
}
# A cell computes these when it ends, since they need only predictions; all others are
# computed from its stored arrays, when a report needs them.
AT_ONCE = ("accuracy", "balanced_accuracy")


def score_all(given: Predictions, names: Iterable[str] = AT_ONCE) -> dict[str, float]:
    """Return the score of each named metric."""
    return {name: METRICS[name].function(given) for name in names}
