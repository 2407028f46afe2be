import pytest
from readable import assert_readable

from bench.figures.drawing import theme
from bench.figures.drawing.images import lay_out

TITLES = {
    "words": "a rather long name of a dataset that says what it is, in many words",
    "parts": "very-long-dataset-name-as-people-make-them-from-param-0064",
    "one word": "W" * 64,
    "dollars": "$" * 63,
    "short": "X11",
}


def panels(title, width=theme.PAGE, n_axes=3):
    """Draw axes side by side, with long names at their left, and their titles."""
    figure, axes = theme.new_figure(n_axes, width, 2.0)
    for ax in axes:
        ax.set_yticks([0, 1], ["a long name of twenty", "B"])
        theme.set_title(ax, title)
    lay_out(figure)
    return axes


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
@pytest.mark.parametrize(("width", "n_axes"), [(theme.PAGE, 3), (theme.COLUMN, 1)])
def test_a_title_stays_in_the_figure_and_apart_from_its_neighbours(
    title, width, n_axes
):
    axes = panels(title, width, n_axes)
    assert_readable(axes[0])
    shown = "".join(axes[0].get_title().split())
    assert shown == "".join(title.split())


def test_a_title_that_fits_is_not_moved():
    ax = panels(TITLES["short"])[0]
    assert ax.title.get_position()[0] == 0.5


def test_a_wide_label_of_the_axis_is_broken_and_stays_in_the_figure():
    figure, axes = theme.new_figure(3, theme.PAGE, 3.0)
    for ax in axes:
        ax.set_xlabel(r"a wide label with \$ and \$ of the horizontal axis " * 2)
    lay_out(figure)
    assert_readable(axes[0])
    assert axes[0].get_xlabel().count("\n") >= 1
    assert axes[0].get_xlabel().count(r"\$") == 4
