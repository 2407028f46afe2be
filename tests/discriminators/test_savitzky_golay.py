import numpy as np
import pytest
from scipy.signal import savgol_filter

from bench.discriminators.savitzky_golay import difference_quotients, local_cubics

EQUAL = np.linspace(-1, 1, 20)
UNEQUAL = np.sort(np.random.default_rng(0).uniform(-2, 3, 20))
BOTH = pytest.mark.parametrize("x", [EQUAL, UNEQUAL], ids=["equal", "unequal"])


def test_differences_are_those_of_neighbours_over_their_gaps():
    x = np.array([0.0, 1.0, 3.0, 4.0])
    first, second = difference_quotients(x) @ np.array([0.0, 2.0, 4.0, 7.0])
    assert first.tolist() == [2, 1, 3, 3]
    assert second.tolist() == pytest.approx([-2 / 3, -2 / 3, 4 / 3, 4 / 3])


@BOTH
def test_differences_of_a_parabola(x):
    first, second = difference_quotients(x) @ (3 * x**2 + x)
    gaps = np.diff(x)
    wide = gaps >= 0.25 * np.median(gaps)
    middle = (x[1:] + x[:-1]) / 2
    np.testing.assert_allclose(first[:-1][wide], (6 * middle + 1)[wide], rtol=1e-9)
    own = 1 + np.flatnonzero(wide[1:] & wide[:-1])
    np.testing.assert_allclose(second[own], 6, rtol=1e-9)


def test_a_tiny_gap_counts_as_a_quarter_of_the_median_one():
    x = np.array([0.0, 1.0, 1.0 + 1e-9, 2.0, 2.0, 3.0])
    first, second = difference_quotients(x) @ np.array([0.0, 0, 1, 1, 2, 2])
    assert first[[1, 3]].tolist() == pytest.approx([4, 4])
    assert np.isfinite(second).all()


def test_differences_where_most_points_coincide():
    quotients = difference_quotients(np.array([0.0, 0, 0, 0, 1]))
    assert np.isfinite(quotients).all()
    assert quotients[0, 3].tolist() == [0, 0, 0, -1, 1]


@pytest.mark.parametrize("window", [5, 9, 19])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_cubics_of_equal_points_are_savitzky_and_golays(window, order):
    y = np.random.default_rng(1).normal(size=20)
    expected = savgol_filter(y, window, 3, deriv=order, delta=EQUAL[1] - EQUAL[0])
    np.testing.assert_allclose(local_cubics(EQUAL, window)[order] @ y, expected)


@BOTH
@pytest.mark.parametrize("window", [5, 9, 20])
def test_cubics_reproduce_a_cubic_and_its_derivatives(x, window):
    value, first, second = local_cubics(x, window) @ (x**3 - 2 * x**2 + 1)
    np.testing.assert_allclose(value, x**3 - 2 * x**2 + 1, atol=1e-9)
    np.testing.assert_allclose(first, 3 * x**2 - 4 * x, atol=1e-7)
    np.testing.assert_allclose(second, 6 * x - 4, atol=1e-6)


def test_a_cubic_of_unequal_points_is_the_least_squares_one():
    y = np.random.default_rng(1).normal(size=20)
    fit = np.polynomial.Polynomial.fit(UNEQUAL[3:12], y[3:12], 3)
    found = local_cubics(UNEQUAL, 9)[:, 7] @ y
    expected = [fit.deriv(order)(UNEQUAL[7]) for order in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("window", [1, 2, 3])
def test_few_neighbours_have_what_they_determine(window):
    x = UNEQUAL[:window]
    polynomial = np.polynomial.Polynomial([1, 2, 3][:window])
    found = local_cubics(x, window) @ polynomial(x)
    for order in range(3):
        expected = polynomial.deriv(order)(x) if order else polynomial(x)
        np.testing.assert_allclose(found[order], expected, atol=1e-9)


@pytest.mark.parametrize("n_equal", [2, 7, 20])
def test_points_that_coincide_give_numbers(n_equal):
    x = np.sort(np.r_[np.full(n_equal, 0.5), UNEQUAL[: 20 - n_equal]])
    matrices = local_cubics(x, 7)
    assert np.isfinite(matrices).all()
    np.testing.assert_allclose(matrices[0].sum(1), 1, rtol=1e-9)
