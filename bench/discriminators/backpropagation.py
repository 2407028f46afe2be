"""Backpropagation written out: the passes through SD and CSD, without autograd.

Autograd records a graph at every step. In networks as small as these that, with its
allocations, takes longer than the arithmetic. Here are the operations that it would
call, on operands of the same layout, so that every bit is the same, but mostly into
buffers that stay. The exception is max-pooling, whose operation in torch is slow on a
CPU; any other that takes the larger value is exact too.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

_convolution_backward = torch.ops.aten.convolution_backward.default
threshold_backward = torch.ops.aten.threshold_backward.grad_input


class Chain:
    """A chain of layers for batches of one size; to be called without autograd.

    ::

        X (n_curves, n_channels · n_points)
          ▼ [Conv1d → ReLU | MaxPool1d] × n, if there are any
          ▼ [Linear → ReLU] × n → Linear
        (n_curves, n_outputs)

    Parameters
    ----------
    layers
        As in `bench.discriminators.nets`: convolutions keep the length by replication,
        pools are by 2 and keep a last odd point.
    n_channels
        Number of channels in a row of X.
    n_curves, n_features
        Shape of a batch.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        *,
        n_channels: int,
        n_curves: int,
        n_features: int,
    ) -> None:
        self._shape = n_channels, n_features // n_channels
        h = torch.zeros(n_curves, *self._shape)
        self._layers: list[Layer] = []
        for layer, after in zip(layers, [*layers[1:], None], strict=True):
            if isinstance(layer, nn.ReLU):  # is part of the layer before it
                continue
            kind = _KINDS[type(layer)]
            self._layers.append(kind(layer, isinstance(after, nn.ReLU), h))
            h = self._layers[-1].forward(h)

    def forward(self, X: Tensor) -> Tensor:
        """Map curves to logits, which the next call overwrites."""
        h: Tensor = X.unflatten(1, self._shape)
        for layer in self._layers:
            h = layer.forward(h)
        return h

    def backward(self, gradient: Tensor) -> None:
        """Set the gradients of all parameters from that of the logits.

        The next call overwrites them.
        """
        for layer in reversed(self._layers[1:]):
            gradient = layer.backward(gradient)
        # Nothing is asked about the curves themselves.
        self._layers[0].backward(gradient, to_source=False)


class Layer(Protocol):
    """A layer with its buffers; `like` has the shape of what it reads."""

    def __init__(self, layer: nn.Module, relu: bool, like: Tensor) -> None: ...

    def forward(self, source: Tensor) -> Tensor:
        """Return the result, which the next call may overwrite."""

    def backward(self, gradient: Tensor, to_source: bool = True) -> Tensor:
        """Set the gradients of the parameters; return that of the source.

        `gradient`, of the result, may be overwritten. Without `to_source` what is
        returned has no meaning.
        """


class _Linear:
    """(n_curves, …) flattened to (n_curves, fan_in) → (n_curves, fan_out)."""

    def __init__(self, layer: nn.Module, relu: bool, like: Tensor) -> None:
        self.parameters = tuple(layer.parameters())
        self.weight, self.bias = (p.detach() for p in self.parameters)
        self.gradients = torch.empty_like(self.weight), torch.empty_like(self.bias)
        self.relu = relu
        self.transposed = self.weight.t()
        self.result = like.new_empty(like.shape[0], self.bias.shape[0])
        self.by_source = torch.empty_like(like)
        self.by_flat = self.by_source.flatten(1)

    def forward(self, source: Tensor) -> Tensor:
        self.source = source.flatten(1)
        torch.addmm(self.bias, self.source, self.transposed, out=self.result)
        return self.result.relu_() if self.relu else self.result

    def backward(self, gradient: Tensor, to_source: bool = True) -> Tensor:
        if self.relu:
            threshold_backward(gradient, self.result, 0, grad_input=gradient)
        by_weight, by_bias = self.gradients
        torch.mm(gradient.t(), self.source, out=by_weight)
        torch.sum(gradient, 0, out=by_bias)
        self.parameters[0].grad, self.parameters[1].grad = by_weight, by_bias
        if to_source:
            torch.mm(gradient, self.weight, out=self.by_flat)
        return self.by_source


class Convolution:
    """(n_curves, fan_in, n_points) → (n_curves, fan_out, n_points).

    The weights of stacked networks have a leading axis; each network is a group.
    """

    def __init__(self, layer: nn.Module, relu: bool, like: Tensor) -> None:
        self.parameters = tuple(layer.parameters())
        weight, bias = (p.detach() for p in self.parameters)
        self.weight, self.bias = weight.flatten(0, -3), bias.flatten()
        self.groups = 1 if weight.dim() == 3 else len(weight)
        self.relu = relu
        *shape, length = like.shape
        margin = weight.shape[-1] // 2
        self.padded = like.new_empty(*shape, length + 2 * margin)
        self.parts = [margin, length, margin]
        self.before, self.inside, self.after = self.padded.split(self.parts, 2)

    def forward(self, source: Tensor) -> Tensor:
        """See `Layer`."""
        self.inside.copy_(source)
        self.before.copy_(source[:, :, :1].expand_as(self.before))
        self.after.copy_(source[:, :, -1:].expand_as(self.after))
        self.result = torch.conv1d(
            self.padded, self.weight, self.bias, groups=self.groups
        )
        return self.result.relu_() if self.relu else self.result

    def backward(self, gradient: Tensor, to_source: bool = True) -> Tensor:
        """See `Layer`."""
        if self.relu:
            gradient = torch.ops.aten.threshold_backward(gradient, self.result, 0)
        needed = [to_source, True, True]
        sizes = [self.bias.shape[0]], [1], [0], [1], False, [0], self.groups
        by_padded, *gradients = _convolution_backward(
            gradient, self.padded, self.weight, *sizes, needed
        )
        for parameter, value in zip(self.parameters, gradients, strict=True):
            parameter.grad = value.view(parameter.shape)
        if not to_source:
            return gradient
        # The ends were replicated: their gradients add up, in torch from left to right.
        before, by_source, after = by_padded.split(self.parts, 2)
        columns: list[Tensor] = [*before.unbind(2), by_source[:, :, 0]]
        first = columns[0]
        for other in columns[1:]:
            first += other
        by_source[:, :, 0] = first
        last = by_source[:, :, -1]
        for other in after.unbind(2):
            last += other
        result: Tensor = by_source
        return result


class Pool:
    """(n_curves, n_channels, n_points) → (n_curves, n_channels, ceil(n_points / 2))."""

    def __init__(self, layer: nn.Module, relu: bool, like: Tensor) -> None:
        self.half = like.shape[2] // 2
        self.result = like.new_empty(*like.shape[:2], like.shape[2] - self.half)
        self.by_source = torch.empty_like(like)
        self.by_parts = self._parts(self.by_source)
        self.larger, self.rest = self._whole(self.result)
        self.is_first = torch.empty_like(self.larger, dtype=torch.bool)

    def forward(self, source: Tensor) -> Tensor:
        """See `Layer`."""
        self.first, self.second, rest = self._parts(source)
        torch.maximum(self.first, self.second, out=self.larger)
        self.rest.copy_(rest)
        return self.result

    def backward(self, gradient: Tensor, to_source: bool = True) -> Tensor:
        """See `Layer`."""
        by_larger, by_kept = self._whole(gradient)
        by_first, by_second, by_rest = self.by_parts
        # Of two equal values the first gets the gradient, as in torch. As booleans: to
        # compare into numbers takes ten times as long.
        torch.ge(self.first, self.second, out=self.is_first)
        torch.mul(by_larger, self.is_first, out=by_first)
        torch.sub(by_larger, by_first, out=by_second)
        by_rest.copy_(by_kept)
        return self.by_source

    def _parts(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Split into the first and the second points of pairs, and a last odd one."""
        pairs = h[:, :, : 2 * self.half]
        return pairs[:, :, ::2], pairs[:, :, 1::2], h[:, :, 2 * self.half :]

    def _whole(self, h: Tensor) -> tuple[Tensor, Tensor]:
        return h[:, :, : self.half], h[:, :, self.half :]


_KINDS: dict[type[nn.Module], type[Layer]] = {
    nn.Linear: _Linear,
    nn.Conv1d: Convolution,
    nn.MaxPool1d: Pool,
}
