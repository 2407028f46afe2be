"""Figures of datasets: curves of the classes, input points, densities, tangents."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from bench.curves import is_grid
from bench.figures.drawing.formulas import fitted, fitted_formula
from bench.figures.drawing.theme import (
    FAINT,
    GREY,
    HIGHLIGHTS,
    INK,
    NEURAL,
    PAGE,
    SMALL,
    SYMBOLIC,
    axes_or_new,
    inches_of,
    plain,
    style,
)

# From the narrowest points to the widest; each stands out from a light and a dark page.
_WIDTHS = LinearSegmentedColormap.from_list("widths", [SYMBOLIC, "#906090", NEURAL])
_BOX = 1.05  # inches: the smallest width of a box
_SMALL_CURVES, _IN_A_ROW = 8, 4  # of each of two classes
_OF_MANY, _BOXES = 3, 6  # curves in a box of one of many classes, boxes in a row
_VERTICES, _DOTS = 200, 150  # points of a small curve; a box has no room for more
_TYPESET = 30  # classes whose names are set as formulas
_BETWEEN = 0.08  # inches between boxes of a row
_POINTS = 0.75  # inches: height of the input points
_MARKED = 200  # points, up to which each has a mark


@style()
def curves_figure(
    x: np.ndarray,
    classes: Mapping[str, np.ndarray],
    *,
    noise: float = 0.0,
    points: Sequence[float] | None = None,
) -> Figure:
    """Draw curves of each class, each curve in a small box with a range of its own.

    Two classes are two panels side by side, of two rows of four curves. More classes
    have one box each, with a few curves. Below stand the input points, unless they are
    evenly spaced.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
        With several inputs, values are dots against the first.
    classes
        Name of a class → its curves, shape (n_curves, n_points); of two classes the
        first eight are drawn, of more the first three.
    noise
        The share of noise in the curves, in percent; noisy curves are thinner.
    points
        The number of input points in each of some equal bins between the ends of `x`,
        if `x` holds only some of the points; empty to show none. By default those of
        `x` are counted, unless they are evenly spaced or have several inputs.
    """
    shown: Sequence[float] | None = points
    if points is None and (x.shape[1] > 1 or is_grid(x[:, 0])):
        shown = ()
    below = 0.0 if shown is not None and not len(shown) else _POINTS
    figure = _small_multiples(x, classes, below, noise)
    if below:
        _draw_points(figure, x, shown)
    return figure


def _small_multiples(
    x: np.ndarray, classes: Mapping[str, np.ndarray], below: float, noise: float
) -> Figure:
    """Draw the curves of all classes, and leave some inches free below them."""
    if len(classes) != 2:
        return _many_classes(x, classes, below, noise)
    most = max(min(len(curves), _SMALL_CURVES) for curves in classes.values())
    n_rows = 1 if most <= _IN_A_ROW else 2
    figure = Figure(figsize=(PAGE, 0.45 + 0.66 * n_rows + below))
    colours = class_colours(list(classes))
    half = PAGE / 2
    for left, (name, curves) in zip((0.0, half), classes.items(), strict=True):
        sides = (left + 0.08, left + half - 0.08)
        boxes = small_boxes(figure, n_rows, _IN_A_ROW, sides=sides, below=below)
        for box, curve in zip(boxes, curves, strict=False):
            draw_small(box, x, curve[None], colours[name], noise)
        for box in boxes[len(curves) :]:
            box.set_visible(False)
        n_shown = min(len(curves), len(boxes))
        name_ends(boxes[(n_shown - 1) // _IN_A_ROW * _IN_A_ROW], x)
        figure.text(
            (left + half / 2) / PAGE,
            1 - 0.06 / figure.get_size_inches()[1],
            fitted(name, half - 0.2, 8.0),
            fontsize=8,
            ha="center",
            va="top",
        )
    return figure


def small_boxes(
    figure: Figure,
    n_rows: int,
    n_columns: int,
    *,
    sides: tuple[float, float] = (0.08, PAGE - 0.08),
    above: float = 0.26,
    below: float = 0.0,
    between: float = 0.08,
) -> list[Axes]:
    """Add small boxes to a figure, at places that need no layout.

    A layout engine needs half a minute for sixty boxes.

    Parameters
    ----------
    sides
        The left and the right end in inches.
    above, below
        Inches that are left free at the top and at the bottom.
    between
        Inches between two rows, for titles.
    """
    width, height = figure.get_size_inches()
    floor = below + 0.17  # for the ends of the input
    size = (
        (sides[1] - sides[0] - _BETWEEN * (n_columns - 1)) / n_columns,
        (height - above - floor - between * (n_rows - 1)) / n_rows,
    )
    boxes = []
    for row, column in np.ndindex(n_rows, n_columns):
        left = sides[0] + column * (size[0] + _BETWEEN)
        low = height - above - (row + 1) * size[1] - row * between
        bounds = (left / width, low / height, size[0] / width, size[1] / height)
        boxes.append(figure.add_axes(bounds))
    return boxes


def _many_classes(
    x: np.ndarray, classes: Mapping[str, np.ndarray], below: float, noise: float
) -> Figure:
    """Draw a box for each class, six in a row, with a few curves in each."""
    n_rows = max(1, -(-len(classes) // _BOXES))
    figure = Figure(figsize=(PAGE, 0.2 + 0.84 * n_rows + below))
    boxes = small_boxes(figure, n_rows, _BOXES, below=below, between=0.22)
    for box in boxes[len(classes) :]:
        box.set_visible(False)
    room = PAGE / _BOXES - 0.06
    for box, (name, curves) in zip(boxes, classes.items(), strict=False):
        draw_small(box, x, curves[:_OF_MANY], SYMBOLIC, noise)
        # Mathematics takes its time, and more than these names are not read.
        typeset = fitted_formula if len(classes) <= _TYPESET else fitted
        title = typeset(name, room, SMALL)
        box.set_title(title, fontsize=SMALL, pad=2.5)
    if classes:
        name_ends(boxes[(n_rows - 1) * _BOXES], x)
    return figure


def class_colours(names: Sequence[str]) -> dict[str, str]:
    """Return the colours of two classes; neural curves have theirs in any order."""
    first, second = names
    if first.lower().startswith("neural"):
        return {first: NEURAL, second: SYMBOLIC}
    return {first: SYMBOLIC, second: NEURAL}


def draw_small(
    box: Axes, x: np.ndarray, curves: np.ndarray, colour: str, noise: float = 0.0
) -> None:
    """Draw curves in a box that has a frame and no ticks."""
    n_points = _DOTS if x.shape[1] > 1 else _VERTICES
    order = np.argsort(x[:, 0], kind="stable")
    if len(order) > n_points:
        low, high = x[order[[0, -1]], 0]
        # Evenly along the axis, not along the index: points may be dense in the middle.
        at = np.searchsorted(x[order, 0], np.linspace(low, high, n_points))
        order = order[np.unique(np.clip(at, 0, len(order) - 1))]
    dots = x.shape[1] > 1
    box.plot(
        x[order, 0],
        curves[:, order].T,
        color=colour,
        linestyle="" if dots else "-",
        linewidth=0.6 if noise else 1.0,
        marker="." if dots else "",
        markersize=1.6,
    )
    box.set_xticks([])
    box.set_yticks([])
    box.grid(visible=False)
    box.margins(x=0.03, y=0.1)
    box.spines[:].set_visible(True)
    box.spines[:].set_color(GREY)
    box.spines[:].set_linewidth(0.4)


def name_ends(box: Axes, x: np.ndarray) -> None:
    """Write the first and last input below a box, for all that are like it."""
    low, high = float(x[:, 0].min()), float(x[:, 0].max())
    for value, side in ((low, "left"), (high, "right")):
        box.annotate(
            _short(value).replace("-", "−"),
            (value, 0),
            xycoords=box.get_xaxis_transform(),
            xytext=(0, -2),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=SMALL - 1,
            color=FAINT,
        )


def _short(value: float) -> str:
    """Write a number with three digits, or a number of points as it is."""
    is_count = value == int(value) and 1000 <= abs(value) < 1e6
    return f"{value:.0f}" if is_count else f"{value:.3g}"


def _draw_points(figure: Figure, x: np.ndarray, counts: Sequence[float] | None) -> None:
    """Draw at the bottom where the points lie: a histogram, a mark at each of few."""
    width, height = figure.get_size_inches()
    bounds = (0.15 / width, 0.36 / height, 1 - 0.3 / width, (_POINTS - 0.36) / height)
    ax = figure.add_axes(bounds)
    values = x[:, 0]
    n_known = counts is not None
    if counts is None:
        counts = np.histogram(values, int(np.clip(len(values) // 5, 5, 60)))[0].tolist()
    edges = np.linspace(values.min(), values.max(), len(counts) + 1)
    ax.stairs(counts, edges, fill=True, color=GREY, alpha=0.5)
    number = f"{int(sum(counts)):,} " if n_known else ""
    if not n_known and len(values) <= _MARKED:
        ax.plot(
            values,
            np.zeros(len(values)),
            "|",
            color=INK,
            markersize=4,
            markeredgewidth=0.5,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
        )
    ax.set_ylim(bottom=0)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(f"where the {number}input points lie", fontsize=SMALL)
    ax.tick_params(axis="x", labelsize=SMALL - 0.5, length=2, pad=2)


@style()
def plot_curves(
    x: np.ndarray, symbolic: np.ndarray, neural: np.ndarray, *, ax: Axes | None = None
) -> Axes:
    """Draw curves of both classes against the first column of the input.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
    symbolic, neural : arrays of shape (n_curves, n_points)
    """
    ax = axes_or_new(ax)
    order = np.argsort(x[:, 0])
    line = "-" if x.shape[1] == 1 else ""
    marker = "" if x.shape[1] == 1 else "."
    for curves, colour, label in (
        (symbolic, SYMBOLIC, "symbolic"),
        (neural, NEURAL, "neural"),
    ):
        drawn = ax.plot(
            x[order, 0],
            curves[:, order].T,
            color=colour,
            linewidth=0.9,
            alpha=0.6,
            linestyle=line,
            marker=marker,
            markersize=2,
        )
        if drawn:  # one entry in the legend for all curves of a class
            drawn[0].set_label(f"{len(curves)} {label}")
    ax.set_xlabel(_input_name(x))
    ax.set_ylabel("value")
    _legend_above_curves(ax)
    return ax


@style()
def plot_classes(
    x: np.ndarray, classes: Mapping[str, np.ndarray], *, ax: Axes | None = None
) -> Axes:
    """Draw curves of many classes, one box for each class.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
    classes
        Name of a class → its curves, shape (n_curves, n_points).
    """
    ax = axes_or_new(ax, PAGE, 0.3 + 1.05 * -(-len(classes) // 6))
    boxes = [(curves, SYMBOLIC, plain(name, 20)) for name, curves in classes.items()]
    draw_boxes(ax, x, boxes)
    return ax


@style()
def plot_inputs(x: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draw a histogram of each column of the input points, with marks at the points."""
    ax = axes_or_new(ax)
    for column in range(x.shape[1]):
        values = x[:, column]
        colour = HIGHLIGHTS[column % len(HIGHLIGHTS)]
        n_bins = min(20, -(-len(np.unique(values)) // 5))  # on a grid 5 points a bin
        ax.hist(
            values,
            bins=n_bins,
            density=True,
            alpha=0.55,
            color=colour,
            label=f"x{column}" if x.shape[1] > 1 else None,
        )
        ax.plot(
            values,
            np.full(len(values), -0.02 * (column + 1)),
            "|",
            color=colour,
            markersize=5,
            alpha=0.6,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
        )
    if x.shape[1] > 1:
        ax.legend()
    ax.tick_params(axis="x", pad=8)
    ax.set_xlabel(f"input, {len(x)} points")
    ax.set_ylabel("density")
    return ax


@style()
def plot_densities(
    points: Mapping[str, np.ndarray], *, even: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the density of several sets of points along their first column.

    Parameters
    ----------
    points
        Label → points, shape (n_points, n_inputs), the narrowest first.
    even
        The label of the evenly spaced points, if there are any; its line is dashed.
    """
    ax = axes_or_new(ax)
    columns = {label: x[:, 0] for label, x in points.items()}
    low = min(values.min() for values in columns.values())
    high = max(values.max() for values in columns.values())
    # 50 bins, as in the notebook, unless a bin would have fewer than ten points.
    n_bins = max(5, min(50, *(len(values) // 10 for values in columns.values())))
    edges = np.linspace(low, high, n_bins + 1)
    shades = _WIDTHS(np.linspace(0.0, 1.0, len(columns)))
    for (label, values), shade in zip(columns.items(), shades, strict=True):
        is_even = label == even
        heights, _ = np.histogram(values, edges, density=True)
        ax.stairs(
            heights,
            edges,
            baseline=None,
            label=label,
            color=INK if is_even else shade,
            linestyle="--" if is_even else "-",
            linewidth=1.2,
        )
    ax.set_ylim(bottom=0)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    sizes = sorted({len(values) for values in columns.values()})
    n_points = " to ".join(dict.fromkeys(f"{n}" for n in (sizes[0], sizes[-1])))
    ax.set_xlabel(f"input, {n_points} points, {n_bins} bins")
    ax.set_ylabel("density")
    return ax


@style()
def plot_tangents(
    x: np.ndarray,
    curves: Sequence[tuple[np.ndarray, np.ndarray, str, str]],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw curves with tangents at six points, which show whether gradients are right.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
    curves
        Values (n_points,), gradients (n_points, n_inputs), colour and label of each
        curve.
    """
    ax = axes_or_new(ax)
    order = np.argsort(x[:, 0])
    xs = x[order, 0]
    # Six points at equal distances along the input, not at equal steps of the index.
    at = np.searchsorted(xs, np.linspace(xs[0], xs[-1], 8)[1:-1])
    half_length = 0.06 * (xs[-1] - xs[0])
    for values, gradients, colour, label in curves:
        ys, dy_dx = values[order], gradients[order, 0]
        marker = (
            {"linewidth": 1.0}
            if x.shape[1] == 1
            else {"linestyle": "", "marker": ".", "markersize": 3}
        )
        ax.plot(xs, ys, color=colour, label=label, alpha=0.75, **marker)
        for i in at:
            ends = np.array([-half_length, half_length])
            ax.plot(xs[i] + ends, ys[i] + ends * dy_dx[i], color=INK, linewidth=1.6)
            ax.plot(xs[i], ys[i], "o", color=INK, markersize=3)
    ax.set_xlabel(_input_name(x))
    ax.set_ylabel("value, with tangents")
    _legend_above_curves(ax)
    return ax


def draw_boxes(
    ax: Axes, x: np.ndarray, boxes: Sequence[tuple[np.ndarray, str, str]]
) -> None:
    """Draw small boxes of curves, each with a title, within axes that are not shown.

    Parameters
    ----------
    ax
        The axes to divide into boxes; a page has room for six in a row.
    x : array of shape (n_points, n_inputs)
        Curves are drawn against its first column.
    boxes
        Curves (n_curves, n_points), their colour and the title of each box.
    """
    ax.set_axis_off()
    order = np.argsort(x[:, 0], kind="stable")
    places = _places(ax, len(boxes))
    for (curves, colour, title), (bounds, is_leftmost, is_lowest) in zip(
        boxes, places, strict=True
    ):
        box = ax.inset_axes(bounds)
        box.plot(
            x[order, 0],
            curves[:, order].T,
            color=colour,
            linestyle="-" if x.shape[1] == 1 else "",
            marker="" if x.shape[1] == 1 else ".",
            markersize=2,
        )
        box.set_title(title, fontsize=SMALL, pad=2)
        box.tick_params(labelsize=5.5, length=2, pad=1.5)
        box.locator_params(axis="both", nbins=3)
        box.margins(y=0.1)
        # The layout measures each box twice; only boxes at the edges can change it.
        box.set_in_layout(is_leftmost or is_lowest)
        if is_leftmost:
            box.set_ylabel("value", fontsize=SMALL, labelpad=1)
        if is_lowest:
            box.set_xlabel("input", fontsize=SMALL, labelpad=1)
        else:
            box.tick_params(axis="x", labelbottom=False)


def _places(ax: Axes, n: int) -> list[tuple[Any, bool, bool]]:
    """Divide axes into n boxes: (x, y, width, height), is leftmost, is lowest."""
    inches = np.array(inches_of(ax))
    n_rows = -(-n // max(1, int(inches[0] / _BOX)))
    n_columns = -(-n // n_rows)
    gap = np.array([0.38, 0.34]) / inches  # for tick labels, and for a title
    size = (1 - gap * (n_columns - 1, n_rows - 1)) / (n_columns, n_rows)
    places = []
    for i in range(n):
        row, column = divmod(i, n_columns)
        corner = (column * (size[0] + gap[0]), 1 - row * gap[1] - (row + 1) * size[1])
        places.append(((*corner, *size), column == 0, i + n_columns >= n))
    return places


def _legend_above_curves(ax: Axes) -> None:
    """Add a legend in one row above the curves, with room made for it."""
    low, high = ax.dataLim.intervaly
    span = (high - low) or 1.0
    ax.set_ylim(low - 0.05 * span, high + 0.2 * span)
    ax.legend(loc="upper center", ncols=2, columnspacing=1.2, handlelength=1.4)


def _input_name(x: np.ndarray) -> str:
    return "input" if x.shape[1] == 1 else "input, first column"
