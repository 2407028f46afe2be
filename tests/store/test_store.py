import errno
import io
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import stored
from bench_process import BenchProcess

from bench.analysis.results import read_results
from bench.base.errors import StoreError
from bench.store import store as store_module
from bench.store.result import STATUSES, from_json, to_json
from bench.store.store import Store

SCORES = ["suite", "dataset", "repetition", "classifier", "status", "train_accuracy",
          "test_accuracy", "data_hash", "error", "key"]  # fmt: skip
RESULT = stored.result_of()
RAW = to_json(RESULT)


class Opened:
    """Unpickled, it leaves a file behind."""

    def __reduce__(self):
        return os.mkdir, ("opened",)


def cut(n_bytes):
    def damage(path):
        path.write_bytes(path.read_bytes()[:n_bytes])

    return damage


def flip(position):
    def damage(path):
        raw = bytearray(path.read_bytes())
        raw[int(position * len(raw))] ^= 1
        path.write_bytes(raw)

    return damage


def write(raw):
    return lambda path: path.write_bytes(raw)


def change(**changes):
    """Change fields of a result and give it a checksum that is right."""

    def damage(path):
        result = from_json(path.read_bytes())
        path.write_bytes(to_json(replace(result, **changes)))

    return damage


def drop_a_field(path):
    document = json.loads(path.read_bytes())
    del document["threads"]
    path.write_text(json.dumps(document))


def make_folder(path):
    path.unlink()
    path.mkdir()
    (path / "inside").touch()


def make_endless_link(path):
    path.unlink()
    path.symlink_to(path.name)


def make_pipe(path):
    path.unlink()
    os.mkfifo(path)


def make_shard_a_file(path):
    for other in path.parent.iterdir():
        other.unlink()
    path.parent.rmdir()
    path.parent.write_text("a file in place of a folder")


def write_objects(path):
    np.savez(path, labels_test=np.array([Opened()], object), allow_pickle=True)


DAMAGES = {
    "json cut to nothing": ("json", cut(0), "truncated, or not JSON"),
    "json cut to a byte": ("json", cut(1), "truncated, or not JSON"),
    "json cut to its half": ("json", cut(400), "truncated, or not JSON"),
    "json without its last byte": ("json", cut(-1), "truncated, or not JSON"),
    "a flipped byte of the json": ("json", flip(0.5), ""),
    "json is something else": ("json", write(b'{"a": [1, 2]}'), "not a result of"),
    "json is a number": ("json", write(b"7"), "not a result of"),
    "json is binary": ("json", write(bytes(range(256))), "truncated, or not JSON"),
    "json lacks a field": ("json", drop_a_field, "not match"),
    "json unsigned": ("json", write(RAW.replace(b"checksum", b"sum")), "not match"),
    "deep json": ("json", write(b'{"a":' * 200_000), "truncated, or not JSON"),
    "the json of another": ("json", write(RAW), "the result of another key"),
    "scores in words": ("json", change(test={"accuracy": "good"}), "field 'test'"),
    "a status of its own": ("json", change(status="splendid"), "field 'status'"),
    "done without arrays": ("json", change(arrays_sha256=None), "without predictions"),
    "json is a folder": ("json", make_folder, "it is not a regular file"),
    "json links to itself": ("json", make_endless_link, os.strerror(errno.ELOOP)),
    "json is a pipe": ("json", make_pipe, "it is not a regular file"),
    "npz empty": ("npz", cut(0), "do not match their checksum"),
    "npz cut": ("npz", cut(100), "do not match their checksum"),
    "a flipped byte of the npz": ("npz", flip(0.3), "do not match their checksum"),
    "the last byte of the npz": ("npz", flip(0.9999), "do not match their checksum"),
    "npz is missing": ("npz", os.unlink, "missing, or not a file"),
    "npz holds objects": ("npz", write_objects, "do not match their checksum"),
    "npz is a folder": ("npz", make_folder, "missing, or not a file"),
    "npz is a pipe": ("npz", make_pipe, "missing, or not a file"),
    "npz links to itself": ("npz", make_endless_link, "missing, or not a file"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_result_is_never_trusted(tmp_path, name):
    suffix, damage, said = DAMAGES[name]
    sound = stored.result_of(1)
    store = stored.store_of(tmp_path / "store", sound, stored.result_of(2))
    damage(store.path(sound.key, suffix))
    assert store.get(sound.key) is None
    path = store.path(sound.key, "json")
    assert store.damaged[sound.key].startswith(f"{path}: ")
    assert said in store.damaged[sound.key]
    aside = store.set_aside(sound.key)
    assert any(name.startswith(sound.key) for name in stored.names(aside))
    assert store.get(sound.key) is None
    assert not store.damaged  # missing by now, and no longer damaged
    stored.put(store, sound)
    assert store.get(sound.key).test == sound.test
    assert store.get(stored.result_of(2).key).status == "done"
    assert not (tmp_path / "opened").exists()


def test_a_run_computes_damaged_results_again(write_suite, bench_run, tmp_path):
    path = write_suite(classifiers=["GNB"], repetitions=len(DAMAGES) + 2)
    command = ["run", path, "-d", "grid", "-j", 2]
    assert bench_run(*command)[0] == 0
    store = Store(tmp_path / "data" / "store")
    before = read_results(path, store)
    keys = list(before["key"])
    shards = [key[:2] for key in keys]
    alone = next(key for key in keys if shards.count(key[:2]) == 1)
    make_shard_a_file(store.path(alone, "json"))
    *damaged, sound = (key for key in keys if key != alone)
    for key, (suffix, damage, _) in zip(damaged, DAMAGES.values(), strict=True):
        damage(store.path(key, suffix))
    kept = store.path(sound, "npz").stat().st_mtime_ns
    foreign = [
        store.path(sound, "json").with_name(name)
        for name in ("notes.txt", "other.json", ".other.tmp", f"{alone}.json")
    ]
    for place in (*foreign, store.folder / "README"):
        place.write_text("foreign")

    code, _, err = bench_run(*command)

    assert code == 0
    after = read_results(path, store)
    pd.testing.assert_frame_equal(after[SCORES], before[SCORES])
    assert (
        err.count("; set aside in data/store/damaged, computed again") == len(keys) - 1
    )
    aside = stored.names(store.folder / "damaged")
    assert alone[:2] in aside
    for key in damaged:
        assert f"{key}.json: " in err
        assert any(name.startswith(key) for name in aside)
    assert store.path(sound, "npz").stat().st_mtime_ns == kept
    assert all(place.read_text() == "foreign" for place in foreign)
    assert bench_run(*command)[2].count("set aside") == 0


@pytest.mark.parametrize("suffix", ["npz", "log"])
def test_a_folder_in_the_place_of_a_file_is_set_aside(tmp_path, suffix):
    store = Store(tmp_path / "store")
    store.path(RESULT.key, suffix).mkdir(parents=True)
    stored.put(store, RESULT)
    assert store.get(RESULT.key).status == "done"
    assert stored.names(tmp_path / "store" / "damaged") == [f"{RESULT.key}.{suffix}"]


def test_files_that_were_set_aside_earlier_are_kept(tmp_path):
    store = Store(tmp_path / "store")
    for text in ("first", "second", "third"):
        stored.put(store, RESULT)
        store.path(RESULT.key, "json").write_text(text)
        assert store.get(RESULT.key) is None
        aside = store.set_aside(RESULT.key)
    assert sorted(p.read_text() for p in aside.glob("*.json*")) == [
        "first", "second", "third"]  # fmt: skip


def test_a_result_that_another_run_has_computed_again_is_not_set_aside(tmp_path):
    store = stored.store_of(tmp_path / "store", RESULT)
    store.path(RESULT.key, "npz").unlink()
    assert store.get(RESULT.key) is None
    stored.put(Store(tmp_path / "store"), RESULT)
    store.set_aside(RESULT.key)
    assert store.get(RESULT.key).status == "done"


def test_arrays_of_objects_are_never_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = stored.store_of(tmp_path / "store", RESULT)
    write_objects(store.path(RESULT.key, "npz"))
    with pytest.raises(StoreError, match="expected arrays"):
        store.arrays(RESULT.key)
    assert not (tmp_path / "opened").exists()


def test_a_result_is_read_as_it_was_written(tmp_path):
    failed = stored.result_of(1, "failed", warnings=("a", "b (×2)"), peak_rss_mib=1.5)
    store = stored.store_of(tmp_path / "store", failed, RESULT)
    back = store.get(failed.key)
    assert back.error == {"type": "RuntimeError", "message": "no luck"}
    assert replace(back, error=failed.error) == failed
    assert store.log(failed.key) == "raised in number 1"
    assert replace(store.get(RESULT.key), arrays_sha256=None) == RESULT
    for name, array in store.arrays(RESULT.key).items():
        np.testing.assert_array_equal(array, stored.ARRAYS[name])
    assert sorted(store.keys()) == sorted([failed.key, RESULT.key])


def test_text_that_utf_8_cannot_encode_is_stored_escaped(tmp_path):
    error = dict.fromkeys(("type", "message", "traceback"), "odd \ud800 text")
    store = Store(tmp_path)
    put = store.put(
        stored.result_of(0, "failed", error=error, warnings=("\udfff",)), None
    )
    assert put == store.get(put.key)
    assert put.error["message"] == "odd \\ud800 text"
    assert put.warnings == ("\\udfff",)
    assert store.log(put.key) == "odd \\ud800 text"


def test_invalid_bytes_of_a_log_are_replaced(tmp_path):
    store = stored.store_of(tmp_path, stored.result_of(0, "failed"))
    store.path(RESULT.key, "log").write_bytes(b"raised \xff here")
    assert store.log(RESULT.key) == "raised \N{REPLACEMENT CHARACTER} here"


@pytest.mark.parametrize("status", [s for s in STATUSES if s != "done"])
def test_a_done_result_replaces_any_other_and_is_never_replaced(tmp_path, status):
    other = stored.result_of(0, status)
    store = stored.store_of(tmp_path, other)
    assert stored.put(store, RESULT).status == "done"
    assert not store.path(RESULT.key, "log").exists()
    before = stored.content(tmp_path)
    assert stored.put(store, other) == store.get(RESULT.key)
    assert stored.content(tmp_path) == before


def test_a_done_result_replaces_one_if_it_is_asked_to(tmp_path):
    store = stored.store_of(tmp_path, RESULT)
    other = replace(RESULT, test={"accuracy": 0.75})
    arrays = stored.ARRAYS | {"kind": np.array("probability")}
    kept = store.put(stored.result_of(0, "failed"), None, replaces=True)
    assert kept.test == store.get(RESULT.key).test == {"accuracy": 0.5}
    assert store.put(other, arrays, replaces=True).test == {"accuracy": 0.75}
    assert store.get(RESULT.key).test == {"accuracy": 0.75}
    assert str(store.arrays(RESULT.key)["kind"]) == "probability"
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("n_renamed", [0, 1])
def test_a_kill_while_one_replaces_another_loses_nothing(
    tmp_path, monkeypatch, n_renamed
):
    renamed = iter(range(n_renamed))
    rename = Path.replace

    def rename_some(path, target):
        if next(renamed, None) is None:
            raise KeyboardInterrupt
        return rename(path, target)

    store = stored.store_of(tmp_path, RESULT)
    other = replace(RESULT, test={"accuracy": 0.75})
    arrays = stored.ARRAYS | {"kind": np.array("probability")}
    monkeypatch.setattr("pathlib.Path.replace", rename_some)
    # The process ends there: the names of its temporary files are of a dead one.
    monkeypatch.setattr("os.getpid", lambda: max(psutil.pids()) + 100_000)
    with pytest.raises(KeyboardInterrupt):
        store.put(other, arrays, replaces=True)
    monkeypatch.undo()
    store.sweep()
    assert store.get(RESULT.key).test == {"accuracy": 0.75 if n_renamed else 0.5}
    assert not store.damaged
    assert not list(tmp_path.rglob("*.tmp"))


def test_only_temporary_files_of_ended_runs_are_deleted(tmp_path):
    shard = tmp_path / RESULT.key[:2]
    shard.mkdir()
    host, key = store_module._HOST, RESULT.key
    dead = max(psutil.pids()) + 100_000
    old = time.time() - 2 * 86_400
    swept = {
        f".{key}.json.{host}.{dead}.tmp": None,
        f".{key}.npz.{'0' * 8}.{dead}.tmp": old,
    }
    left = {
        f".{key}.json.{host}.{os.getpid()}.tmp": None,  # of a run that is alive
        f".{key}.npz.{'0' * 8}.{dead + 1}.tmp": None,  # perhaps alive, elsewhere
        f".{key}.json.{host}.{2**63}.tmp": old,  # no process has this number
        ".notes.tmp": old,
        ".a.b.c.d.tmp": old,
        "..tmp": old,
    }
    for name, changed in (swept | left).items():
        (shard / name).touch()
        if changed is not None:
            os.utime(shard / name, (changed, changed))
    Store(tmp_path).sweep()
    assert stored.names(shard) == sorted(left)


def test_only_results_have_keys(tmp_path):
    store = stored.store_of(tmp_path, RESULT)
    shard = store.path(RESULT.key, "json").parent
    wrong = "0" * 64 if RESULT.key[:2] != "00" else "1" * 64
    for name in ("notes.txt", "a.json", f"{RESULT.key}.json.bak", f"{wrong}.json"):
        (shard / name).write_text("{}")
    (tmp_path / "file").touch()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / f"{RESULT.key}.json").touch()
    assert list(store.keys()) == [RESULT.key]


def no_space(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_only(*_, **__):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


FULL = (
    "full: cannot be used ({}); check that it is a folder, its permissions and the "
    "free space, or choose another folder with --store"
)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("os.fsync", no_space),
        ("pathlib.Path.replace", no_space),
        ("pathlib.Path.mkdir", read_only),
    ],
)
def test_a_store_that_cannot_be_written_is_a_store_error(
    tmp_path, monkeypatch, name, fault
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(name, fault)
    with pytest.raises(OSError, match=r"No space|Read-only") as caught:
        fault()
    with pytest.raises(StoreError) as said:
        stored.put(Store(Path("full")), RESULT)
    assert str(said.value) == FULL.format(caught.value.strerror)
    assert not stored.content(tmp_path)


def test_a_run_on_a_full_disk_ends_in_one_error(
    write_suite, bench_run, tmp_path, monkeypatch
):
    path = write_suite(classifiers=["GNB"], repetitions=2)
    monkeypatch.setattr("os.fsync", no_space)
    code, out, err = bench_run("run", path, "--store", "full")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"bench: {FULL.format(os.strerror(errno.ENOSPC))}"
    assert "Traceback" not in err
    assert stored.content(tmp_path) == {path.name: path.read_bytes()}


@pytest.mark.parametrize("place", ["a file", "a file/store", "a link"])
def test_a_store_that_is_not_a_folder_is_a_store_error(tmp_path, place):
    (tmp_path / "a file").write_text("words")
    (tmp_path / "a link").symlink_to("a file")
    store = Store(tmp_path / place)
    store.sweep()
    assert not list(store.keys())
    with pytest.raises(StoreError, match=r"cannot be used \(Not a directory\)"):
        store.get(RESULT.key)
    with pytest.raises(StoreError, match="cannot be used"):
        stored.put(store, RESULT)
    assert (tmp_path / "a file").read_text() == "words"


def test_damaged_files_that_cannot_be_set_aside_end_the_run_in_one_line(
    write_suite, bench_run, tmp_path
):
    path = write_suite(classifiers=["GNB"], repetitions=1)
    plan = stored.plan_of(path)
    store = Store(tmp_path / "data" / "store")
    stored.put_cells(plan, store)
    store.path(plan.cells[0].key, "json").write_text("damaged")
    (store.folder / "damaged").write_text("a file in the way")
    code, _, err = bench_run("run", path)
    assert code == 2
    assert "data/store/damaged: cannot be used (File exists)" in err.splitlines()[-1]
    assert store.path(plan.cells[0].key, "json").read_text() == "damaged"


def test_writing_is_tried_three_times(tmp_path, monkeypatch):
    faults = iter([no_space, no_space])
    fsync = os.fsync
    monkeypatch.setattr("bench.store.store.time.sleep", lambda _: None)
    monkeypatch.setattr("os.fsync", lambda f: next(faults, fsync)(f))
    store = stored.store_of(tmp_path, RESULT)
    assert store.get(RESULT.key).status == "done"
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("n_renamed", [0, 1])
def test_an_interrupt_while_writing_leaves_the_earlier_result(
    tmp_path, monkeypatch, n_renamed
):
    renamed = iter(range(n_renamed))
    rename = Path.replace

    def rename_some(path, target):
        if next(renamed, None) is None:
            raise KeyboardInterrupt
        return rename(path, target)

    store = stored.store_of(tmp_path, stored.result_of(0, "failed"))
    monkeypatch.setattr("pathlib.Path.replace", rename_some)
    with pytest.raises(KeyboardInterrupt):
        stored.put(store, RESULT)
    monkeypatch.undo()
    assert store.get(RESULT.key).status == "failed"
    assert not list(tmp_path.rglob("*.tmp"))
    assert stored.put(store, RESULT).status == "done"


def test_two_runs_at_the_same_time_share_a_store(write_suite, tmp_path):
    entries = ["GNB", {"class": "fault_zoo.Slow"}]
    path = write_suite(classifiers=entries, repetitions=4, audits=False)
    runs = [BenchProcess(tmp_path, "run", path, "--out", name) for name in "ab"]
    ends = [run.finish() for run in runs]
    assert [code for code, _, _ in ends] == [0, 0], ends
    a, b = ((tmp_path / name / "results.csv").read_bytes() for name in "ab")
    assert a == b
    keys = pd.read_csv(io.BytesIO(a))["key"]
    store = Store(tmp_path / "data" / "store")
    files = [p.name for p in store.folder.rglob("*") if p.is_file()]
    assert sorted(files) == sorted(f"{k}.{s}" for k in keys for s in ("json", "npz"))
    assert {store.get(key).status for key in keys} == {"done"}
    assert len(keys) == 8


OTHER_RUN = """
import sys
from pathlib import Path
import stored

stored.store_of(Path(sys.argv[1]), stored.result_of())
"""


def test_a_failed_result_does_not_replace_a_done_one_of_another_run(
    tmp_path, monkeypatch
):
    # The other run comes after we have looked, and before we rename.
    others = []
    rename = Path.replace

    def rename_late(path, target):
        if not others:
            others.append(
                subprocess.Popen(
                    [sys.executable, "-c", OTHER_RUN, os.fspath(tmp_path)],
                    env=os.environ
                    | {"PYTHONPATH": os.fspath(Path(__file__).parents[1] / "support")},
                )
            )
            while not list(tmp_path.rglob(f".*.json.*.{others[0].pid}.tmp")):
                assert others[0].poll() is None
                time.sleep(0.01)
            time.sleep(0.3)  # without a lock it would be done by then
        return rename(path, target)

    monkeypatch.setattr("pathlib.Path.replace", rename_late)
    store = stored.store_of(tmp_path, stored.result_of(0, "failed"))
    assert others[0].wait(timeout=60) == 0
    assert store.get(RESULT.key).status == "done"
    assert stored.names(store.path(RESULT.key, "json").parent) == [
        f"{RESULT.key}.json", f"{RESULT.key}.npz"]  # fmt: skip


def test_timings_are_read_without_checks_and_what_is_broken_is_left_out(tmp_path):
    store = Store(tmp_path)
    texts = [
        '{"fields": {"a": 1}, "seconds": 2.5, "target": ""}',
        '{"fields": {"a": 2}, "seconds": 9.0, "target": "other"}',  # not a fit
        '{"fields": {"a": 3}, "seconds": null}',
        '{"fields": [], "seconds": 1}',
        '{"seconds": 1}',
        "{",
        "[1]",
        '{"fields": {}, "seconds": NaN}',
    ]
    for number, text in enumerate(texts):
        path = store.path(f"{number:064x}", "json")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert list(store.timings(100)) == [({"a": 1}, 2.5)]
    assert list(store.timings(0)) == []
    assert list(Store(tmp_path / "none").timings(100)) == []
