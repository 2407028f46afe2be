"""Progress and tables of commands, from values by hand."""

import errno
import math
import sys
from collections import Counter

import pandas as pd
import pytest
import stored
import yaml_text
from rich.console import Console

from bench.analysis.forecasts import Forecast
from bench.cli.output import console, tables
from bench.stats import held_out_scores, summarise_scores


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


def test_a_forecast_says_where_no_number_of_repetitions_is_enough(plan, capsys):
    row = {"dataset": "grid", "classifier": "GNB", "stored": 3, "std": 0.01}
    detectable = pd.DataFrame(
        [row | {"detectable": 0.02, "needed": None}], dtype=object
    )
    console.print_forecast(plan, forecast(detectable=detectable), jobs=1)
    out = capsys.readouterr().out
    title = f"the smallest difference to {plan.suite.baseline} that is detected"
    assert f"{title} with 80% power at alpha 0.05" in out
    assert "0.0200" in out
    assert "no number" in out


def results(**scores):
    """Lay out scores by ``dataset_classifier=[one a repetition]``."""
    rows = []
    for name, values in scores.items():
        dataset, classifier = name.split("_")
        for repetition, score in enumerate(values):
            status = "missing" if math.isnan(score) else "done"
            rows.append(
                {
                    "dataset": dataset,
                    "repetition": repetition,
                    "classifier": classifier,
                    "status": status,
                    "train_accuracy": score,
                    "test_accuracy": score,
                    "collapsed": False,
                }
                | dict.fromkeys(SECONDS, 1.5)
            )
    return pd.DataFrame(rows)


SECONDS = [
    f"{part}{kind}_seconds" for part in ("fit", "predict") for kind in ("", "_cpu")
]


def intervals(frame):
    scores = held_out_scores(frame, "accuracy", collapsed=frame["collapsed"])
    return summarise_scores(scores, 0.05, larger_is_better=True, bounds=(0.0, 1.0))


@pytest.fixture
def at_width(monkeypatch):
    def at_width(width):
        monkeypatch.setattr(
            tables,
            "output_console",
            lambda: Console(width=width, force_terminal=True, color_system=None),
        )
        monkeypatch.setattr(console, "output_console", tables.output_console)

    return at_width


ONE = results(
    grid_KNN=[0.90, 0.91, 0.92, 0.91],
    grid_GNB=[0.89, 0.92, 0.91, 0.91],
    grid_DT=[0.50, 0.51, 0.49, 0.50],
)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_scores_of_one_dataset_fit_any_terminal(plan, capsys, at_width, width):
    at_width(width)
    console.print_scores(plan, ONE, intervals(ONE), "reports/small/README.md")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    text = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= width
    assert "0.910±0.008*" in text
    assert "0.907±0.013≈" in text
    assert "0.500±0.008" in text
    assert "[0.8" in text
    is_whole = width >= 80
    assert ("see reports/small/README.md" in text) != is_whole
    assert ("not shown at this width: " in text) != is_whole
    assert "* the best; ≈ not distinguishable from the best (95%" in text


def test_several_datasets_are_one_matrix_by_mean_rank(write_suite, capsys, at_width):
    names = [f"set-{i}" for i in range(8)]
    dataset = yaml_text.SUITE["datasets"][0]
    datasets = [dataset | {"id": name} for name in names]
    plan = stored.plan_of(write_suite(classifiers=["KNN", "DT"], datasets=datasets))
    scores = {f"{name}_KNN": [0.6, 0.7, 0.8] for name in names[:7]}
    scores |= {f"{name}_DT": [0.9, 0.8, 0.7] for name in names[:7]}
    scores |= {"set-7_KNN": [0.5, math.nan, 0.7], "set-7_DT": [0.5, 0.5, 0.6]}
    frame = results(**scores)
    at_width(200)
    console.print_scores(plan, frame, intervals(frame))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "held-out accuracy, mean±std over 2 repetitions"
    assert lines[1].split() == ["classifier", *names, "fit", "(s)"]
    assert lines[3].split()[:2] == [
        "DT",
        "0.800±0.100*",
    ]  # the better on seven of eight
    assert lines[4].split()[:2] == ["KNN", "0.700±0.100≈"]
    assert "fewer repetitions are done: KNN on set-7 2 of 3" in lines
    # Where they do not fit, datasets are below each other.
    at_width(50)
    console.print_scores(plan, frame, intervals(frame))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["dataset", "DT", "KNN"]
    assert lines[3].split() == ["set-0", "0.800±0.100*", "0.700±0.100≈"]
    assert max(len(line.rstrip()) for line in lines) <= 50


def test_two_repetitions_mark_nothing_and_say_so(plan, capsys):
    frame = results(grid_KNN=[0.9, 0.8], grid_GNB=[0.7, 0.6])
    console.print_scores(plan, frame, intervals(frame))
    out = capsys.readouterr().out
    assert out.endswith("no score is marked as the best: that takes 3 repetitions\n")
    assert "*" not in out
    assert "≈" not in out


def test_collapses_are_told(plan, capsys):
    frame = results(grid_KNN=[0.9, 0.8, 0.9, 0.5], grid_GNB=[0.7, 0.6, 0.6, 0.7])
    frame.loc[3, "collapsed"] = True
    console.print_scores(plan, frame, intervals(frame))
    assert (
        "trainings that stayed at chance: KNN on grid 1 of 4; marks and intervals are "
        "of the others" in capsys.readouterr().out
    )


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
