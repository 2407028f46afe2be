import numpy as np
import pandas as pd
import pytest

from bench.study.figures import (
    plot_importances,
    plot_parameter,
    plot_search,
    short_choice,
)

TRIALS = pd.DataFrame(
    {
        "number": range(5),
        "state": ["complete", "pruned", "complete", "failed", "complete"],
        "lr": [1e-4, 1e-5, 1e-3, 1e-2, 1e-2],
        "hidden": ["[8]", "[8]", "[4, 4]", "[8]", "[8]"],
        "value": [0.6, 0.5, 0.8, np.nan, 0.7],
    }
)
SHARES = pd.DataFrame(
    {"parameter": ["lr", "hidden"], "fanova": [0.9, 0.1], "ped_anova": [0.8, 0.2]}
)


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_line_of_the_search_is_the_best_until_then():
    ax = plot_search(TRIALS)
    line = ax.lines[0]
    np.testing.assert_allclose(line.get_ydata(), [0.6, 0.8, 0.8, 0.8])
    np.testing.assert_allclose(line.get_xdata(), [0, 2, 4, 4])
    assert labels(ax) == ["best", "complete (3)", "pruned (1)", "failed (1)"]


@pytest.mark.parametrize("states", [["failed"], ["pruned"], []])
def test_a_search_that_completed_nothing_is_drawn(states):
    own = TRIALS[TRIALS["state"].isin(states)]
    ax = plot_search(own)
    assert len(ax.lines) == len(states)


def test_importances_have_the_largest_on_top():
    ax = plot_importances(SHARES)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["lr", "hidden"]
    top = max(ax.patches, key=lambda bar: bar.get_y())
    assert top.get_width() == 0.9
    assert labels(ax) == ["fANOVA", "PED-ANOVA"]
    assert "too few" in plot_importances(SHARES[:0]).texts[0].get_text()


def test_choices_are_rows_with_the_median_of_complete_trials():
    ax = plot_parameter(TRIALS, "hidden", ["[8]", "[4, 4]", "[16]"])
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == ["8", "2 × 4", "16"] or names == ["1 × 8", "2 × 4", "1 × 16"]
    crosses, dots, first, second = ax.lines
    assert list(crosses.get_xdata()) == [0.5]
    assert list(dots.get_xdata()) == [0.6, 0.8, 0.7]
    assert list(dots.get_ydata()) == [2, 1, 2]
    assert list(first.get_xdata()) == [pytest.approx(0.65)] * 2
    assert list(second.get_xdata()) == [0.8] * 2


def test_a_wide_range_has_a_logarithmic_axis():
    assert plot_parameter(TRIALS, "lr").get_yscale() == "log"
    near = TRIALS.assign(lr=[1, 2, 3, 4, 5])
    assert plot_parameter(near, "lr").get_yscale() == "linear"


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("[64, 64, 64, 64]", "4 × 64"),
        ("[64, 32]", "64, 32"),
        ('[8, "pool"]', "8, pool"),
        ("embed", "embed"),
        ("[", "["),
        (1e-5, "1e-05"),
        (0.00861689, "0.00862"),
        (3, "3"),
        (None, "None"),
        (True, "True"),
    ],
)
def test_choices_are_written_short(label, shown):
    assert short_choice(label) == shown
