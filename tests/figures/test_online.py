import numpy as np
import online_stores
import pytest
from readable import assert_readable

from bench.figures.online import (
    KINDS,
    accuracies_figure,
    plot_accuracies,
    plot_held_out,
)
from bench.stats.histories import held_out_frame, history_frame

LONG = ["long-" * 20, "$x$", "模型", "SD", "CSD", "A", "B", "C"]


def frames(names, repetitions=3, n_epochs=400):
    rng = np.random.default_rng(0)
    arrays = {
        (name, i): online_stores.history_of(rng, n_epochs, 0.9 - 0.02 * place)
        for place, name in enumerate(names)
        for i in range(repetitions)
    }
    return history_frame(arrays), held_out_frame(arrays)


def test_the_three_accuracies_have_different_styles():
    ax = plot_accuracies(*frames(["SD"]))
    looks = {(line.get_color(), line.get_linestyle()) for line in ax.lines}
    assert len(ax.lines) == len(looks) == len(KINDS) == 3
    assert [line.get_marker() for line in ax.lines] == ["None", "None", "o"]
    assert "moving mean over 5" in ax.get_xlabel()


def test_medians_and_bands_by_hand():
    arrays = {
        ("SD", i): {
            "history_accuracy": np.full(4, 0.8 + 0.1 * i),
            "history_prequential_accuracy": np.full(4, 0.6 + 0.1 * i),
            "history_held_out_epoch": np.array([2, 4]),
            "history_held_out_accuracy": np.array([0.5, 0.7 + 0.1 * i]),
        }
        for i in range(2)
    }
    ax = plot_accuracies(history_frame(arrays), held_out_frame(arrays))
    last_step, before, held_out = ax.lines
    assert np.allclose(last_step.get_ydata(), 0.85)
    assert np.allclose(before.get_ydata(), 0.65)
    assert held_out.get_xdata().tolist() == [2, 4]
    assert np.allclose(held_out.get_ydata(), [0.5, 0.75])
    box = ax.collections[2].get_datalim(ax.transData)
    assert np.isclose(box.y1, 0.79)


@pytest.mark.parametrize("n", [1, 5, 8])
def test_one_panel_for_each_classifier_on_one_scale_with_one_legend(n):
    figure = accuracies_figure(*frames(LONG[:n]))
    shown = [ax for ax in figure.axes if ax.axison]
    assert len(shown) == n
    assert len({ax.get_ylim() for ax in shown}) == 1
    texts = assert_readable(shown[0])
    assert set(KINDS) <= set(texts)
    assert texts.count("accuracy") == 1


@pytest.mark.parametrize("n", [1, 20])
def test_held_out_accuracy_has_one_line_with_a_name_for_each_classifier(n):
    names = [f"C{i}" for i in range(n)]
    _, held_out = frames(names)
    texts = assert_readable(plot_held_out(held_out))
    assert set(names) <= set(texts)


def test_lines_have_at_most_120_points():
    history, held_out = frames(["SD"], 2, 10_000)
    dense = held_out.loc[held_out.index.repeat(100)].assign(
        epoch=lambda frame: frame.groupby("repetition").cumcount() + 1
    )
    ax = plot_accuracies(history, dense)
    assert all(len(line.get_xdata()) <= 120 for line in ax.lines)


def test_histories_without_records_are_noted():
    history, held_out = history_frame({}), held_out_frame({})
    for ax in (plot_accuracies(history, held_out), plot_held_out(held_out)):
        assert "nothing recorded" in assert_readable(ax)
