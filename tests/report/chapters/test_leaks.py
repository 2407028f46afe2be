from dataclasses import replace

import pandas as pd
import pytest
import yaml_text
from read_blocks import text_of

from bench.render import Warning
from bench.report.chapters.across import across_chapter
from bench.report.chapters.leaks import leak_chapter, leak_table, leak_verdict
from bench.report.chapters.opening import question_and_answer
from bench.stats.leaks import find_leaks

GRID = yaml_text.SUITE["datasets"][0]
NULL = GRID | {"neural": {"kind": "library"}, "test": 500}
OTHER = NULL | {"id": "other", "library": "families20"}
FAIR = {"SD": 0.505, "KNN": 0.49, "GNB": 0.5}


def test_a_suite_with_something_to_learn_has_no_such_verdict(make_data):
    data = make_data(repetitions=1)
    assert data.findings.leaks.empty
    assert leak_verdict(data) == leak_chapter(data) == []


def test_without_a_leak_the_answer_says_how_small_a_leak_would_be_seen(make_data):
    data = make_data(lambda dataset, name: FAIR[name], datasets=[NULL, OTHER])
    first = text_of(question_and_answer(data)[:1])
    rows = data.findings.leaks.set_index(["classifier", "dataset"])
    single = rows.loc[("SD", "grid"), "detectable"]
    both = rows.loc[("SD", ""), "detectable"]
    assert both < single < 0.05
    assert first.startswith("No leak found. A leak of 0.0")
    assert "Both classes of grid, other are drawn" in first
    assert across_chapter(data, None) == []
    assert f"A leak of {single:.3f} or more of one classifier on one" in first
    assert f"of {both:.3f} or more on all datasets together" in first
    assert "3 classifiers, on 2 datasets and on all together (9 tests)" in first
    [section] = leak_chapter(data)
    assert len(section.blocks[0].frame) == 9
    assert len(data.tables["leaks"]) == 9


def test_a_leak_is_the_first_thing_that_is_said(make_data):
    leaky = FAIR | {"GNB": 0.56}
    data = make_data(
        lambda dataset, name: (leaky if dataset == "other" else FAIR)[name],
        datasets=[NULL, OTHER],
        # The suite's metrics need not hold the accuracy.
        metrics=["balanced_accuracy"],
    )
    block = question_and_answer(data)[0]
    assert isinstance(block, Warning)
    assert text_of([block]).startswith("Warning. LEAK: GNB on other 0.5")
    table = leak_table(data).frame.set_index(["classifier", "dataset"])
    assert table.loc[("GNB", "other"), "verdict"] == "leak"
    assert table.loc[("KNN", "other"), "verdict"] == "no leak found"


def test_a_classifier_that_fails_is_named_and_hides_no_other(make_data):
    data = make_data(
        lambda dataset, name: None if name == "KNN" else FAIR[name], datasets=[NULL]
    )
    verdict, warning = leak_verdict(data)
    assert text_of([verdict]).startswith("No leak found.")
    assert "2 classifiers, on 1 dataset (2 tests)" in text_of([verdict])
    assert "Nothing can be told of KNN on grid" in text_of([warning])
    assert leak_table(data).frame["held-out accuracy"].tolist()[1] == "–"


def test_too_few_curves_are_said_to_be_too_few(make_data):
    data = make_data(
        lambda dataset, name: FAIR[name], datasets=[NULL | {"test": 1}], repetitions=1
    )
    [warning] = leak_verdict(data)
    assert isinstance(warning, Warning)
    assert text_of([warning]).startswith(
        "Warning. Cannot tell whether there is a leak on grid"
    )


@pytest.mark.parametrize("n_datasets", [1, 40])
def test_a_long_table_shows_the_pooled_rows_or_the_furthest(make_data, n_datasets):
    data = make_data(lambda dataset, name: FAIR[name], datasets=[NULL], repetitions=1)
    cells = pd.DataFrame(
        [(f"d{i}", 0, name, 0.5, 100) for i in range(40) for name in FAIR],
        columns=["dataset", "repetition", "classifier", "accuracy", "n_curves"],
    )
    streams = {f"d{i}": str(i % n_datasets) for i in range(40)}
    leaks = find_leaks(cells, alpha=0.05, streams=streams)
    table = leak_table(replace(data, findings=replace(data.findings, leaks=leaks)))
    assert len(table.frame) == (30 if n_datasets == 1 else 3)
    assert f"Shown are {len(table.frame)} of {len(leaks)} rows" in table.caption
