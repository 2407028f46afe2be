"""The networks of a card: the parameters from which a discriminator is made again.

The parameters and defaults are those of `bench.discriminators.nets` and
`bench.discriminators.csd2`; a test compares them. They are repeated here because a card
may come from anybody: each has a type and bounds, and is checked without importing
torch.
"""

from typing import Annotated, Literal

from pydantic import Field

from bench.base import Strict

Count = Annotated[int, Field(ge=1, le=2**20)]
Share = Annotated[float, Field(ge=0, lt=1)]
# JSON has no tuples: `strict=False` accepts a list here, and no other type.
Widths = Annotated[tuple[Count, ...], Field(max_length=1000, strict=False)]
_FEW = Field(max_length=10, strict=False)


class SDNetwork(Strict):
    """The parameters of `bench.discriminators.nets.SD`."""

    kind: Literal["SD"]
    n_points: Count
    n_channels: Annotated[int, Field(ge=1, le=1000)] = 1
    hidden: Widths
    n_outputs: Count = 1
    extension: Literal["none", "stack", "embed"] = "none"
    embed_hidden: Widths = (64, 64)


class CSDNetwork(Strict):
    """The parameters of `bench.discriminators.nets.CSD`."""

    kind: Literal["CSD"]
    n_points: Count
    n_channels: Annotated[int, Field(ge=1, le=1000)] = 1
    convolution: Annotated[
        tuple[Count | Literal["pool"], ...], Field(max_length=1000, strict=False)
    ]
    kernel_size: Count = 3
    hidden: Widths
    n_outputs: Count = 1


class CSD2Network(Strict):
    """The parameters of `bench.discriminators.csd2.CSD2`, except x of the card."""

    kind: Literal["CSD2"]
    n_points: Count
    n_channels: Annotated[int, Field(ge=1, le=1000)] = 1
    flips: Annotated[tuple[Literal["y", "x"], ...], _FEW] = ("y", "x")
    noise: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    windows: Annotated[tuple[Share, ...], _FEW] = (0.09, 0.25)
    width: Count = 32
    hidden: Widths = (64,)
    dropout: Share = 0.1
    n_outputs: Count = 1
    reads: Literal["curve", "channels", "values"] = "curve"


KINDS: dict[str, type[Strict]] = {
    "SD": SDNetwork,
    "CSD": CSDNetwork,
    "CSD2": CSD2Network,
}
Network = Annotated[SDNetwork | CSDNetwork | CSD2Network, Field(discriminator="kind")]
