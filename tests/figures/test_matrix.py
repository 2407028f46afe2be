"""The matrix of classifiers and datasets."""

import math

import numpy as np
import pytest
from figure_frames import LONG, THIRTY, scores_of, suite_of
from readable import assert_readable

from bench.figures.drawing.theme import classifier_styles, plain
from bench.figures.matrix import chance_of, matrix_figure, score_text, shares_of


def test_shares_of_the_way_from_chance_to_a_perfect_score_by_hand():
    means = np.array([0.5, 0.75, 1.0, 0.4, np.nan])
    shares = shares_of(means, "accuracy", 0.5)
    assert np.allclose(shares, [0, 0.5, 1, 0, np.nan], equal_nan=True)
    # Of a loss, less is better, and 0 is perfect.
    assert np.allclose(
        shares_of(np.array([0.7, 0.35, 0.0]), "log_loss", 0.7), [0, 0.5, 1]
    )
    # The worst stands for chance where that is not known.
    assert np.allclose(shares_of(np.array([0.2, 0.6]), "accuracy", math.nan), [0, 0.5])
    assert np.allclose(shares_of(np.array([0.4, 0.2]), "ece", math.nan), [0, 0.5])
    assert np.isnan(shares_of(np.array([np.nan]), "accuracy", 0.5)).all()
    assert shares_of(np.array([1.0]), "accuracy", math.nan).tolist() == [1.0]


def test_chance_is_that_of_a_dataset_or_of_all():
    assert chance_of({"a": 0.05}, "a") == 0.05
    assert chance_of(0.5, "a") == 0.5
    assert all(math.isnan(chance_of(c, "a")) for c in (None, {}, {"a": None}))


def test_scores_as_text():
    texts = [score_text(value) for value in (0.93125, 1.0, 0, -0.25, 2.5, math.nan)]
    assert texts == [".931", "1.000", ".000", "-.250", "2.500", "–"]


def test_each_cell_has_its_mean_and_the_best_are_marked():
    names, datasets = ["SD", "KNN", "DT"], ["a", "b"]
    results = suite_of(names, datasets, level=0.8)
    scores = scores_of(results).assign(
        mean=[0.91, 0.9, 0.6, 0.7, 0.8, np.nan],
        best=[True, False, False, False, True, False],
        near_best=[True, True, False, False, True, False],
    )
    figure = matrix_figure(
        scores, "accuracy", classifiers=names, datasets=datasets, chance=0.5
    )
    ax = figure.axes[0]
    cells = {t.get_text(): t for t in ax.texts}
    assert set(cells) == {".910", ".900†", ".600", ".700", ".800", "–"}
    bold = {text for text, artist in cells.items() if artist.get_weight() == "bold"}
    assert bold == {".910", ".800"}
    assert cells[".910"].get_position() == (0, 0)
    assert cells["–"].get_position() == (1, 2)
    texts = assert_readable(figure)
    assert {"chance", "perfect", *names, *datasets} <= set(texts)


@pytest.mark.parametrize(
    ("n", "n_datasets", "level"),
    [(30, 20, None), (3, 2, 0.5), (2, 23, 1.0), (1, 1, 0.7)],
)
def test_matrices_of_any_size_are_readable(n, n_datasets, level):
    names, datasets = THIRTY[:n], [LONG, *map(str, range(n_datasets))][:n_datasets]
    scores = scores_of(suite_of(names, datasets, 1, level=level, failed=names[3:4]))
    figure = matrix_figure(
        scores[1:],  # one row is missing
        "accuracy",
        classifiers=names,
        datasets=datasets,
        chance=0.5,
        looks=classifier_styles(names, names[:6]),
    )
    texts = assert_readable(figure)
    assert {plain(name) for name in names} <= set(texts)
