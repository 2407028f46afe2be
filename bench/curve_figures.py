"""Figures of single curves' fate: the hardest ones, and how sure classifiers were."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.curve_boxes import draw_boxes
from bench.figures import (
    FAINT,
    INK,
    NEURAL,
    PAGE,
    SYMBOLIC,
    Look,
    axes_or_new,
    handle,
    height_for,
    legend_beside,
    looks_of,
    plain,
    style,
)
from bench.metrics import Predictions, calibration_bins

_FEWEST = 10  # curves in a bin: the accuracy of fewer is chance
_CLASSES = {0: "neural", 1: "symbolic"}


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


@style()
def plot_hardest(
    hardest: pd.DataFrame,
    x: np.ndarray,
    X: np.ndarray,
    *,
    class_names: Mapping[int, str] = _CLASSES,
    ax: Axes | None = None,
) -> Axes:
    """Draw the curves that most classifiers get wrong, each in a box of its own.

    Parameters
    ----------
    hardest : DataFrame
        As `hardest_curves` gives it.
    x : array of shape (n_points, n_inputs)
    X : array of shape (n_curves, n_channels * n_points)
        The curves that were predicted; the first channel is drawn.
    class_names
        Label → its name.
    """
    n = len(hardest)
    ax = axes_or_new(ax, PAGE, 0.5 + 1.05 * max(1, -(-n // 6)))
    if not n:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "no curve is misclassified", ha="center", color=FAINT)
        return ax
    boxes = []
    for row in hardest.to_dict("records"):
        label = int(row["label"])
        # Of more than two classes, the name alone says which it is.
        colour = (NEURAL, SYMBOLIC)[label] if len(class_names) == 2 else INK
        name = plain(class_names.get(label, str(label)), 14)
        title = f"{name}\n{row['wrong']} of {row['of']} err"
        boxes.append((X[[row["curve"]], : len(x)], colour, title))
    draw_boxes(ax, x, boxes)
    return ax


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


@style()
def plot_calibration(
    bins: pd.DataFrame,
    *,
    looks: Mapping[str, Look] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how often classifiers are right against how sure they say they are.

    Repetitions are pooled within a bin; a marker's area grows with its curves, and
    a bin of fewer than ten is not drawn. The legend gives the expected calibration
    error, averaged over repetitions as in the tables.

    Parameters
    ----------
    bins : DataFrame
        As `calibration_frame` gives it, of one dataset.
    """
    n_lines = bins["classifier"].nunique()
    ax = axes_or_new(ax, height=height_for(n_lines))
    looks = looks_of(bins["classifier"], looks)
    # The probability of the class predicted is above one half where there are two.
    low = 0.5 if bins.empty or bins["confidence"].min() >= 0.5 - 1e-6 else 0.0
    ax.plot([low, 1], [low, 1], color=INK, linewidth=0.7, linestyle=":")
    found = []
    for name, own in bins.groupby("classifier", sort=False):
        look = looks[str(name)]
        pooled = _pool(own)
        ax.plot(pooled["confidence"], pooled["accuracy"], color=look.colour, alpha=0.7)
        ax.scatter(
            pooled["confidence"],
            pooled["accuracy"],
            s=4 + 36 * pooled["n"] / pooled["n"].sum(),
            color=look.colour,
            marker=look.marker,
            edgecolors="white",
            linewidths=0.3,
            zorder=3,
        )
        found.append((_mean_error(own), str(name), look))
    found.sort(key=lambda entry: entry[:2])
    if found:
        legend_beside(
            ax, [(handle(look), f"{plain(n)}  ECE {e:.3f}") for e, n, look in found]
        )
    else:
        ax.text(0.5, 0.5, "no probabilities", transform=ax.transAxes, ha="center")
    ax.set_xlabel("confidence (probability\nof the class predicted)")
    ax.set_ylabel("accuracy, held-out")
    return ax


def _pool(bins: pd.DataFrame) -> pd.DataFrame:
    """Join the repetitions of a classifier, weighted by their curves."""
    sums = pd.DataFrame(
        {
            "n": bins["n"],
            "confidence": bins["confidence"] * bins["n"],
            "accuracy": bins["accuracy"] * bins["n"],
            "bin": bins["bin"],
        }
    )
    pooled = sums.groupby("bin").sum()
    pooled["confidence"] /= pooled["n"]
    pooled["accuracy"] /= pooled["n"]
    return pooled[pooled["n"] >= _FEWEST]


def _mean_error(bins: pd.DataFrame) -> float:
    gaps = (bins["accuracy"] - bins["confidence"]).abs() * bins["n"]
    by = bins["repetition"]
    return float((gaps.groupby(by).sum() / bins["n"].groupby(by).sum()).mean())
