"""Common parts of all figures: style, colours, text, legends.

A figure is a function ``plot_x(frame, …, *, ax=None) -> Axes`` in another module of
this package. No such function shows or saves a figure, and none uses pyplot, whose
figures are global state.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from textwrap import wrap
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.stats import CHANCE

COLUMN, PAGE = 3.35, 7.0  # inches: a journal's single and double column
SYMBOLIC, NEURAL = "#0072B2", "#D55E00"  # from Okabe and Ito's colour-blind palette
# A page shows these as its own text, fainter text and background, see `svg`.
INK, FAINT, PAPER = "#333333", "#6B6B6B", "#FFFFFF"
OF_CLASSIFIER = "classifier:"  # begins the gid of an artist that shows a classifier
SMALL = 6.5  # points: size of names beside dots and in legends
_NARROW = 10**2.5  # ratio of the ends of a logarithmic axis that labels 1, 2 and 5
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

# The colours of the classifiers that matter, in the order in which they are given away.
# Found by a numerical search: each has a contrast of at least 3 on a white and on a
# dark page, and any two, and each and grey, differ for normal sight and for the three
# kinds of colour blindness (CIE76 ΔE of at least 25 and 15).
HIGHLIGHTS = ("#8430fc", "#d87800", "#609c6c", "#cc1830", "#cc48d8", "#906090")
GREY = "#808080"  # of all other classifiers; they have a direct label
ON_DARK, ON_LIGHT = "#FEFEFE", "#010101"  # letters in cells, which a page leaves alone
_MARKERS = "osD^vP"
_GREY_MARKERS = "X*<>hd8p"

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

    @property
    def is_highlighted(self) -> bool:
        """Whether it is one of the few that have a colour of their own."""
        return self.colour in HIGHLIGHTS


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


def classifier_styles(
    names: Iterable[str], highlighted: Iterable[str] = ()
) -> dict[str, ClassifierStyle]:
    """Return the colour and marker of each classifier of a suite.

    At most six classifiers have a colour. So call this once with the names of a whole
    suite, and pass the result to each figure: then a classifier looks alike in all.

    Parameters
    ----------
    names
        The classifiers, in the order in which grey ones get their markers.
    highlighted
        The classifiers that matter most, the most important first: the first six get
        the colours, in this order. Without any, all of at most six `names` do, and
        none of more. CHANCE never has a colour: it is a dashed line.
    """
    ordered = list(dict.fromkeys(names))
    wanted = [name for name in dict.fromkeys(highlighted) if name != CHANCE]
    others = [name for name in ordered if name != CHANCE]
    if not wanted and len(others) <= len(HIGHLIGHTS):
        wanted = others
    chosen = wanted[: len(HIGHLIGHTS)]
    looks = {
        name: ClassifierStyle(colour, marker)
        for name, colour, marker in zip(chosen, HIGHLIGHTS, _MARKERS, strict=False)
    }
    grey = [name for name in [*wanted, *others] if name not in looks]
    for count, name in enumerate(dict.fromkeys(grey)):
        marker = _GREY_MARKERS[count % len(_GREY_MARKERS)]
        looks[name] = ClassifierStyle(GREY, marker)
    looks[CHANCE] = ClassifierStyle(FAINT, "|")
    return looks


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


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Label a logarithmic axis from low to high with numbers like 0.01."""
    # On a narrow range, matplotlib labels no tick, or every tick and these overlap.
    narrow = high < _NARROW * low
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def log_seconds(ax: Axes, low: float, high: float) -> None:
    """Make the horizontal axis logarithmic, from low to high, with labels like 0.01."""
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    log_ticks(ax.xaxis, low, high)


def gid_of(classifier: str) -> str:
    """Return the gid of an artist that shows a classifier; an SVG groups by it."""
    return f"{OF_CLASSIFIER}{classifier}"


def height_for(n_entries: int, least: float = 2.6) -> float:
    """Return the height, in inches, of a figure with so many names beside its axes."""
    return max(least, 0.8 + 0.125 * n_entries)


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
