"""Transfers: trained on one dataset, tested on others, without another fit."""

import re
import sys

import numpy as np
import pandas as pd
import pytest
import stored
import yaml_text
from recorded_files import recorded, write_curves

from bench.analysis.forecasts import forecast
from bench.analysis.results import read_results, transfer_frame
from bench.analysis.status import count_statuses, explain_missing
from bench.base.errors import SuiteError
from bench.cells.cell import units_of
from bench.cells.compute import compute, compute_seeded
from bench.cells.plan import make_plan
from bench.classifiers.recipes import build
from bench.compare.read import read_source
from bench.curves.datasets import draw_test, make_dataset
from bench.engines.run import run_plan
from bench.store.store import Store
from bench.suite.load import load_suite

A = yaml_text.SUITE["datasets"][0]
B = A | {"id": "other", "neural": {"activation": "tanh"}, "test": 10}
C = A | {"id": "third", "train": 8}
MANY = A | {"library": "families20"}
MIMIC = MANY | {"neural": {"kind": "mimic", "pool": 400}}
UNSEEN = {"split": {"unseen-functions": 5}}
SUITE = {"datasets": [A, B], "classifiers": ["KNN", "GNB"], "transfer": True}
SUITE |= {"audits": False}


@pytest.fixture
def plan_of(write_suite):
    def plan(**changes):
        return stored.plan_of(write_suite(**(SUITE | changes)))

    return plan


def pairs(plan):
    return {(cell.dataset.spec.id, cell.target.spec.id) for cell in plan.transfers}


def test_each_dataset_is_trained_on_and_tested_by_the_others(plan_of):
    plan = plan_of(datasets=[A, B, C])
    names = ("grid", "other", "third")
    assert pairs(plan) == {(a, b) for a in names for b in names if a != b}
    assert len(plan.transfers) == 6 * 2 * 2  # pairs, repetitions, classifiers
    assert plan.everything == plan.cells + plan.transfers
    assert plan_of(transfer=False).transfers == ()


def test_a_suite_may_name_some(plan_of):
    some = {"datasets": ["grid", "third"], "classifiers": ["GNB"]}
    plan = plan_of(datasets=[A, B, C], transfer=some)
    assert pairs(plan) == {("grid", "third"), ("third", "grid")}
    assert {cell.classifier.id for cell in plan.transfers} == {"GNB"}


def test_the_id_of_a_sweep_names_all_of_it(plan_of):
    family = {k: v for k, v in C.items() if k != "train"} | {"sweep": {"noise": [1, 9]}}
    plan = plan_of(datasets=[A, B, family], transfer={"datasets": ["other", "third"]})
    names = {"other", "third noise=1", "third noise=9"}
    assert {name for pair in pairs(plan) for name in pair} == names


def test_asking_changes_no_key_and_each_transfer_has_one_of_its_own(plan_of):
    asked, plain = plan_of(), plan_of(transfer=False)
    assert [c.key for c in asked.cells] == [c.key for c in plain.cells]
    keys = [cell.key for cell in asked.everything]
    assert len(set(keys)) == len(keys)
    assert all(c.fit_key in {o.key for o in plain.cells} for c in asked.transfers)


def key_of(plan):
    return {
        (c.dataset.spec.id, c.target.spec.id, c.classifier.id): c.key
        for c in plan.transfers
        if c.repetition == 0
    }


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"id": "renamed"}, set()),
        ({"train": 31}, {"from"}),  # its test curves stay what they are
        ({"test": 11}, {"from", "to"}),
        ({"noise": 5}, {"from", "to"}),
        ({"neural": {"activation": "silu"}}, {"from", "to"}),
    ],
)
def test_the_key_of_a_transfer_depends_on_both_datasets(plan_of, change, changed):
    before = {
        "to": key_of(plan_of())["grid", "other", "KNN"],
        "from": key_of(plan_of())["other", "grid", "KNN"],
    }
    name = change.get("id", "other")
    after = key_of(plan_of(datasets=[A, B | change]))
    assert (after["grid", name, "KNN"] != before["to"]) == ("to" in changed)
    assert (after[name, "grid", "KNN"] != before["from"]) == ("from" in changed)


def test_a_transfer_is_the_score_of_the_fitted_classifier_there(plan_of):
    plan = plan_of()
    unit = next(u for u in units_of(plan.everything) if u[0].classifier.id == "KNN")
    own, transfer = unit
    [_, (result, arrays)] = compute(unit)
    data = make_dataset(own.dataset, own.repetition, own.seed)
    there = make_dataset(transfer.target, own.repetition, own.seed)
    stream = [own.dataset.stream, own.repetition]
    fitted = build(own.classifier, own.seed, stream, data.x, 1)
    fitted.fit(data.X_train, data.y_train)
    assert result.status == "done"
    assert result.test["accuracy"] == fitted.score(there.X_test, there.y_test)
    assert result.train == {}
    assert (result.dataset, result.target) == ("grid", "other")
    np.testing.assert_array_equal(arrays["labels_test"], there.y_test)
    assert not any(name.startswith(("history", "weight")) for name in arrays)


def test_the_channels_that_a_classifier_reads_are_those_it_is_asked_about(plan_of):
    both = [d | {"channels": ["value", "input"]} for d in (A, B)]
    reads = {"id": "KNN", "use": "KNN", "channels": ["input"]}
    plan = plan_of(datasets=both, classifiers=[reads, "GNB"])
    for unit in units_of(plan.everything)[:2]:
        assert [result.status for result, _ in compute(unit)] == ["done", "done"]


def test_transfers_are_stored_and_computed_once(plan_of, tmp_path, monkeypatch):
    plan, store = plan_of(), Store(tmp_path / "store")
    run_plan(plan, store)
    frame = transfer_frame(plan, store)
    assert set(frame["status"]) == {"done"}
    assert frame["test_accuracy"].between(0, 1).all()
    assert frame["data_hash"].groupby(
        [frame["train"], frame["test"], frame["repetition"]]
    ).nunique().eq(1).all()  # fmt: skip
    assert len(read_results(plan, store)) == len(plan.cells)
    # A store that is read as a whole holds one result a cell, and no transfers.
    assert len(read_source(store.folder)) == len(plan.cells)
    monkeypatch.setattr(
        "bench.engines.engine.run_cells", lambda *_: pytest.fail("refitted")
    )
    run_plan(plan, store)


def test_stored_results_are_reused_when_transfers_are_added(plan_of, tmp_path):
    store = Store(tmp_path / "store")
    run_plan(plan_of(transfer=False), store)
    before = stored.content(store.folder)
    plan = plan_of()
    missing = forecast(plan, store)
    assert missing.n_cells - missing.n_stored == len(plan.transfers)
    assert missing.seconds > 0
    fresh = []
    run_plan(plan, store, progress=lambda cell, _, new: fresh.append((cell, new)))
    assert {c.key for c, new in fresh if new} == {c.key for c in plan.transfers}
    after = stored.content(store.folder)
    assert before.keys() == after.keys()
    for name, raw in before.items():  # only added to
        assert after[name].startswith(raw)
    # One more dataset: none of what is there is computed again.
    plan = plan_of(datasets=[A, B, C])
    fresh.clear()
    run_plan(plan, store, progress=lambda cell, _, new: fresh.append((cell, new)))
    computed = [c for c, new in fresh if new]
    third = {"third"}
    assert all({c.dataset.spec.id, c.target and c.target.spec.id} & third
               for c in computed)  # fmt: skip


ZOO = """
from sklearn.naive_bayes import GaussianNB
import numpy as np

class Narrow(GaussianNB):
    def predict(self, X):
        if len(X) == 2 * 10:
            raise RuntimeError("too few curves")
        return super().predict(X)

class Global(GaussianNB):
    def predict(self, X):
        return np.random.randint(0, 2, len(X))
"""


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    (tmp_path / "transfer_zoo.py").write_text(ZOO)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("transfer_zoo", None)


def test_a_transfer_that_fails_does_so_alone(plan_of, zoo):
    plan = plan_of(classifiers=[{"class": "transfer_zoo.Narrow"}])
    [own, transfer] = compute(units_of(plan.everything)[0])
    assert own[0].status == "done"
    assert own[0].error is None
    assert transfer[0].status == "failed"
    assert transfer[0].error["message"] == "too few curves"
    assert transfer[1] is None


def test_a_fit_that_fails_fails_its_transfers(plan_of):
    broken = {"class": "sklearn.neighbors.KNeighborsClassifier",
              "params": {"n_neighbors": 999}}  # fmt: skip
    plan = plan_of(classifiers=[broken])
    outcomes = compute(units_of(plan.everything)[0])
    assert [result.status for result, _ in outcomes] == ["failed", "failed"]
    assert outcomes[1][0].target == "other"


def test_other_transfers_change_no_bit(plan_of, zoo):
    """Not even of a classifier that draws from a global stream."""
    one, two = (
        plan_of(datasets=datasets, classifiers=[{"class": "transfer_zoo.Global"}])
        for datasets in ([A, B], [A, C, B])
    )
    # In an order of their own.
    unit, longer = (units_of(plan.everything)[0] for plan in (one, two))
    assert [c.target and c.target.spec.id for c in longer] == [None, "third", "other"]
    alone, among = (
        {c.key: arrays["predictions_test"] for c, (_, arrays) in
         zip(u, compute_seeded(u), strict=True)}
        for u in (unit, longer)
    )  # fmt: skip
    assert alone.keys() < among.keys()
    for key, predictions in alone.items():
        np.testing.assert_array_equal(among[key], predictions)


def test_a_part_of_a_suite_computes_its_part_of_the_transfers(plan_of):
    part = plan_of(datasets=[A, B, C]).limited(["grid"], ["KNN"])
    assert pairs(part) == {("grid", "other"), ("grid", "third")}
    assert {cell.classifier.id for cell in part.transfers} == {"KNN"}


def test_transfers_are_counted_and_their_lack_explained(plan_of, tmp_path):
    plan, store = plan_of(), Store(tmp_path / "store")
    for cell in plan.cells:
        done = {"train": {"accuracy": 1.0}, "test": {"accuracy": 1.0}}
        stored.put(store, cell.result("done", **done))
    counts = count_statuses(plan, store)
    assert counts["grid", "KNN"] == {"done": 2}
    assert counts["grid, transfers", "KNN"] == {"missing": 2}
    lines = list(explain_missing(plan, store))
    assert len(lines) == 2
    assert lines[0].startswith("4 transfers (KNN, GNB × grid; repetitions 0–1): ")


def test_a_command_counts_them(write_suite, bench_run):
    path = write_suite(**SUITE)
    code, out, _ = bench_run("run", path, "--dry-run")
    assert code == 0
    assert "2 classifiers), 8 transfers; 0 stored, 16 to compute" in out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transfer": 3}, "transfer: found 3; input should be a valid boolean"),
        ({"transfer": {"dataset": []}}, "did you mean 'datasets'"),
        ({"transfer": {"datasets": ["grid"]}}, "transfer.datasets: found"),
        ({"transfer": {"datasets": ["grid", "othr"]}}, "[1]: no 'othr' among the"),
        ({"transfer": {"datasets": ["grid", "othr"]}}, "did you mean 'other'"),
        ({"transfer": {"classifiers": ["KNM"]}}, "did you mean 'KNN'"),
        ({"datasets": [A]}, "transfer: 1 datasets; expected 2 to 20"),
        (
            {"datasets": [A, B | {"inputs": A["inputs"] | {"size": 7}}]},
            "the points of 'grid' and 'other' differ (20; 7); expected the same",
        ),
        (
            {"datasets": [A, B | {"channels": ["value", "input"]}]},
            "the channels of 'grid' and 'other' differ (value; value, input)",
        ),
        (
            {"datasets": [MANY, MANY | {"id": "which", "task": "which-function"}]},
            "the labels of 'grid' and 'which' differ (neural, symbolic; ",
        ),
        (
            {
                "datasets": [
                    MIMIC,
                    MIMIC | {"id": "x", "split": {"unseen-functions": 5}},
                ]
            },
            "'grid' may train on curves that 'x' tests",
        ),
        (
            {
                "datasets": [
                    MIMIC | {"split": {"unseen-functions": 5}},
                    MIMIC
                    | {
                        "id": "x",
                        "split": {"unseen-functions": 5},
                        "dtype": "float32",
                    },
                ]
            },
            "'grid' may train on curves that 'x' tests",
        ),
        (
            {"datasets": [MIMIC, MIMIC | {"id": "x", "train": 29, "test": 21}]},
            "'grid' may train on curves that 'x' tests",
        ),
        ({"repetitions": 20_000}, "80000 transfers and 80000 cells"),
    ],
)
def test_what_cannot_be_is_refused(plan_of, changes, message, monkeypatch):
    monkeypatch.setattr("bench.cells.transfers.MAX_CELLS", 100_000)
    with pytest.raises(SuiteError) as caught:
        plan_of(**changes)
    assert message in str(caught.value)
    assert "suite.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    "change", [{"noise": 5}, {"train": 29}, {"neural": {"kind": "mimic", "pool": 401}}]
)
def test_mimics_that_divide_their_pool_alike_may_transfer(plan_of, change):
    plan = plan_of(datasets=[MIMIC, MIMIC | {"id": "x"} | change])
    assert len(plan.transfers) == 8


def test_a_report_shows_transfers(write_suite, bench_run, tmp_path):
    path = write_suite(**SUITE)
    assert bench_run("run", path)[0] == 0
    folder = tmp_path / "reports" / "small"
    text = (folder / "README.md").read_text()
    assert "## Transfer" in text
    assert "figures/transfer.png" in text
    frame = pd.read_csv(folder / "transfer.csv")
    assert len(frame) == 2 * 4
    assert frame["n"].tolist() == [2] * 8
    assert r"\label{tab:small-transfer}" in (folder / "tables.tex").read_text()


def recorded_plan(folder, one, other):
    """Plan a transfer between two recorded datasets, given by parts of entries."""
    entries = [recorded("a.npz") | one | {"id": "one"}]
    entries.append(recorded("a.npz") | other | {"id": "other"})
    path = folder / "recorded.yaml"
    suite = {"datasets": entries, "classifiers": ["KNN"], "transfer": True}
    path.write_text(yaml_text.suite_text(**suite, repetitions=None))
    return make_plan(load_suite(path))


def files(*names):
    return {"recorded": {"files": list(names)}}


TWO_DRAWS = {"split": {"resample": 2}}
SAME = [
    ({}, {"standardise": "curve"}),
    ({"split": {"folds": 4}, "train": 3}, {"split": {"folds": 4, "repeats": 2}}),
    (files("a.npz", "b.npz"), files("a.npz", "b.npz") | {"dtype": "float32"}),
    (files("a.npz", "b.npz"), files("a.npz", "c.npz")),  # both train on a
    (files("b.npz"), files("c.npz") | {"split": {"folds": 3}}),
]
SHARED = [
    ({}, {"split": {"folds": 4}}, "both divide the same curves, each in its own"),
    ({}, {"split": {"resample": 10, "test": 0.5}}, "both divide the same curves"),
    ({}, {"split": {"resample": 10, "groups": "groups"}}, "40 curves are in the files"),
    (files("a.npz", "b.npz"), files("b.npz", "a.npz"), "40 curves are in the files"),
    (files("a.npz", "b.npz"), files("c.npz", "a.npz"), "40 curves are in the files"),
    (files("a.npz", "b.npz") | TWO_DRAWS, {}, "40 curves are in the files"),
    (files("one.npz", "c.npz"), files("b.npz"), "1 curve is in the files of both"),
]


@pytest.fixture
def curve_files(tmp_path):
    for seed, name in enumerate("abc"):
        write_curves(tmp_path / f"{name}.npz", seed=seed, per_group=4)
    with np.load(tmp_path / "b.npz") as b, np.load(tmp_path / "c.npz") as c:
        X = np.concatenate([c["X"][:7], b["X"][:1]])
        X[2:4] = 0
        np.savez(tmp_path / "one.npz", X=X, y=b["y"][[1, 0] * 4])
    return tmp_path


@pytest.mark.parametrize(("one", "other"), SAME)
def test_recorded_datasets_of_one_division_or_of_other_curves_fit(
    curve_files, one, other
):
    plan = recorded_plan(curve_files, one, other)
    directions = {(c.dataset.spec.id, c.target.spec.id) for c in plan.transfers}
    assert directions == {("one", "other"), ("other", "one")}
    for cell in plan.transfers:
        train = cell.dataset.curves.values[cell.dataset.rows(cell.repetition, 3)[0]]
        test = cell.target.curves.values[cell.target.rows(cell.repetition, 3)[1]]
        assert {c.tobytes() for c in train}.isdisjoint(c.tobytes() for c in test)


@pytest.mark.parametrize(("one", "other", "said"), SHARED)
def test_recorded_curves_on_both_sides_are_refused(curve_files, one, other, said):
    for pair in ((one, other), (other, one)):
        with pytest.raises(SuiteError, match="may train on curves that") as caught:
            recorded_plan(curve_files, *pair)
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"n_points": 9}, "the points of 'one' and 'other' differ (12; 9)"),
        ({"n_channels": 2}, "the channels of 'one' and 'other' differ (value; value ×"),
        ({"n_classes": 3}, "the labels of 'one' and 'other' differ (a, b; a, b, c)"),
    ],
)
def test_recorded_curves_of_another_shape_are_refused(curve_files, shape, said):
    write_curves(curve_files / "d.npz", **shape)
    with pytest.raises(SuiteError, match=re.escape(said)):
        recorded_plan(curve_files, {}, files("d.npz"))


def test_a_transfer_of_recorded_curves_scores_the_targets_test_curves(curve_files):
    plan = recorded_plan(curve_files, TWO_DRAWS, files("b.npz") | TWO_DRAWS)
    unit = [
        plan.cells[0],
        *(t for t in plan.transfers if t.fit_key == plan.cells[0].key),
    ]
    (_, fitted), (result, arrays) = compute(tuple(unit))
    target = plan.transfers[0].target
    _, y = draw_test(target, 0, 3)
    np.testing.assert_array_equal(arrays["labels_test"], y)
    assert result.test["accuracy"] == np.mean(arrays["predictions_test"] == y)
    assert fitted is not None
