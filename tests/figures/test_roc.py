"""ROC curves."""

import numpy as np
from figure_frames import LONG, STRANGE
from readable import assert_readable

from bench.figures.drawing.theme import classifier_styles
from bench.figures.roc import roc_figure


def test_curves_begin_in_the_corner_and_the_best_comes_first():
    curves = {"KNN": [0.2, 0.6, 1.0], "SD": [1.0, 1.0, 1.0]}
    figure = roc_figure(
        curves,
        {"KNN": 0.6, "SD": 1.0},
        positive="b",
        looks=classifier_styles(["KNN", "SD"], ["KNN", "SD"]),
    )
    chance, best, other = figure.axes[0].lines
    assert chance.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert best.get_xydata().tolist() == [[0, 0], [0, 1], [0.5, 1], [1, 1]]
    assert other.get_xydata().tolist() == [[0, 0], [0, 0.2], [0.5, 0.6], [1, 1]]
    assert best.get_linestyle() != other.get_linestyle()
    texts = assert_readable(figure)
    assert texts.index("SD  1.000") < texts.index("KNN  .600")
    assert "true-positive rate (b)" in texts


def test_any_names_are_readable():
    names = [*STRANGE[:5], LONG]
    grid = np.linspace(0, 1, 101)
    curves = {name: grid ** (1 / (i + 1)) for i, name in enumerate(names)}
    assert_readable(roc_figure(curves, dict.fromkeys(names, 0.5), positive=LONG))
