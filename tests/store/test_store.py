import errno
import io
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import stored
from bench_process import BenchProcess

from bench.analysis.results import read_results
from bench.base.errors import StoreError
from bench.store import segments
from bench.store.arrays import pack
from bench.store.lines import MAX_LINE, read_head, read_line, write_line
from bench.store.result import STATUSES, to_json
from bench.store.store import Store

SCORES = ["suite", "dataset", "repetition", "classifier", "status", "train_accuracy",
          "test_accuracy", "data_hash", "error", "key"]  # fmt: skip
RESULT = stored.result_of()
KEY = RESULT.key
PACKED = pack(stored.ARRAYS)
MANY = [stored.result_of(n, "failed" if n % 5 == 4 else "done") for n in range(12)]


def items_of(results):
    return [(result, PACKED if result.has_arrays else None) for result in results]


def lines_in(folder):
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl"))


def cut_arrays(store, key):
    path, offset, _ = stored.arrays_of(store, key)
    os.truncate(path, offset)


def drop_arrays(store, key):
    stored.arrays_of(store, key)[0].unlink()


def link_arrays(store, key):
    path = stored.arrays_of(store, key)[0]
    path.symlink_to(path.rename(path.parent.parent / "elsewhere"))


def pipe_arrays(store, key):
    path = stored.arrays_of(store, key)[0]
    path.unlink()
    os.mkfifo(path)


DAMAGES = {
    "the key of a line": (lambda s, k: stored.damage(s, k, share=0.01), "is damaged"),
    "the status of a line": (
        lambda s, k: stored.damage(s, k, share=0.07),
        "is damaged",
    ),
    "the result in a line": (stored.damage, "its checksum does not match"),
    "the checksum of a line": (
        lambda s, k: stored.damage(s, k, share=0.99),
        "its checksum does not match",
    ),
    "the end of the last line": (
        lambda s, k: stored.flip(stored.line_of(s, k)[0], -1),
        "its checksum does not match",
    ),
    "deep": (
        lambda s, k: nest(s, k),
        "truncated, or not JSON",
    ),
    "no result": (lambda s, k: stored.change(s, k, dataset=7), "its field 'dataset'"),
    "of another key": (lambda s, k: stored.change(s, k, key="f" * 64), "another key"),
    "done without arrays": (
        lambda s, k: stored.change(s, k, arrays_sha256=None),
        "without predictions",
    ),
    "arrays": (lambda s, k: stored.damage(s, k, "npz"), "do not match their checksum"),
    "arrays are cut": (cut_arrays, "do not match their checksum"),
    "arrays are missing": (drop_arrays, "predictions cannot be read"),
    "arrays are a link": (link_arrays, "predictions cannot be read"),
    "arrays are a pipe": (pipe_arrays, "predictions cannot be read"),
}


def nest(store, key):
    line = stored.line_of(store, key)[2]
    raw = to_json(read_line(line)[0])
    raw = raw.replace(
        b'"figures":{', b'"figures":{"a":%b' % (b"[" * 99_999 + b"]" * 99_999)
    )
    stored.exchange(store, key, write_line(read_head(line), raw, ""))


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_result_is_told_set_aside_and_computed_again(tmp_path, name):
    damage, said = DAMAGES[name]
    # The last one, since the end of another line belongs to both.
    store = stored.store_of(tmp_path / "store", stored.result_of(1), RESULT)
    damage(store, KEY)
    store = Store(tmp_path / "store")
    assert store.get(KEY) is None
    assert KEY in store.damaged[KEY]
    assert said in store.damaged[KEY]
    aside = store.set_aside(KEY)
    assert aside == tmp_path / "store" / "damaged"
    assert f"{KEY}.json" in stored.names(aside)
    for found in (store, Store(tmp_path / "store")):
        assert found.get(KEY) is None
        assert not found.damaged  # missing by now, and no longer damaged
    # Also where another one than before comes of it.
    stored.put(store, stored.result_of(0, "failed"))
    assert Store(tmp_path / "store").get(KEY).status == "failed"
    stored.put(store, RESULT)
    assert Store(tmp_path / "store").get(KEY).test == RESULT.test
    assert store.get(KEY).test == RESULT.test


def test_every_flipped_bit_of_a_store_is_noticed(tmp_path):
    """The results that one flip may touch are told; all others are as before."""
    before = stored.store_of(tmp_path / "store", *MANY)
    content = {result.key: before.get(result.key) for result in MANY}
    files = stored.content(before.folder)
    rng = random.Random(0)
    for _ in range(300):
        name = rng.choice(sorted(files))
        path, position = before.folder / name, rng.randrange(len(files[name]))
        stored.flip(path, position, 1 << rng.randrange(8))
        store = Store(before.folder)
        wrong = [key for key, kept in content.items() if store.get(key) != kept]
        assert 1 <= len(store.damaged) <= 2
        assert set(wrong) == set(store.damaged)
        assert not store.sweep()
        path.write_bytes(files[name])


def test_a_line_of_which_nothing_is_left_is_told_by_the_next_run(tmp_path):
    store = stored.store_of(tmp_path, stored.result_of(1), RESULT)
    path, offset, line = stored.line_of(store, stored.result_of(1).key)
    stored.exchange(store, stored.result_of(1).key, b"\0" * (len(line) - 1) + b"\n")
    store = Store(tmp_path)
    [told] = store.sweep()
    assert told == (
        f"{path}: the line at byte {offset} is damaged and names no result; set aside "
        f"in {tmp_path / 'damaged'}"
    )
    assert store.sweep() == Store(tmp_path).sweep() == []
    assert list(store.keys()) == [KEY]


def test_a_line_without_end_does_not_fill_the_memory(tmp_path):
    store = stored.store_of(tmp_path, RESULT)
    path, _, _ = stored.line_of(store, KEY)
    with path.open("ab") as stream:
        stream.write(b"x" * (2 * MAX_LINE + 2) + b"\n")
    assert Store(tmp_path).get(KEY).status == "done"
    assert len(Store(tmp_path).sweep()) == 2


@pytest.mark.parametrize("size", range(1, 900, 60))
def test_a_torn_last_line_of_a_killed_writer_is_ignored(tmp_path, size):
    store = stored.store_of(tmp_path, stored.result_of(1), RESULT)
    path, offset, line = stored.line_of(store, KEY)
    del store
    os.truncate(path, offset + min(size, len(line) - 1))
    store = Store(tmp_path)
    assert store.get(KEY) is None
    assert not store.damaged
    assert store.sweep() == []
    stored.put(store, RESULT)  # the pair is continued
    assert stored.names(tmp_path) == [f"{path.stem}.arrays", path.name]
    assert lines_in(tmp_path) == 2
    assert Store(tmp_path).statuses() == dict.fromkeys(
        [stored.result_of(1).key, KEY], "done"
    )


def test_a_line_whose_end_is_damaged_is_not_taken_for_a_torn_one(tmp_path):
    store = stored.store_of(tmp_path, RESULT)
    path, _, _ = stored.line_of(store, KEY)
    del store
    stored.flip(path, -1)
    store = Store(tmp_path)
    stored.put(store, stored.result_of(1))  # the pair is continued
    store = Store(tmp_path)
    assert store.get(KEY) is None
    assert "its checksum does not match" in store.damaged[KEY]
    assert store.get(stored.result_of(1).key).status == "done"


def test_a_run_computes_damaged_results_again(write_suite, bench_run, tmp_path):
    path = write_suite(classifiers=["GNB"], repetitions=4)
    command = ["run", path, "-d", "grid", "-j", 2]
    assert bench_run(*command)[0] == 0
    store = Store(tmp_path / "data" / "store")
    before = read_results(path, store)
    *damaged, sound = before["key"]
    stored.damage(store, damaged[0])
    stored.damage(store, damaged[1], "npz")
    stored.lose(store, damaged[2])
    kept = store.written(sound)
    foreign = [
        store.folder / name
        for name in ("notes.txt", "other.jsonl", "README", "a.arrays")
    ]
    for place in foreign:
        place.write_text("foreign")

    code, _, err = bench_run(*command)

    assert code == 0
    after = read_results(path, store)
    pd.testing.assert_frame_equal(after[SCORES], before[SCORES])
    assert err.count("; set aside in data/store/damaged, computed again") == 2
    aside = stored.names(store.folder / "damaged")
    assert aside == sorted(
        f"{key}.{suffix}" for key in damaged[:2] for suffix in ("json", "npz")
    )
    assert all(f"the result {key}: " in err for key in damaged[:2])
    assert store.written(sound) == kept
    assert all(place.read_text() == "foreign" for place in foreign)
    assert bench_run(*command)[2].count("set aside") == 0


def test_what_was_set_aside_earlier_is_kept(tmp_path):
    store = Store(tmp_path)
    for _ in range(3):
        stored.put(store, RESULT)
        stored.damage(store, KEY)
        assert store.get(KEY) is None
        aside = store.set_aside(KEY)
    assert len(list(aside.glob("*.json*"))) == 3


def test_a_result_that_another_run_has_computed_again_is_not_set_aside(tmp_path):
    store = stored.store_of(tmp_path, RESULT)
    stored.damage(store, KEY, "npz")
    assert store.get(KEY) is None
    stored.put(Store(tmp_path), RESULT)
    store.set_aside(KEY)
    assert store.get(KEY).status == "done"


def test_what_is_damaged_is_set_aside_where_a_result_takes_its_place(tmp_path):
    store = stored.store_of(tmp_path, RESULT)
    stored.damage(store, KEY, "npz")
    stored.put(store, stored.result_of(0, "failed"))
    assert Store(tmp_path).get(KEY).status == "failed"
    assert (tmp_path / "damaged" / f"{KEY}.npz").exists()


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
    assert list(store.keys()) == sorted([failed.key, RESULT.key])
    assert store.statuses() == {failed.key: "failed", RESULT.key: "done"}
    assert [r and r.status for r in store.read_all([KEY, "f" * 64, failed.key])] == [
        "done", None, "failed"]  # fmt: skip


def test_weights_are_read_only_where_they_are_asked_for(tmp_path):
    store = Store(tmp_path)
    store.put(RESULT, stored.ARRAYS | {"weight_a": np.ones(3)})
    assert "weight_a" not in store.arrays(KEY)
    assert store.arrays(KEY, weights=True)["weight_a"].tolist() == [1, 1, 1]


def test_arrays_that_are_none_are_a_store_error(tmp_path):
    store = Store(tmp_path)
    store.put_all([(RESULT, b"no arrays")])
    with pytest.raises(StoreError, match="predictions cannot be read; expected arrays"):
        store.arrays(KEY)
    with pytest.raises(StoreError, match="expected arrays"):
        store.arrays("f" * 64)


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


@pytest.mark.parametrize("status", [s for s in STATUSES if s != "done"])
def test_a_done_result_replaces_any_other_and_is_never_replaced(tmp_path, status):
    other = stored.result_of(0, status)
    store = stored.store_of(tmp_path, other)
    assert stored.put(store, RESULT).status == "done"
    assert store.log(KEY) == ""
    lines = lines_in(tmp_path)
    assert stored.put(store, other) == store.get(KEY)
    assert lines_in(tmp_path) == lines
    assert Store(tmp_path).get(KEY).status == "done"


def test_a_failed_result_is_replaced_by_the_next(tmp_path):
    store = stored.store_of(tmp_path, *(stored.result_of(0, s) for s in STATUSES[1:]))
    assert store.get(KEY).status == "skipped"
    assert Store(tmp_path).statuses() == {KEY: "skipped"}


def test_a_done_result_replaces_one_if_it_is_asked_to(tmp_path):
    store = stored.store_of(tmp_path, RESULT)
    other = replace(RESULT, test={"accuracy": 0.75})
    arrays = stored.ARRAYS | {"kind": np.array("probability")}
    kept = store.put(stored.result_of(0, "failed"), None, replaces=True)
    assert kept.test == store.get(KEY).test == {"accuracy": 0.5}
    assert store.put(other, arrays, replaces=True).test == {"accuracy": 0.75}
    assert store.get(KEY).test == {"accuracy": 0.75}
    assert str(store.arrays(KEY)["kind"]) == "probability"
    assert Store(tmp_path).get(KEY).test == {"accuracy": 0.75}


def test_many_results_are_flushed_once(tmp_path, monkeypatch):
    flushed = []
    fsync = os.fsync
    store = stored.store_of(tmp_path, stored.result_of(99))
    monkeypatch.setattr("os.fsync", lambda f: (flushed.append(f), fsync(f)))
    put = store.put_all(items_of(MANY))
    assert len(flushed) == 2  # the arrays, then the lines
    assert [result.status for result in put] == [result.status for result in MANY]
    assert list(Store(tmp_path).read_all(r.key for r in MANY)) == put
    assert store.put_all([]) == []


def test_of_equal_keys_in_a_batch_the_same_rules_hold(tmp_path):
    failed, again = (stored.result_of(0, status) for status in ("failed", "timeout"))
    other = replace(RESULT, test={"accuracy": 0.75})
    store = Store(tmp_path)
    put = store.put_all(items_of([failed, again, RESULT, failed, other]))
    assert [r.status for r in put] == ["failed", "timeout", "done", "done", "done"]
    assert put[4].test == store.get(KEY).test == RESULT.test
    assert Store(tmp_path).get(KEY).test == RESULT.test
    store.put_all(items_of([RESULT, other]), replaces={KEY})
    assert Store(tmp_path).get(KEY).test == {"accuracy": 0.75}


def test_added_scores_need_no_second_copy_of_the_arrays(tmp_path):
    stored.store_of(tmp_path, RESULT)
    first = Store(tmp_path)
    stored.put(first, stored.result_of(1))
    written = first.written(KEY)
    other = Store(tmp_path)  # writes a pair of its own
    for n in range(22):
        other.add_scores(KEY, {f"own {n}": {"train": 0.5, "test": None, "problem": ""}})
    other.add_scores("f" * 64, {"own": {}})
    assert list(first.get(KEY).own_scores) == [f"own {n}" for n in range(1, 22)]
    assert first.written(KEY) == written
    assert sorted(other.arrays(KEY)) == sorted(stored.ARRAYS)
    sizes = sorted(path.stat().st_size for path in tmp_path.glob("*.arrays"))
    assert sizes == [0, 2 * len(PACKED)]


def test_a_pair_of_files_is_continued_by_the_next_writer(tmp_path):
    first = stored.store_of(tmp_path, RESULT)
    second = stored.store_of(tmp_path, stored.result_of(1))  # both are open
    names = stored.names(tmp_path)
    assert len(names) == 4
    del first, second
    stored.store_of(tmp_path, stored.result_of(2))
    assert stored.names(tmp_path) == names
    assert len(Store(tmp_path).statuses()) == 3


def test_large_pairs_are_not_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "_LARGEST", 100)
    store = stored.store_of(tmp_path, RESULT, stored.result_of(1))
    stored.put(Store(tmp_path), stored.result_of(2))
    assert len(stored.names(tmp_path)) == 6
    assert len(store.statuses()) == 3


def test_files_of_another_machine_are_not_continued(tmp_path, monkeypatch):
    stored.store_of(tmp_path, RESULT)
    monkeypatch.setattr(segments, "_machine", lambda: "0" * 8)
    store = stored.store_of(tmp_path, stored.result_of(1))
    assert len(stored.names(tmp_path)) == 4
    assert len(store.statuses()) == 2


def test_many_pairs_are_read_with_few_open_files(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "_LARGEST", 1)
    monkeypatch.setattr(segments, "_MOST_OPEN", 3)
    store = stored.store_of(tmp_path, *MANY)
    assert len(stored.names(tmp_path)) == 2 * len(MANY)
    assert sum(r is not None for r in store.read_all(r.key for r in MANY)) == len(MANY)
    assert len(store._files._open._open) <= 3


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
    [("os.fsync", no_space), ("os.write", no_space), ("pathlib.Path.mkdir", read_only)],
)
def test_a_store_that_cannot_be_written_is_a_store_error(
    tmp_path, monkeypatch, name, fault
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(name, fault)
    monkeypatch.setattr("bench.store.store.time.sleep", lambda _: None)
    with pytest.raises(OSError, match=r"No space|Read-only") as caught:
        fault()
    with pytest.raises(StoreError) as said:
        stored.put(Store(Path("full")), RESULT)
    assert str(said.value) == FULL.format(caught.value.strerror)
    assert not stored.content(tmp_path)


@pytest.mark.parametrize("n_writes", [0, 1, 2])
def test_a_disk_that_fills_up_keeps_all_before(tmp_path, monkeypatch, n_writes):
    """The bytes that the disk still took are taken away again."""
    store = stored.store_of(tmp_path, *MANY[:3])
    before = stored.content(tmp_path)
    write, written = os.write, []

    def fill_up(descriptor, raw):
        if len(written) >= n_writes:
            no_space()
        written.append(write(descriptor, raw[: len(raw) // 2]))
        return written[-1]

    monkeypatch.setattr("os.write", fill_up)
    monkeypatch.setattr("bench.store.store.time.sleep", lambda _: None)
    with pytest.raises(StoreError, match="No space left"):
        store.put_all(items_of(MANY[3:]))
    monkeypatch.undo()
    after = stored.content(tmp_path)
    assert {k: v for k, v in after.items() if k.endswith(".jsonl")} == {
        k: v for k, v in before.items() if k.endswith(".jsonl")
    }
    assert [r and r.status for r in store.read_all(r.key for r in MANY[:4])] == [
        "done", "done", "done", None]  # fmt: skip
    store.put_all(items_of(MANY[3:]))
    assert len(Store(tmp_path).statuses()) == len(MANY)


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


def test_damaged_results_that_cannot_be_set_aside_end_the_run_in_one_line(
    write_suite, bench_run, tmp_path
):
    path = write_suite(classifiers=["GNB"], repetitions=1)
    plan = stored.plan_of(path)
    store = Store(tmp_path / "data" / "store")
    stored.put_cells(plan, store)
    stored.damage(store, plan.cells[0].key)
    (store.folder / "damaged").write_text("a file in the way")
    before = stored.content(store.folder)
    code, _, err = bench_run("run", path)
    assert code == 2
    assert "data/store/damaged: cannot be used (File exists)" in err.splitlines()[-1]
    assert stored.content(store.folder) == before


def test_writing_is_tried_three_times(tmp_path, monkeypatch):
    faults = iter([no_space, no_space])
    fsync = os.fsync
    monkeypatch.setattr("bench.store.store.time.sleep", lambda _: None)
    monkeypatch.setattr("os.fsync", lambda f: next(faults, fsync)(f))
    store = stored.store_of(tmp_path, RESULT)
    assert store.get(RESULT.key).status == "done"
    assert len(stored.names(tmp_path)) == 2


def test_an_interrupt_while_writing_leaves_the_earlier_result(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    store = stored.store_of(tmp_path, stored.result_of(0, "failed"))
    monkeypatch.setattr("bench.store.store.write_line", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stored.put(store, RESULT)
    monkeypatch.undo()
    assert store.get(RESULT.key).status == "failed"
    assert stored.put(store, RESULT).status == "done"
    assert len(stored.names(tmp_path)) == 2


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
    assert sorted(store.keys()) == sorted(keys)
    assert {p.suffix for p in store.folder.iterdir()} == {".jsonl", ".arrays"}
    assert {store.get(key).status for key in keys} == {"done"}
    assert len(keys) == 8


OTHER_RUN = """
import sys
from pathlib import Path
import stored

stored.store_of(Path(sys.argv[1]), stored.result_of())
"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_failed_result_does_not_replace_a_done_one_of_another_run(
    tmp_path, monkeypatch
):
    # The other run comes after we have written, and before our lock is free.
    others = []
    add_lines = segments.Writer.add_lines

    def add_late(writer, lines):
        add_lines(writer, lines)
        if not others:
            others.append(start(OTHER_RUN, tmp_path))
            with pytest.raises(subprocess.TimeoutExpired):
                others[0].wait(timeout=1.5)  # without a lock it would be done by then

    monkeypatch.setattr(segments.Writer, "add_lines", add_late)
    store = stored.store_of(tmp_path, stored.result_of(0, "failed"))
    assert others[0].wait(timeout=60) == 0
    others[0].stdout.close()
    assert store.get(KEY).status == "done"
    assert Store(tmp_path).get(KEY).status == "done"
    assert lines_in(tmp_path) == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_without_locks_a_done_result_counts_whoever_wrote_last(
    tmp_path, monkeypatch, order
):
    """On a file system without locks, two that do not see each other write both."""
    (tmp_path / "both").mkdir()
    for n in order:
        monkeypatch.setattr(segments, "_machine", lambda n=n: f"{n:08x}")
        result = [stored.result_of(0, "failed"), RESULT][n]
        store = stored.store_of(tmp_path / str(n), result)
        for path in store.folder.iterdir():
            path.rename(tmp_path / "both" / path.name)
    assert Store(tmp_path / "both").get(KEY).status == "done"
    assert Store(tmp_path / "both").statuses() == {KEY: "done"}


WRITER = """
import sys
from pathlib import Path
import stored
from bench.store import Store, pack

store, first = Store(Path(sys.argv[1])), int(sys.argv[2])
packed = pack(stored.ARRAYS)
for start in range(first, first + int(sys.argv[3]), 10):
    results = map(stored.result_of, range(start, start + 10))
    store.put_all([(result, packed) for result in results])
    print(start, flush=True)
"""


def test_two_writers_on_one_folder_lose_nothing(tmp_path):
    writers = [start(WRITER, tmp_path, first, 100) for first in (0, 50)]
    for writer in writers:
        assert writer.communicate(timeout=60)
        assert writer.returncode == 0
    store = Store(tmp_path)
    keys = [stored.result_of(n).key for n in range(150)]
    assert {r.status for r in store.read_all(keys)} == {"done"}
    assert not store.damaged
    assert lines_in(tmp_path) == 150  # each was written by one of the two


@pytest.mark.parametrize("n_lines", [1, 4, 9])
def test_a_kill_in_the_middle_of_writing_keeps_what_was_acknowledged(tmp_path, n_lines):
    writer = start(WRITER, tmp_path, 0, 100_000)
    for _ in range(n_lines):
        acknowledged = int(writer.stdout.readline())
    writer.kill()
    rest = writer.communicate()[0].split()
    acknowledged = int(rest[-1]) if rest else acknowledged
    store = Store(tmp_path)
    keys = [stored.result_of(n).key for n in range(acknowledged + 10)]
    assert {r and r.status for r in store.read_all(keys)} == {"done"}
    assert not store.damaged
    assert store.sweep() == []
    stored.put(store, stored.result_of(1_000_000))
    assert len(list(tmp_path.glob("*.jsonl"))) == 1  # that of the dead is continued


def test_timings_are_those_of_fits(tmp_path):
    store = stored.store_of(
        tmp_path,
        stored.result_of(0, seconds=1.5),
        stored.result_of(1, seconds=2.5, target="other"),
        stored.result_of(2),
        stored.result_of(3, seconds=float("nan")),
        stored.result_of(4, "failed", seconds=3.5),
    )
    last, first = (stored.result_of(n).fields for n in (4, 0))
    assert list(store.timings(100)) == [(last, 3.5), (first, 1.5)]
    assert list(store.timings(1)) == [(last, 3.5)]


def test_a_store_from_which_a_pair_vanishes_is_read_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "_LARGEST", 1)
    store = stored.store_of(tmp_path, RESULT, stored.result_of(1))
    assert len(store.statuses()) == 2
    segments.remove_pair(tmp_path, stored.line_of(store, KEY)[0].stem)
    assert store.get(KEY) is None
    assert list(store.keys()) == [stored.result_of(1).key]
