import math

import pandas as pd
import pytest

from bench.base.errors import BenchError, StatisticsError
from bench.stats.coverage import complete_scores, coverage, coverage_table, holes


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


def test_complete_scores_of_complete_results_are_all_of_them():
    scores = complete_scores(results(A=[0.5, 0.6], B=[0.7, 0.8]), "accuracy")
    assert list(scores.columns) == ["dataset", "repetition", "classifier", "score"]
    assert column(scores, "A") == [0.5, 0.6]
    assert column(scores, "B") == [0.7, 0.8]


@pytest.mark.parametrize("impute", [None, "none"])
def test_a_repetition_with_a_hole_is_left_out_for_every_classifier(impute):
    frame = results(A=[0.5, "failed", 0.7], B=[0.1, 0.2, 0.3])
    scores = complete_scores(frame, "accuracy", impute=impute)
    assert column(scores, "A") == [0.5, 0.7]
    assert column(scores, "B") == [0.1, 0.3]


def test_a_missing_row_is_a_missing_score():
    frame = results(A=[0.5, 0.6], B=[0.1, 0.2]).drop(index=1)
    scores = complete_scores(frame, "accuracy")
    assert column(scores, "B") == [0.1]


def test_a_classifier_without_scores_does_not_hold_back_others():
    scores = complete_scores(
        results(A=[0.5, 0.6], B=["skipped", "skipped"]), "accuracy"
    )
    assert scores["classifier"].unique().tolist() == ["A"]
    assert len(scores) == 2


def test_a_classifier_without_the_metric_is_left_out():
    frame = results(A=[0.5, 0.6], B=[math.nan, math.nan])
    assert complete_scores(frame, "accuracy")["classifier"].unique().tolist() == ["A"]


def test_an_infinite_score_is_a_missing_score():
    frame = results(A=[0.5, math.inf], B=[0.1, 0.2])
    assert column(complete_scores(frame, "accuracy"), "B") == [0.1]


def test_a_dataset_without_a_complete_repetition_is_refused_with_its_holes():
    frame = results(A=[0.5, "timeout"], B=["crashed", 0.2])
    with pytest.raises(StatisticsError) as raised:
        complete_scores(frame, "accuracy")
    assert "'d'" in str(raised.value)
    assert "A, repetition 1 (timeout)" in str(raised.value)
    assert "B, repetition 0 (crashed)" in str(raised.value)


def test_a_dataset_without_scores_is_left_out():
    frame = cells({"d": {"A": [0.5]}, "e": {"A": ["missing"]}})
    assert complete_scores(frame, "accuracy")["dataset"].tolist() == ["d"]


def test_results_without_any_score_are_refused():
    with pytest.raises(StatisticsError, match="no cell has a held-out accuracy"):
        complete_scores(results(A=["missing"]), "accuracy")


def test_a_failure_gets_the_score_of_chance_in_the_same_repetition():
    frame = results(A=[0.9, "failed", "timeout"], CHANCE=[0.48, 0.51, 0.53])
    scores = complete_scores(frame, "accuracy", impute="chance")
    assert column(scores, "A") == [0.9, 0.51, 0.53]


def test_a_classifier_that_only_failed_takes_part_with_chance_scores():
    frame = results(A=["crashed", "failed"], CHANCE=[0.48, 0.51])
    assert column(complete_scores(frame, "accuracy", impute="chance"), "A") == [
        0.48,
        0.51,
    ]


def test_without_chance_a_failure_gets_the_expected_score_of_guessing():
    frame = results(A=[0.9, "failed"], B=[0.7, 0.8])
    assert column(complete_scores(frame, "accuracy", impute="chance"), "A") == [
        0.9,
        0.5,
    ]
    thirds = complete_scores(frame, "accuracy", impute="chance", n_classes={"d": 4})
    assert column(thirds, "A") == [0.9, 0.25]


def test_a_failed_chance_gets_the_expected_score_of_guessing():
    frame = results(A=[0.9, "failed"], CHANCE=[0.47, "failed"])
    scores = complete_scores(frame, "accuracy", impute="chance")
    assert column(scores, "A") == [0.9, 0.5]
    assert column(scores, "CHANCE") == [0.47, 0.5]


def test_cells_that_never_ran_are_not_imputed():
    frame = results(A=[0.9, "missing", 0.8], B=[0.7, 0.6, "skipped"])
    scores = complete_scores(frame, "accuracy", impute="chance")
    assert column(scores, "A") == [0.9]
    assert column(scores, "B") == [0.7]


def test_an_unknown_chance_score_is_refused():
    frame = results(A=[0.9, "failed"]).rename(
        columns={"test_accuracy": "test_log_loss"}
    )
    with pytest.raises(StatisticsError, match="CHANCE"):
        complete_scores(frame, "log_loss", impute="chance")


def test_unknown_imputations_and_metrics_and_duplicate_cells_are_refused():
    frame = results(A=[0.9])
    with pytest.raises(StatisticsError, match="'median'"):
        complete_scores(frame, "accuracy", impute="median")
    with pytest.raises(StatisticsError, match="test_brier"):
        complete_scores(frame, "brier")
    with pytest.raises(StatisticsError, match="duplicate cells: d, 0, A"):
        complete_scores(pd.concat([frame, frame]), "accuracy")
    with pytest.raises(StatisticsError, match="no results"):
        coverage(frame.iloc[:0])
