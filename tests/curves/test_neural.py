from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from torch import nn

from bench.base.errors import DatasetError
from bench.curves.neural import draw_layers, forward, sample_mlp, stream_mlp

X = np.random.default_rng(1).normal(size=(60, 1))
X2 = np.random.default_rng(2).normal(size=(60, 2))
MODULES = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
}
N_NETS = 600
WIDTHS = [2, 12, 8, 3]


def rng(seed=0):
    return np.random.default_rng(seed)


def sequential(widths, activation, dtype=torch.float64):
    modules = [
        module
        for fan_in, fan_out in pairwise(widths)
        for module in (nn.Linear(fan_in, fan_out, dtype=dtype), MODULES[activation]())
    ]
    return nn.Sequential(*modules[:-1])


def carrying(layers, net, activation):
    """Build a torch network with the weights of one drawn network."""
    widths = [layers[0][0].shape[2], *[weight.shape[1] for weight, _ in layers]]
    built = sequential(widths, activation)
    with torch.no_grad():
        for linear, (weight, bias) in zip(built[::2], layers, strict=True):
            linear.weight.copy_(torch.from_numpy(weight[net]))
            linear.bias.copy_(torch.from_numpy(bias[net, :, 0]))
    return built


@pytest.fixture(scope="module")
def fresh():
    """Hold networks as torch initialises them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return [sequential(WIDTHS, "relu") for _ in range(N_NETS)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("x", [X, X2], ids=["1d", "2d"])
@pytest.mark.parametrize("gradients", [False, True])
def test_chunks_change_no_bit(gradients, x, dtype):
    options = {"gradients": gradients, "dtype": dtype}
    whole = sample_mlp(x, 100, rng(), **options)
    for size in (32, 1, 7, 1000):
        blocks = list(stream_mlp(x, 100, rng(), **options, chunk_size=size))
        assert len(blocks) == -(-100 // size)
        pairs = list(zip(*blocks, strict=True))[: 1 + gradients]
        parts = [np.concatenate(pair) for pair in pairs]
        for left, right in zip(whole if gradients else [whole], parts, strict=True):
            assert left.dtype == dtype
            np.testing.assert_array_equal(left, right, strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("curves_per_net", [1, 3])
def test_first_curves_are_the_smaller_draw(curves_per_net, dtype):
    options = {"curves_per_net": curves_per_net, "gradients": True, "dtype": dtype}
    few = sample_mlp(X2, 10, rng(), **options)
    many = sample_mlp(X2, 1000, rng(), **options)
    for small, large in zip(few, many, strict=True):
        np.testing.assert_array_equal(small, large[:10], strict=True)


@pytest.mark.parametrize("activation", MODULES)
def test_asking_for_gradients_changes_no_value(activation):
    values, _ = sample_mlp(X, 40, rng(), activation=activation, gradients=True)
    alone = sample_mlp(X, 40, rng(), activation=activation)
    np.testing.assert_array_equal(values, alone, strict=True)


@pytest.mark.parametrize("hidden", [(), (5,), (16, 16), (4, 9, 6)])
@pytest.mark.parametrize("activation", MODULES)
@pytest.mark.parametrize("x", [X, X2], ids=["1d", "2d"])
def test_values_and_jacobian_are_those_of_torch(x, activation, hidden):
    layers = draw_layers(rng(), 3, [x.shape[1], *hidden, 2], np.float64)
    values, tangents = forward(layers, np.ascontiguousarray(x.T), activation, True)
    for net in range(3):
        points = torch.tensor(x, requires_grad=True)
        outputs = carrying(layers, net, activation)(points)
        expected = outputs.detach().numpy().T
        np.testing.assert_allclose(values[net], expected, rtol=1e-12, atol=1e-14)
        for output in range(2):
            (gradients,) = torch.autograd.grad(
                outputs[:, output].sum(), points, retain_graph=True
            )
            found = np.stack(
                [np.broadcast_to(t[net, output], len(x)) for t in tangents], axis=1
            )
            np.testing.assert_allclose(found, gradients.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("activation", MODULES)
def test_sample_is_the_drawn_networks(activation):
    options = {"hidden": (6, 5), "activation": activation, "curves_per_net": 2}
    values, gradients = sample_mlp(X2, 8, rng(5), **options, gradients=True)
    layers = draw_layers(rng(5), 4, [2, 6, 5, 2], np.float64)
    points = torch.tensor(X2, requires_grad=True)
    for curve in range(8):
        output = carrying(layers, curve // 2, activation)(points)[:, curve % 2]
        (slope,) = torch.autograd.grad(output.sum(), points)
        expected = output.detach().numpy()
        np.testing.assert_allclose(values[curve], expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(
            gradients[curve], slope.numpy(), rtol=1e-11, atol=1e-13
        )


@pytest.mark.parametrize("activation", MODULES)
def test_float32_is_near_float64(activation):
    layers = draw_layers(rng(), 5, [2, 16, 16, 1], np.float64)
    single = [(w.astype(np.float32), b.astype(np.float32)) for w, b in layers]
    exact, _ = forward(layers, X2.T.copy(), activation, False)
    found, _ = forward(single, X2.T.astype(np.float32, order="C"), activation, False)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, atol=1e-5)


def test_curves_of_a_net_share_its_hidden_layers():
    shared = sample_mlp(X, 6, rng(), hidden=(32, 2), curves_per_net=6)
    apart = sample_mlp(X, 6, rng(), hidden=(32, 2), activation="tanh")
    ranks = [
        np.linalg.matrix_rank(curves - curves.mean(1, keepdims=True), tol=1e-9)
        for curves in (shared, apart)
    ]
    assert ranks[0] <= 2
    assert ranks[1] == 6


def test_curves_of_a_net_differ():
    curves = sample_mlp(X, 6, rng(), activation="tanh", curves_per_net=6)
    assert len(np.unique(curves[:, 0])) == 6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("part", ["weight", "bias"])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_parameters_have_the_distribution_of_torch(layer, part, dtype, fresh):
    drawn = draw_layers(rng(), N_NETS, WIDTHS, dtype)[layer][part == "bias"]
    theirs = [getattr(net[2 * layer], part).detach().numpy().ravel() for net in fresh]
    theirs = np.concatenate(theirs)
    assert drawn.size == theirs.size
    assert ks_2samp(drawn.ravel(), theirs).pvalue > 1e-3
    np.testing.assert_allclose(np.abs(drawn).max(), WIDTHS[layer] ** -0.5, rtol=0.01)


def test_parameters_are_uncorrelated():
    layers = draw_layers(rng(), 5000, [1, 3, 1], np.float64)
    columns = [part.reshape(5000, -1) for layer in layers for part in layer]
    table = np.corrcoef(np.concatenate(columns, axis=1).T)
    assert np.abs(table - np.eye(10)).max() < 0.07


@pytest.mark.parametrize("point", [[0.0, 0.0], [0.7, -1.3], [-3.0, 2.0]])
def test_values_have_the_distribution_of_torch(point, fresh):
    at = torch.tensor([point], dtype=torch.float64)
    with torch.no_grad():
        theirs = np.array([net(at)[0, 0].item() for net in fresh])
    ours = sample_mlp(np.array([point]), 3 * N_NETS, rng(), (12, 8), curves_per_net=3)
    assert ks_2samp(ours[::3, 0], theirs).pvalue > 1e-3


def test_fewer_curves_than_outputs():
    values, gradients = sample_mlp(X2, 4, rng(), curves_per_net=3, gradients=True)
    assert values.shape == (4, 60)
    assert gradients.shape == (4, 60, 2)


def test_no_hidden_layer_gives_lines():
    values, gradients = sample_mlp(X, 20, rng(), hidden=(), gradients=True)
    assert np.ptp(gradients, axis=1).max() == 0
    rest = values - gradients[:, :, 0] * X[:, 0]
    np.testing.assert_allclose(rest, rest[:, :1].repeat(60, 1), atol=1e-14)


def test_flat_points_are_one_column():
    flat = sample_mlp(X[:, 0], 5, rng())
    np.testing.assert_array_equal(flat, sample_mlp(X, 5, rng()), strict=True)


@pytest.mark.parametrize("shape", [(0, 1), (5, 0), (5, 1, 1), ()])
def test_points_of_another_shape_are_refused(shape):
    with pytest.raises(DatasetError, match="expected \\(n_points, n_inputs\\)"):
        sample_mlp(np.zeros(shape), 1, rng())


@pytest.mark.parametrize(
    "options",
    [{"hidden": (0,)}, {"hidden": (4, -1)}, {"curves_per_net": 0}, {"chunk_size": 0}],
)
def test_sizes_below_one_are_refused(options):
    with pytest.raises(DatasetError, match="expected 1 or more of"):
        next(stream_mlp(X, 1, rng(), **options))


def test_unknown_activation_gets_a_hint():
    with pytest.raises(DatasetError, match="did you mean 'sigmoid'"):
        sample_mlp(X, 1, rng(), activation="sigmod")
