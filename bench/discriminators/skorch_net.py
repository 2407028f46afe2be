"""How a discriminator trains: skorch's loop, fed by slices of tensors."""

from collections.abc import Iterator
from typing import Any

import torch
import torch._dynamo  # an optimiser loads it, for a second: once, not in each cell
from skorch import NeuralNet
from torch import Tensor

from bench.discriminators.losses import gradient_penalty


class Curves(torch.utils.data.Dataset[Any]):
    """Curves, labels and weights as tensors that stay where the net is.

    Parameters
    ----------
    X : tensor of shape (n_curves, n_channels * n_points)
    labels : tensor of shape (n_curves,), 0 to n_classes - 1, or None to predict
    weights : tensor of shape (n_curves,), or None where all are one
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
        weights = None if self.weights is None else self.weights[rows]
        return self.X[rows], (self.labels[rows], weights)


class _Slices:
    """Batches of `Curves`, drawn by slicing: skorch's loader collates row by row."""

    def __init__(self, curves: Curves, batch_size: int | None, shuffle: bool) -> None:
        self.curves = curves
        self.batch_size = batch_size or len(curves)
        self.shuffle = shuffle

    def __len__(self) -> int:
        return -(-len(self.curves) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        n = len(self.curves)
        if self.batch_size >= n:
            yield self.curves[:]  # a view: a full batch is never copied
        elif self.shuffle:
            for rows in torch.randperm(n).split(self.batch_size):
                yield self.curves[rows.to(self.curves.X.device)]
        else:
            for start in range(0, n, self.batch_size):
                yield self.curves[start : start + self.batch_size]


class DiscriminatorNet(NeuralNet):
    """A skorch net that steps several times on a batch and keeps a diary.

    Parameters
    ----------
    loss : function of (logits, labels, weights)
        See `bench.discriminators.losses`.
    penalty : float
        Weight of the gradient penalty.
    iterations : int
        Steps on the same batch.
    prompt : bool
        Whether the diary is in the history after each epoch, for callbacks to read, or
        at the end of the training only. Until then it stays on the device, which so
        need never wait for us.

    The accuracy of a batch is that of its last step, before the step is taken.
    """

    def __init__(
        self,
        *args: Any,
        loss: Any = None,
        penalty: float = 0.0,
        iterations: int = 1,
        prompt: bool = True,
        **kwargs: Any,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.iterations = iterations
        self.prompt = prompt
        super().__init__(*args, **kwargs)

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Slice tensors, in batches of 4096 where nothing is learnt."""
        size = self.batch_size if training else 4096
        return _Slices(dataset, size, shuffle=training)

    def get_loss(
        self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False
    ) -> Any:
        """Work out the loss; its parts are left for the diary."""
        labels, weights = y_true
        self.parts_: dict[str, Tensor]
        loss, self.parts_ = self.loss(y_pred, labels, weights)
        if training and self.penalty:
            term = self.penalty * gradient_penalty(self.module_, X, labels)
            self.parts_["loss_penalty"] = term.detach()
            loss = loss + term
        return loss

    def fit_loop(self, *args: Any, **kwargs: Any) -> Any:
        """Train, then bring the diary into the history."""
        self.diary_: list[tuple[dict[str, Any], dict[str, Tensor]]] = []
        try:
            return super().fit_loop(*args, **kwargs)
        finally:  # also when a user interrupts the training, which skorch allows
            self._write_diary()

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **params: Any
    ) -> None:
        """Pass over the batches; unlike skorch, fetch no loss while training."""
        if not training:
            super().run_single_epoch(iterator, training, prefix, step_fn, **params)
            return
        self._set_training(True)
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=True)
            step = step_fn(batch, **params)
            row = self.history[-1]["batches"][-1]
            row["train_batch_size"] = len(batch[0])
            self.diary_.append((row, self._entry(batch, step)))
            self.notify("on_batch_end", batch=batch, training=True, **step)
        self.history.record("train_batch_count", len(iterator))
        if self.prompt:
            self._write_diary()

    def train_step(self, batch: Any, **fit_params: Any) -> Any:
        """Take all steps on a batch."""
        for _ in range(self.iterations):
            step = super().train_step(batch, **fit_params)
        return step

    def train_step_single(self, batch: Any, **fit_params: Any) -> Any:
        """Take one forward and backward pass on a batch."""
        # skorch would first move and re-wrap the batch; it is in place already.
        X, y = batch
        logits = self.module_(X)
        loss = self.get_loss(logits, y, X=X, training=True)
        loss.backward()
        return {"loss": loss, "y_pred": logits}

    @torch.no_grad()
    def _entry(self, batch: Any, step: dict[str, Tensor]) -> dict[str, Tensor]:
        """Sum a batch up, in tensors that stay where they are."""
        labels, weights = batch[1]
        logits = step["y_pred"]
        guess = logits.argmax(1) if logits.shape[1] > 1 else logits[:, 0] > 0
        right = guess == labels
        if weights is None:
            accuracy = right.count_nonzero() / len(labels)
        else:
            accuracy = (right * weights).mean() / weights.mean()
        last = self.module_.head[-1].weight.grad
        return {
            "train_loss": step["loss"].detach(),
            "accuracy": accuracy,
            "largest_gradient": last.abs().max(),
            **self.parts_,
        }

    def _write_diary(self) -> None:
        """Fetch what is not in the history yet, in one copy."""
        if not self.diary_:
            return
        entries = [value for _, entry in self.diary_ for value in entry.values()]
        values = iter(torch.stack(entries).tolist())
        for row, entry in self.diary_:
            row.update({name: next(values) for name in entry})
        self.diary_.clear()


def summarise(history: Any) -> dict[str, list[float]]:
    """Bring a skorch history to one number an epoch.

    The largest gradient is the largest over an epoch's batches; everything else is
    their mean, weighted by their sizes.
    """
    diary: dict[str, list[float]] = {}
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
            diary.setdefault(key, []).append(value)
        if "valid_loss" in epoch:
            diary.setdefault("valid_loss", []).append(epoch["valid_loss"])
    return diary
