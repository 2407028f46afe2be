"""Curves in small boxes of their own, each with a title, side by side in one axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bench.figures import SMALL, inches_of

_BOX = 1.05  # inches: no small picture is narrower


def draw_boxes(
    ax: Axes, x: np.ndarray, boxes: Sequence[tuple[np.ndarray, str, str]]
) -> None:
    """Draw each entry of `boxes` in a box of its own; the axes around are not shown.

    Parameters
    ----------
    ax
        Divided into as many boxes; a page holds six in a row.
    x : array of shape (n_points, n_inputs)
        Curves are drawn against its first column.
    boxes
        Curves (n_curves, n_points), their colour, and a title.
    """
    ax.set_axis_off()
    order = np.argsort(x[:, 0], kind="stable")
    places = _places(ax, len(boxes))
    for (curves, colour, title), (box, first, last) in zip(boxes, places, strict=True):
        small = ax.inset_axes(box)
        small.plot(
            x[order, 0],
            curves[:, order].T,
            color=colour,
            linestyle="-" if x.shape[1] == 1 else "",
            marker="" if x.shape[1] == 1 else ".",
            markersize=2,
        )
        small.set_title(title, fontsize=SMALL, pad=2)
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


def _places(ax: Axes, n: int) -> list[tuple[Any, bool, bool]]:
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
