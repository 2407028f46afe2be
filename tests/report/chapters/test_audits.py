from dataclasses import replace

import pandas as pd
import pytest
import yaml_text
from read_blocks import of, text_of

from bench.render import Warning
from bench.report.chapters.audits import alarm_warnings, audits_chapter, dataset_alarms

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


def audit(dataset, audit, value, *, alarm=True, expected=0.5, words="its words"):
    return {
        "dataset": dataset,
        "audit": audit,
        "value": value,
        "expected": expected,
        "standard_error": 0.01,
        "n": 3,
        "alarm": alarm,
        "words": words,
    }


@pytest.fixture
def audited(make_data):
    """Return the data of a report with some datasets and the given audits."""

    def make(*rows, n_datasets=2, **changes):
        datasets = [GRID | {"id": f"d{i}", "train": 30 + i} for i in range(n_datasets)]
        data = make_data(**({"datasets": datasets, "repetitions": 2} | changes))
        findings = replace(data.findings, audits=pd.DataFrame(list(rows)))
        return replace(data, findings=findings)

    return make


def test_without_audits_nothing_is_said(make_data):
    data = make_data(repetitions=1)
    assert data.findings.audits.empty
    assert audits_chapter(data) == alarm_warnings(data) == []
    assert dataset_alarms(data, "grid") == []


def test_where_all_is_well_one_sentence_says_so(audited):
    rows = [audit(f"d{i}", "balance", 0, alarm=False) for i in range(2)]
    data = audited(*rows)
    assert alarm_warnings(data) == []
    [section] = audits_chapter(data)
    [block] = section.blocks
    assert block.words.startswith("All is well on 2 datasets: ")
    assert "audits.csv has every value" in block.words


def test_a_shortcut_is_said_once_for_all_datasets(audited):
    rows = [
        audit(f"d{i}", "tree on points" if i else "tree on roughness", 0.96 + i / 100)
        for i in range(2)
    ]
    [warning] = alarm_warnings(audited(*rows))
    assert warning.title == "Shortcut"
    assert "A depth-3 decision tree on " in warning.words
    assert "alone reaches 0.960 to 0.970 on both datasets" in warning.words
    assert "(best classifier 0.9" in warning.words
    assert "do not show that a classifier recognises functions" in warning.words


def test_of_several_trees_on_a_dataset_the_best_counts(audited):
    rows = [
        audit("d0", "tree on roughness", 0.96),
        audit("d0", "tree on points", 1.0),
    ]
    [warning] = alarm_warnings(audited(*rows))
    assert "alone reaches 1.000 on d0 " in warning.words
    [own] = dataset_alarms(audited(*rows), "d0")
    assert "reaches 1.000." in own.words
    assert dataset_alarms(audited(*rows), "d1") == []


@pytest.mark.parametrize(
    ("concerned", "n_datasets", "words"),
    [(1, 1, "on d0 "), (3, 3, "on all 3 datasets"), (4, 5, "on 4 of 5 datasets")],
)
def test_many_datasets_are_counted_and_few_are_named(
    audited, concerned, n_datasets, words
):
    rows = [audit(f"d{i}", "tree on roughness", 1.0) for i in range(concerned)]
    [warning] = alarm_warnings(audited(*rows, n_datasets=n_datasets, repetitions=1))
    assert words in warning.words


def test_each_other_kind_of_alarm_has_its_meaning(audited):
    rows = [
        audit("d0", "CHANCE", 0.7),
        audit("d0", "duplicates", 4.0, expected=0.0),
        audit("d1", "duplicates", 2.0, expected=0.0),
        audit("d1", "balance", 0.8),
        audit("d1", "something new", 0.1),
    ]
    data = audited(*rows)
    warnings = {warning.title: warning.words for warning in alarm_warnings(data)}
    assert list(warnings) == ["Leak", "Duplicates", "Unbalanced classes", "Audit"]
    assert "labels leak" in warnings["Leak"]
    assert "d0 (4 in 3 repetitions), d1 (2 in 3 repetitions)." in warnings["Duplicates"]
    assert "balanced accuracy" in warnings["Unbalanced classes"]
    titles = [block.title for block in dataset_alarms(data, "d1")]
    assert titles == ["Duplicates", "Unbalanced classes", "Audit"]


def test_the_chapter_counts_alarms_and_names_audits_that_are_not_done(audited):
    done = audit("d0", "CHANCE", 0.7)
    well = audit("d1", "CHANCE", 0.5, alarm=False)
    lost = audit("d1", "missing", float("nan"), alarm=False, expected=float("nan"))
    data = audited(done, well, lost | {"words": "1 of 2 audits failed"})
    text = text_of(audits_chapter(data))
    assert "Checked on 2 datasets" in text
    assert "1 alarm of 2 audits" in text
    assert "Not done: d1: 1 of 2 audits failed." in text
    assert not of(Warning, audits_chapter(data))
