import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import stored

from bench.base.errors import StoreError
from bench.store import clean, segments
from bench.store.arrays import pack
from bench.store.clean import Unnamed, clean_store, unnamed_results
from bench.store.store import Store

RESULTS = [stored.result_of(n, "failed" if n == 3 else "done") for n in range(8)]
KEYS = [result.key for result in RESULTS]
NAMED = set(KEYS[:4])


def contents(folder):
    store = Store(folder)
    found = {}
    for key in store.keys():  # noqa: SIM118 (a method of ours)
        result = store.get(key)
        arrays = store.packed(key) if result.arrays_sha256 else b""
        found[key] = (result, arrays, store.log(key), store.written(key))
    assert not store.damaged
    return found


def size(folder):
    return sum(path.stat().st_size for path in folder.glob("*"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A store of several pairs of files, all closed."""
    monkeypatch.setattr(segments, "_LARGEST", 3000)
    stored.store_of(tmp_path / "store", *RESULTS)
    assert len(stored.names(tmp_path / "store")) >= 6
    return tmp_path / "store"


def test_what_is_not_named_goes_and_the_rest_is_as_before(folder):
    before = contents(folder)
    bytes_before = size(folder)
    sizes = [
        len(stored.line_of(Store(folder), key)[2])
        + stored.arrays_of(Store(folder), key)[2]
        for key in KEYS[4:]
    ]
    assert unnamed_results(folder, NAMED) == [Unnamed("grid", "KNN", 4, sum(sizes))]
    assert contents(folder) == before
    given_back = clean_store(folder, NAMED)
    assert contents(folder) == {key: before[key] for key in NAMED}
    assert given_back == bytes_before - size(folder) > bytes_before / 3
    assert clean_store(folder, NAMED) == 0
    assert clean_store(folder, set()) > 0
    assert stored.names(folder) == []


def test_files_in_which_nothing_goes_are_left_alone(folder):
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    store = Store(folder)
    first = stored.line_of(store, KEYS[0])[0].name
    last = stored.line_of(store, KEYS[7])[0].name
    assert first != last
    clean_store(folder, set(KEYS[:7]))
    after = {path.name: path.stat().st_ino for path in folder.iterdir()}
    assert after[first] == before[first]
    assert last not in after


def test_what_counts_no_more_goes(folder):
    store = Store(folder)
    better = replace(RESULTS[0], test={"accuracy": 0.75})
    store.put(better, stored.ARRAYS, replaces=True)
    store.add_scores(KEYS[1], {"own": {"train": 1.0, "test": 1.0, "problem": ""}})
    stored.damage(store, KEYS[2])
    stored.damage(store, KEYS[4], "npz")
    store.set_aside(KEYS[4])
    del store
    clean_store(folder, set(KEYS))
    after = contents(folder)
    assert after.keys() == set(KEYS) - {KEYS[2], KEYS[4]}
    assert after[KEYS[0]][0].test == {"accuracy": 0.75}
    assert after[KEYS[1]][0].own_scores["own"]["train"] == 1.0
    assert sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl")) == 6
    assert f"{KEYS[2]}.json" in stored.names(folder / "damaged")


def test_arrays_of_another_pair_stay_where_a_line_needs_them(folder):
    store = Store(folder)
    store.add_scores(KEYS[0], {"own": {"train": 1.0, "test": 1.0, "problem": ""}})
    del store
    before = contents(folder)
    clean_store(folder, {KEYS[0]})
    assert contents(folder) == {KEYS[0]: before[KEYS[0]]}


def test_older_results_go_as_well(tmp_path):
    stored.put_files(tmp_path, *RESULTS)
    before = contents(tmp_path)
    clean_store(tmp_path, NAMED)
    assert contents(tmp_path) == {key: before[key] for key in NAMED}


def test_nothing_is_removed_while_another_process_writes(folder):
    before = stored.content(folder)
    writer = Store(folder)
    writer.hold()
    with pytest.raises(StoreError, match="another process writes to this store"):
        clean_store(folder, NAMED)
    assert before.items() <= stored.content(folder).items()
    del writer
    assert clean_store(folder, NAMED) > 0


def test_files_that_another_machine_wrote_just_now_are_not_touched(folder, monkeypatch):
    monkeypatch.setattr(clean, "is_of_this_machine", lambda _: False)
    with pytest.raises(StoreError, match="on another machine within the last hour"):
        clean_store(folder, NAMED)
    old = time.time() - 2 * 3600
    for path in folder.iterdir():
        os.utime(path, (old, old))
    assert clean_store(folder, NAMED) > 0


def test_a_run_that_begins_meanwhile_loses_nothing(folder, monkeypatch):
    """It has read the store before, and writes as soon as the lock is free."""
    reader = Store(folder)
    assert len(reader.statuses()) == 8
    results = reader.read_all(KEYS[:4])
    assert next(results).key == KEYS[0]
    clean_store(folder, NAMED)
    assert [result.key for result in results] == KEYS[1:4]
    stored.put(reader, RESULTS[5])
    assert Store(folder).statuses().keys() == {*KEYS[:4], KEYS[5]}


def test_a_writer_whose_files_were_deleted_begins_others(tmp_path):
    store = stored.store_of(tmp_path, RESULTS[0])
    for path in tmp_path.iterdir():
        path.unlink()
    store.put_all([(RESULTS[1], pack(stored.ARRAYS))])
    assert Store(tmp_path).statuses() == {KEYS[1]: "done"}


KILLED = """
import os, signal, sys
from pathlib import Path
from bench.store import clean, segments

segments._LARGEST = 3000
clean._BATCH_BYTES = 2000
left = iter(range(int(sys.argv[2])))

def kill_at(function):
    def call(*arguments, **options):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

os.fsync = kill_at(os.fsync)
Path.unlink = kill_at(Path.unlink)
clean.clean_store(Path(sys.argv[1]), set(sys.argv[3:]))
"""


@pytest.mark.parametrize("steps", [0, 2, 4, 6])
def test_a_killed_cleaning_loses_nothing_and_goes_on(folder, steps):
    before = contents(folder)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(steps), *NAMED],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.returncode == -signal.SIGKILL
    after = contents(folder)
    assert after.items() <= before.items()
    assert after.keys() >= NAMED
    clean_store(folder, NAMED)
    assert contents(folder) == {key: before[key] for key in NAMED}
    assert {path.stem for path in folder.glob("*.arrays")} == {
        path.stem for path in folder.glob("*.jsonl")
    }


def test_a_full_disk_leaves_the_store_as_it_was(folder, monkeypatch):
    before = contents(folder)
    names = stored.names(folder)

    def no_space(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(StoreError, match="No space left"):
        clean_store(folder, NAMED)
    monkeypatch.undo()
    assert contents(folder) == before
    assert stored.names(folder) == names


def test_the_command_shows_first_and_removes_when_told(
    write_suite, bench_run, tmp_path
):
    path = write_suite(classifiers=["GNB"], repetitions=2)
    plan = stored.plan_of(path)
    store = Store(tmp_path / "data" / "store")
    stored.put_cells(plan, store)
    stored.put(store, stored.result_of(1))
    stored.put(store, stored.result_of(2))
    del store
    for words in ([], ["--dry-run"]):
        code, out, err = bench_run("store", "clean", path, *words)
        assert code == 0
        assert out.splitlines()[0].startswith("2 results of no named suite, ")
        assert out.splitlines()[1].startswith("  grid, KNN: 2, ")
        assert "nothing is removed without --yes" in err
    code, out, _ = bench_run("store", "clean", path, "--yes")
    assert code == 0
    assert out.startswith("2 results removed, ")
    kept = Store(tmp_path / "data" / "store").statuses()
    assert kept.keys() == {cell.key for cell in plan.cells}
    code, out, err = bench_run("store", "clean", path, "--store", "none")
    assert (code, out) == (2, "")
    assert err == "bench: no store at none; expected a folder\n"
