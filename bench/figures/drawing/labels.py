"""Names beside points and at the ends of lines, placed so that they do not overlap.

Written by hand: adjustText leaves overlapping names in crowded figures, and it places
names once, before the layout of the figure is final.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

_ANGLES = np.deg2rad([0, 180, 90, 270, 30, 330, 150, 210, 60, 300, 120, 240])
# Distances, in points, from a point to the edge of its name. The large ones are needed
# where many points lie at one place.
_RADII = (3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 36.0, 45.0, 60.0, 75.0, 90.0, 110.0, 130.0)
_NEAR = 7.0  # points: from a larger distance, a line leads to the name
_MARKER = 3.0  # half the width of a point's marker, in points
# Costs of a name that lies fully outside the axes, on another name, on a point, on a
# line. The first two are so large that any other place is preferred.
_OUTSIDE, _ON_TEXT, _ON_POINT, _ON_LINE = 40000.0, 20000.0, 600.0, 60.0


@dataclass(frozen=True)
class EndLabel:
    """The name of a line, for the right of its axes.

    Attributes
    ----------
    text
        The name, as it is drawn.
    end
        The last point of the line in data coordinates; None without a line.
    colour, gid
        Of the letters.
    """

    text: str
    end: tuple[float, float] | None
    colour: str
    gid: str | None = None


def label_ends(ax: Axes, labels: Sequence[EndLabel], size: float = 6.5) -> None:
    """Write names to the right of axes, at the heights of their lines or near them.

    Names that would overlap are moved apart, as little as possible, and a thin line
    leads from each to the end of its line. Those without a line stand at the bottom.
    Call it when the limits of the axes are final.
    """
    if not labels:
        return
    figure: Any = ax.get_figure(root=True)
    spot = ax.get_subplotspec()
    n_rows = 1 if spot is None else spot.get_gridspec().nrows
    # Titles, tick labels and the axis' label take the rest of the height.
    inches = max(0.5, figure.get_size_inches()[1] / n_rows - 0.8)
    size = min(size, inches * 72 / (1.2 * len(labels)))
    step = 1.2 * size / 72 / inches
    # Those without a line are wanted below all others.
    ends = [_fraction(ax, label.end) if label.end else None for label in labels]
    wanted = np.array([np.clip(end[1], 0, 1) if end else -1.0 for end in ends])
    order = np.argsort(wanted, kind="stable")
    heights = np.empty(len(labels))
    heights[order] = _apart(wanted[order], step)
    for label, end, height in zip(labels, ends, heights, strict=True):
        ax.text(
            1.03,
            height,
            label.text,
            transform=ax.transAxes,
            va="center",
            fontsize=size,
            color=label.colour,
            gid=label.gid,
        )
        if end:
            x, y = end
            ax.plot(
                [x, 1.0, 1.025] if x < 0.99 else [x, 1.025],
                [y, y, height] if x < 0.99 else [y, height],
                transform=ax.transAxes,
                color=label.colour,
                linewidth=0.4,
                alpha=0.7,
                clip_on=False,
                gid=label.gid,
            )


def _fraction(ax: Axes, point: tuple[float, float]) -> tuple[float, float]:
    """Return a point's place in axes with limits, from 0 to 1."""
    scaled = ax.transScale.transform(point)
    x, y = ax.transLimits.transform(scaled)
    return float(x), float(y)


def _apart(wanted: np.ndarray, step: float) -> np.ndarray:
    """Move ascending heights apart by `step`, by the least squares of moves.

    With h = step, the heights z_i + i h do not decrease by less than h exactly if z
    does not decrease: an isotonic regression of wanted_i - i h.
    """
    from scipy.optimize import isotonic_regression  # late: it takes a while to import

    shifts = step * np.arange(len(wanted))
    # The last may not stand above the axes, nor the first below.
    moved = np.clip(wanted - shifts, 0.0, max(0.0, 1.0 - shifts[-1]))
    heights: np.ndarray = isotonic_regression(moved).x + shifts
    return heights


class PointLabels(Artist):
    """Artist that writes names beside points.

    Names are placed each time the figure is drawn, since the size of the axes is not
    known before: titles, neighbours, resolution and file format change it.

    Parameters
    ----------
    names : sequence of str
    points : array of shape (n_names, 2)
        Positions in data coordinates.
    lines : sequence of arrays of shape (n, 2)
        Polylines in data coordinates, which names should avoid.
    size
        Size of the letters, in points.
    colour
        Colour of the letters.
    colours, gids
        The colour, if not `colour`, and the gid of each name.

    Attributes
    ----------
    texts : list of Text
        In the order of `names`, at the pixel positions where they were drawn last.
    """

    def __init__(
        self,
        names: Sequence[str],
        points: np.ndarray,
        *,
        lines: Sequence[np.ndarray] = (),
        size: float,
        colour: str,
        colours: Sequence[str] | None = None,
        gids: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.points = np.asarray(points, dtype=float).reshape(-1, 2)
        self.lines = list(lines)
        self.texts = [
            Text(0, 0, name, fontsize=size, color=ink, va="center", ha="center")
            for name, ink in zip(names, colours or [colour] * len(names), strict=True)
        ]
        for text, gid in zip(self.texts, gids or [], strict=bool(gids)):
            text.set_gid(gid)
        self.set_in_layout(False)  # they lie within their axes
        self.set_zorder(4)

    def add_to(self, ax: Axes) -> None:
        """Add the names to axes."""
        ax.add_artist(self)
        for text in self.texts:
            text.set_figure(ax.figure)
            text.set_transform(IdentityTransform())

    def draw(self, renderer: Any) -> None:
        """Place the names, then draw them."""
        ax = self.axes
        if ax is None or not self.get_visible() or not self.texts:
            return
        unit = renderer.points_to_pixels(1.0)
        points = ax.transData.transform(self.points)
        sizes = [_size(text, renderer) + unit for text in self.texts]
        marks = np.column_stack([points - _MARKER * unit, points + _MARKER * unit])
        strokes = [_dots(ax.transData.transform(line), unit) for line in self.lines]
        dots = np.concatenate([np.empty((0, 4)), *strokes])
        frame = np.array([ax.get_window_extent(renderer).extents])
        placed = np.empty((0, 4))
        for i in _crowded_first(points):
            boxes, costs = _candidates(points[i], sizes[i], unit)
            costs = costs + _OUTSIDE * (1 - _shares(boxes, frame)[:, 0])
            costs += _ON_TEXT * _shares(boxes, placed).sum(1)
            costs += _ON_POINT * _shares(boxes, marks).sum(1)
            costs += _ON_LINE * _shares(boxes, dots).sum(1)
            box = boxes[costs.argmin()]
            placed = np.vstack([placed, box])
            self._draw_name(renderer, self.texts[i], points[i], box, unit)

    def _draw_name(
        self, renderer: Any, text: Text, point: np.ndarray, box: np.ndarray, unit: float
    ) -> None:
        """Draw a name in its box, with a line to its point if that is far."""
        nearest = np.clip(point, box[:2], box[2:])
        if np.hypot(*(nearest - point)) > _NEAR * unit:
            line = Line2D(*np.transpose([point, nearest]), color="0.6", linewidth=0.5)
            line.set_figure(self.get_figure())  # type: ignore[arg-type]
            line.draw(renderer)
        text.set_position(tuple((box[:2] + box[2:]) / 2))
        text.draw(renderer)


def _size(text: Text, renderer: Any) -> np.ndarray:
    extent = text.get_window_extent(renderer)
    return np.array([extent.width, extent.height])


def _crowded_first(points: np.ndarray) -> list[int]:
    """Order points by the distance to their nearest neighbour, the closest first.

    Crowded points have the fewest places for a name, so they choose first.
    """
    gaps = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(gaps, np.inf)
    return [int(i) for i in np.argsort(gaps.min(1), kind="stable")]


def _candidates(
    point: np.ndarray, size: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (n, 4) around a point, the preferred first, and their costs (n,)."""
    radii, angles = np.meshgrid(np.array(_RADII) * unit, _ANGLES, indexing="ij")
    directions = np.stack([np.cos(angles.ravel()), np.sin(angles.ravel())], 1)
    centres = point + directions * (radii.reshape(-1, 1) + size / 2)
    costs = 4 * radii.ravel() / unit + np.tile(np.arange(len(_ANGLES)), len(_RADII))
    return np.hstack([centres - size / 2, centres + size / 2]), costs


def _shares(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the share of each box (n, 4) that each other box (m, 4) covers: (n, m)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    covered = np.prod(np.clip(high - low, 0, None), axis=2)
    area: np.ndarray = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)[:, None]
    shares: np.ndarray = covered / area
    return shares


def _dots(line: np.ndarray, unit: float) -> np.ndarray:
    """Return small boxes (m, 4) along a polyline (n, 2) in pixels."""
    if len(line) < 2:
        return np.empty((0, 4))
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    n_dots = min(int(along[-1] / (2 * unit)) + 2, 500)
    positions = np.linspace(0, along[-1], n_dots)
    dots = np.column_stack([np.interp(positions, along, line[:, i]) for i in (0, 1)])
    return np.hstack([dots - unit, dots + unit])
