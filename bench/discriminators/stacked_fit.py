"""Stacked training on fixed curves: every member as if it were fitted alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR

from bench.discriminators.discriminator import Discriminator, resolve_device
from bench.discriminators.losses import Terms
from bench.discriminators.stacked import stack, state_of


def fit_stacked(
    discriminators: Sequence[Discriminator],
    curves: Sequence[tuple[np.ndarray, np.ndarray]],
) -> None:
    """Fit SDs or CSDs of equal parameters together, each to curves of its own.

    Each member draws its initial weights, shuffles and interpolates as its `fit` would,
    and takes the same steps: the results differ by the rounding of sums. A diverged
    member changes no other.

    Members with fewer distinct curves than others get rows of weight zero in their last
    batch. Those whose epochs have another number of batches are trained apart, since
    one optimiser takes its steps for all.

    Parameters
    ----------
    discriminators
        Unfitted, of the same parameters except `random_state` and `x`. They are fitted
        in place.
    curves
        Curves and labels for each, as in `Discriminator.fit`.

    Raises
    ------
    ValueError
        If parameters differ, or one is invalid or has no meaning in a stack.
    """
    first = discriminators[0]
    if any(_shared(d) != _shared(first) for d in discriminators):
        raise ValueError(
            "found discriminators of different parameters; expected them to differ "
            "only in random_state and x"
        )
    if not first.learns_online:
        raise ValueError(
            f"{type(first).__name__} cannot be stacked, which gains nothing for its "
            "convolutions; use SD or CSD, or leave stacked out"
        )
    for name in ("early_stopping", "callbacks"):
        if value := getattr(first, name):
            raise ValueError(
                f"{name} = {value!r} ends or watches the training of one network; "
                "leave it out, or leave stacked out"
            )
    device = resolve_device(first.device)
    members = [
        _member(d, X, y, device)
        for d, (X, y) in zip(discriminators, curves, strict=True)
    ]
    groups: dict[int, list[_Member]] = {}
    for member in members:
        groups.setdefault(member.n_batches, []).append(member)
    for group in groups.values():
        _train(group, device)


class _Batch(NamedTuple):
    """Curves (n_nets, n_curves, n_features), labels and weights (n_nets, n_curves)."""

    X: Tensor
    labels: Tensor
    weights: Tensor

    def rows(self, numbers: Tensor) -> "_Batch":
        """Take other rows of each network, numbers (n_nets, n_rows)."""
        nets = torch.arange(len(numbers), device=numbers.device)[:, None]
        return _Batch(*(part[nets, numbers] for part in self))


@dataclass(frozen=True)
class _Member:
    """A discriminator with its distinct curves, its new network and its random stream.

    Attributes
    ----------
    net
        The skorch net, initialised.
    generator
        Draws what comes after the initial weights.
    """

    discriminator: Discriminator
    X: Tensor
    labels: Tensor
    weights: Tensor
    net: Any
    generator: torch.Generator

    @property
    def n_batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.X) // (self.net.batch_size or len(self.X)))

    def order(self, n_rows: int) -> Tensor:
        """Shuffle the curves for an epoch; rows of weight zero fill up to n_rows."""
        shuffled = torch.randperm(len(self.X), generator=self.generator)
        return torch.cat([shuffled, torch.arange(len(self.X), n_rows)])


def _member(discriminator: Discriminator, X: Any, y: Any, device: str) -> _Member:
    X, codes, weight = discriminator.prepare(X, y)
    rng = check_random_state(discriminator.random_state)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.randint(2**31 - 1))
        net = discriminator.make_net(len(X), [], device).initialize()
        generator = torch.Generator()
        generator.set_state(torch.get_rng_state())
    return _Member(
        discriminator,
        torch.from_numpy(X),
        torch.from_numpy(codes),
        torch.from_numpy(weight / weight.mean()).float(),
        net,
        generator,
    )


def _train(members: Sequence[_Member], device: str) -> None:
    """Train members whose epochs have the same number of batches."""
    first, discriminator = members[0].net, members[0].discriminator
    n_rows = max(len(member.X) for member in members)
    whole = _Batch(
        _padded([member.X for member in members], n_rows).to(device),
        _padded([member.labels for member in members], n_rows).to(device),
        _padded([member.weights for member in members], n_rows).to(device),
    )
    module = stack(
        [m.net.module_ for m in members],
        cached=device == "cpu" and not first.penalty,
    )
    module.train()
    options = first.get_params_for("optimizer")
    optimizer = first.optimizer(module.parameters(), **{"lr": first.lr} | options)
    schedule = None
    if discriminator.schedule == "one-cycle":
        schedule = OneCycleLR(optimizer, **discriminator.one_cycle(n_rows))
    loss = _wasserstein if discriminator.loss == "wgan" else _cross_entropy
    histories: list[dict[str, np.ndarray]] = []
    for _ in range(first.max_epochs):
        batches: Iterable[_Batch] = [whole]  # a batch of all curves is not copied
        if members[0].n_batches > 1:
            order = torch.stack([m.order(n_rows) for m in members]).to(device)
            batches = map(whole.rows, order.split(first.batch_size, dim=1))
        records = []
        for batch in batches:
            for _ in range(first.iterations):
                optimizer.zero_grad()
                logits = module(batch.X)
                losses, terms = loss(logits, batch)
                if first.penalty:
                    between = _interpolates(batch, members)
                    penalty = first.penalty * _penalty(module, *between)
                    terms["loss_penalty"] = penalty.detach()
                    losses = losses + penalty
                losses.sum().backward()
                optimizer.step()
            record = _record(module, batch, logits, losses) | terms
            if schedule is not None:
                [rate] = schedule.get_last_lr()
                record = {"event_lr": torch.full_like(losses, float(rate))} | record
                schedule.step()
            records.append(record)
        histories.append(_summary(records))
    for number, member in enumerate(members):
        member.net.module_.load_state_dict(state_of(module, number))
        member.discriminator.net_ = member.net
        member.discriminator.finish(
            {
                name: [float(epoch[name][number]) for epoch in histories]
                for name in histories[0]
            }
        )


def _padded(parts: Sequence[Tensor], n_rows: int) -> Tensor:
    """Stack tensors of different lengths; zeros fill up to n_rows."""
    padded = parts[0].new_zeros(len(parts), n_rows, *parts[0].shape[1:])
    for row, part in zip(padded, parts, strict=True):
        row[: len(part)] = part
    return padded


def _cross_entropy(logits: Tensor, batch: _Batch) -> tuple[Tensor, Terms]:
    """Cross-entropy of each network, (n_nets,); see `bench.discriminators.losses`."""
    if logits.shape[2] == 1:
        losses = functional.binary_cross_entropy_with_logits(
            logits[..., 0], batch.labels.to(logits.dtype), reduction="none"
        )
    else:
        flat = logits.flatten(0, 1), batch.labels.flatten()
        losses = functional.cross_entropy(*flat, reduction="none")
        losses = losses.view_as(batch.weights)
    return (losses * batch.weights).sum(1) / batch.weights.sum(1), {}


def _wasserstein(logits: Tensor, batch: _Batch) -> tuple[Tensor, Terms]:
    """Mean logit of fake curves minus that of real ones, (n_nets,)."""
    values = logits[..., 0]
    real = batch.weights * batch.labels
    fake = batch.weights - real
    real_term = -(values * real).sum(1) / real.sum(1).clamp(min=1e-12)
    fake_term = (values * fake).sum(1) / fake.sum(1).clamp(min=1e-12)
    terms = {"loss_real": real_term.detach(), "loss_fake": fake_term.detach()}
    return real_term + fake_term, terms


def _interpolates(batch: _Batch, members: Sequence[_Member]) -> tuple[Tensor, Tensor]:
    """Draw interpolates as `bench.discriminators.losses.gradient_penalty` does.

    Returns
    -------
    between : tensor of shape (n_nets, n_pairs, n_features)
    shares : tensor of shape (n_nets, n_pairs)
        The share of each pair in the mean of its network; zero where other networks
        have more pairs.
    """
    between, shares = [], []
    for X, labels, weights, member in zip(*batch, members, strict=True):
        of_class = [X[(weights > 0) & (labels == code)] for code in (1, 0)]
        n_pairs = min(map(len, of_class))
        if n_pairs == 0:
            between.append(X[:0])
            shares.append(weights[:0])
            continue
        drawn = member.generator
        real, fake = (
            curves[torch.randperm(len(curves), generator=drawn)[:n_pairs].to(X.device)]
            for curves in of_class
        )
        share = torch.rand(n_pairs, 1, generator=drawn).to(X.device)
        between.append(share * real + (1 - share) * fake)
        shares.append(weights.new_full((n_pairs,), 1 / n_pairs))
    most = max(map(len, shares))
    return _padded(between, most), _padded(shares, most)


def _penalty(module: torch.nn.Module, between: Tensor, shares: Tensor) -> Tensor:
    """Gradient penalty of each network, (n_nets,)."""
    between.requires_grad_()
    (gradient,) = torch.autograd.grad(module(between).sum(), between, create_graph=True)
    penalties: Tensor = ((gradient.norm(dim=2) - 1) ** 2 * shares).sum(1)
    return penalties


@torch.no_grad()
def _record(
    module: Any, batch: _Batch, logits: Tensor, losses: Tensor
) -> dict[str, Tensor]:
    """Summarise a batch for each network; accuracies are those before the step."""
    one = logits.shape[2] == 1
    predicted = logits[..., 0] > 0 if one else logits.argmax(2)
    correct = predicted == batch.labels
    return {
        "size": batch.weights.count_nonzero(1),
        "loss": losses.detach(),
        "accuracy": (correct * batch.weights).sum(1) / batch.weights.sum(1),
        "largest_gradient": module.head[-1].weight.grad.abs().amax(dim=(1, 2)),
    }


def _summary(records: Sequence[Terms]) -> dict[str, np.ndarray]:
    """Summarise the batches of an epoch, as `bench.discriminators.skorch_net` does."""
    table = {
        name: torch.stack([record[name] for record in records]).cpu().numpy()
        for name in records[0]
    }
    sizes = table.pop("size")
    return {
        name: values.max(0)
        if name == "largest_gradient"
        else np.average(values.astype(np.float64), axis=0, weights=sizes)
        for name, values in table.items()
    }


def _shared(discriminator: Discriminator) -> dict[str, Any]:
    """Return the parameters that members must have in common."""
    parameters = discriminator.get_params(deep=False)
    own = ("random_state", "x")
    return {"class": type(discriminator)} | {
        name: value for name, value in parameters.items() if name not in own
    }
