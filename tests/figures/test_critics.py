import numpy as np
import pytest
from readable import assert_readable

from bench.figures.critics import PARTS, critics_figure, plot_parts
from bench.stats.histories import history_frame

PENALTIES = {"W0": 0.0, "W1e-4": 1e-4, "W1e-2": 0.01, "W1": 1.0, "W10": 10, "W100": 100}


def frame_of(penalties, n_epochs=300, repetitions=2):
    """Histories of critics whose losses grow to 1e5 without a penalty."""
    rng = np.random.default_rng(0)
    epochs = np.arange(n_epochs)
    arrays = {}
    for name, penalty in penalties.items():
        size = (1e5 / (1 + 1e3 * penalty)) ** (epochs / n_epochs)
        for repetition in range(repetitions):
            noise = rng.normal(1, 0.1, (2, n_epochs))
            arrays[name, repetition] = {
                "history_loss_real": -size * noise[0],
                "history_loss_fake": size * noise[1] * np.sin(epochs / 20),
                "history_loss_penalty": penalty * np.exp(-epochs / 20),
            }
    return history_frame(arrays)


def test_one_panel_for_each_critic_with_its_own_scale_and_one_legend():
    figure = critics_figure(frame_of(PENALTIES))
    shown = [ax for ax in figure.axes if ax.axison]
    assert [ax.get_title() for ax in shown] == list(PENALTIES)
    assert len({ax.get_ylim() for ax in shown}) == len(shown)
    assert set(PARTS.values()) <= set(assert_readable(shown[0]))
    # Without a weight there is no penalty to draw.
    bold = [[line for line in ax.lines if line.get_linewidth() > 1] for ax in shown]
    assert [len(lines) for lines in bold] == [2, 3, 3, 3, 3, 3]


@pytest.mark.parametrize("n", [1, 8])
def test_any_number_of_critics_is_readable(n):
    names = [*"ABCDEF", "$x$", "long-" * 20][-n:]
    figure = critics_figure(frame_of(dict.fromkeys(names, 100.0), repetitions=1))
    assert_readable(figure.axes[0])


def test_losses_of_very_different_size_have_a_logarithmic_axis():
    ax = plot_parts(frame_of({"W100": 100.0}))
    assert ax.get_yscale() == "symlog"
    assert_readable(ax)
    assert plot_parts(frame_of({"W1": 10.0})).get_yscale() == "linear"


def test_repetitions_are_thin_and_their_median_is_thick():
    arrays = {
        ("W", i): {
            "history_loss_real": np.full(3, value),
            "history_loss_fake": np.full(3, -1.0),
        }
        for i, value in enumerate([1.0, 2.0, 30.0])
    }
    ax = plot_parts(history_frame(arrays))
    lines = {(line.get_linewidth() > 1, line.get_ydata()[0]) for line in ax.lines}
    real = {(False, 1.0), (False, 2.0), (False, 30.0), (True, 2.0)}
    assert lines == real | {(False, -1.0), (True, -1.0)}
    assert not ax.collections


def test_histories_without_records_are_noted():
    assert "nothing recorded" in assert_readable(plot_parts(history_frame({})))
