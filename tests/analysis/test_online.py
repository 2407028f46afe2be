import math

import pandas as pd
import pytest

from bench.analysis.online import online_table
from bench.report.chapters.training import caption_of, online_rows


def results(classifiers=("SD", "CSD"), n=2, seconds=4.0):
    return pd.DataFrame(
        [
            {
                "dataset": "d",
                "repetition": i,
                "classifier": name,
                "fit_seconds": seconds,
            }
            for name in classifiers
            for i in range(n)
        ]
    )


def last(classifiers=("SD", "CSD"), n=2, epochs=1000):
    return pd.DataFrame(
        [
            {
                "classifier": name,
                "repetition": i,
                "epochs": epochs,
                "accuracy": 0.9 + 0.1 * i,
                "prequential_accuracy": 0.8 + 0.1 * i,
                "held_out_accuracy": 0.7 + 0.1 * place,
            }
            for place, name in enumerate(classifiers)
            for i in range(n)
        ]
    )


def held_out(means, name="SD", n=2):
    """Evaluations every 100 epochs, repetitions .02 about each mean."""
    return pd.DataFrame(
        [
            {
                "classifier": name,
                "repetition": i,
                "epoch": 100 * at,
                "accuracy": mean + d,
            }
            for at, mean in enumerate(means, start=1)
            for i, d in enumerate([-0.02, 0.02][:n])
        ]
    )


def test_a_row_by_hand():
    table = online_table(last(), held_out([0.5, 0.95]), results())
    assert list(table["classifier"]) == ["CSD", "SD"]  # best held-out first
    row = table.set_index("classifier").loc["SD"]
    assert (row["dataset"], row["n"], row["epochs"]) == ("d", 2, 1000)
    assert math.isclose(row["notebook_accuracy_mean"], 0.95)
    assert math.isclose(row["notebook_accuracy_std"], 0.1 / math.sqrt(2))
    assert math.isclose(row["prequential_accuracy_mean"], 0.85)
    assert math.isclose(row["held_out_accuracy_mean"], 0.7)
    assert math.isclose(row["held_out_accuracy_std"], 0, abs_tol=1e-9)
    assert row["reaches_0.95"] == row["stays_0.95"] == 200
    # Four seconds are a repetition's share of those of its batch.
    assert row["epochs_per_second"] == 250
    assert math.isnan(table.set_index("classifier").loc["CSD", "reaches_0.95"])


@pytest.mark.parametrize(
    ("means", "reaches", "stays"),
    [
        ([0.5, 0.9499], math.nan, math.nan),
        ([0.5, 0.95, 0.96], 200, 200),
        ([0.5, 0.96, 0.94, 0.97], 200, 400),
        ([0.96, 0.97, 0.94], 100, math.nan),
        ([], math.nan, math.nan),
    ],
)
def test_the_epochs_from_which_the_mean_reaches_and_keeps_the_accuracy(
    means, reaches, stays
):
    evaluated = held_out(means) if means else held_out([0.5])[:0]
    row = online_table(last(["SD"]), evaluated, results(["SD"])).iloc[0]
    assert row["reaches_0.95"] == pytest.approx(reaches, nan_ok=True)
    assert row["stays_0.95"] == pytest.approx(stays, nan_ok=True)


def test_an_epoch_that_a_repetition_lacks_does_not_count():
    evaluated = held_out([0.5, 0.99])
    evaluated = evaluated[(evaluated["epoch"] < 200) | (evaluated["repetition"] == 0)]
    row = online_table(last(["SD"]), evaluated, results(["SD"])).iloc[0]
    assert math.isnan(row["reaches_0.95"])


def test_readers_get_text_and_a_dash_for_what_is_not_known():
    table = online_table(last(n=1), held_out([0.5], n=1), results(n=1, seconds=None))
    rows = online_rows(table)
    assert rows.iloc[1].to_dict() == {
        "classifier": "SD",
        "epochs": "1000",
        "notebook's accuracy": "0.900±–",
        "prequential accuracy": "0.800±–",
        "held-out accuracy": "0.700±–",
        "n": "1",
        "held-out reaches 0.95": "–",
        "and stays there from": "–",
        "model-epochs/s": "–",
    }
    said = caption_of(table)
    assert "so it is too high" in said
    assert "last 500 epochs" in said
    assert "last 60 epochs" in caption_of(table.assign(epochs=60))


def test_without_online_training_there_is_no_table():
    assert online_table(pd.DataFrame(), held_out([0.5]), results()).empty
