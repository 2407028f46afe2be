import numpy as np
import pytest
from figure_frames import TWENTY
from readable import assert_readable

from bench.figures.drawing.theme import classifier_styles, plain
from bench.figures.training import has_training, plot_training, training_figure
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
        ax = plot_training(frame, quantity)
        assert {"SD", "CSD"} <= set(assert_readable(ax))
        assert "moving mean over 3" in ax.get_xlabel()
        label = " ".join(ax.get_xlabel().split())
        assert f"of n = {repetitions} repetitions" in label
    assert ax.get_yscale() == "log"


def test_lines_are_medians_and_bands_go_from_10_to_90_percent():
    values = np.arange(11.0)[:, None] + np.array([1.0, 21.0])
    frame = history_frame(
        {("SD", i): {"history_loss": row} for i, row in enumerate(values)}
    )
    ax = plot_training(frame)
    assert ax.lines[0].get_ydata().tolist() == [6.0, 26.0]
    box = ax.collections[0].get_datalim(ax.transData)
    assert np.allclose([box.y0, box.y1], [2, 30])


def test_a_band_never_falls_to_minus_infinity_on_a_logarithmic_axis():
    rng = np.random.default_rng(0)
    losses = 10.0 ** -rng.uniform(0, 4, (5, 100)) * (rng.random((5, 100)) > 0.1)
    frame = history_frame(
        {("SD", i): {"history_loss": row} for i, row in enumerate(losses)}
    )
    ax = plot_training(frame, log=True)
    assert ax.get_yscale() == "log"
    median = ax.lines[0].get_ydata()
    assert ax.get_ylim()[0] >= median.min() / 5.01
    assert_readable(ax)


def test_a_loss_below_zero_has_a_linear_axis():
    frame = history_frame({("SD-WGAN", 0): {"history_loss": -np.arange(1.0, 200)}})
    assert plot_training(frame).get_yscale() == "linear"


def test_repetitions_count_only_while_they_train():
    frame = history_frame(
        {
            ("SD", 0): {"history_accuracy": np.array([0.5, 0.6, 0.7])},
            ("SD", 1): {"history_accuracy": np.array([0.7])},
        }
    )
    ax = plot_training(frame, "accuracy")
    assert np.allclose(ax.lines[0].get_ydata(), [0.6, 0.6, 0.7])


def test_a_quantity_that_was_not_recorded_is_noted():
    assert "nothing recorded" in assert_readable(plot_training(history_frame({})))
    frame = history_frame(histories(["SD"]))
    assert "nothing recorded" in assert_readable(plot_training(frame, "loss_fake"))


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
    figure = training_figure(frame)
    assert [len(ax.lines) for ax in figure.axes] == [1, 2, 2]
    texts = assert_readable(figure)
    assert {"SD", "W1"} <= set(texts)
    assert any("of n\xa0=\xa01 to 3 repetitions" in text for text in texts)


def test_the_axis_says_how_trainings_of_different_lengths_are_smoothed():
    both = histories(["SD"], n_epochs=300) | histories(["CSD"], n_epochs=900)
    ax = plot_training(history_frame(both), "accuracy")
    assert "moving mean over 1% of them" in ax.get_xlabel()
    assert [line.get_xdata()[-1] for line in ax.lines[:2]] == [300, 900]


def test_classifiers_trained_online_have_no_training_accuracy():
    frame = history_frame(histories(["SD"]) | {("W1", 0): critic()})
    labels = [ax.get_ylabel() for ax in training_figure(frame, online=["SD"]).axes]
    assert labels.count("training accuracy") == 1
    labels = [
        ax.get_ylabel() for ax in training_figure(frame, online=["SD", "W1"]).axes
    ]
    assert "training accuracy" not in labels
    assert not has_training(history_frame({}))
    with pytest.raises(ValueError, match="expected a loss, accuracy or gradient"):
        training_figure(history_frame({}))


def test_trainings_of_very_different_lengths_are_on_a_logarithmic_axis():
    both = histories(["SD"], n_epochs=30) | histories(["CSD"], n_epochs=900)
    assert plot_training(history_frame(both), "accuracy").get_xscale() == "log"


@pytest.mark.parametrize("n", [1, 12])
def test_coloured_ones_are_in_one_legend_and_grey_ones_have_their_name(n):
    names = TWENTY[:n]
    looks = classifier_styles(names, names[:6])
    frame = history_frame(histories(names, n_epochs=20))
    texts = assert_readable(training_figure(frame, looks=looks))
    shown = [name for name in names if name != "CHANCE"]
    assert all(texts.count(name) == 1 for name in shown[:6])
    assert all(texts.count(plain(name, 18)) == 3 for name in shown[6:])
