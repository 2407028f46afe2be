"""Wild neural curves: networks of random weights, as large as trained ones have.

An untrained network's weights are small, and its curves are flatter than anything that
a network would be trained for. These bend as trained ones do.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal, overload

import numpy as np

from bench.base import DatasetError, split
from bench.curves.arrays import Block, Layer, as_points, block_sizes, collect
from bench.curves.neural import check_activation, forward, nets_per_block
from bench.suite import FOUR

GAIN = (-0.3, 0.5)  # of the first layer: 10 to a power, uniform in this interval
_BIAS = 0.5  # standard deviation within


@overload
def sample_wild(
    x: np.ndarray,
    n_curves: int,
    rng: np.random.Generator,
    hidden: tuple[int, ...] = ...,
    activations: Sequence[str] = ...,
    gradients: Literal[False] = ...,
    dtype: Any = ...,
) -> np.ndarray: ...
@overload
def sample_wild(
    x: np.ndarray,
    n_curves: int,
    rng: np.random.Generator,
    hidden: tuple[int, ...] = ...,
    activations: Sequence[str] = ...,
    *,
    gradients: Literal[True],
    dtype: Any = ...,
) -> tuple[np.ndarray, np.ndarray]: ...
def sample_wild(
    x: np.ndarray,
    n_curves: int,
    rng: np.random.Generator,
    hidden: tuple[int, ...] = (32, 32),
    activations: Sequence[str] = FOUR,
    gradients: bool = False,
    dtype: Any = np.float64,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Draw curves from networks with random weights of all sizes, a network a curve.

    ``x (n_points, n_inputs) → [Linear → activation] × len(hidden) → Linear →
    (n_points, 1)``. A network has one activation, any of `activations` alike. Weights
    and biases of its first layer are N(0, g²) with g = 10^U(-0.3, 0.5), one g a
    network; those of layers within N(0, 2 / fan_in) and N(0, 0.25); the last layer's
    weights N(0, 1 / fan_in), without bias (second parameters are variances). The first
    k curves of a larger draw are the smaller draw.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs) or (n_points,)
        The points, the same for every curve.
    n_curves : int
        Curves to draw.
    rng : numpy.random.Generator
        Advanced by a fixed amount, whatever `n_curves` is.
    hidden : tuple of int
        Widths of the hidden layers, one at least.
    activations : sequence of str
        Names in `bench.curves.neural.ACTIVATIONS`.
    gradients : bool, default=False
        Whether to return the exact derivatives too.
    dtype : float64 or float32
        Type of the points, the weights, all arithmetic and the result.

    Returns
    -------
    values : array of shape (n_curves, n_points)
    gradients : array of shape (n_curves, n_points, n_inputs), if asked for

    Raises
    ------
    DatasetError
        Without a hidden layer or an activation, or with one that is not known.
    """
    x = as_points(x, dtype)
    blocks = stream_wild(x, n_curves, rng, hidden, activations, gradients, dtype)
    values, slopes = collect(blocks, n_curves, x, gradients, dtype)
    return values if slopes is None else (values, slopes)


def stream_wild(
    x: np.ndarray,
    n_curves: int,
    rng: np.random.Generator,
    hidden: tuple[int, ...] = (32, 32),
    activations: Sequence[str] = FOUR,
    gradients: bool = False,
    dtype: Any = np.float64,
    chunk_size: int | None = None,
) -> Iterator[Block]:
    """Yield what `sample_wild` draws in blocks; memory does not grow with `n_curves`.

    Parameters
    ----------
    chunk_size : int, optional
        Networks a block, by default as many as fit a processor's cache; it changes
        no bit.

    Yields
    ------
    values : array of shape (n, n_points)
    gradients : array of shape (n, n_points, n_inputs), or None
    """
    x = as_points(x, dtype)
    for name in activations:
        check_activation(name)
    if min(len(activations), len(hidden), *hidden) < 1 or n_curves < 0:
        raise DatasetError(
            "expected one activation and one hidden layer of one unit at least"
        )
    widths = [x.shape[1], *hidden, 1]
    if chunk_size is None:
        chunk_size = nets_per_block(widths, len(x), dtype)
    n_parameters = sum((a + 1) * b for a, b in pairwise(widths)) - 1
    columns = np.ascontiguousarray(x.T)
    picks, gains, normal = split(rng, 3)
    for size in block_sizes(n_curves, chunk_size):
        which = picks.integers(len(activations), size=size)
        gain = 10 ** gains.uniform(*GAIN, size=size)
        drawn = normal.standard_normal((size, n_parameters), dtype=dtype)
        values = np.empty((size, len(x)), dtype)
        slopes = np.empty((size, *x.shape), dtype) if gradients else None
        for number, name in enumerate(activations):
            mine = np.flatnonzero(which == number)
            if not mine.size:
                continue
            layers = _layers(drawn[mine], gain[mine], widths)
            found, tangents = forward(layers, columns, name, gradients)
            values[mine] = found[:, 0]
            if slopes is not None:
                for column, tangent in enumerate(tangents):
                    slopes[mine, :, column] = tangent[:, 0]
        yield values, slopes


def _layers(drawn: np.ndarray, gain: np.ndarray, widths: list[int]) -> list[Layer]:
    """Scale standard normal parameters to those of wild networks."""
    layers = []
    start, last = 0, len(widths) - 2
    for depth, (fan_in, fan_out) in enumerate(pairwise(widths)):
        stop = start + fan_in * fan_out
        weight = drawn[:, start:stop].reshape(-1, fan_out, fan_in)
        bias = drawn[:, stop : stop + fan_out, None]
        start = stop + fan_out
        if depth == 0:
            g = gain.astype(drawn.dtype)[:, None, None]
            weight, bias = g * weight, g * bias
        elif depth < last:
            weight, bias = weight * (2 / fan_in) ** 0.5, bias * _BIAS
        else:
            weight = weight * fan_in**-0.5
            bias = np.zeros((len(drawn), fan_out, 1), drawn.dtype)
        layers.append((weight, bias))
    return layers
