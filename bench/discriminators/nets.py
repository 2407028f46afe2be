"""The networks of SD and CSD: torch modules without optimiser, loss or device."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

EXTENSIONS = ("none", "stack", "embed")
CONVOLUTION: tuple[int | str, ...] = (8, 8, "pool", 16, 16, "pool", 32, "pool")
_PART = 512  # curves


class SD(nn.Module):
    """Symbolic discriminator: a multilayer perceptron that reads a whole curve.

    ::

        X (n_curves, n_channels · n_points), channel after channel
          │ none   the curve's values, unchanged           → n_points
          │ stack  values and the other channels in a row → n_channels · n_points
          │ embed  at each point, one small shared network
          │        (channels → [Linear → ReLU]·e → Linear) → n_points
          ▼
        [Linear → ReLU] × len(hidden) → Linear → (n_curves, n_outputs) logits

    Source: steps 16.2 and 16.5 of the study's notebook, initialised as PyTorch does.
    """

    def __init__(
        self,
        *,
        n_points: int,
        n_channels: int = 1,
        hidden: Sequence[int] = (64, 64),
        n_outputs: int = 1,
        extension: str = "none",
        embed_hidden: Sequence[int] = (64, 64),
    ) -> None:
        super().__init__()
        self.n_channels = n_channels
        self.embedding = (
            mlp([n_channels, *embed_hidden, 1]) if extension == "embed" else None
        )
        width = n_points * n_channels if extension == "stack" else n_points
        self.head = mlp([width, *hidden, n_outputs])

    def forward(self, X: Tensor) -> Tensor:
        """Map curves (n_curves, n_channels · n_points) to (n_curves, n_outputs)."""
        if self.embedding is not None:
            points = X.unflatten(1, (self.n_channels, -1)).transpose(1, 2)
            X = self.embedding(points).squeeze(2)
        logits: Tensor = self.head(X)
        return logits

    def chain(self) -> list[nn.Module] | None:
        """Return the layers in a row; None if the network is more than a row."""
        return [*self.head] if self.embedding is None else None


class CSD(nn.Module):
    """Convolutional symbolic discriminator: reads channels along the points.

    ::

        X (n_curves, n_channels · n_points) → (n_curves, n_channels, n_points)
          ▼ for each entry of `convolution`:
          │ width   Conv1d(kernel 3, stride 1, same length by replication) → ReLU
          │ "pool"  max-pool by 2, a last odd point kept
          ▼
        flatten → [Linear → ReLU] × len(hidden) → Linear → (n_curves, n_outputs)

    Source: step 16.5 of the study's notebook.
    """

    def __init__(
        self,
        *,
        n_points: int,
        n_channels: int = 1,
        convolution: Sequence[int | str] = CONVOLUTION,
        kernel_size: int = 3,
        hidden: Sequence[int] = (64, 64),
        n_outputs: int = 1,
    ) -> None:
        super().__init__()
        self.n_channels = n_channels
        layers: list[nn.Module] = []
        width, length = n_channels, n_points
        for entry in convolution:
            if isinstance(entry, str):
                layers.append(nn.MaxPool1d(2, ceil_mode=True))
                length = -(-length // 2)
            else:
                layers += [
                    nn.Conv1d(
                        width,
                        entry,
                        kernel_size,
                        padding=kernel_size // 2,
                        padding_mode="replicate",
                    ),
                    nn.ReLU(),
                ]
                width = entry
        self.body = nn.Sequential(*layers)
        self.head = mlp([width * length, *hidden, n_outputs])

    def forward(self, X: Tensor) -> Tensor:
        """Map curves (n_curves, n_channels · n_points) to (n_curves, n_outputs)."""
        channels = X.unflatten(1, (self.n_channels, -1))
        features = by_parts(self, self.body, channels)
        logits: Tensor = self.head(features.flatten(1))
        return logits

    def chain(self) -> list[nn.Module] | None:
        """Return the layers in a row, as in `SD`; a flattening is between the parts."""
        return [*self.body, *self.head]


def by_parts(
    net: nn.Module, convolutions: Callable[[Tensor], Tensor], h: Tensor
) -> Tensor:
    """Apply convolutions; in prediction on a CPU to one part of the curves at a time.

    Activations of all curves are so large that the system hands out new pages at every
    layer. Parts are nearly equal in size: of very few curves a convolution may have
    other last bits. So have linear layers, already of hundreds of curves; they are no
    part of this.
    """
    n_parts = -(-len(h) // _PART)
    if net.training or n_parts < 2 or h.device.type != "cpu":
        return convolutions(h)
    return torch.cat([convolutions(part) for part in h.tensor_split(n_parts)])


def mlp(widths: Sequence[int]) -> nn.Sequential:
    """Chain linear layers, with a ReLU after each one except the last."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
