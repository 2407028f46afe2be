"""Scores of every repetition."""

import numpy as np
import pandas as pd
import pytest
from figure_frames import STRANGE, THIRTY, TWENTY, suite_of
from readable import assert_readable

from bench.figures.drawing import theme
from bench.figures.scores import scores_figure


def draw(results, **options):
    """Draw all classifiers and datasets of some results, with chance at one half."""
    order = list(dict.fromkeys(results["classifier"]))
    datasets = list(dict.fromkeys(results["dataset"]))
    options = {"datasets": datasets, "order": order, "chance": 0.5} | options
    return scores_figure(results, "accuracy", **options)


def dots_of(ax, face=None):
    """Count the small dots of axes; `face` "none" for the hollow ones."""
    lines = [line for line in ax.lines if line.get_markersize() < 3]
    lines = [line for line in lines if line.get_marker() == "o"]
    if face is not None:
        lines = [line for line in lines if line.get_markerfacecolor() == face]
    return sum(len(line.get_xdata()) for line in lines)


def test_every_repetition_has_a_dot_for_each_score():
    figure = draw(suite_of(["SD", "KNN"], ["a", "b"], 7))
    for ax in figure.axes:
        assert dots_of(ax) == 2 * 7 * 2
        assert dots_of(ax, "none") == 7 * 2
    assert {"a", "b", "SD", "KNN", "chance", "training"} <= set(assert_readable(figure))


def test_panels_share_their_order_range_names_and_label():
    figure = draw(suite_of(TWENTY[:14], ["a", "b", "c"]))
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    texts = assert_readable(figure)
    assert texts.count("SD") == 1
    assert texts.count("accuracy") == 1
    chances = [
        line
        for ax in figure.axes
        for line in ax.lines
        if list(line.get_xdata()) == [0.5, 0.5]
    ]
    assert len(chances) == 3


def test_means_are_joined():
    results = suite_of(["SD"], ["a"]).assign(train_accuracy=0.9, test_accuracy=0.75)
    [ax] = draw(results).axes
    joins = [list(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert [0.9, 0.75] in joins


def test_failures_and_collapses_are_counted_in_their_row():
    names = ["SD", "KNN", "DT"]
    results = suite_of(names, ["a"], 10, failed=["KNN"], collapsed=["DT"])
    texts = assert_readable(draw(results))
    assert "10 failed" in texts
    assert "2 of 10 collapsed [0.03, 0.56]" in texts
    assert "collapsed" in texts  # in the legend
    texts = assert_readable(draw(pd.concat([results, results.assign(dataset="b")])))
    assert texts.count("2 of 10 collapsed") == 2


def test_collapses_that_are_unknown_are_dots():
    results = suite_of(["SD"], ["a"])
    results["collapsed"] = pd.array([pd.NA] * len(results), dtype="boolean")
    assert "collapsed" not in assert_readable(draw(results))


@pytest.mark.parametrize(
    ("names", "n_datasets", "repetitions", "level"),
    [
        (THIRTY, 3, 1, None),
        (THIRTY[:14], 3, 5, None),
        (STRANGE, 1, 1, None),
        (["SD", "KNN"], 2, 2, 0.5),
        (["SD", "KNN", "DT"], 5, 2, 1.0),
    ],
)
def test_figures_of_any_results_are_readable(names, n_datasets, repetitions, level):
    datasets = ["a-dataset-whose-name-has-many-letters", *map(str, range(n_datasets))]
    datasets = datasets[:n_datasets]
    results = suite_of(
        names, datasets, repetitions, level=level, failed=names[3:4], collapsed=["SD"]
    )
    texts = assert_readable(draw(results))
    assert {theme.plain(name) for name in names} <= set(texts)


def test_results_without_a_done_cell_or_a_training_score_are_drawn():
    names = ["SD", "KNN"]
    assert_readable(draw(suite_of(names, ["a"], failed=names)))
    online = suite_of(names, ["a"]).assign(train_accuracy=np.nan)
    assert "training" not in assert_readable(draw(online))


def test_chance_far_from_the_scores_is_not_drawn():
    results = suite_of(["SD", "KNN"], ["a"], level=0.99)
    assert "chance" not in assert_readable(draw(results))
