"""A trained, frozen discriminator that maps curves to logits and is differentiable.

It is loaded from the files of `python -m bench export`, to be part of another network's
loss.
"""

from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from bench.base import DiscriminatorError, shown
from bench.discriminators import CSD2, nets
from bench.export.card import CARD, WEIGHTS, Card, Weights, read_discriminator

_KINDS: dict[str, type[nn.Module]] = {"SD": nets.SD, "CSD": nets.CSD, "CSD2": CSD2}


class FrozenDiscriminator(nn.Module):
    """A trained SD, CSD or CSD2 with fixed weights, through which gradients pass.

    It is always in evaluation mode, even within a module that is being trained: no
    dropout, no random flips, no batch statistics.

    Parameters
    ----------
    card
        Its description, see `bench.export.card.Card`.
    network
        `bench.discriminators.nets.SD` or `CSD`, or `bench.discriminators.csd2.CSD2`,
        with its weights.

    Attributes
    ----------
    x : buffer of shape (n_points, n_inputs)
        The points at which curves must be evaluated, in this order; ``card.x`` has
        them in double precision.
    channels : tuple of str
        The channels of a row, one block of n_points columns each.
    classes : tuple
        The labels. With two classes, the only logit is that of the second: a large
        logit means "symbolic".
    card, network
        The parameters above.
    """

    x: Tensor

    def __init__(self, card: Card, network: nn.Module) -> None:
        super().__init__()
        self.card = card
        self.channels = card.channels
        self.classes = card.classes
        self.network = network.requires_grad_(False)
        self.register_buffer("x", torch.tensor(card.x, dtype=torch.float32))

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever the mode."""
        return super().train(False)

    def forward(self, curves: Tensor) -> Tensor:
        """Return the logit of each curve; after training with "wgan", a critic's value.

        Parameters
        ----------
        curves : tensor of shape (n_curves, n_channels * n_points)
            Evaluated at `x`, channel after channel.

        Returns
        -------
        tensor of shape (n_curves,), or (n_curves, n_classes) if there are more than two
        """
        width = len(self.channels) * len(self.x)
        if curves.ndim != 2 or curves.shape[1] != width:
            raise ValueError(
                f"curves have shape {tuple(curves.shape)}; expected (n_curves, "
                f"{width}): {', '.join(self.channels)} at the {len(self.x)} points of x"
            )
        if curves.dtype != self.x.dtype:
            raise ValueError(
                f"curves are {curves.dtype}; expected {self.x.dtype}, as the "
                "discriminator: convert one, as in discriminator.to(curves.dtype)"
            )
        logits: Tensor = self.network(curves)
        return logits[:, 0] if logits.shape[1] == 1 else logits


def load_discriminator(path: str | Path) -> FrozenDiscriminator:
    """Load a discriminator that ``python -m bench export`` wrote.

    Parameters
    ----------
    path
        The folder that was written. Its files hold no code.

    Returns
    -------
    FrozenDiscriminator
        On the CPU, in float32: ``.to("cuda")`` and ``.double()`` move it as usual.

    Raises
    ------
    BenchError
        If a file is missing, or is not as it was exported.
    """
    card, weights = read_discriminator(Path(path))
    kind = card.network.kind
    arguments: dict[str, Any] = card.network.model_dump(exclude={"kind"})
    if kind == "CSD2":
        arguments["x"] = card.x
    try:
        # Without memory for the weights: a card may claim any size, and the weights
        # are read from the file anyway.
        with torch.device("meta"):
            network = _KINDS[kind](**arguments)
    except ValueError as error:
        raise DiscriminatorError(
            f"{Path(path) / CARD}: {shown(str(error))}; export again"
        ) from None
    _check_shapes(network, weights, Path(path) / WEIGHTS)
    state = {name: torch.tensor(value) for name, value in weights.items()}
    network.load_state_dict(state, assign=True)
    return FrozenDiscriminator(card, network).eval()


def _check_shapes(network: nn.Module, weights: Weights, path: Path) -> None:
    expected = {name: tuple(v.shape) for name, v in network.state_dict().items()}
    found = {name: value.shape for name, value in weights.items()}
    for name in expected | found:
        if found.get(name) != expected.get(name):
            in_file, on_card = (
                f"shape {shapes[name]}" if name in shapes else "no such weight"
                for shapes in (found, expected)
            )
            raise DiscriminatorError(
                f"{path}: {shown(name, 60)}: found {in_file}; expected {on_card} by "
                f"{CARD}: export again"
            )
