import numpy as np
import pandas as pd
import pytest

from bench.stats.histories import (
    held_out_frame,
    history_frame,
    last_epochs,
    spread,
    trained_online,
)


def test_histories_become_one_row_for_each_epoch():
    recorded = {
        "history_loss": np.array([0.5, 0.25]),
        "history_accuracy": np.array([0.75, 1.0]),
        "labels_test": np.zeros(3),
    }
    frame = history_frame({("SD", 3): recorded, ("KNN", 0): {"labels_test": [1]}})
    assert frame.to_dict("list") == {
        "classifier": ["SD", "SD"],
        "repetition": [3, 3],
        "epoch": [1, 2],
        "window": [1, 1],
        "loss": [0.5, 0.25],
        "accuracy": [0.75, 1.0],
    }
    assert history_frame({}).empty


@pytest.mark.parametrize("peak", [1e9, 1e300])
def test_a_peak_changes_only_the_means_of_its_window(peak):
    loss = np.full(1000, 1e-3)
    loss[500] = peak
    frame = history_frame({("SD", 0): {"history_loss": loss}}, most=1000)
    far = (frame["epoch"] - 501).abs() > 5
    np.testing.assert_allclose(frame.loc[far, "loss"], 1e-3, rtol=1e-12)
    np.testing.assert_allclose(frame.loc[~far, "loss"], peak / 11, rtol=1e-9)


def test_a_moving_mean_has_a_shorter_window_at_both_ends():
    values = np.random.default_rng(0).normal(size=1000)
    frame = history_frame({("SD", 0): {"history_loss": values}}, most=1000)
    assert set(frame["window"]) == {11}
    expected = pd.Series(values).rolling(11, center=True, min_periods=1).mean()
    assert np.allclose(frame["loss"], expected)


def test_repetitions_of_a_classifier_are_smoothed_and_thinned_alike():
    arrays = {
        ("SD", 0): {"history_loss": np.arange(2000.0)},
        ("SD", 1): {"history_loss": np.arange(100.0)},
        ("CSD", 0): {"history_loss": np.arange(100.0)},
    }
    frame = history_frame(arrays)
    by = dict(list(frame.groupby(["classifier", "repetition"])))
    assert set(by["SD", 0]["window"]) == set(by["SD", 1]["window"]) == {21}
    assert set(by["SD", 1]["epoch"]) < set(by["SD", 0]["epoch"])
    assert by["SD", 1]["loss"].iloc[0] == 5.0  # of the first eleven
    # Another classifier's training has its own length.
    assert set(by["CSD", 0]["window"]) == {1}
    assert by["CSD", 0]["epoch"].tolist() == list(range(1, 101))


def test_ten_thousand_epochs_become_a_few_hundred():
    arrays = {("SD", i): {"history_loss": np.ones(10_000)} for i in range(10)}
    frame = history_frame(arrays)
    assert len(frame) == 3000
    rows = frame[frame["repetition"] == 3]
    assert rows["epoch"].iloc[[0, -1]].tolist() == [1, 10_000]
    assert (rows["loss"] == 1).all()


def test_quantities_of_different_lengths_share_a_frame():
    arrays = {
        ("SD", 0): {
            "history_loss": np.arange(5.0),
            "history_accuracy": np.arange(3.0),
            "history_held_out_accuracy": np.array([0.5]),
            "history_held_out_epoch": np.array([4]),
            "labels_test": np.zeros(9),
        }
    }
    frame = history_frame(arrays)
    assert list(frame.columns) == [
        *["classifier", "repetition", "epoch", "window", "loss", "accuracy"]
    ]
    assert frame["accuracy"].isna().tolist() == [False] * 3 + [True] * 2


def test_values_that_are_not_finite_are_gaps_and_spoil_no_neighbour():
    values = np.ones(400)
    values[[200, 300]] = np.nan, np.inf
    frame = history_frame({("SD", 0): {"history_loss": values}}, most=400)
    assert set(frame["window"]) == {5}
    assert frame["loss"].isna().sum() == 2
    assert (frame["loss"].dropna() == 1).all()


def test_held_out_accuracies_have_epochs_of_their_own():
    arrays = {
        ("SD", 1): {
            "history_accuracy": np.ones(300),
            "history_held_out_accuracy": np.array([0.5, 0.75], np.float32),
            "history_held_out_epoch": np.array([100, 300], np.float32),
        },
        ("KNN", 0): {"labels_test": np.zeros(3)},
    }
    frame = held_out_frame(arrays)
    assert frame.to_dict("list") == {
        "classifier": ["SD", "SD"],
        "repetition": [1, 1],
        "epoch": [100, 300],
        "accuracy": [0.5, 0.75],
    }
    assert held_out_frame({}).empty
    assert list(held_out_frame({})) == list(frame)


def test_means_over_the_last_epochs_by_hand():
    arrays = {
        "history_accuracy": np.array([0.0, 0.5, 1.0]),
        "history_prequential_accuracy": np.array([0.0, 0.25, 0.75]),
        "labels_test": np.array([0, 1, 1, 0]),
        "predictions_test": np.array([0, 1, 0, 0]),
    }
    fixed = {"history_accuracy": np.ones(3)}
    frame = last_epochs({("SD", 0): arrays, ("CSD", 0): fixed}, n=2)
    assert frame.to_dict("records") == [
        {
            "classifier": "SD",
            "repetition": 0,
            "epochs": 3,
            "accuracy": 0.75,
            "prequential_accuracy": 0.5,
            "held_out_accuracy": 0.75,
        }
    ]
    assert trained_online(arrays)
    assert not trained_online(fixed)


@pytest.mark.parametrize(("n", "most"), [(1, 5), (5, 5), (6, 5), (1000, 7)])
def test_positions_are_evenly_spread_with_both_ends(n, most):
    result = spread(n, most)
    assert result[0] == 0
    assert result[-1] == n - 1
    assert len(result) == min(n, most)
    assert spread(0, 5).tolist() == []
