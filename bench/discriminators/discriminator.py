"""The base class of SD, CSD and CSD2: checks, training through skorch, prediction."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight as checked_weights
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch.callbacks import EarlyStopping, GradientNormClipping, LRScheduler
from skorch.helper import predefined_split

from bench.base import described, device_problem, did_you_mean, shown
from bench.curves import check_channels, check_length
from bench.discriminators import losses
from bench.discriminators.skorch_net import Curves, DiscriminatorNet, summarise

_PATIENCE = 10
_VALIDATION_FRACTION = 0.1


def _gives_probabilities(estimator: Any) -> bool:
    if estimator.loss == "wgan":
        raise AttributeError(
            "a Wasserstein critic has no probabilities; use decision_function, "
            "or loss='bce'"
        )
    return True


class Discriminator(ClassifierMixin, BaseEstimator):
    """Base class of classifiers of curves; subclasses say which network they train.

    Training uses distinct rows: equal rows of one class are merged, their weights are
    added, and the rows are sorted. So a fit does not depend on the order of the curves,
    and repeating a curve is the same as giving it weight 2.
    """

    learns_online = True
    _optimizer: type[torch.optim.Optimizer] = torch.optim.Adam
    _warm_up = 0.3  # share of a one-cycle schedule in which the learning rate rises
    _max_gradient_norm: float | None = None
    _counts: tuple[str, ...] = ("max_epochs", "iterations", "n_channels")

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on curves.

        Parameters
        ----------
        X : array of shape (n_curves, n_channels * n_points)
            Channel after channel; converted to float32.
        y : array of shape (n_curves,)
            Labels of any kind; the larger of two is the "symbolic" or real one.
        sample_weight : array of shape (n_curves,), optional
            A curve of weight 2 counts as two curves, one of weight 0 is left out.

        Returns
        -------
        self
        """
        X, codes, weight = self.prepare(X, y, sample_weight)
        rng = check_random_state(self.random_state)
        self._choose(X, codes, weight, rng)
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
        # Seeds in skorch's callbacks would come after the weights are drawn.
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(rng.randint(2**31 - 1))
            self.net_ = self.make_net(len(train), valid, device)
            self.net_.fit(train, None)
        self.finish(summarise(self.net_.history))
        return self

    def prepare(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Check curves and parameters; return the distinct curves to train on.

        Returns
        -------
        X : array of shape (n_distinct, n_channels * n_points)
        codes : array of shape (n_distinct,)
            Positions of the labels in `classes_`.
        weight : array of shape (n_distinct,)
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        weight = checked_weights(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.check_parameters()
        return _distinct(X, codes, weight)

    def finish(self, history: Mapping[str, Sequence[float]]) -> None:
        """Set what a training leaves beside `net_`: quantity → values by epoch."""
        self.history_ = {name: np.array(values) for name, values in history.items()}
        self.n_iter_ = len(self.history_["loss"])
        self.x_ = None if self.x is None else np.asarray(self.x, dtype=np.float64)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return logits: (n_curves,) for two classes, else (n_curves, n_classes)."""
        check_is_fitted(self, "net_")
        X = validate_data(self, X, dtype=np.float32, reset=False)
        curves = Curves(torch.tensor(X, device=self.net_.device))
        parts = list(self.net_.forward_iter(curves, training=False))
        logits: np.ndarray = torch.cat(parts).cpu().numpy()
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of each curve; of two, the second if f > 0."""
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

    def weights(self) -> dict[str, np.ndarray]:
        """Return the parameters of the fitted network, by their state dict names."""
        check_is_fitted(self, "net_")
        state = self.net_.module_.state_dict()
        return {name: value.cpu().numpy() for name, value in state.items()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.loss != "wgan"
        return tags

    def check_parameters(self) -> None:
        """Raise a ValueError for an invalid parameter, once the data are known."""
        name = type(self).__name__
        n_classes = len(self.classes_)
        if n_classes < 2:
            # scikit-learn's check of this case expects the word "class" in the message.
            raise ValueError(
                f"{name} needs at least 2 classes; found one class or none with a "
                f"weight above 0: {list(self.classes_)}"
            )
        one_of("loss", self.loss, ("bce", "wgan"))
        if self.loss == "wgan" and n_classes > 2:
            raise ValueError(
                f"loss='wgan' supports two classes, found {n_classes}; use "
                "loss='bce', which is softmax cross-entropy for more than two"
            )
        if self.gradient_penalty and self.loss != "wgan":
            raise ValueError(
                f"gradient_penalty = {self.gradient_penalty} is used only under "
                "loss='wgan'; set it to 0"
            )
        if self.early_stopping and self.loss == "wgan":
            raise ValueError(
                "early_stopping needs a loss that measures the fit, which loss='wgan' "
                "does not; set it to False, or use loss='bce'"
            )
        one_of("schedule", self.schedule, (None, "one-cycle"))
        for field in self._counts:
            at_least(field, getattr(self, field), 1, Integral)
        if self.batch_size is not None:
            at_least("batch_size", self.batch_size, 1, Integral)
        for field in ("lr", "weight_decay", "gradient_penalty"):
            at_least(field, getattr(self, field), 0, Real)
        if isinstance(self.hidden, Integral):
            raise ValueError(
                f"hidden = {self.hidden}; expected one width for each layer, as in "
                f"({self.hidden},)"
            )
        for width in self.hidden:
            at_least("hidden", width, 1, Integral)
        check_channels(self.n_features_in_, self.n_channels)
        if self.x is not None:
            check_length(self.x, self._n_points())

    def _n_points(self) -> int:
        return int(self.n_features_in_ // self.n_channels)

    def _budget(self, n_curves: int) -> tuple[int, int | None]:
        """Return the number of epochs and the batch size; None is all curves."""
        return self.max_epochs, self.batch_size

    def make_net(
        self, n_curves: int, valid: list[Curves], device: str
    ) -> DiscriminatorNet:
        """Make the skorch net, not initialised, for a number of training curves."""
        n_outputs = 1 if len(self.classes_) == 2 else len(self.classes_)
        loss = losses.wasserstein
        if self.loss == "bce":
            binary = losses.binary_cross_entropy
            loss = binary if n_outputs == 1 else losses.cross_entropy
        epochs, batch_size = self._budget(n_curves)
        callbacks = list(self.callbacks or [])
        if self._max_gradient_norm is not None:
            callbacks.append(GradientNormClipping(self._max_gradient_norm))
        if self.schedule == "one-cycle":
            policy = torch.optim.lr_scheduler.OneCycleLR
            settings = self.one_cycle(n_curves)
            callbacks.append(LRScheduler(policy, step_every="batch", **settings))
        if self.early_stopping:
            early = EarlyStopping(patience=_PATIENCE, load_best=True, sink=_silent)
            callbacks.append(early)
        module, arguments = self._module()
        return DiscriminatorNet(
            module,
            **{f"module__{name}": value for name, value in arguments.items()},
            module__n_points=self._n_points(),
            module__n_channels=self.n_channels,
            module__hidden=tuple(self.hidden),
            module__n_outputs=n_outputs,
            criterion=torch.nn.Identity,  # unused: skorch's criterion gets no weights
            loss=loss,
            penalty=float(self.gradient_penalty),
            iterations=self.iterations,
            sync_every_epoch=bool(self.callbacks) or self.early_stopping,
            optimizer=self._optimizer,
            optimizer__betas=tuple(self.betas),
            optimizer__weight_decay=float(self.weight_decay),
            optimizer__fused=True,
            lr=self.lr,
            max_epochs=epochs,
            batch_size=batch_size,
            train_split=predefined_split(valid[0]) if valid else None,
            callbacks=callbacks,
            callbacks__print_log=None,
            device=device,
            verbose=0,
        )

    def one_cycle(self, n_curves: int) -> dict[str, Any]:
        """Return the settings of a one-cycle schedule, whose steps are batches."""
        epochs, batch_size = self._budget(n_curves)
        batches = -(-n_curves // (batch_size or n_curves))
        steps = max(2, epochs * batches)
        # A rise of exactly one step divides by zero in torch.
        is_one = self._warm_up * steps == 1
        return {
            "max_lr": self.lr,
            "total_steps": steps,
            "pct_start": self._warm_up * (1.5 if is_one else 1),
        }

    def _choose(
        self,
        X: np.ndarray,
        codes: np.ndarray,
        weight: np.ndarray,
        rng: np.random.RandomState,
    ) -> None:
        """Choose settings on the training curves; nothing is chosen by default."""

    def _module(self) -> tuple[type[torch.nn.Module], dict[str, Any]]:
        """Return the class of the torch module and its specific parameters."""
        raise TypeError("use SDClassifier, CSDClassifier or CSD2Classifier")


def resolve_device(device: str) -> str:
    """Return "cuda" or "cpu" for "auto", and any other name unchanged.

    Raises
    ------
    ValueError
        If this machine has no such device, or torch cannot compute on it.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if not str(device).startswith("cpu"):
        try:
            torch.zeros(1, device=device)
        except Exception as error:  # its class depends on the device
            reason = shown(described(error), 160)
            raise ValueError(device_problem(device, reason)) from None
    return device


def _distinct(
    X: np.ndarray, codes: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge equal rows of a class, adding their weights, and sort rows by their bytes.

    Rows are compared as bytes, which is faster than by columns.
    """
    table = np.empty((len(X), X.shape[1] + 1), np.float32)
    table[:, :-1] = X + np.float32(0)  # turns -0.0 into 0.0, whose bytes differ
    table[:, -1] = codes
    rows = np.ascontiguousarray(table).view(f"V{table.itemsize * table.shape[1]}")
    _, first, inverse = np.unique(rows[:, 0], return_index=True, return_inverse=True)
    return X[first], codes[first], np.bincount(inverse, weight)


def _tensors(
    X: np.ndarray, codes: np.ndarray, weight: np.ndarray, device: str
) -> Curves:
    weights = None
    weight = weight / weight.mean()  # only ratios matter; float32 has a smaller range
    if not (weight == weight[0]).all():
        weights = torch.tensor(weight, dtype=torch.float32, device=device)
    return Curves(
        torch.tensor(X, device=device), torch.tensor(codes, device=device), weights
    )


def one_of(name: str, value: Any, known: tuple[Any, ...]) -> None:
    """Raise a ValueError unless a parameter has one of the known values."""
    if value not in known:
        names = [str(candidate) for candidate in known]
        raise ValueError(
            f"{name} = {value!r}{did_you_mean(value, names)}; expected one of "
            f"{', '.join(names)}"
        )


def at_least(name: str, value: Any, least: float, kind: type) -> None:
    """Raise a ValueError unless a parameter is a finite number of at least `least`."""
    is_number = isinstance(value, kind) and not isinstance(value, bool)
    if not is_number or not least <= value < np.inf:
        expected = "a whole number" if kind is Integral else "a number"
        raise ValueError(f"{name} = {value!r}; expected {expected} of at least {least}")


def _silent(*_: Any) -> None:
    """Discard what skorch's callback would print."""
