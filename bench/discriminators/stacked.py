"""Stacked networks: several of one architecture in one module, by a leading axis."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.discriminators.nets import CSD, SD
from bench.discriminators.stacked_convolutions import CachedConvolutions


class StackedSD(nn.Module):
    """Stacked symbolic discriminators, which are independent of each other.

    ::

        X (n_nets, n_curves, n_channels · n_points)
          │ embed  one network after the other: the activations of one,
          │        (64, n_curves · n_points), fit into a cache; those of all do not
          ▼
        [StackedLinear → ReLU] × len(hidden) → StackedLinear
          → (n_nets, n_curves, n_outputs) logits

    Parameters
    ----------
    nets
        Networks of the same architecture; their parameters are copied.

    The state dictionary has the names of `bench.discriminators.nets.SD`; its tensors
    have a leading axis of length n_nets.
    """

    def __init__(self, nets: Sequence[SD]) -> None:
        super().__init__()
        self.n_channels = nets[0].n_channels
        embeddings = [net.embedding for net in nets if net.embedding is not None]
        self.embedding = _stack_layers(embeddings) if embeddings else None
        self.head = _stack_layers([net.head for net in nets])

    def forward(self, X: Tensor) -> Tensor:
        """Map the curves of each network to its logits."""
        if self.embedding is not None:
            points = X.unflatten(2, (self.n_channels, -1)).transpose(1, 2)
            X = _pointwise(self.embedding, points.flatten(2)).unflatten(
                1, (X.shape[1], -1)
            )
        logits: Tensor = self.head(X.transpose(1, 2)).transpose(1, 2)
        return logits


class StackedCSD(nn.Module):
    """Stacked convolutional discriminators, which are independent of each other.

    ::

        X (n_nets, n_curves, n_channels · n_points)
          → (n_curves, n_nets · n_channels, n_points)
          ▼ for each entry of `convolution`:
          │ width   StackedConv (each network is a group) → ReLU
          │ "pool"  max-pool by 2, a last odd point kept
          ▼
        (n_nets, n_curves, features) → [StackedLinear → ReLU] × len(hidden)
          → StackedLinear → (n_nets, n_curves, n_outputs) logits

    Parameters
    ----------
    nets
        Networks of the same architecture; their parameters are copied.
    """

    def __init__(self, nets: Sequence[CSD]) -> None:
        super().__init__()
        self.n_channels = nets[0].n_channels
        self.body = _stack_layers([net.body for net in nets])
        self.head = _stack_layers([net.head for net in nets])

    def forward(self, X: Tensor) -> Tensor:
        """Map the curves of each network to its logits."""
        n_nets = len(X)
        channels = X.unflatten(2, (self.n_channels, -1)).transpose(0, 1).flatten(1, 2)
        features = self.body(channels).unflatten(1, (n_nets, -1)).flatten(2)
        logits: Tensor = self.head(features.permute(1, 2, 0)).transpose(1, 2)
        return logits


class CachedCSD(StackedCSD):
    """Stacked convolutional discriminators on a CPU, in a half of the time.

    The convolutions go through one network after the other, see
    `bench.discriminators.stacked_convolutions`. The gradient by a parameter has no
    gradient itself, and there is none by the curves.
    """

    def __init__(self, nets: Sequence[CSD]) -> None:
        super().__init__(nets)
        self.convolutions = CachedConvolutions(list(nets[0].body), self.n_channels)

    def forward(self, X: Tensor) -> Tensor:
        """Map the curves of each network to its logits."""
        features = self.convolutions(X, list(self.body.parameters()))
        logits: Tensor = self.head(features).transpose(1, 2)
        return logits


class StackedLinear(nn.Module):
    """Stacked linear layers: (n_nets, fan_in, n) → (n_nets, fan_out, n).

    Features come before curves, so that the gradient of the weights is computed in the
    layout of the weights and never transposed.
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weight = _stacked([layer.weight for layer in layers])
        self.bias = _stacked([layer.bias for layer in layers])

    def forward(self, X: Tensor) -> Tensor:
        """Multiply the columns of each network by its weights."""
        return torch.baddbmm(self.bias[..., None], self.weight, X)


class StackedConv(nn.Module):
    """Stacked convolutions, each network a group; replication keeps the length.

    (n, n_nets · fan_in, length) → (n, n_nets · fan_out, length)
    """

    def __init__(self, layers: Sequence[nn.Conv1d]) -> None:
        super().__init__()
        self.weight = _stacked([layer.weight for layer in layers])
        self.bias = _stacked([layer.bias for layer in layers])

    def forward(self, X: Tensor) -> Tensor:
        """Convolve the channels of each network with its kernels."""
        n_nets, *_, kernel_size = self.weight.shape
        margin = kernel_size // 2
        return functional.conv1d(
            functional.pad(X, (margin, margin), mode="replicate"),
            self.weight.flatten(0, 1),
            self.bias.flatten(),
            groups=n_nets,
        )


_KINDS: dict[type[nn.Module], Any] = {SD: StackedSD, CSD: StackedCSD}
_CACHED: dict[type[nn.Module], Any] = {CSD: CachedCSD}


def stack(nets: Sequence[nn.Module], *, cached: bool = False) -> nn.Module:
    """Make one module of networks of the same architecture.

    Parameters
    ----------
    cached : bool
        Whether convolutions are to use a CPU's cache, see `CachedCSD`; this changes the
        order of sums.
    """
    kind = type(nets[0])
    module: nn.Module = (_CACHED if cached else _KINDS).get(kind, _KINDS[kind])(nets)
    return module


def state_of(module: nn.Module, number: int) -> dict[str, Tensor]:
    """Return the state dictionary of one of the stacked networks."""
    return {name: value[number] for name, value in module.state_dict().items()}


def _stack_layers(chains: Sequence[nn.Sequential]) -> nn.Sequential:
    stacked: list[nn.Module] = []
    for layers in zip(*chains, strict=True):
        kinds = {nn.Linear: StackedLinear, nn.Conv1d: StackedConv}
        kind = kinds.get(type(layers[0]))
        # A layer without parameters serves all networks.
        stacked.append(layers[0] if kind is None else kind(layers))
    return nn.Sequential(*stacked)


def _stacked(parameters: Sequence[Tensor | None]) -> nn.Parameter:
    return nn.Parameter(torch.stack([p.detach() for p in parameters if p is not None]))


def _pointwise(chain: nn.Sequential, points: Tensor) -> Tensor:
    """Apply the chain of each network at every point.

    (n_nets, n_channels, n) → (n_nets, n)
    """
    layers = [
        (layer.weight.unbind(), layer.bias.unbind())
        for layer in chain
        if isinstance(layer, StackedLinear)
    ]
    outputs = []
    for number, h in enumerate(points.unbind()):
        for depth, (weights, biases) in enumerate(layers):
            h = h.relu_() if depth else h  # not in place on the input itself
            h = torch.addmm(biases[number][:, None], weights[number], h)
        outputs.append(h[0])
    return torch.stack(outputs)
