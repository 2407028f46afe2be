import copy

import pytest
import torch

from bench.discriminators.nets import CSD, SD
from bench.discriminators.stacked import side_by_side, state_of

N_MEMBERS, N_CURVES, N_POINTS = 3, 6, 13


def make_nets(kind, n_channels=1, **options):
    torch.manual_seed(0)
    sizes = {"n_points": N_POINTS, "n_channels": n_channels, "hidden": (5, 4)}
    return [kind(**sizes, **options).double() for _ in range(N_MEMBERS)]


WIDE = {"convolution": (4, "pool", 2), "kernel_size": 5}
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
def test_members_give_the_logits_and_gradients_of_their_nets(architecture):
    kind, n_channels, options = architecture
    nets = make_nets(kind, n_channels, **options)
    members = side_by_side(copy.deepcopy(nets))
    X = torch.randn(N_MEMBERS, N_CURVES, n_channels * N_POINTS, dtype=torch.float64)
    alone = torch.stack([net(own) for net, own in zip(nets, X, strict=True)])
    together = members(X)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-14)
    alone.square().sum().backward()
    together.square().sum().backward()
    gradients = {name: p.grad for name, p in members.named_parameters()}
    for number, net in enumerate(nets):
        own = dict(net.named_parameters())
        assert own.keys() == gradients.keys()
        for name, parameter in own.items():
            torch.testing.assert_close(
                gradients[name][number], parameter.grad, rtol=1e-12, atol=1e-13
            )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_members_state_is_that_of_its_net(architecture):
    kind, n_channels, options = architecture
    nets = make_nets(kind, n_channels, **options)
    members = side_by_side(nets)
    for number, net in enumerate(nets):
        found = state_of(members, number)
        assert found.keys() == net.state_dict().keys()
        for name, value in net.state_dict().items():
            assert torch.equal(found[name], value)


def test_members_share_no_memory_with_their_nets():
    nets = make_nets(SD)
    before = copy.deepcopy(nets[0].state_dict())
    members = side_by_side(nets)
    with torch.no_grad():
        for parameter in members.parameters():
            parameter.zero_()
    for name, value in nets[0].state_dict().items():
        assert torch.equal(value, before[name])
