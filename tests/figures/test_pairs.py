"""Pairs of classifiers as a matrix."""

import numpy as np
import pandas as pd
import pytest
from figure_frames import THIRTY
from readable import assert_readable

from bench.figures.drawing.theme import plain
from bench.figures.pairs import MOST_PAIRED, pairs_figure


def pairs_of(names, **changes):
    rng = np.random.default_rng(0)
    rows = [
        {
            "first": first,
            "second": second,
            "difference": rng.normal(0, 0.2),
            "wins": 10,
            "ties": 0,
            "losses": 10,
            "p_holm": rng.uniform(0, 0.1),
        }
        for i, first in enumerate(names)
        for second in names[i + 1 :]
    ]
    return pd.DataFrame(rows).assign(**changes)


def test_a_cell_has_the_difference_the_counts_and_p():
    pairs = pairs_of(
        ["B", "A"], difference=0.125, wins=3, ties=1, losses=2, p_holm=0.04
    )
    # A is the better one by rank, so it is the row, and the pair is turned.
    figure = pairs_figure(pairs, order=["A", "B"], p_column="p_holm")
    texts = assert_readable(figure)
    assert "−.125\n2/1/3\np=.040" in texts
    without = assert_readable(pairs_figure(pairs, order=["B", "A"]))
    assert "+.125\n3/1/2" in without


@pytest.mark.parametrize("n", [2, 14, 24])
def test_pairs_of_any_number_are_readable(n):
    names = THIRTY[:n]
    p_column = "p_holm" if n == 14 else None
    figure = pairs_figure(pairs_of(names), order=names, p_column=p_column)
    texts = assert_readable(figure)
    assert {plain(name) for name in names[:MOST_PAIRED]} <= set(texts)
    assert any("4 more not shown" in text for text in texts) == (n == 24)


def test_no_pairs_are_noted():
    figure = pairs_figure(pairs_of(["A", "B"])[:0], order=["A", "B"])
    assert "no pairs" in assert_readable(figure)
