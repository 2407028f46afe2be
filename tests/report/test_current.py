"""When a report is current: made from the same, and its files as they were."""

import os
import re
from dataclasses import replace

import pytest
import stored

from bench.analysis import load_results
from bench.report import current
from bench.report.current import MADE_FROM, digest_of, is_current, mark_current
from bench.store import Store

METRIC = "def odd_score(y_true, y_pred):\n    return 0.5\n"
NOTES = """\
title: Notes
source: A paper.
measures: test_accuracy
lesson: None.
datasets: {grid: {KNN: {mean: 0.5}}}
"""

DATASET = {
    "id": "grid",
    "library": "own.lib",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 9},
    "train": 8,
    "test": 8,
}
SUITE = {
    "classifiers": ["KNN", "GNB"],
    "datasets": [DATASET],
    "metrics": ["accuracy", "own.py:odd_score"],
    "reference": "notes.yaml",
}


@pytest.fixture
def suite(write_suite, tmp_path, monkeypatch):
    """Give the store of a suite, and a function that tells its digest now."""
    monkeypatch.setattr("os.fsync", lambda file: None)
    (tmp_path / "own.py").write_text(METRIC)
    (tmp_path / "notes.yaml").write_text(NOTES)
    (tmp_path / "own.lib").write_text("sin(N0*x[:,0])\ntanh(U0*x[:,0])\n")
    store = Store(tmp_path / "store")

    def digest(folder=tmp_path / "out", **changes):
        plan = stored.plan_of(write_suite(**(SUITE | changes)))
        return digest_of(plan, store, folder, load_results(plan, store))

    plan = stored.plan_of(write_suite(**SUITE))
    stored.put_cells(plan, store)
    return plan, store, digest


def put_again(store, task, **changes):
    """Replace the stored result of a task by a changed one."""
    result = replace(store.get(task.key), **changes)
    store.put(result, stored.ARRAYS, replaces=True)


def test_the_same_gives_the_same(suite):
    plan, store, digest = suite
    before = digest()
    assert re.fullmatch("[0-9a-f]{64}", before)
    assert digest() == before
    results = load_results(plan, store)
    fresh = [replace(r, fields={"what": "was computed"}) for r in results]
    assert digest_of(plan, store, plan.suite.folder / "out", fresh) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "Another question."},
        {"name": "other"},
        {"stats": {"alpha": 0.1}},
        {"metrics": ["accuracy"]},
        {"metrics": ["own.py:odd_score", "accuracy"]},
        {"classifiers": ["GNB", "KNN"]},
        {"classifiers": ["KNN"]},
        {"repetitions": 1},
        {"audits": False},
        {"reference": None},
        {"limits": {"timeout": "1m"}},
    ],
    ids=str,
)
def test_another_suite_is_another_report(suite, changes):
    *_, digest = suite
    assert digest(**changes) != digest()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("own.py", "0.5", "0.6"),
        ("notes.yaml", "A paper", "Another paper"),
        ("own.lib", "sin", "cos"),
    ],
)
def test_a_file_that_the_suite_names_is_a_part_of_it(suite, tmp_path, file, old, new):
    *_, digest = suite
    before = digest()
    path = tmp_path / file
    path.write_text(path.read_text().replace(old, new, 1))
    assert digest() != before


@pytest.mark.parametrize(
    "changes",
    [{"test": {"accuracy": 0.25}}, {"warnings": ("Odd: x",)}, {"dirty": True}],
)
def test_any_result_matters(suite, changes):
    plan, store, digest = suite
    before = digest()
    put_again(store, plan.cells[1], **changes)
    assert digest() != before


def test_audits_and_tracebacks_matter_too(suite, write_suite):
    plan, store, digest = suite
    found = [digest()]
    stored.put_audits(plan, store)
    found.append(digest())
    three = ["KNN", "GNB", "DT"]
    cell = stored.plan_of(write_suite(**SUITE | {"classifiers": three})).cells[2]
    for place in ("here", "there"):
        error = {"type": "OSError", "message": "no", "traceback": f"raised {place}"}
        store.put(cell.result("failed", error=error), None)
        found.append(digest(classifiers=three))
    assert len(set(found)) == 4


def test_the_date_of_the_results_is_shown(suite, monkeypatch):
    *_, digest = suite
    before = digest()
    monkeypatch.setattr(current, "date_of", lambda store, results: "2026-11-30")
    assert digest() != before


def test_code_and_versions_matter(suite, monkeypatch):
    *_, digest = suite
    found = [digest()]
    with monkeypatch.context() as other:
        other.setattr(current, "code_digest", lambda: "other code")
        found.append(digest())
    versions = current.versions() | {"scipy": "99"}
    monkeypatch.setattr(current, "versions", lambda: versions)
    found.append(digest())
    assert len(set(found)) == 3


def test_code_is_every_file_of_the_package_and_what_draws(monkeypatch, tmp_path):
    (tmp_path / "web").mkdir()
    for name in ("a.py", "web/page.js"):
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(current, "PACKAGE", tmp_path)

    def digests():
        current.code_digest.cache_clear()
        found = current.code_digest(), current.code_digest("*.py")
        current.code_digest.cache_clear()
        return found

    every, python = digests()
    assert digests() == (every, python)
    (tmp_path / "web/page.js").write_text("2")
    assert digests()[0] != every
    assert digests()[1] == python
    monkeypatch.setattr(current, "version", lambda name: "99")
    assert digests()[1] != python


@pytest.fixture
def report(tmp_path):
    """Give a folder that was marked as current for the digest "abc"."""
    for name in ("README.md", "results.csv", "page.json", "figures/a.png"):
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text(name)
    mark_current(tmp_path / "out", "abc")
    return tmp_path / "out"


def test_a_report_is_current_as_long_as_its_files_are(report):
    assert is_current(report, "abc")
    assert not is_current(report, "abd")
    assert len((report / MADE_FROM).read_text()) == 65
    (report / "mine.txt").write_text("not a file of a report")
    os.utime(report / "README.md", (0, 0))  # such as a checkout gives
    assert is_current(report, "abc")


HARM = {
    "edited": lambda folder: (folder / "README.md").write_text("edited"),
    "deleted": lambda folder: (folder / "results.csv").unlink(),
    "figure deleted": lambda folder: (folder / "figures/a.png").unlink(),
    "added": lambda folder: (folder / "figures/b.png").write_text("of another report"),
    "renamed": lambda folder: (folder / "page.json").rename(folder / "q.json"),
    "unmarked": lambda folder: (folder / MADE_FROM).unlink(),
    "damaged": lambda folder: (folder / MADE_FROM).write_bytes(b"\xff"),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_report_that_somebody_changed_is_not_current(report, harm):
    HARM[harm](report)
    assert not is_current(report, "abc")


def test_without_a_folder_nothing_is_current(tmp_path):
    assert not is_current(tmp_path / "none", "abc")
