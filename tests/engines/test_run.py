import json
import os
import sys

import numpy as np
import pandas as pd
import pytest
import stored
import yaml_text

import bench
from bench.base.errors import StoreError
from bench.cells.cell import units_of
from bench.cells.plan import make_plan
from bench.engines import run
from bench.engines.engine import LocalEngine
from bench.engines.run import run_plan
from bench.store.store import Store
from bench.suite.load import load_suite

SCORES = ["dataset", "repetition", "train_accuracy", "test_accuracy", "data_hash"]


def results_of(path, store, jobs=1):
    bench.run_suite(path, jobs=jobs, store=store)
    return bench.read_results(path, store)


def test_every_cell_is_done_and_scored(write_suite, tmp_path):
    results = results_of(write_suite(), tmp_path / "store")
    assert len(results) == 8
    assert set(results["status"]) == {"done"}
    assert results["test_accuracy"].between(0, 1).all()
    assert (results.groupby("repetition")["data_hash"].nunique() == 1).all()
    assert (results["peak_rss_mib"] > 10).all()


def test_jobs_order_and_names_change_no_score(write_suite, tmp_path):
    first = results_of(write_suite(), tmp_path / "a", jobs=1)
    renamed = [
        {"id": f"my {name}", "use": name} for name in ("CHANCE", "DT", "GNB", "KNN")
    ]
    path = write_suite("other.yaml", classifiers=renamed, name="other")
    second = results_of(path, tmp_path / "b", jobs=2)
    second["classifier"] = second["classifier"].str.removeprefix("my ")
    by = ["dataset", "repetition", "classifier"]
    pd.testing.assert_frame_equal(
        first.sort_values(by)[[*SCORES, "key"]].reset_index(drop=True),
        second.sort_values(by)[[*SCORES, "key"]].reset_index(drop=True),
        check_exact=True,
    )


def test_a_second_run_computes_nothing(write_suite, tmp_path, monkeypatch):
    path = write_suite()
    first = results_of(path, tmp_path / "store")
    monkeypatch.setattr(
        "bench.engines.engine.run_cells", lambda *_: pytest.fail("refitted")
    )
    pd.testing.assert_frame_equal(first, results_of(path, tmp_path / "store"))


def test_a_damaged_result_is_computed_again(write_suite, tmp_path):
    path = write_suite()
    first = results_of(path, tmp_path / "store")
    store = Store(tmp_path / "store")
    keys = list(store.keys())
    for key, suffix in ((keys[0], "json"), (keys[1], "npz")):
        damaged = tmp_path / "store" / key[:2] / f"{key}.{suffix}"
        damaged.write_bytes(damaged.read_bytes()[:40])
        assert store.get(key) is None
    assert results_of(path, tmp_path / "store")[SCORES].equals(first[SCORES])


def test_predictions_and_labels_are_kept(write_suite, tmp_path):
    results = results_of(write_suite(), tmp_path / "store")
    row = results[results["classifier"] == "KNN"].iloc[0]
    arrays = Store(tmp_path / "store").arrays(row["key"])
    right = arrays["labels_test"] == arrays["predictions_test"]
    assert np.isclose(right.mean(), row["test_accuracy"])
    assert arrays["scores_test"].shape == (40, 2)
    assert str(arrays["kind"]) == "probability"


BROKEN = """
import os
from sklearn.base import BaseEstimator, ClassifierMixin

class Raises(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise RuntimeError("no luck")
    def predict(self, X):
        return X

class Exits(Raises):
    def fit(self, X, y):
        os._exit(3)
"""


def test_a_broken_classifier_costs_its_own_rows(write_suite, tmp_path, monkeypatch):
    (tmp_path / "broken_zoo.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    entries = ["KNN", *({"class": f"broken_zoo.{n}"} for n in ("Raises", "Exits"))]
    results = results_of(write_suite(classifiers=entries), tmp_path / "store", jobs=2)
    assert "broken_zoo" not in sys.modules  # another process imports a foreign class
    status = results.groupby("classifier")["status"].agg(set).to_dict()
    assert status == {"KNN": {"done"}, "Raises": {"failed"}, "Exits": {"crashed"}}
    errors = results.groupby("classifier")["error"].first()
    assert errors["Raises"] == "RuntimeError: no luck"
    assert "exit code 3" in errors["Exits"]


def test_results_are_plain_json(write_suite, tmp_path):
    results = results_of(write_suite(), tmp_path / "store")
    key = results["key"][0]
    line = stored.line_of(Store(tmp_path / "store"), key)[2]
    document = json.loads(line)["result"]
    assert document["status"] == "done"
    assert document["versions"]["numpy"] == np.__version__


def test_equal_datasets_under_two_ids_are_computed_once(write_suite, tmp_path):
    grid = yaml_text.SUITE["datasets"][0]
    path = write_suite(
        datasets=[grid, grid | {"id": "other"}], classifiers=["GNB"], repetitions=1
    )
    plan, store = make_plan(load_suite(path)), Store(tmp_path / "store")
    reported = []
    run_plan(
        plan, store, progress=lambda task, _, fresh: reported.append((task.key, fresh))
    )
    # A cell and an audit are computed, the others have the same keys.
    keys = {task.key for task in plan.everything}
    assert len(keys) == 2
    assert sorted(reported) == sorted((k, fresh) for k in keys for fresh in (0, 1))
    results = bench.read_results(plan, store)
    assert results["status"].tolist() == ["done", "done"]
    assert results["test_accuracy"].nunique() == 1


class Watcher:
    """Notes what a run tells of its work."""

    def __init__(self):
        self.left = []
        self.begun = []

    def planned(self, left):
        self.left.append(left)

    def begin(self, unit):
        assert len(self.left) == 1
        self.begun += [cell.key for cell in unit]


def test_a_watcher_learns_what_begins_and_how_long_it_takes(write_suite, tmp_path):
    plan = make_plan(load_suite(write_suite(classifiers=["GNB"], repetitions=1)))
    store, watcher = Store(tmp_path / "store"), Watcher()
    run_plan(plan, store, watcher=watcher)
    assert sorted(watcher.begun) == sorted(cell.key for cell in plan.everything)
    assert watcher.left[0].estimate() > 0
    again = Watcher()
    run_plan(plan, store, watcher=again)
    assert again.left == again.begun == []  # all of it is stored


def test_a_watcher_is_told_nothing_before_an_error(write_suite, tmp_path):
    plan = make_plan(load_suite(write_suite(classifiers=["GNB"], repetitions=1)))
    (tmp_path / "file").touch()
    watcher = Watcher()
    with pytest.raises(StoreError, match="cannot be used"):
        run_plan(plan, Store(tmp_path / "file"), watcher=watcher)
    assert watcher.left == []


def test_results_of_other_curves_end_a_run_and_a_report(write_suite, tmp_path):
    path = write_suite(classifiers=["GNB", "CHANCE"])
    folder = tmp_path / "store"
    results_of(path, folder)
    store = Store(folder)
    cells = make_plan(load_suite(path)).cells
    changed, missing = (store.get(cells[i].key) for i in (0, 1))
    rows = [[value * 1.001 for value in row] for row in changed.fingerprint]
    stored.change(store, changed.key, fingerprint=rows)
    with pytest.raises(StoreError, match="of other curves, though their recipe"):
        bench.read_results(path, folder)
    stored.lose(store, missing.key)
    with pytest.raises(StoreError, match="compute the stored results again"):
        bench.run_suite(path, store=folder)
    assert Store(folder).get(changed.key) is not None  # nothing is lost


def test_each_classifier_has_its_own_threads(write_suite, tmp_path):
    (tmp_path / "own.py").write_text(
        "import os\n"
        "from sklearn.dummy import DummyClassifier\n"
        "from threadpoolctl import threadpool_info\n"
        "class Own(DummyClassifier):\n"
        "    def fit(self, X, y):\n"
        "        pools = {pool['num_threads'] for pool in threadpool_info()}\n"
        "        raise ValueError(os.environ['OMP_NUM_THREADS'], *pools)\n"
    )
    own = {"class": "./own.py:Own"}
    two = own | {"id": "two", "resources": {"threads": 2}}
    path = write_suite(classifiers=[two, own], repetitions=1, audits=False)
    plan = stored.plan_of(path)
    store = Store(tmp_path / "store")
    run_plan(plan, store, LocalEngine(2))
    found = [store.get(cell.key) for cell in plan.cells]
    assert [result.threads for result in found] == [2, 1]
    assert [result.error["message"] for result in found] == ["('2', 2)", "('1', 1)"]


@pytest.mark.parametrize(
    ("changes", "at_once"),
    [
        ({}, 2),
        ({"threads": 2}, 1),
        ({"classifiers": ["GNB", {"use": "KNN", "resources": {"slots": 2}}]}, 1),
    ],
)
def test_the_time_left_heeds_what_cells_take(
    write_suite, tmp_path, monkeypatch, changes, at_once
):
    monkeypatch.setattr("bench.engines.engine.available_cores", lambda: 2)
    plan = stored.plan_of(write_suite(**changes))
    left = run._time_left(
        plan, Store(tmp_path), LocalEngine(2), {}, units_of(plan.cells)
    )
    assert left._at_once == at_once
