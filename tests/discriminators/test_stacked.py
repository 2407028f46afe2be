import copy

import pytest
import torch

from bench.discriminators.nets import CSD, SD
from bench.discriminators.stacked import stack, state_of

N_NETS, N_CURVES, N_POINTS = 3, 6, 13


def make_nets(kind, n_channels=1, **options):
    torch.manual_seed(0)
    sizes = {"n_points": N_POINTS, "n_channels": n_channels, "hidden": (5, 4)}
    return [kind(**sizes, **options).double() for _ in range(N_NETS)]


ARCHITECTURES = [
    pytest.param((SD, 1, {}), id="none"),
    pytest.param((SD, 2, {"extension": "stack"}), id="stack"),
    pytest.param((SD, 2, {"extension": "embed", "embed_hidden": (7, 3)}), id="embed"),
    pytest.param((SD, 1, {"n_outputs": 3}), id="three classes"),
    pytest.param((CSD, 1, {}), id="conv"),
    pytest.param(
        (CSD, 3, {"convolution": (4, "pool", 2), "kernel_size": 5}), id="wide"
    ),
]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_stacked_networks_have_the_logits_and_gradients_of_each_alone(architecture):
    kind, n_channels, options = architecture
    nets = make_nets(kind, n_channels, **options)
    stacked = stack(copy.deepcopy(nets))
    X = torch.randn(N_NETS, N_CURVES, n_channels * N_POINTS, dtype=torch.float64)
    alone = torch.stack([net(curves) for net, curves in zip(nets, X, strict=True)])
    together = stacked(X)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-14)
    alone.square().sum().backward()
    together.square().sum().backward()
    gradients = {name: p.grad for name, p in stacked.named_parameters()}
    for number, net in enumerate(nets):
        parameters = dict(net.named_parameters())
        assert parameters.keys() == gradients.keys()
        for name, parameter in parameters.items():
            torch.testing.assert_close(
                gradients[name][number], parameter.grad, rtol=1e-12, atol=1e-13
            )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_state_of_a_stacked_network_is_that_of_its_net(architecture):
    kind, n_channels, options = architecture
    nets = make_nets(kind, n_channels, **options)
    stacked = stack(nets)
    for number, net in enumerate(nets):
        state = state_of(stacked, number)
        assert state.keys() == net.state_dict().keys()
        for name, value in net.state_dict().items():
            assert torch.equal(state[name], value)


def test_stacked_networks_share_no_memory_with_their_nets():
    nets = make_nets(SD)
    before = copy.deepcopy(nets[0].state_dict())
    stacked = stack(nets)
    with torch.no_grad():
        for parameter in stacked.parameters():
            parameter.zero_()
    for name, value in nets[0].state_dict().items():
        assert torch.equal(value, before[name])
