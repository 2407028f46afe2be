import numpy as np
import pytest
from figure_frames import TWENTY
from readable import assert_readable

from bench.figures.training import dynamics_figure, has_dynamics, plot_dynamics
from bench.stats.histories import history_frame


def histories(names, repetitions=3, n_epochs=300):
    rng = np.random.default_rng(0)
    epochs = np.arange(n_epochs)
    return {
        (name, i): {
            "history_loss": np.exp(-epochs / 50) + rng.uniform(0, 0.1, n_epochs),
            "history_accuracy": 1 - np.exp(-epochs / 80) / 2,
            "history_largest_gradient": 10 ** rng.normal(-2, 0.5, n_epochs),
            "labels_test": np.zeros(3),
        }
        for name in names
        for i in range(repetitions)
    }


@pytest.mark.parametrize("repetitions", [1, 3])
def test_every_quantity_of_a_training_is_readable(repetitions):
    frame = history_frame(histories(["SD", "CSD"], repetitions))
    for quantity in ("loss", "accuracy", "largest_gradient"):
        ax = plot_dynamics(frame, quantity)
        texts = assert_readable(ax)
        assert f"SD (n={repetitions})" in texts
        assert "moving mean over 3" in ax.get_xlabel()
    assert ax.get_yscale() == "log"


def test_the_band_is_one_std_around_the_mean():
    values = np.array([[1.0, 2.0], [3.0, 6.0]])
    frame = history_frame(
        {("SD", i): {"history_loss": row} for i, row in enumerate(values)}
    )
    ax = plot_dynamics(frame)
    assert ax.lines[0].get_ydata().tolist() == [2.0, 4.0]
    box = ax.collections[0].get_datalim(ax.transData)
    assert np.isclose(box.y0, 2 - np.std([1, 3], ddof=1))
    assert np.isclose(box.y1, 4 + np.std([2, 6], ddof=1))


def test_a_loss_below_zero_has_a_linear_axis():
    frame = history_frame({("SD-WGAN", 0): {"history_loss": -np.arange(1.0, 200)}})
    assert plot_dynamics(frame).get_yscale() == "linear"


def test_repetitions_count_only_while_they_train():
    frame = history_frame(
        {
            ("SD", 0): {"history_accuracy": np.array([0.5, 0.6, 0.7])},
            ("SD", 1): {"history_accuracy": np.array([0.7])},
        }
    )
    ax = plot_dynamics(frame, "accuracy")
    assert np.allclose(ax.lines[0].get_ydata(), [0.6, 0.6, 0.7])


def test_a_quantity_that_was_not_recorded_is_noted():
    assert "nothing recorded" in assert_readable(plot_dynamics(history_frame({})))
    frame = history_frame(histories(["SD"]))
    assert "nothing recorded" in assert_readable(plot_dynamics(frame, "loss_fake"))


def critic(n_epochs=300):
    """Return what a critic records: its loss has parts."""
    quantities = {"loss": -np.ones(n_epochs), "accuracy": np.full(n_epochs, 0.6)}
    quantities |= {
        "largest_gradient": np.ones(n_epochs),
        "loss_real": -np.ones(n_epochs),
    }
    return {f"history_{name}": values for name, values in quantities.items()}


def test_a_critics_loss_is_not_drawn_beside_cross_entropy():
    frame = history_frame(histories(["SD"]) | {("W1", 0): critic()})
    figure = dynamics_figure(frame)
    assert [len(ax.lines) for ax in figure.axes] == [1, 2, 2]
    assert {"SD (n=3)", "W1 (n=1)"} <= set(assert_readable(figure.axes[0]))


def test_the_axis_says_how_trainings_of_different_lengths_are_smoothed():
    both = histories(["SD"], n_epochs=300) | histories(["CSD"], n_epochs=900)
    ax = plot_dynamics(history_frame(both), "accuracy")
    assert "moving mean over 1% of them" in ax.get_xlabel()
    assert [line.get_xdata()[-1] for line in ax.lines] == [300, 900]


def test_classifiers_trained_online_have_no_training_accuracy():
    frame = history_frame(histories(["SD"]) | {("W1", 0): critic()})
    labels = [ax.get_ylabel() for ax in dynamics_figure(frame, online=["SD"]).axes]
    assert labels.count("training accuracy") == 1
    labels = [
        ax.get_ylabel() for ax in dynamics_figure(frame, online=["SD", "W1"]).axes
    ]
    assert "training accuracy" not in labels
    assert not has_dynamics(history_frame({}))
    with pytest.raises(ValueError, match="expected a loss, accuracy or gradient"):
        dynamics_figure(history_frame({}))


@pytest.mark.parametrize("n", [1, 20])
def test_one_legend_names_all_classifiers(n):
    frame = history_frame(histories(TWENTY[:n], n_epochs=20))
    for shown in (frame, frame.drop(columns="loss")):
        texts = assert_readable(dynamics_figure(shown).axes[0])
        assert {f"{name} (n=3)" for name in TWENTY[:n]} <= set(texts)
