"""A trained discriminator, frozen: curves in, logits out, differentiable in the curves.

It reads what `python -m bench export` wrote, as a part of another network's loss.
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
    """SD, CSD or CSD2 as it was trained; gradients pass, its weights stay.

    It stays as outside of training, whatever `train` says of a module it is a part of:
    no dropout, no flips at random, no statistics of a batch.

    Parameters
    ----------
    card
        What it is, see `bench.export.card.Card`.
    network
        `bench.discriminators.nets.SD` or `CSD`, or `bench.discriminators.csd2.CSD2`,
        with its weights.

    Attributes
    ----------
    x : buffer of shape (n_points, n_inputs)
        Where curves are to be evaluated, in this order; exact in ``card.x``.
    channels : tuple of str
        What a row holds, one block of n_points columns each.
    classes : tuple
        Of two, the logit is the second's: large is "symbolic".
    card, network
        As above.
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
        """Stay as it is."""
        return super().train(False)

    def forward(self, curves: Tensor) -> Tensor:
        """Return the logit of each curve; a critic's value under "wgan".

        Parameters
        ----------
        curves : tensor of shape (n_curves, n_channels * n_points)
            Evaluated at `x`, channel after channel.

        Returns
        -------
        tensor of shape (n_curves,), or (n_curves, n_classes) of more than two classes
        """
        width = len(self.channels) * len(self.x)
        if curves.ndim != 2 or curves.shape[1] != width:
            raise ValueError(
                f"curves have shape {tuple(curves.shape)}; expected (n_curves, "
                f"{width}): {', '.join(self.channels)} at the {len(self.x)} points of x"
            )
        if curves.dtype != self.x.dtype:
            raise ValueError(
                f"curves are {curves.dtype}, the discriminator is {self.x.dtype}; "
                "convert one of them, as in discriminator.to(curves.dtype)"
            )
        logits: Tensor = self.network(curves)
        return logits[:, 0] if logits.shape[1] == 1 else logits


def load_discriminator(path: str | Path) -> FrozenDiscriminator:
    """Load a discriminator that ``python -m bench export`` wrote.

    Parameters
    ----------
    path
        The folder; its files hold no code, and none is run.

    Returns
    -------
    FrozenDiscriminator
        On the CPU, in float32: ``.to("cuda")`` and ``.double()`` move it as usual.

    Raises
    ------
    BenchError
        If a file is missing, or is not what was exported.
    """
    card, weights = read_discriminator(Path(path))
    kind = card.network.kind
    arguments: dict[str, Any] = card.network.model_dump(exclude={"kind"})
    if kind == "CSD2":
        arguments["x"] = card.x
    try:
        with torch.device("meta"):  # shapes alone: a card may claim any size
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
            there, wanted = (
                f"of shape {shape[name]}" if name in shape else "not there"
                for shape in (found, expected)
            )
            raise DiscriminatorError(
                f"{path}: {shown(name, 60)} is {there}; by the card it is {wanted}; "
                "export again"
            )
