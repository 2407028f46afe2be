from dataclasses import replace

import pandas as pd
import pytest
import yaml_text

from bench.render.blocks import Warning
from bench.report import write
from bench.report.across import across_chapter
from bench.report.leaks import leak_chapter, leak_table, leak_verdict
from bench.report.opening import opening
from bench.stats.leaks import find_leaks

GRID = yaml_text.SUITE["datasets"][0]
NULL = GRID | {"neural": {"kind": "library"}, "test": 500}
OTHER = NULL | {"id": "other", "library": "families20"}
FAIR = {"SD": 0.505, "KNN": 0.49, "GNB": 0.5}


def words_of(block):
    words = block.words
    return (
        words
        if isinstance(words, str)
        else "".join(getattr(w, "text", w) for w in words)
    )


def test_a_suite_with_something_to_learn_has_no_such_verdict(make_findings):
    plan, findings, _ = make_findings(repetitions=1)
    assert findings.leaks.empty
    assert leak_verdict(plan, findings) == leak_chapter(plan, findings) == []


def test_without_a_leak_the_answer_says_how_small_a_leak_would_be_seen(
    make_findings, tmp_path
):
    plan, findings, results = make_findings(
        lambda dataset, name: FAIR[name], datasets=[NULL, OTHER]
    )
    first = words_of(opening(plan, findings, results, {})[0])
    rows = findings.leaks.set_index(["classifier", "dataset"])
    single = rows.loc[("SD", "grid"), "detectable"]
    both = rows.loc[("SD", ""), "detectable"]
    assert both < single < 0.05
    assert first.startswith("No leak found. A leak of 0.0")
    assert "Both classes of grid, other are drawn" in first
    assert across_chapter(plan, findings, None) == []
    assert f"A leak of {single:.3f} or more of one classifier on one" in first
    assert f"of {both:.3f} or more on all datasets together" in first
    assert "3 classifiers, on 2 datasets and on all together (9 tests)" in first
    [section] = leak_chapter(plan, findings)
    assert len(section.blocks[0].frame) == 9
    write._write_csv(findings, pd.DataFrame(), tmp_path)
    write._write_latex(plan, findings, [pd.DataFrame(), pd.DataFrame()], tmp_path)
    assert len(pd.read_csv(tmp_path / "leaks.csv")) == 9
    assert r"\label{tab:small-leaks}" in (tmp_path / "tables.tex").read_text()


def test_a_leak_is_the_first_thing_that_is_said(make_findings):
    leaky = FAIR | {"GNB": 0.56}
    plan, findings, results = make_findings(
        lambda dataset, name: (leaky if dataset == "other" else FAIR)[name],
        datasets=[NULL, OTHER],
        # The suite's metrics need not hold the accuracy.
        metrics=["balanced_accuracy"],
    )
    block = opening(plan, findings, results, {})[0]
    assert isinstance(block, Warning)
    assert words_of(block).startswith("LEAK: GNB on other 0.5")
    table = leak_table(plan, findings).frame.set_index(["classifier", "dataset"])
    assert table.loc[("GNB", "other"), "verdict"] == "leak"
    assert table.loc[("KNN", "other"), "verdict"] == "no leak found"


def test_a_classifier_that_fails_is_named_and_hides_no_other(make_findings):
    plan, findings, _ = make_findings(
        lambda dataset, name: None if name == "KNN" else FAIR[name], datasets=[NULL]
    )
    verdict, warning = leak_verdict(plan, findings)
    assert words_of(verdict).startswith("No leak found.")
    assert "2 classifiers, on 1 dataset (2 tests)" in words_of(verdict)
    assert "Nothing can be told of KNN on grid" in words_of(warning)
    assert leak_table(plan, findings).frame["held-out accuracy"].tolist()[1] == "–"


def test_too_few_curves_are_said_to_be_too_few(make_findings):
    plan, findings, _ = make_findings(
        lambda dataset, name: FAIR[name], datasets=[NULL | {"test": 1}], repetitions=1
    )
    [warning] = leak_verdict(plan, findings)
    assert isinstance(warning, Warning)
    assert words_of(warning).startswith("Cannot tell whether there is a leak on grid")


@pytest.mark.parametrize("n_datasets", [1, 40])
def test_a_long_table_shows_the_pooled_rows_or_the_furthest(make_findings, n_datasets):
    plan, findings, _ = make_findings(
        lambda dataset, name: FAIR[name], datasets=[NULL], repetitions=1
    )
    cells = pd.DataFrame(
        [(f"d{i}", 0, name, 0.5, 100) for i in range(40) for name in FAIR],
        columns=["dataset", "repetition", "classifier", "accuracy", "n_curves"],
    )
    streams = {f"d{i}": str(i % n_datasets) for i in range(40)}
    leaks = find_leaks(cells, alpha=0.05, streams=streams)
    table = leak_table(plan, replace(findings, leaks=leaks))
    assert len(table.frame) == (30 if n_datasets == 1 else 3)
    assert f"Shown are {len(table.frame)} of {len(leaks)} rows" in table.caption
