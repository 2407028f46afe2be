import numpy as np
import pytest

from bench.curves.noise import add_noise, standardise

CURVES = np.random.default_rng(0).normal(3, 5, size=(40, 30)) ** 3


def rng(seed=0):
    return np.random.default_rng(seed)


def test_each_curve_has_mean_zero_and_deviation_one():
    found, gradients = standardise(CURVES)
    assert gradients is None
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(found.std(axis=1), 1, rtol=1e-14)
    expected = (CURVES - CURVES.mean(1, keepdims=True)) / CURVES.std(1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_gradients_are_scaled_by_the_same_factors():
    gradients = rng(1).normal(size=(40, 30, 2))
    _, scaled = standardise(CURVES, gradients)
    np.testing.assert_allclose(scaled, gradients / CURVES.std(axis=1)[:, None, None])


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300, 3e-300])
def test_a_constant_curve_becomes_zeros(value):
    curves = np.full((2, 30), value)
    found, gradients = standardise(curves, np.ones((2, 30, 1)))
    assert not found.any()
    assert not gradients.any()


def test_a_curve_does_not_depend_on_those_beside_it():
    whole = add_noise(standardise(CURVES)[0], 20, rng())
    for n in (1, 7):
        few = add_noise(standardise(CURVES[:n])[0], 20, rng())
        np.testing.assert_array_equal(few, whole[:n], strict=True)


def test_noise_is_a_percentage_of_the_deviation():
    clean, _ = standardise(np.sin(np.linspace(0, 6, 20_000))[None])
    for percent in (1, 50):
        noisy = add_noise(clean, percent, rng())
        np.testing.assert_allclose(noisy.std(), 1, rtol=1e-12)
        size = 1 / np.hypot(1, percent / 100)  # what standardising again leaves
        rest = noisy - size * clean
        assert np.isclose(rest.std(), size * percent / 100, rtol=0.02)


def test_more_noise_is_the_same_noise_stronger():
    clean, _ = standardise(CURVES)
    found = [add_noise(clean, percent, rng()) - clean for percent in (1e-6, 2e-6)]
    centred = [f - f.mean(axis=1, keepdims=True) for f in found]
    assert np.corrcoef(centred[0].ravel(), centred[1].ravel())[0, 1] > 0.999
