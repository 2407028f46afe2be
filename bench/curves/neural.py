"""Neural curves: the outputs of untrained networks, many stacked at a time.

NumPy, not torch: its batched product calls BLAS once for each network, so the bits of
a curve do not depend on how many networks are stacked.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal, overload

import numpy as np

from bench.base import DatasetError, did_you_mean
from bench.curves.arrays import Block, Layer, as_points, block_sizes, collect

CHUNK_BYTES = 2**19  # size of a layer's activations, which fit into a level-2 cache


def _relu(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _rectified(a), (a > 0).astype(a.dtype)


def _rectified(a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    # A row of zeros instead of a scalar, with which NumPy's maximum is not vectorised.
    h: np.ndarray = np.maximum(a, np.zeros(a.shape[-1], a.dtype), out=out)
    return h


def _tanh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    h = np.tanh(a)
    return h, 1 - h * h


def _special(name: str, a: np.ndarray) -> np.ndarray:
    """Apply a function of scipy.special, which takes longer to import than a plan."""
    from scipy import special

    h: np.ndarray = getattr(special, name)(a)
    return h


def _sigmoid(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    h = _special("expit", a)
    return h, h * (1 - h)


def _silu(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    s = _special("expit", a)
    return a * s, s * (1 + a * (1 - s))


def _gelu(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    below = 0.5 * (1 + _special("erf", a / 2**0.5))
    return a * below, below + a * np.exp(-0.5 * a * a) / (2 * np.pi) ** 0.5


# Each function returns the activation and its derivative. The names are those of
# `torch.nn.functional`, where `bench.curves.mimics.fits` looks the same functions up.
ACTIVATIONS = {
    "relu": _relu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "gelu": _gelu,
}


@overload
def sample_mlp(
    x: np.ndarray,
    n_curves: int,
    rng: np.random.Generator,
    hidden: tuple[int, ...] = ...,
    activation: str = ...,
    curves_per_net: int = ...,
    gradients: Literal[False] = ...,
    dtype: Any = ...,
) -> np.ndarray: ...
@overload
def sample_mlp(
    x: np.ndarray,
    n_curves: int,
    rng: np.random.Generator,
    hidden: tuple[int, ...] = ...,
    activation: str = ...,
    curves_per_net: int = ...,
    *,
    gradients: Literal[True],
    dtype: Any = ...,
) -> tuple[np.ndarray, np.ndarray]: ...
def sample_mlp(
    x: np.ndarray,
    n_curves: int,
    rng: np.random.Generator,
    hidden: tuple[int, ...] = (32, 32),
    activation: str = "relu",
    curves_per_net: int = 1,
    gradients: bool = False,
    dtype: Any = np.float64,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Draw curves from untrained multilayer perceptrons.

    ``x (n_points, n_inputs) → [Linear → activation] × len(hidden) → Linear →
    (n_points, curves_per_net)``, with weights and biases uniform within
    ±1/sqrt(fan_in), which is the distribution of PyTorch's ``nn.Linear``. Each network
    draws one row of parameters, so the first k curves of a larger draw are the smaller
    draw.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs) or (n_points,)
        The points, the same for every curve.
    n_curves : int
        Number of curves to draw.
    rng : numpy.random.Generator
        The generator of the parameters, which are drawn in `dtype`.
    hidden : tuple of int
        Widths of the hidden layers.
    activation : {"relu", "tanh", "sigmoid", "silu", "gelu"}
        Applied after each hidden layer.
    curves_per_net : int
        Number of outputs of each network; its curves share the hidden layers.
    gradients : bool, default=False
        Whether to return the exact gradients too.
    dtype : float64 or float32
        Type of the points, the weights, all arithmetic and the result.

    Returns
    -------
    values : array of shape (n_curves, n_points)
    gradients : array of shape (n_curves, n_points, n_inputs), if requested
    """
    x = as_points(x, dtype)
    blocks = stream_mlp(
        x, n_curves, rng, hidden, activation, curves_per_net, gradients, dtype
    )
    values, gradient_values = collect(blocks, n_curves, x, gradients, dtype)
    return values if gradient_values is None else (values, gradient_values)


def stream_mlp(
    x: np.ndarray,
    n_curves: int,
    rng: np.random.Generator,
    hidden: tuple[int, ...] = (32, 32),
    activation: str = "relu",
    curves_per_net: int = 1,
    gradients: bool = False,
    dtype: Any = np.float64,
    chunk_size: int | None = None,
) -> Iterator[Block]:
    """Yield the curves of `sample_mlp` in blocks, so that memory stays bounded.

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
    check_activation(activation)
    widths = [x.shape[1], *hidden, curves_per_net]
    if chunk_size is None:
        chunk_size = nets_per_block(widths, len(x), dtype)
    if min([curves_per_net, chunk_size, *hidden]) < 1 or n_curves < 0:
        raise DatasetError(
            f"found hidden = {tuple(hidden)}, curves_per_net = {curves_per_net}, "
            f"chunk_size = {chunk_size}, n_curves = {n_curves}; expected 1 or more of "
            "each, and n_curves of 0 or more"
        )
    columns = np.ascontiguousarray(x.T)
    for size in block_sizes(n_curves, chunk_size * curves_per_net):
        layers = draw_layers(rng, -(-size // curves_per_net), widths, dtype)
        outputs, derivatives = forward(layers, columns, activation, gradients)
        values = outputs.reshape(-1, len(x))[:size]
        if not gradients:
            yield values, None
            continue
        gradient_values = np.empty((*outputs.shape, len(columns)), dtype)
        for column, derivative in enumerate(derivatives):
            gradient_values[..., column] = derivative
        yield values, gradient_values.reshape(-1, *x.shape)[:size]


def check_activation(name: str) -> None:
    """Raise a DatasetError for an unknown activation."""
    if name not in ACTIVATIONS:
        raise DatasetError(
            f"unknown activation '{name}'{did_you_mean(name, ACTIVATIONS)}. Known: "
            f"{', '.join(ACTIVATIONS)}"
        )


def nets_per_block(widths: Sequence[int], n_points: int, dtype: Any) -> int:
    """Return the number of networks, at least one, whose activations fit a cache."""
    row: int = max(1, *widths) * n_points * np.dtype(dtype).itemsize
    return max(1, CHUNK_BYTES // row)


def draw_layers(
    rng: np.random.Generator, n_nets: int, widths: list[int], dtype: Any
) -> list[Layer]:
    """Draw weights (n_nets, out, in) and biases (n_nets, out, 1) of each layer."""
    pairs = list(pairwise(widths))
    size = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairs)
    parameters = rng.random((n_nets, size), dtype=dtype)
    parameters *= 2
    parameters -= 1
    layers = []
    start = 0
    for fan_in, fan_out in pairs:
        middle, stop = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
        parameters[:, start:stop] *= fan_in**-0.5
        layers.append(
            (
                parameters[:, start:middle].reshape(n_nets, fan_out, fan_in),
                parameters[:, middle:stop, None],
            )
        )
        start = stop
    return layers


def forward(
    layers: list[Layer], columns: np.ndarray, activation: str, with_gradients: bool
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Evaluate stacked networks and, if requested, their derivatives by each input.

    Forward-mode differentiation is exact, and costs one more product for each layer
    and input.

    Parameters
    ----------
    columns : array of shape (n_inputs, n_points)

    Returns
    -------
    outputs : array of shape (n_nets, n_outputs, n_points)
    derivatives : list of arrays of that shape
        One for each input; empty if not requested.
    """
    (weight, bias), *rest = layers
    # For one input the product by elements is the same; BLAS is slow at the product of
    # a column and a row.
    a = weight * columns if len(columns) == 1 else weight @ columns
    a += bias
    derivatives = []
    if with_gradients:
        derivatives = [weight[:, :, [j]] for j in range(len(columns))]
    for weight, bias in rest:
        if with_gradients:
            h, slope = ACTIVATIONS[activation](a)
            derivatives = [weight @ (slope * derivative) for derivative in derivatives]
        elif activation == "relu":
            h = _rectified(a, out=a)  # without gradients nothing else reads a
        else:
            h = ACTIVATIONS[activation](a)[0]
        a = weight @ h
        a += bias
    return a, derivatives
