from importlib.metadata import version

import given_splits
import pytest
import stored
import yaml_text

from bench.analysis.status import (
    count_statuses,
    differences,
    explain_missing,
    status_rows,
)
from bench.store.store import Store

LINES = ["U0*x[:,0]", "sin(x[:,0])", "cos(x[:,0]) + N0", "exp(U0)*x[:,0]"]
DATASET = yaml_text.SUITE["datasets"][0] | {"library": "mine"}
SMALL = {"datasets": [DATASET], "classifiers": ["GNB"], "repetitions": 3}
SMALL |= {"audits": False}


@pytest.fixture
def plan_of(write_suite, tmp_path):
    """Make the plan of a suite with a library of its own."""

    def make(lines=LINES, **changes):
        (tmp_path / "mine.lib").write_text("\n".join(lines) + "\n")
        return stored.plan_of(write_suite(**(SMALL | changes)))

    return make


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def changed_dataset(**changes):
    return {"datasets": [DATASET | changes]}


def gnb(**params):
    return {"classifiers": [{"use": "GNB", "params": params}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 4}, "seed is 4, stored 3"),
        ({"threads": 2}, "threads is 2, stored 1"),
        (changed_dataset(train=31), "dataset.train is 31, stored 30"),
        (changed_dataset(test=21), "dataset.test is 21, stored 20"),
        (
            changed_dataset(dtype="float32"),
            'dataset.dtype is "float32", stored not given',
        ),
        (
            changed_dataset(inputs=DATASET["inputs"] | {"size": 21}),
            "dataset.inputs.size is 21, stored 20",
        ),
        (
            changed_dataset(neural={"hidden": [8, 8]}),
            "dataset.neural.hidden is [8, 8], stored not given",
        ),
        (
            changed_dataset(channels=["value", "input"]),
            'dataset.channels is ["value", "input"], stored not given',
        ),
        (
            gnb(var_smoothing=0.1),
            "classifier.params.var_smoothing is 0.1, stored not given",
        ),
        (
            changed_dataset(train=31) | {"seed": 4},
            "dataset.train is 31, stored 30; seed is 4, stored 3",
        ),
        (
            {"lines": [*LINES[:2], "cos(x[:,0]) + N1", LINES[3]]},
            "dataset.library is 'cos(x[:,0]) + N1' in line 3, "
            "stored 'cos(x[:,0]) + N0' in line 3",
        ),
        (
            {"lines": ["# a remark", *LINES]},
            "dataset.library is '# a remark' in line 1, stored 'U0*x[:,0]' in line 1",
        ),
        (
            {"lines": [*LINES, "x[:,0]"]},
            "dataset.library is 'x[:,0]' in line 5, stored '' in line 5",
        ),
        (
            {"lines": LINES[:3]},
            "dataset.library is '' in line 4, stored 'exp(U0)*x[:,0]' in line 4",
        ),
        (
            {"lines": [*LINES, ""]},
            "dataset.library is '' in line 6, stored '(no more lines)' in line 6",
        ),
    ],
)
def test_the_field_that_changed_is_named(plan_of, store, changes, message):
    stored.put_cells(plan_of(), store)
    assert list(explain_missing(plan_of(**changes), store)) == [
        f"grid, GNB, repetitions 0–2: {message}"
    ]


def test_a_version_that_changed_is_named(plan_of, store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(
            "bench.classifiers.pipeline.class_version", lambda _: "scikit-learn 1.0.0"
        )
        stored.put_cells(plan_of(), store)
    assert list(explain_missing(plan_of(), store)) == [
        "grid, GNB, repetitions 0–2: classifier.version is "
        f'"scikit-learn {version("scikit-learn")}", stored "scikit-learn 1.0.0"'
    ]


@pytest.mark.parametrize(
    ("before", "after"), [(1, 1.0), (1.0, 1), (True, 1), (0, False), (1, 2)]
)
def test_values_that_are_equal_only_in_python_are_distinguished(
    plan_of, store, before, after
):
    stored.put_cells(plan_of(**gnb(var_smoothing=before)), store)
    plan = plan_of(**gnb(var_smoothing=after))
    assert list(explain_missing(plan, store)) == [
        "grid, GNB, repetitions 0–2: classifier.params.var_smoothing is "
        f"{str(after).lower()}, stored {str(before).lower()}"
    ]


def test_a_long_line_is_shown_where_it_differs(plan_of, store):
    long = "+".join(["U0*x[:,0]"] * 12)
    stored.put_cells(plan_of(lines=[f"{long}+N0"]), store)
    (message,) = explain_missing(plan_of(lines=[f"{long}+N1"]), store)
    assert "+N1' in line 1" in message
    assert "+N0' in line 1" in message
    assert "'…" in message
    assert len(message) < 240


def test_a_long_value_is_shown_where_it_differs():
    sizes = list(range(100, 160))
    wanted, other = {"hidden": sizes}, {"hidden": [*sizes[:40], 7, *sizes[41:]]}
    (message,) = differences(wanted, other)
    assert " 140, " in message.partition(", stored ")[0]
    assert " 7, " in message.partition(", stored ")[2]
    assert len(message) < 160


KEY = {"classifier.version": "file a", "classifier.sources.helper.py": "1"}
STEP = {"classifier.before.0.version": "file c", "classifier.before.0.sources.x/": "2"}


@pytest.mark.parametrize(
    ("wanted", "stored", "messages"),
    [
        (KEY, KEY | {"classifier.version": "file b"}, ["my.py changed"]),
        (KEY, KEY | {"classifier.sources.helper.py": "2"}, ["helper.py changed"]),
        (KEY, {"classifier.version": "file a"}, ["helper.py was not part of it"]),
        (
            {"classifier.version": "file a"},
            KEY,
            ["helper.py is no longer part of it"],
        ),
        (
            KEY,
            {"classifier.version": "file b", "classifier.sources.helper.py": "2"},
            ["helper.py changed", "my.py changed"],
        ),
        (KEY | STEP, KEY | {**STEP, "classifier.before.0.sources.x/": "3"},
         ["x/ changed"]),
        (KEY | STEP, KEY | {**STEP, "classifier.before.0.version": "file d"},
         ["scale.py changed"]),
        (
            {"classifier.version": "file a"},
            {"classifier.version": "mypkg 0.1"},
            ['classifier.version is "file a", stored "mypkg 0.1"'],
        ),
        (
            {f"classifier.sources.{i}.py": "1" for i in range(9)} | {"seed": 1},
            {"seed": 2},
            [*(f"{i}.py was not part of it" for i in range(5)),
             "4 more files differ", "seed is 1, stored 2"],
        ),
    ],
)  # fmt: skip
def test_the_file_that_changed_is_named(wanted, stored, messages):
    files = {
        "classifier.version": "my.py",
        "classifier.before.0.version": "scale.py",
    }
    assert differences(wanted, stored, files) == messages


def test_several_kinds_of_missing_cells_have_a_line_each(plan_of, store):
    stored.put_cells(plan_of(), store)
    plan = plan_of(classifiers=["GNB", "KNN"], repetitions=5)
    assert list(explain_missing(plan, store)) == [
        "grid, GNB, repetitions 3–4: only repetitions 0–2 are stored",
        "grid, KNN, repetitions 0–4: no result of this classifier is stored",
    ]


def test_equal_reasons_are_told_once(plan_of, store):
    entries = ["GNB", {"id": "again", "use": "GNB"}]
    datasets = [DATASET, DATASET | {"id": "wide", "train": 31}]
    plan = plan_of(classifiers=entries, datasets=datasets, audits=True)
    assert list(explain_missing(plan, store)) == [
        "12 cells (GNB, again × grid, wide; repetitions 0–2): no result of this "
        "classifier is stored",
        "6 audits (grid, wide; repetitions 0–2): no audit is stored",
    ]
    stored.put_cells(plan.limited(["grid"], []), store)
    assert list(explain_missing(plan, store)) == [
        "6 cells (GNB, again × wide; repetitions 0–2): dataset.train is 31, stored 30",
        "6 audits (grid, wide; repetitions 0–2): no audit is stored",
    ]


def test_repetitions_are_written_as_ranges(plan_of, store):
    plan = plan_of(repetitions=8)
    for number in (0, 1, 2, 5, 7):
        cell = plan.cells[number]
        stored.put(store, cell.result("done"))
    assert list(explain_missing(plan, store)) == [
        "grid, GNB, repetitions 3–4, 6: only repetitions 0–2, 5, 7 are stored"
    ]


def test_what_is_stored_is_not_explained(plan_of, store):
    stored.put_cells(plan_of(), store, "failed")
    plan = plan_of(name="other", metrics=["balanced_accuracy"])
    assert list(explain_missing(plan, store)) == []


def test_the_nearest_of_several_is_shown(plan_of, store):
    far = changed_dataset(train=50, test=50, dtype="float32")
    near = changed_dataset(train=40) | {"seed": 9}
    for changes in (far, near, {"seed": 11, "threads": 2}):
        stored.put_cells(plan_of(**changes), store)
    plan = plan_of(**changed_dataset(train=40))
    assert list(explain_missing(plan, store)) == [
        "grid, GNB, repetitions 0–2: seed is 3, stored 9"
    ]


def test_results_with_unknown_fields_are_ignored(plan_of, store):
    for number, fields in enumerate(({}, {"classifier": 7}, {"a": [{}]})):
        stored.put(store, stored.result_of(number, fields=fields))
    assert list(explain_missing(plan_of(), store)) == [
        "grid, GNB, repetitions 0–2: no result of this classifier is stored"
    ]


def test_cells_are_counted_by_status(plan_of, store):
    plan = plan_of(classifiers=["GNB", "KNN"], repetitions=6)
    statuses = ("done", "failed", "timeout", "crashed", "skipped")
    for cell, status in zip(plan.cells[::2], statuses, strict=False):
        stored.put(store, cell.result(status))
    stored.put(store, plan.cells[1].result("done"))
    assert count_statuses(plan, store) == {
        ("grid", "GNB"): dict.fromkeys((*statuses, "missing"), 1),
        ("grid", "KNN"): {"done": 1, "missing": 5},
    }


def test_the_counts_are_rows_of_data(plan_of, store):
    plan = plan_of(classifiers=["GNB", "KNN"], audits=True)
    stored.put(store, plan.cells[0].result("done"))
    stored.put(store, plan.audits[0].result("failed"))
    rows = status_rows(plan, store)
    assert [(r["kind"], r["dataset"], r["classifier"]) for r in rows] == [
        ("cells", "grid", "GNB"),
        ("cells", "grid", "KNN"),
        ("audits", "grid", ""),
    ]
    assert [(r["done"], r["failed"], r["missing"]) for r in rows] == [
        (1, 0, 2),
        (0, 0, 3),
        (0, 1, 2),
    ]


def test_the_command_counts_names_what_is_damaged_and_says_why(
    write_suite, bench_run, tmp_path
):
    path = write_suite(classifiers=["GNB", "KNN"], repetitions=3, audits=False)
    plan = stored.plan_of(path)
    store = Store(tmp_path / "data" / "store")
    stored.put_cells(plan.limited([], ["GNB"]), store)
    key = plan.cells[2].key
    stored.damage(store, key, "npz")
    before = stored.content(store.folder)

    code, out, err = bench_run("status", path)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["grid", "GNB", "2", "1"] in rows
    assert ["grid", "KNN", "0", "3"] in rows
    assert ["all", "–", "2", "4"] in rows
    assert "KNN, repetitions" not in out
    assert err == (
        f"bench: {store.where(key).removeprefix(f'{tmp_path}/')}: its predictions do "
        "not match their checksum\n"
    )

    code, out, again = bench_run("status", path, "--why")
    assert (code, again) == (0, err)
    assert out.splitlines()[-2:] == [
        "grid, GNB, repetitions 1: damaged; the next run computes them again",
        "grid, KNN, repetitions 0–2: no result of this classifier is stored",
    ]
    assert stored.content(store.folder) == before  # a look changes nothing


def test_nothing_is_stored_at_all(write_suite, bench_run, tmp_path):
    code, out, err = bench_run("status", write_suite(classifiers=["GNB"]), "--why")
    assert (code, err) == (0, "")
    assert "missing" in out
    assert out.splitlines()[-2:] == [
        "grid, GNB, repetitions 0–1: no result of this classifier is stored",
        "grid, audits, repetitions 0–1: no audit is stored",
    ]
    assert not (tmp_path / "data").exists()


def test_the_given_split_is_counted_apart(write_suite, tmp_path, store):
    plan = stored.plan_of(given_splits.suite_of(write_suite, tmp_path))
    assert list(explain_missing(plan, store))[-1] == (
        "2 cells of given splits (KNN, GNB × curves; repetitions 0): no result of this "
        "classifier is stored"
    )
    stored.put(store, plan.given[0].result("failed"))
    assert count_statuses(plan, store) == {
        ("curves", "KNN"): {"missing": 3},
        ("curves", "GNB"): {"missing": 3},
        ("curves, given split", "KNN"): {"failed": 1},
        ("curves, given split", "GNB"): {"missing": 1},
    }
    kinds = [(row["kind"], row["failed"]) for row in status_rows(plan, store)]
    assert kinds == [("cells", 0), ("cells", 0), ("given", 1), ("given", 0)]
    # Two datasets with the same files: the given split is one's design.
    entry = given_splits.write_files(tmp_path) | {"id": "as-given", "split": "given"}
    both = stored.plan_of(given_splits.suite_of(write_suite, tmp_path, entry))
    assert {row["kind"] for row in status_rows(both, store)} == {"cells", "given"}
    assert count_statuses(both, store)["as-given", "KNN"] == {"failed": 1}


def test_results_that_the_plan_reuses_are_not_opened(plan_of, store, monkeypatch):
    plan = plan_of()
    stored.put_cells(plan, store)
    stored.put_cells(plan_of(seed=4), store)
    statuses, read_all = store.statuses(), Store.read_all
    opened = []

    def read(self, keys):
        keys = list(keys)
        opened.extend(keys)
        return read_all(self, keys)

    monkeypatch.setattr(Store, "statuses", lambda _: dict(statuses))
    monkeypatch.setattr(Store, "read_all", read)
    assert count_statuses(plan, store) == {("grid", "GNB"): {"done": 3}}
    assert status_rows(plan, store)[0]["done"] == 3
    assert list(explain_missing(plan, store)) == []
    assert not opened
    wider = plan_of(repetitions=5)
    assert list(explain_missing(wider, store)) == [
        "grid, GNB, repetitions 3–4: only repetitions 0–2 are stored"
    ]
    assert sorted(opened) == sorted(statuses.keys() - {c.key for c in wider.cells})
