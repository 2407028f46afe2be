"""A classifier that misbehaves changes no other's result, where processes are shared.

Only classes of installed packages share processes. Here those of a file may too, so
that the worst of them are neighbours of others.
"""

from collections import Counter

import pytest
import stored
import yaml_text

import bench
from bench.cells.cell import Cell
from bench.engines import schedule
from bench.engines.engine import LocalEngine
from bench.engines.isolation import run_cells
from bench.engines.run import run_plan
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0] | {"train": 50, "test": 50}
GOOD = ["GNB", "KNN", "QDA", "CHANCE", "DT"]
SCORES = ["train_accuracy", "test_accuracy", "data_hash", "fingerprint", "key"]


@pytest.fixture
def shares(monkeypatch):
    """Let every cell share a process with others, whatever it is and takes."""
    monkeypatch.setattr(Cell, "may_share_process", True)
    monkeypatch.setattr(schedule, "SMALL_SECONDS", float("inf"))
    monkeypatch.setattr(schedule, "_MOST_SECONDS", float("inf"))
    batches = []

    def noted(given, *arguments, **options):
        take = given.take

        def noting(may_begin):
            batch = take(may_begin)
            if batch is not None:
                batches.append([unit[0].name for unit in batch])
            return batch

        given.take = noting
        return run_cells(given, *arguments, **options)

    monkeypatch.setattr("bench.engines.engine.run_cells", noted)
    return batches


def run(path, folder, small=()):
    """Run a suite as if these classifiers had been seen to be small."""
    plan, store = stored.plan_of(path), Store(folder)
    engine = LocalEngine()
    kinds = {(DATASET["id"], name) for name in small}
    known = dict.fromkeys(kinds, 0.001)
    units = [(cell,) for cell in plan.cells]
    for done in engine.run(units, lambda _: True, known, kinds):
        store.put_all([(result, packed) for _, result, packed in done])
    results = bench.read_results(plan, store)
    return results.set_index(["classifier", "repetition"]).sort_index(), store


@pytest.fixture
def suite(write_suite):
    def write(classifiers, **changes):
        return write_suite(
            classifiers=classifiers,
            datasets=[DATASET],
            audits=False,
            repetitions=2,
            **changes,
        )

    return write


def test_results_are_the_same_alone_and_shared(suite, tmp_path, shares):
    path = suite(GOOD)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schedule, "SMALL_SECONDS", 0.0)
        alone, lonely = run(path, tmp_path / "alone")
    assert max(map(len, shares)) == 1
    shares.clear()
    shared, store = run(path, tmp_path / "shared", GOOD)
    assert max(map(len, shares)) > 4
    assert set(alone["sharing"]) == {1}
    assert shared["sharing"].max() > 4
    for name in SCORES:
        assert (alone[name] == shared[name]).all()
    for key in alone["key"]:  # to the last bit
        one, other = lonely.arrays(key), store.arrays(key)
        assert one.keys() == other.keys()
        assert all(one[n].tobytes() == other[n].tobytes() for n in one)


BAD = {
    "Zeroes": "done",
    "Exits": "crashed",
    "Crashes": "crashed",
    "Waits": "timeout",
    "Grows": "failed",
    "Raises": "failed",
}


def test_a_neighbour_changes_no_result(suite, tmp_path, shares, monkeypatch):
    monkeypatch.setenv("FAULT_NOTES", str(tmp_path / "notes"))
    good, _ = run(suite(GOOD), tmp_path / "good")
    limits = {"Waits": {"limits": {"timeout": 1}}}
    bad = [
        {"id": name, "class": f"fault_zoo.{name}"} | limits.get(name, {})
        for name in BAD
    ]
    among = [entry for pair in zip(GOOD, bad, strict=False) for entry in pair]
    path = suite([*among, bad[-1]], limits={"memory": "700MiB"})
    shares.clear()
    results, _ = run(path, tmp_path / "store", [*GOOD, *BAD])
    assert max(map(len, shares)) > 4
    for name, status in BAD.items():
        assert Counter(results.loc[name]["status"]) == {status: 2}, name
    others = results.drop(index=list(BAD), level="classifier")
    assert set(others["status"]) == {"done"}
    for column in SCORES:
        assert (others[column] == good[column]).all()


def test_classes_of_files_and_of_local_packages_never_share(
    suite, tmp_path, write_suite
):
    (tmp_path / "mine.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\nclass Mine(GaussianNB): pass\n"
    )
    plan = stored.plan_of(
        suite(["GNB", "./mine.py:Mine", {"id": "zoo", "class": "fault_zoo.Good"}])
    )
    may = {cell.name: cell.may_share_process for cell in plan.cells}
    assert may == {"GNB": True, "Mine": False, "zoo": False}


def test_a_run_shares_processes_once_it_has_seen_small_cells(write_suite, tmp_path):
    path = write_suite(
        classifiers=["GNB"], datasets=[DATASET], audits=False, repetitions=12
    )
    plan, store = stored.plan_of(path), Store(tmp_path / "store")
    run_plan(plan, store)
    assert bench.read_results(plan, store)["sharing"].max() > 2
