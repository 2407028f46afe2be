"""Progress and tables of commands, from values by hand."""

import errno
import sys
from collections import Counter

import pandas as pd
import pytest
import stored

from bench.analysis.forecasts import Forecast
from bench.cli import console, tables


@pytest.fixture
def plan(write_suite):
    return stored.plan_of(write_suite(classifiers=["GNB", "KNN"]))


def forecast(**changes):
    values = {
        "n_cells": 10,
        "n_stored": 4,
        "seconds": 240.0,
        "untimed": (),
        "left": lambda jobs: 240.0 / jobs,
        "detectable": pd.DataFrame(),
        "n_datasets": 1,
        "datasets_needed": (6, 7),
        "enough": False,
    }
    return Forecast(**(values | changes))


def test_an_expected_time_is_that_of_the_jobs(plan, capsys):
    console.print_forecast(plan, forecast(), jobs=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "4 cells, 2 audits; 4 stored, 6 to compute",
        "expected time: about 2 min with -j 2",
        "too few datasets for tests across them: 1 function library; comparing 2 "
        "classifiers takes 6 (each with GNB) or 7 (each with each other)",
    ]


def test_at_most_six_kinds_without_a_time_are_named(plan, capsys):
    untimed = (*((f"d{i}", "GNB") for i in range(8)), ("d", ""))
    unknown = forecast(untimed=untimed, left=lambda jobs: None)
    console.print_forecast(plan, unknown, jobs=1)
    out = capsys.readouterr().out
    assert "unknown (never computed here: GNB on d0, GNB on d1" in out
    assert "GNB on d5 and 3 more); --pilot 1 measures it" in out
    assert "d6" not in out
    console.print_forecast(plan, forecast(untimed=untimed[-1:]), jobs=1)
    out = capsys.readouterr().out
    assert "a guess from other cells (never computed here: the audits of d)" in out
    console.print_forecast(plan, forecast(n_stored=10), jobs=1)
    assert "expected time" not in capsys.readouterr().out


def test_a_forecast_shows_a_dash_where_no_number_of_repetitions_is_enough(plan, capsys):
    row = {"dataset": "grid", "classifier": "GNB", "stored": 3, "std": 0.01}
    detectable = pd.DataFrame(
        [row | {"detectable": 0.02, "needed": None}], dtype=object
    )
    console.print_forecast(plan, forecast(detectable=detectable), jobs=1)
    out = capsys.readouterr().out
    title = f"the smallest difference to {plan.suite.baseline} that is detected"
    assert f"{title} with 80% power at alpha 0.05" in out
    assert "0.0200" in out
    assert "–" in out


def test_statuses_are_summed_in_a_last_row(capsys):
    counts = {
        ("grid", "GNB"): Counter(done=2, missing=1),
        ("grid, audits", ""): Counter(done=3),
    }
    console.print_statuses("small", counts)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["small"],
        ["dataset", "classifier", "done", "missing"],
        ["grid", "GNB", "2", "1"],
        ["grid,", "audits", "–", "3", "0"],
        ["all", "–", "5", "1"],
    ]


def test_brackets_in_a_name_are_not_markup(capsys):
    console.print_statuses("[red]a", {("[bold]d", "[x]"): Counter(done=1)})
    out = capsys.readouterr().out
    assert "[red]a" in out
    assert "[bold]d" in out
    assert "[x]" in out


def test_a_broken_pipe_is_an_exception_and_not_exit_code_1(monkeypatch):
    with pytest.raises(BrokenPipeError) as caught:
        tables.output_console().on_broken_pipe()
    assert caught.value.errno == errno.EPIPE
    monkeypatch.setattr(sys, "stdout", None)
    tables.output_console()  # without a standard output there is still a console
