"""Online training: every epoch draws new curves, and stacked networks train at once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from skorch.callbacks import Callback
from torch import Tensor

from bench.curves import CurveStream
from bench.discriminators import losses
from bench.discriminators.discriminator import Discriminator, resolve_device
from bench.discriminators.stacked import stack, state_of
from bench.discriminators.stacked_training import OneBatchPerEpoch, StackedNet
from bench.suite import OnlineTraining

_BLOCK_BYTES = 2**23  # size of the curves that are drawn at a time
_CHUNK_FLOATS = 2**18  # held-out values at a time, so that activations fit a cache


def fit_online(
    discriminators: Sequence[Discriminator],
    streams: Sequence[CurveStream],
    training: OnlineTraining,
    held_out: Sequence[tuple[np.ndarray, np.ndarray]],
    watch: Callable[[int, np.ndarray], bool] | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Train discriminators of one architecture together, each as if it were alone.

    Each discriminator has its own curves, initial weights and interpolates. Training
    others with it changes at most the order of floating-point sums. The length is that
    of `training`; `max_epochs`, `batch_size` and `iterations` are not used.

    Parameters
    ----------
    discriminators
        Unfitted, of the same parameters except `lr`, `weight_decay`,
        `gradient_penalty` and `random_state`. They are fitted in place, with a
        `history_` of `StackedNet.records`, "held_out_accuracy", and its epochs
        "held_out_epoch".
    streams
        One for each discriminator.
    held_out
        Curves and labels (1 = symbolic) for each discriminator, equally many for all.
    watch
        Called with the epoch and the held-out accuracies (n_nets,). Training ends when
        it returns True.
    dtype
        Type of the weights and of all arithmetic during training. The fitted weights
        are float32.

    Raises
    ------
    ValueError
        If architectures differ or a parameter is invalid.
    """
    for discriminator, (X, _) in zip(discriminators, held_out, strict=True):
        _prepare(discriminator, X.shape[1])
    first = discriminators[0]
    if any(_architecture(d) != _architecture(first) for d in discriminators):
        raise ValueError(
            "found discriminators of different architectures; expected them to differ "
            "only in lr, weight_decay, gradient_penalty and random_state"
        )
    device = resolve_device(first.device)
    rngs = [check_random_state(d.random_state) for d in discriminators]
    nets = [
        _new_net(d, rng, dtype) for d, rng in zip(discriminators, rngs, strict=True)
    ]
    share_rngs = [np.random.default_rng(rng.randint(2**31 - 1)) for rng in rngs]
    penalties = torch.tensor(
        [float(d.gradient_penalty) for d in discriminators], dtype=dtype
    )
    is_wgan = first.loss == "wgan"
    evaluation = _Evaluation(held_out, training, watch, device, dtype)
    stacked_net = StackedNet(
        stack,
        module__nets=[net.module_ for net in nets],
        criterion=torch.nn.Identity,  # unused: `loss` returns one number a network
        loss=losses.stacked_wasserstein if is_wgan else losses.stacked_cross_entropy,
        rates=[(float(d.lr), float(d.weight_decay)) for d in discriminators],
        penalties=penalties.to(device),
        steps=training.steps,
        optimizer=torch.optim.Adam,
        optimizer__betas=tuple(first.betas),
        optimizer__fused=True,
        max_epochs=training.epochs,
        train_split=None,
        callbacks=[evaluation, *(first.callbacks or [])],
        callbacks__print_log=None,
        callbacks__train_loss=None,
        callbacks__valid_loss=None,
        sync_every_epoch=bool(first.callbacks),
        device=device,
        verbose=0,
    ).initialize()
    # Without any penalty no shares are drawn, which takes time.
    needed_rngs = share_rngs if penalties.any() else None
    batches = _batches(streams, needed_rngs, training, evaluation.X)
    # Not `fit`, which ends a training quietly at a KeyboardInterrupt.
    stacked_net.notify("on_train_begin", X=None, y=None)
    with suppress(_StopTraining):
        stacked_net.fit_loop(OneBatchPerEpoch(batches))
    stacked_net.notify("on_train_end", X=None, y=None)
    records = stacked_net.records() | evaluation.records()
    for number, (d, net) in enumerate(zip(discriminators, nets, strict=True)):
        net.module_.load_state_dict(state_of(stacked_net.module_, number))
        d.net_ = net
        d.history_ = {
            name: values if values.ndim == 1 else values[:, number]
            for name, values in records.items()
        }
        d.n_iter_ = len(d.history_["loss"])
        d.x_ = None if d.x is None else np.asarray(d.x, np.float64)


class _StopTraining(Exception):  # noqa: N818 (not an error: `watch` returned True)
    """Ends a training before its last epoch."""


class _Evaluation(Callback):
    """A callback that measures held-out accuracies every few epochs."""

    def __init__(
        self,
        held_out: Sequence[tuple[np.ndarray, np.ndarray]],
        training: OnlineTraining,
        watch: Callable[[int, np.ndarray], bool] | None,
        device: str,
        dtype: torch.dtype,
    ) -> None:
        self.X = torch.stack([torch.from_numpy(X).to(dtype) for X, _ in held_out])
        self.X = self.X.to(device)
        self.symbolic = torch.tensor(np.stack([y == 1 for _, y in held_out])).to(device)
        self.training = training
        self.watch = watch
        self.epochs: list[int] = []
        self.accuracies: list[np.ndarray] = []

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Measure the accuracies if this epoch is one of those to evaluate."""
        epoch = len(net.history)
        if epoch % self.training.evaluate_every and epoch < self.training.epochs:
            return
        self.epochs.append(epoch)
        accuracies = self._accuracies(net.module_)
        self.accuracies.append(accuracies)
        net.history.record("held_out_accuracy", float(accuracies.mean()))
        if self.watch is not None and self.watch(epoch, accuracies):
            raise _StopTraining

    def records(self) -> dict[str, np.ndarray]:
        """Return epochs (n_evaluations,) and accuracies (n_evaluations, n_nets)."""
        return {
            "held_out_epoch": np.array(self.epochs),
            "held_out_accuracy": np.array(self.accuracies),
        }

    @torch.no_grad()
    def _accuracies(self, module: torch.nn.Module) -> np.ndarray:
        module.eval()
        n_nets, n_curves, n_features = self.X.shape
        chunk = max(1, _CHUNK_FLOATS // (n_nets * n_features))
        n_correct = torch.zeros(n_nets, device=self.X.device)
        for start in range(0, n_curves, chunk):
            rows = slice(start, start + chunk)
            predicted = module(self.X[:, rows])[..., 0] > 0
            n_correct += (predicted == self.symbolic[:, rows]).sum(1)
        accuracies: np.ndarray = (n_correct / n_curves).cpu().numpy()
        return accuracies


def _prepare(discriminator: Discriminator, n_features: int) -> None:
    """Set the attributes that `fit` sets before training, and check parameters."""
    if not discriminator.learns_online:
        raise ValueError(
            f"{type(discriminator).__name__} does not support online training: batch "
            "normalisation would mix the curves of stacked networks; use SD or CSD, "
            "or fit"
        )
    discriminator.classes_ = np.array([0, 1])
    discriminator.n_features_in_ = n_features
    discriminator.check_parameters()
    for name in ("schedule", "early_stopping"):
        if value := getattr(discriminator, name):
            raise ValueError(
                f"{name} = {value!r} is only for training on a fixed set of curves; "
                "leave it out, or use training: {mode: fixed}"
            )


def _architecture(discriminator: Discriminator) -> dict[str, Any]:
    """Return the parameters that stacked networks must have in common."""
    may_differ = (
        *("lr", "weight_decay", "gradient_penalty", "random_state"),
        *("x", "callbacks"),
    )
    parameters = discriminator.get_params(deep=False)
    return {k: v for k, v in parameters.items() if k not in may_differ} | {
        "class": type(discriminator)
    }


def _new_net(discriminator: Discriminator, rng: Any, dtype: torch.dtype) -> Any:
    """Make a discriminator's skorch net with its own initial weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.randint(2**31 - 1))
        device = resolve_device(discriminator.device)
        net = discriminator.make_net(1, [], device).initialize()
    net.module_.to(dtype)
    return net


def _batches(
    streams: Sequence[CurveStream],
    share_rngs: Sequence[np.random.Generator] | None,
    training: OnlineTraining,
    like: Tensor,
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Draw several epochs at a time, and yield the batches one by one.

    Parameters
    ----------
    share_rngs
        Generators of the shares of interpolates; None where no network has a penalty.
    like : tensor of shape (n_nets, n_curves, n_features)
        A tensor with the dtype and the device of the batches.

    Yields
    ------
    X, share
        As in `bench.discriminators.stacked_training.OneBatchPerEpoch`.
    """
    n_nets, _, n_features = like.shape
    n_bytes = n_nets * 2 * training.curves * n_features * like.element_size()
    n_block = max(1, _BLOCK_BYTES // n_bytes)
    for start in range(0, training.epochs, n_block):
        n = min(n_block, training.epochs - start)
        X = torch.empty(n, n_nets, 2 * training.curves, n_features, dtype=like.dtype)
        for number, stream in enumerate(streams):
            stream.take(n, out=X.numpy()[:, number])
        X = X.to(like.device)
        if share_rngs is None:
            yield from ((batch, None) for batch in X)
            continue
        size = (n, training.steps, training.curves)
        shares = np.stack([rng.random(size) for rng in share_rngs], axis=2)
        yield from zip(X, torch.tensor(shares).to(like), strict=True)
