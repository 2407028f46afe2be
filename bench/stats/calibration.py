"""Tables of single curves: the hardest ones, and how sure classifiers were."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bench.stats.metrics import Predictions, calibration_bins


def hardest_curves(
    labels: np.ndarray, predictions: Mapping[str, np.ndarray], n: int = 12
) -> pd.DataFrame:
    """Find the curves that most classifiers get wrong.

    Parameters
    ----------
    labels : array of shape (n_curves,)
    predictions
        Classifier → its predictions, shape (n_curves,), of one dataset's repetition.
        Leave out one that guesses: it says nothing of a curve.
    n
        How many at most; a curve that nobody gets wrong is none of them.

    Returns
    -------
    DataFrame
        The hardest first, of equally hard ones the first: curve (its row), label,
        wrong (how many classifiers err), of (how many there are).
    """
    wrong = np.zeros(len(labels), dtype=int)
    for found in predictions.values():
        wrong += np.asarray(found) != labels
    order = np.argsort(-wrong, kind="stable")[:n]
    order = order[wrong[order] > 0]
    return pd.DataFrame(
        {
            "curve": order,
            "label": np.asarray(labels)[order],
            "wrong": wrong[order],
            "of": len(predictions),
        }
    )


def calibration_frame(
    predictions: Mapping[tuple[str, int], Predictions],
) -> pd.DataFrame:
    """Compare confidence with accuracy, bin by bin, as the metric "ece" does.

    Parameters
    ----------
    predictions
        (classifier, repetition) → what it said of the held-out curves.

    Returns
    -------
    DataFrame
        Columns classifier, repetition, bin, n, confidence and accuracy, one row for
        each bin with a curve. Classifiers without probabilities are not in it.
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
