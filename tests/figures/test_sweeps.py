import numpy as np
import pandas as pd
import pytest
from readable import assert_readable

from bench.figures.drawing.theme import PAPER, classifier_styles, plain
from bench.figures.sweeps import marks, plot_sweep


def sweep_of(names, repetitions=5, values=(10, 100, 1000)):
    """Return rows as those of `compare_along`."""
    rng = np.random.default_rng(0)
    rows = []
    for value in values:
        for i, name in enumerate(names):
            mean = 0.5 + 0.1 * np.log10(value) - 0.01 * i + rng.normal(0, 0.005)
            half = np.nan if repetitions == 1 else 0.01
            rows.append(
                {
                    "classifier": name,
                    "value": float(value),
                    "n": repetitions,
                    "n_cells": repetitions,
                    "mean": mean,
                    "low": mean - half,
                    "high": mean + half,
                }
            )
    return pd.DataFrame(rows).sort_values("classifier", kind="stable")


@pytest.mark.parametrize("repetitions", [1, 5])
def test_a_sweep_has_one_line_for_each_classifier(names, repetitions):
    ax = plot_sweep(
        sweep_of(names, repetitions), "n_points", "accuracy", label="points"
    )
    texts = assert_readable(ax)
    data = [line for line in ax.lines if line.get_transform() == ax.transData]
    assert len(data) == len(names)
    assert {plain(name, 20) for name in names} <= set(texts)
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize(
    "values", [(20, 50, 100, 200, 500), tuple(2.0**i for i in range(12)), (1, 2, 3)]
)
def test_swept_values_are_labelled_without_overlap(values):
    scores = sweep_of(["SD", "KNN"], 2, values)
    texts = assert_readable(plot_sweep(scores, "n_points", "accuracy"))
    numbers = [float(text) for text in texts if text.replace(".", "").isdigit()]
    assert values[0] in numbers


def test_the_band_of_a_sweep_is_the_given_interval():
    scores = sweep_of(["SD"], values=(1, 2)).assign(low=0.25, high=0.75)
    ax = plot_sweep(scores, "std", "accuracy")
    box = ax.collections[0].get_datalim(ax.transData)
    assert np.allclose([box.y0, box.y1], [0.25, 0.75])
    assert ax.get_xscale() == "linear"
    assert ax.get_xlabel() == "std"
    assert ax.get_ylabel() == "held-out accuracy, 95% interval"


def test_a_classifier_that_failed_along_a_sweep_is_named():
    scores = sweep_of(["SD", "KNN"])
    scores.loc[scores["classifier"] == "KNN", "mean"] = np.nan
    scores.loc[scores["classifier"] == "KNN", "n"] = 0
    ax = plot_sweep(scores, "n_points", "accuracy")
    assert "KNN (0 of 15)" in assert_readable(ax)


def with_limit(names):
    scores = sweep_of(names, values=(1, 1.25, 2, 3, 10, np.inf))
    means = scores["mean"].where(np.isfinite(scores["value"]), 0.9)
    return scores.assign(mean=means, low=means - 0.01, high=means + 0.01)


def test_the_limit_of_a_sweep_is_drawn_beyond_a_gap(names):
    scores = with_limit(names)
    ax = plot_sweep(scores, "std", "accuracy", limit="grid")
    texts = assert_readable(ax)
    assert {"1", "2", "3", "10", "grid"} <= set(texts)
    assert ax.get_xscale() == "log"
    labels = [text.get_text() for text in ax.get_xticklabels()]
    ticks = dict(zip(labels, ax.get_xticks(), strict=True))
    assert ticks["grid"] > 1.3 * ticks["10"]
    # Each classifier has its points there, side by side.
    data = [line for line in ax.lines if line.get_transform() == ax.transData]
    ends = [line.get_xdata()[0] for line in data if len(line.get_xdata()) == 1]
    ends = [x for x in ends if x > 1.4 * 10]
    assert len(set(ends)) == len(names)


def test_a_limit_alone_and_a_sweep_without_it_are_drawn():
    scores = with_limit(["SD", "KNN"])
    beyond = np.isinf(scores["value"])
    for lost in (beyond, ~beyond):
        some = scores.assign(mean=scores["mean"].mask(lost))
        texts = assert_readable(plot_sweep(some, "std", "accuracy", limit="grid"))
        assert "grid" in texts


def crossing(at, low, high, clear=True, leads=True, score=0.65):
    return {"before": "SD", "after": "a rather long name", "at": at, "low": low,
            "high": high, "score": score, "n": 5, "leads": leads, "clear": clear,
            }  # fmt: skip


@pytest.mark.parametrize("values", [(10, 100, 1000), (10, 20, 30)])
def test_clear_crossings_are_described_above_a_sweep(values):
    scores = sweep_of(["SD", "KNN"], 5, values)
    low, high = values[0] * 1.02, values[-1] * 0.98
    crossings = pd.DataFrame(
        [
            crossing(15, 12, 17),
            crossing(20, low, high),
            crossing(high, high * 0.99, high),
            crossing(22, 14, np.inf, clear=False),
            crossing(13, 12, 14, leads=False),
        ]
    )
    ax = plot_sweep(scores, "n_points", "accuracy", crossings=crossings)
    texts = assert_readable(ax)
    names = f"SD → {plain('a rather long name', 16)}"
    assert f"{names}: 15 [12, 17]" in texts
    assert sum(text.startswith(names) for text in texts) == 3
    rings = [line for line in ax.lines if line.get_markerfacecolor() == PAPER]
    assert len(rings) == 4 + 3
    assert ax.get_ylim()[1] < 1


def test_at_most_four_crossings_with_the_shortest_intervals_are_described():
    many = pd.DataFrame([crossing(x, x - x / 30, x + x / 30) for x in range(11, 20)])
    assert marks(many)["at"].tolist() == [14, 13, 12, 11]
    ax = plot_sweep(sweep_of(["SD"]), "n_points", "accuracy", crossings=many)
    assert len([t for t in assert_readable(ax) if t.startswith("SD →")]) == 4


def test_an_empty_sweep_is_drawn():
    scores = sweep_of(["SD"]).assign(mean=np.nan, n=0)
    ax = plot_sweep(scores, "n_points", "accuracy")
    assert "SD (0 of 15)" in assert_readable(ax)


def test_only_highlighted_classifiers_have_a_colour_and_a_band():
    names = [*"ABCDEFGH", "CHANCE"]
    looks = classifier_styles(names, ["C", "A"])
    ax = plot_sweep(sweep_of(names), "train", "accuracy", looks=looks)
    assert len(ax.collections) == 2
    colours = {line.get_color() for line in ax.lines}
    assert {looks["A"].colour, looks["C"].colour, looks["B"].colour} <= colours
    assert_readable(ax)


def test_no_axis_reaches_beyond_a_bound_of_the_score():
    scores = sweep_of(["A", "B"]).assign(mean=1.0, low=0.98, high=1.0)
    low, high = plot_sweep(scores, "train", "accuracy").get_ylim()
    assert high < 1.002
    assert low > 0.9
