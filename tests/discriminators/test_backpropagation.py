import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from bench import CSDClassifier, SDClassifier
from bench.discriminators import losses, nets, skorch_net
from bench.discriminators.backpropagation import Chain
from bench.discriminators.csd2 import CSD2
from bench.discriminators.nets import CSD, SD
from bench.discriminators.skorch_net import DiscriminatorNet
from bench.discriminators.stacked import stack
from bench.discriminators.stacked_backpropagation import StackedChain

NETWORKS = [
    (SD, {}),
    (SD, {"n_channels": 2, "extension": "stack", "hidden": (7, 5), "n_outputs": 3}),
    (SD, {"hidden": ()}),
    (CSD, {}),
    (CSD, {"n_channels": 2, "kernel_size": 5, "convolution": (4, "pool", "pool", 6)}),
    (CSD, {"kernel_size": 1, "convolution": ("pool", 3), "n_outputs": 3}),
    (CSD, {"convolution": (), "hidden": (5,)}),
    (CSD, {"kernel_size": 7, "convolution": (3, *4 * ("pool",), 4)}),
]


@pytest.fixture(autouse=True)
def one_thread():
    """Threads of several tests at once would wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def made(monkeypatch):
    """Collect the chains that trainings make."""
    chains = []

    def make(*args, **sizes):
        chains.append(Chain(*args, **sizes))
        return chains[-1]

    monkeypatch.setattr(skorch_net, "Chain", make)
    return chains


def curves(n, n_features, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n_features)).astype(np.float32), rng.integers(2, size=n)


@pytest.mark.parametrize("n_curves", [1, 6, 64])
@pytest.mark.parametrize("n_points", [16, 37])
@pytest.mark.parametrize(("kind", "options"), NETWORKS)
def test_a_chain_has_the_bits_of_autograd(kind, options, n_points, n_curves):
    torch.manual_seed(0)
    net = kind(n_points=n_points, **options)
    sizes = {"n_curves": n_curves, "n_features": net.n_channels * n_points}
    with torch.no_grad():
        chain = Chain(net.chain(), n_channels=net.n_channels, **sizes)
    for _ in range(2):  # the second time in used buffers
        X = torch.randn(*sizes.values())
        expected = net(X)
        gradient = torch.randn_like(expected)
        net.zero_grad()
        expected.backward(gradient)
        gradients = [parameter.grad for parameter in net.parameters()]
        with torch.no_grad():
            logits = chain.forward(X)
            assert torch.equal(logits, expected)
            chain.backward(gradient)
        for parameter, kept in zip(net.parameters(), gradients, strict=True):
            assert torch.equal(parameter.grad, kept)


def test_of_two_equal_values_the_first_gets_the_gradient():
    net = CSD(n_points=4, convolution=(1, "pool"), kernel_size=1, hidden=())
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1)
        net.head[0].weight.copy_(torch.tensor([[1.0, 10.0]]))
        chain = Chain(net.chain(), n_channels=1, n_curves=1, n_features=4)
        chain.forward(torch.tensor([[2.0, 2.0, 5.0, 5.0]]))
        pool = chain._layers[1]
        by_source = pool.backward(torch.tensor([[[1.0, 10.0]]]))
    assert by_source.tolist() == [[[1, 0, 10, 0]]]


@pytest.mark.parametrize("n_nets", [1, 3])
@pytest.mark.parametrize("n_points", [16, 37])
@pytest.mark.parametrize(
    ("kind", "options"), [pair for pair in NETWORKS if "n_outputs" not in pair[1]]
)
def test_a_stacked_chain_has_the_bits_of_autograd(kind, options, n_points, n_nets):
    torch.manual_seed(0)
    net = stack([kind(n_points=n_points, **options) for _ in range(n_nets)])
    shape = n_nets, 6, net.n_channels * n_points
    chain = StackedChain(net, torch.randn(shape))
    for _ in range(2):  # the second time in used buffers
        X = torch.randn(shape)
        expected = net(X)[..., 0]
        gradient = torch.randn_like(expected)
        net.zero_grad()
        expected.backward(gradient)
        gradients = [parameter.grad for parameter in net.parameters()]
        assert torch.equal(chain.forward(X), expected)
        chain.backward(gradient)
        for parameter, kept in zip(net.parameters(), gradients, strict=True):
            assert torch.equal(parameter.grad, kept)


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "wasserstein"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_real", [0, 3, 7])
def test_a_written_gradient_has_the_bits_of_autograd(loss, weighted, n_real):
    torch.manual_seed(0)
    logits = 3 * torch.randn(7, 1, requires_grad=True)
    labels = (torch.arange(7) < n_real).long()
    weights = torch.rand(7) if weighted else None
    function = getattr(losses, loss)
    value, _ = function(logits, labels, weights)
    (expected,) = torch.autograd.grad(value, logits)
    with torch.no_grad():
        found = losses.gradient_of(function, logits.detach(), labels, weights)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SDClassifier, {"batch_size": 16, "iterations": 2}),
        (SDClassifier, {"batch_size": None, "loss": "wgan", "weight_decay": 1e-3}),
        (SDClassifier, {"early_stopping": True}),
        (CSDClassifier, {"batch_size": 16, "schedule": "one-cycle"}),
        (CSDClassifier, {"batch_size": 16, "loss": "wgan"}),
    ],
)
def test_a_fit_has_the_bits_of_autograd(kind, options, weighted, made, monkeypatch):
    X, y = curves(50, 20)
    weight = np.random.default_rng(1).random(50) if weighted else None

    def fit():
        classifier = kind(max_epochs=3, random_state=0, device="cpu", **options)
        return classifier.fit(X, y, sample_weight=weight)

    ours = fit()
    assert made
    assert not ours.net_.chains_
    monkeypatch.setattr(DiscriminatorNet, "_chain", lambda self, X: None)
    reference = fit()
    for name, values in reference.weights().items():
        assert np.array_equal(ours.weights()[name], values)
    assert ours.history_.keys() == reference.history_.keys()
    for name, values in reference.history_.items():
        assert np.array_equal(ours.history_[name], values)


def test_callbacks_see_gradients():
    seen = []

    class Watch(Callback):
        def on_grad_computed(self, net, named_parameters, **_):
            seen.append([float(p.grad.abs().sum()) for _, p in named_parameters])

    X, y = curves(20, 8)
    SDClassifier(max_epochs=2, batch_size=10, callbacks=[Watch()]).fit(X, y)
    assert len(seen) == 4
    assert all(total > 0 for total in seen[0])


@pytest.mark.parametrize(
    "options", [{"gradient_penalty": 0.1, "loss": "wgan"}, {"extension": "embed"}]
)
def test_what_is_no_chain_is_left_to_autograd(options, made):
    X, y = curves(20, 8)
    SDClassifier(max_epochs=1, device="cpu", **options).fit(X, y)
    assert not made


@pytest.mark.parametrize("kind", [CSD, CSD2])
def test_parts_change_no_bit_of_a_prediction(kind, monkeypatch):
    torch.manual_seed(0)
    net = kind(n_points=20, n_outputs=3).eval()
    X = torch.randn(777, 20)
    with torch.no_grad():
        by_parts = net(X)
        monkeypatch.setattr(nets, "_PART", len(X))
        assert torch.equal(net(X), by_parts)
