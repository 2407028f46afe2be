"""Differences to the baseline."""

import numpy as np
import pytest
from figure_frames import LONG, THIRTY, compared_of, suite_of
from readable import assert_readable

from bench.figures.drawing.theme import PAPER, plain
from bench.figures.forest import forest_figure


def draw(compared, names, datasets, baseline="SD"):
    return forest_figure(
        compared,
        "accuracy",
        baseline=baseline,
        datasets=datasets,
        classifiers=names,
        margin=0.01,
    )


def marks_of(ax):
    """Return the position of each mark → whether it is filled."""
    marks = [line for line in ax.lines if line.get_marker() == "o" and line.get_gid()]
    return {
        (line.get_xdata()[0], line.get_ydata()[0]): line.get_markerfacecolor() != PAPER
        for line in marks
    }


def test_a_marker_is_filled_where_the_interval_excludes_zero():
    datasets = ["a", "b"]
    compared = compared_of(suite_of(["SD", "KNN"], datasets), "SD").assign(
        difference=[-0.1, 0.03], low=[-0.2, -0.01], high=[-0.05, 0.07], n=5
    )
    figure = draw(compared, ["SD", "KNN"], datasets)
    [ax] = figure.axes
    assert marks_of(ax) == {(-0.1, 0): True, (0.03, 1): False}
    texts = assert_readable(figure)
    assert {"a", "b", "KNN"} <= set(texts)
    [label] = [text for text in texts if "difference to SD" in text]
    assert label.count("n = 5") == 1


def test_with_one_dataset_classifiers_are_rows():
    names = ["SD", "KNN", "DT"]
    compared = compared_of(suite_of(names, ["a"]), "SD")
    figure = draw(compared, ["DT", "SD", "KNN"], ["a"])
    [ax] = figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["DT", "KNN"]
    assert len(marks_of(ax)) == 2


def test_what_is_not_compared_is_a_dash():
    compared = compared_of(suite_of(["SD", "KNN"], ["a", "b"], failed=["KNN"]), "SD")
    figure = draw(compared, ["KNN"], ["a", "b", "c"])
    assert assert_readable(figure).count("–") == 3
    figure = draw(compared[:0], ["KNN"], ["a", "b"])
    assert "nothing to compare" in assert_readable(figure)


def test_a_mark_without_an_interval_is_hollow():
    compared = compared_of(suite_of(["SD", "KNN"], ["a"], 1), "SD")
    compared = compared.assign(low=np.nan, high=np.nan)
    figure = draw(compared, ["KNN"], ["a"])
    assert list(marks_of(figure.axes[0]).values()) == [False]


@pytest.mark.parametrize(("n", "n_datasets"), [(30, 20), (4, 2), (30, 1), (7, 10)])
def test_forests_of_any_size_are_readable(n, n_datasets):
    names, datasets = THIRTY[:n], [LONG, *map(str, range(n_datasets))][:n_datasets]
    compared = compared_of(suite_of(names, datasets, 1), names[0])
    figure = draw(compared, names, datasets, names[0])
    texts = assert_readable(figure)
    rows = names[1:] if n_datasets == 1 else datasets
    assert {plain(row) for row in rows} <= set(texts)
    panels = [ax for ax in figure.axes if ax.axison]
    assert len(panels) == (1 if n_datasets == 1 else min(6, n - 1))
    assert len({ax.get_xlim() for ax in panels}) == 1
