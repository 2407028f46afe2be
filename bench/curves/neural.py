"""Neural curves: the outputs of freshly initialised networks, many at once.

NumPy, not torch: its batched product calls BLAS once a network, so the bits of a
curve do not depend on how many are computed together.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, Literal, overload

import numpy as np

from bench.base import DatasetError, did_you_mean
from bench.curves.arrays import Block, Layer, as_points, block_sizes, collect

CHUNK_BYTES = 2**19  # of a layer's activations: they stay in a second-level cache


def _relu(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _rectified(a), (a > 0).astype(a.dtype)


def _rectified(a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    # Against a row of zeros: NumPy takes one number at a time where that is a scalar.
    h: np.ndarray = np.maximum(a, np.zeros(a.shape[-1], a.dtype), out=out)
    return h


def _tanh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    h = np.tanh(a)
    return h, 1 - h * h


def _special(name: str, a: np.ndarray) -> np.ndarray:
    """Apply a function of scipy, whose import takes longer than a plan."""
    h: np.ndarray = getattr(import_module("scipy.special"), name)(a)
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


# Each gives the activation and its derivative. The names are those of
# `torch.nn.functional`, where `bench.curves.mimic_fits` finds the same functions.
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
    """Draw curves from multilayer perceptrons that were never trained.

    ``x (n_points, n_inputs) → [Linear → activation] × len(hidden) → Linear →
    (n_points, curves_per_net)``, with weights and biases uniform within
    ±1/sqrt(fan_in), which is the distribution of PyTorch's ``nn.Linear``. One row of
    parameters is drawn a network, so the first k curves of a larger draw are the
    smaller draw.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs) or (n_points,)
        The points, the same for every curve.
    n_curves : int
        Curves to draw.
    rng : numpy.random.Generator
        Gives the parameters, in `dtype`.
    hidden : tuple of int
        Widths of the hidden layers.
    activation : {"relu", "tanh", "sigmoid", "silu", "gelu"}
        Applied after each hidden layer.
    curves_per_net : int
        Outputs of each network; its curves share the hidden layers.
    gradients : bool, default=False
        Whether to return the exact Jacobian too.
    dtype : float64 or float32
        Type of the points, the weights, all arithmetic and the result.

    Returns
    -------
    values : array of shape (n_curves, n_points)
    gradients : array of shape (n_curves, n_points, n_inputs), if asked for
    """
    x = as_points(x, dtype)
    blocks = stream_mlp(
        x, n_curves, rng, hidden, activation, curves_per_net, gradients, dtype
    )
    values, slopes = collect(blocks, n_curves, x, gradients, dtype)
    return values if slopes is None else (values, slopes)


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
    """Yield what `sample_mlp` draws in blocks; memory does not grow with `n_curves`.

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
    check_activation(activation)
    widths = [x.shape[1], *hidden, curves_per_net]
    if chunk_size is None:
        chunk_size = nets_per_block(widths, len(x), dtype)
    if min([curves_per_net, chunk_size, *hidden]) < 1 or n_curves < 0:
        raise DatasetError("widths, curves_per_net and chunk_size are at least 1")
    columns = np.ascontiguousarray(x.T)
    for size in block_sizes(n_curves, chunk_size * curves_per_net):
        layers = draw_layers(rng, -(-size // curves_per_net), widths, dtype)
        values, tangents = forward(layers, columns, activation, gradients)
        flat = values.reshape(-1, len(x))[:size]
        if not gradients:
            yield flat, None
            continue
        slopes = np.empty((*values.shape, len(columns)), dtype)
        for column, tangent in enumerate(tangents):
            slopes[..., column] = tangent
        yield flat, slopes.reshape(-1, *x.shape)[:size]


def check_activation(name: str) -> None:
    """Raise a DatasetError for an activation that is not known."""
    if name not in ACTIVATIONS:
        raise DatasetError(
            f"unknown activation '{name}'{did_you_mean(name, ACTIVATIONS)}. Known: "
            f"{', '.join(ACTIVATIONS)}"
        )


def nets_per_block(widths: Sequence[int], n_points: int, dtype: Any) -> int:
    """Return how many networks' activations fit a processor's cache, at least one."""
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
    layers: list[Layer], columns: np.ndarray, activation: str, gradients: bool
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Carry points and, if asked for, one tangent an input through the layers.

    `columns` is (n_inputs, n_points); activations and tangents are (n_nets, width,
    n_points). Forward mode costs one more product a layer and input, and is exact.
    """
    (weight, bias), *rest = layers
    # The same products; one of a column and a row is slow in BLAS.
    a = weight * columns if len(columns) == 1 else weight @ columns
    a += bias
    tangents = [weight[:, :, [j]] for j in range(len(columns))] if gradients else []
    for weight, bias in rest:
        if gradients:
            h, slope = ACTIVATIONS[activation](a)
            tangents = [weight @ (slope * tangent) for tangent in tangents]
        elif activation == "relu":
            h = _rectified(a, out=a)
        else:
            h = ACTIVATIONS[activation](a)[0]
        a = weight @ h
        a += bias
    return a, tangents
