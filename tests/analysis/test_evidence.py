import pandas as pd
import pytest

import bench
from bench.analysis.evidence import agrees, check_rows

SUMMARY = pd.DataFrame(
    {
        "dataset": ["grid", "grid", "grid", "other", "other", "other"],
        "classifier": ["SD", "KNN", "GNB"] * 2,
        "test_accuracy_mean": [0.9346, 0.93, 0.5, 0.7, 0.9, 0.5],
        "test_accuracy_std": [0.0028, 0.01, 0.0, 0.1, 0.01, float("nan")],
        "fit_seconds_mean": [28.08, 0.1, 0.2, 28.0, 0.1, 0.2],
    }
)
INTERVALS = pd.DataFrame(
    {
        "dataset": ["grid", "grid", "grid", "other", "other", "other"],
        "classifier": ["SD", "KNN", "GNB"] * 2,
        "n": [10] * 6,
        "collapsed": [1, 0, 0] * 2,
        "best": [True, False, False, False, True, False],
        "near_best": [True, True, False, False, True, False],
    }
)
COMPARED = pd.DataFrame(
    {
        "dataset": ["grid", "grid", "other", "other"],
        "classifier": ["KNN", "GNB", "KNN", "GNB"],
        "difference": [-0.0046, -0.4346, 0.2, -0.2],
        "low": [-0.02, -0.45, 0.1, -0.3],
        "high": [0.011, -0.42, 0.3, -0.1],
        "verdict": ["inconclusive", "worse", "better", "worse"],
    }
)
PAIRS = pd.DataFrame(
    {"first": ["SD"], "second": ["KNN"], "difference": [0.1], "low": [0.0], "high": [1]}
)
ONLINE = pd.DataFrame(
    {"classifier": ["a", "b"], "epochs": [300.0, 5.0], "words": ["x", "y"]}
)
TABLES = {
    "summary": SUMMARY,
    "intervals": INTERVALS,
    "comparisons": COMPARED,
    "pairs": PAIRS,
    "online": ONLINE,
}
GRID = {"dataset": "grid"}


@pytest.fixture
def check(write_suite):
    """Check one row against `TABLES`; the baseline is SD."""

    def checked(row, tables=TABLES):
        answer = {"question": "q", "answer": "a", "date": "2026-11-24"}
        answer |= {"commit": "0123abc", "rests_on": [row]}
        first = {
            "library": "F11_v1",
            "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 5},
        }
        datasets = [{"id": name} | first for name in ("grid", "other")]
        classifiers = ["SD", "KNN", "GNB"]
        path = write_suite(answers=[answer], datasets=datasets, classifiers=classifiers)
        [[found]] = check_rows(bench.load_suite(path), tables)
        return found

    return checked


@pytest.mark.parametrize(
    "row",
    [
        GRID | {"classifier": "SD", "mean": 0.935, "std": 0.003, "mark": "best"},
        GRID | {"classifier": "KNN", "mean": 0.93, "mark": "near_best"},
        {"dataset": "other", "classifier": "KNN", "mark": "alone"},
        GRID | {"classifier": "SD", "collapsed": 1, "of": 10, "mean": 0.935},
        GRID | {"classifier": "SD", "score": "fit_seconds", "mean": 28.1},
        GRID | {"classifier": "KNN", "against": "SD", "verdict": "inconclusive"},
        GRID
        | {"classifier": "SD", "against": "GNB", "difference": 0.435}
        | {"interval": [0.42, 0.45], "verdict": "better"},
        {"classifier": "KNN", "against": "SD", "difference": -0.1},
        {"classifier": "KNN", "mark": "best", "on": 1, "of": 2},
        {"classifier": "SD", "against": "GNB", "verdict": "better", "on": 2, "of": 2},
        {"table": "online", "row": {"classifier": "a"}, "column": "epochs"}
        | {"value": 300},
        {"table": "online", "row": {"epochs": 5}, "column": "words", "value": "y"},
        {"table": "online", "row": {"epochs": "< 300"}, "rows": 1},
        {"table": "online", "row": {"epochs": ">=5"}, "rows": 2},
    ],
)
def test_a_row_that_agrees_has_no_problem(check, row):
    assert check(row).problem == ""


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (GRID | {"classifier": "SD", "mean": 0.934}, "the mean is 0.9346"),
        (GRID | {"classifier": "SD", "std": 0.004}, "the std is 0.0028"),
        (
            {"dataset": "other", "classifier": "GNB", "std": 0.0},
            "the std is missing",
        ),
        (GRID | {"classifier": "SD", "collapsed": 0, "of": 10}, "it is 1 of 10"),
        (GRID | {"classifier": "KNN", "mark": "best"}, "not marked 'best'"),
        (GRID | {"classifier": "SD", "mark": "alone"}, "not marked 'alone'"),
        (GRID | {"classifier": "GNB", "mark": "near_best"}, "not marked 'near_best'"),
        (
            GRID | {"classifier": "KNN", "against": "SD", "verdict": "worse"},
            "the verdict is inconclusive",
        ),
        (
            GRID | {"classifier": "SD", "against": "GNB", "difference": -0.435},
            "the difference is 0.4346",
        ),
        (
            GRID | {"classifier": "GNB", "against": "SD", "interval": [-0.45, -0.4]},
            "the high end is -0.42",
        ),
        (
            GRID | {"classifier": "KNN", "against": "GNB", "verdict": "better"},
            "compares with the baseline 'SD' alone",
        ),
        (
            {"dataset": "none", "classifier": "SD", "mean": 0.935},
            "summary.csv has no rows with dataset none, classifier SD; expected one",
        ),
        (
            GRID | {"classifier": "SD", "score": "brier", "mean": 1},
            "summary.csv has no column 'brier_mean'",
        ),
        (
            {"classifier": "KNN", "against": "GNB", "difference": 0.1},
            "pairs.csv has no row of KNN and GNB",
        ),
        (
            {"classifier": "KNN", "mark": "best", "on": 2, "of": 2},
            "it is so on 1 of 2",
        ),
        ({"table": "works", "rows": 1}, "the report has no works.csv"),
        ({"table": "online", "row": {"epochs": "< 300"}, "rows": 2}, "there are 1"),
        (
            {"table": "online", "row": {"n": 3}, "rows": 2},
            "online.csv has no column 'n'",
        ),
    ],
)
def test_a_row_that_the_tables_lack_or_contradict_says_so(check, row, problem):
    assert problem in check(row).problem


def test_a_row_is_told_in_words_with_its_table(check):
    row = GRID | {"classifier": "KNN", "against": "SD", "difference": -0.005}
    found = check(row | {"verdict": "inconclusive", "mean": 0.93})
    assert found.words == (
        "KNN on grid: mean of test_accuracy 0.93; "
        "against SD: difference -0.005, inconclusive"
    )
    assert found.table == "comparisons"


def test_marks_need_their_table(check):
    tables = {"summary": SUMMARY}
    found = check(GRID | {"classifier": "SD", "mark": "best"}, tables)
    assert found.problem == "the report has no intervals.csv"


@pytest.mark.parametrize(
    ("written", "found", "same"),
    [
        (0.935, 0.9346, True),
        (0.935, 0.9344, False),
        (0.9, 0.93, False),  # .9 is read as .90
        (0.0, 0.004, True),
        (0.0, 0.006, False),
        (1.0, 0.99, False),
        (28.1, 28.08, True),
        (300, 300.4, True),
        (300, 301.0, False),
        (1e-05, 1.4e-05, True),
        (0.5, float("nan"), False),
        (0.5, "words", False),
        (0.5, None, False),
    ],
)
def test_numbers_agree_if_they_round_to_what_is_written(written, found, same):
    assert agrees(written, found) is same
