from dataclasses import replace

import numpy as np
import pytest
import yaml_text

from bench.render import Link, Section, to_markdown
from bench.report.chapters.matrix import (
    chapter_path,
    draw_matrix,
    has_chapters,
    matrix_table,
    ranked,
)

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}
NAMES = ["SD", "KNN", "GNB"]
TWO = [GRID, GRID | {"id": "other", "train": 31}]


@pytest.fixture
def two(make_data):
    return make_data(datasets=TWO)


def changed(data, **changes):
    return replace(data, findings=replace(data.findings, **changes))


def test_the_matrix_has_mean_and_std_with_ranks_and_seconds_last(two):
    table = matrix_table(two)
    frame = table.frame
    assert [getattr(name, "text", name) for name in frame] == [
        "classifier",
        "grid",
        "other",
        "rank",
        "fit (s)",
    ]
    assert frame["classifier"].tolist() == NAMES
    mean = two.findings.summary.iloc[0]["test_accuracy_mean"]
    std = two.findings.summary.iloc[0]["test_accuracy_std"]
    assert frame.iloc[0, 1] == f"{mean:.3f}±{std:.3f}"
    assert frame["rank"].tolist() == ["1.0", "2.0", "3.0"]
    assert frame["fit (s)"].tolist() == ["2.00"] * 3
    assert set(table.smaller_first) == {"rank", "fit (s)"}
    assert "mean±std over 5 repetitions (ddof=1)" in table.caption
    assert "on 1 thread" in table.caption
    suite = replace(two.suite, own_threads={"KNN": 4})
    assert "on 1 thread, KNN on 4." in matrix_table(replace(two, suite=suite)).caption


def test_a_dataset_leads_to_its_chapter(two):
    assert has_chapters(two)
    links = [name for name in matrix_table(two).frame if isinstance(name, Link)]
    assert [link.target for link in links] == ["datasets/grid.md", "datasets/other.md"]


def named(data, *names):
    """Return data whose datasets have other ids; its frames keep the former ones."""
    datasets = [replace(data.datasets[0], id=name) for name in names]
    return replace(data, datasets=tuple(datasets))


@pytest.mark.parametrize("name", ["a|b", "../up", "<b>", "ä中", "x" * 200, "A"])
def test_the_path_of_a_chapter_is_a_file_in_the_folder_of_chapters(two, name):
    path = chapter_path(named(two, name), name)
    assert path.startswith("datasets/")
    assert path.endswith(".md")
    assert path.count("/") == 1
    assert len(path.encode()) < 250


def test_ids_that_differ_in_case_alone_have_chapters_that_differ_in_more(two):
    data = named(two, "X11", "x11", "Y")
    paths = [chapter_path(data, name) for name in ("X11", "x11", "Y")]
    assert len({path.casefold() for path in paths}) == 3
    assert paths[2] == "datasets/Y.md"


def test_bold_is_the_best_and_a_mark_what_does_not_differ_from_it(two):
    table = matrix_table(two)
    assert np.argwhere(table.bold.to_numpy()).tolist() == [[0, 1], [0, 2]]
    assert not table.marks.to_numpy().any()
    assert "†" not in table.caption
    near = two.findings.intervals.copy()
    is_near = (near["dataset"] == "other") & (near["classifier"] == "KNN")
    near.loc[is_near, "near_best"] = True
    table = matrix_table(changed(two, intervals=near))
    assert np.argwhere(table.marks.to_numpy()).tolist() == [[1, 2]]
    assert "† or shaded: not distinguishable from it (95%)" in table.caption
    text = to_markdown([Section("s", [table])], title="t").rpartition("\n\n")[0]
    assert text.count("**") == 4
    assert text.count("†") == 1


def test_without_comparisons_nothing_is_bold(make_data):
    table = matrix_table(make_data(datasets=TWO, repetitions=2))
    assert not table.bold.to_numpy().any()
    assert "Bold" not in table.caption


def test_failed_cells_are_counted_and_a_classifier_without_any_is_last(make_data):
    data = make_data(
        lambda dataset, name: None if (dataset, name) == ("other", "SD") else
        ACCURACY[name],
        datasets=TWO,
        repetitions=3,
    )  # fmt: skip
    frame = matrix_table(data).frame.set_index("classifier")
    assert frame.loc["SD"].iloc[1] == "– (0 of 3)"
    assert "±" in frame.loc["SD"].iloc[0]
    assert "–" not in frame.loc["KNN"].tolist()[:2]


def test_a_classifier_of_which_every_cell_failed_is_the_last_row(make_data):
    lost = make_data(
        lambda dataset, name: None if name == "SD" else ACCURACY[name],
        datasets=TWO,
        repetitions=3,
    )
    rows = matrix_table(lost).frame
    assert rows["classifier"].tolist() == ["KNN", "GNB", "SD"]
    assert rows["fit (s)"].tolist()[-1] == "–"


def test_a_cell_without_any_result_is_a_dash(two):
    summary = two.findings.summary
    lacking = summary[
        ~((summary["dataset"] == "other") & (summary["classifier"] == "GNB"))
    ]
    frame = matrix_table(changed(two, summary=lacking)).frame
    assert frame.iloc[2, 2] == "–"


def wide(make_data, **changes):
    datasets = [GRID | {"id": f"d{i:02}", "train": 10 + i} for i in range(13)]
    changes = {"repetitions": 3, "put": {"online": []}} | changes
    return make_data(datasets=datasets, **changes)


def test_with_many_datasets_rows_and_columns_change_places(make_data):
    data = wide(make_data)
    table = matrix_table(data)
    assert list(table.frame) == ["dataset", *NAMES]
    assert [link.text for link in table.frame["dataset"]] == [
        f"d{i:02}" for i in range(13)
    ]
    assert table.bold.iloc[:, 1].all()
    assert not table.bold.iloc[:, [0, 2, 3]].to_numpy().any()
    assert "Rank" not in table.caption
    assert to_markdown([Section("s", [table])], title="t").count("[d0") == 10


@pytest.mark.parametrize("is_wide", [False, True])
def test_of_a_loss_every_column_of_scores_has_the_smallest_first(make_data, is_wide):
    data = (
        wide(make_data, metrics=["brier"], repetitions=1)
        if is_wide
        else make_data(datasets=TWO, metrics=["brier"], repetitions=3)
    )
    table = matrix_table(data)
    scores = NAMES if is_wide else list(table.frame)[1:3]
    assert set(scores) <= set(table.smaller_first)
    assert ranked(data) == NAMES
    assert table.bold.to_numpy().sum() == (0 if is_wide else 2)


def test_ranks_are_over_families_where_datasets_share_a_library(make_data, tmp_path):
    (tmp_path / "square.lib").write_text("N0*x[:,0]**2\n")
    other = GRID | {"id": "square", "library": "square.lib"}
    table = matrix_table(make_data(datasets=[*TWO, other], repetitions=3))
    assert "mean over 2 families of datasets" in table.caption
    table = matrix_table(make_data(datasets=[GRID, other], repetitions=3))
    assert "mean over the 2 datasets" in table.caption


def test_the_heat_map_has_the_same_order_and_marks(two, figures):
    [figure] = draw_matrix(two, figures)
    assert figure.path == "figures/matrix.png"
    [scores, metric] = figures.data["matrix"][0]
    options = figures.data["matrix"][1]
    assert metric == "accuracy"
    assert options["classifiers"] == NAMES
    assert options["datasets"] == ["grid", "other"]
    assert options["chance"] == {"grid": 0.5, "other": 0.5}
    assert scores.loc[scores["best"], "classifier"].tolist() == ["SD", "SD"]
    assert scores["best"].dtype == scores["near_best"].dtype == bool


def test_one_dataset_has_no_heat_map(make_data, figures):
    data = make_data(repetitions=3)
    assert draw_matrix(data, figures) == []
    assert not has_chapters(data)


def test_where_nothing_can_be_learnt_nothing_is_ranked_or_marked(make_data, figures):
    null = GRID | {"neural": {"kind": "library"}}
    datasets = [null, null | {"id": "other", "library": "families20"}]
    data = make_data(lambda dataset, name: 0.5, datasets=datasets, repetitions=3)
    table = matrix_table(data)
    assert "rank" not in table.frame
    assert ranked(data) == [facts.id for facts in data.classifiers]
    assert not table.bold.to_numpy().any()
    assert not table.marks.to_numpy().any()
    assert "Bold" not in table.caption
    assert "Rank" not in table.caption
    draw_matrix(data, figures)
    assert not figures.data["matrix"][0][0][["best", "near_best"]].to_numpy().any()
