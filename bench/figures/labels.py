"""Names beside points, placed where they overlap nothing.

Written by hand, since adjustText leaves names that overlap in crowded figures, and
places them once, before the layout of the figure is final.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

_ANGLES = np.deg2rad([0, 180, 90, 270, 30, 330, 150, 210, 60, 300, 120, 240])
# Points, from a point to the edge of its name; the far ones are for many at one place.
_RADII = (3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 36.0, 45.0, 60.0, 75.0, 90.0, 110.0, 130.0)
_NEAR = 7.0  # farther than this, a line leads from the point to its name
_MARKER = 3.0  # half the width of a point's marker, in points
# Text is never cut or written over where there is another place; the rest is taste.
_OUTSIDE, _ON_TEXT, _ON_POINT, _ON_LINE = 40000.0, 20000.0, 600.0, 60.0


class PointLabels(Artist):
    """Names beside points.

    They are placed when they are drawn, since only then is the size of the axes known:
    a title, a neighbour, another resolution or file format moves everything.

    Parameters
    ----------
    names : sequence of str
    points : array of shape (n_names, 2)
        In data coordinates.
    lines : sequence of arrays of shape (n, 2)
        Polylines in data coordinates, better not written upon.
    size
        Of the letters, in points.
    colour
        Of the letters.

    Attributes
    ----------
    texts : list of Text
        In the order of `names`, where they were drawn last (in pixels).
    """

    def __init__(
        self,
        names: Sequence[str],
        points: np.ndarray,
        *,
        lines: Sequence[np.ndarray] = (),
        size: float,
        colour: str,
    ) -> None:
        super().__init__()
        self.points = np.asarray(points, dtype=float).reshape(-1, 2)
        self.lines = list(lines)
        self.texts = [
            Text(0, 0, name, fontsize=size, color=colour, va="center", ha="center")
            for name in names
        ]
        self.set_in_layout(False)  # they lie within their axes
        self.set_zorder(4)

    def add_to(self, ax: Axes) -> None:
        """Join axes."""
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
            self._draw_one(renderer, self.texts[i], points[i], box, unit)

    def _draw_one(
        self, renderer: Any, text: Text, point: np.ndarray, box: np.ndarray, unit: float
    ) -> None:
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
    """Order points by their distance to the nearest other: those have least choice."""
    gaps = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(gaps, np.inf)
    return [int(i) for i in np.argsort(gaps.min(1), kind="stable")]


def _candidates(
    point: np.ndarray, size: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (n, 4) around a point, the favourite first, and what each costs."""
    radii, angles = np.meshgrid(np.array(_RADII) * unit, _ANGLES, indexing="ij")
    way = np.stack([np.cos(angles.ravel()), np.sin(angles.ravel())], 1)
    centres = point + way * (radii.reshape(-1, 1) + size / 2)
    costs = 4 * radii.ravel() / unit + np.tile(np.arange(len(_ANGLES)), len(_RADII))
    return np.hstack([centres - size / 2, centres + size / 2]), costs


def _shares(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return what share of each box (n, 4) each other (m, 4) covers: (n, m)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    covered = np.prod(np.clip(high - low, 0, None), axis=2)
    area: np.ndarray = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)[:, None]
    shares: np.ndarray = covered / area
    return shares


def _dots(line: np.ndarray, unit: float) -> np.ndarray:
    """Return small boxes (n, 4) along a polyline (n, 2) in pixels."""
    if len(line) < 2:
        return np.empty((0, 4))
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, along[-1], min(int(along[-1] / (2 * unit)) + 2, 500))
    dots = np.column_stack([np.interp(at, along, line[:, i]) for i in (0, 1)])
    return np.hstack([dots - unit, dots + unit])
