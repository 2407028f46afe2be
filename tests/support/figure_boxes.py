"""Whether what a figure shows can be read: found with the boxes of its renderer."""

import itertools
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from bench.figures.drawing.images import lay_out
from bench.figures.drawing.theme import style

SLACK = 2.0  # pixels, of 200 an inch, by which two boxes of letters may meet
_WHITE = 40  # of 255: how far a pixel is from white, from which it is ink


def problems_of(figure: Figure) -> list[str]:
    """Return what cannot be read in a figure, in words; nothing if all can.

    No text may leave the figure, lie over another text, or lie over a marker of data.
    The figure is laid out if it was not yet.
    """
    figure = prepared(figure)
    return problems_in(figure, drawn_texts(figure))


def prepared(shown: Figure | Axes) -> Figure:
    """Return the figure of axes, or a figure, with the layout of its files."""
    figure = shown if isinstance(shown, Figure) else shown.get_figure(root=True)
    with style():
        lay_out(figure)  # does nothing to a figure that has its layout
    return figure


def problems_in(figure: Figure, texts: list[tuple[str, np.ndarray]]) -> list[str]:
    """Return the problems of texts with boxes, which `drawn_texts` found."""
    found = []
    width, height = figure.bbox.size
    for text, (x0, y0, x1, y1) in texts:
        if min(x0, y0) < -1 or x1 > width + 1 or y1 > height + 1:
            found.append(f"outside the figure: {text!r}")
    for (a, first), (b, second) in itertools.combinations(texts, 2):
        across = min(first[2], second[2]) - max(first[0], second[0])
        along = min(first[3], second[3]) - max(first[1], second[1])
        if min(across, along) > SLACK:
            found.append(f"over each other: {a!r} and {b!r}")
    dots = markers_of(figure)
    for text, (x0, y0, x1, y1) in texts:
        inside = (dots > [x0 + 1, y0 + 1]) & (dots < [x1 - 1, y1 - 1])
        if inside.all(axis=1).any():
            found.append(f"over a marker: {text!r}")
    return found


def drawn_texts(figure: Figure) -> list[tuple[str, np.ndarray]]:
    """Draw, and return each text with its box (x0, y0, x1, y1), in pixels."""
    found = []
    draw = Text.draw

    def record(text, renderer):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(renderer).extents
            found.append((text.get_text(), box))
        draw(text, renderer)

    with style(), patch.object(Text, "draw", record):
        FigureCanvasAgg(figure).draw()
    return found


def markers_of(figure: Figure) -> np.ndarray:
    """Return the centres of all markers of lines that show data, shape (n, 2)."""
    centres = [np.empty((0, 2))]
    for ax in figure.axes:
        for line in ax.lines:
            if line.get_marker() in ("None", "", None, "|") or not line.get_visible():
                continue
            points = np.column_stack([line.get_xdata(False), line.get_ydata(False)])
            points = points.astype(float)[np.isfinite(points.astype(float)).all(axis=1)]
            if len(points):
                centres.append(line.get_transform().transform(points))
    return np.concatenate(centres)


def ink_at_edge(png: Path | bytes, n: int = 3) -> bool:
    """Tell whether a PNG has ink in its outer `n` pixels: something may be cut."""
    source = BytesIO(png) if isinstance(png, bytes) else png
    with Image.open(source) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=int)
    is_ink = (255 - pixels).max(axis=2) > _WHITE
    is_ink[n:-n, n:-n] = False
    return bool(is_ink.any())
