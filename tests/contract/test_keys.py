"""What a cell's key depends on, and what it does not."""

import json
import sys
from importlib.metadata import version

import numpy as np
import pytest
import stored
import yaml_text

import bench
from bench.base.seeds import digest
from bench.classifiers.class_paths import class_version
from bench.store.store import Store

GRID = yaml_text.SUITE["datasets"][0]
OTHER = GRID | {"id": "other", "library": "mine", "neural": {"hidden": [8]}}
SUITE = {"datasets": [GRID, OTHER], "classifiers": ["KNN", "GNB", "SD", "CSD"]}
LINES = ["U0*x[:,0]", "sin(x[:,0] + N0)"]
NONE, ALL = set(), {"grid", "other"}


@pytest.fixture
def keys_of(write_suite, tmp_path):
    """Give the key of each (dataset, repetition, classifier) of a suite."""
    (tmp_path / "mine.lib").write_text("\n".join(LINES))

    def keys(**changes):
        plan = stored.plan_of(write_suite(**(SUITE | changes)))
        return {
            (cell.dataset.spec.id, cell.repetition, cell.classifier.id): cell.key
            for cell in plan.cells
        }

    return keys


@pytest.fixture
def fresh_versions():
    """Let a version be looked up again, before a test and after it."""
    class_version.cache_clear()
    yield class_version.cache_clear
    class_version.cache_clear()


def changed(before, after, part):
    """Say which datasets (part 0) or classifiers (part 2) have other keys."""
    assert before.keys() == after.keys()
    found = {where[part] for where in before if before[where] != after[where]}
    # Of those, not one repetition or combination kept its key.
    kept = {where[part] for where in before if before[where] == after[where]}
    assert not found & kept
    return found


def change_grid(**changes):
    return {"datasets": [GRID | changes, OTHER]}


def change_knn(**changes):
    return {"classifiers": [{"id": "KNN", **changes}, "GNB", "SD", "CSD"]}


def test_every_cell_has_a_key_of_its_own(keys_of):
    keys = keys_of()
    assert len(keys) == len(set(keys.values())) == 16
    assert all(len(key) == 64 for key in keys.values())
    assert keys == keys_of()


def test_a_key_is_the_hash_of_what_the_result_keeps(keys_of, write_suite, tmp_path):
    plan = stored.plan_of(write_suite(**SUITE, **{"repetitions": 1}))
    store = Store(tmp_path / "store")
    stored.put_cells(plan, store)
    for cell in plan.cells:
        assert digest(store.get(cell.key).fields) == cell.key


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other", "description": "words"},
        {"metrics": ["balanced_accuracy", "accuracy"]},
        {"limits": {"timeout": "10m", "memory": "4GiB"}},
        {"reference": "seed-notebook"},
        change_knn(use="KNN", resources={}),
        change_knn(use="KNN", resources={"threads": 1, "gpu": 2, "slots": 3}),
        change_grid(dtype="float64"),
        change_grid(channels=["value"]),
        change_grid(neural={"kind": "mlp", "hidden": [32, 32], "activation": "relu"}),
        change_grid(inputs=GRID["inputs"] | {"low": -3.0, "endpoint": False, "dim": 1}),
        change_knn(use="KNN"),
        change_knn(use="KNN", params={}, channels=["value"]),
        change_knn(use="KNN", limits={"timeout": 5, "memory": "1GiB"}),
        change_knn(**{"class": "sklearn.neighbors.KNeighborsClassifier"}),
    ],
)
def test_what_scores_do_not_depend_on_changes_no_key(keys_of, changes):
    assert keys_of(**changes) == keys_of()


def test_ids_and_order_change_no_key(keys_of):
    before = keys_of()
    entries = [{"id": f"my {n}", "use": n} for n in reversed(SUITE["classifiers"])]
    after = keys_of(datasets=[OTHER | {"id": "a"}, GRID | {"id": "b"}],
                    classifiers=entries)  # fmt: skip
    renamed = {"other": "a", "grid": "b"}
    assert after == {
        (renamed[dataset], repetition, f"my {name}"): key
        for (dataset, repetition, name), key in before.items()
    }


def test_what_is_added_changes_no_key(keys_of):
    more = keys_of(
        repetitions=3,
        datasets=[GRID | {"id": "new", "train": 40}, *SUITE["datasets"]],
        classifiers=["DT", *SUITE["classifiers"]],
    )
    before = keys_of()
    assert {where: more[where] for where in before} == before
    assert len(set(more.values())) == len(more) == 45


@pytest.mark.parametrize(
    "options",
    [
        ["-j", "1"],
        ["-j", "5"],
        ["--engine", "local", "-j", "2"],
        ["--parallel", "local.json"],
        ["--retry-failed"],
        ["--out", "elsewhere"],
        ["-c", "GNB", "-d", "grid"],
    ],
    ids=" ".join,
)
def test_how_it_is_run_changes_no_key(write_suite, bench_run, tmp_path, options):
    (tmp_path / "local.json").write_text(json.dumps({"backend": "local", "jobs": 3}))
    path = write_suite()
    _store_everything(path, tmp_path)
    code, out, _ = bench_run("run", path, "--dry-run", *options)
    assert code == 0
    assert ", 0 to compute" in out


def test_a_cluster_changes_no_key(write_suite, bench_run, tmp_path):
    pytest.importorskip("distributed")
    path = write_suite()
    _store_everything(path, tmp_path)
    _, out, _ = bench_run("run", path, "--dry-run", "--scheduler", "tcp://127.0.0.1:1")
    assert "10 stored, 0 to compute" in out  # 8 cells, 2 audits


def _store_everything(path, folder):
    """Store a result of every cell and audit of a suite, as a run in `folder` would."""
    plan, store = stored.plan_of(path), Store(folder / "data" / "store")
    stored.put_cells(plan, store)
    stored.put_audits(plan, store)


@pytest.mark.parametrize(
    "changes",
    [
        {"train": 31},
        {"test": 21},
        {"dtype": "float32"},
        {"channels": ["value", "gradient"]},
        {"library": "mine"},
        {"library": "F10_v1", "inputs": GRID["inputs"] | {"dim": 2}},
        {"inputs": GRID["inputs"] | {"size": 21}},
        {"inputs": GRID["inputs"] | {"low": -2}},
        {"inputs": GRID["inputs"] | {"endpoint": True}},
        {"inputs": GRID["inputs"] | {"sort": True}},
        {"inputs": {"kind": "normal", "size": 20}},
        {"inputs": {"kind": "uniform", "low": -3, "high": 3, "size": 20}},
        {"neural": {"hidden": [32]}},
        {"neural": {"activation": "tanh"}},
        {"neural": {"curves_per_net": 2}},
    ],
)
def test_a_dataset_changes_its_own_cells_alone(keys_of, changes):
    assert changed(keys_of(), keys_of(**change_grid(**changes)), 0) == {"grid"}


@pytest.mark.parametrize("changes", [{"seed": 4}, {"seed": 0}, {"threads": 2}])
def test_the_root_seed_and_the_threads_change_every_cell(keys_of, changes):
    assert changed(keys_of(), keys_of(**changes), 0) == ALL


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "KNN", "params": {"n_neighbors": 3}},
        {"use": "KNN", "params": {"weights": "distance"}},
        {"use": "DT"},
        {"class": "sklearn.neighbors.RadiusNeighborsClassifier"},
    ],
)
def test_a_parameter_changes_its_own_classifier_alone(keys_of, changes):
    assert changed(keys_of(), keys_of(**change_knn(**changes)), 2) == {"KNN"}


def test_the_channels_that_are_read_change_their_own_classifier_alone(keys_of):
    datasets = [d | {"channels": ["value", "input"]} for d in SUITE["datasets"]]
    before = keys_of(datasets=datasets)
    reads = change_knn(use="KNN", channels=["value", "input"])
    assert changed(before, keys_of(datasets=datasets, **reads), 2) == {"KNN"}


def test_the_order_of_parameters_changes_no_key(keys_of):
    params = {
        "n_neighbors": 3,
        "weights": "distance",
        "metric_params": {"a": 1, "b": 2},
    }
    turned = dict(reversed(params.items())) | {"metric_params": {"b": 2, "a": 1}}
    assert list(turned) != list(params)
    before = keys_of(**change_knn(use="KNN", params=params))
    assert keys_of(**change_knn(use="KNN", params=turned)) == before


@pytest.mark.parametrize(
    "lines",
    [
        ["U0*x[:,0]", "sin(x[:,0] + N1)"],
        ["U0*x[:,0]", "sin(x[:,0] + 2*N0)"],
        ["sin(x[:,0] + N0)", "U0*x[:,0]"],
        ["U0*x[:,0]"],
        ["# a remark", *LINES],
    ],
)
def test_a_librarys_text_changes_its_own_cells_alone(keys_of, tmp_path, lines):
    before = keys_of()
    (tmp_path / "mine.lib").write_text("\n".join(lines))
    assert changed(before, keys_of(), 0) == {"other"}


def test_the_name_of_a_library_changes_no_key(keys_of, tmp_path):
    before = keys_of()
    (tmp_path / "mine.lib").rename(tmp_path / "yours.lib")
    assert keys_of(datasets=[GRID, OTHER | {"library": "yours"}]) == before
    (tmp_path / "deep").mkdir()
    (tmp_path / "yours.lib").rename(tmp_path / "deep" / "yours.lib")
    assert keys_of(datasets=[GRID, OTHER | {"library": "deep/yours.lib"}]) == before


def test_a_file_of_points_counts_by_its_numbers(keys_of, tmp_path):
    points = np.linspace(-1, 1, 20)

    def keys(name):
        return keys_of(**change_grid(inputs={"kind": "file", "path": name}))

    np.savetxt(tmp_path / "a.csv", points, fmt="%.17g")
    np.save(tmp_path / "b.npy", points[:, None])
    before = keys("a.csv")
    assert keys("b.npy") == before
    np.savetxt(tmp_path / "a.csv", points + 0.5, fmt="%.17g")
    assert changed(before, keys("a.csv"), 0) == {"grid"}


@pytest.mark.parametrize(
    ("package", "classifiers"),
    [
        ("scikit-learn", {"KNN", "GNB"}),
        ("torch", {"SD", "CSD"}),
        ("pandas", NONE),
        ("matplotlib", NONE),
    ],
)
def test_a_version_changes_the_classifiers_that_it_computes(
    keys_of, monkeypatch, fresh_versions, package, classifiers
):
    before = keys_of()
    monkeypatch.setattr(
        "bench.classifiers.class_paths.package_version",
        lambda name: "99.0" if name == package else version(name),
    )
    fresh_versions()
    assert changed(before, keys_of(), 2) == classifiers


@pytest.mark.parametrize(
    ("stage", "classifiers"),
    [("SD", {"SD"}), ("CSD", {"CSD"}), ("curves", {*SUITE["classifiers"]})],
)
def test_a_stage_that_was_raised_changes_what_it_computes(
    keys_of, monkeypatch, fresh_versions, stage, classifiers
):
    before = keys_of()
    monkeypatch.setitem(bench.RESULTS, stage, 99)
    fresh_versions()
    assert changed(before, keys_of(), 2) == classifiers


def test_the_device_changes_the_networks_alone(keys_of, monkeypatch):
    before = keys_of()
    monkeypatch.setattr("bench.classifiers.recipes._device", lambda *_: "cuda:1")
    assert changed(before, keys_of(), 2) == {"SD", "CSD"}


OWN = """
from sklearn.neighbors import KNeighborsClassifier

class Own(KNeighborsClassifier):
    pass
"""


def test_the_text_of_a_file_changes_its_own_classes(
    keys_of, tmp_path, monkeypatch, fresh_versions
):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "key_zoo.py"
    file.write_text(OWN)
    entries = {"classifiers": ["KNN", {"class": "key_zoo.Own"}]}
    before = keys_of(**entries)
    file.write_text(OWN + "# another line\n")
    fresh_versions()
    after = keys_of(**entries)
    assert "key_zoo" not in sys.modules  # another process has looked at it
    assert changed(before, after, 2) == {"Own"}


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, 1.0), (1, True), (0, False), ("1", 1), (None, "null"), ([1, [2]], [[1], 2])],
)
def test_values_of_different_types_are_different_keys(before, after):
    assert digest({"a": before}) != digest({"a": after})
