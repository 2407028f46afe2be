"""SD and CSD as scikit-learn classifiers, trained through skorch."""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)
from skorch.callbacks import EarlyStopping, LRScheduler
from skorch.helper import predefined_split

from bench import losses
from bench.errors import did_you_mean
from bench.nets import CONVOLUTION, CSD, EXTENSIONS, SD
from bench.training import Curves, DiscriminatorNet, summarise

_PATIENCE = 10
_VALIDATION_FRACTION = 0.1


def _gives_probabilities(estimator: Any) -> bool:
    if estimator.loss == "wgan":
        raise AttributeError(
            "a Wasserstein critic has no probabilities; use decision_function, "
            "or loss='bce'"
        )
    return True


class _Discriminator(ClassifierMixin, BaseEstimator):
    """What SD and CSD share: data in, a skorch net, labels out.

    Training is on distinct rows: equal rows of one class are merged and their
    weights added, and rows are put into an order of their own. So a fit depends
    neither on the order of the curves nor on whether a curve that counts twice is
    repeated or weighted.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on curves.

        Parameters
        ----------
        X : array of shape (n_curves, n_channels * n_points)
            Channel after channel; computed with in float32.
        y : array of shape (n_curves,)
            Labels of any kind; the larger of two is the "symbolic" or real one.
        sample_weight : array of shape (n_curves,), optional
            A curve of weight 2 counts as two, one of weight 0 not at all.

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._check_parameters()
        X, codes, weight = _distinct(X, codes, weight)
        rng = check_random_state(self.random_state)
        device = resolve_device(self.device)
        parts = [np.arange(len(X))]
        if self.early_stopping:
            parts = train_test_split(
                parts[0],
                test_size=_VALIDATION_FRACTION,
                stratify=codes,
                random_state=rng.randint(2**31 - 1),
            )
        train, *valid = (
            _tensors(X[rows], codes[rows], weight[rows], device) for rows in parts
        )
        cuda = [torch.cuda.current_device()] if device.startswith("cuda") else []
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(rng.randint(2**31 - 1))
            self.net_ = self._make_net(len(train), valid, device)
            self.net_.fit(train, None)
        self.history_ = {
            name: np.array(values)
            for name, values in summarise(self.net_.history).items()
        }
        self.n_iter_ = len(self.net_.history)
        self.x_ = None if self.x is None else np.asarray(self.x, dtype=np.float64)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return logits: (n_curves,) for two classes, else (n_curves, n_classes)."""
        check_is_fitted(self, "net_")
        X = validate_data(self, X, dtype=np.float32, reset=False)
        curves = Curves(torch.tensor(X, device=self.net_.device))
        parts = list(self.net_.forward_iter(curves, training=False))
        logits: np.ndarray = torch.cat(parts).cpu().numpy()
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict(self, X: Any) -> np.ndarray:
        """Return the likelier label of each curve: where two, the second if f > 0."""
        logits = self.decision_function(X)
        codes = logits.argmax(1) if logits.ndim > 1 else (logits > 0).astype(int)
        labels: np.ndarray = self.classes_[codes]
        return labels

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities (n_curves, n_classes); not under ``loss="wgan"``."""
        logits = torch.from_numpy(self.decision_function(X))
        if logits.ndim == 1:
            return torch.sigmoid(torch.stack([-logits, logits], 1)).numpy()
        return torch.softmax(logits, 1).numpy()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.loss != "wgan"
        return tags

    def _check_parameters(self) -> None:
        name = type(self).__name__
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                f"{name} needs at least 2 classes; found one class, {self.classes_[0]}"
            )
        _one_of("loss", self.loss, ("bce", "wgan"))
        if self.loss == "wgan" and n_classes > 2:
            raise ValueError(
                f"loss='wgan' tells two classes apart, found {n_classes}; use "
                "loss='bce', which is softmax cross-entropy for more than two"
            )
        if self.gradient_penalty and self.loss != "wgan":
            raise ValueError("gradient_penalty belongs to loss='wgan'; set it to 0")
        if self.early_stopping and self.loss == "wgan":
            raise ValueError(
                "early_stopping watches a loss that measures fit; under loss='wgan' it "
                "does not"
            )
        _one_of("schedule", self.schedule, (None, "one-cycle"))
        for field in ("max_epochs", "iterations", "n_channels"):
            _at_least(field, getattr(self, field), 1, Integral)
        if self.batch_size is not None:
            _at_least("batch_size", self.batch_size, 1, Integral)
        for field in ("lr", "weight_decay", "gradient_penalty"):
            _at_least(field, getattr(self, field), 0, Real)
        for width in self.hidden:
            _at_least("hidden", width, 1, Integral)
        if self.n_features_in_ % self.n_channels:
            raise ValueError(
                f"{self.n_features_in_} columns do not divide into n_channels = "
                f"{self.n_channels} channels of equal length"
            )
        if self.x is not None and len(np.asarray(self.x)) != self._n_points():
            raise ValueError(
                f"x has {len(np.asarray(self.x))} points, the curves have "
                f"{self._n_points()}"
            )

    def _n_points(self) -> int:
        return int(self.n_features_in_ // self.n_channels)

    def _make_net(
        self, n_curves: int, valid: list[Curves], device: str
    ) -> DiscriminatorNet:
        n_outputs = 1 if len(self.classes_) == 2 else len(self.classes_)
        loss = losses.wasserstein
        if self.loss == "bce":
            loss = (
                losses.binary_cross_entropy if n_outputs == 1 else losses.cross_entropy
            )
        callbacks = list(self.callbacks or [])
        if self.schedule == "one-cycle":
            batches = -(-n_curves // (self.batch_size or n_curves))
            callbacks.append(
                LRScheduler(
                    torch.optim.lr_scheduler.OneCycleLR,
                    max_lr=self.lr,
                    total_steps=max(2, self.max_epochs * batches),
                    step_every="batch",
                )
            )
        if self.early_stopping:
            callbacks.append(
                EarlyStopping(patience=_PATIENCE, load_best=True, sink=_silent)
            )
        module, arguments = self._module()
        return DiscriminatorNet(
            module,
            **{f"module__{name}": value for name, value in arguments.items()},
            module__n_points=self._n_points(),
            module__n_channels=self.n_channels,
            module__hidden=tuple(self.hidden),
            module__n_outputs=n_outputs,
            criterion=torch.nn.Identity,  # `loss` sees weights, which skorch's cannot
            loss=loss,
            penalty=float(self.gradient_penalty),
            iterations=self.iterations,
            optimizer=torch.optim.Adam,
            optimizer__betas=tuple(self.betas),
            optimizer__weight_decay=float(self.weight_decay),
            optimizer__fused=True,
            lr=self.lr,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            train_split=predefined_split(valid[0]) if valid else None,
            callbacks=callbacks,
            callbacks__print_log=None,
            device=device,
            verbose=0,
        )

    def _module(self) -> tuple[type[torch.nn.Module], dict[str, Any]]:
        """Return the torch module's class and its own parameters."""
        raise TypeError("use SDClassifier or CSDClassifier")


class SDClassifier(_Discriminator):
    """Symbolic discriminator as a scikit-learn classifier.

    Parameters
    ----------
    hidden : tuple of int, default=(64, 64)
        Widths of the hidden layers.
    loss : {"bce", "wgan"}, default="bce"
        Cross-entropy, or the Wasserstein objective (two classes only).
    gradient_penalty : float, default=0.0
        Weight of the penalty (‖∇f‖₂ - 1)² under "wgan".
    lr, weight_decay, betas
        Of Adam.
    max_epochs : int, default=100
        Passes over the curves.
    iterations : int, default=1
        Steps on the same batch.
    batch_size : int or None, default=200
        Curves a batch; None takes all at once.
    schedule : None or "one-cycle", default=None
        With "one-cycle" the rate rises to `lr` and falls again over the training.
    early_stopping : bool, default=False
        Whether to hold out a tenth of the curves, stop once their loss has not
        fallen for ten epochs, and keep the best epoch.
    extension : {"none", "stack", "embed"}, default="none"
        What becomes of the channels beyond the values; see `bench.nets.SD`.
    n_channels : int, default=1
        Channels in a row of X.
    x : array of shape (n_points,) or (n_points, n_inputs), default=None
        Where the curves were evaluated, equally spaced on [-1, 1] if None. It goes
        along with the fitted classifier as `x_`; the arithmetic does not read it.
    device : str, default="auto"
        "auto" is "cuda" where there is one, else "cpu".
    callbacks : list or None, default=None
        Passed to skorch.
    random_state : int, RandomState or None, default=None
        Of initial weights, batches, held-out curves and interpolates.

    Attributes
    ----------
    net_ : the fitted skorch net
    history_ : dict of arrays of shape (n_epochs,)
        "loss", "accuracy" (of the last step on each batch, before it is taken),
        "largest_gradient" (absolute, of the last layer's weights) and, under "wgan",
        "loss_real", "loss_fake" and "loss_penalty".
    classes_, n_features_in_, n_iter_
        As everywhere in scikit-learn.
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

    def _check_parameters(self) -> None:
        super()._check_parameters()
        _one_of("extension", self.extension, EXTENSIONS)
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


class CSDClassifier(_Discriminator):
    """Convolutional symbolic discriminator as a scikit-learn classifier.

    Parameters
    ----------
    convolution : tuple of int and "pool"
        Widths of the convolutions and where to pool; see `bench.nets.CSD`.
    kernel_size : int, default=3
        Of every convolution; odd.
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

    def _check_parameters(self) -> None:
        super()._check_parameters()
        _at_least("kernel_size", self.kernel_size, 1, Integral)
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size = {self.kernel_size}; expected an odd one")
        for entry in self.convolution:
            if entry != "pool":
                _at_least("convolution", entry, 1, Integral)

    def _module(self) -> tuple[type[torch.nn.Module], dict[str, Any]]:
        return CSD, {
            "convolution": tuple(self.convolution),
            "kernel_size": self.kernel_size,
        }


def resolve_device(device: str) -> str:
    """Return "cuda" or "cpu" for "auto", and any other name as it is."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def _distinct(
    X: np.ndarray, codes: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge equal rows, adding their weights, and sort the rest by their bytes."""
    table = np.empty((len(X), X.shape[1] + 1), np.float32)
    table[:, :-1] = X + np.float32(0)  # so that -0.0 is 0.0
    table[:, -1] = codes
    rows = np.ascontiguousarray(table).view(f"V{table.itemsize * table.shape[1]}")
    _, first, inverse = np.unique(rows[:, 0], return_index=True, return_inverse=True)
    return X[first], codes[first], np.bincount(inverse, weight)


def _tensors(
    X: np.ndarray, codes: np.ndarray, weight: np.ndarray, device: str
) -> Curves:
    weights = None
    if not (weight == weight[0]).all():
        weights = torch.tensor(weight, dtype=torch.float32, device=device)
    return Curves(
        torch.tensor(X, device=device), torch.tensor(codes, device=device), weights
    )


def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> None:
    if value not in known:
        names = [str(candidate) for candidate in known]
        raise ValueError(
            f"{name} = {value!r}{did_you_mean(value, names)}; expected one of "
            f"{', '.join(names)}"
        )


def _at_least(name: str, value: Any, least: float, kind: type) -> None:
    if not isinstance(value, kind) or isinstance(value, bool) or not value >= least:  # type: ignore[operator]
        words = "a whole number" if kind is Integral else "a number"
        raise ValueError(f"{name} = {value!r}; expected {words} of at least {least}")


def _silent(*_: Any) -> None:
    """Take what skorch would print."""
