"""What all figures share: style, colours, names as text, legends, files.

A figure is a function ``plot_x(frame, …, *, ax=None) -> Axes`` of a module beside
this one. None of them shows or saves anything, and none touches pyplot.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.suite import PRESETS

COLUMN, PAGE = 3.35, 7.0  # inches: a journal's single and double column
SYMBOLIC, NEURAL = "#0072B2", "#D55E00"  # of Okabe and Ito's colour-blind safe palette
INK, FAINT = "#333333", "#6B6B6B"
SMALL = 6.5  # points: names beside dots and in legends
LARGEST_SVG = 2**20  # bytes; a larger one takes a browser long to show
_DPI = 160
_FONT = "DejaVu Sans"  # comes with matplotlib: the same letters on every machine
_LONGEST = 22  # characters of a name; a column holds no more beside its axes

# seaborn's "colorblind", its pale and its grey tones replaced and more added, so that
# the nearest two of a kind of marker stay apart for a colour-blind reader as well.
_COLOURS = [
    "#0173B2",
    "#DE8F05",
    "#029E73",
    "#D55E00",
    "#CC78BC",
    "#661100",
    "#91CE79",
    "#332288",
    "#F2AAC2",
    "#56B4E9",
    "#7D5FFF",
    "#4F5500",
    "#3A3A3A",
    "#A89F91",
    "#00535A",
    "#9E0059",
    "#0000FF",
    "#874B3C",
    "#1E00B4",
    "#6996FF",
    "#2D5AC3",
    "#0FE14B",
    "#B4693C",
    "#5A1E69",
]
# Places that no preset has: what a suite adds keeps its looks when presets are added.
_SPARE = range(13, 16)
_MARKERS = "os^DvPX"

_STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "font.family": _FONT,
    "font.size": 7.5,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "lines.linewidth": 1.1,
    # Letters as outlines: text would be set in whatever font the reader's machine has.
    "svg.fonttype": "path",
    "svg.hashsalt": "bench",  # else every file has ids of its own
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 7,
    "xtick.major.width": 0.7,
    "ytick.color": INK,
    "ytick.labelsize": 7,
    "ytick.major.width": 0.7,
}


@dataclass(frozen=True)
class ClassifierStyle:
    """What tells a classifier from others: never its colour alone."""

    colour: str
    marker: str


@contextmanager
def style() -> Iterator[None]:
    """Draw in the project's style, whatever a user's matplotlibrc says.

    It is a decorator too: matplotlib reads its settings when a thing is drawn.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


@style()
def new_figure(n_axes: int, width: float = PAGE, height: float = 3.2) -> Any:
    """Return a figure of `n_axes` axes in a row; `width` and `height` in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, n_axes, squeeze=False)[0]


@style()
def new_grid(
    n_axes: int, n_columns: int, width: float = PAGE, height: float = 1.9
) -> tuple[Any, list[Axes], list[Axes]]:
    """Return a figure of axes in rows of at most `n_columns`, all about equally long.

    `height` is that of a row. The third is what the last row has left: axes that are
    not shown, where a legend may stand.
    """
    n_rows = -(-n_axes // n_columns)
    n_columns = -(-n_axes // n_rows)
    figure = Figure(figsize=(width, height * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel().tolist()
    for ax in axes[n_axes:]:
        ax.set_axis_off()
    return figure, axes[:n_axes], axes[n_axes:]


def axes_or_new(ax: Axes | None, width: float = COLUMN, height: float = 2.6) -> Axes:
    """Return `ax`, or the axes of a figure that fits a journal's column."""
    if ax is None:
        axes: Axes = new_figure(1, width, height)[1][0]
        return axes
    return ax


def classifier_styles(names: Iterable[str]) -> dict[str, ClassifierStyle]:
    """Give each classifier its colour and marker.

    A preset has its own in every figure. Another classifier gets one that no preset
    of `names` has, by its place in the alphabet: so pass the names of the whole suite
    once, and the result to each figure. From 25 classifiers on colours repeat, with
    other markers.
    """
    chosen = set(names)
    own = [place for place in range(len(_COLOURS)) if place not in _SPARE]
    places = dict(zip(PRESETS, own, strict=False))
    free = [*_SPARE, *(places[name] for name in PRESETS if name not in chosen)]
    free += own[len(PRESETS) :]
    for count, name in enumerate(sorted(chosen - PRESETS.keys())):
        more = len(_COLOURS) + count - len(free)
        places[name] = free[count] if count < len(free) else more
    return {name: _look(places[name]) for name in (*PRESETS, *sorted(chosen))}


def classifier_colours(names: Iterable[str]) -> dict[str, str]:
    """Give each classifier its colour, as `classifier_styles` does."""
    return {name: look.colour for name, look in classifier_styles(names).items()}


def styles_of(
    names: Iterable[str], looks: Mapping[str, ClassifierStyle] | None
) -> Mapping[str, ClassifierStyle]:
    """Return the caller's looks, or those of the names at hand."""
    return classifier_styles(names) if looks is None else looks


def plain(text: str, longest: int = _LONGEST) -> str:
    r"""Write a stranger's text so that a figure shows it as it is.

    A dollar sign is no mathematics, a line break no line, and a character that the
    font lacks is written as in Python (``\u4e2d``). The middle of a long text gives
    way to an ellipsis.
    """
    text = " ".join(text.split())
    text = "".join(
        mark if ord(mark) in _letters() else ascii(mark)[1:-1] for mark in text
    )
    if len(text) > longest:
        tail = (longest - 1) // 2
        text = f"{text[: longest - 1 - tail]}…{text[-tail:]}"
    return text.replace("$", r"\$")


def set_title(ax: Axes, text: str, size: float = 8.0) -> None:
    """Set a title over its axes, on as many lines as their width asks for.

    Parameters
    ----------
    text
        As it is to be read; what a stranger wrote needs no `plain`.
    size
        Of the letters, in points.
    """
    per_line = max(12, int(inches_of(ax)[0] * 72 / (0.58 * size)))
    ax.set_title("\n".join(wrap(plain(text, 400), per_line)), fontsize=size)


def inches_of(ax: Axes) -> tuple[float, float]:
    """Return about how wide and high axes will be with their labels, before layout."""
    figure: Any = ax.get_figure(root=True)
    width, height = figure.get_size_inches()
    spot = ax.get_subplotspec()
    n_rows, n_columns = (1, 1) if spot is None else spot.get_gridspec().get_geometry()
    return 0.95 * width / n_columns, 0.95 * height / n_rows


def log_seconds(ax: Axes, low: float, high: float) -> None:
    """Make the horizontal axis logarithmic, from low to high, with labels like 0.01."""
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    narrow = high < 30 * low  # matplotlib would label nothing, or all and too close
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def lines(*texts: str, per_line: int = 38) -> str:
    """Join texts as lines of an axis label, long ones broken: a column is narrow."""
    return "\n".join(line for text in texts for line in wrap(text, per_line))


def height_for(n_entries: int, least: float = 2.6) -> float:
    """Return the inches of a figure with so many entries in a legend beside it."""
    return max(least, 0.8 + 0.125 * n_entries)


@style()
def legend_beside(ax: Axes, entries: Sequence[tuple[Line2D, str]]) -> None:
    """Put a legend to the right of the axes, in two columns from 41 entries on."""
    legend = ax.legend(
        [line for line, _ in entries],
        [label for _, label in entries],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        ncols=1 if len(entries) <= 40 else 2,
        borderaxespad=0.4,
        handlelength=1.4,
        handletextpad=0.5,
        labelspacing=0.3,
    )
    legend.set_zorder(5)


def handle(look: ClassifierStyle, **changes: Any) -> Line2D:
    """Return a line with a classifier's colour and marker, for a legend."""
    how: dict[str, Any] = {"color": look.colour, "marker": look.marker, "markersize": 4}
    return Line2D([], [], **(how | changes))


def image_of(figure: Figure) -> tuple[str, bytes]:
    """Return a figure as an image file: its suffix and its content.

    It is an SVG, which is sharp at every size. Where that would be larger than 1 MiB,
    because of very many points or lines, it is a PNG of 160 dots an inch instead. The
    same figure gives the same bytes: there is no date inside, and ids do not depend
    on chance.
    """
    with style():
        figure.set_dpi(_DPI)
        # Measured by Agg at this resolution: the SVG backend measures text at 72 dots
        # an inch, in whole dots, which is too coarse for small letters.
        canvas = FigureCanvasAgg(figure)
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")  # neither format lays out once more
        content = BytesIO()
        FigureCanvasSVG(figure).print_svg(content, metadata={"Date": None})
        if content.tell() <= LARGEST_SVG:
            return ".svg", _for_screens(content.getvalue())
        content = BytesIO()
        figure.set_canvas(canvas)
        figure.set_dpi(_DPI)  # print_svg leaves its own
        canvas.print_png(content)
    return ".png", content.getvalue()


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure in the format that `image_of` chooses.

    Parameters
    ----------
    path
        Without a suffix; its folder is made where there is none.

    Returns
    -------
    Path
        The file's path, with its suffix.
    """
    suffix, content = image_of(figure)
    path = Path(path)
    path = path.parent / f"{path.name}{suffix}"  # a name may contain dots
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _for_screens(svg: bytes) -> bytes:
    """Give an SVG the size in which a browser would show it as PNG.

    Its own, that of a printed page, makes letters of 7 points hard to read on a screen.
    """

    def scaled(found: re.Match[bytes]) -> bytes:
        width, height = (float(points) * _DPI / 72 for points in found.groups())
        return f'width="{width:g}" height="{height:g}"'.encode()

    return re.sub(rb'width="([0-9.]+)pt" height="([0-9.]+)pt"', scaled, svg, count=1)


def _look(place: int) -> ClassifierStyle:
    turn = place // len(_COLOURS)  # further round, another marker for the same colour
    return ClassifierStyle(
        _COLOURS[place % len(_COLOURS)], _MARKERS[(place + turn) % len(_MARKERS)]
    )


@cache
def _letters() -> frozenset[int]:
    """Return the code points that the font can draw."""
    path = font_manager.findfont(_FONT)
    return frozenset(font_manager.get_font(path).get_charmap())
