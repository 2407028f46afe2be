"""Wild neural curves: networks with random weights as large as those of trained ones.

The weights of an untrained network are small, so its curves are flatter than any curve
that a network would be trained to fit. Wild curves bend as much as trained ones.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal, overload

import numpy as np

from bench.base import DatasetError, split
from bench.curves.arrays import Block, Layer, as_points, block_sizes, collect
from bench.curves.neural import check_activation, forward, nets_per_block
from bench.suite import FOUR

GAIN = (-0.3, 0.5)  # log10 of the first layer's gain is uniform in this interval
_BIAS = 0.5  # standard deviation of the biases of the layers between first and last


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
    """Draw curves from networks with large random weights, one network for each curve.

    ``x (n_points, n_inputs) → [Linear → activation] × len(hidden) → Linear →
    (n_points, 1)``. A network has one activation; all of `activations` are equally
    likely. Weights and biases of the first layer are N(0, g²) with g = 10^U(-0.3, 0.5),
    one g for each network. Weights and biases of the next layers are N(0, 2 / fan_in)
    and N(0, 0.25). The weights of the last layer are N(0, 1 / fan_in), and it has no
    bias. (The second parameter of N is the variance.) The first k curves of a larger
    draw are the smaller draw.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs) or (n_points,)
        The points, the same for every curve.
    n_curves : int
        Number of curves to draw.
    rng : numpy.random.Generator
        The generator; it advances by an amount that does not depend on `n_curves`.
    hidden : tuple of int
        Widths of the hidden layers, at least one.
    activations : sequence of str
        Names in `bench.curves.neural.ACTIVATIONS`.
    gradients : bool, default=False
        Whether to return the exact gradients too.
    dtype : float64 or float32
        Type of the points, the weights, all arithmetic and the result.

    Returns
    -------
    values : array of shape (n_curves, n_points)
    gradients : array of shape (n_curves, n_points, n_inputs), if requested

    Raises
    ------
    DatasetError
        If there is no hidden layer, no activation, or an unknown one.
    """
    x = as_points(x, dtype)
    blocks = stream_wild(x, n_curves, rng, hidden, activations, gradients, dtype)
    values, gradient_values = collect(blocks, n_curves, x, gradients, dtype)
    return values if gradient_values is None else (values, gradient_values)


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
    """Yield the curves of `sample_wild` in blocks, so that memory stays bounded.

    Parameters
    ----------
    chunk_size : int, optional
        Number of networks of a block, by default as many as fit into a processor's
        cache. It does not change the curves.

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
            f"found activations = {list(activations)}, hidden = {tuple(hidden)}, "
            f"n_curves = {n_curves}; expected at least one activation, at least one "
            "hidden layer of one unit, and n_curves of 0 or more"
        )
    widths = [x.shape[1], *hidden, 1]
    if chunk_size is None:
        chunk_size = nets_per_block(widths, len(x), dtype)
    # The last layer has one output and no bias, hence one parameter less.
    n_parameters = sum((a + 1) * b for a, b in pairwise(widths)) - 1
    columns = np.ascontiguousarray(x.T)
    # A stream for each quantity, so that blocks of any size draw the same numbers.
    picks, gains, normal = split(rng, 3)
    for size in block_sizes(n_curves, chunk_size):
        picked = picks.integers(len(activations), size=size)
        gain = 10 ** gains.uniform(*GAIN, size=size)
        parameters = normal.standard_normal((size, n_parameters), dtype=dtype)
        values = np.empty((size, len(x)), dtype)
        gradient_values = np.empty((size, *x.shape), dtype) if gradients else None
        for number, name in enumerate(activations):
            rows = np.flatnonzero(picked == number)
            if not rows.size:
                continue
            layers = _scaled_layers(parameters[rows], gain[rows], widths)
            outputs, derivatives = forward(layers, columns, name, gradients)
            values[rows] = outputs[:, 0]
            if gradient_values is not None:
                for column, derivative in enumerate(derivatives):
                    gradient_values[rows, :, column] = derivative[:, 0]
        yield values, gradient_values


def _scaled_layers(
    parameters: np.ndarray, gain: np.ndarray, widths: list[int]
) -> list[Layer]:
    """Scale standard normal parameters (n_nets, n_parameters) to weights of layers."""
    layers = []
    start, last = 0, len(widths) - 2
    for depth, (fan_in, fan_out) in enumerate(pairwise(widths)):
        stop = start + fan_in * fan_out
        weight = parameters[:, start:stop].reshape(-1, fan_out, fan_in)
        bias = parameters[:, stop : stop + fan_out, None]
        start = stop + fan_out
        if depth == 0:
            g = gain.astype(parameters.dtype)[:, None, None]
            weight, bias = g * weight, g * bias
        elif depth < last:
            weight, bias = weight * (2 / fan_in) ** 0.5, bias * _BIAS
        else:
            weight = weight * fan_in**-0.5
            bias = np.zeros((len(parameters), fan_out, 1), parameters.dtype)
        layers.append((weight, bias))
    return layers
