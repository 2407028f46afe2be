"""Titles and labels of axes, broken and moved so that they stay in the figure.

matplotlib's layout makes room for the height of a title and of a label of the
horizontal axis, but not for their width.
"""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

_PAD = 2.0  # pixels between a text and the edge of its room
_DOLLAR = "\ue000"  # stands for an escaped dollar sign, which must not be broken


def break_wide_texts(figure: Figure, renderer: Any) -> bool:
    """Break titles and labels that are wider than their room into more lines.

    Parameters
    ----------
    figure
        A figure after its layout.
    renderer
        The renderer that measured the layout.

    Returns
    -------
    bool
        Whether any was broken, so that the figure needs its layout again.
    """
    is_broken = False
    for _, text, low, high in _texts_with_room(figure, renderer):
        is_broken |= _break(text, high - low, renderer)
    return is_broken


def move_into_figure(figure: Figure, renderer: Any) -> None:
    """Move titles and labels that reach beyond their room to its edge."""
    for ax, text, low, high in _texts_with_room(figure, renderer):
        extent = text.get_window_extent(renderer)
        shift = max(low - extent.x0, 0.0) or min(high - extent.x1, 0.0)
        if shift:
            x, y = text.get_position()
            text.set_position((x + shift / ax.bbox.width, y))


def _texts_with_room(
    figure: Figure, renderer: Any
) -> Iterator[tuple[Axes, Text, float, float]]:
    """Yield texts that are wider than their axes, with the ends of their room."""
    axes = [ax for ax in figure.axes if ax.get_visible()]
    boxes: dict[Axes, np.ndarray] = {}
    for ax in axes:
        for text in (ax.title, ax.xaxis.label):
            if not text.get_text() or not text.get_visible():
                continue
            extent = text.get_window_extent(renderer)
            if ax.bbox.x0 <= extent.x0 and extent.x1 <= ax.bbox.x1:
                continue
            boxes = boxes or {other: _box(other, renderer) for other in axes}
            low, high = _room(boxes, ax, figure.bbox.width)
            yield ax, text, low + _PAD, high - _PAD


def _box(ax: Axes, renderer: Any) -> np.ndarray:
    """Return the ends (x0, y0, x1, y1) of axes with all that the layout counts."""
    box = ax.get_tightbbox(renderer, for_layout_only=True)
    extents: np.ndarray = np.asarray((box or ax.bbox).extents)
    return extents


def _room(boxes: dict[Axes, np.ndarray], ax: Axes, width: float) -> tuple[float, float]:
    """Return the ends of the room of axes: halfway to the next ones in their row."""
    x0, y0, x1, y1 = boxes[ax]
    low, high = 0.0, width
    for other, (left, bottom, right, top) in boxes.items():
        if other is ax or top <= y0 or bottom >= y1:
            continue
        if right <= x0 + 1:
            low = max(low, (right + x0) / 2)
        elif left >= x1 - 1:
            high = min(high, (left + x1) / 2)
    return low, high


def _break(text: Text, room: float, renderer: Any) -> bool:
    """Break a text into lines that fit the room; return whether it was too wide."""
    width = text.get_window_extent(renderer).width
    if width <= room:
        return False
    # `set_title` keeps the unbroken text as the label, which is not drawn.
    unbroken = str(text.get_label() or text.get_text()).replace(r"\$", _DOLLAR)
    longest = max(map(len, text.get_text().splitlines()))
    per_line = longest
    while width > room and per_line > 1:
        per_line = min(per_line - 1, int(per_line * room / width))
        lines = [
            part
            for line in unbroken.splitlines()
            for part in wrap(line, max(1, per_line))
        ]
        text.set_text("\n".join(lines).replace(_DOLLAR, r"\$"))
        width = text.get_window_extent(renderer).width
    return True
