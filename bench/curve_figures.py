"""Figures of single curves' fate: the hardest ones, and how sure classifiers were."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.figures import (
    FAINT,
    INK,
    NEURAL,
    PAGE,
    SMALL,
    SYMBOLIC,
    Look,
    axes_or_new,
    handle,
    inches_of,
    legend_beside,
    looks_of,
    plain,
    style,
)
from bench.metrics import Predictions, calibration_bins

_BOX = 1.05  # inches: no small picture is narrower
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
    ax = axes_or_new(ax, PAGE, 0.5 + 1.05 * max(1, -(-n // 6)))  # as `_boxes` has it
    ax.set_axis_off()
    if not n:
        ax.text(0.5, 0.5, "no curve is misclassified", ha="center", color=FAINT)
        return ax
    for i, (box, first, last) in enumerate(_boxes(ax, n)):
        row = hardest.iloc[i]
        order = np.argsort(x[:, 0], kind="stable")
        colour = (NEURAL, SYMBOLIC)[int(row["label"] == 1)]
        small = ax.inset_axes(box)
        small.plot(
            x[order, 0],
            X[row["curve"], : len(x)][order],
            color=colour,
            linestyle="-" if x.shape[1] == 1 else "",
            marker="" if x.shape[1] == 1 else ".",
            markersize=2,
        )
        name = class_names.get(int(row["label"]), str(row["label"]))
        small.set_title(
            f"{plain(name, 14)}\n{row['wrong']} of {row['of']} err",
            fontsize=SMALL,
            pad=2,
        )
        small.tick_params(labelsize=5.5, length=2, pad=1.5)
        small.locator_params(axis="both", nbins=3)
        small.margins(y=0.1)
        # These are all that matter to the layout, which would measure each box twice.
        small.set_in_layout(first or last)
        if first:
            small.set_ylabel("value", fontsize=SMALL, labelpad=1)
        if last:
            small.set_xlabel("input", fontsize=SMALL, labelpad=1)
        else:
            small.tick_params(axis="x", labelbottom=False)
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
    ax = axes_or_new(ax)
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


def _boxes(ax: Axes, n: int) -> list[tuple[Any, bool, bool]]:
    """Divide axes into n boxes: (x, y, width, height), is leftmost, has none below."""
    inches = np.array(inches_of(ax))
    n_rows = -(-n // max(1, int(inches[0] / _BOX)))
    n_columns = -(-n // n_rows)
    gap = np.array([0.38, 0.34]) / inches  # for tick labels, and for a title
    size = (1 - gap * (n_columns - 1, n_rows - 1)) / (n_columns, n_rows)
    found = []
    for i in range(n):
        row, column = divmod(i, n_columns)
        corner = (column * (size[0] + gap[0]), 1 - row * gap[1] - (row + 1) * size[1])
        found.append(((*corner, *size), column == 0, i + n_columns >= n))
    return found


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
