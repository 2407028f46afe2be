"""Progress and tables of commands, from values by hand."""

import errno
import sys
from collections import Counter

import pandas as pd
import pytest
import stored

from bench.analysis.forecasts import Forecast
from bench.cli import console


@pytest.fixture
def plan(write_suite):
    return stored.plan_of(write_suite(classifiers=["GNB", "KNN"]))


def forecast(**changes):
    values = {
        "n_cells": 10,
        "n_stored": 4,
        "seconds": 240.0,
        "untimed": (),
        "detectable": pd.DataFrame(),
        "n_datasets": 1,
        "datasets_needed": (6, 7),
        "enough": False,
    }
    return Forecast(**(values | changes))


def test_a_progress_counts_what_this_run_computed_and_all_failures(plan):
    progress = console.RunProgress(4)
    cell, audit = plan.cells[0], plan.audits[0]
    done = cell.result("done", fit_cpu_seconds=1.5, predict_cpu_seconds=0.5)
    progress.advance(cell, done, True)
    progress.advance(cell, done, False)  # stored earlier, so its time does not count
    progress.advance(cell, cell.result("crashed"), False)
    progress.advance(audit, audit.result("failed"), True)
    assert (progress.computed, progress.audits, progress.failed) == (2, 1, 2)
    assert progress.busy == 2.0
    assert progress.summary().startswith("1 cells and 1 audits computed in ")
    assert "fits and predictions took 2.0 s of processor time" in progress.summary()


def test_an_expected_time_is_divided_by_the_jobs(plan, capsys):
    console.print_forecast(plan, forecast(), jobs=2)
    out = " ".join(capsys.readouterr().out.split())  # without line breaks
    assert "4 cells, 2 audits; 4 stored, 6 to compute" in out
    assert "expected time 2.0 min with -j 2" in out
    assert "1 independent datasets (libraries): too few for tests" in out
    assert "2 classifiers need 6 against a baseline, 7 for all pairs" in out


def test_at_most_six_kinds_without_a_time_are_named(plan, capsys):
    untimed = (*((f"d{i}", "GNB") for i in range(8)), ("d", ""))
    console.print_forecast(plan, forecast(seconds=None, untimed=untimed), jobs=1)
    out = capsys.readouterr().out
    assert "never computed d0 × GNB, d1 × GNB" in out
    assert "d5 × GNB and 3 more; use --pilot" in out
    assert "d6" not in out


def test_a_forecast_shows_a_dash_where_no_number_of_repetitions_is_enough(plan, capsys):
    row = {"dataset": "grid", "classifier": "GNB", "stored": 3, "std": 0.01}
    detectable = pd.DataFrame(
        [row | {"detectable": 0.02, "needed": None}], dtype=object
    )
    console.print_forecast(plan, forecast(detectable=detectable), jobs=1)
    out = capsys.readouterr().out
    assert f"difference to {plan.suite.baseline} detected with 80% power, alpha" in out
    assert "0.0200" in out
    assert "–" in out


def test_statuses_are_summed_in_a_last_row(capsys):
    counts = {
        ("grid", "GNB"): Counter(done=2, missing=1),
        ("grid, audits", ""): Counter(done=3),
    }
    console.print_statuses("small", counts)
    rows = [
        line.replace("│", " ").replace("┃", " ").split()
        for line in capsys.readouterr().out.splitlines()
    ]
    assert ["dataset", "classifier", "done", "missing"] in rows
    assert ["grid", "GNB", "2", "1"] in rows
    assert ["all", "5", "1"] in rows


def test_brackets_in_a_name_are_not_markup(capsys):
    console.print_statuses("[red]a", {("[bold]d", "[x]"): Counter(done=1)})
    out = capsys.readouterr().out
    assert "[red]a" in out
    assert "[bold]d" in out
    assert "[x]" in out


def test_a_broken_pipe_is_an_exception_and_not_exit_code_1(monkeypatch):
    with pytest.raises(BrokenPipeError) as caught:
        console._console().on_broken_pipe()
    assert caught.value.errno == errno.EPIPE
    monkeypatch.setattr(sys, "stdout", None)
    console._console()  # without a standard output there is still a console
