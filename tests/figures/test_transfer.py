import numpy as np
import pandas as pd
import pytest
from readable import assert_readable

from bench.figures.transfer import plot_transfer, score_limits, short
from bench.report.chapters.transfer import transfer_figure, transfer_pages


def transfers_of(names, n=5):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {"classifier": "KNN", "train": a, "test": b, "n": n, "n_cells": 5,
             "mean": rng.uniform(0.4, 1)}
            for a in names
            for b in names
        ]
    )  # fmt: skip


@pytest.mark.parametrize("n_datasets", [2, 6, 20])
@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_the_numbers_of_a_transfer_are_readable(n_datasets, metric):
    names = [f"a dataset of rather long id {i}" for i in range(n_datasets)]
    frame = transfers_of(names)
    frame.loc[1, "n"] = 4
    frame.loc[2, ["n", "mean"]] = [0, np.nan]
    ax = plot_transfer(frame, metric, order=names)
    texts = assert_readable(ax)
    assert short(frame.loc[0, "mean"]) in texts
    assert short(frame.loc[1, "mean"]) + "*" in texts
    assert "–" in texts
    assert "tested on" in texts
    assert len(ax.patches) == n_datasets


@pytest.mark.parametrize(("n_classifiers", "n_datasets"), [(1, 2), (3, 10), (7, 5)])
def test_panels_of_transfers_are_readable(n_classifiers, n_datasets):
    names = [f"dataset {i}" for i in range(n_datasets)]
    frame = transfers_of(names)
    classifiers = [f"C{i}" for i in range(n_classifiers)]
    frame = pd.concat([frame.assign(classifier=name) for name in classifiers])
    [page] = transfer_pages(frame, classifiers)
    figure = transfer_figure(frame, "accuracy", page)
    texts = assert_readable(figure.axes[0])
    assert set(classifiers) <= set(texts)
    # At the foot of each column of panels, whether or not the last row is full.
    n_columns = len({ax.get_subplotspec().colspan.start for ax in figure.axes[:-1]})
    assert texts.count(names[0]) == n_columns + -(-n_classifiers // n_columns)


def test_rows_are_the_training_datasets():
    frame = pd.DataFrame(
        {"train": ["a", "a", "b", "b"], "test": ["a", "b", "a", "b"], "n": 1,
         "n_cells": 1, "mean": [0.9, 0.8, 0.7, 0.6]}
    )  # fmt: skip
    image = plot_transfer(frame, "accuracy", order=["a", "b"]).images[0].get_array()
    assert image.tolist() == [[0.9, 0.8], [0.7, 0.6]]
    assert score_limits(frame) == (0.6, 0.9)
    assert score_limits(frame.assign(mean=0.9)) == (0.4, 1.4)
    assert score_limits(frame.assign(mean=np.nan)) == (0, 1)


def test_scores_have_two_decimals_and_no_leading_zero():
    texts = [short(value) for value in (0.934, 1.0, 0.0, -0.25, 10.04)]
    assert texts == [".93", "1.00", ".00", "-.25", "10.04"]
