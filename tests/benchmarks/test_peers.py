"""The tools that are compared do the same work: the same scores, cell by cell."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from peers import jobs, measure, section, table
from peers.plain_joblib import run

import bench
from bench.cells.compute import compute
from bench.cells.plan import make_plan

JOB = jobs.comparison(repetitions=1, curves=30)
JOB["datasets"] = JOB["datasets"][:1]
TINY = jobs.tiny(1, datasets=1)
COORDINATES = ("dataset", "repetition", "classifier")


def scores(rows, part="test"):
    """Map each cell to its accuracy."""
    return {
        tuple(row[name] for name in COORDINATES): row[f"{part}_accuracy"]
        for row in rows
    }


def ours(job, folder):
    """Compute the cells of a job here, without processes; return a row for each."""
    rows = []
    for cell in make_plan(bench.load_suite(jobs.write(job, folder))).cells:
        [(result, _)] = compute((cell,))
        coordinates = {name: getattr(result, name) for name in COORDINATES}
        rows.append(coordinates | {"test_accuracy": result.test["accuracy"]})
        if result.train:
            rows[-1]["train_accuracy"] = result.train["accuracy"]
    return rows


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # few curves
@pytest.mark.parametrize(
    "job", [JOB, jobs.held_out(jobs.only_changed(jobs.changed(JOB))), TINY]
)
def test_a_plain_script_and_we_have_the_same_scores(job, tmp_path):
    plain = run(job, tmp_path / "out", jobs=1).to_dict("records")
    found = ours(job, tmp_path)
    assert scores(plain) == scores(found)
    if job.get("scores") != "held-out":
        assert scores(plain, "train") == scores(found, "train")
    assert len(plain) == jobs.n_cells(job)
    assert len(list((tmp_path / "out").glob("*.npz"))) == len(plain)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.skipif(
    importlib.util.find_spec("benchopt") is None,
    reason="benchopt is not installed (the extra bench-peers)",
)
def test_benchopt_and_a_plain_script_have_the_same_scores(tmp_path):
    measure.benchopt(tmp_path, JOB)
    rows = [
        {
            "dataset": row["p_dataset_dataset"],
            "repetition": row["p_dataset_repetition"],
            "classifier": row["p_solver_classifier"],
            "test_accuracy": row["objective_test_accuracy"],
        }
        for row in measure.benchopt_results(tmp_path)
    ]
    plain = run(JOB, tmp_path / "plain", jobs=1).to_dict("records")
    assert scores(rows) == scores(plain)
    kept = (tmp_path / "benchmark" / "outputs").rglob("predictions.npz")
    assert len(list(kept)) == jobs.n_cells(JOB)


def test_a_changed_classifier_is_other_cells_and_the_rest_the_same():
    before, after = JOB["classifiers"], jobs.changed(JOB)["classifiers"]
    differ = [a["id"] for a, b in zip(after, before, strict=True) if a != b]
    assert differ == [jobs.CHANGED]
    assert jobs.only_changed(JOB)["classifiers"] == [
        entry for entry in before if entry["id"] == jobs.CHANGED
    ]


def test_a_command_is_measured_with_all_its_processes(tmp_path):
    work = "sum(range(3_000_000))"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {work!r}])"
    alone = measure.measure([sys.executable, "-c", "pass"], tmp_path)
    both = measure.measure([sys.executable, "-c", f"print(1); {code}"], tmp_path)
    assert both.core_seconds > alone.core_seconds + 0.02
    assert alone.to_output == alone.seconds
    assert both.to_output <= both.seconds


def test_a_command_that_fails_is_no_measurement(tmp_path):
    with pytest.raises(RuntimeError, match="its last words"):
        measure.measure(
            [sys.executable, "-c", "raise SystemExit('its last words')"],
            tmp_path,
        )


def figures(**changed):
    """Make the figures of a comparison: each command took 10 s, but for some."""
    seconds = {("first", "ours"): 12.0, ("again", "ours"): 3.0} | changed
    plain = {"first", "held-out", "changed", "tiny"}
    others = {"first, no report", "again", "tiny, no report", "tiny, a fork a cell"}
    tools = {
        step: ["ours"]
        + ["joblib"] * (step in plain)
        + ["benchopt"] * (step in {"first", "again", "changed", "tiny", "tiny again"})
        for step in plain | others | {"tiny again"}
    }

    def measured(step, tool):
        took = seconds.get((step, tool), 10.0)
        each = {"seconds": took, "core_seconds": 2 * took, "to_output": took / 2}
        slow = dict.fromkeys(each, 99.0)
        return [each, slow, each]  # of which the median is the first

    return {
        "cells": {"first": 120, "changed": 20, "tiny": 1000},
        "steps": {
            step: {tool: measured(step, tool) for tool in names}
            for step, names in tools.items()
        },
    }


def test_the_table_has_medians_ratios_and_targets():
    found = table.lines(json.loads(json.dumps(figures())))
    by_name = {line[0]: line[1:] for line in found}
    assert all(len(line) == len(table.HEADER) for line in found)
    first = by_name["120 cells, with our report"]
    assert first[:5] == ["12.0", "10.0", "10.0", "1.20", "1.20"]
    assert first[5] == "≤ 1.25 × plain joblib, met; below benchopt, **not met**"
    again = by_name["second run, all cached"]
    assert again[0] == "3.0"
    assert again[5] == "≤ 2 s, **not met**"
    assert by_name["until its table"][0] == "1.5"
    assert by_name["core-seconds, with our report"][0] == "24.0"
    assert "its own cells (10.0 s by plain joblib), met" in "".join(
        by_name["one classifier changed (20 cells)"]
    )
    assert "| 120 cells, with our report" in table.as_markdown(figures())


def test_the_report_of_speed_has_the_table_and_each_round(tmp_path):
    known = {"joblib": "1", "benchopt": "2"}
    about = {"commit": "abc", "dirty": True, "cpu": "c", "cores": 2, "versions": known}
    found = figures() | about | {"rounds": 3}
    text = "\n".join(section.beside_other_tools(found, tmp_path))
    assert table.as_markdown(found) in text
    assert "medians of 3 rounds" in text
    assert "commit abc (with local changes)" in text
    lines = (tmp_path / "peers.csv").read_text().splitlines()
    assert lines[0] == "step,tool,round,seconds,core_seconds,to_output"
    assert "first,ours,2,99.0,99.0,99.0" in lines


def test_every_job_is_a_suite(tmp_path):
    for job in (JOB, jobs.held_out(JOB), TINY, jobs.in_files(TINY)):
        suite = bench.load_suite(jobs.write(job, tmp_path))
        assert suite.repetitions * len(suite.datasets) * len(
            suite.classifiers
        ) == jobs.n_cells(job)
    assert Path(tmp_path / "own_classifiers.py").read_text().count("class ") == 10
