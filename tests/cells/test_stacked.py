"""Stacks, computed in this process; one test has processes as a run has them."""

import given_splits
import pytest
import recorded_files
import yaml_text
from stored import lose

import bench
from bench.analysis.forecasts import forecast, pilot
from bench.analysis.status import count_statuses
from bench.base.errors import BenchError, DatasetError
from bench.cells import scoring, stacked
from bench.cells.cell import units_of, whole
from bench.cells.compute import compute
from bench.cells.plan import make_plan
from bench.curves import datasets
from bench.engines.engine import LocalEngine
from bench.engines.run import run_plan
from bench.export.write import choose_cell
from bench.store.store import Store, pack

PARAMS = {"hidden": [4], "max_epochs": 2, "iterations": 1, "batch_size": 20}
SD = {"id": "SD", "use": "SD", "stacked": 3, "params": PARAMS}
CSD = SD | {"id": "CSD", "use": "CSD", "stacked": 2}
DATASET = yaml_text.SUITE["datasets"][0]
SUITE = {"repetitions": 4, "classifiers": [SD, "GNB"], "audits": False}


class Here:
    """An engine that computes in this process, and notes what it computes."""

    on_this_machine, memory = True, None

    def __init__(self):
        self.computed = []

    def at_once(self, threads):
        return 1

    def run(self, units, wanted, known, small):
        for unit in filter(wanted, units):
            numbers = [cell.repetition for cell in unit if cell.target is None]
            self.computed.append((unit[0].name, numbers))
            yield [
                (cell, result, None if arrays is None else pack(arrays))
                for cell, (result, arrays) in zip(unit, compute(unit), strict=True)
            ]


@pytest.fixture
def plan_of(write_suite):
    def plan(**changes):
        return make_plan(bench.load_suite(write_suite(**(SUITE | changes))))

    return plan


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def run(plan, store, **options):
    engine = Here()
    run_plan(plan, store, engine, **options)
    return engine.computed


def stored(plan, store):
    found = {}
    for cell in plan.everything:
        result = store.get(cell.key)
        assert result is not None
        arrays = store.arrays(cell.key, weights=True)
        found[cell.key] = (result.test, {k: v.tobytes() for k, v in arrays.items()})
    return found


def test_a_stack_is_computed_whole_and_what_nobody_asked_for_is_reused(plan_of, store):
    plan = plan_of(classifiers=[SD])
    assert run(plan, store) == [("SD", [0, 1, 2]), ("SD", [3, 4, 5])]
    results = bench.read_results(plan, store)
    assert list(results["repetition"]) == [0, 1, 2, 3]
    assert set(results["batched"]) == {3}
    assert set(results["iterations"]) == {2}
    assert results["fit_seconds"].nunique() == 2  # one number for each stack
    assert results["train_accuracy"].notna().all()
    assert len(list(store.keys())) == 6
    assert run(plan_of(classifiers=[SD], repetitions=6), store) == []
    assert run(plan_of(classifiers=[SD], repetitions=7), store) == [("SD", [6, 7, 8])]


def test_how_many_are_asked_for_changes_no_bit(plan_of, tmp_path):
    few, many = (plan_of(classifiers=[SD], repetitions=n) for n in (1, 3))
    stores = [Store(tmp_path / name) for name in "ab"]
    for plan, store in zip((few, many), stores, strict=True):
        run(plan, store)
    [(key, alone)] = stored(few, stores[0]).items()
    assert stored(many, stores[1])[key] == alone


def test_a_lost_member_comes_back_with_the_same_bits(plan_of, store):
    plan = plan_of()
    run(plan, store)
    before = stored(plan, store)
    lost = next(c for c in plan.cells if (c.name, c.repetition) == ("SD", 1))
    lose(store, lost.key)
    seen = []
    again = run(plan, store, progress=lambda cell, _, fresh: seen.append((cell, fresh)))
    assert again == [("SD", [0, 1, 2])]
    assert [cell for cell, fresh in seen if fresh] == [lost]
    assert len(seen) == len(plan.cells)
    assert stored(plan, store) == before


def test_the_size_of_a_stack_is_in_the_key_and_nothing_else_changes(plan_of):
    def keys(**changes):
        plan = plan_of(classifiers=[SD | changes, "GNB"])
        return [cell.key for cell in plan.cells]

    three, two = keys(), keys(stacked=2)
    alone = plan_of(
        classifiers=[{k: v for k, v in SD.items() if k != "stacked"}, "GNB"]
    )
    assert not set(three[::2]) & {*two[::2], *(cell.key for cell in alone.cells)}
    assert three[1::2] == two[1::2]
    fields = plan_of().cells[0].fields
    assert (fields["batched"], fields["stacked"]) == (3, {"results": 1})
    assert not {"batched", "stacked"} & alone.cells[0].fields.keys()
    assert keys(id="other") == three


def test_units_and_forecasts_know_the_whole_stack(plan_of, store):
    plan = plan_of(classifiers=[SD, CSD])
    units = [
        (u[0].name, [c.repetition for c in whole(u)]) for u in units_of(plan.cells)
    ]
    assert ("SD", [3, 4, 5]) in units
    assert ("CSD", [2, 3]) in units
    assert len(units) == 4
    found = forecast(plan, store)
    assert (found.n_cells, found.n_stored) == (8, 0)
    first = pilot(plan, 1)
    run(first, store)
    assert forecast(plan, store).n_stored == 3 + 2  # two and one of them not asked for
    counts = count_statuses(plan, store)
    assert counts["grid", "SD"] == {"done": 3, "missing": 1}


@pytest.mark.slow  # it starts processes that import torch
def test_any_number_of_jobs_gives_the_same_bits(plan_of, tmp_path):
    plan = plan_of(classifiers=[SD])
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    run(plan, here)
    run_plan(plan, there, LocalEngine(2))
    assert stored(plan, here) == stored(plan, there)


def test_a_member_that_cannot_be_scored_fails_alone(plan_of, store, monkeypatch):
    def score(cell, *arguments):
        if cell.repetition == 1:
            raise ValueError("not finite")
        return scoring.score(cell, *arguments)

    plan = plan_of(classifiers=[SD])
    monkeypatch.setattr(stacked, "score", score)
    run(plan, store)
    results = bench.read_results(plan, store)
    assert list(results["status"]) == ["done", "failed", "done", "done"]
    assert "not finite" in results.loc[1, "error"]
    before = store.get(plan.cells[0].key)
    monkeypatch.undo()
    assert run(plan, store) == []
    assert run(plan, store, retry_failed=True) == [("SD", [0, 1, 2])]
    assert set(bench.read_results(plan, store)["status"]) == {"done"}
    assert store.get(plan.cells[0].key) == before


def test_curves_that_cannot_be_drawn_fail_the_stack_and_are_named(plan_of):
    def curves_of(cell):
        if cell.repetition == 2:
            raise DatasetError("a curve is not finite")
        return datasets.make_dataset(cell.dataset, cell.repetition, cell.seed)

    [first, *_] = plan_of(classifiers=[SD]).cells
    outcomes = compute(whole((first,)), curves_of=curves_of)
    assert [result.status for result, _ in outcomes] == ["failed"] * 3
    messages = {result.error["message"] for result, _ in outcomes}
    assert messages == {"repetition 2 of the stack: a curve is not finite"}


def test_a_member_that_nobody_asked_for_is_tried_again_with_the_others(plan_of, store):
    plan = plan_of(classifiers=[SD | {"params": PARAMS | {"lr": -1.0}}], repetitions=1)
    run(plan, store)
    assert [store.get(key).status for key in store.keys()] == ["failed"] * 3  # noqa: SIM118
    assert run(plan, store, retry_failed=True) == [("SD", [0, 1, 2])]
    assert len(list(store.keys())) == 3


def test_transfers_are_of_the_stacks_members(plan_of, store):
    other = DATASET | {"id": "other", "noise": 10}
    plan = plan_of(datasets=[DATASET, other], classifiers=[SD], transfer=True)
    run(plan, store)
    results = [store.get(cell.key) for cell in plan.transfers]
    assert [result.status for result in results] == ["done"] * 8
    missing = plan.transfers[0]
    before = stored(plan, store)
    lose(store, missing.key)
    assert run(plan, store) == [("SD", [0, 1, 2])]
    assert stored(plan, store) == before


def test_curves_of_several_channels_and_classes(plan_of, store):
    dataset = DATASET | {"library": "families20", "train": 5, "test": 5}
    dataset |= {"task": "which-function", "channels": ["value", "gradient"]}
    both = {"channels": ["value", "gradient"]}
    stack = {"params": PARAMS | {"extension": "stack"}}
    plan = plan_of(datasets=[dataset], classifiers=[SD | both | stack, CSD | both])
    run(plan, store)
    assert set(bench.read_results(plan, store)["status"]) == {"done"}


def test_recorded_curves_are_stacked_but_for_a_given_division(plan_of, store, tmp_path):
    entry = given_splits.write_files(tmp_path)
    given = {k: v for k, v in entry.items() if k != "split"} | {"id": "given"}
    recorded_files.write_curves(tmp_path / "folds.npz", 33, n_channels=2)
    folds = recorded_files.recorded("folds.npz", split={"folds": 4}) | {"id": "folds"}
    plan = plan_of(datasets=[entry, given, folds], classifiers=[SD])
    assert {cell.batched for cell in plan.given} == {1}
    found = {c.dataset.spec.id: c.batched for c in plan.cells}
    assert found == {"curves": 3, "given": 1, "folds": 3}
    computed = [numbers for _, numbers in run(plan, store)]
    assert sorted(computed) == [[0], [0, 1, 2], [0, 1, 2], [3, 4, 5]]
    assert set(bench.read_results(plan, store)["status"]) == {"done"}


def test_the_limit_of_time_is_that_of_all_members(plan_of):
    from bench.engines.isolation import _limits, modules_of

    plan = plan_of(limits={"timeout": 2})
    stack = whole((plan.cells[0],))
    assert _limits(stack, 1).timeout == 6
    assert "bench.cells.stacked" in modules_of(plan.cells[0])


def test_an_export_needs_its_stack_alone(plan_of):
    plan = plan_of(classifiers=[SD])
    limited, cell = choose_cell(plan, 1)
    assert (limited.cells, cell.repetition) == ((cell,), 1)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"use": "GNB", "stacked": 5},
            "GaussianNB' cannot be stacked (only SD and CSD",
        ),
        ({"use": "CSD2", "stacked": 5}, "CSD2Classifier' cannot be stacked"),
        (
            {"steps": ["sklearn.preprocessing.StandardScaler", "SD"], "stacked": 5},
            "stacked: 5: a pipeline cannot be stacked",
        ),
        (
            SD | {"params": {"early_stopping": True}},
            "params.early_stopping is of one training alone",
        ),
        (
            SD | {"training": {"mode": "online", "epochs": 9}, "params": {}},
            "stacked: 3: under training: {mode: online} all repetitions train together",
        ),
        (SD | {"stacked": 1}, "found 1; input should be greater than or equal to 2"),
        (SD | {"stacked": "5"}, 'found "5"'),
        (SD | {"stacked": 101}, "less than or equal to 100"),
    ],
)
def test_what_cannot_be_stacked_is_refused_in_one_line(plan_of, entry, message):
    with pytest.raises(BenchError) as caught:
        plan_of(classifiers=[{"id": "it"} | entry, "KNN"])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "suite.yaml:" in str(caught.value)


def test_a_preset_may_say_it(plan_of, monkeypatch):
    from dataclasses import replace

    from bench.suite.presets import PRESETS

    monkeypatch.setitem(PRESETS, "SD", replace(PRESETS["SD"], stacked=4))
    plan = plan_of(classifiers=["SD", SD | {"id": "other"}])
    assert [recipe.stacked for recipe in plan.classifiers] == [4, 3]
