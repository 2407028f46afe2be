import pytest
import torch

from bench.discriminators.nets import CSD
from bench.discriminators.stacked import stack

N_NETS, N_CURVES = 3, 7


@pytest.mark.parametrize(
    ("n_points", "n_channels", "options"),
    [
        (100, 1, {}),
        (37, 3, {}),
        (21, 2, {"convolution": ("pool", 4, "pool", "pool", 5), "kernel_size": 5}),
        (9, 1, {"convolution": (4, 3), "kernel_size": 1}),
        (1, 1, {"convolution": (3, "pool")}),
        (9, 2, {"convolution": ()}),
    ],
)
def test_in_a_cache_logits_and_gradients_are_the_same(n_points, n_channels, options):
    torch.manual_seed(0)
    nets = [
        CSD(n_points=n_points, n_channels=n_channels, hidden=(5,), **options)
        for _ in range(N_NETS)
    ]
    plain, cached = stack(nets), stack(nets, cached=True)
    factors = torch.randn(N_NETS, N_CURVES, 1)
    for n_curves in (N_CURVES, 2, N_CURVES):  # buffers serve every batch of their size
        X = torch.randn(N_NETS, n_curves, n_channels * n_points)
        expected, found = plain(X), cached(X)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
        for module, logits in ((plain, expected), (cached, found)):
            module.zero_grad()
            (logits * factors[:, :n_curves]).sum().backward()
        for one, other in zip(cached.parameters(), plain.parameters(), strict=True):
            scale = max(1.0, float(other.grad.abs().max()))
            torch.testing.assert_close(one.grad, other.grad, rtol=0, atol=2e-6 * scale)


def test_equal_neighbours_give_the_gradient_to_the_first_as_in_torch():
    nets = [CSD(n_points=8, convolution=("pool", 2), hidden=())]
    X = torch.ones(1, 3, 8)
    gradients = []
    for cached in (False, True):
        module = stack(nets, cached=cached)
        module(X).sum().backward()
        gradients.append([p.grad for p in module.parameters()])
    torch.testing.assert_close(*gradients)
