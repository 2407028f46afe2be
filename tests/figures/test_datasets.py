import numpy as np
import pytest
from figure_frames import LONG, STRANGE
from readable import assert_readable

from bench.curves.inputs import is_grid
from bench.figures.datasets import (
    curves_figure,
    plot_classes,
    plot_curves,
    plot_densities,
    plot_inputs,
    plot_tangents,
)
from bench.figures.drawing import theme


def boxes_of(figure):
    """Return the boxes of curves of a figure, without its histogram of points."""
    return [ax for ax in figure.axes if ax.get_visible() and ax.lines and ax.axison]


def test_two_classes_stand_side_by_side_each_curve_in_its_own_range():
    x = np.linspace(-3, 3, 50)[:, None]
    curves = np.outer(10.0 ** np.arange(9), x[:, 0])
    figure = curves_figure(x, {"symbolic": curves, "neural": -curves[:3]})
    texts = assert_readable(figure)
    assert sorted(texts) == sorted(["symbolic", "neural", *["−3", "3"] * 2])
    boxes = boxes_of(figure)
    assert len(boxes) == 8 + 3
    assert boxes[0].get_ylim() != boxes[1].get_ylim()
    colours = [box.lines[0].get_color() for box in boxes]
    assert colours == [theme.SYMBOLIC] * 8 + [theme.NEURAL] * 3
    turned = curves_figure(x, {"neural": curves, "symbolic": curves})
    assert boxes_of(turned)[0].lines[0].get_color() == theme.NEURAL


def test_points_are_shown_unless_they_are_even():
    rng = np.random.default_rng(0)
    classes = {"symbolic": rng.normal(size=(4, 50)), "neural": rng.normal(size=(4, 50))}
    uneven = rng.normal(size=(50, 1))
    even = rng.permutation(np.linspace(0, 1, 50))[:, None]
    for x, options, shown in (
        (uneven, {}, "where the input points lie"),
        (uneven, {"points": [4000, 6000]}, "where the 10,000 input points lie"),
        (uneven, {"points": []}, None),
        (even, {}, None),
        (rng.normal(size=(50, 2)), {"noise": 5.0}, None),
    ):
        texts = assert_readable(curves_figure(x, classes, **options))
        found = [text for text in texts if text.startswith("where")]
        assert found == ([shown] if shown else [])


def test_grids_are_even_also_in_float32_and_if_only_some_points_are_known():
    grid = np.linspace(-3, 3, 200)
    some = grid[np.linspace(0, 199, 120).round().astype(int)]
    for points in (grid, grid[::-1], grid.astype(np.float32), some, some.round(4)):
        assert is_grid(points)
    rng = np.random.default_rng(0)
    for points in (rng.normal(size=200), rng.random(3), np.geomspace(1, 9, 50)):
        assert not is_grid(points)
    assert not is_grid(np.zeros(5))


@pytest.mark.parametrize("n", [1, 3, 40])
def test_many_classes_have_a_box_each(n):
    names = [*STRANGE, LONG, *(f"sin({i}*x)^2" for i in range(60))][:n]
    x = np.linspace(0, 1, 30)[:, None]
    curves = np.random.default_rng(0).normal(size=(n, 5, 30))
    figure = curves_figure(x, dict(zip(names, curves, strict=True)))
    assert_readable(figure)
    assert [len(box.lines) for box in boxes_of(figure)] == [3] * n


@pytest.mark.parametrize("n_inputs", [1, 2])
def test_curves_points_and_tangents_are_drawn(n_inputs):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, n_inputs))
    curves, gradients = np.sin(x[:, 0]), np.cos(x)
    symbolic, neural = np.outer([1, 2, 3], curves), np.outer([1, -1], curves)
    _, axes = theme.new_figure(3)
    plot_curves(x, symbolic, neural, ax=axes[0])
    assert len(axes[0].lines) == 5
    plot_inputs(x, ax=axes[1])
    plot_tangents(x, [(curves, gradients, theme.NEURAL, "neural")], ax=axes[2])
    tangents = [line for line in axes[2].lines if len(line.get_xdata()) == 2]
    assert len(tangents) == 6
    for line in tangents:
        (x0, x1), (y0, y1) = line.get_data()
        nearest = np.abs(x[:, 0] - (x0 + x1) / 2).argmin()
        assert np.isclose((y1 - y0) / (x1 - x0), gradients[nearest, 0])
    assert_readable(axes[0])


@pytest.mark.parametrize(("n", "n_inputs"), [(2, 1), (7, 2)])
def test_each_class_has_a_box_with_its_name_and_curves(n, n_inputs):
    x = np.random.default_rng(0).normal(size=(30, n_inputs))
    curves = np.random.default_rng(1).normal(size=(n, 5, 30))
    ax = plot_classes(x, {f"u^{i} $x": group for i, group in enumerate(curves)})
    assert [len(box.lines) for box in ax.child_axes] == [5] * n
    assert [box.get_title() for box in ax.child_axes] == [
        rf"u^{i} \$x" for i in range(n)
    ]
    order = np.argsort(x[:, 0])
    drawn = ax.child_axes[-1].lines[2].get_ydata()
    assert np.array_equal(drawn, curves[-1, 2][order])
    assert_readable(ax)


def test_densities_integrate_to_one_and_the_even_one_is_dashed():
    points = {
        "std 1": np.random.default_rng(0).normal(0, 1, (700, 1)).clip(-3, 3),
        "grid": np.linspace(-3, 3, 700, endpoint=False)[:, None],
    }
    ax = plot_densities(points, even="grid")
    texts = assert_readable(ax)
    assert {"std 1", "grid", "input, 700 points, 50 bins"} <= set(texts)
    for patch in ax.patches:
        heights, edges, _ = patch.get_data()
        assert np.isclose((heights * np.diff(edges)).sum(), 1)
    assert ax.patches[1].get_linestyle() == "--"
    few = plot_densities({"a": np.arange(5.0)[:, None], "b": np.arange(9.0)[:, None]})
    assert "input, 5 to 9 points, 5 bins" in assert_readable(few)
