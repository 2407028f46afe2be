"""Each two classifiers across datasets: difference, wins, p, as a matrix of cells."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from bench.figures.drawing.cells import (
    draw_cells,
    font_of,
    name_columns,
    name_rows,
    scale_of,
)
from bench.figures.drawing.theme import (
    NEURAL,
    PAGE,
    SMALL,
    SYMBOLIC,
    ClassifierStyle,
    note_empty,
    style,
    styles_of,
)

MOST_PAIRED = 20  # classifiers; the cells of more have no room for their text
_NAMES = 1.35  # inches
# Blue: the row is better; vermilion: the column is. Both read in all kinds of sight.
_COLOURS = LinearSegmentedColormap.from_list("pairs", [NEURAL, "#F2F2F2", SYMBOLIC])


@style()
def pairs_figure(
    pairs: pd.DataFrame,
    *,
    order: Sequence[str],
    looks: Mapping[str, ClassifierStyle] | None = None,
    p_column: str | None = None,
) -> Figure:
    """Draw how the classifier of a row compares with that of a column.

    A cell has the mean difference of their scores over datasets, positive where the
    row is better, on how many datasets the row wins, ties and loses, and p if it is
    known.

    Parameters
    ----------
    pairs : DataFrame
        Rows of `bench.stats.across_datasets.compare_across`: first, second,
        difference, wins, ties, losses and, possibly, `p_column`.
    order
        The classifiers, the best first; the first 20 are shown.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    p_column
        The column with p, such as "p_holm"; without it there is none.
    """
    names = list(order)[:MOST_PAIRED]
    looks = styles_of(order, looks)
    n = len(names)
    rows, columns = names[: max(1, n - 1)], names[1:] or names
    places = {name: i for i, name in enumerate(names)}
    values = np.full((len(rows), len(columns)), math.nan)
    texts: Any = np.full(values.shape, "", dtype=object)
    for entry in pairs.to_dict("records"):
        first, second = (places.get(entry[key]) for key in ("first", "second"))
        if first is None or second is None or first == second:
            continue
        sign = 1 if first < second else -1
        at = min(first, second), max(first, second) - 1
        values[at] = sign * entry["difference"]
        counts = [entry["wins"], entry["ties"], entry["losses"]][::sign]
        p = entry.get(p_column, math.nan) if p_column else math.nan
        texts[at] = _text(values[at], counts, p)
    cell = min(0.75, (PAGE - _NAMES - 0.1) / len(columns))
    width = min(PAGE, max(3.6, _NAMES + 0.1 + cell * len(columns)))
    n_lines = 3 if any(text.count("\n") == 2 for text in texts.ravel()) else 2
    font = font_of([part for t in texts.ravel() for part in t.split("\n")], cell)
    longest = max([4, *(min(len(name), 22) for name in columns)])
    above = 0.3 if longest * 0.06 < cell else longest * 0.062
    row = max(0.2, (n_lines * font * 1.2 + 4.5) / 72)
    height = max(1.9, above + row * len(rows) + 0.6)
    figure = Figure(figsize=(width, height), layout="constrained")
    ax = figure.subplots()
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    norm = Normalize(-(largest or 1.0), largest or 1.0)
    draw_cells(ax, values, texts, colours=_COLOURS, norm=norm, size=font)
    name_columns(ax, columns, cell)
    name_rows(ax, rows, looks)
    if not np.isfinite(values).any():
        note_empty(ax, "no pairs")
    left_out = len(order) - n
    words = "mean difference, row − column; wins/ties/losses of the row"
    words += ", p" if n_lines == 3 else ""
    words += f"; {left_out} more not shown" if left_out else ""
    if len(columns) >= 4:  # the free corner below the diagonal holds the scale
        box = ax.inset_axes((0.06, 0.1, 0.3, 0.035))
        bar = figure.colorbar(
            scale_of(_COLOURS, norm, 13), cax=box, orientation="horizontal"
        )
        bar.outline.set_visible(False)
        bar.set_ticks(
            [norm.vmin or 0, 0, norm.vmax or 0],
            labels=["column better", "equal", "row better"],
        )
        bar.ax.tick_params(length=0, labelsize=SMALL - 0.5)
    ax.set_xlabel(words, fontsize=SMALL + 0.5, loc="right")
    return figure


def _text(difference: float, counts: Sequence[Any], p: float) -> str:
    """Write a cell: difference, wins/ties/losses and, if it is known, p."""
    if not math.isfinite(difference):
        return "–"
    # + 0.0 turns a rounded -0.0 into 0.0, which prints as +.000.
    shown = f"{round(difference, 3) + 0.0:+.3f}".replace("0.", ".", 1)
    shown = shown.replace("-", "−")
    lines = [shown, "/".join(f"{int(count)}" for count in counts)]
    if p is not None and math.isfinite(p):
        lines.append("p<.001" if p < 0.001 else f"p={p:.3f}".replace("0.", ".", 1))
    return "\n".join(lines)
