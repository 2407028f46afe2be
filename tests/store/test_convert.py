import os
import signal
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pytest
import stored

from bench.base.errors import MissingFileError
from bench.store.convert import convert_store
from bench.store.store import Store

OLD = [
    *(stored.result_of(n) for n in range(5)),
    stored.result_of(5, "failed"),
    replace(stored.result_of(6), classifier=""),  # an audit
]


def all_of(store):
    """Everything that can be read of the results."""
    found = {}
    for result in OLD:
        kept = store.get(result.key)
        packed = store.packed(result.key) if kept.arrays_sha256 else b""
        found[result.key] = (kept, sha256(packed).hexdigest(), store.log(result.key))
    return found


def test_a_converted_store_holds_the_same_results_and_times(tmp_path, bench_run):
    store = stored.put_files(tmp_path / "store", *OLD)
    before = all_of(store)
    times = {result.key: store.written(result.key) for result in OLD}
    code, out, err = bench_run("store", "convert", "store")
    assert (code, out, err) == (0, "7 converted, 0 damaged\n", "")
    store = Store(tmp_path / "store")
    assert all_of(store) == before
    for key, time in times.items():
        assert store.written(key) == pytest.approx(time, abs=1e-5)
    suffixes = {path.suffix for path in store.folder.iterdir()}
    assert suffixes == {".jsonl", ".arrays"}
    assert bench_run("store", "convert", "store")[1] == "0 converted, 0 damaged\n"


def test_what_is_damaged_is_told_and_left(tmp_path):
    stored.put_files(tmp_path, *OLD)
    path = stored.path_of(tmp_path, OLD[0].key, "npz")
    path.write_bytes(b"damaged")
    (tmp_path / "notes.txt").write_text("foreign")
    (tmp_path / OLD[1].key[:2] / "notes.txt").write_text("foreign")
    said = []
    assert convert_store(tmp_path, said.append) == {"converted": 6, "damaged": 1}
    assert len(said) == 1
    assert said[0].endswith("do not match their checksum; left where it is")
    assert path.read_bytes() == b"damaged"
    assert (tmp_path / "notes.txt").exists()
    assert (tmp_path / OLD[1].key[:2] / "notes.txt").exists()


def test_a_result_that_has_a_line_already_loses_its_files(tmp_path):
    store = stored.put_files(tmp_path, OLD[0], OLD[5])
    better = replace(OLD[0], test={"accuracy": 0.75})
    store.put(better, stored.ARRAYS, replaces=True)
    stored.put(store, replace(OLD[5], status="timeout"))
    del store
    assert convert_store(tmp_path) == {"converted": 2, "damaged": 0}
    store = Store(tmp_path)
    assert store.get(OLD[0].key).test == {"accuracy": 0.75}
    assert store.get(OLD[5].key).status == "timeout"
    assert len(stored.names(tmp_path)) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from bench.store import convert, cell_files

convert._BATCH = 2
left = iter(range(int(sys.argv[2])))

def kill_at(function):
    def call(*arguments, **options):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

os.fsync = kill_at(os.fsync)
Path.unlink = kill_at(Path.unlink)
convert.convert_store(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("steps", [0, 1, 3, 5, 8, 12])
def test_a_killed_conversion_goes_on(tmp_path, steps):
    """The kill comes before some flush, or before some file is deleted."""
    store = stored.put_files(tmp_path, *OLD)
    before = all_of(store)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(steps)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.returncode == -signal.SIGKILL
    assert all_of(Store(tmp_path)) == before
    assert convert_store(tmp_path)["damaged"] == 0
    assert all_of(Store(tmp_path)) == before
    assert not list(tmp_path.glob("??/*"))


def test_a_folder_that_is_missing_is_an_error(tmp_path, bench_run):
    with pytest.raises(MissingFileError, match="expected a folder"):
        convert_store(tmp_path / "none")
    code, out, err = bench_run("store", "convert", "none")
    assert (code, out) == (2, "")
    assert err == "bench: no store at none; expected a folder\n"
