from typing import get_args

import numpy as np
import pytest

from bench.base.errors import DatasetError
from bench.curves.neural import ACTIVATIONS
from bench.curves.wild import sample_wild, stream_wild
from bench.suite.networks import FOUR, Activation

X = np.random.default_rng(1).normal(size=(30, 1))
X2 = np.random.default_rng(2).normal(size=(30, 2))


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("x", [X, X2], ids=["1d", "2d"])
def test_chunks_change_no_bit(x, dtype):
    values, gradients = sample_wild(x, 40, rng(), gradients=True, dtype=dtype)
    for size in (1, 7, 1000):
        blocks = list(stream_wild(x, 40, rng(), gradients=True, dtype=dtype,
                                  chunk_size=size))  # fmt: skip
        own, tangents = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        np.testing.assert_array_equal(values, own, strict=True)
        np.testing.assert_array_equal(gradients, tangents, strict=True)


def test_first_curves_are_the_smaller_draw():
    np.testing.assert_array_equal(
        sample_wild(X, 9, rng()), sample_wild(X, 500, rng())[:9]
    )


def test_asking_for_gradients_changes_no_value():
    values, _ = sample_wild(X, 40, rng(), gradients=True)
    np.testing.assert_array_equal(values, sample_wild(X, 40, rng()), strict=True)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradient_is_that_of_the_values(activation):
    x = np.linspace(-1, 1, 4001)
    values, gradients = sample_wild(x, 8, rng(), (5, 4), [activation], gradients=True)
    found = np.gradient(values, x, axis=1)[:, 1:-1]
    assert np.median(np.abs(found - gradients[:, 1:-1, 0])) < 1e-3
    assert np.abs(gradients).max() > 0.1


def test_the_weights_are_those_of_the_recipe():
    # Without a hidden layer within, at one point x = 0 of one unit: w2 * tanh(b1).
    n = 4000
    drawn = sample_wild(np.zeros((1, 1)), n, rng(), (1,), ["tanh"])[:, 0]
    own = rng(5)
    gain = 10 ** own.uniform(-0.3, 0.5, n)
    expected = own.normal(size=n) * np.tanh(gain * own.normal(size=n))
    assert np.isclose(drawn.std(), expected.std(), rtol=0.06)
    # A layer within: variances 2 / fan_in and 1/4, the last one's 1 / fan_in.
    wide = sample_wild(np.zeros((1, 1)), n, rng(), (64, 64), ["relu"])[:, 0]
    first = np.maximum(gain[:, None] * own.normal(size=(n, 64)), 0)
    variance = (first**2).sum(1) * 2 / 64 + 0.25
    assert np.isclose(wide.std(), (variance / 2).mean() ** 0.5, rtol=0.06)


def test_every_activation_is_drawn():
    kinks = sample_wild(np.linspace(-3, 3, 500), 400, rng(), activations=["relu"])
    mixed = sample_wild(np.linspace(-3, 3, 500), 400, rng(), activations=FOUR)
    # A curve of relu is piecewise linear: most of its second differences vanish.
    piecewise = [
        (np.abs(np.diff(curves, 2)) < 1e-9).mean(axis=1) > 0.5
        for curves in (kinks, mixed)
    ]
    assert piecewise[0].all()
    assert 0.15 < piecewise[1].mean() < 0.35


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": ()}, "one hidden layer"),
        ({"hidden": (4, 0)}, "layer of one unit"),
        ({"activations": ()}, "one activation"),
        ({"activations": ("relu", "silo")}, "did you mean 'silu'"),
    ],
)
def test_what_makes_no_network_is_refused(options, message):
    with pytest.raises(DatasetError, match=message):
        sample_wild(X, 1, rng(), **options)


def test_a_suite_may_name_every_activation_and_no_other():
    assert get_args(Activation) == tuple(ACTIVATIONS)
