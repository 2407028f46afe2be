"""The hardest curves."""

import numpy as np
import pytest
from figure_frames import LONG, STRANGE
from readable import assert_readable

from bench.figures.curves import hardest_figure
from bench.stats.calibration import hardest_curves

NAMES = dict(enumerate([*STRANGE, LONG, "u^2 sin 2u", "cos 3u + (.3+.7c)u"]))


@pytest.mark.parametrize(("n", "n_inputs"), [(1, 1), (5, 2), (12, 1)])
def test_a_curve_has_its_class_and_the_class_that_it_is_taken_for(n, n_inputs):
    x = np.random.default_rng(0).normal(size=(30, n_inputs))
    X = np.random.default_rng(1).normal(size=(20, 60)) * 1e4  # of two channels
    labels = np.arange(20) % len(NAMES)
    wrong = (labels + 1) % len(NAMES)
    hardest = hardest_curves(labels, {"A": wrong, "B": labels, "C": wrong}, n)
    figure = hardest_figure(hardest, x, X, class_names=NAMES)
    assert_readable(figure)
    boxes = [ax for ax in figure.axes if ax.get_visible()]
    assert len(boxes) == n
    assert boxes[0].get_title().endswith("\n2 of 3")
    order = np.argsort(x[:, 0])
    assert np.array_equal(boxes[0].lines[0].get_ydata(), X[0, :30][order])


def test_the_hardest_come_first_and_two_classes_have_their_colours():
    labels = np.array([0, 1, 0])
    predictions = {"A": np.array([1, 0, 1]), "B": np.array([0, 0, 0])}
    hardest = hardest_curves(labels, predictions)[::-1]
    figure = hardest_figure(hardest, np.zeros((2, 1)), np.eye(3, 2))
    titles = [ax.get_title() for ax in figure.axes if ax.get_visible()]
    assert titles[0] == "symbolic → neural\n2 of 2"
    colours = [ax.lines[0].get_color() for ax in figure.axes if ax.get_visible()]
    assert colours[0] != colours[1] == colours[2]


def test_curves_without_errors_are_noted():
    figure = hardest_figure(
        hardest_curves(np.zeros(3), {"A": np.zeros(3)}), np.zeros((2, 1)), np.eye(3, 2)
    )
    assert assert_readable(figure) == ["no curve is misclassified"]
