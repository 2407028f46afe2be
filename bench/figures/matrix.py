"""The matrix of a suite: the mean of each classifier on each dataset, as a heat map."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from bench.figures.drawing.cells import (
    draw_cells,
    font_of,
    name_columns,
    name_rows,
    scale_of,
)
from bench.figures.drawing.theme import (
    PAGE,
    SMALL,
    ClassifierStyle,
    gid_of,
    style,
    styles_of,
)
from bench.stats import OwnMetric, metric_of

Chance = Mapping[str, float] | float | None
_A_BLOCK = 20  # datasets side by side; the cells of more have no room for two digits
_ROW = 0.2  # inches
_NAMES, _BAR = 1.35, 0.75  # inches: names at the left, the scale at the right
_SMALLEST = 5.6  # points, of three digits; with less room there are two


@style()
def matrix_figure(
    scores: pd.DataFrame,
    metric: str | OwnMetric,
    *,
    classifiers: Sequence[str],
    datasets: Sequence[str],
    chance: Chance = None,
    looks: Mapping[str, ClassifierStyle] | None = None,
) -> Figure:
    """Draw the mean of each classifier (row) on each dataset (column).

    A colour is the share of the way from chance to a perfect score, so that datasets
    of two and of many classes compare. The best of a dataset is bold, and a dagger
    marks those that are not distinguishable from it.

    Parameters
    ----------
    scores : DataFrame
        One row for each dataset and classifier: dataset, classifier, mean, best,
        near_best. A missing row, or mean, is a dash.
    metric
        The metric of the means.
    classifiers, datasets
        The rows from the top and the columns from the left.
    chance
        The score of guessing: of each dataset, or of all; unknown ones are the worst
        mean of their dataset.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    """
    looks = styles_of(classifiers, looks)
    table = _table(scores, classifiers, datasets)
    shares = np.column_stack(
        [
            shares_of(table["mean"][:, i], metric, chance_of(chance, name))
            for i, name in enumerate(datasets)
        ]
    ).reshape(len(classifiers), len(datasets))
    n_blocks = max(1, -(-len(datasets) // _A_BLOCK))
    size = max(1, -(-len(datasets) // n_blocks))
    longest = max([4, *(min(len(name), 22) for name in datasets)])
    cell = min(0.8, (PAGE - _NAMES - _BAR) / size)
    above = 0.3 if longest * 0.06 < cell else longest * 0.062
    height = n_blocks * (len(classifiers) * _ROW + above + 0.1) + 0.35
    width = min(PAGE, max(4.2, _NAMES + _BAR + cell * size))
    figure = Figure(figsize=(width, max(1.9, height)), layout="constrained")
    axes = figure.subplots(n_blocks, 1, squeeze=False)[:, 0]
    colours, norm = mpl.colormaps["viridis"], Normalize(0, 1)
    for block, ax in enumerate(axes):
        columns = slice(block * size, (block + 1) * size)
        texts, font = _texts(table, columns, cell)
        draw_cells(
            ax,
            shares[:, columns],
            texts,
            colours=colours,
            norm=norm,
            size=font,
            bold=table["best"][:, columns],
            gids=[gid_of(name) for name in classifiers],
        )
        name_columns(ax, datasets[columns], cell)
        name_rows(ax, classifiers, looks)
        ax.set_xlim(-0.5, size - 0.5)  # cells of all blocks have one width
    bar = figure.colorbar(
        scale_of(colours, norm), ax=list(axes), aspect=25, pad=0.015, fraction=0.04
    )
    bar.outline.set_visible(False)
    bar.set_ticks([0, 0.5, 1], labels=["chance", "halfway", "perfect"])
    bar.ax.tick_params(length=0, labelsize=SMALL)
    marks = "bold: best"
    if table["near"].any():
        marks += "; †: not distinguishable from the best"
    figure.supxlabel(
        f"mean held-out {metric_of(metric).title} ({marks})", fontsize=SMALL + 0.5
    )
    return figure


def chance_of(chance: Chance, dataset: str) -> float:
    """Return the score of guessing on a dataset; NaN if it is unknown."""
    value = chance.get(dataset) if isinstance(chance, Mapping) else chance
    return math.nan if value is None else float(value)


def shares_of(means: np.ndarray, metric: str | OwnMetric, chance: float) -> np.ndarray:
    """Return the share of the way from chance to a perfect score, from 0 to 1.

    Parameters
    ----------
    means : array of shape (n,)
        Scores of one dataset, NaN where there is none.
    metric
        Their metric.
    chance
        The score of guessing; if it is NaN the worst of `means` takes its place.
    """
    larger = metric_of(metric).larger_is_better
    bounds = metric_of(metric).bounds
    known = means[np.isfinite(means)]
    if not len(known):
        return np.full(means.shape, math.nan)
    # Without a known bound, the best of `means` takes the place of a perfect score.
    ends = (known.min(), known.max()) if bounds is None else bounds
    perfect = float(ends[1 if larger else 0])
    if math.isnan(chance):
        chance = float(known.min() if larger else known.max())
    if chance == perfect:
        return np.where(np.isfinite(means), 1.0, math.nan)
    shares: np.ndarray = np.clip((means - chance) / (perfect - chance), 0, 1)
    return shares


def score_text(value: float, digits: int = 3) -> str:
    """Format a score without a zero before the point: ``.931``; a dash for none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def _table(
    scores: pd.DataFrame, classifiers: Sequence[str], datasets: Sequence[str]
) -> dict[str, np.ndarray]:
    """Arrange means and marks as arrays of shape (n_classifiers, n_datasets)."""
    shape = len(classifiers), len(datasets)
    table: dict[str, np.ndarray] = {
        "mean": np.full(shape, math.nan),
        "best": np.zeros(shape, dtype=bool),
        "near": np.zeros(shape, dtype=bool),
    }
    rows = {name: i for i, name in enumerate(classifiers)}
    columns = {name: i for i, name in enumerate(datasets)}
    for entry in scores.to_dict("records"):
        if entry["classifier"] in rows and entry["dataset"] in columns:
            at = rows[entry["classifier"]], columns[entry["dataset"]]
            table["mean"][at] = entry["mean"]
            table["best"][at] = entry["best"] is True or entry["best"] == 1
            near = entry["near_best"] is True or entry["near_best"] == 1
            table["near"][at] = near and not table["best"][at]
    return table


def _texts(
    table: Mapping[str, np.ndarray], columns: slice, width: float
) -> tuple[np.ndarray, float]:
    """Return the cells' texts, with three digits or two, and the size of letters."""
    means, near = table["mean"][:, columns], table["near"][:, columns]
    texts: Any = np.empty(means.shape, dtype=object)
    font = 0.0
    for digits in (3, 2):
        for at in np.ndindex(*means.shape):
            texts[at] = score_text(float(means[at]), digits) + ("†" if near[at] else "")
        font = font_of(texts.ravel().tolist(), width)
        if font >= _SMALLEST:
            break
    return texts, font
