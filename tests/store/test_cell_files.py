import errno
import json
import os
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
import stored

from bench.base.errors import StoreError
from bench.store import cell_files
from bench.store.result import STATUSES, from_file
from bench.store.store import Store

RESULT = stored.result_of()
RAW = stored.to_file(RESULT)


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
        result = from_file(path.read_bytes())
        path.write_bytes(stored.to_file(replace(result, **changes)))

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
    "json links to itself": ("json", make_endless_link, "it is not a regular file"),
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
    store = stored.put_files(tmp_path, sound, stored.result_of(2))
    damage(stored.path_of(tmp_path, sound.key, suffix))
    assert store.get(sound.key) is None
    path = stored.path_of(tmp_path, sound.key)
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


def test_a_shard_that_is_a_file_is_set_aside(tmp_path):
    store = Store(tmp_path)
    (tmp_path / RESULT.key[:2]).write_text("a file in place of a folder")
    assert store.get(RESULT.key) is None
    assert os.strerror(errno.ENOTDIR) in store.damaged[RESULT.key]
    store.set_aside(RESULT.key)
    assert stored.names(tmp_path / "damaged") == [RESULT.key[:2]]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    store = stored.put_files(tmp_path / "elsewhere", RESULT)
    (tmp_path / "store").mkdir()
    shard = RESULT.key[:2]
    (tmp_path / "store" / shard).symlink_to(tmp_path / "elsewhere" / shard)
    assert store.get(RESULT.key).status == "done"
    store = Store(tmp_path / "store")
    assert store.get(RESULT.key) is None
    assert "its folder is a symbolic link" in store.damaged[RESULT.key]


def test_files_that_were_set_aside_earlier_are_kept(tmp_path):
    store = Store(tmp_path)
    for text in ("first", "second", "third"):
        stored.put_files(tmp_path, RESULT)
        stored.path_of(tmp_path, RESULT.key).write_text(text)
        assert store.get(RESULT.key) is None
        aside = store.set_aside(RESULT.key)
    assert sorted(p.read_text() for p in aside.glob("*.json*")) == [
        "first", "second", "third"]  # fmt: skip


def test_arrays_of_objects_are_never_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = stored.put_files(tmp_path / "store", RESULT)
    write_objects(stored.path_of(tmp_path / "store", RESULT.key, "npz"))
    with pytest.raises(StoreError, match="expected arrays"):
        store.arrays(RESULT.key)
    assert not (tmp_path / "opened").exists()


def test_results_are_read_as_they_are(tmp_path):
    failed = stored.result_of(1, "failed", warnings=("a", "b (×2)"), peak_rss_mib=1.5)
    store = stored.put_files(tmp_path, failed, RESULT)
    before = stored.content(tmp_path)
    assert store.get(failed.key).error == {"type": "RuntimeError", "message": "no luck"}
    assert store.log(failed.key) == "raised in number 1"
    assert replace(store.get(RESULT.key), arrays_sha256=None) == RESULT
    for name, array in store.arrays(RESULT.key).items():
        np.testing.assert_array_equal(array, stored.ARRAYS[name])
    path = stored.path_of(tmp_path, RESULT.key)
    assert store.written(RESULT.key) == path.stat().st_mtime
    assert store.where(RESULT.key) == str(path)
    assert list(store.keys()) == sorted([failed.key, RESULT.key])
    assert store.statuses() == {failed.key: "failed", RESULT.key: "done"}
    assert stored.content(tmp_path) == before


def test_invalid_bytes_of_a_log_are_replaced(tmp_path):
    store = stored.put_files(tmp_path, stored.result_of(0, "failed"))
    stored.path_of(tmp_path, RESULT.key, "log").write_bytes(b"raised \xff here")
    assert store.log(RESULT.key) == "raised \N{REPLACEMENT CHARACTER} here"


@pytest.mark.parametrize("status", [s for s in STATUSES if s != "done"])
def test_a_done_result_counts_before_any_other_whichever_format(tmp_path, status):
    other = stored.result_of(0, status)
    store = stored.put_files(tmp_path / "a", other)
    assert stored.put(store, RESULT).status == "done"
    assert store.get(RESULT.key).status == "done"
    assert store.statuses() == {RESULT.key: "done"}
    assert store.log(RESULT.key) == ""
    store = stored.put_files(tmp_path / "b", RESULT)
    assert stored.put(store, other).status == "done"
    assert store.statuses() == {RESULT.key: "done"}
    assert not any(path.read_bytes() for path in store.folder.glob("*.jsonl"))


def test_a_done_result_is_replaced_if_it_is_asked_to(tmp_path):
    store = stored.put_files(tmp_path, RESULT)
    other = replace(RESULT, test={"accuracy": 0.75})
    assert store.put(other, stored.ARRAYS, replaces=True).test == {"accuracy": 0.75}
    assert Store(tmp_path).get(RESULT.key).test == {"accuracy": 0.75}


def test_scores_are_added_beside_and_keep_the_time(tmp_path):
    store = stored.put_files(tmp_path, RESULT)
    before = stored.content(tmp_path)
    written = store.written(RESULT.key)
    scores = {"train": 0.5, "test": None, "problem": ""}
    store.add_scores(RESULT.key, {"own": scores})
    found = Store(tmp_path)
    assert found.get(RESULT.key).own_scores == {"own": scores}
    assert found.written(RESULT.key) == pytest.approx(written, abs=1e-5)
    assert sorted(found.arrays(RESULT.key)) == sorted(stored.ARRAYS)
    assert before.items() <= stored.content(tmp_path).items()


def test_only_temporary_files_of_ended_runs_are_deleted(tmp_path):
    shard = tmp_path / RESULT.key[:2]
    shard.mkdir()
    host, key = cell_files._HOST, RESULT.key
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
    store = stored.put_files(tmp_path, RESULT)
    shard = stored.path_of(tmp_path, RESULT.key).parent
    wrong = "0" * 64 if RESULT.key[:2] != "00" else "1" * 64
    for name in ("notes.txt", "a.json", f"{RESULT.key}.json.bak", f"{wrong}.json"):
        (shard / name).write_text("{}")
    (tmp_path / "file").touch()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / f"{RESULT.key}.json").touch()
    assert list(store.keys()) == [RESULT.key]


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
        path = stored.path_of(tmp_path, f"{number:064x}")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert list(store.timings(100)) == [({"a": 1}, 2.5)]
    assert list(store.timings(0)) == []
    assert list(Store(tmp_path / "none").timings(100)) == []
