"""Confusion matrices."""

import numpy as np
import pytest
from figure_frames import LONG, STRANGE
from readable import assert_readable

from bench.figures.confusion import confusion_figure


def test_cells_are_shares_of_a_row_in_percent():
    figure = confusion_figure(np.array([[3, 1], [0, 4]]), ["neural", "symbolic"])
    ax = figure.axes[0]
    cells = {text.get_position(): text.get_text() for text in ax.texts}
    assert cells == {(0, 0): "75", (1, 0): "25", (1, 1): "100"}
    assert {"true class", "predicted class"} <= set(assert_readable(figure))


@pytest.mark.parametrize("n", [2, 20, 60])
def test_confusions_of_any_number_of_classes_are_readable(n):
    names = [*STRANGE, LONG, *(f"sin({i}*x)^2" for i in range(60))][:n]
    counts = np.random.default_rng(0).poisson(1, (n, n)) + 20 * np.eye(n)
    counts[1] = 0  # a class without a curve
    assert_readable(confusion_figure(counts, names, title=LONG * 3))


def test_a_matrix_without_errors_has_no_scale():
    figure = confusion_figure(np.eye(3), ["a", "b", "c"])
    assert len(figure.axes) == 1
    assert assert_readable(figure).count("100") == 3
