"""Whether the texts of a figure can be read, as it is drawn."""

import itertools
from unittest.mock import patch

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def drawn_texts(ax):
    """Draw, and return each text with its box in pixels, as it was drawn."""
    found = []
    draw = Text.draw

    def record(text, renderer):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(renderer).extents
            found.append((text.get_text(), box))
        draw(text, renderer)

    with patch.object(Text, "draw", record):
        canvas = FigureCanvasAgg(ax.get_figure(root=True))
        canvas.figure.set_dpi(160)
        canvas.draw()
    return found, canvas.get_width_height()


def assert_readable(ax):
    """No text overlaps another or leaves the figure; none is drawn twice."""
    found, (width, height) = drawn_texts(ax)
    assert found
    for text, (x0, y0, x1, y1) in found:
        assert x0 > -1, text
        assert y0 > -1, text
        assert x1 < width + 1, text
        assert y1 < height + 1, text
    for (a, first), (b, second) in itertools.combinations(found, 2):
        across = min(first[2], second[2]) - max(first[0], second[0])
        along = min(first[3], second[3]) - max(first[1], second[1])
        assert min(across, along) < 1.5, (a, b)
    return [text for text, _ in found]
