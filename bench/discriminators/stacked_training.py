"""How many discriminators train at once: one skorch net, one optimiser, one batch."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
import torch._dynamo  # an optimiser loads it, for a second: once, not in each cell
from skorch import NeuralNet
from torch import Tensor

from bench.discriminators.losses import stacked_penalty


class OneBatchPerEpoch(torch.utils.data.Dataset[Any]):
    """Batches that are seen once each: an iterator in a dataset's clothes.

    Yields ``(X, share)`` of shapes (n_members, 2 * curves, n_features), the symbolic
    curves of each member first, and (steps, n_members, curves), or None where nobody
    pays a penalty.
    """

    def __init__(self, batches: Iterator[tuple[Tensor, Tensor | None]]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return 1


class StackedNet(NeuralNet):
    """A skorch net of many members; an epoch is some steps on one fresh batch.

    Parameters
    ----------
    loss : function of logits (n_members, 2 * curves)
        Returns a loss (n_members,) and its parts; see `bench.discriminators.losses`.
    rates : sequence of (lr, weight_decay), one a member
        Neighbours with the same ones are one group of the optimiser.
    penalties : tensor of shape (n_members,)
        Weights of the gradient penalty.
    steps : int
        On each batch.
    prompt : bool
        Whether callbacks find each epoch's mean loss and accuracy in the history: a
        device then has to wait for us.

    The diary stays on the device until it is read.
    """

    def __init__(
        self,
        *args: Any,
        loss: Any = None,
        rates: Sequence[tuple[float, float]] = (),
        penalties: Tensor | None = None,
        steps: int = 1,
        prompt: bool = False,
        **kwargs: Any,
    ) -> None:
        self.loss = loss
        self.rates = rates
        self.penalties = penalties
        self.steps = steps
        self.prompt = prompt
        super().__init__(*args, **kwargs)

    def initialize_optimizer(self, *args: Any, **kwargs: Any) -> Any:
        """Give each run of members with the same rates a group, over the same memory.

        The optimiser's parameters are slices of the module's along its leading axis:
        what is updated in place there is updated here. So one fused optimiser serves
        members whose rates differ.
        """
        self.slices_: list[tuple[Tensor, Tensor, slice]] = []
        groups = []
        start = 0
        for (lr, weight_decay), same in groupby(self.rates):
            members = slice(start, start + len(list(same)))
            start = members.stop
            own = []
            for parameter in self.module_.parameters():
                part = parameter.detach()[members]
                self.slices_.append((part, parameter, members))
                own.append(part)
            groups.append({"params": own, "lr": lr, "weight_decay": weight_decay})
        options = self.get_params_for("optimizer")
        options.pop("lr", None)
        self.optimizer_ = self.optimizer(groups, **options)
        return self

    def initialize(self) -> Any:
        """Begin a diary too."""
        self.diary_: dict[str, Tensor] = {}
        self.n_written_ = 0
        return super().initialize()

    def read_diary(self) -> dict[str, np.ndarray]:
        """Return what was recorded: name → (n_epochs, n_members).

        "accuracy" is that of a batch in its last step, before this is taken, as the
        study's notebook has it; "prequential_accuracy" is that of the batch before any
        step on it. "loss", its parts and "largest_gradient" are of the last step.
        """
        rows = slice(self.n_written_)
        return {name: page[rows].cpu().numpy() for name, page in self.diary_.items()}

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Return the stream itself: it ends when the training does."""
        return dataset

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **params: Any
    ) -> None:
        """Draw a batch and take all steps on it."""
        if not training:  # held-out curves are a callback's
            return
        batch = next(iterator.batches)
        self.notify("on_batch_begin", batch=batch, training=training)
        step = step_fn(batch, **params)
        self.notify("on_batch_end", batch=batch, training=training, **step)

    def train_step(self, batch: Any, **fit_params: Any) -> Any:
        """Take all steps; note the accuracies before the first and before the last."""
        X, share = batch
        self._set_training(True)
        for number in range(self.steps):
            self.module_.zero_grad(set_to_none=True)
            logits = self.module_(X)[..., 0]
            losses, parts = self.loss(logits)
            if share is not None:
                penalty = stacked_penalty(self.module_, X, share[number])
                if self.penalties is not None:
                    penalty = penalty * self.penalties
                parts["loss_penalty"] = penalty.detach()
                losses = losses + penalty
            losses.sum().backward()
            if number == 0:
                entry = {"prequential_accuracy": _accuracy(logits)}
            if number == self.steps - 1:
                last = self.module_.head[-1].weight.grad
                entry |= {
                    "loss": losses.detach(),
                    "accuracy": _accuracy(logits),
                    "largest_gradient": last.abs().amax(dim=(1, 2)),
                    **parts,
                }
            for part, parameter, members in self.slices_:
                gradient = parameter.grad
                part.grad = None if gradient is None else gradient[members]
            self.optimizer_.step()
        self._write(entry)
        if self.prompt:
            self.history.record("train_loss", losses.mean().item())
            self.history.record("train_accuracy", entry["accuracy"].mean().item())
        return {"loss": losses.detach(), "y_pred": logits.detach()}

    def _write(self, entry: dict[str, Tensor]) -> None:
        """Note an epoch on a page for all: a scrap kept of each would litter the heap.

        A small block that stays between two large ones that come and go keeps the
        system from joining these: memory grew by as much as a batch an epoch.
        """
        for name, values in entry.items():
            if name not in self.diary_:
                self.diary_[name] = values.new_empty(self.max_epochs, len(values))
            self.diary_[name][self.n_written_] = values
        self.n_written_ += 1


@torch.no_grad()
def _accuracy(logits: Tensor) -> Tensor:
    """Return how many (n_members,) of the curves, half symbolic, are told rightly."""
    half = logits.shape[1] // 2
    found = logits > 0
    right = found[:, :half].sum(1) + (~found[:, half:]).sum(1)
    return right / logits.shape[1]
