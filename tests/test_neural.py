import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from torch import nn

from bench import neural
from bench.errors import DatasetError
from bench.neural import sample_mlp

MODULES = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
}
POINTS = np.random.default_rng(5).standard_normal((60, 2))


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("chunk_size", [1, 7, 32, 1000])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_chunk_size_changes_no_bit(chunk_size, dtype, activation):
    options = {"gradients": True, "dtype": dtype, "activation": activation}
    expected = sample_mlp(POINTS, 70, rng(), **options)
    found = sample_mlp(POINTS, 70, rng(), chunk_size=chunk_size, **options)
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == dtype
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("curves_per_net", [1, 3])
def test_a_smaller_draw_is_a_prefix_of_a_larger(dtype, curves_per_net):
    options = {"dtype": dtype, "curves_per_net": curves_per_net}
    few = sample_mlp(POINTS, 10, rng(), **options)
    many = sample_mlp(POINTS, 100, rng(), **options)
    assert few.shape == (10, 60)
    assert few.tobytes() == many[:10].tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", MODULES)
def test_values_are_the_same_with_and_without_gradients(activation, dtype):
    options = {"activation": activation, "dtype": dtype}
    alone = sample_mlp(POINTS, 40, rng(), **options)
    values, _ = sample_mlp(POINTS, 40, rng(), gradients=True, **options)
    assert alone.tobytes() == values.tobytes()


def twins(activation, hidden, n_nets, n_outputs):
    widths = [2, *hidden, n_outputs]
    layers = neural._draw_layers(rng(), n_nets, widths, np.float64)
    for k in range(n_nets):
        modules = []
        for weight, bias in layers:
            linear = nn.Linear(weight.shape[2], weight.shape[1], dtype=torch.float64)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight[k].copy()))
                linear.bias.copy_(torch.from_numpy(bias[k, :, 0].copy()))
            modules += [linear, MODULES[activation]()]
        yield nn.Sequential(*modules[:-1])


@pytest.mark.parametrize("hidden", [(), (8,), (16, 12)])
@pytest.mark.parametrize("curves_per_net", [1, 3])
@pytest.mark.parametrize("activation", MODULES)
def test_values_and_jacobian_equal_those_of_torch(activation, hidden, curves_per_net):
    n_nets = 4
    values, gradients = sample_mlp(
        POINTS,
        n_nets * curves_per_net,
        rng(),
        hidden=hidden,
        activation=activation,
        curves_per_net=curves_per_net,
        gradients=True,
    )
    assert values.shape == (n_nets * curves_per_net, 60)
    assert gradients.shape == (n_nets * curves_per_net, 60, 2)
    for k, net in enumerate(twins(activation, hidden, n_nets, curves_per_net)):
        x = torch.tensor(POINTS, requires_grad=True)
        outputs = net(x)
        for j in range(curves_per_net):
            row = k * curves_per_net + j
            slope = torch.autograd.grad(outputs[:, j].sum(), x, retain_graph=True)[0]
            found = outputs[:, j].detach().numpy()
            np.testing.assert_allclose(values[row], found, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(
                gradients[row], slope.numpy(), rtol=1e-9, atol=1e-12
            )


def test_curves_of_one_net_share_its_hidden_layers():
    # With one hidden unit, each curve is an affine map of the same hidden output.
    curves = sample_mlp(
        POINTS, 4, rng(), hidden=(1,), activation="tanh", curves_per_net=2
    )
    correlation = np.abs(np.corrcoef(curves))
    assert correlation[0, 1] == pytest.approx(1)
    assert correlation[2, 3] == pytest.approx(1)
    assert correlation[0, 2] < 0.9999


def test_a_last_net_may_be_used_in_part():
    whole = sample_mlp(POINTS, 6, rng(), curves_per_net=3)
    part = sample_mlp(POINTS, 5, rng(), curves_per_net=3)
    assert part.tobytes() == whole[:5].tobytes()


def test_weights_are_distributed_as_those_of_torch():
    widths = [2, 32, 32, 1]
    n_nets = 60
    layers = neural._draw_layers(rng(), n_nets, widths, np.float64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for (weight, bias), fan_in, fan_out in zip(
            layers, widths, widths[1:], strict=False
        ):
            linears = [nn.Linear(fan_in, fan_out) for _ in range(n_nets)]
            for drawn, name in [(weight, "weight"), (bias, "bias")]:
                theirs = torch.stack([getattr(m, name).detach() for m in linears])
                assert drawn.size == theirs.numel()
                assert np.abs(drawn).max() <= fan_in**-0.5
                result = ks_2samp(drawn.ravel(), theirs.numpy().ravel())
                assert result.pvalue > 1e-3


def test_points_of_one_dimension_are_one_column():
    x = np.linspace(-1, 1, 9)
    flat = sample_mlp(x, 3, rng())
    assert flat.tobytes() == sample_mlp(x[:, None], 3, rng()).tobytes()


def test_no_curves_can_be_drawn():
    assert sample_mlp(POINTS, 0, rng()).shape == (0, 60)


def test_an_unknown_activation_is_refused():
    with pytest.raises(DatasetError, match="did you mean 'relu'"):
        sample_mlp(POINTS, 3, rng(), activation="rellu")


@pytest.mark.parametrize(
    "options",
    [{"hidden": (0,)}, {"curves_per_net": 0}, {"chunk_size": 0}],
)
def test_sizes_below_one_are_refused(options):
    with pytest.raises(DatasetError, match="at least 1"):
        sample_mlp(POINTS, 3, rng(), **options)


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (2, 2, 2), ()])
def test_points_of_another_shape_are_refused(shape):
    with pytest.raises(DatasetError, match="shape"):
        sample_mlp(np.zeros(shape), 3, rng())
