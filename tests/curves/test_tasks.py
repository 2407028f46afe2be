"""Datasets with noise, wild networks, functions as classes, or unseen functions."""

import numpy as np
import pytest
import stored
from pydantic import ValidationError

import bench
from bench import make_dataset
from bench.base.errors import DatasetError, SuiteError
from bench.curves.datasets import draw_part
from bench.curves.draws import draw_class, functions_of
from bench.curves.noise import add_noise, standardise
from bench.curves.recipes import resolve_dataset, versions_here, versions_of
from bench.report.dataset import describe_classes
from bench.suite.datasets import DatasetSpec

RECIPE = {
    "id": "hard",
    "library": "families20",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
    "train": 12,
    "test": 8,
}
WILD, NULL = {"kind": "wild"}, {"kind": "library"}
LINES = "N0*x[:,0]  # line\nN0*x[:,0]**2  # bend\nS0*sin(x[:,0])\nS0*exp(x[:,0])\n"


def resolve(folder=None, **changes):
    spec = DatasetSpec.model_validate(RECIPE | changes, strict=False)
    return resolve_dataset(spec, folder)


def rows(X):
    return {row.tobytes() for row in X}


@pytest.fixture
def four(tmp_path):
    """Give a folder with a library of four functions, two of them named."""
    (tmp_path / "four.lib").write_text(LINES)
    return tmp_path


# Every kind of class, and noise


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
def test_fewer_curves_are_the_first_of_more_and_share_the_test_set(changes):
    small, large = (
        make_dataset(RECIPE | changes),
        make_dataset(RECIPE | changes | {"train": 20}),
    )
    assert rows(small.X_train) < rows(large.X_train)
    np.testing.assert_array_equal(small.X_test, large.X_test, strict=True)
    assert not rows(small.X_test) & rows(small.X_train)
    assert small.X_train.dtype == changes.get("dtype", "float64")
    assert make_dataset(RECIPE | changes).data_hash == small.data_hash
    assert not rows(make_dataset(RECIPE | changes, 1).X_train) & rows(small.X_train)


def test_curves_with_noise_are_those_without_standardised_and_noised():
    clean, noisy = resolve(neural=WILD), resolve(neural=WILD, noise=20)
    for label in (0, 1):
        values, _ = draw_class(clean, label, 9, False)
        found, _ = draw_class(noisy, label, 9, False)
        rest = found - add_noise(standardise(values)[0], 1e-9, np.random.default_rng(0))
        assert 0.1 < rest.std() < 0.3
        np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-14)
        np.testing.assert_allclose(found.std(axis=1), 1, rtol=1e-14)


def test_levels_of_noise_are_paired():
    draws = [draw_class(resolve(noise=p), 0, 5, False)[0] for p in (0.1, 0.2)]
    exact = draw_class(resolve(standardise="curve"), 0, 5, False)[0]
    noises = [(found - exact).ravel() for found in draws]
    assert np.corrcoef(*noises)[0, 1] > 0.99
    assert np.isclose(noises[1].std() / noises[0].std(), 2, rtol=0.05)


def test_noise_is_independent_between_parts_and_classes():
    recipe = resolve(neural=NULL, noise=1e6)  # nothing but noise
    draws = [
        draw_class(recipe, label, 50, False, part=part, repetition=repetition)[0]
        for label in (0, 1)
        for part in ("train", "test", "validation")
        for repetition in (0, 1)
    ]
    table = np.corrcoef([found.ravel() for found in draws])
    assert np.abs(table - np.eye(len(draws))).max() < 0.15


def test_single_precision_is_the_last_step_of_both_classes():
    double, single = (resolve(neural=NULL, noise=1, dtype=d) for d in
                      ("float64", "float32"))  # fmt: skip
    for label in (0, 1):
        found, _ = draw_class(single, label, 30, False)
        assert found.dtype == np.float32
        # Of other streams, since the type is part of them: only the rounding is alike.
        exact, _ = draw_class(double, label, 30, False)
        assert (exact != exact.astype(np.float32)).mean() > 0.9


def test_the_null_task_draws_both_classes_alike():
    recipe = resolve(neural=NULL)
    one, other = (draw_class(recipe, label, 300, False)[0] for label in (0, 1))
    assert not rows(one) & rows(other)
    for curves in (one, other):  # of a function, there is a sign before it
        assert 0.4 < (curves[:, 0] > 0).mean() < 0.6


def test_gradients_come_without_noise_and_are_the_slope():
    recipe = resolve(
        neural=WILD | {"activations": ["tanh", "gelu"]},
        noise=20,
        inputs=RECIPE["inputs"] | {"size": 3000},
    )
    x = recipe.x[:, 0]
    for label in (0, 1):
        values, slopes = draw_class(recipe, label, 20, True)
        np.testing.assert_allclose(values.std(axis=1), 1)
        found = np.gradient(values, x, axis=1)[:, 1:-1]
        assert np.median(np.abs(found - slopes[:, 1:-1, 0])) < 1e-4


# Functions as classes


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


def test_a_name_that_stands_twice_names_nothing(tmp_path):
    (tmp_path / "two.lib").write_text("N0*x[:,0]  # a\nU0*x[:,0]  # a\nx[:,0]  # b\n")
    recipe = resolve(tmp_path, library="two", task="which-function")
    assert recipe.class_names == ("function 1", "function 2", "b")


def test_many_classes_are_drawn_fitted_scored_and_reported(
    four, write_suite, bench_run
):
    dataset = RECIPE | {
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
    page = (four / "reports" / "small" / "README.md").read_text()
    assert "Which of four?" in page
    assert "Library four, one class for each of its 4" in page
    assert "with 5% noise" in page
    assert "0.250" in page  # chance
    assert (four / "reports" / "small" / "figures" / "dataset-hard.svg").stat().st_size


# Unseen functions


@pytest.mark.parametrize("n_unseen", [1, 10, 19])
def test_test_curves_are_of_functions_that_were_not_trained_on(n_unseen):
    recipe = resolve(split={"unseen-functions": n_unseen})
    for repetition in range(3):
        seen, unseen = (
            set(functions_of(recipe, part, repetition, 0).tolist())
            for part in ("train", "test")
        )
        assert len(unseen) == n_unseen
        assert seen | unseen == set(range(20))
        assert not seen & unseen
        assert set(functions_of(recipe, "validation", repetition, 0)) == seen


def test_another_repetition_splits_otherwise_and_more_unseen_include_fewer():
    few, many = (resolve(split={"unseen-functions": n}) for n in (5, 10))
    of = [set(functions_of(few, "test", repetition, 0)) for repetition in range(4)]
    assert len(set(map(frozenset, of))) == 4
    assert of[0] < set(functions_of(many, "test", 0, 0))
    assert of[0] != set(functions_of(few, "test", 0, 1))


def test_a_split_takes_the_librarys_curves_alone(four):
    recipe = resolve(four, library="four", split={"unseen-functions": 3})
    whole = resolve(four, library="four")
    [seen] = functions_of(recipe, "train", 0, 0)
    drawn, _ = draw_class(recipe, 1, 30, False)
    known = draw_class(whole, 1, 200, False)[0]
    kinds = np.abs(known[:, -1] / known[:, 0])
    assert len(np.unique((drawn[:, -1] / drawn[:, 0]).round(6))) == 1
    assert len(np.unique(kinds.round(6))) == 4
    assert seen in range(4)
    np.testing.assert_array_equal(
        draw_class(recipe, 0, 5, False)[0], draw_class(whole, 0, 5, False)[0]
    )


# What is refused


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"noise": 1, "channels": ["value", "gradient"]},
            "found noise together with the channel 'gradient'; expected one of them",
        ),
        (
            {"task": "which-function", "neural": WILD},
            "found 'neural' with task: which-function; expected no such",
        ),
        (
            {"task": "which-function", "split": {"unseen-functions": 3}},
            "found 'split' with task: which-function",
        ),
        ({"task": "which"}, "datasets[0].task: found"),
        ({"noise": -1}, "datasets[0].noise: found -1"),
        ({"noise": "20%"}, "datasets[0].noise"),
        ({"standardise": "points"}, "datasets[0].standardise"),
        ({"split": {"unseen_functions": 3}}, "did you mean 'unseen-functions'"),
        ({"split": {"unseen-functions": 0}}, "found 0"),
        ({"neural": {"kind": "wildd"}}, "found the kind 'wildd' (did you mean 'wild'"),
        ({"neural": WILD | {"activation": "relu"}}, "did you mean 'activations'"),
        ({"neural": WILD | {"hidden": []}}, "datasets[0].neural.hidden"),
        ({"neural": {"kind": "mimic", "rmse": 0}}, "datasets[0].neural.rmse"),
        ({"neural": NULL | {"hidden": [3]}}, "unknown key 'hidden'"),
        ({"neural": "wild"}, "datasets[0].neural"),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_line(write_suite, changes, said):
    with pytest.raises(SuiteError) as refused:
        stored.plan_of(write_suite(datasets=[RECIPE | changes]))
    assert said in str(refused.value)
    assert "suite.yaml:" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": {"unseen-functions": 20}}, "20 of the 20 functions"),
        (
            {"library": "F11_v1", "split": {"unseen-functions": 1}},
            "1 of the 1 function",
        ),
        ({"library": "F11_v1", "task": "which-function"}, "has one function"),
        (
            {"neural": WILD | {"hidden": [4096, 4096, 4096]}},
            "weights; expected at most",
        ),
    ],
)
def test_what_the_library_or_memory_does_not_allow_is_refused(changes, said):
    with pytest.raises(DatasetError, match=said):
        resolve(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "which-function"},
        {"split": {"unseen-functions": 3}},
        {"neural": {"kind": "mimic"}},
    ],
    ids=str,
)
def test_online_training_of_what_has_no_end_is_refused(write_suite, changes):
    path = write_suite(
        datasets=[RECIPE, RECIPE | {"id": "b"} | changes],
        classifiers=["KNN", "SD"],
        training={"mode": "fixed"},
    )
    assert len(stored.plan_of(path).cells) == 8
    online = {"use": "SD", "training": {"mode": "online", "epochs": 5, "curves": 2}}
    path = write_suite(
        datasets=[RECIPE, RECIPE | {"id": "b"} | changes], classifiers=["KNN", online]
    )
    name = next(iter(changes))
    with pytest.raises(SuiteError, match=rf"datasets\[1\]: 'SD' .*online.*{name}"):
        stored.plan_of(path)


# Identity


def test_what_is_written_otherwise_is_the_same_recipe():
    plain = resolve(noise=20).identity
    assert resolve(noise=20.0, standardise="curve").identity == plain
    assert resolve(noise=20, description="words").identity == plain
    assert resolve(noise=20, neural={"kind": "mlp"}).identity == plain
    assert resolve(noise=20, id="other").identity == plain


def test_versions_are_those_that_a_recipe_needs(monkeypatch):
    plain, noisy = resolve().identity, resolve(noise=1).identity
    mimic = resolve(neural={"kind": "mimic"}).identity
    for identity, n in ((plain, 1), (noisy, 2), (mimic, 3)):
        assert versions_of(identity) == versions_here(identity)
        assert len(versions_of(identity)) == n
    monkeypatch.setitem(bench.RESULTS, "mimic", 99)
    assert versions_of(noisy) == versions_here(noisy)
    assert versions_here(mimic)[2].startswith("mimic 99, torch ")
    assert versions_of(mimic) != versions_here(mimic)


def test_old_recipes_hold_nothing_new():
    names = {"inputs", "library", "test", "train", "results"}
    assert set(resolve().identity) == names
    assert set(resolve(channels=["value", "input"]).identity) == names | {"channels"}


def test_streams_do_not_depend_on_sizes_noise_and_split():
    stream = resolve().stream
    for changes in (
        {"noise": 5},
        {"standardise": "curve"},
        {"split": {"unseen-functions": 2}},
        {"train": 3, "test": 4, "channels": ["value", "gradient"]},
    ):
        recipe = resolve(**changes)
        assert recipe.stream == stream
        assert recipe.identity != resolve().identity
    for changes in ({"neural": WILD}, {"neural": NULL}, {"task": "which-function"}):
        assert resolve(**changes).stream != stream


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "against untrained networks (relu, hidden layers [32, 32])"),
        ({"neural": WILD, "noise": 5}, "against networks with random weights"),
        ({"neural": NULL}, "against itself, both classes drawn"),
        ({"neural": {"kind": "mimic"}}, "fitted to its curves"),
        ({"split": {"unseen-functions": 4}}, "from 4 functions without training curves"),
        ({"standardise": "curve"}, "; each curve standardised"),
    ],
)
def test_a_dataset_is_told_in_words(changes, said):
    assert said in describe_classes(resolve(**changes))


def test_a_part_of_another_name_is_drawn_of_every_class():
    recipe = resolve(task="which-function")
    X, y = draw_part(recipe, "validation", 3)
    assert X.shape == (60, 20)
    assert np.bincount(y).tolist() == [3] * 20
    assert not rows(X) & rows(make_dataset(recipe).X_train)


def test_a_recipe_given_in_python_is_checked_too():
    with pytest.raises(ValidationError, match="exact gradient beside noisy values"):
        make_dataset(RECIPE | {"noise": 1, "channels": ["value", "gradient"]})
