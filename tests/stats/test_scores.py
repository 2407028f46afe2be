"""Checks and layout of frames of scores."""

import math

import numpy as np
import pandas as pd
import pytest
from score_frames import scores_of

from bench.base.errors import StatisticsError
from bench.stats.scores import (
    check_share,
    check_width,
    differences,
    name_some,
    score_tables,
    tie_of,
)

TWO_BY_TWO = {"d": {"A": [0.1, 0.2], "B": [0.3, 0.4]}}


def test_tables_keep_the_order_of_datasets_and_classifiers_and_sort_repetitions():
    scores = scores_of({"z": {"B": [0.1, 0.2], "A": [0.3, 0.4]}, "a": {"A": [0.5]}})
    scores = scores.iloc[[1, 0, 2, 3, 4]]  # repetition 1 before repetition 0
    z, a = score_tables(scores)
    assert (z.dataset, z.classifiers, z.repetitions) == ("z", ("B", "A"), (0, 1))
    assert z.values.tolist() == [[0.1, 0.3], [0.2, 0.4]]
    assert z.columns(["A"]).tolist() == [[0.3], [0.4]]
    # What only another dataset has is not missing here.
    assert (a.dataset, a.classifiers, a.repetitions) == ("a", ("A",), (0,))
    assert a.values.tolist() == [[0.5]]


@pytest.mark.parametrize("score", [math.nan, math.inf, None])
def test_scores_that_are_not_finite_are_refused_by_name(score):
    scores = scores_of(TWO_BY_TWO)
    scores.loc[3, "score"] = score
    with pytest.raises(StatisticsError, match="not finite: d, B, repetition 1"):
        score_tables(scores)


def test_ragged_and_duplicate_scores_are_refused_by_name():
    scores = scores_of(TWO_BY_TWO)
    with pytest.raises(StatisticsError, match="missing: d, B, repetition 1"):
        score_tables(scores.drop(index=3))
    with pytest.raises(StatisticsError, match="duplicate cells: d, A, repetition 0"):
        score_tables(pd.concat([scores, scores.iloc[:1]]))


def test_a_ragged_table_has_holes_and_what_was_asked():
    scores = scores_of(TWO_BY_TWO | {"e": {"B": [0.1]}})
    scores.loc[0, "score"] = math.nan
    table, e = score_tables(scores.drop(index=3), ragged=True)
    assert np.isnan(table.values).tolist() == [[True, False], [False, True]]
    assert (table.asked, e.asked) == ((2, 2), (1,))
    assert not table.collapsed.any()
    assert table.left_chance == (True, True)
    with pytest.raises(StatisticsError, match="not finite: d, A, repetition 0"):
        score_tables(scores.replace({"score": {0.2: math.inf, math.nan: math.inf}}))


def test_a_ragged_table_reads_what_was_asked_and_what_collapsed():
    scores = scores_of({"d": {"A": [0.5, 0.9], "B": [0.5]}}).assign(
        asked=[2, 2, 1], collapsed=pd.array([True, False, pd.NA], dtype="boolean")
    )
    [table] = score_tables(scores, ragged=True)
    assert table.asked == (2, 1)
    assert table.left_chance == (True, False)
    assert table.collapsed.tolist() == [[True, False], [False, False]]
    compared = table.compared
    assert np.isnan(compared).tolist() == [[True, False], [False, True]]
    assert compared[1, 0] == 0.9


def test_frames_without_rows_columns_or_numbers_are_refused():
    scores = scores_of(TWO_BY_TWO)
    with pytest.raises(StatisticsError, match="no scores"):
        score_tables(scores.iloc[:0])
    with pytest.raises(StatisticsError, match="no column repetition; expected dataset"):
        score_tables(scores.drop(columns="repetition"))
    with pytest.raises(StatisticsError, match="not a number"):
        score_tables(scores.assign(score="high"))
    with pytest.raises(StatisticsError, match="no dataset"):
        score_tables(scores.assign(dataset=None))


def test_differences_are_positive_where_the_first_is_better():
    first, second = np.array([0.9, 0.1 + 0.2, 0.0]), np.array([0.5, 0.3, 0.0])
    assert differences(first, second, True).tolist() == pytest.approx([0.4, 0, 0])
    assert differences(first, second, False).tolist() == pytest.approx([-0.4, 0, 0])
    # A difference of rounding alone is exactly zero, so that it is no win.
    assert differences(first, second, True)[1] == 0
    assert differences(first[:, None], second, True).shape == (3, 3)


def test_a_tie_is_a_number_or_one_for_each_dataset():
    assert tie_of(0.5, "d") == 0.5
    assert tie_of({"d": 0.25}, "d") == 0.25
    with pytest.raises(StatisticsError, match="no entry for the dataset 'e'"):
        tie_of({"d": 0.25}, "e")
    with pytest.raises(StatisticsError, match="tie: found -1"):
        tie_of({"d": -1.0}, "d")


@pytest.mark.parametrize("value", [0, 1, -0.1, 5, math.nan])
def test_shares_lie_strictly_between_0_and_1(value):
    check_share("alpha", 0.05)
    with pytest.raises(StatisticsError, match=f"alpha: found {value}; expected"):
        check_share("alpha", value)


@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan])
def test_widths_are_finite_and_at_least_0(value):
    check_width("margin", 0)
    with pytest.raises(StatisticsError, match=f"margin: found {value}; expected"):
        check_width("margin", value)


def test_long_lists_name_the_first_and_count_the_rest():
    assert name_some(["a", "b"], 2) == "a, b"
    assert name_some(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert name_some([]) == ""
