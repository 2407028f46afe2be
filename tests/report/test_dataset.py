from dataclasses import replace

import pandas as pd
import pytest
import yaml_text

from bench.analysis.cell_arrays import read_cell_arrays
from bench.render.blocks import FigureFile, Items, Table, Text
from bench.report.dataset import (
    comparison_table,
    dataset_chapter,
    score_table,
)
from bench.store.store import Store

GRID = yaml_text.SUITE["datasets"][0]
NO_ONLINE = pd.DataFrame()


@pytest.fixture
def chapter(make_findings, figures, tmp_path):
    """Return the chapter on the only dataset of a suite."""

    def write(*args, **changes):
        plan, findings, _ = make_findings(*args, **changes)
        [recipe] = plan.datasets
        arrays = read_cell_arrays(findings, recipe.spec.id, Store(tmp_path / "store"))
        return dataset_chapter(plan, findings, recipe, arrays, figures)

    return write


def test_a_chapter_has_its_tables_before_its_figures(chapter):
    section = chapter(datasets=[GRID | {"description": "Even points."}])
    kinds = [type(block) for block in section.blocks]
    n_figures = kinds.count(FigureFile)
    assert kinds == [Text, Text, Table, Table, Table] + [FigureFile] * n_figures
    assert section.blocks[0].words == "Even points."
    names = [block.path for block in section.blocks if isinstance(block, FigureFile)]
    assert [name.removeprefix("figures/").split("-")[0] for name in names] == [
        "dataset",
        "differences",
        "online",
        "held",
        "dynamics",
        "calibration",
        "hardest",
    ]


def test_one_classifier_has_neither_differences_nor_hardest_curves(chapter, figures):
    section = chapter(classifiers=["KNN"], repetitions=2)
    assert len([block for block in section.blocks if isinstance(block, Table)]) == 1
    assert list(figures.data) == ["dataset-grid", "calibration-grid"]


@pytest.mark.parametrize(
    ("classifiers", "text"),
    [
        (["KNN"], "; 30 training and 20 test curves per class, float64"),
        (["KNN", "SD"], "per class (fresh training curves in each epoch for"),
        (["SD"], "; 20 test curves per class, fresh training curves in each epoch"),
    ],
)
def test_training_curves_are_counted_if_any_classifier_has_them(
    chapter, classifiers, text
):
    section = chapter(classifiers=classifiers, repetitions=2)
    assert "; 20 points of 1 input, grid" in section.blocks[0].words
    assert text in section.blocks[0].words


def test_bold_marks_the_best_alone_and_a_sign_what_does_not_differ_from_it(
    make_findings,
):
    plan, findings, _ = make_findings()
    table = score_table(plan, findings, "grid")
    assert table.frame["classifier"].tolist() == ["SD", "KNN", "GNB"]
    assert table.bold.to_numpy().sum() == 1
    assert table.bold.iloc[0, 1]
    assert "all pairs of 3 classifiers" in table.caption
    near = findings.intervals.assign(near_best=[True, True, False])
    table = score_table(plan, replace(findings, intervals=near), "grid")
    assert table.bold.iloc[:, 1].tolist() == [True, False, False]
    assert [" ≈" in text for text in table.frame.iloc[:, 1]] == [False, True, False]
    assert table.frame.columns[2] == "95% interval"
    table = score_table(plan, replace(findings, intervals=None), "grid")
    assert not table.bold.to_numpy().any()
    assert "Bold" not in table.caption


def test_two_repetitions_have_no_mark_and_no_interval(make_findings):
    plan, findings, _ = make_findings(repetitions=2)
    table = score_table(plan, findings, "grid")
    assert not table.bold.to_numpy().any()
    assert "≈" not in " ".join(table.frame.iloc[:, 1])
    assert table.frame["95% interval"].tolist() == ["–"] * 3
    assert "Not compared: SD (has only 2 repetitions), KNN" in table.caption


def test_collapses_stand_beside_the_interval_and_in_the_verdict(make_findings):
    plan, findings, _ = make_findings()
    share = {"collapsed": 1, "collapsed_low": 0.005, "collapsed_high": 0.716}
    is_knn = findings.intervals["classifier"] == "KNN"
    shown = findings.intervals.copy()
    shown.loc[is_knn, list(share)] = list(share.values())
    table = score_table(plan, replace(findings, intervals=shown), "grid")
    assert table.frame["collapsed"].tolist() == [
        "0 of 5, at most 0.52",
        "1 of 5, [0.005, 0.716]",
        "–",  # GNB never left chance on 40 curves
    ]
    assert "comparisons are of those that left chance" in table.caption
    table = score_table(plan, findings, "grid")
    assert "collapsed" not in table.frame
    assert "with 5 trainings its share of collapses is at most 0.52 (95%)" in (
        table.caption
    )


@pytest.mark.parametrize(
    ("impute", "text"),
    [
        ("none", "is left out of its pairs (impute: none)"),
        ("chance", "as a guess (impute: chance)"),
    ],
)
def test_differences_are_sorted_and_say_what_failures_count(
    make_findings, impute, text
):
    plan, findings, _ = make_findings(
        stats={"baseline": "KNN", "impute": impute, "margin": 0.02}
    )
    table = comparison_table(plan, findings, "grid")
    assert table.frame["classifier"].tolist() == ["SD", "GNB"]
    assert table.frame["verdict"].tolist() == ["better", "worse"]
    assert table.frame["win/tie/loss"].tolist() == ["5/0/0", "0/0/5"]
    assert "simultaneous over the 2 classifiers compared (Bonferroni)" in table.caption
    assert "better above 0.02, the margin; worse below −0.02" in table.caption
    assert table.caption.endswith(text + ".")


def test_a_metric_says_which_classifiers_lack_what_it_needs(
    make_findings, figures, tmp_path
):
    plan, findings, _ = make_findings(metrics=["accuracy", "log_loss"], repetitions=2)
    has_none = findings.summary["classifier"].isin(["KNN", "GNB"])
    column = findings.summary["test_log_loss_mean"].mask(has_none)
    # GNB has no score at all, which the table of coverage explains.
    n = findings.summary["n"].mask(findings.summary["classifier"] == "GNB", 0)
    summary = findings.summary.assign(test_log_loss_mean=column, n=n)
    findings = replace(findings, summary=summary)
    arrays = read_cell_arrays(findings, "grid", Store(tmp_path / "store"))
    section = dataset_chapter(plan, findings, plan.datasets[0], arrays, figures)
    assert section.blocks[2] == Text(
        "Log loss needs probabilities, which KNN does not have."
    )


@pytest.mark.parametrize(("classifiers", "n_notes"), [(["SD", "KNN"], 1), (["KNN"], 0)])
def test_a_published_dataset_names_its_source_and_notes(chapter, classifiers, n_notes):
    section = chapter(
        datasets=[GRID | {"id": "normal-100"}],
        classifiers=classifiers,
        repetitions=2,
        reference="seed-notebook",
    )
    source, *_ = section.blocks[2:]
    assert source.words.startswith("notebook: step 16.4")
    notes = [block for block in section.blocks if isinstance(block, Items)]
    assert len(notes) == n_notes
    assert source.words.endswith(" ours:") == bool(n_notes)
    assert all(note.entries[0].startswith("SD: the notebook") for note in notes)
