import numpy as np
import pytest
import torch
from csd2_cases import GRID, N_POINTS, curves, make, network

from bench.discriminators.csd2 import WINDOWS
from bench.discriminators.csd2_channels import CurveChannels


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def channels_of(values, x=GRID, windows=WINDOWS):
    read = CurveChannels(x=x, n_channels=1, windows=windows)
    channels, numbers = read(torch.tensor(np.atleast_3d(values)).float().mT)
    return channels.double().numpy(), numbers.double().numpy()


def a_row(values, x=GRID):
    """Return the channels (n_points, 10) and the numbers of one curve."""
    channels, numbers = channels_of(np.asarray(values)[None], x)
    return channels[0], numbers[0]


def test_derivatives_are_with_respect_to_x():
    x = np.sort(np.random.default_rng(0).uniform(-1, 3, N_POINTS))
    line = 2 * (x - x[0]) / (x[-1] - x[0]) - 1
    channels, numbers = a_row(5 * line**3 + 2, x)
    assert channels.shape == (N_POINTS, 10)
    np.testing.assert_allclose(channels[:, -1], line, atol=1e-6)
    for column, derivative in ((3, 3 * line**2), (4, 6 * line)):
        scale = np.sqrt(np.mean(derivative**2))
        np.testing.assert_allclose(channels[:, column], derivative / scale, atol=1e-3)
        std = np.std(line**3)
        assert numbers[column - 1] == pytest.approx(np.log10(scale / std), abs=1e-3)
    assert numbers[4] < -4  # the residual: a cubic leaves none


def test_scale_and_offset_change_only_two_numbers():
    y = curves(1)[0][0]
    channels, numbers = a_row(y)
    scaled, other = a_row(1000 * y + 500)
    np.testing.assert_allclose(scaled, channels, atol=1e-2)
    np.testing.assert_allclose(other[:8], numbers[:8], atol=1e-3)
    assert other[8] - numbers[8] == pytest.approx(3, abs=1e-3)
    assert numbers[8] == pytest.approx(np.log10(y.std()), abs=1e-5)
    assert numbers[9] == pytest.approx(np.arcsinh(y.mean()), abs=1e-5)
    assert other[9] == pytest.approx(np.arcsinh(1000 * y.mean() + 500), abs=1e-5)


@pytest.mark.parametrize("scale", [0.0, 1e-38, 1e-25, 1.0, 1e25, 3e38])
@pytest.mark.parametrize("shape", ["constant", "spike", "sine"])
def test_values_of_any_size_give_finite_channels(scale, shape):
    values = {"constant": np.ones(N_POINTS), "spike": np.eye(N_POINTS)[3]}
    X = torch.tensor(scale * values.get(shape, np.sin(GRID)))[None].float()
    X.requires_grad_()
    net = network()
    logits = net(X)
    assert torch.isfinite(logits).all()
    logits.sum().backward()
    if 1e-25 <= scale <= 1e25:
        assert torch.isfinite(X.grad).all()
    channels, _ = net.read(X[:, None])
    assert channels.abs().max() <= max(8, N_POINTS**0.5)
    if shape == "constant":
        assert channels[..., :-1].abs().max() < 1e-2


def test_more_points_than_cells_are_averaged():
    x = np.linspace(-1, 1, 1000)
    read = CurveChannels(x=x, n_channels=1, windows=WINDOWS)
    assert (read.cell, read.n_cells) == (4, 250)
    y = np.sin(3 * x)
    cells = y.reshape(250, 4).mean(1)
    channels, _ = channels_of(y[None], x)
    expected = (cells - cells.mean()) / cells.std()
    np.testing.assert_allclose(channels[0, :, 0], expected, atol=1e-5)


def test_each_further_channel_has_its_own_scale():
    read = CurveChannels(x=GRID, n_channels=2, windows=WINDOWS)
    both = torch.randn(3, 2, N_POINTS, generator=torch.manual_seed(0))
    channels, numbers = read(both)
    assert channels.shape == (3, N_POINTS, read.n_out) == (3, N_POINTS, 11)
    assert numbers.shape == (3, read.n_numbers) == (3, 11)
    rms = both[:, 1].square().mean(1).sqrt()
    torch.testing.assert_close(channels[:, :, 9], both[:, 1] / rms[:, None])
    torch.testing.assert_close(numbers[:, 8], rms.log10())
    X, y = curves()
    model = make(n_channels=2).fit(np.hstack([X, np.gradient(X, axis=1)]), y)
    seen = model.decision_function(np.hstack([X, X]))
    assert (seen != model.decision_function(np.hstack([X, X + GRID]))).all()


@pytest.mark.parametrize(
    ("n_cells", "widths"),
    [
        (1, [1, 1]),
        (4, [4, 4]),
        (16, [5, 7]),
        (60, [5, 15]),
        (100, [9, 25]),
        (256, [23, 65]),
    ],
)
def test_windows_grow_with_the_number_of_points(n_cells, widths):
    from bench.discriminators.csd2_channels import _widths

    assert _widths(WINDOWS, n_cells) == widths
