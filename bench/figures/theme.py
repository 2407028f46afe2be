"""Common parts of all figures: style, colours, text, legends, image files.

A figure is a function ``plot_x(frame, …, *, ax=None) -> Axes`` in another module of
this package. No such function shows or saves a figure, and none uses pyplot, whose
figures are global state.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import groupby
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

from bench.figures.fitting import break_wide_texts, move_into_figure
from bench.suite import PRESETS

COLUMN, PAGE = 3.35, 7.0  # inches: a journal's single and double column
SYMBOLIC, NEURAL = "#0072B2", "#D55E00"  # from Okabe and Ito's colour-blind palette
INK, FAINT = "#333333", "#6B6B6B"
SMALL = 6.5  # points: size of names beside dots and in legends
LARGEST_SVG = 2**20  # bytes; browsers are slow to show a larger one
_DPI = 160
_FONT = "DejaVu Sans"  # comes with matplotlib: the same letters on every machine
# For letters that it lacks, the first of these that is installed, after those of the
# user's own matplotlibrc.
_FALLBACKS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "SimHei",
    "Arial Unicode MS",
    "Noto Sans",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Emoji",
    "Segoe UI Emoji",
    "Symbola",
)
_LONGEST = 22  # characters of a name; a column has no room for more beside its axes

# seaborn's "colorblind" palette. Its pale and grey tones are replaced and others are
# added, so that colours with the same marker differ for a colour-blind reader as well.
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
# Indices of `_COLOURS` that no preset uses, so that a suite's own classifiers keep
# their style when presets are added.
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
    "font.size": 7.5,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "lines.linewidth": 1.1,
    # Letters are outlines; text would be drawn in a font of the reader's machine.
    "svg.fonttype": "path",
    "svg.hashsalt": "bench",  # without it, ids are random in each file
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
    """Style by which a classifier is recognised, never by its colour alone."""

    colour: str
    marker: str


@contextmanager
def style() -> Iterator[None]:
    """Draw in the project's style, independent of the user's matplotlibrc.

    It is also a decorator. Each function that draws needs it, since matplotlib reads
    its settings when an artist is made.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE | {"font.family": list(_fonts())})
        yield


@style()
def new_figure(n_axes: int, width: float = PAGE, height: float = 3.2) -> Any:
    """Return a figure and its `n_axes` axes in a row; sizes are in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, n_axes, squeeze=False)[0]


@style()
def new_grid(
    n_axes: int, n_columns: int, width: float = PAGE, height: float = 1.9
) -> tuple[Any, list[Axes], list[Axes]]:
    """Return a figure with axes in rows of at most `n_columns`, as even as possible.

    Parameters
    ----------
    height
        The height of one row, in inches.

    Returns
    -------
    figure, axes, free
        `free` are the axes left over in the last row. They are not shown, but can hold
        a legend.
    """
    n_rows = -(-n_axes // n_columns)
    n_columns = -(-n_axes // n_rows)
    figure = Figure(figsize=(width, height * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel().tolist()
    for ax in axes[n_axes:]:
        ax.set_axis_off()
    return figure, axes[:n_axes], axes[n_axes:]


def axes_or_new(ax: Axes | None, width: float = COLUMN, height: float = 2.6) -> Axes:
    """Return `ax`, or the axes of a new figure, by default as wide as a column."""
    if ax is None:
        axes: Axes = new_figure(1, width, height)[1][0]
        return axes
    return ax


def classifier_styles(names: Iterable[str]) -> dict[str, ClassifierStyle]:
    """Return the colour and marker of each preset and of each classifier named.

    A preset has the same style in every figure. Other classifiers get, in alphabetical
    order, styles that no preset among `names` has. So call this once with the names of
    a whole suite, and pass the result to each figure. From 25 classifiers on colours
    repeat, with other markers.
    """
    chosen = set(names)
    for_presets = [i for i in range(len(_COLOURS)) if i not in _SPARE]
    indices = dict(zip(PRESETS, for_presets, strict=False))
    free = [*_SPARE, *(indices[name] for name in PRESETS if name not in chosen)]
    free += for_presets[len(PRESETS) :]
    for count, name in enumerate(sorted(chosen - PRESETS.keys())):
        beyond = len(_COLOURS) + count - len(free)
        indices[name] = free[count] if count < len(free) else beyond
    return {name: _style_at(indices[name]) for name in (*PRESETS, *sorted(chosen))}


def classifier_colours(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each classifier, as in `classifier_styles`."""
    return {name: look.colour for name, look in classifier_styles(names).items()}


def styles_of(
    names: Iterable[str], looks: Mapping[str, ClassifierStyle] | None
) -> Mapping[str, ClassifierStyle]:
    """Return `looks`, the styles of a whole suite, or else the styles of `names`."""
    return classifier_styles(names) if looks is None else looks


def plain(text: str, longest: int = _LONGEST) -> str:
    r"""Return a user's text in a form that a figure shows literally.

    A dollar sign does not start mathematics, and line breaks become spaces. Characters
    that no installed font has are named in brackets: ``[fire]`` for an emoji, ``[U+4E2D
    6587]`` for letters without a name of their own. An ellipsis replaces the middle of
    a long text.
    """
    return drawn(text, longest).replace("$", r"\$")


def drawn(text: str, longest: int) -> str:
    """Return a text as `plain` does, for an artist that reads no mathematics."""
    # Composed: a font that has é may lack the accent alone.
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    parts = []
    for can_draw, run in groupby(text, key=_can_draw):
        characters = "".join(run)
        parts.append(characters if can_draw else _in_words(characters))
    text = "".join(parts)
    if len(text) > longest:
        tail = (longest - 1) // 2
        text = f"{text[: longest - 1 - tail]}…{text[-tail:]}"
    return text


def set_title(ax: Axes, text: str, size: float = 8.0) -> None:
    """Set the title of axes, broken into lines that fit about their width.

    `image_of` breaks it again where the letters are wider than assumed here.

    Parameters
    ----------
    text
        The title; it is passed through `plain` here.
    size
        Size of the letters, in points.
    """
    per_line = max(12, int(inches_of(ax)[0] * 72 / (0.58 * size)))
    unbroken = drawn(text, 400)
    title = "\n".join(wrap(unbroken, per_line))
    ax.set_title(title, fontsize=size, parse_math=False).set_label(unbroken)


def inches_of(ax: Axes) -> tuple[float, float]:
    """Estimate the width and height of axes with their labels, before layout."""
    figure: Any = ax.get_figure(root=True)
    width, height = figure.get_size_inches()
    spot = ax.get_subplotspec()
    n_rows, n_columns = (1, 1) if spot is None else spot.get_gridspec().get_geometry()
    return 0.95 * width / n_columns, 0.95 * height / n_rows


def log_seconds(ax: Axes, low: float, high: float) -> None:
    """Make the horizontal axis logarithmic, from low to high, with labels like 0.01."""
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    # On a narrow range, matplotlib labels no tick, or every tick and these overlap.
    narrow = high < 30 * low
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def lines(*texts: str, per_line: int = 38) -> str:
    """Join texts as lines of an axis label; break those too long for a column."""
    return "\n".join(line for text in texts for line in wrap(text, per_line))


def height_for(n_entries: int, least: float = 2.6) -> float:
    """Return the height, in inches, of a figure with a legend beside its axes."""
    return max(least, 0.8 + 0.125 * n_entries)


@style()
def legend_beside(ax: Axes, entries: Sequence[tuple[Line2D, str]]) -> None:
    """Add a legend to the right of the axes, in two columns from 41 entries on."""
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
    options: dict[str, Any] = {
        "color": look.colour,
        "marker": look.marker,
        "markersize": 4,
    }
    return Line2D([], [], **(options | changes))


def note_empty(ax: Axes, text: str) -> None:
    """Write in the middle of axes why they show nothing."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", color=FAINT)


def image_of(figure: Figure) -> tuple[str, bytes]:
    """Return the suffix and the content of a figure's image file.

    The image is an SVG, which is sharp at every size. If that is larger than 1 MiB,
    because of very many points or lines, it is a PNG of 160 dots per inch instead. The
    same figure gives the same bytes, since the file holds no date and no random ids.
    """
    with style():
        figure.set_dpi(_DPI)
        # Agg lays the figure out: the SVG backend measures text at 72 dots per inch, in
        # whole dots, which is too coarse for small letters.
        canvas = FigureCanvasAgg(figure)
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
            renderer = canvas.get_renderer()
            if break_wide_texts(figure, renderer):
                layout.execute(figure)
            move_into_figure(figure, renderer)
            figure.set_layout_engine("none")  # both formats keep this layout
        content = BytesIO()
        FigureCanvasSVG(figure).print_svg(content, metadata={"Date": None})
        if content.tell() <= LARGEST_SVG:
            return ".svg", _for_screens(content.getvalue())
        content = BytesIO()
        figure.set_canvas(canvas)
        figure.set_dpi(_DPI)  # print_svg has changed it
        canvas.print_png(content)
    return ".png", content.getvalue()


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure in the format that `image_of` chooses.

    Parameters
    ----------
    path
        The path without a suffix. Its folder is made if it is missing.

    Returns
    -------
    Path
        The path of the file, with its suffix.
    """
    suffix, content = image_of(figure)
    path = Path(path)
    path = path.parent / f"{path.name}{suffix}"  # a name may contain dots
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _for_screens(svg: bytes) -> bytes:
    """Scale an SVG to the size in which a browser shows the PNG of the same figure.

    At its size in print, letters of 7 points are hard to read on a screen.
    """

    def scaled(size: re.Match[bytes]) -> bytes:
        width, height = (float(points) * _DPI / 72 for points in size.groups())
        return f'width="{width:g}" height="{height:g}"'.encode()

    return re.sub(rb'width="([0-9.]+)pt" height="([0-9.]+)pt"', scaled, svg, count=1)


def _style_at(index: int) -> ClassifierStyle:
    """Return the style of an index; beyond the last colour, colours repeat."""
    turn = index // len(_COLOURS)  # each turn shifts markers, so that pairs differ
    return ClassifierStyle(
        _COLOURS[index % len(_COLOURS)], _MARKERS[(index + turn) % len(_MARKERS)]
    )


@cache
def _fonts() -> tuple[str, ...]:
    """Return the font of all figures, and installed ones for letters that it lacks."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    configured: Any = mpl.rcParamsOrig  # the user's matplotlibrc, before `style`
    own: list[str] = []
    for family in configured["font.family"]:
        own += configured.get(f"font.{family}", [family])
    # The colours of an emoji are bitmaps, which matplotlib cannot draw.
    names = [
        name
        for name in dict.fromkeys([*own, *_FALLBACKS])
        if name in installed and name != _FONT and "Color Emoji" not in name
    ]
    return (_FONT, *names)


def _can_draw(character: str) -> bool:
    return any(ord(character) in _letters(font) for font in _fonts())


@cache
def _letters(font: str) -> frozenset[int]:
    """Return the code points that a font can draw."""
    path = font_manager.findfont(font)
    return frozenset(font_manager.get_font(path).get_charmap())


def _in_words(characters: str) -> str:
    """Name characters that no font has, such as ``[fire]`` or ``[U+4E2D 6587]``."""
    words, in_code = [], False
    for character in characters:
        name = unicodedata.name(character, "").lower()
        # A syllable's name ends with its sound: hangul syllable han.
        name = re.sub(r"^.*\b(?:letter|syllable)\b(?: small)? ", "", name)
        is_code = not name or "ideograph" in name
        if is_code:
            name = ("" if in_code else "U+") + f"{ord(character):04X}"
        words.append(name)
        in_code = is_code
    return f"[{' '.join(words)}]"
