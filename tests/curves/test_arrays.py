import numpy as np
import pytest

from bench.base.errors import DatasetError, LibraryError
from bench.curves.arrays import (
    as_points,
    block_sizes,
    check_channels,
    check_length,
    collect,
)
from bench.curves.library import parse_library
from bench.curves.neural import sample_mlp
from bench.curves.wild import sample_wild

X = np.linspace(-1, 1, 6)[:, None]


def test_a_row_of_points_becomes_a_column():
    points = as_points(range(3), np.float32)
    np.testing.assert_array_equal(points, np.float32([[0], [1], [2]]), strict=True)


@pytest.mark.parametrize("shape", [(), (0,), (0, 2), (4, 1), (4, 2, 1)])
def test_points_of_another_shape_name_their_reader(shape):
    with pytest.raises(LibraryError, match=r"^waves: found an x of shape") as caught:
        as_points(np.zeros(shape), float, 2, LibraryError, "waves: ")
    assert "expected (n_points, n_inputs)" in str(caught.value)


@pytest.mark.parametrize(
    ("n_curves", "sizes"), [(0, []), (3, [3]), (8, [4, 4]), (9, [4, 4, 1])]
)
def test_blocks_hold_every_curve_once(n_curves, sizes):
    assert list(block_sizes(n_curves, 4)) == sizes


@pytest.mark.parametrize("gradients", [False, True])
def test_blocks_are_joined_in_their_order(gradients):
    values = np.arange(30.0).reshape(5, 6)
    block_gradients = np.arange(30.0, 60.0).reshape(5, 6, 1)
    blocks = [
        (values[rows], block_gradients[rows] if gradients else None)
        for rows in (slice(0, 2), slice(2, 5))
    ]
    joined, joined_gradients = collect(iter(blocks), 5, X, gradients, np.float32)
    np.testing.assert_array_equal(joined, values.astype(np.float32), strict=True)
    if gradients:
        np.testing.assert_array_equal(
            joined_gradients, block_gradients.astype(np.float32)
        )
    else:
        assert joined_gradients is None


@pytest.mark.parametrize(
    "sample", [sample_mlp, sample_wild, parse_library("x[:,0]*N0", "own").sample]
)
def test_a_negative_number_of_curves_is_refused(sample):
    with pytest.raises(DatasetError, match="found n_curves = -1; expected 0 or more"):
        sample(X, -1, np.random.default_rng(0))


@pytest.mark.parametrize(("n_columns", "n_channels"), [(7, 2), (6, 0), (6, -2)])
def test_columns_that_do_not_divide_are_refused(n_columns, n_channels):
    check_channels(6, 2)
    with pytest.raises(ValueError, match=f"{n_columns} columns do not divide"):
        check_channels(n_columns, n_channels)


@pytest.mark.parametrize("x", [3.0, [1.0, 2.0], np.zeros((4, 2))])
def test_points_of_another_number_than_the_curves_are_refused(x):
    check_length(np.zeros((3, 2)), 3)
    with pytest.raises(ValueError, match="expected 3 points, as the curves have"):
        check_length(x, 3)
