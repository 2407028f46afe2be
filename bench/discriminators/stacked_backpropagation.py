"""Backpropagation of stacked networks written out; see `backpropagation`."""

import torch
from torch import Tensor, nn

from bench.discriminators.backpropagation import (
    Convolution,
    Layer,
    Pool,
    threshold_backward,
)
from bench.discriminators.stacked import (
    StackedConv,
    StackedCSD,
    StackedLinear,
    StackedSD,
)


class StackedChain:
    """The layers of stacked networks for batches of one size, without autograd.

    ::

        X (n_nets, n_curves, n_channels · n_points)
          ▼ [StackedConv → ReLU | MaxPool1d] × n, if there are any
          ▼ [StackedLinear → ReLU] × n → StackedLinear
        (n_nets, n_curves) logits

    Parameters
    ----------
    module
        A network of `bench.discriminators.stacked` with one output and no embedding,
        which gains nothing.
    like : tensor of shape (n_nets, n_curves, n_channels · n_points)
        A batch.
    """

    @torch.no_grad()
    def __init__(self, module: StackedSD | StackedCSD, like: Tensor) -> None:
        self._n_nets, self._n_channels = len(like), module.n_channels
        self._body: list[Layer] = []
        if isinstance(module, StackedCSD):
            self._body = _layers(module.body, self._channels(like))
        self._head = _layers(module.head, self._features(like))

    @torch.no_grad()
    def forward(self, X: Tensor) -> Tensor:
        """Map the curves of each network to logits."""
        h = self._features(X)
        for layer in self._head:
            h = layer.forward(h)
        return h[:, 0].clone()

    @torch.no_grad()
    def backward(self, gradient: Tensor) -> None:
        """Set the gradients of all parameters from that of the logits."""
        # Strides as autograd has them: by those a product chooses its algorithm.
        gradient = gradient[..., None].transpose(1, 2)
        for layer in reversed(self._head[1:]):
            gradient = layer.backward(gradient)
        gradient = self._head[0].backward(gradient, to_source=bool(self._body))
        if not self._body:
            return
        # (n_nets, features, n_curves) to the shape of the convolutions' result.
        gradient = gradient.permute(2, 0, 1).reshape(self._shape)
        for layer in reversed(self._body[1:]):
            gradient = layer.backward(gradient)
        self._body[0].backward(gradient, to_source=False)

    def _features(self, X: Tensor) -> Tensor:
        """Return what the head reads: (n_nets, features, n_curves)."""
        if not self._body:
            return X.transpose(1, 2)
        h = self._channels(X)
        for layer in self._body:
            h = layer.forward(h)
        self._shape = h.shape
        features: Tensor = h.unflatten(1, (self._n_nets, -1)).flatten(2)
        return features.permute(1, 2, 0)

    def _channels(self, X: Tensor) -> Tensor:
        shape = self._n_channels, -1
        channels: Tensor = X.unflatten(2, shape).transpose(0, 1).flatten(1, 2)
        return channels


def _layers(chain: nn.Sequential, like: Tensor) -> list[Layer]:
    layers: list[Layer] = []
    for layer, after in zip(chain, [*chain, None][1:], strict=True):
        if isinstance(layer, nn.ReLU):  # is part of the layer before it
            continue
        kind = _KINDS[type(layer)]
        layers.append(kind(layer, isinstance(after, nn.ReLU), like))
        like = layers[-1].forward(like)
    return layers


class _Linear:
    """(n_nets, fan_in, n) → (n_nets, fan_out, n)."""

    def __init__(self, layer: nn.Module, relu: bool, like: Tensor) -> None:
        self.parameters = tuple(layer.parameters())
        self.weight, self.bias = (p.detach() for p in self.parameters)
        self.gradients = torch.empty_like(self.weight), torch.empty_like(self.bias)
        self.relu = relu
        self.result = like.new_empty(*self.bias.shape, like.shape[2])
        self.by_source = like.new_empty(like.shape)

    def forward(self, source: Tensor) -> Tensor:
        self.source = source
        torch.baddbmm(self.bias[..., None], self.weight, source, out=self.result)
        return self.result.relu_() if self.relu else self.result

    def backward(self, gradient: Tensor, to_source: bool = True) -> Tensor:
        if self.relu:
            threshold_backward(gradient, self.result, 0, grad_input=gradient)
        by_weight, by_bias = self.gradients
        torch.bmm(gradient, self.source.transpose(1, 2), out=by_weight)
        torch.sum(gradient, 2, out=by_bias)
        self.parameters[0].grad, self.parameters[1].grad = by_weight, by_bias
        if to_source:
            torch.bmm(self.weight.transpose(1, 2), gradient, out=self.by_source)
        return self.by_source


_KINDS: dict[type[nn.Module], type[Layer]] = {
    StackedLinear: _Linear,
    StackedConv: Convolution,
    nn.MaxPool1d: Pool,
}
