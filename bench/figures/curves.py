"""The held-out curves that most classifiers misclassify."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.figures.datasets import class_colours, draw_small, name_ends, small_boxes
from bench.figures.drawing.formulas import fitted_formula, width_of
from bench.figures.drawing.theme import (
    FAINT,
    INK,
    PAGE,
    SMALL,
    style,
)

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
    figure = Figure(figsize=(PAGE, 0.17 + 1.0 * n_rows))
    boxes = small_boxes(figure, n_rows, _A_ROW, above=0.32, between=0.32)
    for box in boxes[len(rows) :]:
        box.set_visible(False)
    if rows.empty:
        words = "no curve is misclassified"
        figure.text(0.5, 0.5, words, ha="center", color=FAINT)
        return figure
    names = list(dict.fromkeys(class_names.values()))
    colours = class_colours(names) if len(names) == 2 else {}
    room = PAGE / _A_ROW - 0.06
    for box, row in zip(boxes, rows.to_dict("records"), strict=False):
        label = int(row["label"])
        # With more than two classes, only the name shows the class.
        colour = colours.get(class_names.get(label, ""), INK)
        draw_small(box, x, X[[int(row["curve"])], : len(x)], colour)
        labels = [label]
        if np.isfinite(row.get("predicted", np.nan)):
            labels.append(int(row["predicted"]))
        titles = _names([class_names.get(i, str(i)) for i in labels], room)
        title = f"{' → '.join(titles)}\n{row['wrong']} of {row['of']}"
        box.set_title(title, fontsize=SMALL, pad=2.5)
    name_ends(boxes[(n_rows - 1) * _A_ROW], x)
    return figure


def _names(names: Sequence[str], room: float) -> list[str]:
    """Typeset one or two classes, shortened only if they need more room in inches."""
    room -= 0.18 * (len(names) - 1)  # for the arrow
    typeset = [fitted_formula(name, room, SMALL) for name in names]
    if sum(width_of(name, SMALL) for name in typeset) <= room:
        return typeset
    return [fitted_formula(name, room / len(names), SMALL) for name in names]
