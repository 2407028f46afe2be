import numpy as np
import pytest
from readable import assert_readable

from bench.figures import theme
from bench.figures.curves import plot_calibration, plot_hardest
from bench.stats.calibration import calibration_frame, hardest_curves
from bench.stats.metrics import METRICS, Predictions


@pytest.mark.parametrize(("n", "n_inputs"), [(1, 1), (5, 2), (12, 1)])
@pytest.mark.parametrize("width", [theme.COLUMN, theme.PAGE])
def test_the_hardest_curves_are_drawn(n, n_inputs, width):
    x = np.random.default_rng(0).normal(size=(30, n_inputs))
    X = np.random.default_rng(1).normal(size=(20, 60)) * 1e4  # of two channels
    labels = np.arange(20) % 2
    hardest = hardest_curves(labels, {"A": 1 - labels, "B": labels}, n)
    height = 0.5 + 1.1 * -(-n // int(width / 1.05))
    ax = theme.new_figure(1, width, height)[1][0]
    plot_hardest(hardest, x, X, ax=ax)
    assert len(ax.child_axes) == n
    assert_readable(ax)
    line = ax.child_axes[0].lines[0]
    order = np.argsort(x[:, 0])
    assert np.array_equal(line.get_ydata(), X[0, :30][order])


def test_curves_without_errors_are_noted():
    ax = plot_hardest(
        hardest_curves(np.zeros(3), {"A": np.zeros(3)}), np.zeros((2, 1)), np.eye(3, 2)
    )
    assert assert_readable(ax) == ["no curve is misclassified"]


def sure_predictions(names, repetitions=2, n=200):
    rng = np.random.default_rng(0)
    predictions = {}
    for name in names:
        for repetition in range(repetitions):
            p = rng.beta(0.5, 0.5, n)
            labels = (rng.random(n) < p**1.5).astype(int)
            scores = np.column_stack([1 - p, p]).astype(np.float32)
            predicted = (p > 0.5).astype(int)
            predictions[name, repetition] = Predictions(
                labels, predicted, "probability", scores
            )
    return predictions


@pytest.mark.parametrize("repetitions", [1, 3])
def test_calibration_agrees_with_the_metric(names, repetitions):
    predictions = sure_predictions(names, repetitions)
    ax = plot_calibration(calibration_frame(predictions))
    texts = assert_readable(ax)
    for name in names:
        errors = [
            METRICS["ece"].function(predictions[name, i]) for i in range(repetitions)
        ]
        assert f"{theme.plain(name)}  ECE {np.mean(errors):.3f}" in texts


def test_classifiers_without_probabilities_are_noted():
    labels = np.array([0, 1])
    frame = calibration_frame({("SVC", 0): Predictions(labels, labels)})
    assert frame.empty
    assert "no probabilities" in assert_readable(plot_calibration(frame))
