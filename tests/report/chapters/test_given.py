"""The given split in a report: its column, its table, and published figures beside."""

import given_splits
import pytest
import stored
from read_blocks import of

from bench.analysis import collect, load_results, read_data, write_data
from bench.render import Table
from bench.report.chapters.dataset import score_table
from bench.report.chapters.given import given_table
from bench.report.chapters.matrix import matrix_table
from bench.report.compose import compose
from bench.store import Store

REFERENCE = """\
title: archive
source: A table.
measures: test_accuracy
lesson: Look.
datasets:
  curves:
    KNN: {given: 0.9133}
    GNB: {mean: 0.9, std: 0.01, low: 0.85, high: 1.0, n: 30}
"""


@pytest.fixture
def data_of(write_suite, tmp_path):
    def make(n_datasets=1, reference=REFERENCE, given=0.9067, **changes):
        (tmp_path / "published.yaml").write_text(reference)
        more = [
            given_splits.write_files(tmp_path) | {"id": f"more-{n}"}
            for n in range(1, n_datasets)
        ]
        path = given_splits.suite_of(
            write_suite, tmp_path, *more, reference="published", **changes
        )
        plan, store = stored.plan_of(path), Store(tmp_path / "store")
        given_splits.put_all(plan, store, given=given)
        return collect(plan, store, load_results(plan, store))

    return make


def test_a_dataset_has_a_column_of_its_given_split_and_those_published(data_of):
    data = data_of()
    table = score_table(data, "curves")
    rows = table.frame.set_index("classifier")
    assert rows["given split"].tolist() == ["0.9067", "0.9067"]
    assert rows.loc["KNN", "archive, given split"] == "0.9133"
    assert rows.loc["GNB", "archive, given split"] == "–"
    assert rows.loc["GNB", "archive, held-out"] == "0.900±0.010 (0.850 to 1.000, n=30)"
    assert rows.loc["KNN", "archive, held-out"] == "–"
    assert rows.loc["KNN", "held-out accuracy"] == "0.510±0.010"  # without the given
    assert "Given split: held-out accuracy on the one division" in str(table.caption)
    assert given_table(data) == []  # the column is enough


def test_a_report_of_several_datasets_lists_their_given_splits(data_of, figures):
    data = data_of(2)
    [table] = given_table(data)
    assert table.frame.iloc[:, 1].tolist() == ["0.9067 [0.9133]", "0.9067"]
    assert "in brackets as published (archive)" in str(table.caption)
    document = compose(data, figures)
    tables = of(Table, document.opening)
    assert [list(t.frame["classifier"]) for t in tables] == [["KNN", "GNB"]] * 2
    assert list(matrix_table(data).frame) == list(tables[0].frame)


def test_the_given_split_is_written_and_read_back(data_of, tmp_path):
    data = data_of(2)
    write_data(data, tmp_path / "report")
    text = (tmp_path / "report" / "given.csv").read_text()
    assert text.count("\n") == 5
    back = read_data(tmp_path / "report")
    assert back.reference == data.reference
    [table], [again] = given_table(data), given_table(back)
    assert again.frame.equals(table.frame)


def test_a_published_range_stands_without_a_mean(data_of):
    low = REFERENCE.replace("mean: 0.9, std: 0.01, low: 0.85", "low: 0.95")
    data = data_of(reference=low)
    rows = score_table(data, "curves").frame.set_index("classifier")
    assert rows.loc["GNB", "archive, held-out"] == "0.950 to 1.000 (n=30)"


def test_a_given_split_that_is_the_design_stands_beside_the_published(data_of):
    data = data_of()
    assert "given" in data.tables
    shown = [c for c in score_table(data, "curves").frame if "split" in c]
    assert shown == ["given split", "archive, given split"]


def test_published_scores_of_another_metric_are_not_beside_the_given_split(data_of):
    data = data_of(metrics=["balanced_accuracy", "accuracy"])
    frame = score_table(data, "curves").frame
    assert [c for c in frame if "given" in c] == ["given split"]


def test_curves_that_have_no_given_split_have_no_column(make_data):
    data = make_data()
    assert not [c for c in score_table(data, "grid").frame if "given" in c]
    assert "given" not in data.tables
    assert given_table(data) == []
