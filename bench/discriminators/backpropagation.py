"""Backpropagation written out: the passes through SD and CSD, without autograd.

Autograd records a graph at every step. In networks as small as these that, with its
allocations, takes longer than the arithmetic. Here are the operations that it would
call, on operands of the same layout, so that every bit is the same, but in a fixed
order and mostly into buffers that stay. The exception is max-pooling, whose operation
in torch is slow on a CPU; its result is exact.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

_threshold_backward = torch.ops.aten.threshold_backward.grad_input
_convolution_backward = torch.ops.aten.convolution_backward.default


class Chain:
    """A chain of layers for batches of one size.

    ::

        X (n_curves, n_channels · n_points)
          ▼ [Conv1d → ReLU | MaxPool1d] × n, if there are any
          │ flatten
          ▼ [Linear → ReLU] × n → Linear
        (n_curves, n_outputs)

    Parameters
    ----------
    layers
        As in `bench.discriminators.nets`: convolutions keep the length by replication,
        pools are by 2 and keep a last odd point.
    n_channels
        Number of channels in a row of X.
    """

    def __init__(self, layers: Sequence[nn.Module], n_channels: int) -> None:
        self._n_channels = n_channels
        self._layers: list[_Layer] = []
        self._gradients: list[tuple[nn.Parameter, Tensor]] = []
        for layer, after in zip(layers, [*layers[1:], None], strict=True):
            if isinstance(layer, nn.ReLU):  # part of the layer before it
                continue
            if isinstance(layer, nn.MaxPool1d):
                self._layers.append(_Pool())
                continue
            gradients = [torch.empty_like(p) for p in layer.parameters()]
            self._gradients += zip(layer.parameters(), gradients, strict=True)
            kind = _Linear if isinstance(layer, nn.Linear) else _Convolution
            self._layers.append(kind(layer, gradients, isinstance(after, nn.ReLU)))
        self._n_flat = sum(isinstance(layer, _Linear) for layer in self._layers)

    @torch.no_grad()
    def forward(self, X: Tensor) -> Tensor:
        """Map curves to logits; these are overwritten by the next call."""
        body, head = self._layers[: -self._n_flat], self._layers[-self._n_flat :]
        h = X
        if body:
            h = X.unflatten(1, (self._n_channels, -1))
            for layer in body:
                h = layer.forward(h)
            self._shape = h.shape
            h = h.flatten(1)
        for layer in head:
            h = layer.forward(h)
        return h

    @torch.no_grad()
    def backward(self, gradient: Tensor) -> None:
        """Set the gradients of all parameters from that of the logits.

        They are overwritten by the next call.
        """
        for number, layer in reversed(list(enumerate(self._layers))):
            passed_on = layer.backward(gradient, number > 0)
            if passed_on is None:  # nothing is asked about the curves themselves
                break
            gradient = passed_on
            if number == len(self._layers) - self._n_flat:
                gradient = gradient.view(self._shape)
        for parameter, value in self._gradients:
            parameter.grad = value


class _Layer(Protocol):
    def forward(self, source: Tensor) -> Tensor: ...

    def backward(self, gradient: Tensor, to_source: bool) -> Tensor | None:
        """Fill gradients of parameters; return that of the source, if it is needed.

        `gradient` may be overwritten.
        """


class _Linear:
    """(n_curves, fan_in) → (n_curves, fan_out), with the ReLU after it."""

    def __init__(
        self, layer: nn.Module, gradients: Sequence[Tensor], relu: bool
    ) -> None:
        self.weight, self.bias = (p.detach() for p in layer.parameters())
        self.transposed = self.weight.t()
        self.by_weight, self.by_bias = gradients
        self.relu = relu
        self.result = self.by_source = self.weight.new_empty(0)

    def forward(self, source: Tensor) -> Tensor:
        if len(self.result) != len(source):
            self.result = source.new_empty(len(source), len(self.weight))
            self.by_source = torch.empty_like(source)
        self.source = source
        torch.addmm(self.bias, source, self.transposed, out=self.result)
        return self.result.relu_() if self.relu else self.result

    def backward(self, gradient: Tensor, to_source: bool) -> Tensor | None:
        if self.relu:
            _threshold_backward(gradient, self.result, 0, grad_input=gradient)
        torch.mm(gradient.t(), self.source, out=self.by_weight)
        torch.sum(gradient, 0, out=self.by_bias)
        if not to_source:
            return None
        return torch.mm(gradient, self.weight, out=self.by_source)


class _Convolution:
    """(n_curves, fan_in, n) → (n_curves, fan_out, n), with the ReLU after it."""

    def __init__(
        self, layer: nn.Module, gradients: Sequence[Tensor], relu: bool
    ) -> None:
        self.weight, self.bias = (p.detach() for p in layer.parameters())
        self.by_weight, self.by_bias = gradients
        self.relu = relu
        self.margin = self.weight.shape[2] // 2
        self.padded = self.weight.new_empty(0)

    def forward(self, source: Tensor) -> Tensor:
        margin, (n, fan_in, length) = self.margin, source.shape
        if len(self.padded) != n:
            self.padded = source.new_empty(n, fan_in, length + 2 * margin)
            self.inside = self.padded[:, :, margin : margin + length]
            self.before = self.padded[:, :, :margin]
            self.after = self.padded[:, :, margin + length :]
        self.inside.copy_(source)
        self.before.copy_(source[:, :, :1].expand_as(self.before))
        self.after.copy_(source[:, :, -1:].expand_as(self.after))
        self.result = torch.conv1d(self.padded, self.weight, self.bias)
        return self.result.relu_() if self.relu else self.result

    def backward(self, gradient: Tensor, to_source: bool) -> Tensor | None:
        if self.relu:
            gradient = torch.ops.aten.threshold_backward(gradient, self.result, 0)
        by_padded, by_weight, by_bias = _convolution_backward(
            gradient,
            self.padded,
            self.weight,
            [len(self.bias)],
            [1],
            [0],
            [1],
            False,
            [0],
            1,
            [to_source, True, True],
        )
        self.by_weight.copy_(by_weight)
        self.by_bias.copy_(by_bias)
        if not to_source:
            return None
        # What replication added up, from left to right as torch does.
        first, *more = by_padded[:, :, : self.margin + 1].unbind(2)
        for each in more:
            first += each
        inside: Tensor = by_padded[
            :, :, self.margin : self.margin + self.inside.shape[2]
        ]
        inside[:, :, 0] = first
        last = inside[:, :, -1]
        for each in by_padded[:, :, self.margin + self.inside.shape[2] :].unbind(2):
            last += each
        return inside


class _Pool:
    """(n_curves, n_channels, n) → (n_curves, n_channels, ceil(n / 2))."""

    def __init__(self) -> None:
        self.result = torch.empty(0)

    def forward(self, source: Tensor) -> Tensor:
        if len(self.result) != len(source):
            *shape, length = source.shape
            self.half = length // 2
            self.result = source.new_empty(*shape, length - self.half)
            self.by_source = source.new_empty(source.shape)
        half = self.half
        self.pair = source[:, :, 0 : 2 * half : 2], source[:, :, 1::2]
        torch.maximum(*self.pair, out=self.result[:, :, :half])
        self.result[:, :, half:] = source[:, :, 2 * half :]
        return self.result

    def backward(self, gradient: Tensor, to_source: bool) -> Tensor | None:
        if not to_source:
            return None
        half, by_source = self.half, self.by_source
        by_first, by_second = by_source[:, :, 0 : 2 * half : 2], by_source[:, :, 1::2]
        by_larger = gradient[:, :, :half]
        # Of two equal values the first gets the gradient, as in torch.
        torch.ge(*self.pair, out=by_first)
        by_first.mul_(by_larger)
        torch.sub(by_larger, by_first, out=by_second)
        by_source[:, :, 2 * half :] = gradient[:, :, half:]
        return by_source
