import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import psutil
import pytest
import yaml_text
from bench_process import BenchProcess
from dask_cluster import DaskCluster, wait_for
from recorded_files import recorded, write_curves

import bench
from bench.base import resources
from bench.base.errors import EngineError
from bench.cells.cell import kind_of, units_of
from bench.cells.plan import make_plan
from bench.engines import dask_engine
from bench.engines.admission import VISIBLE
from bench.engines.dask_engine import DaskEngine
from bench.engines.dask_worker import pickled_task
from bench.engines.run import run_plan
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0]
SCORES = ["dataset", "repetition", "classifier", "status", "train_accuracy",
          "test_accuracy", "data_hash", "key"]  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two workers of one thread; a test that kills any starts its own."""
    with DaskCluster(tmp_path_factory.mktemp("cluster") / "dask") as started:
        yield started


def zoo(*names):
    return [{"class": name if "." in name else f"fault_zoo.{name}"} for name in names]


def compute(path, store, engine=None):
    """Run a suite; return its results without a report, which takes longer."""
    run_plan(make_plan(bench.load_suite(path)), Store(store), engine)
    return bench.read_results(path, store)


def start(tmp_path, cluster, path):
    return BenchProcess(tmp_path, "run", path, "--scheduler", cluster.address)


def finish_in_one_error(command):
    code, _, err = command.finish()
    assert code == 2, err
    lines = [line for line in err.splitlines() if " cells done, " not in line]
    assert len(lines) == 1, err
    [message] = lines
    assert message.startswith("bench: ")
    return message


def assert_same_bits(path, *folders):
    tables = [bench.read_results(path, folder)[SCORES] for folder in folders]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert set(tables[0]["status"]) == {"done"}
    for key in tables[0]["key"]:
        found = [Store(folder).get(key).arrays_sha256 for folder in folders]
        assert found[0] == found[1]
    for audit in make_plan(bench.load_suite(path)).audits:
        found = [Store(folder).get(audit.key) for folder in folders]
        assert found[0].status == "done"
        assert found[0].figures == found[1].figures
        assert found[0].data_hash == found[1].data_hash


def test_workers_give_the_local_scores_bit_for_bit(write_suite, tmp_path, cluster):
    path = write_suite()
    compute(path, tmp_path / "here")
    compute(path, tmp_path / "there", DaskEngine(cluster.address))
    assert_same_bits(path, tmp_path / "here", tmp_path / "there")
    assert cluster.no_cells_left()


def test_recorded_curves_travel_once_and_need_no_file_there(
    write_suite, tmp_path, cluster, monkeypatch
):
    sizes = []

    def pickled(unit, run, in_task):
        sizes.append(len(task := pickled_task(unit, run, in_task)))
        return task

    monkeypatch.setattr(dask_engine, "pickled_task", pickled)
    write_curves(tmp_path / "a.npz", 100, n_points=2000)
    data = [recorded("a.npz", split={"resample": 2})]
    path = write_suite(datasets=data, repetitions=None, classifiers=["KNN", "CHANCE"])
    compute(path, tmp_path / "here")
    plan = make_plan(bench.load_suite(path))
    kept = (tmp_path / "a.npz").rename(tmp_path / "b.npz")
    run_plan(plan, Store(tmp_path / "there"), DaskEngine(cluster.address))
    kept.rename(tmp_path / "a.npz")
    assert_same_bits(path, tmp_path / "here", tmp_path / "there")
    assert len(sizes) == 6
    assert max(sizes) < 20_000


@pytest.mark.slow
def test_quick_gives_the_local_bits_also_with_a_worker_killed(tmp_path):
    path = resources.SUITES / "quick.yaml"
    compute(path, tmp_path / "here")
    store = Store(tmp_path / "killed")
    with DaskCluster(tmp_path / "dask") as cluster:
        engine = DaskEngine(cluster.address)
        compute(path, tmp_path / "there", engine)
        with ThreadPoolExecutor() as pool:
            computing = pool.submit(compute, path, store.folder, engine)
            wait_for(lambda: len(list(store.keys())) >= 10)
            [worker, _] = cluster.workers()
            worker.kill()
            computing.result()
        assert cluster.no_cells_left()
    for folder in (tmp_path / "there", store.folder):
        assert_same_bits(path, tmp_path / "here", folder)


def test_a_class_of_a_file_travels_as_its_text(write_suite, tmp_path, cluster):
    # The workers have another folder, and never see the file or its neighbour.
    text = (resources.CHECKOUT / "examples" / "my_classifier.py").read_text()
    (tmp_path / "neighbour.py").write_text(text)
    (tmp_path / "own.py").write_text("from neighbour import Kinks as Base\n"
                                     "class Kinks(Base): pass")  # fmt: skip
    steps = ["sklearn.preprocessing.StandardScaler", "./own.py:Kinks"]
    path = write_suite(classifiers=["./own.py:Kinks", {"id": "scaled", "steps": steps}])
    compute(path, tmp_path / "here")
    plan = make_plan(bench.load_suite(path))
    for name in ("own", "neighbour"):
        (tmp_path / f"{name}.py").rename(tmp_path / f"{name}.moved")
    run_plan(plan, Store(tmp_path / "there"), DaskEngine(cluster.address))
    for name in ("own", "neighbour"):
        (tmp_path / f"{name}.moved").rename(tmp_path / f"{name}.py")
    assert_same_bits(path, tmp_path / "here", tmp_path / "there")


@pytest.mark.slow  # each fault of a cell on its own is tried in tests/faults
def test_every_fault_is_the_same_on_a_worker_as_here(
    write_suite, tmp_path, cluster, monkeypatch
):
    monkeypatch.setenv("FAULT_NOTES", str(tmp_path / "notes.txt"))
    path = write_suite(
        classifiers=zoo("Good", "Sleeps", "Exits", "Crashes", "Eats", "Raises"),
        repetitions=1,
        limits={"timeout": 2, "memory": "1GiB"},
    )
    ours = ["status", "error", "signal", "attempts", "key"]
    engines = {"here": None, "there": DaskEngine(cluster.address)}
    with ThreadPoolExecutor() as pool:
        tables = pool.map(
            lambda name: compute(path, tmp_path / name, engines[name])[ours], engines
        )
        here, there = tables
    pd.testing.assert_frame_equal(here, there)
    expected = ["done", "timeout", "crashed", "crashed", "failed", "failed"]
    assert list(there["status"]) == expected
    assert set(there["attempts"]) == {1}
    assert cluster.no_cells_left()


def test_a_cell_may_hold_its_part_of_the_workers_memory(write_suite, tmp_path, cluster):
    path = write_suite(classifiers=zoo("Eats"), repetitions=1)
    results = compute(path, tmp_path, DaskEngine(cluster.address))
    assert results["error"][0].startswith("MemoryLimit")
    assert "the limit is 1.6 GiB" in results["error"][0]  # 80% of the worker's 2 GiB


def test_a_cell_killed_on_a_worker_is_tried_again_twice(write_suite, tmp_path, cluster):
    path = write_suite(classifiers=zoo("Killed", "KilledOnce"), repetitions=1)
    results = compute(path, tmp_path, DaskEngine(cluster.address))
    assert list(results["status"]) == ["crashed", "done"]
    assert list(results["attempts"]) == [3, 2]
    assert results["signal"][0] == "SIGKILL"
    assert cluster.noted().count("killed") == 3


def test_what_trains_together_is_one_task(write_suite, tmp_path, cluster):
    training = {"mode": "online", "epochs": 8, "curves": 2, "steps": 2}
    path = write_suite(classifiers=[{"use": "SD", "training": training}, "GNB"])
    frames = [
        compute(path, tmp_path / name, engine)
        for name, engine in (("a", None), ("b", DaskEngine(cluster.address)))
    ]
    columns = ["classifier", "status", "batched", "test_accuracy", "key"]
    assert set(frames[0]["status"]) == {"done"}
    pd.testing.assert_frame_equal(*[f[columns] for f in frames], check_exact=True)


def test_cells_are_handed_out_as_there_is_room(write_suite, cluster):
    # Another run that shares the store may have computed what is not begun.
    plan = make_plan(bench.load_suite(write_suite(repetitions=5)))
    asked = []

    def wanted(unit):
        asked.append(unit)
        return unit[0].classifier.id != "DT"

    units = units_of(plan.cells)
    results = DaskEngine(cluster.address).run(units, wanted, {})
    first = next(results)
    assert len(asked) < len(plan.cells)
    computed = [one for done in (first, *results) for one in done]
    assert len(asked) == len(plan.cells)
    assert sorted(cell.key for cell, _, _ in computed) == sorted(
        cell.key for cell in plan.cells if cell.classifier.id != "DT"
    )


@pytest.mark.parametrize(
    ("signals", "codes"),
    [
        pytest.param([signal.SIGINT], {130}, id="interrupted"),
        pytest.param(
            [signal.SIGINT, signal.SIGINT],
            {130, -signal.SIGINT},  # the latter if all that was left was to end
            id="interrupted twice",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            [signal.SIGKILL], {-signal.SIGKILL}, id="killed", marks=pytest.mark.slow
        ),
    ],
)
def test_a_run_that_is_stopped_leaves_nothing_on_the_workers(
    write_suite, tmp_path, cluster, signals, codes
):
    path = write_suite(audits=False, classifiers=zoo("Good", "Sleeps"), repetitions=1)
    command = start(tmp_path, cluster, path)
    store = Store(tmp_path / "data" / "store")
    wait_for(lambda: len(list(store.keys())) == 1)
    wait_for(lambda: any("sleep" in process.name() for process in cluster.cells()))
    for number in signals:
        command.process.send_signal(number)
        time.sleep(0.2)
    returned, _, err = command.finish()
    assert returned in codes
    assert "Traceback" not in err
    assert ("bench: interrupted" in err) == (signals[0] == signal.SIGINT)
    assert command.nothing_left()
    assert cluster.no_cells_left()
    assert len(list(store.keys())) == 1


def test_with_a_worker_killed_no_cell_is_lost(write_suite, tmp_path, monkeypatch):
    path = write_suite(classifiers=[*zoo("cluster_zoo.Waits"), "GNB"], repetitions=3)
    monkeypatch.setenv("FAULT_NOTES", str(tmp_path / "notes.txt"))
    (tmp_path / "notes.txt.open").touch()
    undisturbed = compute(path, tmp_path / "quiet")
    with DaskCluster(tmp_path / "dask") as cluster:
        engine = DaskEngine(cluster.address)
        with ThreadPoolExecutor() as pool:
            computing = pool.submit(compute, path, tmp_path / "store", engine)
            wait_for(lambda: len(cluster.noted()) == 2)
            worker, cell = (psutil.Process(int(p)) for p in cluster.noted()[0].split())
            worker.kill()
            wait_for(lambda: not cell.is_running())
            cluster.open_gate()
            results = computing.result()
        assert cluster.no_cells_left()
    pd.testing.assert_frame_equal(results[SCORES], undisturbed[SCORES])
    assert sorted(results["attempts"]) == [1, 1, 1, 1, 1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("allowed_failures", [0, 3])
def test_a_cell_that_kills_its_worker_is_begun_three_times(
    write_suite, tmp_path, allowed_failures
):
    # Dask itself would give up a task that only waited on workers that were killed.
    names = [*zoo("cluster_zoo.KillsItsWorker"), "GNB", "CHANCE"]
    path = write_suite(classifiers=names, repetitions=1)
    with DaskCluster(tmp_path / "dask", 1, allowed_failures=allowed_failures) as dask:
        results = compute(path, tmp_path / "store", DaskEngine(dask.address))
        assert dask.noted() == ["kills"] * 3
        assert dask.no_cells_left()
    assert list(results["status"]) == ["crashed", "done", "done"]
    assert list(results["attempts"]) == [3, 1, 1]
    assert results["error"][0].startswith("Lost: the worker that computed it was lost")


def test_the_scheduler_killed_is_one_error_and_the_run_goes_on_here(
    write_suite, tmp_path, monkeypatch
):
    path = write_suite(classifiers=["GNB", *zoo("cluster_zoo.Waits")], repetitions=2)
    store = Store(tmp_path / "data" / "store")
    with DaskCluster(tmp_path / "dask", 1) as cluster:
        command = start(tmp_path, cluster, path)
        wait_for(lambda: len(cluster.noted()) == 1)
        kept = {key: store.written(key) for key in store.keys()}  # noqa: SIM118 (a method of ours)
        assert kept
        cluster.scheduler.kill()
        message = finish_in_one_error(command)
        assert message.startswith("bench: the Dask scheduler was lost")
        assert "--engine local" in message
        assert command.nothing_left()
        assert cluster.no_cells_left(within=90)
    assert set(store.keys()) == set(kept)
    monkeypatch.setenv("FAULT_NOTES", str(tmp_path / "notes.txt"))
    (tmp_path / "notes.txt.open").touch()
    assert list(compute(path, store.folder)["status"]) == ["done"] * 4
    for key, before in kept.items():
        assert store.written(key) == before


BAD_WORKERS = {
    "another text of a class": (
        {"fault_zoo.py": "class Good: pass"},
        "has not the source files of 'fault_zoo' that the suite was planned with",
        "copy the same files",
    ),
    "other curves": (
        {"sitecustomize.py": "import bench; bench.RESULTS['curves'] = 0"},
        "curves 0; the suite was planned with ", "install the same versions",
    ),
    "no bench": (
        {"bench.py": "raise ImportError('no module here')"},
        "the workers cannot compute", "no module here", "install the same versions",
    ),
    "a full disk": (
        {
            "sitecustomize.py": "import bench.processes.executors\n"
            "def full(*_): raise OSError(28, 'No space left on device')\n"
            "bench.processes.executors.ForkServer.__init__ = full"
        },
        "the workers cannot compute", "No space left on device",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "what",
    [
        "another text of a class",
        "no bench",
        pytest.param("other curves", marks=pytest.mark.slow),
        pytest.param("a full disk", marks=pytest.mark.slow),
    ],
)
def test_a_worker_that_cannot_compute_is_one_clear_error(write_suite, tmp_path, what):
    files, *parts = BAD_WORKERS[what]
    folder = tmp_path / "first"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    path = write_suite(classifiers=zoo("Good"))
    with DaskCluster(tmp_path / "dask", 1, path=folder) as cluster:
        with pytest.raises(EngineError) as caught:
            compute(path, tmp_path / "store", DaskEngine(cluster.address))
        assert cluster.no_cells_left()
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(Store(tmp_path / "store").keys())


def test_without_workers_it_says_how_to_start_some(write_suite, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.engines.dask_engine._WORKERS_SECONDS", 1)
    plan = make_plan(bench.load_suite(write_suite()))
    with DaskCluster(tmp_path / "dask", 0) as cluster:
        engine = DaskEngine(cluster.address)
        with pytest.raises(EngineError, match="has no workers after 1 s"):
            run_plan(plan, Store(tmp_path / "store"), engine)


# A cluster in this process, beside others on this machine that have Dask's port.
IN_THREADS = {"processes": False, "dashboard_address": ":0"}
OWN = """
import os, time
from sklearn.dummy import DummyClassifier

class Alone(DummyClassifier):
    def __init__(self, folder=None):
        super().__init__()
        self.folder = folder

    def fit(self, X, y):
        name = f"{self.folder}/" + os.environ.get("CUDA_VISIBLE_DEVICES", "none")
        os.mkdir(name)  # which fails where another cell is there
        time.sleep(0.2)
        os.rmdir(name)
        return super().fit(X, y)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("resources", "offers"),
    [
        ({"gpu": 1}, {"GPU": 2}),  # each cell has one of two
        ({"slots": 2}, {}),  # both threads of the worker
        ({"threads": 2}, {}),
        ({"slots": 3}, {"slots": 4}),
    ],
    ids=str,
)
def test_cells_on_a_worker_have_their_resources_alone(
    write_suite, tmp_path, monkeypatch, resources, offers
):
    monkeypatch.setenv(VISIBLE, "GPU-a,GPU-b")
    (tmp_path / "own.py").write_text(OWN)
    own = {"class": "./own.py:Alone", "params": {"folder": str(tmp_path)}}
    path = write_suite(
        classifiers=[own | {"resources": resources}], repetitions=4, audits=False
    )
    options = IN_THREADS | {"threads_per_worker": 2, "resources": offers}
    engine = DaskEngine(cluster="local", options=options)
    results = compute(path, tmp_path / "store", engine)
    assert set(results["status"]) == {"done"}, set(results["error"])
    assert set(results["attempts"]) == {1}


@pytest.mark.parametrize(
    ("gpus", "said"),
    [
        ("", "sees 0 GPUs, and 'KNN' asks for 1: start it where there are GPUs"),
        (None, "no worker of the cluster offers that; start one with `dask worker"),
    ],
)
def test_a_worker_without_gpus_is_one_clear_error(
    write_suite, tmp_path, monkeypatch, gpus, said
):
    offers = {} if gpus is None else {"GPU": 1}
    monkeypatch.setenv(VISIBLE, gpus or "")
    path = write_suite(classifiers=[{"use": "KNN", "resources": {"gpu": 1}}])
    options = IN_THREADS | {"resources": offers}
    engine = DaskEngine(cluster="local", options=options)
    with pytest.raises(EngineError, match=said):
        compute(path, tmp_path / "store", engine)


@pytest.mark.slow
def test_units_of_a_repetition_are_one_task_with_the_local_bits(
    write_suite, tmp_path, monkeypatch
):
    sizes = []

    def pickled(batches, run, in_task):
        sizes.append(sum(map(len, batches)))
        return pickled_task(batches, run, in_task)

    monkeypatch.setattr(dask_engine, "pickled_task", pickled)
    path = write_suite(repetitions=3)
    plan = make_plan(bench.load_suite(path))
    compute(path, tmp_path / "here")
    known = {kind_of(task): 0.1 for task in plan.everything}
    engine = DaskEngine(cluster="local", options=IN_THREADS)
    store = Store(tmp_path / "there")
    units = units_of(plan.everything)
    for done in engine.run(units, lambda _: True, known):
        store.put_all([(result, packed) for _, result, packed in done])
    assert_same_bits(path, tmp_path / "here", tmp_path / "there")
    assert sum(sizes) == len(plan.everything)
    assert sizes[0] == 5


@pytest.mark.slow
def test_a_unit_that_kills_workers_costs_the_others_of_its_batch_nothing(
    write_suite, tmp_path
):
    names = ["GNB", *zoo("cluster_zoo.KillsItsWorker"), "CHANCE"]
    path = write_suite(classifiers=names, repetitions=2, audits=False)
    units = units_of(make_plan(bench.load_suite(path)).everything)
    seconds = (0.3, 0.2, 0.1)  # so that it is begun second
    known = {kind_of(u[0]): s for u, s in zip(units[:3], seconds, strict=True)}
    with DaskCluster(tmp_path / "dask", 1, allowed_failures=100) as cluster:
        engine = DaskEngine(cluster.address)
        batches = engine.run(units, lambda _: True, known)
        results = [result for done in batches for _, result, _ in done]
        assert cluster.no_cells_left()
    by_name = {}
    for result in results:
        by_name.setdefault(result.classifier, set()).add(result.status)
    assert by_name == {
        "GNB": {"done"}, "KillsItsWorker": {"crashed"}, "CHANCE": {"done"},
    }  # fmt: skip
    assert len(results) == 6
