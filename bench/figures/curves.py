"""Figures of held-out curves: the hardest ones, and calibration of confidence."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.figures.datasets import draw_boxes, draw_small, name_ends
from bench.figures.formulas import formula
from bench.figures.theme import (
    FAINT,
    INK,
    NEURAL,
    PAGE,
    SMALL,
    SYMBOLIC,
    ClassifierStyle,
    axes_or_new,
    handle,
    height_for,
    legend_beside,
    note_empty,
    plain,
    style,
    styles_of,
)

_FEWEST = 10  # curves in a bin that is drawn; the accuracy of fewer is mostly noise
_A_ROW = 6  # curves side by side
_CLASSES = {0: "neural", 1: "symbolic"}


@style()
def hardest_figure(
    hardest: pd.DataFrame,
    x: np.ndarray,
    X: np.ndarray,
    *,
    class_names: Mapping[int, str] = _CLASSES,
) -> Figure:
    """Draw the curves that most classifiers misclassify: true → most predicted.

    They are sorted by how many classifiers misclassify them. With few classifiers most
    are ties, so leave the figure out below five.

    Parameters
    ----------
    hardest : DataFrame
        Rows of `bench.stats.calibration.hardest_curves`: curve (the row of `X`),
        label, wrong, of and, possibly, predicted, the class that most of the wrong
        ones predict.
    x : array of shape (n_points, n_inputs)
    X : array of shape (n_curves, n_channels * n_points)
        The classified curves; the first channel is drawn.
    class_names
        Label → name of the class.
    """
    rows = hardest.sort_values("wrong", ascending=False, kind="stable")
    n_rows = max(1, -(-len(rows) // _A_ROW))
    n_columns = max(1, min(_A_ROW, len(rows)))
    figure = Figure(figsize=(PAGE, 0.25 + 1.0 * n_rows), layout="constrained")
    boxes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for box in boxes[len(rows) :]:
        box.set_axis_off()
    if rows.empty:
        boxes[0].set_axis_off()
        note_empty(boxes[0], "no curve is misclassified")
        return figure
    two = len(class_names) == 2
    for box, row in zip(boxes, rows.to_dict("records"), strict=False):
        label = int(row["label"])
        # With more than two classes, only the name shows the class.
        colour = (NEURAL, SYMBOLIC)[label] if two else INK
        draw_small(box, x, X[[int(row["curve"])], : len(x)], colour)
        names = [formula(class_names.get(label, str(label)), 12)]
        predicted = row.get("predicted")
        if predicted is not None and predicted == predicted:  # not NaN
            other = class_names.get(int(predicted), str(int(predicted)))
            names.append(formula(other, 12))
        title = " → ".join(names)
        box.set_title(
            f"{title}\n{row['wrong']} of {row['of']}", fontsize=SMALL - 0.5, pad=2
        )
    name_ends(boxes[(n_rows - 1) * n_columns], x)
    return figure


@style()
def plot_hardest(
    hardest: pd.DataFrame,
    x: np.ndarray,
    X: np.ndarray,
    *,
    class_names: Mapping[int, str] = _CLASSES,
    ax: Axes | None = None,
) -> Axes:
    """Draw the curves that most classifiers misclassify, each in its own box.

    Parameters
    ----------
    hardest : DataFrame
        Rows of `bench.stats.calibration.hardest_curves`.
    x : array of shape (n_points, n_inputs)
    X : array of shape (n_curves, n_channels * n_points)
        The classified curves; the first channel is drawn.
    class_names
        Label → name of the class.
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
        # With more than two classes, only the name shows the class.
        colour = (NEURAL, SYMBOLIC)[label] if len(class_names) == 2 else INK
        name = plain(class_names.get(label, str(label)), 14)
        title = f"{name}\n{row['wrong']} of {row['of']} wrong"
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
    """Draw accuracy against confidence, with a dotted line for perfect calibration.

    Repetitions are pooled within a bin. A marker's area grows with the number of
    curves, and a bin with fewer than ten is not drawn. The legend shows the expected
    calibration error, averaged over repetitions as in the tables.

    Parameters
    ----------
    bins : DataFrame
        Rows of one dataset from `bench.stats.calibration.calibration_frame`.
    """
    n_lines = bins["classifier"].nunique()
    ax = axes_or_new(ax, height=height_for(n_lines))
    looks = styles_of(bins["classifier"], looks)
    # With two classes, the probability of the predicted class is at least one half.
    low = 0.5 if bins.empty or bins["confidence"].min() >= 0.5 - 1e-6 else 0.0
    ax.plot([low, 1], [low, 1], color=INK, linewidth=0.7, linestyle=":")
    entries = []
    for name, rows in bins.groupby("classifier", sort=False):
        look = looks[str(name)]
        pooled = _pool(rows)
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
        entries.append((_mean_error(rows), str(name), look))
    entries.sort(key=lambda entry: entry[:2])
    if entries:
        legend_beside(
            ax, [(handle(look), f"{plain(n)}  ECE {e:.3f}") for e, n, look in entries]
        )
    else:
        note_empty(ax, "no probabilities")
    ax.set_xlabel("confidence (probability\nof the predicted class)")
    ax.set_ylabel("accuracy, held-out")
    return ax


def _pool(bins: pd.DataFrame) -> pd.DataFrame:
    """Pool a classifier's repetitions in each bin, weighted by their curves."""
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
    """Return the expected calibration error, averaged over repetitions."""
    gaps = (bins["accuracy"] - bins["confidence"]).abs() * bins["n"]
    repetition = bins["repetition"]
    errors = gaps.groupby(repetition).sum() / bins["n"].groupby(repetition).sum()
    return float(errors.mean())
