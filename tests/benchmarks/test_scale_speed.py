"""A hundred thousand cells: their plan, their status, their table, and the memory."""

import hashlib
import json
import time
from dataclasses import asdict, replace
from functools import cache

import pytest
import references
import yaml_text

import bench
from bench.analysis import count_statuses
from bench.cells.compute import compute
from bench.cells.plan import make_plan
from bench.store import Store, pack

DATASET = yaml_text.SUITE["datasets"][0] | {"train": 50, "test": 50}
TEN = ["KNN", "SVC", "GP", "DT", "RF", "ADA", "GNB", "QDA", "MLP", "CHANCE"]
MOST_MIB = 400  # of the parent


@pytest.fixture
def n(benchmark):
    """Give the number of cells: the real one, or few where nothing is timed."""
    return 100_000 if benchmark.enabled else 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scale")


@pytest.fixture
def suite(folder, n):
    return suite_in(folder, n)


@pytest.fixture
def stored(folder, n):
    return store_in(folder, n)


@cache
def suite_in(folder, n):
    path = folder / f"suite-{n}.yaml"
    changes = {"repetitions": n // len(TEN), "audits": False, "datasets": [DATASET]}
    path.write_text(yaml_text.suite_text(classifiers=TEN, **changes))
    return path


@cache
def store_in(folder, n):
    """Store a result of every cell, and write the same as one plain file of lines."""
    plan = make_plan(bench.load_suite(suite_in(folder, n)))
    [(result, arrays)] = compute((plan.cells[TEN.index("GNB")],))
    packed = pack(arrays)
    store, plain = Store(folder / f"store-{n}"), folder / f"plain-{n}.jsonl"
    with plain.open("w") as lines:
        for start in range(0, n, 1000):
            batch = []
            for cell in plan.cells[start : start + 1000]:
                own = {"key": cell.key, "fields": cell.fields, "classifier": cell.name}
                own["data_hash"] = hashlib.sha256(b"%d" % cell.repetition).hexdigest()
                own["repetition"] = cell.repetition
                batch.append((replace(result, **own), packed))
                lines.write(json.dumps(asdict(batch[-1][0])) + "\n")
            store.put_all(batch)
    return plan, store.folder, plain, packed


def test_planning_a_hundred_thousand_cells(against, benchmark, suite, n):
    """The reference hashes as many short texts, which no keys can do without."""
    benchmark.group = "plan of 100,000 cells"

    def plan():
        assert len({cell.key for cell in make_plan(bench.load_suite(suite)).cells}) == n

    def hash_keys():
        begun = hashlib.sha256(b"fields that all cells share")
        keys = []
        for i in range(n):
            hasher = begun.copy()
            hasher.update(str(i).encode())
            keys.append((i, hasher.hexdigest()))
        assert len({key for _, key in keys}) == n

    against(plan, hash_keys, kind="overhead", target=10, rounds=3, unit="cells",
            units=n)  # fmt: skip


def test_the_status_of_a_hundred_thousand_cells(against, benchmark, stored, n):
    """The reference reads each line of a plain file as JSON and takes its status."""
    benchmark.group = "status of 100,000 stored cells"
    plan, folder, plain, _ = stored

    def status():
        counts = count_statuses(plan, Store(folder))
        assert sum(count["done"] for count in counts.values()) == n

    def read_lines():
        with plain.open() as lines:
            assert sum(json.loads(line)["status"] == "done" for line in lines) == n

    against(status, read_lines, kind="overhead", target=1, rounds=3, unit="cells",
            units=n)  # fmt: skip


def test_the_table_of_a_hundred_thousand_cells(against, benchmark, stored, n):
    """The reference reads each line of a plain file, and hashes as many arrays."""
    benchmark.group = "table of 100,000 stored cells"
    plan, folder, plain, packed = stored

    def read():
        assert len(bench.read_results(plan, Store(folder))) == n

    def read_lines():
        with plain.open() as lines:
            for line in lines:
                json.loads(line)
                hashlib.sha256(packed).hexdigest()

    against(read, read_lines, kind="overhead", target=10, rounds=3, unit="cells",
            units=n)  # fmt: skip


def test_the_memory_of_a_table(benchmark, suite, stored, folder):
    """Largest resident memory of a run whose cells are all stored, in MiB."""
    benchmark.group = "memory of a run of 100,000 stored cells"
    words = ["-q", "run", str(suite), "--no-report", "--store", str(stored[1])]
    code = f"from bench.cli import main; assert main({words!r}) == 0"
    began = time.perf_counter()
    peak = benchmark.pedantic(references.run_python, args=[code, folder], rounds=1)
    benchmark.extra_info |= {
        "kind": "overhead",
        "target": 1,
        "ratio": peak / MOST_MIB,
        "peak_mib": peak,
        "seconds": time.perf_counter() - began,
    }
    assert peak < MOST_MIB
