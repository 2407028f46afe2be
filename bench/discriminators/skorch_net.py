"""The training of one discriminator: skorch's loop with batches of tensor slices."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

# An optimiser imports it on first use, which takes a second: better once, in the parent
# of all cells, than in each cell.
import torch._dynamo
from skorch import NeuralNet
from skorch.utils import TeeGenerator
from torch import Tensor

from bench.discriminators.backpropagation import Chain
from bench.discriminators.losses import gradient_of, gradient_penalty


class Curves(torch.utils.data.Dataset[Any]):
    """Curves, labels and weights as tensors on the device of the network.

    Parameters
    ----------
    X : tensor of shape (n_curves, n_channels * n_points)
    labels : tensor of shape (n_curves,), 0 to n_classes - 1, or None to predict
    weights : tensor of shape (n_curves,), or None if all are one
    """

    def __init__(
        self, X: Tensor, labels: Tensor | None = None, weights: Tensor | None = None
    ) -> None:
        self.X = X
        self.labels = torch.zeros(len(X)) if labels is None else labels
        self.weights = weights

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: Any) -> tuple[Tensor, tuple[Tensor, Tensor | None]]:
        if isinstance(rows, Tensor):
            return self._taken(lambda values: values.index_select(0, rows))
        return self._taken(lambda values: values[rows])

    def _taken(
        self, take: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor | None]]:
        weights = None if self.weights is None else take(self.weights)
        return take(self.X), (take(self.labels), weights)


class _Slices:
    """Batches of `Curves` by slicing, since skorch's loader collates row by row."""

    def __init__(self, curves: Curves, batch_size: int | None, shuffle: bool) -> None:
        self.curves = curves
        self.batch_size = batch_size or len(curves)
        self.shuffle = shuffle

    def __len__(self) -> int:
        return -(-len(self.curves) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        n = len(self.curves)
        if self.batch_size >= n:
            yield self.curves[:]  # a view: a batch of all curves is not copied
        elif self.shuffle:
            for rows in torch.randperm(n).split(self.batch_size):
                yield self.curves[rows.to(self.curves.X.device)]
        else:
            for start in range(0, n, self.batch_size):
                yield self.curves[start : start + self.batch_size]


class DiscriminatorNet(NeuralNet):
    """A skorch net that takes several steps on a batch and records losses lazily.

    Parameters
    ----------
    loss : function of (logits, labels, weights)
        See `bench.discriminators.losses`.
    penalty : float
        Weight of the gradient penalty.
    iterations : int
        Number of steps on each batch.
    sync_every_epoch : bool
        Whether records are copied from the device into the history after each epoch,
        for callbacks to read, or only at the end of training. A copy makes the
        device wait.

    The accuracy of a batch is measured just before the last step on it.
    """

    def __init__(
        self,
        *args: Any,
        loss: Any = None,
        penalty: float = 0.0,
        iterations: int = 1,
        sync_every_epoch: bool = True,
        **kwargs: Any,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.iterations = iterations
        self.sync_every_epoch = sync_every_epoch
        super().__init__(*args, **kwargs)

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Return batches of slices; prediction takes batches of 4096."""
        size = self.batch_size if training else 4096
        return _Slices(dataset, size, shuffle=training)

    def get_loss(
        self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False
    ) -> Any:
        """Compute the loss; its terms are kept for the records."""
        labels, weights = y_true
        self.loss_terms_: dict[str, Tensor]
        loss, self.loss_terms_ = self.loss(y_pred, labels, weights)
        if training and self.penalty:
            term = self.penalty * gradient_penalty(self.module_, X, labels)
            self.loss_terms_["loss_penalty"] = term.detach()
            loss = loss + term
        return loss

    def fit_loop(self, *args: Any, **kwargs: Any) -> Any:
        """Train, then copy the records into the history."""
        self.chains_: dict[int, Chain] = {}  # number of curves in a batch → its chain
        # Pairs of a batch's row in the history and what is to be written there.
        self.pending_: list[tuple[dict[str, Any], dict[str, Tensor]]] = []
        try:
            return super().fit_loop(*args, **kwargs)
        finally:  # also if a user interrupts the training, which skorch allows
            self._write_records()
            self.chains_.clear()

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **params: Any
    ) -> None:
        """Pass over the batches; unlike skorch, copy no loss while training."""
        if not training:
            super().run_single_epoch(iterator, training, prefix, step_fn, **params)
            return
        self._set_training(True)
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=True)
            step = step_fn(batch, **params)
            row = self.history[-1]["batches"][-1]
            row["train_batch_size"] = len(batch[0])
            self.pending_.append((row, self._record(batch, step)))
            self.notify("on_batch_end", batch=batch, training=True, **step)
        self.history.record("train_batch_count", len(iterator))
        if self.sync_every_epoch:
            self._write_records()

    def train_step(self, batch: Any, **fit_params: Any) -> Any:
        """Take `iterations` steps on a batch."""
        if chain := self._chain(batch[0]):
            return self._train_by_chain(chain, batch)
        for _ in range(self.iterations):
            step = super().train_step(batch, **fit_params)
        return step

    def _chain(self, X: Tensor) -> Chain | None:
        """Return the chain for a batch; None if autograd must differentiate."""
        size = X.shape[0]
        if size not in self.chains_:
            layers = getattr(self.module_, "chain", lambda: None)()
            if layers is None or self.penalty or X.device.type != "cpu":
                return None
            self.chains_[size] = Chain(
                layers,
                n_channels=self.module_.n_channels,
                n_curves=size,
                n_features=X.shape[1],
            )
        return self.chains_[size]

    @torch.no_grad()
    def _train_by_chain(self, chain: Chain, batch: Any) -> dict[str, Tensor]:
        """Take the steps of `train_step` without autograd, to the same bits."""
        X, y = batch
        for _ in range(self.iterations):
            logits = chain.forward(X)
            chain.backward(gradient_of(self.loss, logits, *y))
            if self.sync_every_epoch:  # there are callbacks of the user
                parameters = TeeGenerator(self.get_all_learnable_params())
                self.notify(
                    "on_grad_computed",
                    named_parameters=parameters,
                    batch=batch,
                    training=True,
                )
            self.optimizer_.step()
        # The logits of the last step still stand.
        loss = self.get_loss(logits, y, X=X, training=True)
        return {"loss": loss, "y_pred": logits.clone()}

    def train_step_single(self, batch: Any, **fit_params: Any) -> Any:
        """Take one forward and backward pass on a batch."""
        # skorch would move and wrap the batch first, but it is on the device already.
        X, y = batch
        logits = self.module_(X)
        loss = self.get_loss(logits, y, X=X, training=True)
        loss.backward()
        return {"loss": loss, "y_pred": logits}

    @torch.no_grad()
    def _record(self, batch: Any, step: dict[str, Tensor]) -> dict[str, Tensor]:
        """Summarise a batch in tensors that stay on the device."""
        labels, weights = batch[1]
        logits = step["y_pred"]
        predicted = logits.argmax(1) if logits.shape[1] > 1 else logits[:, 0] > 0
        correct = predicted == labels
        if weights is None:
            accuracy = correct.count_nonzero() / labels.shape[0]
        else:
            accuracy = (correct * weights).mean() / weights.mean()
        gradient = self.module_.head[-1].weight.grad
        return {
            "train_loss": step["loss"].detach(),
            "accuracy": accuracy,
            "largest_gradient": gradient.abs().max(),
            **self.loss_terms_,
        }

    def _write_records(self) -> None:
        """Copy pending records from the device into the history, in one transfer."""
        if not self.pending_:
            return
        tensors = [value for _, record in self.pending_ for value in record.values()]
        values = iter(torch.stack(tensors).tolist())
        for row, record in self.pending_:
            row.update({name: next(values) for name in record})
        self.pending_.clear()


def summarise(history: Any) -> dict[str, list[float]]:
    """Summarise a skorch history by one number for each quantity and epoch.

    "largest_gradient" is the maximum over an epoch's batches. Every other quantity is
    the mean over batches, weighted by their sizes.
    """
    summary: dict[str, list[float]] = {}
    for epoch in history:
        batches = [batch for batch in epoch["batches"] if "train_loss" in batch]
        sizes = [batch["train_batch_size"] for batch in batches]
        for name in batches[0]:
            if name.endswith("batch_size"):
                continue
            values = [batch[name] for batch in batches]
            mean = sum(v * n for v, n in zip(values, sizes, strict=True)) / sum(sizes)
            key = "loss" if name == "train_loss" else name
            value = max(values) if name == "largest_gradient" else mean
            summary.setdefault(key, []).append(value)
        if "valid_loss" in epoch:
            summary.setdefault("valid_loss", []).append(epoch["valid_loss"])
    return summary
