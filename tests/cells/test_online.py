import numpy as np
import pandas as pd
import pytest
import stored
import yaml_text
from bench_process import BenchProcess

import bench
from bench.base.errors import BenchError
from bench.cells.cell import units_of
from bench.cells.compute import compute
from bench.cells.plan import make_plan
from bench.engines.run import run_plan
from bench.store.store import Store

TRAINING = {"mode": "online", "epochs": 12, "curves": 3, "steps": 2}
DATASETS = [yaml_text.SUITE["datasets"][0] | {"channels": ["value", "gradient"]}]
SD = {"id": "SD", "use": "SD", "training": TRAINING}
CONV = {
    "id": "conv",
    "use": "CSD",
    "channels": ["value", "gradient"],
    "training": TRAINING | {"evaluate_every": 5},
}
SUITE = {"datasets": DATASETS, "repetitions": 3, "classifiers": [SD, "GNB", CONV]}
SUITE |= {"audits": False}
SCORES = ["dataset", "repetition", "classifier", "status", "test_accuracy", "key"]


@pytest.fixture
def plan_of(write_suite):
    def plan(**changes):
        return make_plan(bench.load_suite(write_suite(**(SUITE | changes))))

    return plan


def test_repetitions_that_learn_online_are_one_unit(plan_of):
    plan = plan_of()
    sizes = [(unit[0].classifier.id, len(unit)) for unit in units_of(plan.cells)]
    assert sorted(sizes) == [("GNB", 1)] * 3 + [("SD", 3), ("conv", 3)]


def test_a_batch_leaves_one_row_a_repetition(plan_of, tmp_path):
    plan, store = plan_of(), Store(tmp_path / "store")
    run_plan(plan, store)
    results = bench.read_results(plan, store)
    assert set(results["status"]) == {"done"}
    assert len(results) == 9
    by_name = results.groupby("classifier")
    assert by_name["batched"].agg(set).to_dict() == {"GNB": {1}, "SD": {3}, "conv": {3}}
    batch = results[results["classifier"] == "SD"]
    assert batch["fit_seconds"].nunique() == 1
    assert batch["test_accuracy"].nunique() > 1
    # Within a repetition all see the same test curves.
    assert (results.groupby("repetition")["data_hash"].nunique() == 1).all()
    assert batch["train_accuracy"].isna().all()
    for cell in plan.cells:
        if cell.classifier.training is None:
            continue
        arrays = store.arrays(cell.key)
        assert "predictions_train" not in arrays
        assert arrays["history_accuracy"].shape == (12,)
        every = cell.classifier.training.evaluate_every
        expected = [5, 10, 12] if every == 5 else [12]
        np.testing.assert_array_equal(arrays["history_held_out_epoch"], expected)
        last = arrays["history_held_out_accuracy"][-1]
        stored = store.get(cell.key)
        assert stored is not None
        assert last == pytest.approx(stored.test["accuracy"])


def test_a_second_run_computes_nothing(plan_of, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    run_plan(plan_of(), store)
    monkeypatch.setattr(
        "bench.engines.engine.run_cells", lambda *_: pytest.fail("refitted")
    )
    run_plan(plan_of(), store)


def test_a_batch_that_lacks_one_is_computed_whole_and_agrees(plan_of, tmp_path):
    plan, store = plan_of(), Store(tmp_path / "store")
    run_plan(plan, store)
    before = bench.read_results(plan, store)
    [lost] = [c for c in plan.cells if (c.classifier.id, c.repetition) == ("SD", 1)]
    arrays = store.arrays(lost.key)
    stored.lose(store, lost.key)
    seen = []
    run_plan(plan, store, progress=lambda cell, result, fresh: seen.append(fresh))
    assert seen.count(True) == 1
    assert len(seen) == 9
    after = bench.read_results(plan, store)
    pd.testing.assert_frame_equal(before[SCORES], after[SCORES], check_exact=True)
    again = store.arrays(lost.key)
    for name, values in arrays.items():
        np.testing.assert_array_equal(again[name], values)


def test_the_engine_changes_no_bit(plan_of, tmp_path):
    plan = plan_of(classifiers=[SD])
    store = Store(tmp_path / "store")
    run_plan(plan, store)
    [unit] = units_of(plan.cells)
    for cell, (result, arrays) in zip(unit, compute(unit), strict=True):
        assert result.status == "done", result.error
        stored = store.arrays(cell.key)
        assert arrays is not None
        np.testing.assert_array_equal(stored["scores_test"], arrays["scores_test"])


def test_how_many_train_together_is_in_the_key(plan_of):
    def key(repetitions):
        plan = plan_of(repetitions=repetitions)
        return {cell.classifier.id: cell.key for cell in plan.cells[:3]}

    two, three = key(2), key(3)
    assert two["GNB"] == three["GNB"]
    assert two["SD"] != three["SD"]


@pytest.mark.parametrize(
    "change", [{"epochs": 13}, {"curves": 4}, {"steps": 3}, {"evaluate_every": 7}]
)
def test_how_it_trains_is_in_the_key(plan_of, change):
    changed = SD | {"training": TRAINING | change}
    [before, *_] = plan_of(classifiers=[SD]).cells
    [after, *_] = plan_of(classifiers=[changed]).cells
    assert before.key != after.key


def test_a_suites_training_is_for_all_that_do_not_say(plan_of):
    plan = plan_of(
        training=TRAINING,
        classifiers=[
            "SD",
            {"use": "CSD", "training": {"mode": "fixed"}, "params": {"max_epochs": 1}},
            {"use": "GNB", "training": {"mode": "fixed"}},
        ],
    )
    assert [c.training is None for c in plan.classifiers] == [False, True, True]
    assert plan.cells[0].key == plan_of(classifiers=[SD]).cells[0].key


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": TRAINING}, "'sklearn.naive_bayes.GaussianNB' does not support"),
        (
            {"classifiers": [SD | {"params": {"max_epochs": 5}}]},
            "params.max_epochs is only for training on fixed curves; under training: "
            "{mode: online} set training.epochs",
        ),
        (
            {"classifiers": [SD | {"training": {"mode": "online"}}]},
            "the key 'epochs' is missing",
        ),
        (
            {"classifiers": [SD | {"training": TRAINING | {"epoch": 1}}]},
            "unknown key 'epoch' (did you mean 'epochs'?)",
        ),
        (
            {"classifiers": [SD | {"training": TRAINING | {"mode": "offline"}}]},
            "found the kind 'offline'",
        ),
        (
            {"classifiers": [SD | {"training": TRAINING | {"steps": 0}}]},
            "found 0; input should be greater than or equal to 1",
        ),
    ],
)
def test_invalid_training_is_refused_before_anything_runs(plan_of, changes, message):
    with pytest.raises(BenchError) as caught:
        plan_of(**changes)
    assert message in str(caught.value)
    assert "suite.yaml:" in str(caught.value)


def test_a_batch_that_raises_is_as_many_failed_rows(plan_of, tmp_path):
    bad = SD | {"params": {"lr": -1.0}}
    plan, store = plan_of(classifiers=[bad, "GNB"]), Store(tmp_path / "store")
    run_plan(plan, store)
    results = bench.read_results(plan, store).set_index("classifier")
    assert list(results.loc["SD", "status"]) == ["failed"] * 3
    assert results.loc["SD", "error"].str.contains("lr = -1.0").all()
    assert set(results.loc["GNB", "status"]) == {"done"}


def test_a_batch_is_stopped_as_one(write_suite, tmp_path):
    """Three cells bring three times their time, and end together."""
    endless = SD | {"training": TRAINING | {"epochs": 10**8, "evaluate_every": 10**8}}
    path = write_suite(**(SUITE | {"classifiers": [endless], "limits": {"timeout": 1}}))
    command = BenchProcess(tmp_path, "run", path, "-d", "grid")
    code, _, err = command.finish()
    assert code == 3, err
    assert command.nothing_left()
    results = bench.read_results(path, tmp_path / "data" / "store")
    assert list(results["status"]) == ["timeout"] * 3
    assert results["error"].str.contains("stopped after 3 s").all()
