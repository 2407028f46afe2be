import numpy as np
import pytest
import yaml_text
from pydantic import ValidationError

from bench import make_dataset
from bench.analysis.report_files import read_data
from bench.base.errors import DatasetError, LibraryError
from bench.curves.datasets import draw_part
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


def test_the_gradient_channel_is_the_derivative_of_the_values():
    data = make_dataset(
        RECIPE
        | {
            "inputs": {"kind": "grid", "low": -1, "high": 1, "size": 2000},
            "channels": ["value", "gradient"],
            "neural": {"activation": "tanh"},
        }
    )
    values, gradients = np.split(data.X_train, 2, axis=1)
    np.testing.assert_allclose(
        np.gradient(values, data.x[:, 0], axis=1)[:, 1:-1],
        gradients[:, 1:-1],
        atol=1e-5,
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


HARD = {
    "id": "hard",
    "library": "families20",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
    "train": 12,
    "test": 8,
}


WILD, NULL = {"kind": "wild"}, {"kind": "library"}


LINES = "N0*x[:,0]  # line\nN0*x[:,0]**2  # bend\nS0*sin(x[:,0])\nS0*exp(x[:,0])\n"


def resolve(folder=None, **changes):
    spec = DatasetSpec.model_validate(HARD | changes, strict=False)
    return resolve_dataset(spec, folder)


@pytest.fixture
def four(tmp_path):
    """Give a folder with a library of four functions, two of them named."""
    (tmp_path / "four.lib").write_text(LINES)
    return tmp_path


@pytest.mark.parametrize(
    "changes",
    [
        {"noise": 20},
        {"neural": WILD, "noise": 20},
        {"neural": NULL, "noise": 5, "dtype": "float32"},
        {"neural": WILD, "standardise": "curve", "channels": ["value", "gradient"]},
        {"noise": 1, "split": {"unseen-functions": 10}},
        {"task": "which-function", "noise": 20},
    ],
    ids=str,
)
def test_of_every_kind_fewer_curves_are_the_first_of_more(changes):
    small, large = (
        make_dataset(HARD | changes),
        make_dataset(HARD | changes | {"train": 20}),
    )
    assert rows(small.X_train) < rows(large.X_train)
    np.testing.assert_array_equal(small.X_test, large.X_test, strict=True)
    assert not rows(small.X_test) & rows(small.X_train)
    assert small.X_train.dtype == changes.get("dtype", "float64")
    assert make_dataset(HARD | changes).data_hash == small.data_hash
    assert not rows(make_dataset(HARD | changes, 1).X_train) & rows(small.X_train)


def test_functions_are_classes_by_their_place_and_name(four):
    recipe = resolve(four, library="four", task="which-function")
    assert recipe.class_names == ("line", "bend", "function 3", "function 4")
    assert recipe.n_classes == 4
    data = make_dataset(recipe)
    assert np.bincount(data.y_train).tolist() == [12] * 4
    assert np.bincount(data.y_test).tolist() == [8] * 4
    assert recipe.nbytes == data.X_train.nbytes + data.X_test.nbytes
    x = recipe.x[:, 0]
    of = [data.X_train[data.y_train == label] for label in range(4)]
    for curves, shape in ((of[0], x), (of[1], x**2)):
        np.testing.assert_allclose(
            curves, curves[:, [0]] / shape[0] * shape, atol=1e-12
        )
    for curves, shape in ((of[2], np.sin(x)), (of[3], np.exp(x))):
        signs = np.sign(curves[:, [-1]])
        np.testing.assert_allclose(curves, signs * shape, atol=1e-12)
        assert set(signs.ravel()) == {-1, 1}
    assert data.y_train[:12].tolist() != sorted(data.y_train[:12])


def test_many_classes_are_drawn_fitted_scored_and_reported(
    four, write_suite, bench_run
):
    dataset = HARD | {
        "description": "Which of four?",
        "library": "four",
        "task": "which-function",
        "noise": 5,
        "test": 20,
    }
    path = write_suite(
        datasets=[dataset],
        classifiers=["KNN", "GNB", "CHANCE"],
        metrics=["accuracy", "roc_auc", "log_loss", "ece"],
        stats={"impute": "chance"},
    )
    code, out, err = bench_run("run", path)
    assert (code, err.count("Traceback")) == (0, 0)
    assert "GNB" in out
    folder = four / "reports" / "small"
    page = (folder / "README.md").read_text()
    assert "Which of four?" in page
    assert "Library four, one class for each of its 4" in page
    assert "with 5% noise" in page
    assert read_data(folder).dataset("hard").chance == 0.25
    assert (folder / "figures" / "curves-hard.png").stat().st_size


def test_a_part_of_another_name_is_drawn_of_every_class():
    recipe = resolve(task="which-function")
    X, y = draw_part(recipe, "validation", 3)
    assert X.shape == (60, 20)
    assert np.bincount(y).tolist() == [3] * 20
    assert not rows(X) & rows(make_dataset(recipe).X_train)


def test_a_recipe_given_in_python_is_checked_too():
    with pytest.raises(ValidationError, match="exact gradient beside noisy values"):
        make_dataset(HARD | {"noise": 1, "channels": ["value", "gradient"]})
