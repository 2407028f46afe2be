"""Figures of single curves' fate: the hardest ones, and how sure classifiers were."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.figures.datasets import draw_boxes
from bench.figures.theme import (
    FAINT,
    INK,
    NEURAL,
    PAGE,
    SYMBOLIC,
    ClassifierStyle,
    axes_or_new,
    handle,
    height_for,
    legend_beside,
    plain,
    style,
    styles_of,
)

_FEWEST = 10  # curves in a bin: the accuracy of fewer is chance
_CLASSES = {0: "neural", 1: "symbolic"}


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
        As `bench.stats.calibration.hardest_curves` gives it.
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


@style()
def plot_calibration(
    bins: pd.DataFrame,
    *,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how often classifiers are right against how sure they say they are.

    Repetitions are pooled within a bin; a marker's area grows with its curves, and
    a bin of fewer than ten is not drawn. The legend gives the expected calibration
    error, averaged over repetitions as in the tables.

    Parameters
    ----------
    bins : DataFrame
        As `bench.stats.calibration.calibration_frame` gives it, of one dataset.
    """
    n_lines = bins["classifier"].nunique()
    ax = axes_or_new(ax, height=height_for(n_lines))
    looks = styles_of(bins["classifier"], looks)
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
