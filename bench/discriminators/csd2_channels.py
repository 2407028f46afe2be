"""What CSD2 reads: a curve and its derivatives, each scaled by its size; quantiles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.curves import check_length
from bench.discriminators.savitzky_golay import difference_quotients, local_cubics

MAX_CELLS = 256  # cells of averaged points, a bound on the cost of a long curve
_LARGEST = 8.0  # a channel is cut to this multiple of its root mean square
_QUANTILES = 33  # of a curve, and of each of its differences
_TINY = 1e-12  # keeps logarithms and quotients of a constant curve finite


def points_on_a_line(x: Any, n_points: int) -> np.ndarray:
    """Return the input points in float64; equally spaced on [-1, 1] if x is None.

    Parameters
    ----------
    x : array of shape (n_points,) or (n_points, 1), or None

    Raises
    ------
    ValueError
        If there are several inputs, another number of points, or no two different
        points.
    """
    if x is None:
        return np.linspace(-1, 1, n_points)
    points = np.asarray(x, dtype=np.float64)
    if points.ndim == 2 and points.shape[1] > 1:
        raise ValueError(
            f"CSD2 reads functions of one input, found x of shape {points.shape} with "
            f"{points.shape[1]} inputs; use SD or CSD"
        )
    check_length(x, n_points)
    points = points.reshape(-1)
    if not np.isfinite(points).all():
        raise ValueError("x holds values that are not finite; expected finite numbers")
    if n_points > 1 and points.min() == points.max():
        raise ValueError(
            f"all {n_points} points of x are {points[0]}; expected at least two "
            "different points, since derivatives need them"
        )
    return points


class CurveChannels(nn.Module):
    """Channels and numbers that describe how smooth a curve is.

    ::

        curves (n_curves, n_channels, n_points) at increasing x
          ▼ more than 256 points: means over cells of ceil(n_points / 256) neighbours
        (n_curves, n_channels, n_cells)
          │ the first channel, each curve standardised                   → y
          │ matrices · y → two difference quotients; for each window of  ┐ divided by
          │   local cubics two derivatives and y minus the cubic         │ their RMS,
          │ the other channels                                           ┘ cut to ±8
          │ x on [-1, 1]
          ▼
        channels (n_curves, n_cells, n_out), points before channels
        numbers  (n_curves, n_numbers): log10 of each RMS and of the standard
          deviation, asinh of the mean

    Parameters
    ----------
    x : array of shape (n_points,), increasing
    n_channels
        Number of channels of the curves; those after the values are passed through.
    windows
        Shares of the cells that local cubics are fitted to: at least five cells, at
        least two more than the window before, and at most all cells.

    Attributes
    ----------
    n_cells, n_out, n_numbers : int

    The matrices are computed in float64 from x. They are not part of the state.
    """

    matrices: Tensor
    x: Tensor

    def __init__(
        self, *, x: np.ndarray, n_channels: int, windows: Sequence[float]
    ) -> None:
        super().__init__()
        self.cell = -(-len(x) // MAX_CELLS)
        cells = np.array(
            [x[i : i + self.cell].mean() for i in range(0, len(x), self.cell)]
        )
        if len(x) > 1:
            cells = 2 * (cells - x[0]) / (x[-1] - x[0]) - 1
        matrices = [*difference_quotients(cells)]
        for window in _widths(windows, len(cells)):
            smooth, first, second = local_cubics(cells, window)
            matrices += [first, second, np.eye(len(cells)) - smooth]
        self.n_cells = len(cells)
        self.n_out = 1 + len(matrices) + n_channels
        self.n_numbers = len(matrices) + n_channels + 1
        # (n_cells, n_cells · n_matrices): one product gives the channels of each cell
        # next to each other.
        table = np.stack(matrices).transpose(2, 1, 0).reshape(len(cells), -1)
        # `from_numpy` gives real tensors also under torch's "meta" device.
        for name, value in (("matrices", table), ("x", cells)):
            tensor = torch.from_numpy(value.astype(np.float32))
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, curves: Tensor) -> tuple[Tensor, Tensor]:
        """Return channels and numbers; the first channel is y."""
        if self.cell > 1:
            curves = functional.avg_pool1d(curves, self.cell, ceil_mode=True)
        # Divided by the largest value, so that no square overflows, whatever the unit.
        size = curves.detach().abs().amax(2).clamp(min=1e-30)
        curves = curves / size[..., None]
        mean = curves[:, 0].mean(1, keepdim=True)
        y = curves[:, 0] - mean
        # Twice, so that not even rounding is left of a constant curve.
        y = y - y.mean(1, keepdim=True)
        spread = (y.square().mean(1, keepdim=True) + _TINY).sqrt()
        y = y / spread
        features = (y @ self.matrices).unflatten(1, (self.n_cells, -1))
        features = torch.cat([features, curves[:, 1:].transpose(1, 2)], 2)
        rms = (features.square().mean(1) + _TINY).sqrt()
        scaled = (features / rms[:, None]).clamp(-_LARGEST, _LARGEST)
        x = self.x.expand(len(y), -1)
        channels = torch.cat([y[..., None], scaled, x[..., None]], 2)
        logs = torch.cat([rms, spread], 1).log10()
        # Undo the division: y's size, rolled to the end, belongs to the spread, those
        # of the other channels to their RMS; derivatives are of the standardised y.
        n_derived = logs.shape[1] - size.shape[1]
        logs = logs + functional.pad(size.roll(-1, 1).log10(), (n_derived, 0))
        numbers = torch.cat([logs, (mean * size[:, :1]).clamp(-1e18, 1e18).asinh()], 1)
        return channels, numbers


class ValueQuantiles(nn.Module):
    """Quantiles of a curve's values, and of its first and second differences.

    ::

        curves (n_curves, n_points)
          ▼ each standardised
        values, first differences, second differences, of neighbouring points
          ▼ each sorted; at most 33 of each, from the smallest to the largest
        quantiles (n_curves, n_numbers)

    They say how often a curve takes which value and how fast it changes, wherever that
    is, and of every point: an average over a cell would hide what is faster.

    Parameters
    ----------
    n_points
        Number of points, in the order of x; their gaps are not read.
    """

    def __init__(self, n_points: int) -> None:
        super().__init__()
        sizes = [n_points - order for order in range(3) if n_points > order]
        self.rows = [
            np.linspace(0, size - 1, min(_QUANTILES, size)).round().astype(int).tolist()
            for size in sizes
        ]
        self.n_numbers = sum(len(rows) for rows in self.rows)

    def forward(self, curves: Tensor) -> Tensor:
        """Return the quantiles, those of the values first."""
        y = curves / curves.detach().abs().amax(1, keepdim=True).clamp(min=1e-30)
        y = y - y.mean(1, keepdim=True)
        y = y - y.mean(1, keepdim=True)
        y = y / (y.square().mean(1, keepdim=True) + _TINY).sqrt()
        quantiles = [
            y.diff(n=order, dim=1).sort(1).values[:, rows]
            for order, rows in enumerate(self.rows)
        ]
        return torch.cat(quantiles, 1)


def _widths(windows: Sequence[float], n_cells: int) -> list[int]:
    """Convert shares to odd numbers of cells."""
    widths: list[int] = []
    for share in sorted(windows):
        odd = 2 * round((share * n_cells - 1) / 2) + 1
        least = widths[-1] + 2 if widths else 5
        widths.append(max(odd, least))
    return [min(width, n_cells) for width in widths]
