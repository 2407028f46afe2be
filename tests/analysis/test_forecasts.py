import given_splits
import pytest
import stored
import yaml_text

from bench.analysis.forecasts import forecast, pilot
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0]


def test_without_results_the_time_is_a_guess(write_suite, tmp_path, bench_run):
    found = forecast(stored.plan_of(write_suite()), Store(tmp_path / "store"))
    assert (found.n_cells, found.n_stored) == (10, 0)
    assert len(found.untimed) == 5
    assert 0 < found.left(2) < found.left(1) == found.seconds
    assert found.detectable.empty
    code, out, _ = bench_run("plan", write_suite())
    assert code == 0
    assert "8 cells, 2 audits; 0 stored, 10 to compute" in out
    assert "a guess from other cells (never computed here: KNN on grid, " in out
    assert "CHANCE on grid, the audits of grid); --pilot 1 measures it" in out
    assert "too few repetitions are stored" in out


def test_a_pilot_gives_time_and_power_and_is_stored(write_suite, tmp_path, bench_run):
    path = write_suite(repetitions=20)
    code, out, _ = bench_run("plan", path, "--pilot", 4, "-j", 2)
    assert code == 0
    assert "80 cells, 10 audits; 20 stored, 70 to compute" in out
    assert "expected time" in out
    assert "detected with 20 repetitions" in out
    found = forecast(stored.plan_of(path), Store(tmp_path / "data" / "store"))
    assert found.seconds > 0
    assert set(found.detectable["classifier"]) == {"GNB", "DT", "CHANCE"}
    assert set(found.detectable["stored"]) == {4}
    assert (found.detectable["detectable"] > 0).all()
    code, out, _ = bench_run("plan", path)
    assert "80 cells, 10 audits; 20 stored" in out


def test_expected_seconds_are_those_of_the_stored_repetitions(write_suite, tmp_path):
    path = write_suite(classifiers=["GNB"], repetitions=5, audits=False)
    plan = stored.plan_of(path)
    store = Store(tmp_path / "store")
    for cell, seconds in zip(plan.cells[:2], (1.0, 3.0), strict=True):
        scores = {"accuracy": 0.5}
        found = cell.result("done", seconds=seconds, train=scores, test=scores)
        stored.put(store, found)
    assert forecast(plan, store).seconds == pytest.approx(3 * 2.0)


def test_variants_of_one_library_count_once(write_suite, tmp_path):
    datasets = [DATASET | {"id": f"d{i}", "train": 30 + i} for i in range(7)]
    plan = stored.plan_of(write_suite(datasets=datasets))
    found = forecast(plan, Store(tmp_path / "store"))
    assert found.n_datasets == 1
    assert not found.enough
    assert found.datasets_needed == (7, 8)


def test_a_pilot_is_the_first_repetitions(write_suite):
    plan = stored.plan_of(write_suite(repetitions=5))
    some = pilot(plan, 2)
    assert {cell.repetition for cell in some.cells} == {0, 1}
    assert len(some.cells) == 8
    assert [audit.repetition for audit in some.audits] == [0, 1]


def test_the_given_split_is_counted_and_is_in_no_pilot(write_suite, tmp_path):
    plan = stored.plan_of(given_splits.suite_of(write_suite, tmp_path))
    store = given_splits.put_all(plan, Store(tmp_path / "store"))
    found = forecast(plan, store)
    assert (found.n_cells, found.n_stored, found.untimed) == (8, 8, ())
    assert found.detectable["stored"].tolist() == [3]
    assert pilot(plan, 2).given == ()


def test_a_margin_of_zero_and_a_failed_classifier_are_no_error(
    write_suite, tmp_path, bench_run
):
    path = write_suite(
        stats={"margin": 0},
        classifiers=["KNN", "GNB", {"id": "bad", "use": "QDA"}],
        repetitions=4,
    )
    assert bench_run("run", path)[0] in (0, 3)
    code, out, _ = bench_run("plan", path)
    assert code == 0
    assert "repetitions to detect 0" in out
