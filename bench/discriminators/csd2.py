"""The network of the second convolutional discriminator; others are in `nets`."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.discriminators.csd2_channels import CurveChannels, points_on_a_line

FLIPS = ("y", "x")
WINDOWS = (0.09, 0.25)
_DILATIONS = (1, 2, 4, 8)
_BRANCH = 64
_LEAST_TO_CHANGE = 16  # points: a shorter row is a table's, and no curve
# Of independent values with deviation 1, the third differences' mean size, inverted.
_PER_THIRD_DIFFERENCE = math.sqrt(math.pi / 2 / 20)


class CSD2(nn.Module):
    """Second convolutional symbolic discriminator: reads how smooth a curve is.

    ::

        X (n_curves, n_channels · n_points), channel after channel
          ▼ points sorted by x; in training flipped and roughened by chance, else
          ▼ all flips
        CurveChannels → channels (n_curves, n_out, n_cells), numbers
          │ channels → Conv(kernel 7, stride 2) → [Block] × 4 → Norm → ReLU
          │            → mean, maximum and std over the length → 3 · width
          │   Block: h + Conv(ReLU(Norm(Conv(ReLU(Norm(h)))))), kernel 5, dilations
          │   1, 2, 4, 8 (at most a third of the length); average-pool by 2 after the
          │   second, a last odd one kept
          │ y        → [Linear → ReLU] × 2                     → 64
          │ numbers  → Norm                                    → n_numbers
          ▼ side by side
        LayerNorm → Dropout → [Linear → GELU → Dropout] × len(hidden) → Linear
          → (n_curves, n_outputs), their mean over the flips

    Parameters
    ----------
    n_points, n_channels
        Of a row of X. The first channel holds the values; of further ones nobody says
        how a flip changes them, so that with them nothing is flipped.
    x : array of shape (n_points,) or (n_points, 1), default=None
        Where the curves were evaluated, in any order; equally spaced if None.
    flips
        "y" for the curve's negative, "x" for its mirror image: what leaves a curve in
        its class. Only symmetric points are mirrored, only 16 or more flipped.
    noise
        In training, normal noise is added: of a deviation between none and this share
        of the curve's own, as its third differences tell it. Flipped or not, only to
        curves that could be.
    windows
        Of the local cubics, see `bench.discriminators.csd2_channels.CurveChannels`.
    width
        Of the convolutions.
    hidden
        Widths of the head's layers.
    dropout
        In the head.
    n_outputs
        Logits a curve.

    At 100 points it has 65,769 parameters, and never more than 75,753 for one logit.

    Source: the ingredients are common ones. Smoothed derivatives as channels: Savitzky
    and Golay (1964); residual blocks with the norm first: He et al., "Identity Mappings
    in Deep Residual Networks" (2016); dilations: Yu and Koltun (2016). Departures: what
    a fit's scale tells is kept apart from its shape; the convolutions have no bias,
    which each norm after them would take away; the mean of the flips' logits stands
    for their sum, so that probabilities are those of the training.
    """

    order: Tensor | None

    def __init__(
        self,
        *,
        n_points: int,
        n_channels: int = 1,
        x: Any = None,
        flips: Sequence[str] = FLIPS,
        noise: float = 1.0,
        windows: Sequence[float] = WINDOWS,
        width: int = 32,
        hidden: Sequence[int] = (64,),
        dropout: float = 0.1,
        n_outputs: int = 1,
    ) -> None:
        super().__init__()
        points = points_on_a_line(x, n_points)
        order = np.argsort(points, kind="stable")
        points = points[order]
        is_sorted = (order == np.arange(n_points)).all()
        self.register_buffer(
            "order", None if is_sorted else torch.from_numpy(order), persistent=False
        )
        self.n_channels = n_channels
        changed = n_channels == 1 and n_points >= _LEAST_TO_CHANGE
        self.noise = noise if changed else 0.0
        self.flips_y = changed and "y" in flips
        self.flips_x = changed and "x" in flips and _symmetric(points)
        self.read = CurveChannels(x=points, n_channels=n_channels, windows=windows)
        self.stem = _convolution(self.read.n_out, width, 7, stride=2)
        length = -(-self.read.n_cells // 2)
        lengths = [length, length, -(-length // 2), -(-length // 2)]
        self.blocks = nn.ModuleList(
            _Block(width, max(1, min(dilation, own // 3)))
            for dilation, own in zip(_DILATIONS, lengths, strict=True)
        )
        self.norm = _Norm(width)
        branch = [nn.Linear(self.read.n_cells, _BRANCH), nn.ReLU()]
        self.branch = nn.Sequential(*branch, nn.Linear(_BRANCH, _BRANCH), nn.ReLU())
        self.numbers = _Norm(self.read.n_numbers)
        last = 3 * width + _BRANCH + self.read.n_numbers
        layers: list[nn.Module] = [nn.LayerNorm(last), nn.Dropout(dropout)]
        for own in hidden:
            layers += [nn.Linear(last, own), nn.GELU(), nn.Dropout(dropout)]
            last = own
        self.head = nn.Sequential(*layers, nn.Linear(last, n_outputs))

    def forward(self, X: Tensor) -> Tensor:
        """Map curves (n_curves, n_channels · n_points) to (n_curves, n_outputs)."""
        curves = X.unflatten(1, (self.n_channels, -1))
        if self.order is not None:
            curves = curves[..., self.order]
        if self.training:
            return self._logits(self._changed_by_chance(curves))
        seen = [curves]
        if self.flips_y:
            seen += [-one for one in seen]
        if self.flips_x:
            seen += [one.flip(2) for one in seen]
        return torch.stack([self._logits(one) for one in seen]).mean(0)

    def _changed_by_chance(self, curves: Tensor) -> Tensor:
        if self.flips_y:
            curves = torch.where(_coins(curves), -curves, curves)
        if self.flips_x:
            curves = torch.where(_coins(curves), curves.flip(2), curves)
        if self.noise:
            roughness = curves.diff(n=3, dim=2).abs().mean(2, keepdim=True)
            share = self.noise * torch.rand_like(roughness)
            own = _PER_THIRD_DIFFERENCE * roughness
            curves = curves + share * own * torch.randn_like(curves)
        return curves

    def _logits(self, curves: Tensor) -> Tensor:
        channels, numbers = self.read(curves)
        # Two-dimensional, of height one and with channels last in memory: on a CPU
        # a convolution then takes two thirds of the time.
        h = self.stem(channels.transpose(1, 2)[:, :, None])
        for number, block in enumerate(self.blocks):
            h = block(h)
            if number == 1:
                h = functional.avg_pool2d(h, (1, 2), ceil_mode=True)
        h = functional.relu(self.norm(h))[:, :, 0]
        mean = h.mean(2, keepdim=True)
        std = ((h - mean).square().mean(2) + 1e-5).sqrt()
        features = [mean[:, :, 0], h.amax(2), std]
        features += [self.branch(channels[:, :, 0]), self.numbers(numbers)]
        logits: Tensor = self.head(torch.cat(features, 1))
        return logits


class _Block(nn.Module):
    """A residual block, its norms first."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm_in = _Norm(width)
        self.first = _convolution(width, width, 5, dilation=dilation)
        self.norm_between = _Norm(width)
        self.second = _convolution(width, width, 5, dilation=dilation)

    def forward(self, h: Tensor) -> Tensor:
        """Map (n_curves, width, 1, length) to the same shape."""
        inner = self.first(functional.relu(self.norm_in(h)))
        change: Tensor = self.second(functional.relu(self.norm_between(inner)))
        return h + change


class _Norm(nn.Module):
    """Batch normalisation whose state holds nothing but float32.

    PyTorch's own also counts batches, in an integer. A batch of a single value, which
    has no spread, is normalised as outside of training.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(width, dtype=torch.float32))
        self.register_buffer("running_mean", torch.zeros(width, dtype=torch.float32))
        self.register_buffer("running_var", torch.ones(width, dtype=torch.float32))

    def forward(self, h: Tensor) -> Tensor:
        """Normalise the second axis over all others."""
        return functional.batch_norm(
            h,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training and h.numel() > h.shape[1],
        )


def _convolution(
    fan_in: int, width: int, kernel: int, stride: int = 1, dilation: int = 1
) -> nn.Conv2d:
    return nn.Conv2d(
        fan_in,
        width,
        (1, kernel),
        stride=(1, stride),
        padding=(0, kernel // 2 * dilation),
        dilation=(1, dilation),
        bias=False,
    )


def _coins(curves: Tensor) -> Tensor:
    """Toss a coin a curve."""
    return torch.rand(len(curves), 1, 1, device=curves.device) < 0.5


def _symmetric(points: np.ndarray) -> bool:
    """Tell whether sorted points are their own mirror image, to 1% of a mean gap."""
    gap = (points[-1] - points[0]) / (len(points) - 1)
    centre = points[0] + points[-1]
    return bool(np.allclose(points + points[::-1], centre, rtol=0, atol=0.01 * gap))
