"""The arrays of a dataset's cells, on a store filled by hand."""

import math

import numpy as np
import pytest
import stored

from bench.analysis.cell_arrays import Classwise, read_cell_arrays, shows_classes
from bench.analysis.findings import analyse
from bench.analysis.results import load_results
from bench.store.store import Store

LABELS = np.array([0, 1, 1], np.int32)


def arrays(predictions, kind="none", **more):
    """Return the arrays of a cell whose training and test predictions are equal."""
    values = {"kind": np.array(kind)} | more
    for part in ("train", "test"):
        values |= {
            f"labels_{part}": LABELS,
            f"predictions_{part}": np.array(predictions, np.int32),
        }
    return values


@pytest.fixture
def read(write_suite, tmp_path):
    """Store the arrays of some cells, (classifier, repetition) → arrays; read them."""

    def read(cells):
        plan = stored.plan_of(
            write_suite(classifiers=["KNN", "GNB", "CHANCE"], audits=False)
        )
        store = Store(tmp_path / "store")
        for cell in plan.cells:
            values = cells.get((cell.name, cell.repetition))
            if values is not None:
                scores = {"accuracy": 0.5}
                store.put(cell.result("done", train=scores, test=scores), values)
        findings = analyse(plan, store, load_results(plan, store))
        return read_cell_arrays(findings, "grid", store)

    return read


def test_predictions_are_those_of_the_first_repetition_with_a_done_cell(read):
    found = read(
        {
            ("CHANCE", 0): arrays([0, 0, 0]),
            ("KNN", 1): arrays([0, 1, 0]),
            ("GNB", 1): arrays([1, 1, 1]),
        }
    )
    # CHANCE alone is done in repetition 0, and it is left out.
    assert found.first == 1
    assert {k: v.tolist() for k, v in found.predictions.items()} == {
        "KNN": [0, 1, 0],
        "GNB": [1, 1, 1],
    }
    assert found.labels.tolist() == LABELS.tolist()


def test_later_repetitions_add_no_predictions(read):
    found = read({("KNN", 0): arrays([0, 1, 0]), ("GNB", 1): arrays([1, 1, 1])})
    assert found.first == 0
    assert list(found.predictions) == ["KNN"]


def test_bins_are_of_classifiers_with_probabilities(read):
    probabilities = {
        f"scores_{part}": np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], np.float32)
        for part in ("train", "test")
    }
    found = read(
        {
            ("KNN", 0): arrays([0, 1, 1], "probability", **probabilities),
            ("GNB", 0): arrays([0, 1, 1]),
        }
    )
    assert set(found.bins["classifier"]) == {"KNN"}


def test_without_a_done_cell_all_is_empty(read):
    found = read({})
    assert found.first is None
    assert found.predictions == {}
    for frame in (found.bins, found.history, found.held_out, found.online):
        assert frame.empty


def test_scores_of_classes_and_roc_curves_are_means_over_repetitions(
    write_suite, tmp_path
):
    plan = stored.plan_of(
        write_suite(classifiers=["KNN", "GNB", "DT", "CHANCE"], audits=False)
    )
    store = Store(tmp_path / "store")
    sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], np.float32)
    scores = {f"scores_{part}": sure for part in ("train", "test")}
    said = {0: [0, 1, 1], 1: [0, 0, 1]}
    for cell in plan.cells:
        more = {} if cell.name == "DT" else scores
        kind = "probability" if more else "none"
        values = arrays(said[cell.repetition], kind, **more)
        found = {"accuracy": 0.5}
        store.put(cell.result("done", train=found, test=found), values)
    findings = analyse(plan, store, load_results(plan, store))
    wanted = Classwise(coloured=["KNN", "DT"], n_points=3)
    found = read_cell_arrays(findings, "grid", store, 2, wanted)
    assert set(found.classes["classifier"]) == {"KNN", "GNB", "DT"}
    rows = found.classes[found.classes["classifier"] == "KNN"]
    assert rows["class"].tolist() == [0, 1]
    assert rows["n"].tolist() == [2, 2]
    assert rows["curves"].tolist() == [1, 2]
    assert rows["recall_mean"].tolist() == [1, 0.75]
    assert rows["precision_mean"].tolist() == [0.75, 1]
    assert rows["f1_std"].tolist() == pytest.approx([math.sqrt(2) / 6] * 2)
    assert rows["average_precision_mean"].tolist() == [1, 1]
    without = found.classes[found.classes["classifier"] == "DT"]
    assert without["average_precision_mean"].isna().all()
    assert list(found.roc) == ["KNN"]
    assert found.roc["KNN"].rates.tolist() == [1, 1, 1]
    assert (found.roc["KNN"].area, found.roc["KNN"].n) == (1, 2)
    assert found.unranked == ("DT",)
    # Unless they are asked for, there are none.
    assert read_cell_arrays(findings, "grid", store, 2).classes.empty


def test_classes_are_shown_where_a_metric_is_of_them(write_suite):
    [recipe] = stored.plan_of(write_suite(audits=False)).datasets
    assert not shows_classes(recipe, ["accuracy", "roc_auc", "balanced_accuracy"])
    assert shows_classes(recipe, ["accuracy", "f1"])
