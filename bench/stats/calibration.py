"""Tables of held-out curves: the hardest ones, and calibration of confidence."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bench.stats.metrics import Predictions, calibration_bins


def hardest_curves(
    labels: np.ndarray, predictions: Mapping[str, np.ndarray], n: int = 12
) -> pd.DataFrame:
    """Find the curves that most classifiers misclassify.

    Parameters
    ----------
    labels : array of shape (n_curves,)
    predictions
        Classifier → its predictions, shape (n_curves,), for one repetition of a
        dataset. Leave out a classifier that guesses: its errors are random.
    n
        The largest number of curves. A curve that no classifier misclassifies is
        never included.

    Returns
    -------
    DataFrame
        One row for each curve, hardest first, equally hard ones in the order of the
        curves: curve (its row), label, predicted (the class that most of the wrong
        ones predict, the lowest of several), wrong (the number of classifiers that
        misclassify it), of (the number of classifiers).
    """
    wrong = np.zeros(len(labels), dtype=int)
    for predicted in predictions.values():
        wrong += np.asarray(predicted) != labels
    order = np.argsort(-wrong, kind="stable")[:n]
    order = order[wrong[order] > 0]
    return pd.DataFrame(
        {
            "curve": order,
            "label": np.asarray(labels)[order],
            "predicted": [
                _most_predicted(labels[curve], predictions, curve) for curve in order
            ],
            "wrong": wrong[order],
            "of": len(predictions),
        }
    )


def _most_predicted(
    label: int, predictions: Mapping[str, np.ndarray], curve: int
) -> int:
    """Return the wrong class that most classifiers predict for a curve."""
    classes, counts = np.unique(
        [predicted[curve] for predicted in predictions.values()], return_counts=True
    )
    wrong = classes != label
    return int(classes[wrong][counts[wrong].argmax()])


def calibration_frame(
    predictions: Mapping[tuple[str, int], Predictions],
) -> pd.DataFrame:
    """Compare confidence with accuracy, bin by bin, as the metric "ece" does.

    Parameters
    ----------
    predictions
        (classifier, repetition) → its predictions for the held-out curves.

    Returns
    -------
    DataFrame
        Columns classifier, repetition, bin, n, confidence and accuracy, one row for
        each bin that has a curve. Classifiers without probabilities have no rows.
    """
    parts = []
    for (classifier, repetition), given in predictions.items():
        n, confidence, accuracy = calibration_bins(given)
        part = pd.DataFrame({"n": n, "confidence": confidence, "accuracy": accuracy})
        part.insert(0, "bin", part.index)
        part.insert(0, "repetition", repetition)
        part.insert(0, "classifier", classifier)
        parts.append(part[part["n"] > 0])
    names = ["classifier", "repetition", "bin", "n", "confidence", "accuracy"]
    if not parts:
        return pd.DataFrame({name: [] for name in names})
    return pd.concat(parts, ignore_index=True)
