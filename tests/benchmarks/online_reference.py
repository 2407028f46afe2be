"""Online training done plainly: one network at a time, one generator an epoch."""

import torch
from torch import nn

CURVES, STEPS = 5, 5


def fresh_batch(
    x: torch.Tensor, gradients: bool
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Draw five curves of F11_v1, and five of one new 1-32-32-5 network."""
    n0, n1, n2 = torch.randn(3, CURVES, 1)
    points = x[:, 0]
    symbolic = 0.05 * n0 * (points + 0.5 * n1) ** 2 + 0.15 * n2
    layers = [nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()]
    generator = nn.Sequential(*layers, nn.Linear(32, CURVES))
    if not gradients:
        with torch.no_grad():
            return torch.cat([symbolic, generator(x).T]), None
    leaf = x.clone().requires_grad_()
    neural = generator(leaf).T
    # Points do not mix, so the gradient of a sum is the gradient at each.
    slopes = [
        torch.autograd.grad(curve.sum(), leaf, retain_graph=True)[0][:, 0]
        for curve in neural
    ]
    values = torch.cat([symbolic, neural.detach()])
    own = 0.1 * n0 * (points + 0.5 * n1)
    return values, torch.cat([own, torch.stack(slopes)])


def train_online_bare(net: nn.Module, x: torch.Tensor, epochs: int) -> list[float]:
    """Train one discriminator; return the accuracy of each batch in its last step."""
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-7)
    labels = torch.tensor([1.0] * CURVES + [0.0] * CURVES)
    accuracies = []
    for _ in range(epochs):
        values, slopes = fresh_batch(x, net.n_channels > 1)
        batch = values if slopes is None else torch.cat([values, slopes], 1)
        for _ in range(STEPS):
            optimizer.zero_grad()
            logits = net(batch)[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(logits, labels)
            loss.backward()
            optimizer.step()
        accuracies.append(((logits > 0) == (labels > 0)).float().mean().item())
    return accuracies
