"""The network of the second convolutional discriminator; the others are in `nets`."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.discriminators.csd2_channels import (
    CurveChannels,
    ValueQuantiles,
    points_on_a_line,
)
from bench.discriminators.nets import by_parts

FLIPS = ("y", "x")
WINDOWS = (0.09, 0.25)
READS = ("curve", "channels", "values")
_DILATIONS = (1, 2, 4, 8)
_BRANCH = 64
# Shorter rows are rather features of a table than curves: they are not augmented.
_LEAST_TO_AUGMENT = 16
# The standard deviation of white noise relative to its mean absolute third difference:
# third differences have 20 times the variance, and a normal has E|z| = sqrt(2/π).
_STD_PER_THIRD_DIFFERENCE = math.sqrt(math.pi / 2 / 20)


class CSD2(nn.Module):
    """Second convolutional symbolic discriminator: reads how smooth a curve is.

    ::

        X (n_curves, n_channels · n_points), channel after channel
          ▼ points sorted by x; in training random flips and noise, in prediction
          ▼ all flips
        CurveChannels → channels (n_curves, n_out, n_cells), numbers
          │ channels → Conv(kernel 7, stride 2) → [Block] × 4 → Norm → ReLU
          │            → mean, maximum and std over the length → 3 · width
          │   Block: h + Conv(ReLU(Norm(Conv(ReLU(Norm(h)))))), kernel 5, dilations
          │   1, 2, 4, 8 (at most a third of the length); average-pool by 2 after the
          │   second, a last odd one kept
          │ y        → [Linear → ReLU] × 2                     → 64
          │ numbers  → Norm                                    → n_numbers
          ▼ concatenated
        LayerNorm → Dropout → [Linear → GELU → Dropout] × len(hidden) → Linear
          → (n_curves, n_outputs), their mean over the flips

    Two other readings are for recorded curves, whose channels are all values. With
    "channels" everything is as above, but each channel goes through CurveChannels as a
    curve of its own, the results side by side. With "values" no place on the curve is
    read, only how often it takes which value::

        each channel
          │ CurveChannels                                       → numbers
          │ ValueQuantiles, of all points, also of its differences → quantiles
          ▼ concatenated → Norm → LayerNorm → … as above, without flips

    Parameters
    ----------
    n_points, n_channels
        Shape of a row of X. When a "curve" is read, the first channel holds the values.
        It is then unknown how a flip changes other channels, so curves with several
        channels are not augmented.
    x : array of shape (n_points,) or (n_points, 1), default=None
        The input points of the curves, in any order; equally spaced if None.
    flips
        Transformations that do not change a curve's class: "y" is its negative, "x"
        its mirror image, used only for symmetric points. Both need at least 16 points.
    noise
        Training adds normal noise whose standard deviation is drawn between 0 and this
        multiple of the curve's own noise, estimated from its third differences. Needs
        one channel of at least 16 points.
    windows
        Windows of the local cubics; see
        `bench.discriminators.csd2_channels.CurveChannels`.
    width
        Width of the convolutions.
    hidden
        Widths of the head's layers.
    dropout
        Dropout in the head.
    n_outputs
        Number of logits for each curve.
    reads
        "curve", "channels" or "values", as above. The last two keep in the state, as
        `choice`, whether curves were augmented and whether values were read: the
        training has chosen it, so that settings alone do not say it.

    With 100 points and one channel it has 65,769 parameters, and with one channel never
    more than 75,753 for one logit.

    Sources: smoothed derivatives as channels, Savitzky and Golay (1964); residual
    blocks with the norm first, He et al., "Identity Mappings in Deep Residual
    Networks" (2016); dilations, Yu and Koltun (2016). Departures: the scales of the
    channels are separate features, beside their shapes; the convolutions have no bias,
    which the norm after each would cancel; logits are averaged over flips, not added,
    so that probabilities stay those of training.
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
        reads: str = "curve",
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
        self.reads = reads
        # Of recorded curves each channel is read as a curve of its own.
        n_copies, of_each = (1, n_channels) if reads == "curve" else (n_channels, 1)
        augments = n_points >= _LEAST_TO_AUGMENT and reads != "values"
        augments = augments and (n_channels == 1 or reads == "channels")
        if reads != "curve":
            choice = [
                float(augments and bool(flips or noise)),
                float(reads == "values"),
            ]
            self.register_buffer("choice", torch.tensor(choice, dtype=torch.float32))
        self.noise = noise if augments else 0.0
        self.flips_y = augments and "y" in flips
        self.flips_x = augments and "x" in flips and _symmetric(points)
        self.read = CurveChannels(x=points, n_channels=of_each, windows=windows)
        n_numbers = n_copies * self.read.n_numbers
        if reads == "values":
            self.quantiles = ValueQuantiles(n_points)
            n_numbers += n_copies * self.quantiles.n_numbers
            fan_in = n_numbers
        else:
            self._make_convolutions(n_copies, width)
            fan_in = 3 * width + _BRANCH + n_numbers
        self.numbers = _Norm(n_numbers)
        layers: list[nn.Module] = [nn.LayerNorm(fan_in), nn.Dropout(dropout)]
        for fan_out in hidden:
            layers += [nn.Linear(fan_in, fan_out), nn.GELU(), nn.Dropout(dropout)]
            fan_in = fan_out
        self.head = nn.Sequential(*layers, nn.Linear(fan_in, n_outputs))

    def _make_convolutions(self, n_copies: int, width: int) -> None:
        self.stem = _convolution(n_copies * self.read.n_out, width, 7, stride=2)
        length = -(-self.read.n_cells // 2)
        lengths = [length, length, -(-length // 2), -(-length // 2)]
        self.blocks = nn.ModuleList(
            _Block(width, max(1, min(dilation, block_length // 3)))
            for dilation, block_length in zip(_DILATIONS, lengths, strict=True)
        )
        self.norm = _Norm(width)
        branch = [nn.Linear(n_copies * self.read.n_cells, _BRANCH), nn.ReLU()]
        self.branch = nn.Sequential(*branch, nn.Linear(_BRANCH, _BRANCH), nn.ReLU())

    def forward(self, X: Tensor) -> Tensor:
        """Map curves (n_curves, n_channels · n_points) to (n_curves, n_outputs)."""
        curves = X.unflatten(1, (self.n_channels, -1))
        if self.order is not None:
            curves = curves[..., self.order]
        if self.training:
            return self._logits(self._augmented(curves))
        versions = [curves]
        if self.flips_y:
            versions += [-version for version in versions]
        if self.flips_x:
            versions += [version.flip(2) for version in versions]
        return torch.stack([self._logits(version) for version in versions]).mean(0)

    def _augmented(self, curves: Tensor) -> Tensor:
        """Flip curves at random, and add noise."""
        if self.flips_y:
            curves = torch.where(_coins(curves), -curves, curves)
        if self.flips_x:
            curves = torch.where(_coins(curves), curves.flip(2), curves)
        if self.noise:
            roughness = curves.diff(n=3, dim=2).abs().mean(2, keepdim=True)
            share = self.noise * torch.rand_like(roughness)
            std = _STD_PER_THIRD_DIFFERENCE * roughness
            curves = curves + share * std * torch.randn_like(curves)
        return curves

    def _logits(self, curves: Tensor) -> Tensor:
        if self.reads == "values":
            _, numbers = self._read_each(curves)
            features = [self.numbers(numbers)]
        elif self.reads == "channels":
            channels, numbers = self._read_each(curves)
            # (n_curves, n_channels, n_cells, n_out) to the shape of one curve's.
            values = channels[..., 0].flatten(1)
            shape = channels.transpose(1, 2).flatten(2)
            features = [by_parts(self, self._shape, shape)]
            features += [self.branch(values), self.numbers(numbers)]
        else:
            channels, numbers = self.read(curves)
            features = [by_parts(self, self._shape, channels)]
            features += [self.branch(channels[:, :, 0]), self.numbers(numbers)]
        logits: Tensor = self.head(torch.cat(features, 1))
        return logits

    def _read_each(self, curves: Tensor) -> tuple[Tensor, Tensor]:
        """Read each channel as a curve of its own."""
        n_channels = curves.shape[1]
        each = curves.flatten(0, 1)[:, None]
        channels, numbers = self.read(each)
        if self.reads == "values":
            numbers = torch.cat([numbers, self.quantiles(each[:, 0])], 1)
        numbers = numbers.unflatten(0, (-1, n_channels)).flatten(1)
        return channels.unflatten(0, (-1, n_channels)), numbers

    def _shape(self, channels: Tensor) -> Tensor:
        """Return the mean, the maximum and the std of the convolutions' result."""
        # As images of height one with channels last in memory: on a CPU a convolution
        # then takes two thirds of the time.
        h = self.stem(channels.transpose(1, 2)[:, :, None])
        for number, block in enumerate(self.blocks):
            h = block(h)
            if number == 1:
                h = functional.avg_pool2d(h, (1, 2), ceil_mode=True)
        h = functional.relu(self.norm(h))[:, :, 0]
        mean = h.mean(2, keepdim=True)
        std = ((h - mean).square().mean(2) + 1e-5).sqrt()
        return torch.cat([mean[:, :, 0], h.amax(2), std], 1)


class _Block(nn.Module):
    """A residual block with the norms before the convolutions."""

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
    """Batch normalisation whose state is float32 only.

    PyTorch's own also counts batches in an integer. A batch of a single value has no
    variance, and is normalised by the running statistics.
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
    """Draw a random boolean for each curve."""
    return torch.rand(len(curves), 1, 1, device=curves.device) < 0.5


def _symmetric(points: np.ndarray) -> bool:
    """Return whether sorted points are symmetric, up to 1% of the mean gap."""
    gap = (points[-1] - points[0]) / (len(points) - 1)
    centre = points[0] + points[-1]
    return bool(np.allclose(points + points[::-1], centre, rtol=0, atol=0.01 * gap))
