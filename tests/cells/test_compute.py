"""The computation of a unit, here in the process of the test."""

import random
import sys
import warnings

import numpy as np
import pytest
import stored
import yaml_text

import bench
from bench.cells.cell import units_of
from bench.cells.compute import _fit_and_score, compute, compute_seeded
from bench.cells.plan import make_plan
from bench.classifiers.recipes import build
from bench.curves.datasets import make_dataset
from bench.suite.load import load_suite

ZOO = """
import random
import warnings

import numpy as np
from sklearn.naive_bayes import GaussianNB

class Warns(GaussianNB):
    def fit(self, X, y):
        for i in range(12):
            warnings.warn(f"number {i}")
        warnings.warn("number 3")
        return super().fit(X, y)

class Hungry(GaussianNB):
    def fit(self, X, y):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes")

class Wordy(GaussianNB):
    def fit(self, X, y):
        raise ValueError("x" * 5000)

class Global(GaussianNB):
    def predict(self, X):
        return np.random.randint(0, 2, len(X)) ^ random.randint(0, 1)
"""


@pytest.fixture
def unit_of(write_suite, tmp_path, monkeypatch):
    """Return the first unit of a class of the zoo."""
    (tmp_path / "compute_zoo.py").write_text(ZOO)
    monkeypatch.syspath_prepend(tmp_path)

    def unit_of(name):
        entry = {"class": f"compute_zoo.{name}"}
        plan = stored.plan_of(write_suite(classifiers=[entry], audits=False))
        return units_of(plan.cells)[0]

    yield unit_of
    sys.modules.pop("compute_zoo", None)


def test_equal_warnings_are_counted_and_at_most_ten_are_kept(unit_of):
    with warnings.catch_warnings():
        [(result, _)] = compute(unit_of("Warns"))
    assert result.status == "done"
    assert len(result.warnings) == 10
    assert result.warnings[:2] == (
        "UserWarning: number 3 (×2)",
        "UserWarning: number 0",
    )


def test_an_allocation_that_torch_refuses_is_a_memory_limit(unit_of):
    [(result, arrays)] = compute(unit_of("Hungry"))
    assert arrays is None
    assert (result.status, result.error["type"]) == ("failed", "MemoryLimit")


def test_a_long_message_is_cut(unit_of):
    [(result, _)] = compute(unit_of("Wordy"))
    assert result.error["message"] == "x" * 2000
    assert "compute_zoo.py" in result.error["traceback"]


def test_a_classifier_that_draws_from_global_streams_is_reproducible(unit_of):
    unit = unit_of("Global")
    before = random.getstate(), np.random.get_state()  # noqa: NPY002 (is restored)
    try:
        [(_, first)] = compute_seeded(unit)
        [(_, second)] = compute_seeded(unit)
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
    for name in ("predictions_train", "predictions_test"):
        np.testing.assert_array_equal(first[name], second[name])


def test_a_unit_of_an_installed_class_leaves_global_streams_alone(write_suite):
    plan = stored.plan_of(write_suite(classifiers=["DT"], audits=False))
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    compute(units_of(plan.cells)[0])
    after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert before == after


def test_a_channel_that_is_not_read_changes_the_data_but_no_prediction(write_suite):
    grid = {
        "id": "grid",
        "library": "F11_v1",
        "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
        "train": 30,
        "test": 20,
    }
    predictions = []
    for channels in (["value"], ["value", "gradient"]):
        dataset = grid | {"channels": channels}
        plan = stored.plan_of(write_suite(datasets=[dataset], classifiers=["GNB"]))
        [(result, arrays)] = compute(units_of(plan.cells)[0])
        predictions.append(arrays["predictions_test"])
        assert result.data_hash
    np.testing.assert_array_equal(*predictions)


def test_random_states_are_set_and_written_ones_kept(write_suite):
    plan = make_plan(
        bench.load_suite(
            write_suite(
                classifiers=["DT", {"id": "B", "use": "DT", "params":
                                    {"random_state": 7}}]
            )
        )
    )  # fmt: skip

    states = [
        build(recipe, 0, ["stream", 0], np.zeros((20, 1)), 1).random_state
        for recipe in plan.classifiers
    ]
    assert states[0] is not None
    assert states[1] == 7


@pytest.mark.parametrize("wanted", [["value", "gradient"], ["gradient", "value"]])
def test_channels_are_read_in_the_order_of_the_classifier(write_suite, wanted):
    dataset = yaml_text.SUITE["datasets"][0] | {"channels": ["value", "gradient"]}
    entry = {"use": "KNN", "channels": wanted}
    plan = make_plan(load_suite(write_suite(datasets=[dataset], classifiers=[entry])))
    cell = plan.cells[0]
    data = make_dataset(cell.dataset, cell.repetition, cell.seed)
    record = {}
    fit = _fit_and_score(cell, record, lambda _: data)
    assert record == {"versions": {}}  # of scikit-learn, which every result names
    np.testing.assert_array_equal(
        fit.estimator._fit_X, data.X_train[:, data.columns(tuple(wanted))]
    )


def test_held_out_scores_are_those_of_the_test_curves_alone(write_suite):
    def outcome(**changes):
        path = write_suite(classifiers=["KNN"], repetitions=1, **changes)
        cell = make_plan(load_suite(path)).cells[0]
        [(result, arrays)] = compute((cell,))
        return cell, result, arrays

    both, result, arrays = outcome()
    held_out, only, its = outcome(scores="held-out")
    assert only.test == result.test
    assert (only.train, bool(result.train)) == ({}, True)
    assert sorted(its) == sorted(n for n in arrays if not n.endswith("_train"))
    assert held_out.key != both.key
    assert held_out.fields == both.fields | {"scores": "held-out"}
