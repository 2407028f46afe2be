"""Fitting stacked networks to curves with torch, for mimic pools."""

from collections.abc import Callable, Sequence
from math import cos, pi

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.curves.arrays import Layer

CHUNK = 128  # stacked networks: their activations fit into a processor's cache


def fit_nets(
    x: np.ndarray,
    targets: np.ndarray,
    layers: Sequence[Layer],
    activation: str,
    steps: int,
    lr: float,
) -> list[Layer]:
    """Fit one network to each curve.

    ``x (n_points, n_inputs) → [Linear → activation] × len(hidden) → Linear``. Each
    network minimises the mean squared error over all points by Adam, whose learning
    rate falls from `lr` to 0 along half a cosine. Networks are independent of each
    other. One thread is used, so that the same machine and versions give the same bits.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
    targets : array of shape (n_nets, n_points)
    layers
        Initial weights (n_nets, out, in) and biases (n_nets, out, 1) of each layer, as
        `bench.curves.neural.draw_layers` gives them. They and all arithmetic are
        float32.
    activation : str
        The activation of every network: a name in `bench.curves.neural.ACTIVATIONS`.

    Returns
    -------
    list of (weights, biases)
        Like `layers`, float32.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fitted = []
        for start in range(0, len(targets), CHUNK):
            rows = slice(start, start + CHUNK)
            initial = [(weight[rows], bias[rows]) for weight, bias in layers]
            function = getattr(functional, activation)
            fitted.append(_fit_chunk(x, targets[rows], initial, function, steps, lr))
    finally:
        torch.set_num_threads(n_threads)
    return [
        (np.concatenate([w for w, _ in chunks]), np.concatenate([b for _, b in chunks]))
        for chunks in zip(*fitted, strict=True)
    ]


def _fit_chunk(
    x: np.ndarray,
    targets: np.ndarray,
    layers: Sequence[Layer],
    activation: Callable[[Tensor], Tensor],
    steps: int,
    lr: float,
) -> list[Layer]:
    columns = torch.tensor(x.T, dtype=torch.float32).contiguous()
    curves = torch.tensor(targets, dtype=torch.float32)[:, None]
    parameters = [
        torch.tensor(array, dtype=torch.float32, requires_grad=True)
        for layer in layers
        for array in layer
    ]
    pairs = list(zip(parameters[::2], parameters[1::2], strict=True))
    optimizer = torch.optim.Adam(parameters, lr=lr, fused=True)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = lr * (1 + cos(pi * step / steps)) / 2
        weight, bias = pairs[0]
        # For one input the product by elements is the same; a batched matrix product
        # of a column and a row is slow.
        a = weight * columns if len(columns) == 1 else weight @ columns
        a = a + bias
        for weight, bias in pairs[1:]:
            a = torch.baddbmm(bias, weight, activation(a))
        # The sum, not the mean, over networks: a network's gradient then does not
        # depend on how many are stacked.
        loss = (a - curves).square().sum() / curves.shape[-1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [(weight.detach().numpy(), bias.detach().numpy()) for weight, bias in pairs]
