"""Figures of transfers: trained on the dataset of the row, tested on the column's."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from bench.figures.drawing.cells import ink_on
from bench.figures.drawing.theme import INK, axes_or_new, plain, style
from bench.stats import OwnMetric, metric_of

CELL = (0.25, 0.23)  # inches: the smallest size of a field, for two decimals


@style()
def plot_transfer(
    transfers: pd.DataFrame,
    metric: str | OwnMetric,
    *,
    order: Sequence[str],
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean scores of one classifier as a heat map with numbers.

    A frame marks where training and test dataset are the same. An asterisk marks a mean
    over fewer repetitions than planned, and a dash a missing score.

    Parameters
    ----------
    transfers : DataFrame
        Rows of one classifier from `bench.stats.transfer.compare_transfers`.
    metric
        The metric of the scores.
    order
        The datasets, from the top and from the left.
    limits
        Scores of the first and the last colour; by default those of `transfers`.
    """
    size = len(order)
    # Long names need room, and with two datasets the label "trained on" does too.
    ax = axes_or_new(ax, 1.7 + CELL[0] * size, 1.8 + max(0.7, CELL[1] * size))
    means = np.full((size, size), math.nan)
    texts = [["–"] * size for _ in order]
    places = {name: i for i, name in enumerate(order)}
    for entry in transfers.to_dict("records"):
        row, column = places[entry["train"]], places[entry["test"]]
        means[row, column] = entry["mean"]
        if entry["n"]:
            mark = "*" if entry["n"] < entry["n_cells"] else ""
            texts[row][column] = short(entry["mean"]) + mark
    # Better scores are brighter, also for metrics of which smaller is better.
    larger_is_better = metric_of(metric).larger_is_better
    colours = mpl.colormaps["cividis" if larger_is_better else "cividis_r"]
    norm = Normalize(*(limits or score_limits(transfers)))
    ax.imshow(
        np.ma.masked_invalid(means), cmap=colours, norm=norm, aspect="auto", zorder=0
    )
    centred: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6.2}
    for row, column in np.ndindex(size, size):
        ink = INK
        if math.isfinite(means[row, column]):
            ink = ink_on(colours(norm(means[row, column])))
        ax.text(column, row, texts[row][column], color=ink, **centred)
        if row == column:
            corner = (row - 0.42, row - 0.42)
            ax.add_patch(Rectangle(corner, 0.84, 0.84, fill=False, ec=ink, lw=0.9))
    ax.set_xticks(range(size), names_of(order), rotation=90)
    ax.set_yticks(range(size), names_of(order))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("tested on")
    ax.set_ylabel("trained on")
    return ax


def names_of(order: Sequence[str]) -> list[str]:
    """Return the labels of datasets in the figure."""
    return [plain(name) for name in order]


def score_limits(transfers: pd.DataFrame) -> tuple[float, float]:
    """Return the lowest and the highest mean, or an interval around a single value."""
    known = transfers["mean"].dropna()
    if known.empty:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def short(value: float) -> str:
    """Format a score with two decimals and without a zero before the point: ``.93``."""
    text = f"{value:.2f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
