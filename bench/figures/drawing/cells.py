"""Cells of a heat map: their colours, and letters that can be read on them."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, Normalize, to_rgb

from bench.figures.drawing.theme import (
    FAINT,
    ON_DARK,
    ON_LIGHT,
    SMALL,
    ClassifierStyle,
    plain,
)

_GAP = (0.02, 0.035)  # of a cell, between its edge and its colour
_LETTER = 0.63  # width of a digit as a share of the size of its font
_LINEAR = (0.2126, 0.7152, 0.0722)  # weights of red, green and blue (ITU-R BT.709)


def contrast(first: Any, second: Any) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2)."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Any) -> float:
    """Return the relative luminance of a colour, from 0 to 1 (WCAG 2)."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(np.dot(linear, _LINEAR))


def ink_on(colour: Any) -> str:
    """Return the letters' colour on a cell: of black and white the clearer one."""
    return max((ON_LIGHT, ON_DARK), key=lambda ink: contrast(ink, colour))


def font_of(texts: Sequence[str], width: float, largest: float = SMALL) -> float:
    """Return the size of letters, in points, with which texts fit a width in inches."""
    letters = max([1, *(len(text) for text in texts)])
    return min(largest, width * 72 * 0.92 / (_LETTER * letters))


def draw_cells(
    ax: Axes,
    values: np.ndarray,
    texts: np.ndarray,
    *,
    colours: Colormap,
    norm: Normalize,
    size: float,
    bold: np.ndarray | None = None,
    gids: Sequence[str | None] | None = None,
) -> None:
    """Draw cells from the top left; those without a value stay empty.

    Parameters
    ----------
    values : array of shape (n_rows, n_columns)
        Numbers, coloured by `colours` and `norm`; NaN for an empty cell.
    texts : array of str, shape (n_rows, n_columns)
    size
        Size of the letters in points.
    bold : array of bool, shape (n_rows, n_columns), optional
    gids
        The gid of the artists of each row.
    """
    n_rows, n_columns = values.shape
    for row in range(n_rows):
        gid = gids[row] if gids else None
        known = np.flatnonzero(np.isfinite(values[row]))
        # Cells of one colour follow each other, which an SVG draws as one.
        known = known[np.argsort(values[row, known], kind="stable")]
        left, right = known - 0.5 + _GAP[0], known + 0.5 - _GAP[0]
        top, low = (np.full(len(known), row + d * (0.5 - _GAP[1])) for d in (-1, 1))
        corners = [(left, top), (right, top), (right, low), (left, low)]
        boxes = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
        ax.add_collection(
            PolyCollection(
                list(boxes),
                facecolors=colours(norm(values[row, known])),
                edgecolors="none",
                gid=gid,
            )
        )
        for column in range(n_columns):
            if not texts[row, column]:
                continue
            value = values[row, column]
            known = np.isfinite(value)
            letters = ax.text(
                column,
                row,
                texts[row, column],
                color=ink_on(colours(norm(value))) if known else FAINT,
                fontsize=size,
                fontweight="bold" if bold is not None and bold[row, column] else None,
                ha="center",
                va="center",
                parse_math=False,
                linespacing=1.05,
                gid=gid,
            )
            letters.set_in_layout(False)  # it lies in the axes; measuring takes time
    ax.set_xlim(-0.5, n_columns - 0.5)
    ax.set_ylim(n_rows - 0.5, -0.5)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)


def name_columns(
    ax: Axes, names: Sequence[str], width: float, longest: int = 22
) -> None:
    """Write the names of columns above them, upright if a column is too narrow."""
    shown = [plain(name, longest) for name in names]
    fits = font_of(shown, width, 7.0) >= 6.0
    ax.set_xticks(range(len(names)), shown, rotation=0 if fits else 90)
    ax.tick_params(axis="x", top=False, labeltop=True, bottom=False, labelbottom=False)


def name_rows(
    ax: Axes,
    names: Sequence[str],
    looks: dict[str, ClassifierStyle] | Any = None,
    longest: int = 22,
) -> None:
    """Write the names of rows; those of highlighted classifiers have their marker."""
    ax.set_yticks(range(len(names)), [plain(name, longest) for name in names])
    if looks is None or not any(looks[name].is_highlighted for name in names):
        return
    ax.tick_params(axis="y", pad=11)
    for row, name in enumerate(names):
        if looks[name].is_highlighted:
            ax.plot(
                0,
                row,
                marker=looks[name].marker,
                color=looks[name].colour,
                markersize=4,
                transform=ax.get_yaxis_transform() + _left(ax, 6.5),
                clip_on=False,
            )


def _left(ax: Axes, points: float) -> Any:
    figure: Any = ax.get_figure(root=True)
    return mpl.transforms.ScaledTranslation(-points / 72, 0, figure.dpi_scale_trans)


def scale_of(colours: Colormap, norm: Normalize, n_steps: int = 12) -> ScalarMappable:
    """Return what a colour bar shows; in steps, since a page draws each as a shape."""
    return ScalarMappable(norm, colours.resampled(n_steps))
