"""Results as data: read back, and nothing else on standard output."""

import csv
import io
import json

import pandas as pd
import pytest
import stored

from bench.cli.output.formats import CSV, JSON, print_rows
from bench.store.store import Store


def read_csv(text):
    return pd.read_csv(
        io.StringIO(text), float_precision="round_trip", keep_default_na=False
    )


def test_rows_are_read_back(capfd):
    rows = [
        {"a": 0.1, "b": 'x,"y"\n±', "c": None},
        {"a": float("nan"), "b": "", "c": 2},
    ]
    print_rows(rows, ["b", "a"], CSV)
    read = list(csv.reader(io.StringIO(capfd.readouterr().out, newline="")))
    assert read == [["b", "a"], ['x,"y"\n±', "0.1"], ["", ""]]
    print_rows(rows, ["c"], CSV)
    assert capfd.readouterr().out == 'c\n""\n2\n'
    print_rows([{"a": "=1+1", "b": -1}], ["a", "b"], CSV)
    assert capfd.readouterr().out == "a,b\n'=1+1,-1\n"  # text is inert, a number not
    print_rows(rows, ["a", "b", "c"], JSON)
    out = capfd.readouterr().out
    assert out.isascii()  # and so whole in every encoding
    assert json.loads(out) == [rows[0], {"a": None, "b": "", "c": 2}]


@pytest.fixture
def suite(write_suite, tmp_path):
    """Write a suite of which two cells of six are stored."""
    path = write_suite(classifiers=["GNB", "KNN"], repetitions=3)
    plan, store = stored.plan_of(path), Store(tmp_path / "data" / "store")
    for cell in plan.cells[:2]:
        scores = {"train": {"accuracy": 1.0}, "test": {"accuracy": 0.7}}
        stored.put(store, cell.result("done", **scores))
    return path


def test_the_status_as_data(bench_run, suite):
    code, out, err = bench_run("status", suite, "--format", "csv", "--why")
    frame = read_csv(out)
    assert code == 0
    assert list(frame["kind"]) == ["cells", "cells", "audits"]
    assert frame[["done", "missing"]].to_numpy().tolist() == [[1, 2], [1, 2], [0, 3]]
    assert "bench: 4 cells (GNB, KNN × grid; repetitions 1–2): only" in err
    rows = json.loads(bench_run("status", suite, "--format", "json")[1])
    assert [row["done"] for row in rows] == [1, 1, 0]
    assert list(rows[0]) == list(frame.columns)


def test_a_dry_run_as_data(bench_run, suite):
    expected = {"cells": 6, "given": 0, "transfers": 0, "audits": 3}
    expected |= {"stored": 2, "to_compute": 7}
    out = bench_run("run", suite, "--dry-run", "--format", "json")[1]
    assert json.loads(out) == expected
    out = bench_run("run", suite, "--dry-run", "--format", "csv")[1]
    assert read_csv(out).to_dict("records") == [expected]


def test_a_plan_as_data(bench_run, suite):
    document = json.loads(bench_run("plan", suite, "--format", "json")[1])
    assert document["cells"] == 9
    assert document["stored"] == 2
    assert document["seconds"] is None or document["seconds"] > 0
    half = json.loads(bench_run("plan", suite, "-j", 2, "--format", "json")[1])
    assert half.keys() == document.keys()
    assert {"dataset": "grid", "classifier": "KNN"} in document["untimed"]
    assert document["detectable"] == []
    out = bench_run("plan", suite, "--format", "csv")[1]
    assert out == "dataset,classifier,stored,std,detectable,needed\n"


def test_a_run_as_data(bench_run, suite, tmp_path):
    words = ["run", suite, "-c", "GNB", "-n", 1, "--set", "audits=false", "--format"]
    code, out, err = bench_run(*words, "csv")
    frame = read_csv(out)
    assert code == 0
    assert frame["classifier"].tolist() == ["GNB"]
    assert frame[["n", "n_cells"]].to_numpy().tolist() == [[1, 1]]
    assert frame["test_accuracy_mean"].tolist() == [0.7]
    assert "no report is written of a part of a suite" in err
    [row] = json.loads(bench_run(*words, "json")[1])
    assert list(row) == list(frame.columns)
    assert row["test_accuracy_mean"] == 0.7
    assert row["test_accuracy_std"] is None


def test_the_list_as_data(bench_run):
    frame = read_csv(bench_run("list", "--format", "csv")[1])
    assert set(frame["kind"]) == {"classifier", "library", "suite"}
    assert frame["description"].str.len().min() > 8
    rows = json.loads(bench_run("list", "--format", "json")[1])
    assert rows == frame.to_dict("records")


def test_an_unknown_format_is_refused_with_the_nearest(bench_run, capfd):
    with pytest.raises(SystemExit) as stop:
        bench_run("list", "--format", "jsn")
    assert stop.value.code == 2
    assert capfd.readouterr().err == (
        "bench list: --format: found 'jsn' (did you mean 'json'?); expected table or "
        "csv or json; see `bench list --help`\n"
    )
