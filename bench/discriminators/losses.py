"""Losses of discriminators, with the terms that a history records separately."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Terms = dict[str, Tensor]


def binary_cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor | None
) -> tuple[Tensor, Terms]:
    """Cross-entropy of one logit (n, 1); label 1 is the second class (symbolic)."""
    loss = functional.binary_cross_entropy_with_logits
    values, targets = logits[:, 0], labels.to(logits.dtype)
    if weights is None:
        return loss(values, targets), {}
    return _mean(loss(values, targets, reduction="none"), weights), {}


def cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor | None
) -> tuple[Tensor, Terms]:
    """Softmax cross-entropy of (n, n_classes) logits."""
    if weights is None:
        return functional.cross_entropy(logits, labels), {}
    losses = functional.cross_entropy(logits, labels, reduction="none")
    return _mean(losses, weights), {}


def wasserstein(
    logits: Tensor, labels: Tensor, weights: Tensor | None
) -> tuple[Tensor, Terms]:
    """Mean logit of fake curves (0, neural) minus that of real ones (1, symbolic).

    The term of a class that a batch lacks is zero.
    """
    values = logits[:, 0]
    curve_weights = torch.ones_like(values) if weights is None else weights
    real = curve_weights * labels
    fake = curve_weights - real
    real_term = -(values * real).sum() / real.sum().clamp(min=1e-12)
    fake_term = (values * fake).sum() / fake.sum().clamp(min=1e-12)
    terms = {"loss_real": real_term.detach(), "loss_fake": fake_term.detach()}
    return real_term + fake_term, terms


def gradient_of(
    loss: Callable[..., tuple[Tensor, Terms]],
    logits: Tensor,
    labels: Tensor,
    weights: Tensor | None,
) -> Tensor:
    """Return the gradient of a loss by the logits.

    That of a mean cross-entropy of one logit, and the Wasserstein objective's, are
    written out; they have the bits of autograd's, which takes ten times as long.
    """
    if loss is binary_cross_entropy and weights is None:
        return torch.sigmoid(logits).sub_(labels[:, None]).div_(logits.shape[0])
    if loss is wasserstein:
        real = labels[:, None].to(logits.dtype)
        real = real if weights is None else weights[:, None] * real
        fake = (1 if weights is None else weights[:, None]) - real
        by_real, by_fake = (1 / part.sum().clamp(min=1e-12) for part in (real, fake))
        return by_fake * fake - by_real * real
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        value, _ = loss(leaf, labels, weights)
    (gradient,) = torch.autograd.grad(value, leaf)
    return gradient


def gradient_penalty(
    net: Callable[[Tensor], Tensor], X: Tensor, labels: Tensor
) -> Tensor:
    """Mean (‖∇f‖₂ - 1)² at random interpolates between real and fake curves.

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs" (2017), eq. 3.
    There are as many pairs as curves in the smaller class; without pairs the penalty
    is zero.
    """
    real, fake = X[labels == 1], X[labels == 0]
    n_pairs = min(len(real), len(fake))
    if n_pairs == 0:
        return X.new_zeros(())
    real = real[torch.randperm(len(real), device=X.device)[:n_pairs]]
    fake = fake[torch.randperm(len(fake), device=X.device)[:n_pairs]]
    share = torch.rand(n_pairs, 1, device=X.device)
    between = (share * real + (1 - share) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(net(between).sum(), between, create_graph=True)
    penalty: Tensor = ((gradient.norm(dim=1) - 1) ** 2).mean()
    return penalty


def _mean(losses: Tensor, weights: Tensor) -> Tensor:
    return (losses * weights).sum() / weights.sum()


def stacked_cross_entropy(logits: Tensor) -> tuple[Tensor, Terms]:
    """Cross-entropy of each stacked network, (n_nets, n) → (n_nets,).

    The first half of a network's curves is symbolic (1), the second neural (0).
    """
    half = logits.shape[1] // 2
    signed = torch.cat([-logits[:, :half], logits[:, half:]], 1)
    return functional.softplus(signed).mean(1), {}


def stacked_wasserstein(logits: Tensor) -> tuple[Tensor, Terms]:
    """Mean logit of fake curves minus that of real ones, for each stacked network.

    (n_nets, n) → (n_nets,); the first half of the curves is real (symbolic).
    """
    half = logits.shape[1] // 2
    real, fake = -logits[:, :half].mean(1), logits[:, half:].mean(1)
    return real + fake, {"loss_real": real.detach(), "loss_fake": fake.detach()}


def stacked_penalty(
    nets: Callable[[Tensor], Tensor], X: Tensor, share: Tensor
) -> Tensor:
    """Gradient penalty of each stacked network, (n_nets,); see `gradient_penalty`.

    Parameters
    ----------
    X : tensor of shape (n_nets, 2 * n, n_features)
        Real curves first. The i-th real curve is paired with the i-th fake one: new
        curves are in random order already.
    share : tensor of shape (n_nets, n)
        The share of the real curve in each interpolate.
    """
    real, fake = X.chunk(2, dim=1)
    between = torch.lerp(fake, real, share[..., None]).requires_grad_()
    (gradient,) = torch.autograd.grad(nets(between).sum(), between, create_graph=True)
    penalty: Tensor = ((gradient.norm(dim=2) - 1) ** 2).mean(1)
    return penalty
