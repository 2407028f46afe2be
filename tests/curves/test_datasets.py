import numpy as np
import pytest
import yaml_text

from bench import make_dataset
from bench.base.errors import DatasetError, LibraryError
from bench.curves.recipes import resolve_dataset
from bench.suite.datasets import DatasetSpec

RECIPE = yaml_text.SUITE["datasets"][0]


def rows(X):
    return {row.tobytes() for row in X}


def test_shapes_labels_and_dtype():
    data = make_dataset(RECIPE | {"dtype": "float32"})
    assert data.X_train.shape == (60, 20)
    assert data.X_test.shape == (40, 20)
    assert data.X_train.dtype == data.x.dtype == np.float32
    assert data.y_train.sum() == 30
    assert data.y_train[:30].sum() not in (0, 30)


def test_arrays_are_read_only():
    data = make_dataset(RECIPE)
    with pytest.raises(ValueError, match="read-only"):
        data.X_train[0, 0] = 1


def test_a_repetition_is_the_same_again_and_another_is_not():
    first, again = make_dataset(RECIPE), make_dataset(RECIPE)
    assert first.data_hash == again.data_hash
    assert np.array_equal(first.X_train, again.X_train)
    others = [make_dataset(RECIPE, repetition=1), make_dataset(RECIPE, seed=1)]
    for other in others:
        assert other.data_hash != first.data_hash
        assert not rows(other.X_train) & rows(first.X_train)


def test_train_and_test_share_no_curve():
    data = make_dataset(RECIPE)
    assert not rows(data.X_train) & rows(data.X_test)


def test_ids_change_nothing():
    assert (
        make_dataset(RECIPE | {"id": "b"}).data_hash == make_dataset(RECIPE).data_hash
    )


def test_fewer_curves_are_the_first_of_more_and_share_the_test_set():
    small, large = make_dataset(RECIPE), make_dataset(RECIPE | {"train": 50})
    assert rows(small.X_train) < rows(large.X_train)
    assert np.array_equal(small.X_test, large.X_test)


def test_channels_stand_one_after_another():
    recipe = RECIPE | {
        "library": "F10_v1",
        "inputs": {"kind": "x10", "rows": 50},
        "channels": ["value", "gradient", "input"],
    }
    data = make_dataset(recipe)
    assert data.channels == ("value", "gradient", "gradient", "input", "input")
    assert data.X_train.shape == (60, 250)
    assert np.array_equal(data.X_train[3, data.columns(("input",))], data.x.T.ravel())
    plain = make_dataset({k: v for k, v in recipe.items() if k != "channels"})
    assert np.array_equal(data.X_train[:, data.columns(("value",))], plain.X_train)


def test_the_gradient_channel_is_the_slope():
    data = make_dataset(
        RECIPE
        | {
            "inputs": {"kind": "grid", "low": -1, "high": 1, "size": 2000},
            "channels": ["value", "gradient"],
            "neural": {"activation": "tanh"},
        }
    )
    values, slopes = np.split(data.X_train, 2, axis=1)
    np.testing.assert_allclose(
        np.gradient(values, data.x[:, 0], axis=1)[:, 1:-1], slopes[:, 1:-1], atol=1e-5
    )


def test_too_few_input_columns_are_refused():
    spec = DatasetSpec.model_validate(RECIPE | {"library": "F10_v1"})
    with pytest.raises(DatasetError, match="reads 2 inputs"):
        resolve_dataset(spec)


def test_a_library_that_is_not_finite_on_the_points_is_refused(tmp_path):
    (tmp_path / "bad.lib").write_text("x[:,0]\nlog(x[:,0])*N0\n")
    spec = DatasetSpec.model_validate(RECIPE | {"library": "bad"})
    with pytest.raises(LibraryError, match=r"line 2: 'log\(x\[:,0\]\)\*N0'"):
        resolve_dataset(spec, tmp_path)
