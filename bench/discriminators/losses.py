"""What a discriminator minimises, with the parts that its history keeps apart."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Components = dict[str, Tensor]


def binary_cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor | None
) -> tuple[Tensor, Components]:
    """Cross-entropy of one logit (n, 1); label 1 is the second class (symbolic)."""
    loss = functional.binary_cross_entropy_with_logits
    values, targets = logits[:, 0], labels.to(logits.dtype)
    if weights is None:
        return loss(values, targets), {}
    return _mean(loss(values, targets, reduction="none"), weights), {}


def cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor | None
) -> tuple[Tensor, Components]:
    """Softmax cross-entropy of (n, n_classes) logits."""
    if weights is None:
        return functional.cross_entropy(logits, labels), {}
    losses = functional.cross_entropy(logits, labels, reduction="none")
    return _mean(losses, weights), {}


def wasserstein(
    logits: Tensor, labels: Tensor, weights: Tensor | None
) -> tuple[Tensor, Components]:
    """Mean logit of the fake (label 0, neural) less that of the real (1, symbolic).

    A batch without one of the two classes counts that class as zero.
    """
    values = logits[:, 0]
    own = torch.ones_like(values) if weights is None else weights
    real = own * labels
    fake = own - real
    real_part = -(values * real).sum() / real.sum().clamp(min=1e-12)
    fake_part = (values * fake).sum() / fake.sum().clamp(min=1e-12)
    parts = {"loss_real": real_part.detach(), "loss_fake": fake_part.detach()}
    return real_part + fake_part, parts


def gradient_penalty(
    net: Callable[[Tensor], Tensor], X: Tensor, labels: Tensor
) -> Tensor:
    """Mean (‖∇f‖₂ - 1)² at random interpolates between real and fake curves.

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs" (2017), eq. 3.
    The rarer class decides how many pairs there are; without one there is no penalty.
    """
    real, fake = X[labels == 1], X[labels == 0]
    n_pairs = min(len(real), len(fake))
    if n_pairs == 0:
        return X.new_zeros(())
    real = real[torch.randperm(len(real), device=X.device)[:n_pairs]]
    fake = fake[torch.randperm(len(fake), device=X.device)[:n_pairs]]
    share = torch.rand(n_pairs, 1, device=X.device)
    between = (share * real + (1 - share) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(net(between).sum(), between, create_graph=True)
    penalty: Tensor = ((slope.norm(dim=1) - 1) ** 2).mean()
    return penalty


def _mean(losses: Tensor, weights: Tensor) -> Tensor:
    return (losses * weights).sum() / weights.sum()


def stacked_cross_entropy(logits: Tensor) -> tuple[Tensor, Components]:
    """Cross-entropy of each member, (n_members, n) → (n_members,).

    The first half of a member's curves is symbolic (1), the rest neural (0).
    """
    half = logits.shape[1] // 2
    signed = torch.cat([-logits[:, :half], logits[:, half:]], 1)
    return functional.softplus(signed).mean(1), {}


def stacked_wasserstein(logits: Tensor) -> tuple[Tensor, Components]:
    """Mean logit of each member's fake curves less that of its real ones.

    (n_members, n) → (n_members,); the first half is real (symbolic).
    """
    half = logits.shape[1] // 2
    real, fake = -logits[:, :half].mean(1), logits[:, half:].mean(1)
    return real + fake, {"loss_real": real.detach(), "loss_fake": fake.detach()}


def stacked_penalty(
    nets: Callable[[Tensor], Tensor], X: Tensor, share: Tensor
) -> Tensor:
    """Gradient penalty of each member, (n_members,); see `gradient_penalty`.

    Parameters
    ----------
    X : tensor of shape (n_members, 2 * n, n_features)
        Real curves first; the i-th is paired with the i-th fake one, since fresh curves
        have no order.
    share : tensor of shape (n_members, n)
        Of the real curve in each interpolate.
    """
    real, fake = X.chunk(2, dim=1)
    between = torch.lerp(fake, real, share[..., None]).requires_grad_()
    (slope,) = torch.autograd.grad(nets(between).sum(), between, create_graph=True)
    penalty: Tensor = ((slope.norm(dim=2) - 1) ** 2).mean(1)
    return penalty
