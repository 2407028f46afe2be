"""Networks of one architecture side by side, as one: a leading axis over members."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.discriminators.nets import CSD, SD


class StackedSD(nn.Module):
    """Symbolic discriminators side by side; none reads another.

    ::

        X (n_members, n_curves, n_channels · n_points)
          │ embed  member by member: its activations, (64, n_curves · n_points), stay
          │        in a cache, where all members' together would not
          ▼
        [MemberLinear → ReLU] × len(hidden) → MemberLinear
          → (n_members, n_curves, n_outputs) logits

    Parameters
    ----------
    nets
        Unlike in nothing but their parameters, which are copied.

    Each entry of the state dictionary is named as in `bench.discriminators.nets.SD`,
    with the members in front.
    """

    def __init__(self, nets: Sequence[SD]) -> None:
        super().__init__()
        self.n_channels = nets[0].n_channels
        embeddings = [net.embedding for net in nets if net.embedding is not None]
        self.embedding = _side_by_side(embeddings) if embeddings else None
        self.head = _side_by_side([net.head for net in nets])

    def forward(self, X: Tensor) -> Tensor:
        """Map each member's curves to its logits."""
        if self.embedding is not None:
            points = X.unflatten(2, (self.n_channels, -1)).transpose(1, 2)
            X = _pointwise(self.embedding, points.flatten(2)).unflatten(
                1, (X.shape[1], -1)
            )
        logits: Tensor = self.head(X.transpose(1, 2)).transpose(1, 2)
        return logits


class StackedCSD(nn.Module):
    """Convolutional symbolic discriminators side by side; none reads another.

    ::

        X (n_members, n_curves, n_channels · n_points)
          → (n_curves, n_members · n_channels, n_points)
          ▼ for each entry of `convolution`:
          │ width   MemberConv (grouped: a group is a member) → ReLU
          │ "pool"  max-pool by 2, a last odd point kept
          ▼
        (n_members, n_curves, features) → [MemberLinear → ReLU] × len(hidden)
          → MemberLinear → (n_members, n_curves, n_outputs) logits

    Parameters
    ----------
    nets
        Unlike in nothing but their parameters, which are copied.
    """

    def __init__(self, nets: Sequence[CSD]) -> None:
        super().__init__()
        self.n_channels = nets[0].n_channels
        self.body = _side_by_side([net.body for net in nets])
        self.head = _side_by_side([net.head for net in nets])

    def forward(self, X: Tensor) -> Tensor:
        """Map each member's curves to its logits."""
        n_members = len(X)
        channels = X.unflatten(2, (self.n_channels, -1)).transpose(0, 1).flatten(1, 2)
        features = self.body(channels).unflatten(1, (n_members, -1)).flatten(2)
        logits: Tensor = self.head(features.permute(1, 2, 0)).transpose(1, 2)
        return logits


class StackedLinear(nn.Module):
    """Linear layers: (n_members, fan_in, n) → (n_members, fan_out, n).

    Features come before curves, so that the weights' gradient is born in their layout.
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weight = _stacked([layer.weight for layer in layers])
        self.bias = _stacked([layer.bias for layer in layers])

    def forward(self, X: Tensor) -> Tensor:
        """Multiply each member's columns by its own weights."""
        return torch.baddbmm(self.bias[..., None], self.weight, X)


class StackedConv(nn.Module):
    """Convolutions of the same length by replication, members as groups.

    (n, n_members · fan_in, length) → (n, n_members · fan_out, length)
    """

    def __init__(self, layers: Sequence[nn.Conv1d]) -> None:
        super().__init__()
        self.weight = _stacked([layer.weight for layer in layers])
        self.bias = _stacked([layer.bias for layer in layers])

    def forward(self, X: Tensor) -> Tensor:
        """Convolve each member's channels with its own kernels."""
        n_members, *_, kernel_size = self.weight.shape
        margin = kernel_size // 2
        return functional.conv1d(
            functional.pad(X, (margin, margin), mode="replicate"),
            self.weight.flatten(0, 1),
            self.bias.flatten(),
            groups=n_members,
        )


_KINDS: dict[type[nn.Module], Any] = {SD: StackedSD, CSD: StackedCSD}


def side_by_side(nets: Sequence[nn.Module]) -> nn.Module:
    """Make one module of networks of the same architecture."""
    module: nn.Module = _KINDS[type(nets[0])](nets)
    return module


def state_of(module: nn.Module, member: int) -> dict[str, Tensor]:
    """Return a member's state dictionary, as its own network would have it."""
    return {name: value[member] for name, value in module.state_dict().items()}


def _side_by_side(chains: Sequence[nn.Sequential]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for same in zip(*chains, strict=True):
        kinds = {nn.Linear: StackedLinear, nn.Conv1d: StackedConv}
        kind = kinds.get(type(same[0]))
        layers.append(same[0] if kind is None else kind(same))
    return nn.Sequential(*layers)


def _stacked(parameters: Sequence[Tensor | None]) -> nn.Parameter:
    return nn.Parameter(torch.stack([p.detach() for p in parameters if p is not None]))


def _pointwise(chain: nn.Sequential, points: Tensor) -> Tensor:
    """Apply each member's chain at every point.

    (n_members, n_channels, n) → (n_members, n)
    """
    layers = [
        (layer.weight.unbind(), layer.bias.unbind())
        for layer in chain
        if isinstance(layer, StackedLinear)
    ]
    outputs = []
    for member, h in enumerate(points.unbind()):
        for depth, (weights, biases) in enumerate(layers):
            h = h.relu_() if depth else h
            h = torch.addmm(biases[member][:, None], weights[member], h)
        outputs.append(h[0])
    return torch.stack(outputs)
