"""Recipes of datasets: refusals, names of classes, identities and random streams."""

import pytest
import stored

import bench
from bench.analysis.dataset_words import describe_classes
from bench.base.errors import DatasetError, InputsError, SuiteError
from bench.curves.recipes import resolve_dataset, versions_here, versions_of
from bench.suite.datasets import DatasetSpec

RECIPE = {
    "id": "hard",
    "library": "families20",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
    "train": 12,
    "test": 8,
}


WILD, NULL = {"kind": "wild"}, {"kind": "library"}


def resolve(folder=None, **changes):
    spec = DatasetSpec.model_validate(RECIPE | changes, strict=False)
    return resolve_dataset(spec, folder)


def test_a_duplicate_name_is_replaced_by_the_number(tmp_path):
    (tmp_path / "two.lib").write_text("N0*x[:,0]  # a\nU0*x[:,0]  # a\nx[:,0]  # b\n")
    recipe = resolve(tmp_path, library="two", task="which-function")
    assert recipe.class_names == ("function 1", "function 2", "b")


@pytest.mark.parametrize(
    ("changes", "message"),
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
def test_keys_that_exclude_each_other_are_refused_with_their_line(
    write_suite, changes, message
):
    with pytest.raises(SuiteError) as refused:
        stored.plan_of(write_suite(datasets=[RECIPE | changes]))
    assert message in str(refused.value)
    assert "suite.yaml:" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message"),
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
def test_a_dataset_that_the_library_or_memory_does_not_allow_is_refused(
    changes, message
):
    with pytest.raises(DatasetError, match=message):
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
def test_online_training_without_unlimited_curves_is_refused(write_suite, changes):
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


def test_different_spellings_have_the_same_identity():
    plain = resolve(noise=20).identity
    assert resolve(noise=20.0, standardise="curve").identity == plain
    assert resolve(noise=20, description="words").identity == plain
    assert resolve(noise=20, neural={"kind": "mlp"}).identity == plain
    assert resolve(noise=20, id="other").identity == plain


def test_a_recipe_names_only_the_versions_it_depends_on(monkeypatch):
    plain, noisy = resolve().identity, resolve(noise=1).identity
    mimic = resolve(neural={"kind": "mimic"}).identity
    for identity, n in ((plain, 1), (noisy, 2), (mimic, 3)):
        assert versions_of(identity) == versions_here(identity)
        assert len(versions_of(identity)) == n
    monkeypatch.setitem(bench.RESULTS, "mimic", 99)
    assert versions_of(noisy) == versions_here(noisy)
    assert versions_here(mimic)[2] == "mimic 99"
    assert versions_of(mimic) != versions_here(mimic)


def test_the_identity_of_first_tasks_has_no_later_fields():
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
    ("changes", "message"),
    [
        ({}, "against untrained networks (relu, hidden layers [32, 32])"),
        ({"neural": WILD, "noise": 5}, "against networks with random weights"),
        ({"neural": NULL}, "against itself, both classes drawn"),
        ({"neural": {"kind": "mimic"}}, "fitted to its curves"),
        ({"split": {"unseen-functions": 4}}, "from 4 functions without training"),
        ({"standardise": "curve"}, "; each curve standardised"),
    ],
)
def test_a_dataset_is_described_in_words(changes, message):
    assert message in describe_classes(resolve(**changes))


TABLE = "x,y\n0.5,1.25\n0.25,2.5\n"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"kind": "file", "path": "p.csv"}, r"p\.csv: found 2 columns \('x', 'y'\)"),
        ({"kind": "x10"}, "x10 has 2 columns; the library 'families20' reads 1: name"),
    ],
)
def test_columns_that_the_library_does_not_read_must_be_named(
    tmp_path, inputs, message
):
    (tmp_path / "p.csv").write_text(TABLE)
    with pytest.raises(InputsError, match=message):
        resolve(tmp_path, inputs=inputs)
    for columns in ([0], [0, 1]):
        recipe = resolve(tmp_path, inputs=inputs | {"columns": columns})
        assert recipe.x.shape[1] == len(columns)


def test_how_a_file_is_written_is_not_in_its_identity(tmp_path):
    (tmp_path / "p.csv").write_text(TABLE)
    (tmp_path / "q.txt").write_text("y\tx\n1,250\t0,500\n2,500\t0,250\n")
    (tmp_path / "r.csv").write_text("0,5\n0,25\n")

    def identity(**inputs):
        recipe = resolve(tmp_path, inputs={"kind": "file"} | inputs)
        return recipe.identity["inputs"]

    plain = identity(path="p.csv", columns=[0])
    assert plain == {"kind": "file", "path": plain["path"], "columns": [0]}
    assert identity(path="p.csv", columns=["x"]) == plain
    assert identity(path="p.csv", columns=["x"], delimiter=",", decimal=".") == plain
    second = identity(path="q.txt", columns=["x"], delimiter="tab", decimal=",")
    assert second == plain | {"columns": [1]}
    whole = identity(path="r.csv", decimal=",")
    assert whole == {"kind": "file", "path": plain["path"]}


def test_a_list_says_the_number_of_columns_in_the_identity():
    inputs = {"kind": "uniform", "size": 9, "low": [1, 0], "high": 5}
    recipe = resolve(inputs=inputs)
    assert recipe.identity["inputs"] == inputs | {"low": [1, 0], "high": 5, "dim": 2}
    assert recipe.identity == resolve(inputs=inputs | {"dim": 2}).identity
    assert "dim" not in resolve(inputs=inputs | {"low": 1}).identity["inputs"]
