"""Audits as results: their keys, how they are computed, stored, counted, reported."""

import os
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import stored
import yaml_text

import bench
from bench.analysis.audits import find_audits, judge_audits, load_audits, not_done
from bench.analysis.results import load_results, results_frame
from bench.analysis.status import count_statuses, explain_missing
from bench.base.errors import DatasetError, SuiteError
from bench.base.seeds import digest
from bench.cells.audits import MAX_REPETITIONS, audit_curves
from bench.cells.cell import units_of
from bench.cells.compute import compute_seeded
from bench.cells.shallow_baselines import BASELINES
from bench.compare.read import read_source
from bench.curves.datasets import make_dataset
from bench.engines.run import check_sizes, run_plan
from bench.render.csv_files import read_csv
from bench.store.merge import merge_stores
from bench.store.store import Store

GRID = yaml_text.SUITE["datasets"][0]
OTHER = GRID | {"id": "other", "library": "mine"}
LINES = ["U0*x[:,0]", "sin(x[:,0] + N0)"]


@pytest.fixture
def plan_of(write_suite, tmp_path):
    """Make the plan of a suite whose second dataset has a library of its own."""

    def make(lines=LINES, **changes):
        (tmp_path / "mine.lib").write_text("\n".join(lines))
        changes = {"datasets": [GRID, OTHER], "classifiers": ["GNB"]} | changes
        return stored.plan_of(write_suite(**changes))

    return make


def keys_of(plan):
    return {(a.dataset.spec.id, a.repetition): a.key for a in plan.audits}


def test_an_audit_is_planned_for_each_dataset_and_repetition(plan_of):
    plan = plan_of(repetitions=3)
    assert list(keys_of(plan)) == [(d, r) for d in ("grid", "other") for r in range(3)]
    assert plan.everything == plan.cells + plan.audits
    assert len(set(keys_of(plan).values()) | {c.key for c in plan.cells}) == 12
    assert len(plan_of(repetitions=MAX_REPETITIONS + 2).audits) == 2 * MAX_REPETITIONS
    assert plan_of(audits=False).audits == ()


def test_a_part_of_a_suite_has_the_audits_of_its_datasets(plan_of):
    plan = plan_of(classifiers=["GNB", "KNN"])
    assert {a.dataset.spec.id for a in plan.limited(["other"], []).audits} == {"other"}
    assert plan.limited([], ["KNN"]).audits == plan.audits


def test_asking_for_audits_changes_no_key_of_a_cell(plan_of):
    with_audits, without = plan_of(), plan_of(audits=False)
    assert [c.key for c in with_audits.cells] == [c.key for c in without.cells]


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"name": "renamed", "metrics": ["balanced_accuracy"]}, set()),
        ({"limits": {"timeout": 9}, "classifiers": ["KNN", "GNB"]}, set()),
        ({"repetitions": 5}, set()),
        ({"datasets": [GRID, OTHER | {"description": "the same"}]}, set()),
        ({"seed": 4}, {"grid", "other"}),
        ({"threads": 2}, {"grid", "other"}),
        ({"datasets": [GRID, OTHER | {"test": 21}]}, {"other"}),
        ({"datasets": [GRID, OTHER | {"train": 31}]}, {"other"}),
        ({"datasets": [GRID, OTHER | {"noise": 5}]}, {"other"}),
        ({"lines": [LINES[0], "cos(x[:,0] + N0)"]}, {"other"}),
    ],
)
def test_what_the_key_of_an_audit_depends_on(plan_of, changes, changed):
    before, after = keys_of(plan_of()), keys_of(plan_of(**changes))
    assert {name for name, r in before if before[name, r] != after[name, r]} == changed
    for name in changed:  # all of its repetitions
        assert not {before[name, r] for r in (0, 1)} & set(after.values())


def test_the_key_has_the_stage_and_the_version_of_what_it_fits(plan_of, monkeypatch):
    before = keys_of(plan_of())
    monkeypatch.setitem(bench.RESULTS, "audits", bench.RESULTS["audits"] + 1)
    raised = keys_of(plan_of())
    monkeypatch.undo()
    monkeypatch.setattr(
        "bench.cells.cell.class_version", lambda _: "scikit-learn 1.0.0"
    )
    older = keys_of(plan_of())
    keys = [set(own.values()) for own in (before, raised, older)]
    assert len(set.union(*keys)) == 12
    fields = plan_of().audits[0].fields
    assert fields["audit"] == {
        "results": bench.RESULTS["audits"],
        "version": "scikit-learn 1.0.0",
    }
    assert digest(fields) == plan_of().audits[0].key


def test_an_audit_is_computed_with_the_cells_and_once(plan_of, tmp_path, monkeypatch):
    plan, store = plan_of(), Store(tmp_path / "store")
    run_plan(plan, store)
    for audit in plan.audits:
        result = store.get(audit.key)
        data = make_dataset(audit.dataset, audit.repetition, audit.seed)
        figures = audit_curves(data, audit.dataset, audit.repetition, audit.seed)
        assert result.status == "done"
        assert result.is_audit
        assert result.figures == figures  # to the last bit, through JSON
        assert set(figures["scores"]) == set(BASELINES)
        assert figures["curves"]["training"] == np.bincount(data.y_train).tolist()
        assert result.data_hash == data.data_hash
        assert result.fingerprint == data.fingerprint
        assert result.seconds > 0
        assert result.peak_rss_mib > 10
        assert result.arrays_sha256 is None
    # The cells of a repetition saw the same curves.
    results = results_frame(plan, store, load_results(plan, store))
    hashes = {(a.dataset.spec.id, a.repetition): store.get(a.key).data_hash
              for a in plan.audits}  # fmt: skip
    places = zip(results["dataset"], results["repetition"], strict=True)
    assert [hashes[place] for place in places] == list(results["data_hash"])
    monkeypatch.setattr(
        "bench.engines.engine.run_cells", lambda *_: pytest.fail("repeated")
    )
    run_plan(plan, store)


def test_a_store_without_audits_gets_them_alone(plan_of, tmp_path):
    store = Store(tmp_path / "store")
    run_plan(plan_of(audits=False), store)
    before = stored.content(store.folder)
    plan, fresh = plan_of(), []
    run_plan(plan, store, progress=lambda task, _, new: fresh.append((task, new)))
    assert {task.key for task, new in fresh if new} == set(keys_of(plan).values())
    after = stored.content(store.folder)
    assert all(after[name].startswith(raw) for name, raw in before.items())


def test_a_report_draws_no_curves_for_its_audits(plan_of, tmp_path, monkeypatch):
    plan, store = plan_of(classifiers=["GNB", "CHANCE"]), Store(tmp_path / "store")
    run_plan(plan, store)
    monkeypatch.setattr("bench.curves.make_dataset", lambda *_: pytest.fail("drawn"))
    results = results_frame(plan, store, load_results(plan, store))
    audits = find_audits(plan, store, results)
    assert not_done(audits).empty
    for name in ("grid", "other"):
        own = results[results["dataset"] == name].groupby("classifier", sort=False)
        accuracy = own["test_accuracy"]
        figures = [store.get(key).figures for place, key in keys_of(plan).items()
                   if place[0] == name]  # fmt: skip
        expected = judge_audits(
            name,
            figures,
            chance=list(accuracy.get_group("CHANCE")),
            best=accuracy.mean().max(),
        )
        found = audits[audits["dataset"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_audits_that_are_missing_are_a_row_that_says_so(
    write_suite, bench_run, tmp_path
):
    path = write_suite(repetitions=3)
    plan, store = stored.plan_of(path), Store(tmp_path / "data" / "store")
    stored.put_cells(plan, store)
    assert bench_run("report", path)[0] == 0
    folder = tmp_path / "reports" / "small"
    audits = pd.read_csv(folder / "audits.csv")
    assert audits[["dataset", "audit", "value", "n", "alarm"]].to_numpy().tolist() == [
        ["grid", "missing", 3.0, 3, False]
    ]
    assert audits["words"][0] == (
        "3 of 3 repetitions have no audit: nothing is stored; `python -m bench run "
        f"{path.as_posix()}` computes what is missing"
    )
    text = (folder / "README.md").read_text()
    assert "Not every audit is done; see Audits." in text
    # The others are judged all the same.
    audit = plan.audits[1]
    store.put(audit.result("done", figures=stored.FIGURES), None)
    assert bench_run("report", path)[0] == 0
    audits = pd.read_csv(folder / "audits.csv").set_index("audit")
    assert audits.loc["missing", "value"] == 2
    assert audits.loc["tree on points", "n"] == 1
    stored.put_audits(plan, store)
    assert bench_run("report", path)[0] == 0
    assert "missing" not in set(pd.read_csv(folder / "audits.csv")["audit"])
    assert "Not every audit" not in (folder / "README.md").read_text()


def test_an_audit_that_raises_is_a_failed_result(plan_of, monkeypatch):
    plan = plan_of()
    [unit] = [u for u in units_of(plan.everything) if u[0].key == plan.audits[1].key]
    assert unit == (plan.audits[1],)

    def fail(*_):
        raise DatasetError("a curve is not finite")

    monkeypatch.setattr("bench.cells.compute.audit_curves", fail)
    [(result, arrays)] = compute_seeded(unit)
    assert arrays is None
    assert (result.status, result.figures, result.is_audit) == ("failed", {}, True)
    assert result.error["type"] == "DatasetError"
    assert "audit_curves" in result.error["traceback"]


def test_datasets_of_one_recipe_share_an_audit(plan_of):
    plan = plan_of(datasets=[GRID, GRID | {"id": "again"}], repetitions=1)
    [unit] = [u for u in units_of(plan.everything) if u[0].key == plan.audits[0].key]
    assert unit == tuple(plan.audits)
    outcomes = compute_seeded(unit)
    assert [result.key for result, _ in outcomes] == [audit.key for audit in unit]


def test_an_audit_that_takes_too_long_is_stopped_and_gives_exit_code_3(
    write_suite, bench_run, tmp_path
):
    # To draw so many curves takes longer; the classifiers are given more time.
    longer = {"limits": {"timeout": 60}}
    changes = {
        "datasets": [GRID | {"train": 8000, "inputs": GRID["inputs"] | {"size": 200}}],
        "classifiers": [longer | {"use": name} for name in ("CHANCE", "GNB")],
        "repetitions": 1,
    }
    path = write_suite(**changes, limits={"timeout": 0.02})
    part = ("run", path, "-c", "CHANCE")  # no report, which takes longer than the fits
    code, _, err = bench_run("run", path)
    assert code == 3
    assert "bench: 1 audit is not done; the report says why" in " ".join(err.split())
    plan, store = stored.plan_of(path), Store(tmp_path / "data" / "store")
    assert [result.status for result in load_audits(plan, store)] == ["timeout"]
    audits = read_csv(tmp_path / "reports" / "small" / "audits.csv")
    [row] = audits.to_dict("records")
    assert (row["audit"], row["value"], row["alarm"]) == ("timeout", 1, False)
    assert row["words"] == (
        "1 of 1 repetitions have no audit: timeout (Timeout: stopped after 0.02 s; "
        "raise limits.timeout); --retry-failed computes what failed again"
    )
    # It is final until it is asked for again; limits are not part of its key.
    assert bench_run(*part)[0] == 3
    write_suite(**changes)
    assert bench_run(*part)[0] == 3
    assert bench_run(*part, "--retry-failed")[0] == 0
    assert load_audits(plan, store)[0].status == "done"


def test_audits_are_counted_and_their_lack_is_explained(plan_of, tmp_path):
    plan, store = plan_of(), Store(tmp_path / "store")
    stored.put_cells(plan, store)
    assert count_statuses(plan, store)["grid, audits", ""] == {"missing": 2}
    assert list(explain_missing(plan, store)) == [
        "4 audits (grid, other; repetitions 0–1): no audit is stored"
    ]
    stored.put_audits(plan, store)
    assert count_statuses(plan, store)["other, audits", ""] == {"done": 2}
    assert list(explain_missing(plan, store)) == []
    later = plan_of(seed=4, audits=True, classifiers=["KNN"])
    assert list(explain_missing(later, store))[-1] == (
        "4 audits (grid, other; repetitions 0–1): seed is 4, stored 3"
    )


def test_a_raised_stage_is_named(plan_of, tmp_path, monkeypatch):
    plan, store = plan_of(), Store(tmp_path / "store")
    stored.put_cells(plan, store)
    stored.put_audits(plan, store)
    now = bench.RESULTS["audits"]
    monkeypatch.setitem(bench.RESULTS, "audits", now + 1)
    assert list(explain_missing(plan_of(), store)) == [
        "4 audits (grid, other; repetitions 0–1): audit.results is "
        f"{now + 1}, stored {now}"
    ]


def test_the_command_line_counts_audits(write_suite, bench_run, tmp_path):
    path = write_suite(classifiers=["GNB", "CHANCE"])
    code, _, err = bench_run("run", path, "-j", 2, "-c", "GNB")
    assert code == 0
    assert "bench: 2 cells and 2 audits computed in " in err
    assert bench_run("run", path, "-c", "CHANCE")[0] == 0
    code, out, _ = bench_run("status", path)
    rows = [line.split() for line in out.splitlines()]
    assert ["grid,", "audits", "–", "2"] in rows
    assert ["all", "–", "6"] in rows
    # No more is left to do, and nothing of it is a row of results.csv.
    assert (
        ", 2 audits; 6 stored, 0 to compute" in bench_run("run", path, "--dry-run")[1]
    )
    assert bench_run("report", path)[0] == 0
    assert len(pd.read_csv(tmp_path / "reports" / "small" / "results.csv")) == 4


def test_stores_with_audits_are_compared_and_merged(plan_of, tmp_path):
    plan, store = plan_of(), Store(tmp_path / "store")
    run_plan(plan, store)
    # A store that is read as a whole holds one result a cell, and no audits.
    assert len(read_source(store.folder)) == len(plan.cells)
    counts = merge_stores([store.folder], tmp_path / "all")
    assert counts["added"] == len(plan.everything)
    keys = list(store.keys())
    assert list(Store(tmp_path / "all").read_all(keys)) == list(store.read_all(keys))
    assert merge_stores([store.folder], tmp_path / "all")["known"] == counts["added"]
    other = Store(tmp_path / "other")
    audit = plan.audits[0]
    other.put(audit.result("done", figures=stored.FIGURES | {"duplicates": 7}), None)
    assert merge_stores([other.folder], tmp_path / "all")["different"] == 1


def test_a_damaged_audit_is_set_aside_and_computed_again(plan_of, tmp_path):
    plan, store = plan_of(datasets=[GRID]), Store(tmp_path / "store")
    run_plan(plan, store)
    audit = plan.audits[0]
    sound = store.get(audit.key)
    stored.damage(store, audit.key)
    warned = []
    run_plan(plan, store, warn=warned.append)
    assert "its checksum does not match; set aside in" in warned[0]
    assert store.get(audit.key).figures == sound.figures


def test_a_cell_without_predictions_is_damaged_though_an_audit_has_none(
    plan_of, tmp_path
):
    plan, store = plan_of(), Store(tmp_path / "store")
    scores = {"accuracy": 1.0}
    store.put(plan.cells[0].result("done", train=scores, test=scores), None)
    assert store.get(plan.cells[0].key) is None
    store.put(plan.audits[0].result("done", figures=stored.FIGURES), None)
    assert store.get(plan.audits[0].key).figures == stored.FIGURES


def test_a_dataset_too_large_for_its_audit_is_refused(plan_of):
    plan = plan_of(limits={"memory": "1MB"}, classifiers=[
        {"use": "GNB", "limits": {"memory": "4GiB"}}
    ], datasets=[GRID | {"train": 4000}])  # fmt: skip
    with pytest.raises(SuiteError, match=r"expected at most .*raise limits\.memory"):
        check_sizes(plan, None)
    check_sizes(replace(plan, audits=()), None)


def test_an_audit_that_ends_its_process_is_a_crashed_row(
    plan_of, tmp_path, monkeypatch
):
    (tmp_path / "audit_zoo.py").write_text(
        "import os\n"
        "from bench.cells import compute\n"
        "compute.audit_curves = lambda *_: os._exit(3)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    # Imported where cells and audits are computed, and nowhere else.
    monkeypatch.setattr("bench.engines.isolation.modules_of", lambda _: {"audit_zoo"})
    plan, store = plan_of(datasets=[GRID]), Store(tmp_path / "store")
    run_plan(plan, store)
    assert {store.get(cell.key).status for cell in plan.cells} == {"done"}
    found = load_audits(plan, store)
    assert {result.status for result in found} == {"crashed"}
    assert "exit code 3" in found[0].error["message"]
