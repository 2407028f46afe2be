"""The harness beside the fits: starting, planning, running cells, reading results."""

import hashlib
import json
import os
import statistics
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import references
import yaml_text
from sklearn.naive_bayes import GaussianNB

import bench
from bench.cells.compute import compute
from bench.cells.plan import make_plan
from bench.curves.datasets import make_dataset
from bench.engines.engine import LocalEngine
from bench.engines.run import run_plan
from bench.store.arrays import pack
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0] | {"train": 50, "test": 50}
TEN = ["KNN", "SVC", "GP", "DT", "RF", "ADA", "GNB", "QDA", "MLP", "CHANCE"]


@pytest.fixture
def size(benchmark):
    """Give a number of cells: the real one, or few where nothing is timed."""
    return lambda n: n if benchmark.enabled else min(n, 20)


@pytest.mark.parametrize("command", ["--help", "list", "status"])
def test_a_command_starts(against, benchmark, write_suite, tmp_path, command):
    benchmark.group = f"bench {command}"
    arguments = [command]
    if command == "status":
        arguments.append(str(write_suite()))
    code = f"import sys; sys.argv[1:] = {arguments}; import runpy; "
    code += "runpy.run_module('bench', run_name='__main__')"
    code = f"try:\n exec({code!r})\nexcept SystemExit: pass"
    against(
        lambda: references.run_python(code, tmp_path),
        lambda: references.run_python("import argparse, json, pathlib"),
        kind="overhead",
        target=20,
    )


def test_planning_ten_thousand_cells(against, benchmark, write_suite, size):
    """The reference hashes as many keys as long, which no plan can do without."""
    benchmark.group = "plan of 10,000 cells"
    path = write_suite(classifiers=TEN, repetitions=size(10_000) // 10)
    fields = make_plan(bench.load_suite(path)).cells[0].fields

    def plan():
        cells = make_plan(bench.load_suite(path)).cells
        assert len({cell.key for cell in cells}) == size(10_000)

    def hash_keys():
        for i in range(size(10_000)):
            text = json.dumps(fields | {"repetition": i}, sort_keys=True)
            hashlib.sha256(text.encode()).hexdigest()

    against(plan, hash_keys, kind="overhead", target=10, unit="cells",
            units=size(10_000))  # fmt: skip


def test_reading_ten_thousand_results(against, benchmark, write_suite, size, tmp_path):
    """The reference reads and checks the same files, without making a table."""
    benchmark.group = "table of 10,000 stored cells"
    path = write_suite(classifiers=["GNB"], repetitions=size(10_000))
    plan = make_plan(bench.load_suite(path))
    store = Store(tmp_path / "store")
    results, packed = results_like(plan)
    store.put_all((result, packed) for result in results)

    def read():
        assert len(bench.read_results(plan, store)) == size(10_000)

    def read_files():
        for file in (tmp_path / "store").glob("*.jsonl"):
            arrays = file.with_suffix(".arrays").read_bytes()
            for line in file.read_bytes().splitlines():
                hashlib.sha256(line).hexdigest()
                _, offset, size = json.loads(line)["arrays"]
                hashlib.sha256(arrays[offset : offset + size]).hexdigest()

    against(read, read_files, kind="overhead", target=10, rounds=3, unit="cells",
            units=size(10_000))  # fmt: skip


def results_like(plan):
    """Return a result of each cell, and packed arrays that they all have."""
    [(result, arrays)] = compute((plan.cells[0],))
    results = [
        replace(result, key=cell.key, fields=cell.fields, repetition=cell.repetition)
        for cell in plan.cells
    ]
    return results, pack(arrays)


def test_storing_ten_thousand_results(against, benchmark, write_suite, size, tmp_path):
    """The reference appends the same bytes to two files, flushed as often."""
    benchmark.group = "10,000 results stored, 20 at once"
    n, at_once = size(10_000), 20
    path = write_suite(classifiers=["GNB"], repetitions=n)
    results, packed = results_like(make_plan(bench.load_suite(path)))
    rounds = iter(range(100))

    def put():
        store = Store(tmp_path / str(next(rounds)))
        for start in range(0, n, at_once):
            store.put_all((r, packed) for r in results[start : start + at_once])

    documents = [asdict(result) for result in results]

    def append():
        folder = tmp_path / str(next(rounds))
        folder.mkdir()
        with (folder / "a").open("wb") as arrays, (folder / "b").open("wb") as lines:
            for start in range(0, n, at_once):
                some = documents[start : start + at_once]
                texts = [json.dumps(document).encode() for document in some]
                for file, parts in ((arrays, [packed] * len(some)), (lines, texts)):
                    file.write(b"\n".join(parts))
                    file.flush()
                    os.fsync(file.fileno())

    against(put, append, kind="overhead", target=4, rounds=3, unit="cells",
            units=n)  # fmt: skip


def test_the_status_of_ten_thousand_results(
    against, benchmark, write_suite, size, tmp_path
):
    """The reference splits the same files into lines and reads no key of them."""
    benchmark.group = "status of 10,000 stored results"
    n = size(10_000)
    path = write_suite(classifiers=["GNB"], repetitions=n)
    results, packed = results_like(make_plan(bench.load_suite(path)))
    Store(tmp_path).put_all((result, packed) for result in results)

    def statuses():
        assert len(Store(tmp_path).statuses()) == n

    def split():
        for file in tmp_path.glob("*.jsonl"):
            with file.open("rb") as lines:
                assert sum(1 for _ in lines) == n

    against(statuses, split, kind="overhead", target=10, rounds=3, unit="cells",
            units=n)  # fmt: skip


def run_some(path, store, n_cells, jobs=2):
    """Run a suite; return the seconds of wall clock between first and last result."""
    times = []
    run_plan(
        make_plan(bench.load_suite(path)),
        Store(store),
        LocalEngine(jobs),
        lambda *_: times.append(time.perf_counter()),
    )
    assert len(times) == n_cells
    return times[-1] - times[0]


def test_a_cell_costs_little(against, benchmark, write_suite, size, tmp_path):
    """The reference draws, fits and predicts in one process, one cell after another.

    Ours isolates, watches, scores and stores each, on as many processes as the
    machine has cores.
    """
    benchmark.group = "1000 cells of GNB"
    n = size(1000)
    path = write_suite(
        classifiers=["GNB"], datasets=[DATASET], repetitions=n, audits=False
    )
    recipe = make_plan(bench.load_suite(path)).datasets[0]
    rounds = iter(range(100))

    def bare():
        for repetition in range(n):
            data = make_dataset(recipe, repetition)
            fitted = GaussianNB().fit(data.X_train, data.y_train)
            fitted.predict(data.X_test)

    against(lambda: run_some(path, tmp_path / str(next(rounds)), n), bare,
            kind="overhead", target=10, rounds=2, unit="cells", units=n)  # fmt: skip


@pytest.mark.slow
def test_the_cost_of_a_cell_does_not_grow(benchmark, write_suite, size, tmp_path):
    benchmark.group = "cost of a cell in a run of 3000 against one of 100"
    few, many = size(100), size(3000) + 1

    def cost(n):
        path = write_suite(
            classifiers=["GNB"], datasets=[DATASET], repetitions=n, audits=False
        )
        return run_some(path, tmp_path / f"store-{n}", n) / (n - 1)

    short = statistics.median(cost(n) for n in (few - 2, few - 1, few))
    long = benchmark.pedantic(cost, args=[many], rounds=1)
    benchmark.extra_info |= {
        "kind": "overhead",
        "target": 1.25,
        "ratio": long / short,
        "milliseconds a cell": 1000 * long,
    }


BARE = """
import numpy as np, torch, sys
sys.path.insert(0, {folder!r})
torch.set_num_threads(1)
from bench.discriminators.nets import {network}
from references import train_bare
X = np.random.default_rng(0).standard_normal((2000, 100)).astype(np.float32)
y = np.arange(2000) % 2
train_bare({network}(n_points=100), X, y, epochs=3, iterations=1, batch_size=2000,
           lr=1e-3)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "network"), [("SD", "SD"), ("CSD", "CSD")])
def test_the_memory_of_a_cell(benchmark, write_suite, tmp_path, name, network):
    """Largest resident memory, in MiB, against a bare script that trains the same."""
    benchmark.group = f"memory of a cell, {name}"
    dataset = yaml_text.SUITE["datasets"][0] | {
        "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 100},
        "dtype": "float32",
        "train": 1000,
        "test": 1000,
    }
    classifier = {"use": name, "params": {"max_epochs": 3, "batch_size": None}}
    path = write_suite(datasets=[dataset], classifiers=[classifier], repetitions=1)
    folder = str(Path(references.__file__).parent)
    bare = references.run_python(BARE.format(network=network, folder=folder))
    benchmark.pedantic(bench.run_suite, args=[path, 1, tmp_path / "store"], rounds=1)
    ours = bench.read_results(path, tmp_path / "store")["peak_rss_mib"][0]
    benchmark.extra_info |= {
        "kind": "overhead",
        "target": 1 + 150 / bare,
        "ratio": ours / bare,
        "peak_mib": ours,
        "reference_peak_mib": bare,
    }
    assert ours < bare + 150
