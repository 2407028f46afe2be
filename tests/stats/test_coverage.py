import math

import pandas as pd
import pytest

from bench.base.errors import BenchError, StatisticsError
from bench.stats.coverage import (
    coverage,
    coverage_table,
    held_out_scores,
    holes,
    lacks_too_many,
)


def results(**columns):
    """One dataset "d"; classifier → its cells: a score, or a status."""
    return cells({"d": columns})


def cells(datasets):
    rows = []
    for dataset, columns in datasets.items():
        for classifier, result in columns.items():
            for repetition, cell in enumerate(result):
                done = not isinstance(cell, str)
                rows.append(
                    {
                        "dataset": dataset,
                        "repetition": repetition,
                        "classifier": classifier,
                        "status": "done" if done else cell,
                        "test_accuracy": cell if done else math.nan,
                    }
                )
    return pd.DataFrame(rows)


def column(scores, classifier):
    return scores.loc[scores["classifier"] == classifier, "score"].tolist()


def test_a_statistics_error_is_a_value_error_that_the_command_line_knows():
    assert issubclass(StatisticsError, BenchError)
    assert issubclass(StatisticsError, ValueError)


def test_coverage_counts_done_and_planned_cells():
    frame = cells({"z": {"B": [0.5, "failed"], "A": [0.1, 0.2]}, "a": {"A": [0.3]}})
    counts = coverage(frame)
    assert list(counts.index) == ["z", "a"]
    assert list(counts["done"].columns) == ["B", "A"]
    assert counts["done"].to_numpy().tolist() == [[1, 2], [0, 1]]
    assert counts["planned"].to_numpy().tolist() == [[2, 2], [0, 1]]


def test_coverage_of_nothing_done_is_zero():
    counts = coverage(results(A=["missing", "skipped"]))
    assert counts["done"].loc["d", "A"] == 0
    assert counts["planned"].loc["d", "A"] == 2


def test_the_coverage_table_shows_full_partial_and_unplanned():
    frame = cells({"z": {"B": [0.5, "failed"], "A": [0.1, 0.2]}, "a": {"A": [0.3]}})
    table = coverage_table(frame)
    assert table.to_dict("records") == [
        {"dataset": "z", "B": "1 of 2", "A": "2"},
        {"dataset": "a", "B": "–", "A": "1"},
    ]


def test_holes_are_the_cells_that_are_not_done():
    result = holes(results(A=[0.5, "failed"], B=["missing", 0.2]))
    assert list(result.columns) == ["dataset", "classifier", "repetition", "status"]
    assert result.to_numpy().tolist() == [
        ["d", "A", 1, "failed"],
        ["d", "B", 0, "missing"],
    ]
    assert holes(results(A=[0.5])).empty


def test_held_out_scores_have_a_row_for_every_cell_that_was_asked():
    frame = results(A=[0.5, "failed", math.inf], B=["missing", 0.2, math.nan])
    scores = held_out_scores(frame, "accuracy")
    assert list(scores.columns) == [
        "dataset",
        "repetition",
        "classifier",
        "score",
        "asked",
        "collapsed",
    ]
    assert scores["score"].isna().tolist() == [False, True, True, True, False, True]
    assert set(scores["asked"]) == {3}
    assert not scores["collapsed"].any()


def test_collapses_stay_with_their_cells():
    frame = results(A=[0.5, 0.9]).set_index(pd.Index([7, 3]))
    collapsed = pd.Series([True, pd.NA], index=[7, 3], dtype="boolean")
    scores = held_out_scores(frame, "accuracy", collapsed=collapsed)
    assert scores["collapsed"].isna().tolist() == [False, True]
    assert scores["collapsed"][0]


def test_results_without_any_score_are_refused():
    with pytest.raises(StatisticsError, match="no cell has a held-out accuracy"):
        held_out_scores(results(A=["missing"]), "accuracy")


def test_a_fifth_of_the_repetitions_may_be_missing():
    assert not lacks_too_many(8, 10)
    assert lacks_too_many(7, 10)
    assert not lacks_too_many(4, 5)
    assert lacks_too_many(2, 3)
    assert lacks_too_many(0, 0)


def test_a_failure_gets_the_score_of_chance_in_the_same_repetition():
    frame = results(A=[0.9, "failed", "timeout"], CHANCE=[0.48, 0.51, 0.53])
    scores = held_out_scores(frame, "accuracy", impute="chance")
    assert column(scores, "A") == [0.9, 0.51, 0.53]


def test_a_classifier_that_only_failed_takes_part_with_chance_scores():
    frame = results(A=["crashed", "failed"], CHANCE=[0.48, 0.51])
    assert column(held_out_scores(frame, "accuracy", impute="chance"), "A") == [
        0.48,
        0.51,
    ]


def test_without_chance_a_failure_gets_the_expected_score_of_guessing():
    frame = results(A=[0.9, "failed"], B=[0.7, 0.8])
    assert column(held_out_scores(frame, "accuracy", impute="chance"), "A") == [
        0.9,
        0.5,
    ]
    thirds = held_out_scores(frame, "accuracy", impute="chance", n_classes={"d": 4})
    assert column(thirds, "A") == [0.9, 0.25]


def test_a_failed_chance_gets_the_expected_score_of_guessing():
    frame = results(A=[0.9, "failed"], CHANCE=[0.47, "failed"])
    scores = held_out_scores(frame, "accuracy", impute="chance")
    assert column(scores, "A") == [0.9, 0.5]
    assert column(scores, "CHANCE") == [0.47, 0.5]


def test_cells_that_never_ran_are_not_imputed():
    frame = results(A=[0.9, "missing", 0.8], B=[0.7, 0.6, "skipped"])
    scores = held_out_scores(frame, "accuracy", impute="chance")
    assert scores["score"].isna().tolist() == [False, True, *[False] * 3, True]


def test_an_unknown_chance_score_is_refused():
    frame = results(A=[0.9, "failed"]).rename(
        columns={"test_accuracy": "test_log_loss"}
    )
    with pytest.raises(StatisticsError, match="CHANCE"):
        held_out_scores(frame, "log_loss", impute="chance")


def test_unknown_imputations_and_metrics_and_duplicate_cells_are_refused():
    frame = results(A=[0.9])
    with pytest.raises(StatisticsError, match="'median'"):
        held_out_scores(frame, "accuracy", impute="median")
    with pytest.raises(StatisticsError, match="test_brier"):
        held_out_scores(frame, "brier")
    with pytest.raises(StatisticsError, match="duplicate cells: d, 0, A"):
        held_out_scores(pd.concat([frame, frame]), "accuracy")
    with pytest.raises(StatisticsError, match="no results"):
        coverage(frame.iloc[:0])
