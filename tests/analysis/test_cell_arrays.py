"""The arrays of a dataset's cells, on a store filled by hand."""

import numpy as np
import pytest
import stored

from bench.analysis.cell_arrays import read_cell_arrays
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
