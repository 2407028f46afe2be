import math

import given_splits
import numpy as np
import pandas as pd
import pytest
import stored

from bench import read_results
from bench.base import resources
from bench.base.errors import CompareError, MissingFileError, StoreError
from bench.base.seeds import digest
from bench.compare.differences import compare_results
from bench.compare.read import read_source
from bench.store.store import Store

SEED = resources.CHECKOUT / "reports" / "published" / "seed"


def test_folders_without_results_are_missing(tmp_path):
    (tmp_path / "ab").mkdir()
    with pytest.raises(MissingFileError, match=r"without results\.csv and without"):
        read_source(tmp_path)
    (tmp_path / "results.csv").mkdir()
    with pytest.raises(MissingFileError, match="it is not a regular file"):
        read_source(tmp_path)
    for path in ("a\0b", "n" * 5000, "/dev/null/x", "/dev/zero"):
        with pytest.raises(MissingFileError, match="cannot be read"):
            read_source(path)


def put_scored(plan, folder, score=0.5):
    """Put a done result of every cell, scores by repetition."""
    results = []
    for cell in plan.cells:
        scores = {"accuracy": score + cell.repetition / 100}
        found = {"train": scores, "test": scores, "data_hash": f"h{cell.repetition}"}
        results.append(cell.result("done", **found))
    return stored.store_of(folder, *results)


def test_a_store_and_the_report_from_it_compare_alike(tmp_path, write_suite, bench_run):
    plan = stored.plan_of(write_suite(repetitions=3))
    base = put_scored(plan, tmp_path / "base")
    put_scored(plan, tmp_path / "new", score=0.3)
    report = tmp_path / "report"
    report.mkdir()
    read_results(plan, base).to_csv(report / "results.csv", index=False)
    assert bench_run("check", tmp_path / "base", report)[0] == 0
    frames = [
        compare_results(read_source(path), read_source(tmp_path / "new"))
        for path in (tmp_path / "base", report)
    ]
    assert set(frames[0]["verdict"]) == {"worse"}
    by_name = [f.sort_values("classifier", ignore_index=True) for f in frames]
    pd.testing.assert_frame_equal(*by_name)


def test_a_store_scores_by_a_metric_that_it_does_not_hold(tmp_path, write_suite):
    put_scored(stored.plan_of(write_suite()), tmp_path / "store")
    frame = read_source(tmp_path / "store", "balanced_accuracy")
    assert set(frame["test_balanced_accuracy"]) == {1.0}  # of stored.ARRAYS
    assert set(frame["test_accuracy"]) == {0.5, 0.51}
    assert read_source(tmp_path / "store", "brier")["test_brier"].isna().all()


def test_two_results_of_one_cell_are_refused_by_name(tmp_path, bench_run):
    first, second = (stored.result_of(i, repetition=0) for i in (0, 1))
    stored.store_of(tmp_path / "store", first, second)
    code, out, err = bench_run("check", tmp_path / "store", SEED)
    assert (code, out) == (2, "")
    assert "two results of dataset 'grid', repetition 0, classifier 'KNN': " in err
    assert first.key in err
    assert second.key in err
    assert "bench report SUITE" in err


def test_a_store_without_the_arrays_that_a_metric_needs_is_refused(tmp_path):
    Store(tmp_path).put(stored.result_of(), {"labels_train": np.zeros(3)})
    with pytest.raises(
        StoreError, match=r"[0-9a-f]: found no array 'predictions_train'"
    ):
        read_source(tmp_path, "brier")
    assert len(read_source(tmp_path)) == 1


def test_more_results_than_a_suite_has_are_refused(tmp_path, monkeypatch):
    stored.store_of(tmp_path, stored.result_of(), stored.result_of(1))
    monkeypatch.setattr("bench.compare.read.MAX_ROWS", 1)
    with pytest.raises(CompareError, match="more than 1 results"):
        read_source(tmp_path)


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_a_damaged_result_is_unreadable(tmp_path, bench_run, suffix):
    store = stored.store_of(tmp_path / "store", stored.result_of(), stored.result_of(1))
    stored.damage(store, stored.result_of(1).key, suffix)
    code, out, err = bench_run("check", tmp_path / "store", tmp_path / "store")
    assert (code, out) == (2, "")
    assert store.where(stored.result_of(1).key) in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": {"accuracy": math.inf}}, "accuracy: found 'inf'"),
        ({"data_hash": ""}, "data_hash: found ''"),
        ({"dataset": "a\nb"}, "dataset: found 'a"),
        ({"classifier": " KNN"}, "classifier: found ' KNN'"),
    ],
)
def test_a_result_with_an_invalid_field_is_refused(tmp_path, changes, message):
    stored.store_of(tmp_path, stored.result_of(**changes))
    with pytest.raises(CompareError, match=message):
        read_source(tmp_path)


def test_failed_results_of_a_store_are_missing_cells(tmp_path):
    done = [stored.result_of(i) for i in range(3)]
    failed = stored.result_of(1, "failed", data_hash="")
    stored.store_of(tmp_path / "base", *done)
    stored.store_of(tmp_path / "new", done[0], failed, done[2])
    frame = compare_results(
        read_source(tmp_path / "base"), read_source(tmp_path / "new")
    )
    assert frame.loc[0, "why"] == (
        "missing cells: not done in NEW: repetitions 1 (failed)"
    )


def test_a_store_without_results_of_cells_is_refused(tmp_path):
    stored.store_of(tmp_path, stored.result_of(classifier=""))  # an audit
    with pytest.raises(MissingFileError, match="found only audits and transfers"):
        read_source(tmp_path)


def test_the_given_split_in_a_store_is_no_repetition(tmp_path, write_suite):
    plan = stored.plan_of(given_splits.suite_of(write_suite, tmp_path))
    base = given_splits.put_all(plan, Store(tmp_path / "base"), given=0.9)
    new = given_splits.put_all(plan, Store(tmp_path / "new"), given=0.1)
    frame = read_source(base.folder)
    assert sorted(frame["repetition"]) == [0, 0, 1, 1, 2, 2]
    assert frame["test_accuracy"].max() == 0.52
    compared = compare_results(frame, read_source(new.folder))
    assert set(compared["verdict"]) == {"identical"}


def test_a_given_split_that_is_the_design_is_compared(tmp_path, write_suite):
    entry = given_splits.write_files(tmp_path) | {"split": "given"}
    plan = stored.plan_of(write_suite(datasets=[entry], classifiers=["KNN"]))
    put_scored(plan, tmp_path / "store")
    assert read_source(tmp_path / "store")["repetition"].tolist() == [0]
    # Beside the same dataset by another design, another suite's, it is left out.
    path = given_splits.suite_of(write_suite, tmp_path, classifiers=["KNN"])
    given_splits.put_all(stored.plan_of(path), Store(tmp_path / "store"))
    assert read_source(tmp_path / "store")["repetition"].tolist() == [0, 1, 2]


def put_recorded(folder, split, n_train, n_test, **more):
    """Store one repetition of recorded curves, with as many labels as it has curves."""
    fields = {"dataset": {"recorded": "hash", "split": split}, "more": str(more)}
    result = stored.result_of(**{"fields": fields, "key": digest(fields)} | more)
    arrays = dict(stored.ARRAYS)
    for what in ("labels", "predictions"):
        arrays[f"{what}_train"] = np.zeros(n_train, np.int32)
        arrays[f"{what}_test"] = np.zeros(n_test, np.int32)
    Store(folder).put(result, arrays)


def test_a_store_knows_which_repetitions_share_curves(tmp_path):
    put_recorded(tmp_path, {"test": 0.3}, 70, 30, repetition=0, dataset="a")
    put_recorded(tmp_path, {"test": 0.3}, 70, 30, repetition=1, dataset="a")
    # The given division beside them is none of them.
    put_recorded(tmp_path, "given", 20, 80, repetition=0, dataset="a")
    put_recorded(tmp_path, "given", 20, 80, repetition=0, dataset="b")
    frame = read_source(tmp_path)
    assert frame["dataset"].tolist() == ["a", "a", "b"]
    assert frame["repetition"].tolist() == [0, 1, 0]
    assert frame["overlap"].tolist() == pytest.approx([3 / 7, 3 / 7, 1])
    assert frame["recipe"].str.startswith("recorded-").all()
    assert "given" not in frame
