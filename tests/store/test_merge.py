import shutil
from dataclasses import replace

import given_splits
import pandas as pd
import pytest
import stored

from bench.base.errors import MissingFileError
from bench.store.merge import merge_stores
from bench.store.store import Store

DONE = stored.result_of()
FAILED = stored.result_of(0, "failed")
SKIPPED = stored.result_of(0, "skipped")
TIMEOUT = stored.result_of(0, "timeout")


def merged(tmp_path, *names, into="ours"):
    said = []
    counts = merge_stores([tmp_path / n for n in names], tmp_path / into, said.append)
    return {what: n for what, n in counts.items() if n}, said


@pytest.mark.parametrize(
    ("theirs", "ours", "counted", "kept"),
    [
        (DONE, None, "added", DONE),
        (FAILED, None, "added", FAILED),
        (SKIPPED, None, "added", SKIPPED),
        (DONE, DONE, "known", DONE),
        (DONE, FAILED, "added", DONE),
        (DONE, TIMEOUT, "added", DONE),
        (DONE, SKIPPED, "added", DONE),
        (FAILED, SKIPPED, "added", FAILED),
        (FAILED, DONE, "known", DONE),
        (SKIPPED, DONE, "known", DONE),
        (SKIPPED, FAILED, "known", FAILED),
        (FAILED, TIMEOUT, "known", TIMEOUT),
        (TIMEOUT, FAILED, "known", FAILED),
        (replace(DONE, classifier="other", cpu="other"), DONE, "known", DONE),
        (replace(DONE, test={"accuracy": 0.6}), DONE, "different", DONE),
        (replace(DONE, train={"accuracy": 0.6}), DONE, "different", DONE),
        (replace(DONE, data_hash="f" * 64), DONE, "different", DONE),
    ],
)
def test_a_result_is_added_only_where_the_target_has_a_lesser_one(
    tmp_path, theirs, ours, counted, kept
):
    stored.store_of(tmp_path / "theirs", theirs)
    target = stored.store_of(tmp_path / "ours", *([ours] if ours else []))
    before = stored.content(tmp_path / "theirs")
    unchanged = None if counted == "added" else stored.content(tmp_path / "ours")
    assert merged(tmp_path, "theirs") == ({counted: 1}, [])
    left = target.get(kept.key)
    assert (left.status, left.test, left.data_hash, left.classifier) == (
        kept.status, kept.test, kept.data_hash, kept.classifier)  # fmt: skip
    assert target.log(kept.key) == (kept.error or {}).get("traceback", "")
    assert unchanged is None or stored.content(tmp_path / "ours") == unchanged
    assert stored.content(tmp_path / "theirs") == before


def test_two_scores_of_nan_are_no_difference(tmp_path):
    for name in ("theirs", "ours"):
        result = replace(DONE, test={"accuracy": float("nan")})
        stored.store_of(tmp_path / name, result)
    assert merged(tmp_path, "theirs") == ({"known": 1}, [])


def test_a_merged_store_holds_the_same_bytes(tmp_path):
    failed = stored.result_of(1, "failed", warnings=("careful",), commit="abc")
    stored.store_of(tmp_path / "theirs", DONE, failed)
    assert merged(tmp_path, "theirs") == ({"added": 2}, [])
    theirs, ours = Store(tmp_path / "theirs"), Store(tmp_path / "ours")
    for result in (DONE, failed):
        assert ours.get(result.key) == theirs.get(result.key)
        assert ours.log(result.key) == theirs.log(result.key)
    assert ours.packed(DONE.key) == theirs.packed(DONE.key)


def test_stores_of_both_formats_are_merged(tmp_path):
    failed = stored.result_of(1, "failed")
    stored.put_files(tmp_path / "theirs", DONE, failed)
    before = stored.content(tmp_path / "theirs")
    assert merged(tmp_path, "theirs") == ({"added": 2}, [])
    theirs, ours = Store(tmp_path / "theirs"), Store(tmp_path / "ours")
    assert ours.get(DONE.key) == theirs.get(DONE.key)
    assert ours.packed(DONE.key) == theirs.packed(DONE.key)
    assert ours.log(failed.key) == "raised in number 1"
    assert merged(tmp_path, "ours", into="theirs") == ({"known": 2}, [])
    assert stored.content(tmp_path / "theirs") == before


def test_merging_twice_changes_nothing(tmp_path):
    stored.store_of(tmp_path / "a", DONE, stored.result_of(1))
    stored.store_of(tmp_path / "b", stored.result_of(1), stored.result_of(2, "failed"))
    assert merged(tmp_path, "a", "b", "a") == ({"added": 3, "known": 3}, [])
    before = stored.content(tmp_path / "ours")
    assert merged(tmp_path, "a", "b") == ({"known": 4}, [])
    assert stored.content(tmp_path / "ours") == before


def test_merging_a_store_into_itself_changes_nothing(tmp_path):
    store = stored.store_of(tmp_path / "ours", DONE, stored.result_of(1, "failed"))
    damaged = stored.put(store, stored.result_of(2)).key
    stored.damage(store, damaged)
    before = stored.content(tmp_path / "ours")
    counts, said = merged(tmp_path, "ours")
    assert counts == {"known": 2, "damaged": 1}
    assert len(said) == 1
    assert stored.content(tmp_path / "ours") == before


def test_damaged_files_of_the_source_are_named_and_left(tmp_path):
    theirs = stored.store_of(tmp_path / "theirs", DONE, stored.result_of(1))
    stored.damage(theirs, DONE.key, "npz")
    stored.store_of(tmp_path / "ours", FAILED)
    before = stored.content(tmp_path / "theirs")
    counts, said = merged(tmp_path, "theirs")
    assert counts == {"added": 1, "damaged": 1}
    assert said == [
        f"{theirs.where(DONE.key)}: its predictions do not match their checksum; left "
        "where it is"
    ]
    assert stored.content(tmp_path / "theirs") == before
    assert Store(tmp_path / "ours").get(DONE.key).status == "failed"


def test_unreadable_arrays_count_as_damaged_even_with_a_right_checksum(tmp_path):
    Store(tmp_path / "theirs").put_all([(DONE, b"no arrays")])
    counts, said = merged(tmp_path, "theirs")
    assert counts == {"damaged": 1}
    assert f"the result {DONE.key}: its predictions cannot be read" in said[0]
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("theirs", [DONE, FAILED])
def test_a_damaged_result_of_the_target_is_replaced_by_an_intact_one(tmp_path, theirs):
    stored.store_of(tmp_path / "theirs", theirs)
    ours = stored.store_of(tmp_path / "ours", DONE)
    stored.damage(ours, DONE.key)
    line = stored.line_of(ours, DONE.key)[2]
    counts, said = merged(tmp_path, "theirs")
    assert counts == {"added": 1}
    aside = tmp_path / "ours" / "damaged"
    assert len(said) == 1
    assert (
        f"the result {DONE.key}: its checksum does not match; set aside in {aside}"
        in (said[0])
    )
    assert (aside / f"{DONE.key}.json").read_bytes() == line
    assert ours.get(DONE.key).status == theirs.status


def test_folders_without_results_add_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign" / "ab").mkdir(parents=True)
    for name in ("notes.txt", "notes.json", f"{'c' * 64}.json", f".{'c' * 64}.tmp"):
        (tmp_path / "foreign" / "ab" / name).write_text("{}")
    assert merged(tmp_path, "empty", "foreign") == ({}, [])
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("missing", ["none", "file"])
def test_a_store_that_is_missing_is_an_error_before_anything_is_merged(
    tmp_path, missing
):
    stored.store_of(tmp_path / "theirs", DONE)
    (tmp_path / "file").touch()
    with pytest.raises(MissingFileError, match=f"no store at .*{missing}"):
        merged(tmp_path, "theirs", missing)
    assert not (tmp_path / "ours").exists()


def test_the_command_counts_and_names_what_it_merged(bench_run, tmp_path):
    stored.store_of(tmp_path / "a", DONE, stored.result_of(1, "failed"))
    b = stored.store_of(tmp_path / "b", replace(DONE, data_hash="f" * 64))
    damaged = stored.put(b, stored.result_of(2)).key
    stored.damage(b, damaged)
    code, out, _ = bench_run("merge", "a", "b")
    assert code == 0
    assert out == "2 added, 0 known, 1 different, 1 damaged\n"
    assert Store(tmp_path / "data" / "store").get(DONE.key).data_hash == DONE.data_hash
    code, out, err = bench_run("merge", "a", "none")
    assert (code, out) == (2, "")
    assert err == "bench: no store at none; expected a folder\n"


def test_two_halves_of_a_suite_are_merged_into_the_whole(
    write_suite, bench_run, tmp_path
):
    path = write_suite(classifiers=["GNB", "CHANCE", "KNN"])
    plan = stored.plan_of(path)
    for name, keep in (("a", ("GNB",)), ("b", ("CHANCE", "KNN"))):
        part = plan.limited([], keep)
        stored.put_cells(part, Store(tmp_path / name))
        stored.put_audits(part, Store(tmp_path / name))  # of the datasets: both parts
    shutil.move(tmp_path / "b", tmp_path / "carried")
    assert bench_run("merge", "a", "carried", "--store", "all")[0] == 0
    code, out, err = bench_run("status", path, "--store", "all", "--why")
    assert (code, err) == (0, "")
    assert "missing" not in out
    bench_run("report", path, "--store", "all")
    results = pd.read_csv(tmp_path / "reports" / "small" / "results.csv")
    assert list(results["key"]) == [cell.key for cell in plan.cells]
    assert set(results["status"]) == {"done"}
    assert Store(tmp_path / "all").statuses() == {
        task.key: "done" for task in plan.everything
    }
    audits = pd.read_csv(tmp_path / "reports" / "small" / "audits.csv")
    assert "missing" not in set(audits["audit"])


ROW = [1.0, 0.1, 0.2, 0.3]
OTHER_ROW = [1.0, 0.1, 0.2, 0.4]


def of_curves(number, row, data_hash):
    fields = {"dataset": {"library": "a"}, "repetition": 0, "seed": 0, "n": number}
    made = stored.result_of(number)
    return replace(made, fields=fields, fingerprint=[row], data_hash=data_hash)


def test_curves_that_differ_in_their_last_bits_are_merged(tmp_path):
    near = [value * (1 + 1e-7) for value in ROW]
    stored.store_of(tmp_path / "ours", of_curves(0, ROW, "a" * 64))
    theirs = (of_curves(0, near, "b" * 64), of_curves(1, near, "b" * 64))
    stored.store_of(tmp_path / "theirs", *theirs)
    assert merged(tmp_path, "theirs") == ({"added": 1, "known": 1}, [])


def test_other_curves_of_the_same_recipe_are_left_where_they_are(bench_run, tmp_path):
    target = tmp_path / "ours"
    stored.store_of(target, of_curves(0, ROW, "a" * 64))
    others = of_curves(1, OTHER_ROW, "b" * 64), stored.result_of(2)
    stored.store_of(tmp_path / "theirs", *others)
    code, out, err = bench_run("merge", "theirs", "--store", "ours")
    assert (code, out) == (2, "1 added, 0 known, 0 different, 0 damaged\n")
    assert "of other curves, though their recipe is the same" in err
    assert "found results of other curves than those in ours: 1, left where" in err
    assert Store(target).get(others[0].key) is None
    assert Store(tmp_path / "theirs").get(others[0].key) is not None


def test_a_given_split_is_merged_beside_the_repetitions(tmp_path, write_suite):
    plan = stored.plan_of(given_splits.suite_of(write_suite, tmp_path))
    given_splits.put_all(plan, Store(tmp_path / "theirs"))
    stored.put_cells(plan, Store(tmp_path / "ours"))
    assert merged(tmp_path, "theirs") == ({"added": 2, "different": 6}, [])
    assert all(Store(tmp_path / "ours").get(cell.key) for cell in plan.given)
