"""Confusion matrix: which classes are taken for which others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from bench.figures.drawing.cells import draw_cells, font_of, scale_of
from bench.figures.drawing.formulas import formula, width_of
from bench.figures.drawing.theme import PAGE, SMALL, plain, set_title, style

_LABELLED = 26  # classes up to which cells have their share as text
_TYPESET = 30  # classes whose names are set as formulas
_LEAST = 0.005  # share of an error that is written
_ERRORS = LinearSegmentedColormap.from_list(
    "errors", ["#F7F7F7", "#FDD0A2", "#E6550D", "#7F2704"]
)
_RIGHT = LinearSegmentedColormap.from_list("right", ["#E9EDF2", "#CBD5E1"])


@style()
def confusion_figure(
    counts: np.ndarray, class_names: Sequence[str], *, title: str = ""
) -> Figure:
    """Draw the share of each class's curves that is predicted as each class.

    Errors are coloured by their share of the row, on the scale of the largest error;
    the diagonal is a quiet blue-grey, so that errors stand out.

    Parameters
    ----------
    counts : array of shape (n_classes, n_classes)
        Curves by true class (row) and predicted class (column).
    class_names
        The classes' names, at most 60; formulas are typeset where that is safe.
    title
        The title of the axes.
    """
    counts = np.asarray(counts, dtype=float)
    n = len(class_names)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full((n, n), np.nan), where=totals > 0)
    errors = np.where(np.eye(n, dtype=bool), np.nan, shares)
    right = np.where(np.eye(n, dtype=bool), shares, np.nan)
    typeset = formula if n <= _TYPESET else plain  # mathematics takes its time
    labels = [typeset(name, 18) for name in class_names]
    longest = max(min(len(name), 18) for name in class_names)
    small = min(7.0, max(3.8, 6.2 * 26 / max(n, 1)))
    names = longest * 0.6 * small / 72 + 0.3
    cell = min(0.5, (PAGE - names - 0.7) / max(n, 1))
    side = max(1.2, cell * n)
    figure = Figure(
        figsize=(min(PAGE, side + names + 0.9), side * 0.78 + names + 0.5),
        layout="constrained",
    )
    ax = figure.subplots()
    texts: Any = np.full((n, n), "", dtype=object)
    if n <= _LABELLED:
        for at in np.ndindex(n, n):
            if np.isfinite(shares[at]) and (shares[at] >= _LEAST or at[0] == at[1]):
                texts[at] = f"{100 * shares[at]:.0f}"
    largest = float(np.nanmax(errors)) if np.isfinite(errors).any() else 0.0
    norm = Normalize(0, largest or 1.0)
    font = font_of(["100"], cell, SMALL)
    quiet = Normalize(0, 1)
    empty: Any = np.full((n, n), "", dtype=object)
    diagonal = np.eye(n, dtype=bool)
    draw_cells(
        ax,
        errors,
        np.where(diagonal, empty, texts),
        colours=_ERRORS,
        norm=norm,
        size=font,
    )
    draw_cells(
        ax,
        right,
        np.where(diagonal, texts, empty),
        colours=_RIGHT,
        norm=quiet,
        size=font,
    )
    fits = n <= 4 and all(width_of(name, small) < side / n for name in labels)
    ax.set_xticks(range(n), labels, rotation=0 if fits else 90, fontsize=small)
    ax.set_yticks(range(n), labels, fontsize=small)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    if title:
        set_title(ax, title)
    if largest:
        bar = figure.colorbar(
            scale_of(_ERRORS, norm), ax=ax, aspect=30, pad=0.015, fraction=0.04
        )
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, labelsize=SMALL)
        bar.locator = MaxNLocator(nbins=5, steps=[1, 2, 5, 10])
        bar.formatter = PercentFormatter(1.0, decimals=0)
        bar.update_ticks()
        bar.set_label("share of the true class, errors", fontsize=SMALL)
    return figure
