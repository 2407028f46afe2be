"""The convolutions of stacked networks, one network after the other, in a cache.

A convolution of few channels does little arithmetic for each number that it reads and
writes. The activations of one network and one batch fit into a processor's cache, those
of several networks do not, and memory that was just allocated lies in no cache. So each
network works through all its layers before the next one begins, in buffers that stay.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class CachedConvolutions:
    """The chain [Conv → ReLU | max-pool by 2] × n of several networks, on a CPU.

    Curves come last in memory, so that each entry of a kernel multiplies a slice::

        (n_channels, n_points, n_curves)
          ▼ for each layer
          │ Conv1d    same length by replication → ReLU
          │ MaxPool1d by 2, a last odd point kept
          ▼
        (channels, points, n_curves)

    Parameters
    ----------
    layers
        The layers of a network, see `bench.discriminators.nets.CSD`; their parameters
        are not used.
    n_channels
        The number of channels of a curve.
    """

    def __init__(self, layers: Sequence[nn.Module], n_channels: int) -> None:
        # A ReLU is part of the convolution before it.
        self._layers = [layer for layer in layers if not isinstance(layer, nn.ReLU)]
        self._n_channels = n_channels
        self._networks: dict[torch.Size, tuple[list[_Network], Tensor]] = {}

    def __call__(self, X: Tensor, parameters: Sequence[Tensor]) -> Tensor:
        """Map curves to features, which can be differentiated once by the parameters.

        Parameters
        ----------
        X : tensor of shape (n_nets, n_curves, n_channels · n_points)
        parameters
            Weights (n_nets, width, fan_in, kernel) and biases (n_nets, width) of each
            convolution in turn.

        Returns
        -------
        tensor of shape (n_nets, channels · points, n_curves)
            Its backward pass must come before the next call.
        """
        features: Tensor = _Chain.apply(self, X, *parameters)
        return features

    def networks(self, shape: torch.Size) -> "tuple[list[_Network], Tensor]":
        """Return the networks for batches of a shape, and the features of all."""
        if shape not in self._networks:
            n_nets, n_curves, width = shape
            of_one = self._n_channels, width // self._n_channels, n_curves
            rooms = [_rooms(self._layers, *of_one) for _ in range(n_nets)]
            gradients = _rooms(self._layers, *of_one)  # serve one after the other
            # In one block, so that the next layer reads it without a copy.
            features = torch.stack([each[-1].inside for each in rooms])
            for each, block in zip(rooms, features, strict=True):
                each[-1] = _Room(block, 0)
            networks = [_Network(self._layers, each, gradients) for each in rooms]
            self._networks[shape] = networks, features.flatten(1, 2)
        return self._networks[shape]


class _Chain(torch.autograd.Function):
    """The forward and the backward pass through all networks."""

    @staticmethod
    def forward(
        ctx: Any, chain: CachedConvolutions, X: Tensor, *parameters: Tensor
    ) -> Tensor:
        ctx.networks, features = chain.networks(X.shape)
        # (n_nets, kernel, width, fan_in): an entry of a kernel is a matrix.
        ctx.weights = [w.permute(0, 3, 1, 2).contiguous() for w in parameters[::2]]
        biases = parameters[1::2]
        for number, network in enumerate(ctx.networks):
            network.forward(
                X[number].t(),
                [w[number] for w in ctx.weights],
                [b[number] for b in biases],
            )
        return features.detach()  # another object than in the call before

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        by_weights = [torch.empty_like(w) for w in ctx.weights]
        by_biases = [w.new_empty(w.shape[0], w.shape[2]) for w in by_weights]
        for number, network in enumerate(ctx.networks):
            network.backward(
                gradient[number],
                [w[number] for w in ctx.weights],
                [w[number] for w in by_weights],
                [b[number] for b in by_biases],
            )
        parameters: list[Tensor] = []
        for by_weight, by_bias in zip(by_weights, by_biases, strict=True):
            parameters += [by_weight.permute(0, 2, 3, 1), by_bias]
        return None, None, *parameters


class _Room:
    """A buffer (channels, points, n_curves) with margins around its points.

    Parameters
    ----------
    whole
        The buffer with its margins.
    margin
        The number of points before and after.

    Attributes
    ----------
    inside
        The points without the margins.
    flat
        The same as a matrix (channels, points · n_curves).
    reads
        What each entry of a kernel reads, as such matrices.
    rest
        What the first entry of a kernel does not read.
    """

    def __init__(self, whole: Tensor, margin: int) -> None:
        _, length, n_curves = whole.shape
        points = length - 2 * margin
        self.inside = whole[:, margin : margin + points]
        self.flat = self.inside.flatten(1)
        self.ends = (
            (self.inside[:, :1], whole[:, :margin]),
            (self.inside[:, -1:], whole[:, margin + points :]),
        )
        every, width = whole.flatten(1), points * n_curves
        starts = range(0, (2 * margin + 1) * n_curves, n_curves)
        self.reads = [every[:, start : start + width] for start in starts]
        self.rest = every[:, width:]


class _Convolution:
    """A convolution with its ReLU, which reads one room and writes into the next."""

    def __init__(
        self, source: _Room, result: _Room, by_source: _Room, by_result: _Room
    ) -> None:
        self.source, self.result = source, result
        self.by_source, self.by_result = by_source, by_result
        self.transposed = [part.t() for part in source.reads]

    def forward(self, weights: Tensor, bias: Tensor) -> None:
        for end, margin in self.source.ends:
            margin.copy_(end.expand_as(margin))
        result = self.result.flat
        torch.addmm(bias[:, None], weights[0], self.source.reads[0], out=result)
        for weight, part in zip(weights[1:], self.source.reads[1:], strict=True):
            result.addmm_(weight, part)
        result.relu_()

    def backward(self, by_weights: Tensor, by_bias: Tensor) -> None:
        gradient = self.by_result.flat
        torch.ops.aten.threshold_backward.grad_input(
            gradient, self.result.flat, 0, grad_input=gradient
        )
        torch.sum(gradient, 1, out=by_bias)
        for by_weight, part in zip(by_weights, self.transposed, strict=True):
            torch.mm(gradient, part, out=by_weight)

    def backward_to_source(self, weights: Tensor) -> None:
        gradient, source = self.by_result.flat, self.by_source
        torch.mm(weights[0].t(), gradient, out=source.reads[0])
        source.rest.zero_()
        for weight, part in zip(weights[1:], source.reads[1:], strict=True):
            part.addmm_(weight.t(), gradient)
        for end, margin in source.ends:
            end += margin.sum(1, keepdim=True)


class _Pool:
    """A max-pool by two, which reads one room and writes into the next."""

    def __init__(
        self, source: _Room, result: _Room, by_source: _Room, by_result: _Room
    ) -> None:
        points = source.inside.shape[1]
        half = points // 2

        def parts(source: _Room, result: _Room) -> tuple[Tensor, ...]:
            before, after = source.inside, result.inside
            pairs = before[:, 0 : 2 * half : 2], before[:, 1::2]
            return *pairs, after[:, :half], before[:, 2 * half :], after[:, half:]

        self.parts = parts(source, result)
        self.gradients = parts(by_source, by_result)

    def forward(self) -> None:
        one, other, larger, last, kept = self.parts
        torch.maximum(one, other, out=larger)
        kept.copy_(last)

    def backward(self) -> None:
        by_one, by_other, by_larger, by_last, by_kept = self.gradients
        # Of two equal values the first gets the gradient, as in torch.
        torch.ge(*self.parts[:2], out=by_one)
        by_one.mul_(by_larger)
        torch.sub(by_larger, by_one, out=by_other)
        by_last.copy_(by_kept)


class _Network:
    """The layers of one network, for batches of one size."""

    def __init__(
        self,
        layers: Sequence[nn.Module],
        rooms: Sequence[_Room],
        gradients: Sequence[_Room],
    ) -> None:
        self.curves = rooms[0].inside
        self.by_features = gradients[-1].inside
        self.steps = [
            _Pool(*pair, *by_pair)
            if isinstance(layer, nn.MaxPool1d)
            else _Convolution(*pair, *by_pair)
            for layer, pair, by_pair in zip(
                layers, pairwise(rooms), pairwise(gradients), strict=True
            )
        ]

    def forward(self, X: Tensor, weights: list[Tensor], biases: list[Tensor]) -> None:
        """Fill all rooms; X is (n_channels · n_points, n_curves)."""
        self.curves.copy_(X.view_as(self.curves))
        parameters = zip(weights, biases, strict=True)
        for step in self.steps:
            if isinstance(step, _Pool):
                step.forward()
            else:
                step.forward(*next(parameters))

    def backward(
        self,
        by_features: Tensor,
        weights: list[Tensor],
        by_weights: list[Tensor],
        by_biases: list[Tensor],
    ) -> None:
        """Fill the gradients of the parameters; by_features is (features, n_curves)."""
        self.by_features.copy_(by_features.view_as(self.by_features))
        parameters = zip(weights[::-1], by_weights[::-1], by_biases[::-1], strict=True)
        for number, step in reversed(list(enumerate(self.steps))):
            if isinstance(step, _Pool):
                step.backward()
                continue
            weight, by_weight, by_bias = next(parameters)
            step.backward(by_weight, by_bias)
            if number:  # nothing is asked about the curves themselves
                step.backward_to_source(weight)


def _rooms(
    layers: Sequence[nn.Module], channels: int, points: int, n_curves: int
) -> list[_Room]:
    """Make the rooms before, between and after layers."""
    rooms = []
    for layer in [*layers, None]:
        margin = layer.kernel_size[0] // 2 if isinstance(layer, nn.Conv1d) else 0
        whole = torch.zeros(channels, points + 2 * margin, n_curves)
        rooms.append(_Room(whole, margin))
        if isinstance(layer, nn.Conv1d):
            channels = layer.out_channels
        else:
            points = -(-points // 2)
    return rooms
