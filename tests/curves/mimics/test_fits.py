"""Fitting stacked networks, against torch's own optimiser and one network at a time."""

import numpy as np
import pytest
import torch

from bench.curves.mimics import fits
from bench.curves.mimics.fits import fit_nets
from bench.curves.neural import ACTIVATIONS, draw_layers, forward
from bench.curves.noise import standardise

X = np.linspace(-3, 3, 25)[:, None]


def initial(n, activation_seed=0, hidden=(5, 4)):
    rng = np.random.default_rng(activation_seed)
    return draw_layers(rng, n, [1, *hidden, 1], np.float32)


def targets_of(library, n):
    return standardise(library.sample(X, n, np.random.default_rng(0)))[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_fit_is_adams_with_a_cosine_to_zero(library, activation):
    n, steps, lr = 3, 9, 0.02
    targets, layers = targets_of(library, n), initial(n)
    fitted = fit_nets(X, targets, layers, activation, steps, lr)
    modules = {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "silu": "SiLU"}
    kind = getattr(torch.nn, modules.get(activation, "GELU"))
    for net in range(n):
        sizes = [(1, 5), (5, 4), (4, 1)]
        parts = [m for a, b in sizes for m in (torch.nn.Linear(a, b), kind())]
        alone = torch.nn.Sequential(*parts[:-1])
        with torch.no_grad():
            for linear, (weight, bias) in zip(alone[::2], layers, strict=True):
                linear.weight.copy_(torch.from_numpy(weight[net]))
                linear.bias.copy_(torch.from_numpy(bias[net, :, 0]))
        optimizer = torch.optim.Adam(alone.parameters(), lr=lr)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        points = torch.tensor(X, dtype=torch.float32)
        wanted = torch.tensor(targets[net], dtype=torch.float32)[:, None]
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(alone(points), wanted).backward()
            optimizer.step()
            schedule.step()
        for linear, (weight, bias) in zip(alone[::2], fitted, strict=True):
            found = linear.weight.detach().numpy(), linear.bias.detach().numpy()
            np.testing.assert_allclose(weight[net], found[0], atol=2e-4)
            np.testing.assert_allclose(bias[net, :, 0], found[1], atol=2e-4)


def test_more_steps_fit_better(library):
    targets, layers = targets_of(library, 12), initial(12, hidden=(16, 16))
    errors = []
    for steps in (1, 150):
        fitted = fit_nets(X, targets, layers, "tanh", steps, 0.01)
        wide = [(w.astype(float), b.astype(float)) for w, b in fitted]
        outputs, _ = forward(wide, X.T.copy(), "tanh", False)
        errors.append(np.sqrt(((outputs[:, 0] - targets) ** 2).mean(axis=1)))
    assert np.median(errors[1]) < 0.3 < np.median(errors[0])


def test_fits_repeat_to_the_bit_and_restore_torchs_threads(library):
    before = torch.get_num_threads()
    targets, layers = targets_of(library, 9), initial(9)
    whole = fit_nets(X, targets, layers, "gelu", 5, 0.01)
    again = fit_nets(X, targets, layers, "gelu", 5, 0.01)
    assert torch.get_num_threads() == before
    for (weight, bias), (other, another) in zip(whole, again, strict=True):
        np.testing.assert_array_equal(weight, other, strict=True)
        np.testing.assert_array_equal(bias, another, strict=True)


def test_networks_do_not_depend_on_the_others_of_a_stack(library, monkeypatch):
    targets, layers = targets_of(library, 9), initial(9)
    whole = fit_nets(X, targets, layers, "silu", 5, 0.01)
    monkeypatch.setattr(fits, "CHUNK", 4)
    parts = fit_nets(X, targets, layers, "silu", 5, 0.01)
    for (weight, _), (other, _) in zip(whole, parts, strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-4)
