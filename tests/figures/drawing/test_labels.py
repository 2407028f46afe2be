"""Placement of names beside points."""

import numpy as np
import pytest
from readable import assert_readable

from bench.figures.drawing import labels, theme
from bench.figures.drawing.labels import EndLabel, PointLabels, label_ends


def labelled(names, points, **options):
    """Draw points with names; return the axes and each name's position in pixels."""
    _, [ax] = theme.new_figure(1, 4, 3)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    artist = PointLabels(names, points, size=6.5, colour="black", **options)
    artist.add_to(ax)
    assert_readable(ax)
    return ax, np.array([text.get_position() for text in artist.texts])


def test_a_single_name_lies_to_the_right_of_its_point():
    ax, [(x, y)] = labelled(["SD"], [(0.5, 0.5)])
    point = ax.transData.transform((0.5, 0.5))
    assert x > point[0]
    assert y == pytest.approx(point[1])


def test_a_name_at_the_right_edge_lies_to_the_left_of_its_point():
    ax, [(x, _)] = labelled(["SD"], [(1.0, 0.5)])
    assert x < ax.transData.transform((1.0, 0.5))[0]


def test_a_name_avoids_a_line_beside_its_point():
    line = np.array([[0.5, 0.5], [1.0, 0.5]])
    ax, [(x, y)] = labelled(["SD"], [(0.5, 0.5)], lines=[line])
    point = ax.transData.transform((0.5, 0.5))
    assert x < point[0] or abs(y - point[1]) > 10


def test_names_of_one_point_do_not_overlap():
    names = [f"C{i}" for i in range(20)]
    _, positions = labelled(names, [(0.5, 0.5)] * 20)
    assert len(np.unique(positions.round(), axis=0)) == 20


def test_axes_without_points_are_drawn():
    _, [ax] = theme.new_figure(1)
    PointLabels([], np.empty((0, 2)), size=6.5, colour="black").add_to(ax)
    assert_readable(ax)


def test_shares_of_boxes_by_hand():
    boxes = np.array([[0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 6.0, 7.0]])
    others = np.array([[1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 9.0, 9.0]])
    assert labels._shares(boxes, others).tolist() == [[0.25, 1], [0, 1]]


def test_crowded_points_come_first():
    points = np.array([[0.0, 0.0], [9.0, 0.0], [10.0, 0.0], [30.0, 0.0]])
    assert labels._crowded_first(points) == [1, 2, 0, 3]


def test_boxes_along_a_line_are_two_units_apart():
    dots = labels._dots(np.array([[0.0, 0.0], [8.0, 0.0]]), 1.0)
    assert dots[0].tolist() == [-1, -1, 1, 1]
    assert dots[-1].tolist() == [7, -1, 9, 1]
    assert np.diff(dots[:, 0]).max() <= 2
    assert labels._dots(np.array([[0.0, 0.0]]), 1.0).shape == (0, 4)


def test_names_at_the_ends_of_lines_keep_their_order_and_never_overlap():
    _, [ax] = theme.new_figure(1, 5, 3)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ends = [0.5, 0.501, 0.1, 1.0, 0.99, 0.0, None]
    label_ends(
        ax,
        [
            EndLabel(f"L{i}", None if y is None else (0.8, y), "black")
            for i, y in enumerate(ends)
        ],
    )
    texts = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert sorted(texts, key=texts.get) == ["L6", "L5", "L2", "L0", "L1", "L4", "L3"]
    assert min(texts.values()) >= 0
    assert max(texts.values()) <= 1
    assert texts["L2"] == pytest.approx(0.1, abs=0.1)  # others are far from it
    assert_readable(ax)


def test_more_names_than_there_is_room_for_are_smaller():
    _, [ax] = theme.new_figure(1, 4, 1.6)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    label_ends(ax, [EndLabel(f"L{i}", (1.0, 0.5), "black") for i in range(12)])
    assert ax.texts[0].get_fontsize() < 6
    assert_readable(ax)
