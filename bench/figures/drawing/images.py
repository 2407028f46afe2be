"""Image files of figures: a PNG for documents and an SVG for pages, of one layout."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bench.figures.drawing.fitting import break_wide_texts, move_into_figure
from bench.figures.drawing.svg import svg_of
from bench.figures.drawing.theme import style

FORMATS = ("png", "svg")
MOST_BYTES = 150_000  # of a PNG
_DPI = 200  # sharp at twice the page's width, which is 150 CSS pixels an inch
_PALETTE, _FEWEST = 256, 32  # colours of a PNG, and of one that would be too large


def image_of(figure: Figure, formats: Iterable[str] = FORMATS) -> dict[str, bytes]:
    """Return the content of a figure's image files: format ("png", "svg") → bytes.

    A PNG has 200 dots per inch, a palette of colours, and at most 150 kB: colours,
    then dots are given up until it has. An SVG has no background, and the page's own
    ink (see `bench.figures.drawing.svg`). The same figure gives the same bytes: the
    files hold no date and no random ids.
    """
    with style(), mpl.rc_context({"path.simplify_threshold": 0.4}):
        lay_out(figure)
        writers = {"png": lambda: _png(figure), "svg": lambda: svg_of(figure)}
        return {name: writers[name]() for name in formats}


def lay_out(figure: Figure) -> Any:
    """Lay a figure out, once and for all its files; return its renderer of pixels."""
    figure.set_dpi(_DPI)
    canvas: Any = FigureCanvasAgg(figure)
    layout = figure.get_layout_engine()
    renderer = canvas.get_renderer()
    if layout is not None:
        layout.execute(figure)
        if break_wide_texts(figure, renderer):
            layout.execute(figure)
        move_into_figure(figure, renderer)
        figure.set_layout_engine("none")  # all files keep this layout
    return renderer


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as a PNG.

    Parameters
    ----------
    path
        The path without a suffix. Its folder is made if it is missing.

    Returns
    -------
    Path
        The path of the file, with its suffix.
    """
    path = Path(path)
    path = path.parent / f"{path.name}.png"  # a name may contain dots
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image_of(figure, ["png"])["png"])
    return path


def _png(figure: Figure) -> bytes:
    """Draw the pixels of a figure and write them with as few bytes as needed."""
    # The canvas of the layout, whose renderer has measured all texts already.
    canvas: Any = figure.canvas
    canvas.draw()
    whole = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    share, n_colours = 1.0, _PALETTE
    while True:
        size = [max(1, round(share * length)) for length in whole.size]
        image = whole if share == 1 else whole.resize(size, Image.Resampling.LANCZOS)
        # It keeps the colours of a few pixels, such as those of a classifier's markers.
        reduced = image.quantize(
            n_colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        content = BytesIO()
        dpi = _DPI * share
        reduced.save(content, "png", compress_level=9, dpi=(dpi, dpi))
        if content.tell() <= MOST_BYTES:
            return content.getvalue()
        if n_colours > _FEWEST:
            n_colours //= 4
        else:  # a picture of noise
            share *= min(0.9, (MOST_BYTES / content.tell()) ** 0.5)
