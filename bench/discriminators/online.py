"""Online training: every epoch draws fresh curves, and many members learn at once."""

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
from bench.discriminators.stacked import side_by_side, state_of
from bench.discriminators.stacked_training import OneBatchPerEpoch, StackedNet
from bench.suite import OnlineTraining

_BLOCK_BYTES = 2**23  # of curves drawn at a time
_CHUNK_FLOATS = 2**18  # of held-out curves at a time: activations stay in a cache


def fit_online(
    members: Sequence[Discriminator],
    streams: Sequence[CurveStream],
    training: OnlineTraining,
    held_out: Sequence[tuple[np.ndarray, np.ndarray]],
    watch: Callable[[int, np.ndarray], bool] | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Train discriminators of one architecture together, each as if it were alone.

    A member has its own curves, initial weights and interpolates; the other members
    change at most the order of floating-point sums. `training` says how long it
    trains: `max_epochs`, `batch_size` and `iterations` are not read.

    Parameters
    ----------
    members
        Unfitted; they may differ in `lr`, `weight_decay`, `gradient_penalty` and
        `random_state`. Fitted afterwards, with `history_` as `MembersNet.diary_` has
        it, "held_out_accuracy" and the epochs it was taken at, "held_out_epoch".
    streams
        One a member.
    held_out
        Curves and labels (1 = symbolic) of each member, as many for all.
    watch
        Called with the epoch and the held-out accuracies (n_members,); the training
        ends once it returns True.
    dtype
        Type of the weights and of all arithmetic while training. The fitted weights are
        float32.

    Raises
    ------
    ValueError
        If members are of different architectures, or a parameter cannot be.
    """
    for member, (X, _) in zip(members, held_out, strict=True):
        _prepare(member, X.shape[1])
    first = members[0]
    if any(_architecture(member) != _architecture(first) for member in members):
        raise ValueError(
            "members of different architectures; expected that they differ in lr, "
            "weight_decay, gradient_penalty and random_state alone"
        )
    device = resolve_device(first.device)
    rngs = [check_random_state(member.random_state) for member in members]
    own = [_fresh_net(*pair, dtype) for pair in zip(members, rngs, strict=True)]
    shares = [np.random.default_rng(rng.randint(2**31 - 1)) for rng in rngs]
    penalties = torch.tensor([float(m.gradient_penalty) for m in members], dtype=dtype)
    is_wgan = first.loss == "wgan"
    evaluation = _Evaluation(held_out, training, watch, device, dtype)
    net = StackedNet(
        side_by_side,
        module__nets=[net.module_ for net in own],
        criterion=torch.nn.Identity,  # `loss` is each member's
        loss=losses.stacked_wasserstein if is_wgan else losses.stacked_cross_entropy,
        rates=[(float(m.lr), float(m.weight_decay)) for m in members],
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
        prompt=bool(first.callbacks),
        device=device,
        verbose=0,
    ).initialize()
    paid = shares if penalties.any() else None
    batches = _batches(streams, paid, training, evaluation.X)
    # Not `fit`: that takes an interruption for the end of the training.
    net.notify("on_train_begin", X=None, y=None)
    with suppress(_Enough):
        net.fit_loop(OneBatchPerEpoch(batches))
    net.notify("on_train_end", X=None, y=None)
    diary = net.read_diary() | evaluation.found()
    for number, (member, net_) in enumerate(zip(members, own, strict=True)):
        net_.module_.load_state_dict(state_of(net.module_, number))
        member.net_ = net_
        member.history_ = {
            name: values if values.ndim == 1 else values[:, number]
            for name, values in diary.items()
        }
        member.n_iter_ = len(member.history_["loss"])
        member.x_ = None if member.x is None else np.asarray(member.x, np.float64)


class _Enough(Exception):  # noqa: N818 (it is no error: someone has seen enough)
    """Ends a training before its last epoch."""


class _Evaluation(Callback):
    """Looks at the held-out curves every few epochs."""

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
        """Take the members' accuracies, if it is time."""
        epoch = len(net.history)
        if epoch % self.training.evaluate_every and epoch < self.training.epochs:
            return
        self.epochs.append(epoch)
        accuracies = self._accuracies(net.module_)
        self.accuracies.append(accuracies)
        net.history.record("held_out_accuracy", float(accuracies.mean()))
        if self.watch is not None and self.watch(epoch, accuracies):
            raise _Enough

    def found(self) -> dict[str, np.ndarray]:
        """Return epochs (n_evaluations,) and accuracies (n_evaluations, n_members)."""
        return {
            "held_out_epoch": np.array(self.epochs),
            "held_out_accuracy": np.array(self.accuracies),
        }

    @torch.no_grad()
    def _accuracies(self, module: torch.nn.Module) -> np.ndarray:
        module.eval()
        n_members, n_curves, n_features = self.X.shape
        chunk = max(1, _CHUNK_FLOATS // (n_members * n_features))
        right = torch.zeros(n_members, device=self.X.device)
        for start in range(0, n_curves, chunk):
            rows = slice(start, start + chunk)
            found = module(self.X[:, rows])[..., 0] > 0
            right += (found == self.symbolic[:, rows]).sum(1)
        accuracies: np.ndarray = (right / n_curves).cpu().numpy()
        return accuracies


def _prepare(member: Discriminator, n_features: int) -> None:
    """Make a member what `fit` would, before it trains; refuse what it cannot read."""
    if not member.learns_online:
        raise ValueError(
            f"{type(member).__name__} cannot learn online: its norms take a batch's "
            "curves together, members' would mix; use SD or CSD, or fit"
        )
    member.classes_ = np.array([0, 1])
    member.n_features_in_ = n_features
    member.check_parameters()
    for name in ("schedule", "early_stopping"):
        if getattr(member, name):
            raise ValueError(
                f"{name} = {getattr(member, name)!r} belongs to training on a fixed "
                "set of curves; leave it out, or use training: {mode: fixed}"
            )


def _architecture(member: Discriminator) -> dict[str, Any]:
    own = ("lr", "weight_decay", "gradient_penalty", "random_state", "x", "callbacks")
    parameters = member.get_params(deep=False)
    return {k: v for k, v in parameters.items() if k not in own} | {
        "class": type(member)
    }


def _fresh_net(member: Discriminator, rng: Any, dtype: torch.dtype) -> Any:
    """Make a member's skorch net, with initial weights that are its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.randint(2**31 - 1))
        net = member.make_net(1, [], resolve_device(member.device)).initialize()
    net.module_.to(dtype)
    return net


def _batches(
    streams: Sequence[CurveStream],
    shares: Sequence[np.random.Generator] | None,
    training: OnlineTraining,
    like: Tensor,
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Draw some epochs at a time; yield one by one. `shares` are for penalties."""
    n_members, _, n_features = like.shape
    row = n_members * 2 * training.curves * n_features * like.element_size()
    n_block = max(1, _BLOCK_BYTES // row)
    for start in range(0, training.epochs, n_block):
        n = min(n_block, training.epochs - start)
        X = torch.empty(n, n_members, 2 * training.curves, n_features, dtype=like.dtype)
        for member, stream in enumerate(streams):
            stream.take(n, out=X.numpy()[:, member])
        X = X.to(like.device)
        if shares is None:
            yield from ((batch, None) for batch in X)
            continue
        size = (n, training.steps, training.curves)
        drawn = np.stack([rng.random(size) for rng in shares], axis=2)
        yield from zip(X, torch.tensor(drawn).to(like), strict=True)
