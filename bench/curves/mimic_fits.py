"""Fitting networks to curves, many side by side: the part of a mimic pool for torch."""

from collections.abc import Callable, Sequence
from math import cos, pi

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.curves.arrays import Layer

CHUNK = 128  # networks side by side: what they hold stays in a processor's cache


def fit_nets(
    x: np.ndarray,
    targets: np.ndarray,
    layers: Sequence[Layer],
    activation: str,
    steps: int,
    lr: float,
) -> list[Layer]:
    """Fit to each curve a network of its own, all points in each step.

    ``x (n_points, n_inputs) → [Linear → activation] × len(hidden) → Linear``; the mean
    squared error on the points, Adam, its rate falling from `lr` to 0 along half a
    cosine. No network sees another. On one thread, so that the bits are the same
    again on the same machine and versions.

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
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fitted = []
        for start in range(0, len(targets), CHUNK):
            rows = slice(start, start + CHUNK)
            own = [(weight[rows], bias[rows]) for weight, bias in layers]
            chosen = getattr(functional, activation)
            fitted.append(_fit_chunk(x, targets[rows], own, chosen, steps, lr))
    finally:
        torch.set_num_threads(before)
    return [
        (np.concatenate([w for w, _ in parts]), np.concatenate([b for _, b in parts]))
        for parts in zip(*fitted, strict=True)
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
    wanted = torch.tensor(targets, dtype=torch.float32)[:, None]
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
        # The same products; a batched one of a column and a row is slow.
        a = weight * columns if len(columns) == 1 else weight @ columns
        a = a + bias
        for weight, bias in pairs[1:]:
            a = torch.baddbmm(bias, weight, activation(a))
        # The sum over networks of each one's mean: a gradient is its own alone.
        loss = (a - wanted).square().sum() / wanted.shape[-1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [(weight.detach().numpy(), bias.detach().numpy()) for weight, bias in pairs]
