"""Score against seconds."""

import numpy as np
import pytest
from figure_frames import THIRTY, TWENTY, suite_of, summary_of
from readable import assert_readable

from bench.figures.cost import cost_figure, pareto_front
from bench.figures.drawing.theme import classifier_styles, plain


def draw(results, **options):
    datasets = list(dict.fromkeys(results["dataset"]))
    return cost_figure(summary_of(results), "accuracy", datasets=datasets, **options)


def test_the_pareto_front_by_hand():
    seconds = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 1.0])
    scores = np.array([0.5, 0.7, 0.6, 0.7, 0.9, 0.5])
    front = pareto_front(seconds, scores, larger_is_better=True)
    assert front.tolist() == [True, True, False, False, True, True]
    front = pareto_front(seconds, 1 - scores, larger_is_better=False)
    assert front.tolist() == [True, True, False, False, True, True]


def test_panels_share_their_axes_and_their_labels():
    results = suite_of(TWENTY[:13], ["a", "b", "c"])
    looks = classifier_styles(TWENTY, TWENTY[:3])
    figure = draw(results, looks=looks, chance={"a": 0.5, "b": 0.5, "c": None})
    texts = assert_readable(figure)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1
    assert [text for text in texts if "time to fit" in text] == [
        "median time to fit (s); line: Pareto front; dashed: chance"
    ]
    assert texts.count("held-out accuracy") == 1
    names = [plain(name, 16) for name in TWENTY[:13] if name != "CHANCE"]
    assert all(texts.count(name) == 3 for name in names)
    assert "CHANCE" not in texts


def test_a_classifier_that_failed_is_named():
    figure = draw(suite_of(["SD", "KNN", "DT"], ["a"], failed=["KNN"]))
    texts = assert_readable(figure)
    assert "not done: KNN" in texts
    assert "KNN" not in texts
    failed = ["SD", "KNN"]
    texts = assert_readable(draw(suite_of(failed, ["a"], failed=failed)))
    assert {"nothing done", "not done: SD, KNN"} <= set(texts)


@pytest.mark.parametrize("ratio", [1.0, 20.0, 250.0, 1e5])
def test_seconds_of_any_range_are_labelled(ratio):
    results = suite_of(["KNN", "SD"], ["a"])
    slow = results["classifier"] == "SD"
    results["fit_seconds"] = np.where(slow, 0.03 * ratio, 0.03)
    figure = draw(results)
    texts = assert_readable(figure)
    low, high = figure.axes[0].get_xlim()
    ticks = {f"{m * 10.0**e:g}" for m in (1, 2, 5) for e in range(-4, 6)}
    assert sum(low <= float(text) <= high for text in ticks & set(texts)) >= 2


def test_seconds_below_the_resolution_of_the_clock_are_drawn():
    results = suite_of(["KNN", "SD"], ["a"])
    results.loc[results["classifier"] == "KNN", "fit_seconds"] = 0.0
    figure = draw(results)
    assert figure.axes[0].get_xlim()[0] > 0
    assert_readable(figure)


def test_thirty_classifiers_have_their_names():
    texts = assert_readable(draw(suite_of(THIRTY, ["a"])))
    assert {plain(name, 16) for name in THIRTY} <= set(texts)
