"""The files of a report: read back as they were, and read as a stranger's."""

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import online_stores
import pandas as pd
import pytest
import stored
import yaml_text

from bench.analysis import (
    PAGE,
    collect,
    is_report,
    load_results,
    own_metrics_of,
    read_data,
    report_files,
    write_data,
)
from bench.analysis.report_data import Answer, AnswerRow, HardCurve, Log, Picture
from bench.analysis.report_files import TABLES, write_if_changed
from bench.analysis.sweeps import Sweep
from bench.base.errors import StoreError
from bench.stats.rank_tests import Friedman
from bench.store.store import Store

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "CHANCE": 0.5}
# Every frame of a report, those of CSV files and those of page.json.
FRAMES = (*TABLES, "history", "held_out")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The data of a report with a sweep to its limit, a failure and an answer."""
    folder = tmp_path_factory.mktemp("data")
    normal = {"kind": "truncated-normal", "low": -3, "high": 3, "size": 20}
    datasets = [
        GRID | {"id": f"std{s}", "inputs": normal | {"std": s, "pool": 5000}}
        for s in (1, 2, 10)
    ]
    answer = {"question": "Is it?", "answer": "It is.", "date": "2026-11-24"}
    path = folder / "suite.yaml"
    path.write_text(
        yaml_text.suite_text(
            description="What is asked.",
            datasets=[*datasets, GRID],
            classifiers=list(ACCURACY),
            repetitions=3,
            metrics=["accuracy", "brier", "log_loss"],
            audits=False,
            stats={"works": 0.75},
            reference="seed-notebook",
            answers=[
                answer
                | {"commit": online_stores.COMMIT[:12]}
                | {"rests_on": [{"table": "results", "rows": 36}]}
            ],
        )
    )
    plan, store = stored.plan_of(path), Store(folder / "store")
    online_stores.put_suite(
        plan,
        store,
        lambda dataset, name: (
            None if (dataset, name) == ("std1", "KNN") else ACCURACY[name]
        ),
        online=["SD"],
    )
    return collect(plan, store, load_results(plan, store))


@pytest.fixture
def folder(data, tmp_path):
    write_data(data, tmp_path)
    return tmp_path


def frames_of(data):
    inside = {"history": data.history, "held_out": data.held_out}
    return data.tables | inside


def assert_same(data, back):
    """Compare two reports, number by number and fact by fact."""
    frames, others = frames_of(data), frames_of(back)
    assert list(frames) == list(others)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(
            frame.reset_index(drop=True).infer_objects(),
            others[name],
            check_dtype=False,
            check_exact=True,
        )
    for name in vars(data):
        if name not in ("findings", "online", "calibration", "history", "held_out",
                        "per_class"):  # fmt: skip
            assert getattr(data, name) == getattr(back, name), name
    one, other = data.findings, back.findings
    assert one.sweeps == other.sweeps
    assert one.problems == other.problems
    assert (one.across is None) == (other.across is None)
    if one.across is not None:
        pd.testing.assert_frame_equal(one.across.means, other.across.means)
        pd.testing.assert_series_equal(
            one.across.ranks, other.across.ranks, check_names=False
        )
        for name in ("families", "allowed", "reason", "needed", "friedman", "cliques",
                     "left_out"):  # fmt: skip
            assert getattr(one.across, name) == getattr(other.across, name), name


def test_a_report_is_read_back_exactly(data, folder):
    back = read_data(folder)
    assert_same(data, back)
    # The fixture has what is hard to keep.
    assert data.findings.results["test_accuracy"].isna().any()
    assert any(math.isinf(v) for s in data.findings.sweeps for v in s.values.values())
    assert np.isinf(back.findings.along["value"]).any()
    assert back.findings.results["collapsed"].dtype == "boolean"
    assert back.findings.results["collapsed"].isna().any()
    assert back.findings.intervals["best"].dtype == bool
    assert back.findings.summary["n"].dtype == np.int64
    assert back.findings.across is not None
    assert back.answers[0].rows
    assert back.reference is not None
    assert len(back.history)
    assert len(back.held_out)


def test_what_was_read_is_written_as_it_was(folder, tmp_path):
    again = tmp_path / "again"
    write_data(read_data(folder), again)
    written = stored.content(again)
    assert {f"{name}.csv" for name in read_data(folder).tables} | {PAGE} == set(written)
    assert all((folder / name).read_bytes() == text for name, text in written.items())


TEXTS = [
    "a,b", 'a "quoted" word', "two\nlines", "=1+1", "+1", "-1", "@SUM(A1)", "'=1", "",
    " spaces ", "ä中🔥", "NA", "nan", "None", "True", "1.0", "#", "\\N", "\t", "'", '"',
    "a;b", "<b>", "x" * 500,
]  # fmt: skip


def with_leaks(data, frame):
    """Return the data with another frame, in a file that may hold any columns."""
    return replace(data, findings=replace(data.findings, leaks=frame))


def test_any_text_in_a_table_is_read_back(data, tmp_path):
    frame = pd.DataFrame({"error": TEXTS, "other": TEXTS[::-1], "n": range(len(TEXTS))})
    assert_same(changed := with_leaks(data, frame), _kept(changed, tmp_path))


def _kept(data, folder):
    write_data(data, folder)
    return read_data(folder)


def test_any_number_in_a_table_is_read_back(data, tmp_path):
    numbers = [0.1 + 0.2, 1e-300, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3, 3.0]
    numbers += [math.nan, math.inf, -math.inf]
    n = len(numbers)
    frame = pd.DataFrame(
        {
            "value": numbers,
            "count": np.arange(n) * 10**15,
            "yes": [True, False] * (n // 2),
            "maybe": pd.array([True, None] * (n // 2), dtype="boolean"),
            "nothing": [math.nan] * n,
        }
    )
    back = _kept(with_leaks(data, frame), tmp_path).findings.leaks
    pd.testing.assert_frame_equal(back, frame, check_exact=True)
    assert math.copysign(1, back["value"][2]) == -1


def test_histories_are_read_back(data, tmp_path):
    frame = pd.DataFrame(
        {"classifier": ["=a", "b", "=a"], "epoch": [0, 1, 2],
         "loss": [0.5, math.nan, 1e-9], "dataset": ["ä,中", '"', "\n"]}
    )  # fmt: skip
    assert_same(changed := replace(data, history=frame), _kept(changed, tmp_path))


def test_threads_of_single_classifiers_are_in_a_page_that_has_some(data, tmp_path):
    write_data(data, tmp_path)
    assert "own_threads" not in (tmp_path / PAGE).read_text()
    suite = replace(data.suite, own_threads={"KNN": 4})
    write_data(replace(data, suite=suite), tmp_path)
    assert read_data(tmp_path).suite.own_threads == {"KNN": 4}


def test_facts_are_read_back(data, tmp_path):
    facts = replace(
        data.datasets[0],
        id="=ä <b>\n",
        chance=None,
        pictures=(Picture("neural", [[0.5, -1e-9]]),),
        hardest=(HardCurve([1.5], "u^2", "\\", 2, 3),),
        confusion={"a,b": [[1, 0], [2, 3]]},
    )
    changed = replace(
        data,
        datasets=(facts,),
        answers=(Answer("q", "a" * 999, "d", "c", False, (AnswerRow("w", "t", "p"),)),),
        logs=(Log("d", "c", 3, "Traceback\n\x1b[31m  é"),),
        reference=None,
        transfer_failures=("one", "two"),
        findings=replace(
            data.findings,
            problems=("no",),
            across=replace(
                data.findings.across,
                friedman=Friedman(1.5, 0.25, math.inf, 0.0),
                cliques=(("SD", "KNN"), ("CHANCE",)),
                left_out=("x lacks y",),
            ),
            sweeps=(Sweep("noise", {"a": 0.5, "b": math.inf}, "grid", "f"),),
        ),
    )
    assert_same(changed, _kept(changed, tmp_path))


def test_an_unchanged_file_is_not_written_again(data, folder):
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    write_data(data, folder)
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == before
    path = folder / "a.txt"
    write_if_changed(path, "ä")
    write_if_changed(path, "b")
    assert path.read_text() == "b"


def test_the_file_of_a_table_without_rows_is_removed(data, tmp_path):
    for name in ("leaks.csv", "mine.csv"):
        (tmp_path / name).write_text("of an earlier report")
    write_data(data, tmp_path)
    names = {path.stem for path in tmp_path.glob("*.csv")}
    assert names == set(data.tables) | {"mine"}


def test_a_folder_is_a_report_if_it_has_a_page(folder, tmp_path):
    assert is_report(folder)
    assert not is_report(tmp_path / "none")


def refused(folder):
    """Read a folder that is no report; return the single line that says why."""
    with pytest.raises(StoreError) as caught:
        read_data(folder)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 700
    assert str(folder) in text
    return text.replace(str(folder), "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found no JSON object"),
        ("not JSON", "found no JSON object"),
        ("[1, 2]", "found no JSON object"),
        ("null", "found no JSON object"),
        ("[" * 100_000, "found no JSON object"),
        ("{}", "found version None; expected 1"),
        ('{"version": 2}', "found version 2; expected 1"),
        ('{"version": "%s"}' % ("x" * 9000), "found version"),
        ('{"version": %s}' % ("9" * 9000), "found no JSON object"),
        ('{"version": 1}', "Field required"),
    ],
)
def test_a_page_of_something_else_is_refused(folder, text, said):
    (folder / PAGE).write_text(text)
    found = refused(folder)
    assert said in found
    assert found.startswith(f"/{PAGE}: ")
    assert "write the report again" in found


def edited(folder, change):
    page = json.loads((folder / PAGE).read_text())
    change(page)
    (folder / PAGE).write_text(json.dumps(page))


def first(page):
    return page["datasets"][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda page: page.update(suite=[]), "suite: "),
        (lambda page: page.update(datasets={"a": 1}), "datasets: "),
        (lambda page: page["suite"].update(alpha="x" * 5000), "suite.alpha: "),
        (lambda page: page["suite"].pop("metrics"), "suite.metrics: Field required"),
        (lambda page: first(page).update(x=[["a"]]), "datasets.0.x.0.0: "),
        (lambda page: first(page).update(n_test=None), "datasets.0.n_test: "),
        (lambda page: page["across"].update(means=3), "across.means: "),
        (lambda page: page["columns"].update(results=["a"]), "columns.results: "),
        (lambda page: page["frames"].update(history={"epoch": [{}]}), "frames.history"),
    ],
)
def test_a_page_of_other_types_is_refused_with_the_place(folder, change, said):
    edited(folder, change)
    assert said in refused(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda page: page["columns"]["results"].update(n="int"), "the columns"),
        (lambda page: page["columns"]["results"].update(status="float"), "status: "),
        (
            lambda page: page["columns"]["results"].update(status="bool"),
            "expected bool",
        ),
        (lambda page: page["columns"]["results"].update(status="code"), "unknown kind"),
        (lambda page: page["columns"].update(leaks={"p": "float"}), "leaks.csv"),
        (lambda page: page["suite"].update(metrics=[]), "suite.metrics: found nothing"),
        (lambda page: page["suite"].update(metrics=["fame"]), "found 'fame'"),
        (lambda page: page["suite"].update(metrics=["roc_auc"]), "train_roc_auc"),
        (
            lambda page: page["frames"]["history"]["classifier"].update(rows=[0, 99]),
            "a row beyond the",
        ),
        (
            lambda page: page["frames"]["history"].update(epoch=[1.5, "a"]),
            "frames.history",
        ),
    ],
)
def test_a_page_that_its_tables_contradict_is_refused(folder, change, said):
    edited(folder, change)
    assert said in refused(folder)


def test_columns_of_unequal_length_are_refused(folder):
    edited(folder, lambda page: page["frames"]["history"]["epoch"].pop())
    assert "found columns of 719 and of 720 values" in refused(folder)


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n1,2\n", "\0\0", 'a"b\n"', "suite\n" + "x,y\n" * 3],
)
def test_a_table_of_other_columns_is_refused(folder, text):
    (folder / "results.csv").write_text(text)
    assert refused(folder).startswith("/results.csv: ")


def test_a_table_that_lacks_what_every_report_has_is_refused(folder):
    edited(folder, lambda page: page["columns"]["results"].pop("status"))
    frame = pd.read_csv(folder / "results.csv", dtype=str, keep_default_na=False)
    frame.drop(columns="status").to_csv(folder / "results.csv", index=False)
    assert "found no column status" in refused(folder)
    edited(folder, lambda page: page["columns"].pop("results"))
    assert "found no column suite" in refused(folder)


def test_a_table_that_is_no_text_is_refused(folder):
    (folder / "summary.csv").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refused(folder)


@pytest.mark.parametrize("name", [PAGE, "results.csv"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert f"/{name}: cannot be read" in refused(folder)
    (folder / name).mkdir()
    assert f"/{name}: cannot be read" in refused(folder)


@pytest.mark.parametrize("name", [PAGE, "results.csv"])
def test_a_huge_file_is_not_read(folder, name, monkeypatch):
    size = (folder / name).stat().st_size
    monkeypatch.setattr(report_files, "MOST_BYTES", size - 1)
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_: pytest.fail("was read"))
    if name != PAGE:
        monkeypatch.undo()
        with (folder / name).open("ab") as file:
            file.truncate(report_files.MOST_BYTES + 1)
    assert "bytes; expected at most" in refused(folder)


def test_a_table_that_the_page_does_not_list_is_not_read(folder):
    (folder / "leaks.csv").write_text("not a table")
    shutil.copy(folder / "results.csv", folder / "mine.csv")
    assert read_data(folder).findings.leaks.empty


def test_a_page_has_no_infinity_and_one_line_for_each_part(folder):
    text = (folder / PAGE).read_text()
    parts = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert len(text.splitlines()) == len(parts) + 2


OWN = {"name": "profit", "function": "my.py:profit", "larger_is_better": True}


def test_a_metric_of_ones_own_is_described_in_the_page(folder):
    def change(page):
        page["suite"]["own_metrics"] = [OWN]

    edited(folder, change)
    [own] = own_metrics_of(folder)
    assert (str(own), own.larger_is_better, own.bounds) == ("profit", True, None)
    assert read_data(folder).suite.metric("profit") == own
    assert own_metrics_of(folder.parent) == ()


@pytest.mark.parametrize("name", ["=1+1", "<b>", "accuracy", "a" * 41, "", "a\nb"])
def test_a_metric_whose_name_is_no_name_is_refused(folder, name):
    def change(page):
        page["suite"]["own_metrics"] = [OWN | {"name": name}]

    edited(folder, change)
    assert "suite.own_metrics: found" in refused(folder)
