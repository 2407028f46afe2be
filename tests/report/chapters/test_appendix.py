from dataclasses import replace

import pytest
import yaml_text
from read_blocks import of, text_of

from bench.analysis import Log
from bench.render import Code, Folded, Items, Link, Table
from bench.report.chapters.appendix import (
    coverage_chapter,
    methods_chapter,
    provenance_chapter,
    remarks_chapter,
)

GRID = yaml_text.SUITE["datasets"][0]


def test_a_complete_suite_has_no_chapter_on_coverage(make_data):
    assert coverage_chapter(make_data(repetitions=1)) == []


def test_failures_are_counted_by_their_error(make_data):
    data = make_data(
        lambda dataset, name: None if name == "GNB" else 0.8, repetitions=3
    )
    [section] = coverage_chapter(data)
    [lines] = of(Items, [section])
    assert lines.entries == ["grid, GNB: 3 failed – RuntimeError: no luck"]
    [table] = of(Table, [section])
    assert "0 of 3" in table.frame.to_string()
    assert not of(Folded, [section])


def test_a_log_is_folded_and_shows_its_last_lines_as_they_are(make_data):
    data = make_data(
        lambda dataset, name: None if name == "GNB" else 0.8, repetitions=1
    )
    log = Log("grid", "GNB", 0, "Traceback\n  one\n  two\nRuntimeError: <b>`x`")
    [section] = coverage_chapter(replace(data, logs=(log,)))
    [folded] = of(Folded, [section])
    [entry] = folded.blocks[0].entries
    assert entry[0] == "grid, GNB, repetition 0: "
    assert isinstance(entry[1], Code)
    assert entry[1].text == "  one   two RuntimeError: <b>`x`"


def test_remarks_are_those_of_the_reference(make_data):
    assert remarks_chapter(make_data(repetitions=1)) == []
    data = make_data(repetitions=1, reference="seed-notebook")
    [section] = remarks_chapter(data)
    assert section.blocks == [Items(list(data.reference.remarks))]


def test_the_method_counts_cells_and_says_what_was_drawn(make_data):
    [text, *_] = methods_chapter(make_data(classifiers=["KNN"], repetitions=1)).blocks
    assert text.words.startswith(
        "1 cell (1 dataset × 1 repetition × 1 classifier), all done. "
    )
    assert "Every repetition draws fresh training and test curves" in text.words
    assert "rained online" not in text.words
    assert text.words.endswith("With their library's default parameters: KNN.")


@pytest.mark.parametrize(
    ("classifiers", "words"),
    [
        (["SD"], "All classifiers are trained online"),
        (["SD", "KNN"], "Trained online, on fresh curves in each epoch instead: SD."),
    ],
)
def test_the_method_names_what_was_trained_online(make_data, classifiers, words):
    data = make_data(classifiers=classifiers, repetitions=1)
    online = [replace(c, online=c.id == "SD") for c in data.classifiers]
    text = text_of([methods_chapter(replace(data, classifiers=tuple(online)))])
    assert words in text


def test_the_method_does_not_claim_that_failed_cells_are_done(make_data):
    data = make_data(
        lambda dataset, name: None if name == "GNB" else 0.8, repetitions=1
    )
    assert "all done" not in text_of([methods_chapter(data)])


@pytest.mark.parametrize(
    ("impute", "words"),
    [("none", "left out of its pairs"), ("chance", "counts as a guess")],
)
def test_statistics_are_folded_and_follow_the_suites_settings(make_data, impute, words):
    stats = {"baseline": "KNN", "impute": impute, "margin": 0.02, "alpha": 0.1}
    data = make_data(stats=stats | {"works": 0.7}, repetitions=1)
    section = methods_chapter(data)
    [folded] = of(Folded, [section])
    text = text_of([folded])
    assert words in text
    assert "Difference to KNN" in text
    assert "better where the interval lies above 0.02, the margin" in text
    assert "The 90% interval" in text
    assert "1 − 0.1/k" in text
    assert "Works: the simultaneous interval lies above 0.7." in text


def test_of_a_loss_works_is_below(make_data):
    data = make_data(metrics=["brier"], stats={"works": 0.1}, repetitions=1)
    assert "lies below 0.1." in text_of([methods_chapter(data)])


def test_provenance_has_the_command_and_a_link_to_each_file(make_data):
    data = make_data(repetitions=2)
    [items] = provenance_chapter(data, ["results", "works"]).blocks
    command, *lines, files = items.entries
    assert command[1] == Code(f"python -m bench run {data.suite.path}")
    assert lines == list(data.provenance)
    assert [part.target for part in files if isinstance(part, Link)] == [
        "results.csv",
        "works.csv",
        "page.json",
        "tables.tex",
    ]
