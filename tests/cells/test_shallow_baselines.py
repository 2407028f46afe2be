import numpy as np
import pytest

from bench.cells.shallow_baselines import (
    MAX_COLUMNS,
    compressed,
    shortcut_features,
    thinned,
)

X3 = np.array([[0.0], [1.0], [2.0]])


def expanded(features):
    return np.sinh(features)


def test_scale_by_hand():
    found = expanded(shortcut_features(np.array([[3.0, 1.0, 2.0]]), X3)["scale"])
    # Mean, variance, range, sorted values.
    np.testing.assert_allclose(found, [[2, 2 / 3, 2, 1, 2, 3]])


def test_roughness_by_hand():
    found = expanded(shortcut_features(np.array([[3.0, 1.0, 2.0]]), X3)["roughness"])
    # |1 - 3| + |2 - 1|, and 3 - 2 * 1 + 2, which equal spacing of 1 does not change.
    np.testing.assert_allclose(found, [[3, 3, 3]])


def test_a_parabola_bends_alike_whatever_the_spacing():
    x = np.array([[0.0], [0.1], [3.0], [-2.0], [0.4]])
    found = expanded(shortcut_features(x.T**2, x)["roughness"])
    # Steps from -2: -4, 0.01, 0.15, 8.84; the second derivative of x**2 is 2.
    np.testing.assert_allclose(found, [[13, 8.69, 2]])


def test_points_at_one_place_have_no_slope():
    x = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1], [2, 0]])
    found = expanded(shortcut_features(np.array([[0.0, 5, 1, 7, 2]]), x)["roughness"])
    np.testing.assert_allclose(found, [[20, 11, 0]])


def test_neighbours_are_those_along_the_first_column():
    values = np.array([[0.0, 1.0, 4.0, 9.0, 16.0]])
    x = np.column_stack([np.arange(5.0), np.arange(5.0)[::-1]])
    order = [3, 0, 4, 1, 2]
    plain, mixed = (
        shortcut_features(values, x),
        shortcut_features(values[:, order], x[order]),
    )
    for name in plain:
        np.testing.assert_array_equal(plain[name], mixed[name])
    np.testing.assert_allclose(expanded(plain["roughness"]), [[16, 2, 2]])


@pytest.mark.parametrize(("n_points", "bend"), [(1, 0), (2, 0), (3, 2)])
def test_few_points_have_no_bend(n_points, bend):
    values = np.array([[0.0, 1.0, 0.0]])[:, :n_points]
    found = expanded(shortcut_features(values, X3[:n_points])["roughness"])
    np.testing.assert_allclose(found, [[n_points - 1, bend, bend]], atol=1e-12)


def test_the_largest_of_curves_give_finite_features_in_order():
    big = np.finfo(np.float64).max
    found = shortcut_features(np.array([[big, -big, big], [1.0, 2.0, 3.0]]), X3)
    for features in found.values():
        assert np.isfinite(features.astype(np.float32)).all()
        assert (features[0] != features[1]).all()


def test_compressing_keeps_the_order():
    values = np.array([-1e300, -1e3, -1.0, 0.0, 1e-9, 1.0, 1e30, 1e300, np.inf])
    assert (np.diff(compressed(values)) > 0).all()


def test_many_points_are_thinned_evenly():
    assert thinned(5).tolist() == [0, 1, 2, 3, 4]
    columns = thinned(10 * MAX_COLUMNS)
    assert len(columns) == MAX_COLUMNS
    assert (columns[0], columns[-1]) == (0, 10 * MAX_COLUMNS - 1)
    assert set(np.diff(columns)) <= {10, 11}
