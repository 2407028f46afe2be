import os
import signal
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml_text
from bench_process import BenchProcess

import bench
from bench.store.result import BAD
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0] | {"train": 50, "test": 50}
SCORES = ["dataset", "repetition", "classifier", "status", "train_accuracy",
          "test_accuracy", "data_hash", "key"]  # fmt: skip


def zoo(*names):
    return [{"class": f"fault_zoo.{name}"} for name in names]


def run(tmp_path, path, *arguments, store="data/store"):
    """Run the only dataset; a run that is limited to some writes no report."""
    limits = ["-d", DATASET["id"], "--store", store]
    command = BenchProcess(tmp_path, "run", path, *limits, *arguments)
    code, _, err = command.finish()
    assert command.nothing_left()
    assert "Traceback" not in err
    return code, bench.read_results(path, tmp_path / store)


FAULTS = {
    "Good": ("done", ""),
    "Sleeps": ("timeout", "Timeout: stopped after"),
    "Exits": ("crashed", "Exit: the process ended with exit code 3"),
    "Crashes": ("crashed", "Signal: the process ended by SIGSEGV"),
    "Eats": ("failed", "MemoryLimit: Unable to allocate 100. GiB"),
    "Raises": ("failed", "RuntimeError: no luck"),
}


@pytest.mark.parametrize(
    ("repetitions", "timeout"),
    [(1, 1), pytest.param(10, 2, marks=pytest.mark.slow)],
)
def test_a_fault_costs_only_the_cells_of_its_classifier(
    write_suite, tmp_path, repetitions, timeout
):
    path = write_suite(
        classifiers=zoo(*FAULTS),
        datasets=[DATASET],
        repetitions=repetitions,
        limits={"timeout": timeout, "memory": "1GiB"},
    )
    code, results = run(tmp_path, path, "-j", 2)
    assert code == 3
    assert len(results) == 6 * repetitions
    for row in results.to_dict("records"):
        status, error = FAULTS[row["classifier"]]
        assert row["status"] == status
        assert str(row["error"]).startswith(error) or status == "done"
        assert row["seconds"] < timeout + 10
        assert row["attempts"] == 1
    assert set(results["signal"]) == {"", "SIGSEGV"}
    assert not list(tmp_path.glob("core*"))
    store = Store(tmp_path / "data" / "store")
    logs = {row.classifier: store.log(row.key) for row in results.itertuples()}
    assert 'raise RuntimeError("no luck")' in logs["Raises"]
    assert "Segmentation fault" in logs["Crashes"]
    assert "string_at" in logs["Crashes"]


def test_failures_are_final_without_retry_failed(write_suite, tmp_path):
    path = write_suite(classifiers=zoo("Raises", "Good"))
    notes = tmp_path / "notes.txt"
    for arguments, n_raised in (([], 2), ([], 2), (["--retry-failed"], 4)):
        code, _ = run(tmp_path, path, *arguments)
        assert code == 3
        assert len(notes.read_text().splitlines()) == n_raised


def test_the_memory_of_all_processes_of_a_cell_counts(write_suite, tmp_path):
    limits = {"memory": "1GiB", "timeout": 60}
    path = write_suite(classifiers=zoo("Forks"), repetitions=1, limits=limits)
    _, results = run(tmp_path, path)
    assert list(results["status"]) == ["failed"]
    assert results["error"][0].startswith("MemoryLimit")
    assert results["peak_rss_mib"][0] > 1024


def test_a_kill_from_outside_is_tried_again_twice(write_suite, tmp_path):
    path = write_suite(classifiers=zoo("Killed", "KilledOnce"), repetitions=1)
    _, results = run(tmp_path, path)
    assert list(results["status"]) == ["crashed", "done"]
    assert list(results["attempts"]) == [3, 2]
    assert results["signal"][0] == "SIGKILL"
    assert (tmp_path / "notes.txt").read_text().count("killed") == 3


def test_processes_that_a_classifier_leaves_are_ended(write_suite, tmp_path):
    code, results = run(tmp_path, write_suite(classifiers=zoo("LeavesAChild")))
    assert code == 0
    assert set(results["status"]) == {"done"}


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_limited(write_suite, tmp_path, threads):
    path = write_suite(classifiers=zoo("CountsThreads"), threads=threads, repetitions=1)
    run(tmp_path, path)
    said = (tmp_path / "notes.txt").read_text()
    assert said == f"{threads} {threads} [{threads}]\n"


@pytest.mark.parametrize("victim", ["fork server", "watchdog"])
def test_no_result_is_lost_if_the_fork_server_or_a_watchdog_is_killed(
    write_suite, tmp_path, victim
):
    path = write_suite(classifiers=zoo("Slow"), repetitions=10, audits=False)
    command = BenchProcess(tmp_path, "run", path, "-j", 2)
    store = Store(tmp_path / "data" / "store")
    wait_for(lambda: len(list(store.keys())) >= 2)
    [server] = psutil.Process(command.process.pid).children()
    (server if victim == "fork server" else server.children()[0]).kill()
    code, _, _ = command.finish()
    assert code == 0
    assert command.nothing_left()
    assert {store.get(key).status for key in store.keys()} == {"done"}  # noqa: SIM118 (a method of ours)
    assert len(list(store.keys())) == 10


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupted_run_loses_no_result_and_leaves_no_process(
    write_suite, tmp_path, times
):
    path = write_suite(classifiers=zoo("Good", "Sleeps"), repetitions=1)
    command = BenchProcess(tmp_path, "run", path)
    store = Store(tmp_path / "data" / "store")
    wait_for(lambda: len(list(store.keys())) == 1)
    wait_for(lambda: any("sleep" in p.name() for p in command.marked()))
    for _ in range(times):
        command.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    code, _, err = command.finish(timeout=30)
    assert code == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert command.nothing_left()
    assert len(list(store.keys())) == 1


@pytest.mark.parametrize(
    ("repetitions", "kills"), [(6, 2), pytest.param(50, 20, marks=pytest.mark.slow)]
)
def test_a_run_killed_at_any_moment_loses_no_result(
    write_suite, tmp_path, repetitions, kills
):
    names = [{"class": "fault_zoo.Slow"}, "GNB"]
    path = write_suite(classifiers=names, repetitions=repetitions)
    code, undisturbed = run(tmp_path, path, "-j", 2, store="quiet")
    assert code == 0
    store = Store(tmp_path / "data" / "store")
    seen = {}
    for i in range(kills):
        command = BenchProcess(tmp_path, "run", path, "-j", 2)
        # From the imports to the last cells; a fixed sequence, so that it can recur.
        time.sleep(1.0 + 0.37 * (i * 7 % 10))
        command.process.kill()
        command.finish()
        assert command.nothing_left()
        for key in store.keys():  # noqa: SIM118 (a method of ours)
            written = store.written(key)
            assert seen.setdefault(key, written) == written
        assert seen.keys() == set(store.keys())
    code, results = run(tmp_path, path, "-j", 2)
    assert code == 0
    pd.testing.assert_frame_equal(results[SCORES], undisturbed[SCORES])
    for key, written in seen.items():
        assert store.written(key) == written


def test_without_fork_the_results_are_the_same(write_suite, tmp_path, monkeypatch):
    path = write_suite(classifiers=["GNB", *zoo("Exits")], repetitions=1)
    monkeypatch.setenv("PYTHONPATH", os.fspath(Path(__file__).parents[1] / "support"))
    bench.run_suite(path, store=tmp_path / "forked")
    monkeypatch.delattr(os, "fork")
    bench.run_suite(path, jobs=2, store=tmp_path / "spawned")
    found = [bench.read_results(path, tmp_path / s) for s in ("forked", "spawned")]
    pd.testing.assert_frame_equal(found[0][SCORES], found[1][SCORES])
    assert list(found[1]["status"]) == ["done", "crashed"]
    assert {"crashed"} <= set(BAD)


def test_the_traceback_is_not_in_the_result(write_suite, tmp_path):
    _, results = run(tmp_path, write_suite(classifiers=zoo("Raises"), repetitions=1))
    store, key = Store(tmp_path / "data" / "store"), results["key"][0]
    assert store.get(key).error == {"type": "RuntimeError", "message": "no luck"}
    assert "no luck" in store.log(key)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
