import numpy as np
import pandas as pd
import pytest
from figure_frames import TWENTY, results_of
from readable import assert_readable

from bench.analysis.results import summarise
from bench.figures.scores import (
    pareto_front,
    plot_overfitting,
    plot_pareto,
    plot_scores,
)
from bench.figures.theme import plain


def test_every_repetition_has_a_dot_for_each_score(names):
    ax = plot_scores(results_of(names), "accuracy", order=names)
    texts = assert_readable(ax)
    assert set(map(plain, names)) <= set(texts)
    dots = sum(len(c.get_offsets()) for c in ax.collections)
    assert dots == 2 * 10 * len(names)


def test_a_classifier_that_failed_is_named_with_its_failures():
    results = results_of(["SD", "KNN", "DT"], failed=["KNN"])
    ax = plot_scores(results, "accuracy", order=["SD", "DT", "KNN"])
    assert "10 failed" in assert_readable(ax)
    summary = summarise(results)
    for plot in (plot_overfitting, plot_pareto):
        ax = plot(summary, "accuracy")
        assert ax.get_xlabel().endswith("not done: KNN")
        assert "KNN" not in assert_readable(ax)


def test_some_failures_are_counted_below_the_dots():
    results = results_of(["SD", "KNN"])
    results.loc[[3, 4], "status"] = ["failed", "timeout"]
    ax = plot_scores(results, "accuracy", order=["SD", "KNN"])
    assert "8 done, 1 failed, 1 timeout" in assert_readable(ax)


def test_trainings_that_collapsed_are_crosses_and_counted():
    results = results_of(["SD", "KNN"])
    results["collapsed"] = pd.array([pd.NA] * len(results), dtype="boolean")
    is_sd = results["classifier"] == "SD"
    results.loc[is_sd, "collapsed"] = [False] * 9 + [True]
    ax = plot_scores(results, "accuracy", order=["SD", "KNN"])
    assert "1 of 10 collapsed, [0.003, 0.445]" in assert_readable(ax)
    assert "× collapsed" in ax.get_xlabel()
    dots = sum(len(c.get_offsets()) for c in ax.collections)
    assert dots == 2 * 10 * 2


def test_overfitting_and_pareto_name_every_point(names):
    summary = summarise(results_of(names))
    for plot in (plot_overfitting, plot_pareto):
        texts = assert_readable(plot(summary, "accuracy"))
        assert set(map(plain, names)) <= set(texts)


def test_equal_scores_and_single_repetitions_are_drawn():
    results = results_of(TWENTY, 1, equal=True)
    summary = summarise(results)
    assert_readable(plot_scores(results, "accuracy", order=TWENTY))
    assert_readable(plot_pareto(summary, "accuracy"))
    # All names belong to one point.
    assert set(TWENTY) <= set(assert_readable(plot_overfitting(summary, "accuracy")))


def test_classifiers_trained_online_are_marked_as_such(names):
    results = results_of(names, failed=names[:1])
    results.loc[results["classifier"].isin(names[:3]), "train_accuracy"] = np.nan
    ax = plot_scores(results, "accuracy", order=names)
    texts = assert_readable(ax)
    assert texts.count("trained online") == len(names[1:3])
    hole = (results["repetition"] == 0) & results["classifier"].isin(names[1:3])
    results.loc[hole, ["status", "test_accuracy"]] = "failed", np.nan
    texts = assert_readable(plot_scores(results, "accuracy", order=names))
    note = "9 done, 1 failed, trained online"
    assert texts.count(note) == len(names[1:3])
    ax = plot_overfitting(summarise(results), "accuracy")
    assert_readable(ax)
    label = " ".join(ax.get_xlabel().split())
    assert f"not done: {plain(names[0])}" in label
    assert ("no training set (online): " in label) == (len(names) > 1)


def test_results_without_a_done_cell_are_drawn():
    results = results_of(["SD", "KNN"], failed=["SD", "KNN"])
    assert_readable(plot_scores(results, "accuracy", order=["SD", "KNN"]))
    for plot in (plot_overfitting, plot_pareto):
        ax = plot(summarise(results), "accuracy")
        assert "not done: SD, KNN" in ax.get_xlabel()
        assert_readable(ax)


def test_the_pareto_front_by_hand():
    seconds = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 1.0])
    scores = np.array([0.5, 0.7, 0.6, 0.7, 0.9, 0.5])
    front = pareto_front(seconds, scores, larger_is_better=True)
    assert front.tolist() == [True, True, False, False, True, True]
    front = pareto_front(seconds, 1 - scores, larger_is_better=False)
    assert front.tolist() == [True, True, False, False, True, True]


@pytest.mark.parametrize("ratio", [1.0, 3.0, 20.0, 1e5])
def test_seconds_of_any_range_are_labelled(ratio):
    results = results_of(["KNN", "SD"])
    slow = results["classifier"] == "SD"
    results["fit_seconds"] = np.where(slow, 0.03 * ratio, 0.03)
    ax = plot_pareto(summarise(results), "accuracy")
    texts = assert_readable(ax)
    low, high = ax.get_xlim()
    ticks = {f"{m * 10.0**e:g}" for m in (1, 2, 5) for e in range(-4, 6)}
    assert sum(low <= float(text) <= high for text in ticks & set(texts)) >= 2


def test_seconds_below_the_resolution_of_the_clock_are_drawn():
    results = results_of(["CHANCE", "SD"])
    results.loc[results["classifier"] == "CHANCE", "fit_seconds"] = 0.0
    ax = plot_pareto(summarise(results), "accuracy")
    assert ax.get_xlim()[0] > 0
    assert_readable(ax)
