"""Stored results as frames, on a store filled by hand."""

import math

import given_splits
import pandas as pd
import pytest
import stored

from bench.analysis.results import (
    SeenResults,
    given_frame,
    load_results,
    read_results,
    summarise,
    transfer_frame,
    without_training_scores,
)
from bench.store.store import Store


@pytest.fixture
def plan_of(write_suite):
    return lambda **changes: stored.plan_of(write_suite(**changes))


def frame(rows, metric="accuracy"):
    """Make a frame of (dataset, classifier, status, train, test)."""
    columns = ["dataset", "classifier", "status", f"train_{metric}", f"test_{metric}"]
    results = pd.DataFrame(rows, columns=columns)
    seconds = {"fit_seconds": 1.0, "predict_seconds": 0.5}
    processor = {name.replace("_", "_cpu_"): value for name, value in seconds.items()}
    return results.assign(**seconds, **processor)


def test_seconds_have_a_median_which_one_slow_repetition_does_not_move():
    rows = [("d", "KNN", "done", 1.0, 0.5)] * 3
    results = frame(rows).assign(fit_seconds=[0.2, 0.1, 90.0])
    [row] = summarise(results).to_dict("records")
    assert row["fit_seconds_median"] == 0.2
    assert row["predict_seconds_median"] == 0.5
    assert (row["fit_cpu_seconds_median"], row["predict_cpu_seconds_median"]) == (
        1,
        0.5,
    )


def test_what_is_not_stored_is_missing_and_without_scores(plan_of, tmp_path):
    plan, store = plan_of(classifiers=["GNB"]), Store(tmp_path / "store")
    scores = {"accuracy": 0.75}
    stored.put(store, plan.cells[0].result("done", train=scores, test=scores))
    results = read_results(plan, store)
    assert results["status"].tolist() == ["done", "missing"]
    assert results["test_accuracy"].tolist()[0] == 0.75
    assert math.isnan(results["test_accuracy"][1])
    assert results["key"].tolist() == [cell.key for cell in plan.cells]
    assert all(result.fields == {} for result in load_results(plan, store))


def test_a_metric_that_a_result_lacks_is_computed_from_its_predictions(
    plan_of, tmp_path
):
    plan = plan_of(classifiers=["GNB"], metrics=["accuracy", "balanced_accuracy"])
    store = Store(tmp_path / "store")
    scores = {"accuracy": 0.75}  # not that of stored.ARRAYS, which is 1
    stored.put(store, plan.cells[0].result("done", train=scores, test=scores))
    row = read_results(plan, store).iloc[0]
    assert (row["test_accuracy"], row["test_balanced_accuracy"]) == (0.75, 1.0)


def test_an_error_is_one_short_line(plan_of, tmp_path):
    plan, store = plan_of(classifiers=["GNB"]), Store(tmp_path / "store")
    error = {"type": "ValueError", "message": "first\nsecond", "traceback": "…"}
    stored.put(store, plan.cells[0].result("failed", error=error | {"signal": "X"}))
    row = read_results(plan, store).iloc[0]
    assert (row["error"], row["signal"]) == ("ValueError: first", "X")


def test_why_scores_are_absent_is_a_column(plan_of, tmp_path):
    plan, store = plan_of(classifiers=["GNB"]), Store(tmp_path / "store")
    why = {"predict_proba": "predict_proba raised", "decision_function": "and this"}
    stored.put(store, plan.cells[0].result("done", absent=why))
    absent = read_results(plan, store)["absent"].tolist()
    assert absent == ["and this; predict_proba raised", ""]


def test_transfers_have_two_datasets_and_no_training_scores(plan_of, tmp_path):
    grid = plan_of().suite.datasets[0].model_dump(mode="json", exclude_unset=True)
    plan = plan_of(
        datasets=[grid, grid | {"id": "other", "test": 10}],
        classifiers=["GNB"],
        transfer=True,
    )
    results = transfer_frame(plan, Store(tmp_path / "store"))
    assert set(zip(results["train"], results["test"], strict=True)) == {
        ("grid", "other"),
        ("other", "grid"),
    }
    assert set(results["status"]) == {"missing"}
    assert "train_accuracy" not in results
    assert transfer_frame(plan_of(), Store(tmp_path / "store")).empty


def test_a_summary_by_hand():
    summary = summarise(
        frame(
            [
                ("b", "KNN", "done", 1.0, 0.5),
                ("b", "KNN", "done", 0.8, 0.7),
                ("b", "GNB", "done", 0.9, 0.9),
                ("b", "GNB", "failed", math.nan, math.nan),
                ("a", "KNN", "missing", math.nan, math.nan),
                ("a", "GNB", "done", 0.6, 0.4),
            ]
        )
    )
    # Datasets in the order of the rows; the best held-out mean first, none last.
    names = summary[["dataset", "classifier", "n", "n_cells"]].to_numpy().tolist()
    assert names == [
        ["b", "GNB", 1, 2],
        ["b", "KNN", 2, 2],
        ["a", "GNB", 1, 1],
        ["a", "KNN", 0, 1],
    ]
    knn = summary.iloc[1]
    assert knn["test_accuracy_mean"] == pytest.approx(0.6)
    assert knn["test_accuracy_std"] == pytest.approx(math.sqrt(0.02))
    assert math.isnan(summary["test_accuracy_std"][0])  # of a single repetition


def test_the_smallest_error_comes_first():
    rows = [("d", "KNN", "done", 0.5, 0.5), ("d", "GNB", "done", 0.1, 0.1)]
    summary = summarise(frame(rows, "log_loss"))
    assert summary["classifier"].tolist() == ["GNB", "KNN"]


def test_online_training_has_held_out_scores_alone():
    summary = summarise(
        frame(
            [
                ("d", "SD", "done", math.nan, 0.5),
                ("d", "KNN", "done", 0.9, 0.5),
                ("d", "GNB", "failed", math.nan, math.nan),
            ]
        )
    )
    assert without_training_scores(summary) == ["SD"]


def test_the_given_split_is_read_apart_from_the_repetitions(write_suite, tmp_path):
    plan = stored.plan_of(given_splits.suite_of(write_suite, tmp_path))
    store = given_splits.put_all(plan, Store(tmp_path / "store"))
    given, results = given_frame(plan, store), read_results(plan, store)
    assert list(given.columns) == list(results.columns)
    assert given["test_accuracy"].tolist() == [0.9, 0.9]
    assert given["repetition"].tolist() == [0, 0]
    assert results["repetition"].tolist() == [0, 0, 1, 1, 2, 2]
    assert results["test_accuracy"].max() == 0.52
    assert set(given["recipe"]).isdisjoint(results["recipe"])
    assert summarise(results)["test_accuracy_mean"].tolist() == [0.51, 0.51]


def test_a_given_split_that_is_the_design_has_ordinary_cells(write_suite, tmp_path):
    entry = given_splits.write_files(tmp_path) | {"split": "given"}
    plan = stored.plan_of(write_suite(datasets=[entry], audits=False))
    assert given_frame(plan, Store(tmp_path / "store")).empty
    assert {cell.repetition for cell in plan.cells} == {0}
    assert plan.given == ()


def test_results_that_were_seen_are_those_which_would_be_read(plan_of, tmp_path):
    plan, store = plan_of(), Store(tmp_path / "store")
    stored.put_cells(plan, store)
    seen = SeenResults()
    for task in plan.everything[1:]:  # as if the first were not computed
        if (result := store.get(task.key)) is not None:
            seen.add(task, result)
    first, *others = load_results(plan, store)
    assert seen.of(plan)[0].status == "missing" != first.status
    assert seen.of(plan)[1:] == others
    # The cells of a repetition share its fingerprint.
    assert others[0].fingerprint is others[1].fingerprint
