"""The report of stored results: from nothing, and where nothing has changed."""

from itertools import count

import pytest
import yaml_text
from matplotlib.figure import Figure

import bench
from bench.analysis import load_results
from bench.cells.compute import compute
from bench.cells.plan import make_plan
from bench.figures import image_of
from bench.site import update_report
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0]
SIZES = {
    "260 cells in 2 datasets": (2, 10, 13),
    "1000 cells in 10 datasets": (10, 10, 10),
}


@pytest.fixture
def stored_suite(benchmark, write_suite, tmp_path, monkeypatch):
    """Put computed results of a suite of some size; give its plan and its store."""
    monkeypatch.setattr("os.fsync", lambda file: None)  # how they are stored is untimed

    def put(n_datasets, repetitions, n_classifiers):
        if not benchmark.enabled:
            n_datasets, repetitions, n_classifiers = 1, 2, 2
        neighbours = [
            {"id": f"KNN-{k}", "use": "KNN", "params": {"n_neighbors": k}}
            for k in range(1, n_classifiers)
        ]
        path = write_suite(
            datasets=[
                DATASET | {"id": f"d{i}", "train": 30 + i} for i in range(n_datasets)
            ],
            classifiers=["GNB", *neighbours],
            repetitions=repetitions,
        )
        plan = make_plan(bench.load_suite(path))
        store = Store(tmp_path / "store")
        for task in plan.everything:
            [(result, arrays)] = compute((task,))
            store.put(result, arrays)
        return plan, store

    return put


def save_empty_figures(folder, n):
    """Save as many figures as a report has, each as PNG and as SVG."""
    folder.mkdir(parents=True)
    for i in range(n):
        figure = Figure(figsize=(6, 3))
        figure.subplots()
        for kind, content in image_of(figure).items():
            (folder / f"{i}.{kind}").write_bytes(content)


@pytest.mark.parametrize("size", SIZES)
def test_a_report_from_nothing(against, benchmark, stored_suite, tmp_path, size):
    """The reference reads the same results, and saves as many empty figures."""
    if not benchmark.enabled and size != next(iter(SIZES)):
        pytest.skip("nothing is timed, and one report tells whether it can be")
    benchmark.group = f"report of {size}"
    plan, store = stored_suite(*SIZES[size])
    folders = (tmp_path / str(i) for i in count())
    whole = next(folders)
    update_report(plan, store, whole, load_results(plan, store))
    n = len([*whole.glob("figures/*.png")])

    def write():
        update_report(plan, store, next(folders), load_results(plan, store))

    def read_and_save():
        load_results(plan, store)
        save_empty_figures(next(folders), n)

    against(write, read_and_save, kind="overhead", target=4, rounds=3,
            unit="figures", units=n)  # fmt: skip


def test_a_report_of_which_nothing_changed(against, benchmark, stored_suite, tmp_path):
    """The reference reads the same results."""
    benchmark.group = "report of 260 cells, unchanged"
    plan, store = stored_suite(*SIZES["260 cells in 2 datasets"])

    def write():
        update_report(plan, store, tmp_path / "out", load_results(plan, store))

    write()
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("out/**/*")}
    against(write, lambda: load_results(plan, store), kind="overhead", target=2,
            unit="cells", units=len(plan.cells))  # fmt: skip
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("out/**/*")}
