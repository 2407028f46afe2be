"""Tables of held-out curves: the hardest ones, and calibration of confidence."""

from collections.abc import Mapping

import numpy as np
import pandas as pd


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
    bins: Mapping[tuple[str, int], tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> pd.DataFrame:
    """List the bins of many cells in which there are curves.

    Parameters
    ----------
    bins
        (classifier, repetition) → how many of its held-out curves each bin of
        confidence has, their confidence and accuracy, as `calibration_bins` in
        `bench.stats.metrics` returns them.

    Returns
    -------
    DataFrame
        Columns classifier, repetition, bin, n, confidence and accuracy, one row for
        each bin that has a curve. Classifiers without probabilities have no rows.
    """
    names = ["classifier", "repetition", "bin", "n", "confidence", "accuracy"]
    if not bins:
        return pd.DataFrame({name: [] for name in names})
    n, confidence, accuracy = map(np.stack, zip(*bins.values(), strict=True))
    cell, number = np.nonzero(n)
    classifiers, repetitions = zip(*bins, strict=True)
    columns = (
        np.array(classifiers, dtype=object)[cell],
        np.array(repetitions, dtype=np.int64)[cell],
        *(number, n[cell, number], confidence[cell, number], accuracy[cell, number]),
    )
    return pd.DataFrame(dict(zip(names, columns, strict=True)))
