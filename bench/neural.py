"""Neural curves: the outputs of freshly initialised networks, many at once.

NumPy, not torch: its batched product calls BLAS once a network, so the bits of a
curve do not depend on how many are computed together.
"""

from itertools import pairwise
from typing import Any, Literal, overload

import numpy as np
from scipy.special import erf, expit

from bench.errors import DatasetError, did_you_mean

CHUNK_SIZE = 32  # networks a pass: their activations stay in the second-level cache


def _relu(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.maximum(a, 0), (a > 0).astype(a.dtype)


def _tanh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    h = np.tanh(a)
    return h, 1 - h * h


def _sigmoid(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    h = expit(a)
    return h, h * (1 - h)


def _silu(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    s = expit(a)
    return a * s, s * (1 + a * (1 - s))


def _gelu(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    below = 0.5 * (1 + erf(a / 2**0.5))
    return a * below, below + a * np.exp(-0.5 * a * a) / (2 * np.pi) ** 0.5


# Each gives the activation and its derivative.
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
    chunk_size: int = ...,
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
    chunk_size: int = ...,
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
    chunk_size: int = CHUNK_SIZE,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Draw curves from multilayer perceptrons that were never trained.

    ``x (n_points, n_inputs) → [Linear → activation] × len(hidden) → Linear →
    (n_points, curves_per_net)``, with weights and biases uniform within
    ±1/sqrt(fan_in), which is the distribution of PyTorch's ``nn.Linear``. One row of
    parameters is drawn a network, so the first k curves of a larger draw are the
    smaller draw, whatever the chunk size.

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
        After each hidden layer.
    curves_per_net : int
        Outputs of a network; its curves share the hidden layers.
    gradients : bool, default=False
        Whether to return the exact Jacobian too.
    dtype : float64 or float32
        Of points, weights, arithmetic and result.
    chunk_size : int
        Networks computed together; it bounds the memory and changes no bit.

    Returns
    -------
    values : array of shape (n_curves, n_points)
    gradients : array of shape (n_curves, n_points, n_inputs), if asked for
    """
    x = np.asarray(x, dtype=dtype)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.size == 0:
        raise DatasetError(f"an x of shape {x.shape}; expected (n_points, n_inputs)")
    if activation not in ACTIVATIONS:
        raise DatasetError(
            f"unknown activation '{activation}'"
            f"{did_you_mean(activation, ACTIVATIONS)}. Known: {', '.join(ACTIVATIONS)}"
        )
    if min([curves_per_net, chunk_size, *hidden]) < 1 or n_curves < 0:
        raise DatasetError("widths, curves_per_net and chunk_size are at least 1")
    widths = [x.shape[1], *hidden, curves_per_net]
    n_nets = -(-n_curves // curves_per_net)
    values = np.empty((n_nets, curves_per_net, len(x)), dtype)
    shape = (n_nets, curves_per_net, *x.shape)
    slopes = np.empty(shape, dtype) if gradients else None
    columns = np.ascontiguousarray(x.T)
    for start in range(0, n_nets, chunk_size):
        rows = slice(start, min(start + chunk_size, n_nets))
        layers = _draw_layers(rng, rows.stop - rows.start, widths, dtype)
        values[rows], tangents = _forward(layers, columns, activation, gradients)
        if slopes is not None:
            for column, tangent in enumerate(tangents):
                slopes[rows, ..., column] = tangent
    flat = values.reshape(-1, len(x))[:n_curves]
    if slopes is None:
        return flat
    return flat, slopes.reshape(-1, *x.shape)[:n_curves]


Layer = tuple[np.ndarray, np.ndarray]


def _draw_layers(
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


def _forward(
    layers: list[Layer], columns: np.ndarray, activation: str, gradients: bool
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Carry points and, if asked for, one tangent an input through the layers.

    `columns` is (n_inputs, n_points); activations and tangents are (n_nets, width,
    n_points). Forward mode costs one more product a layer and input, and is exact.
    """
    (weight, bias), *rest = layers
    a = weight @ columns
    a += bias
    tangents = [weight[:, :, [j]] for j in range(len(columns))] if gradients else []
    for weight, bias in rest:
        if gradients:
            h, slope = ACTIVATIONS[activation](a)
            tangents = [weight @ (slope * tangent) for tangent in tangents]
        elif activation == "relu":
            h = np.maximum(a, 0, out=a)
        else:
            h = ACTIVATIONS[activation](a)[0]
        a = weight @ h
        a += bias
    return a, tangents
