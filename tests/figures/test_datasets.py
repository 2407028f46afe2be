import numpy as np
import pytest
from readable import assert_readable

from bench.figures import theme
from bench.figures.datasets import (
    plot_classes,
    plot_curves,
    plot_densities,
    plot_inputs,
    plot_tangents,
)


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


@pytest.mark.parametrize(("n", "n_inputs"), [(2, 1), (20, 1), (7, 2)])
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
