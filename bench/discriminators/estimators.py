"""SD, CSD and CSD2 as scikit-learn classifiers, trained through skorch."""

from copy import deepcopy
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from bench.discriminators.csd2 import CSD2, FLIPS, WINDOWS
from bench.discriminators.csd2_channels import points_on_a_line
from bench.discriminators.discriminator import Discriminator, at_least, one_of
from bench.discriminators.nets import CONVOLUTION, CSD, EXTENSIONS, SD

# How CSD2 may read recorded curves: the reading, and whether training augments curves.
# The first is kept unless another is better by more than two standard errors.
_READINGS = (("channels", True), ("channels", False), ("values", False))
_PARTS = 4  # a reading is tried on one part of the curves after training on the others
_STANDARD_ERRORS = 2
_LEAST_HELD_OUT = 25  # further parts are held out until they have so many curves


class SDClassifier(Discriminator):
    """Symbolic discriminator as a scikit-learn classifier.

    Parameters
    ----------
    hidden : tuple of int, default=(64, 64)
        Widths of the hidden layers.
    loss : {"bce", "wgan"}, default="bce"
        The objective: binary cross-entropy, or the Wasserstein objective of generative
        adversarial networks (two classes only).
    gradient_penalty : float, default=0.0
        Weight of the penalty (‖∇f‖₂ - 1)² under "wgan".
    lr : float, default=1e-3
        Adam's learning rate.
    weight_decay : float, default=0.0
        Adam's weight decay.
    betas : tuple of two floats, default=(0.9, 0.999)
        Adam's decay rates of the moments.
    max_epochs : int, default=100
        Number of passes over the curves.
    iterations : int, default=1
        Number of optimiser steps on each batch.
    batch_size : int or None, default=200
        Number of curves in a batch; None puts all curves into one.
    schedule : None or "one-cycle", default=None
        With "one-cycle" the learning rate rises to `lr` and falls again.
    early_stopping : bool, default=False
        Whether to hold out a tenth of the curves, stop when their loss has not fallen
        for ten epochs, and keep the best epoch.
    extension : {"none", "stack", "embed"}, default="none"
        How channels beyond the values are read: not at all, in one row with the values,
        or embedded with them at each point; see `bench.discriminators.nets.SD`.
    n_channels : int, default=1
        Number of channels in a row of X.
    x : array of shape (n_points,) or (n_points, n_inputs), default=None
        The input points; None is equally spaced on [-1, 1]. They are kept as `x_`. The
        network does not read them.
    device : str, default="auto"
        The torch device. "auto" is "cuda" if there is one, else "cpu".
    callbacks : list or None, default=None
        Callbacks for skorch.
    random_state : int, RandomState or None, default=None
        Seed of the initial weights, the batches, the held-out curves and the
        interpolates of the gradient penalty.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The fitted net.
    history_ : dict of arrays of shape (n_epochs,)
        "loss"; "accuracy", measured on each batch just before its last step;
        "largest_gradient", the largest absolute gradient of the last layer's weights;
        and under "wgan" the terms "loss_real", "loss_fake" and "loss_penalty".
    classes_, n_features_in_, n_iter_
        As in every scikit-learn classifier.
    """

    def __init__(
        self,
        *,
        hidden: tuple[int, ...] = (64, 64),
        loss: str = "bce",
        gradient_penalty: float = 0.0,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        max_epochs: int = 100,
        iterations: int = 1,
        batch_size: int | None = 200,
        schedule: str | None = None,
        early_stopping: bool = False,
        extension: str = "none",
        n_channels: int = 1,
        x: Any = None,
        device: str = "auto",
        callbacks: Any = None,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.loss = loss
        self.gradient_penalty = gradient_penalty
        self.lr = lr
        self.weight_decay = weight_decay
        self.betas = betas
        self.max_epochs = max_epochs
        self.iterations = iterations
        self.batch_size = batch_size
        self.schedule = schedule
        self.early_stopping = early_stopping
        self.extension = extension
        self.n_channels = n_channels
        self.x = x
        self.device = device
        self.callbacks = callbacks
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise a ValueError for a parameter that cannot be; data are known by now."""
        super().check_parameters()
        one_of("extension", self.extension, EXTENSIONS)
        if self.extension == "none" and self.n_channels > 1:
            raise ValueError(
                f"extension='none' reads one channel, found n_channels = "
                f"{self.n_channels}; use extension='stack' or 'embed'"
            )
        if self.extension == "stack" and self.n_channels == 1:
            raise ValueError(
                "extension='stack' needs a second channel; set n_channels, or use "
                "extension='none'"
            )

    def _module(self) -> tuple[type[torch.nn.Module], dict[str, Any]]:
        return SD, {"extension": self.extension}


class CSDClassifier(Discriminator):
    """Convolutional symbolic discriminator as a scikit-learn classifier.

    Parameters
    ----------
    convolution : tuple of int and "pool"
        Widths of the convolutions, and where to pool; see
        `bench.discriminators.nets.CSD`.
    kernel_size : int, default=3
        Number of points that each convolution reads; odd.
    hidden, loss, gradient_penalty, lr, weight_decay, betas, max_epochs, iterations,
    batch_size, schedule, early_stopping, n_channels, x, device, callbacks, random_state
        As in `SDClassifier`.

    Attributes
    ----------
    net_, history_, classes_, n_features_in_, n_iter_
        As in `SDClassifier`.
    """

    def __init__(
        self,
        *,
        convolution: tuple[int | str, ...] = CONVOLUTION,
        kernel_size: int = 3,
        hidden: tuple[int, ...] = (64, 64),
        loss: str = "bce",
        gradient_penalty: float = 0.0,
        lr: float = 3e-3,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        max_epochs: int = 40,
        iterations: int = 1,
        batch_size: int | None = 64,
        schedule: str | None = None,
        early_stopping: bool = False,
        n_channels: int = 1,
        x: Any = None,
        device: str = "auto",
        callbacks: Any = None,
        random_state: Any = None,
    ) -> None:
        self.convolution = convolution
        self.kernel_size = kernel_size
        self.hidden = hidden
        self.loss = loss
        self.gradient_penalty = gradient_penalty
        self.lr = lr
        self.weight_decay = weight_decay
        self.betas = betas
        self.max_epochs = max_epochs
        self.iterations = iterations
        self.batch_size = batch_size
        self.schedule = schedule
        self.early_stopping = early_stopping
        self.n_channels = n_channels
        self.x = x
        self.device = device
        self.callbacks = callbacks
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise a ValueError for a parameter that cannot be; data are known by now."""
        super().check_parameters()
        at_least("kernel_size", self.kernel_size, 1, Integral)
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size = {self.kernel_size}; expected an odd one")
        for entry in self.convolution:
            if entry != "pool":
                at_least("convolution", entry, 1, Integral)

    def _module(self) -> tuple[type[torch.nn.Module], dict[str, Any]]:
        return CSD, {
            "convolution": tuple(self.convolution),
            "kernel_size": self.kernel_size,
        }


class CSD2Classifier(Discriminator):
    """Second convolutional symbolic discriminator as a scikit-learn classifier.

    It reads smoothed derivatives in addition to the values; see
    `bench.discriminators.csd2.CSD2`. Its loss is always cross-entropy, and it does not
    support online training.

    Parameters
    ----------
    windows : tuple of float, default=(0.09, 0.25)
        Windows of the smoothed derivatives, as shares of all points.
    width : int, default=32
        Width of the convolutions.
    hidden : tuple of int, default=(64,)
        Widths of the layers after the convolutions.
    dropout : float, default=0.1
        Dropout in these layers.
    flips : tuple of {"y", "x"}, default=("y", "x")
        Transformations that do not change a curve's class: "y" is its negative, "x" its
        mirror image, which is used only if the points are symmetric. Training flips at
        random, prediction averages over all flips.
    noise : float, default=1.0
        Training adds noise to each curve. Its standard deviation is drawn between 0 and
        this multiple of the curve's own noise.
    lr, weight_decay, betas
        Settings of AdamW. `lr` is the highest rate of a one-cycle schedule, which rises
        for a fifth of the training.
    max_epochs : int or None, default=None
        Number of passes over the curves; None is 80,000 divided by the number of
        distinct curves, but at least 20 and at most 120.
    batch_size : int or None, default=None
        Number of curves in a batch; None is an eighth of the curves, but at least 16
        and at most 64.
    x : array of shape (n_points,) or (n_points, 1), default=None
        The input points, in any order; None is equally spaced. Derivatives are by the
        input, so several inputs are refused.
    recorded : bool, default=False
        Whether the curves are recorded ones, of which nothing is known beforehand: all
        channels are values, and neither a negative nor a mirror image need be of the
        same class. Three readings are then tried on a quarter of the curves, after
        training on the others: of shapes with augmentation (flips and noise) or without
        it, and of values and their differences wherever they are, by quantiles. With
        fewer than 100 curves more quarters are tried in turn, until 25 curves were held
        out. The reading with the fewest errors is trained on all curves; but shapes
        with augmentation, unless the other is better by more than two standard errors
        of the difference. Classes of a single curve have nothing to hold out; shapes
        are then read without augmentation. One channel whose reading stays is trained
        to the same bits as without `recorded`.
    n_channels, device, callbacks, random_state
        As in `SDClassifier`; the values are the first channel.

    Attributes
    ----------
    net_, history_, classes_, n_features_in_, n_iter_
        As in `SDClassifier`; "accuracy" is measured on flipped curves, with dropout.
    reading_ : tuple of str and bool
        How curves are read, see `bench.discriminators.csd2.CSD2`: "curve", or for
        recorded ones "channels" or "values"; and whether training augments them.
    """

    # Parameters of SD and CSD that are fixed here.
    loss, gradient_penalty, learns_online = "bce", 0.0, False
    iterations, schedule, early_stopping = 1, "one-cycle", False
    _optimizer = torch.optim.AdamW
    _warm_up, _max_gradient_norm = 0.2, 1.0
    _counts = ("n_channels", "width")
    _tried: tuple[str, bool] | None = None  # the reading of a trial

    def __init__(
        self,
        *,
        windows: tuple[float, ...] = WINDOWS,
        width: int = 32,
        hidden: tuple[int, ...] = (64,),
        dropout: float = 0.1,
        flips: tuple[str, ...] = FLIPS,
        noise: float = 1.0,
        lr: float = 3e-3,
        weight_decay: float = 1e-2,
        betas: tuple[float, float] = (0.9, 0.999),
        max_epochs: int | None = None,
        batch_size: int | None = None,
        n_channels: int = 1,
        x: Any = None,
        recorded: bool = False,
        device: str = "auto",
        callbacks: Any = None,
        random_state: Any = None,
    ) -> None:
        self.windows = windows
        self.width = width
        self.hidden = hidden
        self.dropout = dropout
        self.flips = flips
        self.noise = noise
        self.lr = lr
        self.weight_decay = weight_decay
        self.betas = betas
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.n_channels = n_channels
        self.x = x
        self.recorded = recorded
        self.device = device
        self.callbacks = callbacks
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise a ValueError for a parameter that cannot be; data are known by now."""
        super().check_parameters()
        points_on_a_line(self.x, self._n_points())
        for name in ("windows", "flips"):
            if not isinstance(value := getattr(self, name), tuple | list):
                raise ValueError(
                    f"{name} = {value!r}; expected a list, also for a single entry"
                )
        if self.max_epochs is not None:
            at_least("max_epochs", self.max_epochs, 1, Integral)
        shares = [("dropout", self.dropout), *(("windows", w) for w in self.windows)]
        for name, share in shares:
            at_least(name, share, 0, Real)
            if share >= 1:
                raise ValueError(f"{name} = {share}; expected a number below 1")
        at_least("noise", self.noise, 0, Real)
        if not isinstance(self.recorded, bool):
            raise ValueError(f"recorded = {self.recorded!r}; expected True or False")
        for flip in self.flips:
            one_of("flips", flip, FLIPS)

    def _budget(self, n_curves: int) -> tuple[int, int | None]:
        epochs = self.max_epochs or min(120, max(20, round(80_000 / n_curves)))
        return epochs, self.batch_size or min(64, max(16, n_curves // 8))

    def _choose(
        self,
        X: np.ndarray,
        codes: np.ndarray,
        weight: np.ndarray,
        rng: np.random.RandomState,
    ) -> None:
        """Choose how recorded curves are read, by the errors on held-out ones."""
        self.reading_ = self._tried or ("curve", True)
        if self._tried is not None or not self.recorded:
            return
        self.reading_ = ("channels", False)
        parts = min(_PARTS, int(np.bincount(codes).min()))
        if parts < 2:
            return
        # Of a copy, so that the final training is the same as without a choice.
        seed = deepcopy(rng).randint(2**31 - 1)
        folds = StratifiedKFold(parts, shuffle=True, random_state=seed)
        n_tried = min(parts, -(-_LEAST_HELD_OUT * parts // len(X)))
        tried = list(folds.split(X, codes))[:n_tried]
        errors: dict[tuple[str, bool], list[np.ndarray]] = {r: [] for r in _READINGS}
        for train, held_out in tried:
            for reading in _READINGS:
                trial = clone(self).set_params(callbacks=None, random_state=seed)
                trial._tried = reading
                trial.fit(X[train], codes[train], sample_weight=weight[train])
                errors[reading].append(trial.predict(X[held_out]) != codes[held_out])
        shares = np.concatenate([weight[held_out] for _, held_out in tried])
        shares /= shares.sum()
        table = np.array([np.concatenate(errors[r]) for r in _READINGS], dtype=float)
        best = int((table @ shares).argmin())
        gains = table[0] - table[best]
        gain = gains @ shares
        error = np.sqrt(np.square(shares * (gains - gain)).sum())
        self.reading_ = _READINGS[best if gain > _STANDARD_ERRORS * error else 0]

    def _module(self) -> tuple[type[torch.nn.Module], dict[str, Any]]:
        reads, augments = self.reading_
        return CSD2, {
            "x": self.x,
            "width": self.width,
            "noise": float(self.noise) if augments else 0.0,
            "flips": tuple(self.flips) if augments else (),
            "reads": reads,
            "windows": tuple(self.windows),
            "dropout": float(self.dropout),
        }
