"""The training of stacked networks: one skorch net, one optimiser, one batch."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch

# An optimiser imports it on first use, which takes a second: better once, in the parent
# of all cells, than in each cell.
import torch._dynamo
from skorch import NeuralNet
from torch import Tensor

from bench.discriminators.losses import stacked_penalty
from bench.discriminators.stacked_backpropagation import StackedChain


class OneBatchPerEpoch(torch.utils.data.Dataset[Any]):
    """An iterator of batches as a dataset, one batch for each epoch.

    Its items are pairs ``(X, share)``: X (n_nets, 2 * curves, n_features), with the
    symbolic curves of each network first, and the shares (steps, n_nets, curves) of
    the real curves in interpolates, or None if no network has a penalty.
    """

    def __init__(self, batches: Iterator[tuple[Tensor, Tensor | None]]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return 1


class StackedNet(NeuralNet):
    """A skorch net of stacked networks; an epoch is several steps on one new batch.

    Parameters
    ----------
    loss : function of logits (n_nets, 2 * curves)
        Returns a loss (n_nets,) and its terms; see `bench.discriminators.losses`.
    rates : sequence of (lr, weight_decay), one for each network
        Neighbours with equal values share a group of the optimiser.
    penalties : tensor of shape (n_nets,)
        Weights of the gradient penalty.
    steps : int
        Number of steps on each batch.
    sync_every_epoch : bool
        Whether the mean loss and accuracy of each epoch are copied into the history,
        for callbacks to read. A copy makes the device wait.

    Other records stay on the device until `records` is called.
    """

    def __init__(
        self,
        *args: Any,
        loss: Any = None,
        rates: Sequence[tuple[float, float]] = (),
        penalties: Tensor | None = None,
        steps: int = 1,
        sync_every_epoch: bool = False,
        **kwargs: Any,
    ) -> None:
        self.loss = loss
        self.rates = rates
        self.penalties = penalties
        self.steps = steps
        self.sync_every_epoch = sync_every_epoch
        super().__init__(*args, **kwargs)

    def initialize_optimizer(self, *args: Any, **kwargs: Any) -> Any:
        """Make an optimiser with a group for each run of networks with equal rates.

        The optimiser's parameters are slices of the module's parameters along the
        leading axis, in the same memory, so an update in place changes both. So one
        fused optimiser serves networks of different rates.
        """
        self.slices_: list[tuple[Tensor, Tensor, slice]] = []
        groups = []
        start = 0
        for (lr, weight_decay), equal in groupby(self.rates):
            rows = slice(start, start + len(list(equal)))
            start = rows.stop
            params = []
            for parameter in self.module_.parameters():
                part = parameter.detach()[rows]
                self.slices_.append((part, parameter, rows))
                params.append(part)
            groups.append({"params": params, "lr": lr, "weight_decay": weight_decay})
        options = self.get_params_for("optimizer")
        options.pop("lr", None)
        self.optimizer_ = self.optimizer(groups, **options)
        return self

    def initialize(self) -> Any:
        """Initialise the net with empty records."""
        self.records_: dict[str, Tensor] = {}
        self.n_recorded_ = 0
        self.chain_: StackedChain | None = None
        return super().initialize()

    def records(self) -> dict[str, np.ndarray]:
        """Return the records: name → (n_epochs, n_nets).

        "accuracy" is measured on a batch just before the last step on it, as in the
        study's notebook; "prequential_accuracy" before the first step. "loss", its
        terms and "largest_gradient" are those of the last step.
        """
        rows = slice(self.n_recorded_)
        return {
            name: table[rows].cpu().numpy() for name, table in self.records_.items()
        }

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Return the dataset itself, which is an iterator of batches."""
        return dataset

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **params: Any
    ) -> None:
        """Draw a batch and take all steps on it."""
        if not training:  # a callback evaluates the held-out curves
            return
        batch = next(iterator.batches)
        self.notify("on_batch_begin", batch=batch, training=training)
        step = step_fn(batch, **params)
        self.notify("on_batch_end", batch=batch, training=training, **step)

    def train_step(self, batch: Any, **fit_params: Any) -> Any:
        """Take all steps; record accuracies before the first and before the last."""
        X, share = batch
        self._set_training(True)
        chain = self._chain(X) if share is None else None
        for number in range(self.steps):
            self.module_.zero_grad(set_to_none=True)
            if chain is None:
                logits = self.module_(X)[..., 0]
            else:
                logits = chain.forward(X).requires_grad_()
            losses, terms = self.loss(logits)
            if share is not None:
                penalty = stacked_penalty(self.module_, X, share[number])
                if self.penalties is not None:
                    penalty = penalty * self.penalties
                terms["loss_penalty"] = penalty.detach()
                losses = losses + penalty
            losses.sum().backward()
            if chain is not None:
                chain.backward(logits.grad)
            if number == 0:
                record = {"prequential_accuracy": _accuracy(logits)}
            if number == self.steps - 1:
                gradient = self.module_.head[-1].weight.grad
                record |= {
                    "loss": losses.detach(),
                    "accuracy": _accuracy(logits),
                    "largest_gradient": gradient.abs().amax(dim=(1, 2)),
                    **terms,
                }
            for part, parameter, rows in self.slices_:
                gradient = parameter.grad
                part.grad = None if gradient is None else gradient[rows]
            self.optimizer_.step()
        self._write(record)
        if self.sync_every_epoch:
            self.history.record("train_loss", losses.mean().item())
            self.history.record("train_accuracy", record["accuracy"].mean().item())
        return {"loss": losses.detach(), "y_pred": logits.detach()}

    def _chain(self, X: Tensor) -> StackedChain | None:
        """Return the layers without autograd, whose bits they have; only on a CPU."""
        embeds = getattr(self.module_, "embedding", None) is not None
        if embeds or X.device.type != "cpu":
            return None
        if self.chain_ is None:
            self.chain_ = StackedChain(self.module_, X)
        return self.chain_

    def _write(self, record: dict[str, Tensor]) -> None:
        """Write the record of an epoch into preallocated tensors.

        One small tensor for each epoch would fragment the heap: it stays between large
        blocks that come and go and cannot be merged. Memory then grew by a batch an
        epoch.
        """
        for name, values in record.items():
            if name not in self.records_:
                self.records_[name] = values.new_empty(self.max_epochs, len(values))
            self.records_[name][self.n_recorded_] = values
        self.n_recorded_ += 1


@torch.no_grad()
def _accuracy(logits: Tensor) -> Tensor:
    """Return the accuracy of each network, (n_nets,); the first half is symbolic."""
    half = logits.shape[1] // 2
    predicted = logits > 0
    n_correct = predicted[:, :half].sum(1) + (~predicted[:, half:]).sum(1)
    return n_correct / logits.shape[1]
