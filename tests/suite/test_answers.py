import pytest

import bench
from bench.base.errors import SuiteError

ANSWER = {
    "question": "Does it work?",
    "answer": "It does.",
    "date": "2026-11-24",
    "commit": "0123abc",
}
ROW = {"dataset": "grid", "classifier": "KNN"}
GAP = ROW | {"against": "SD"}


def loaded(write_suite, *rows):
    suite = bench.load_suite(write_suite(answers=[ANSWER | {"rests_on": list(rows)}]))
    return suite.answers[0].rests_on


@pytest.mark.parametrize(
    "row",
    [
        ROW | {"mean": 0.9, "std": 0.01, "mark": "alone"},
        ROW | {"mean": 1},
        ROW | {"score": "fit_seconds", "mean": 28.1},
        GAP | {"difference": -0.1, "interval": [-0.2, 0], "verdict": "worse"},
        GAP | {"mean": 0.5, "verdict": "worse"},
        {"classifier": "KNN", "against": "SD", "difference": 0.1},
        {"classifier": "KNN", "mark": "best", "on": 9, "of": 10},
        ROW | {"collapsed": 1, "of": 10, "mean": 0.931},
        {"classifier": "A", "against": "B", "verdict": "better", "on": 0, "of": 1},
        {"table": "online", "row": {"n": 5}, "column": "epochs", "value": 300},
        {"table": "trials", "row": {"value": "<= .55", "lr": 1e-3}, "rows": 43},
        {"table": "trials", "rows": 50},
    ],
)
def test_each_form_of_a_row_is_read(write_suite, row):
    assert len(loaded(write_suite, row)) == 1


def test_an_answer_may_rest_on_no_row(write_suite):
    suite = bench.load_suite(write_suite(answers=[ANSWER]))
    assert suite.answers[0].rests_on == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROW, "found no figure; expected at least one of 'mean', 'std', 'mark'"),
        ({"classifier": "KNN", "mean": 1}, "the key 'against' is missing"),
        ({"dataset": "grid", "mean": 1}, "the key 'classifier' is missing"),
        (ROW | {"verdict": "better"}, "the key 'against' is missing"),
        (GAP, "expected at least one of 'difference', 'interval', 'verdict'"),
        (ROW | {"mean": 1, "rows": 3}, "'rows' does not go with 'dataset', 'classif"),
        (ROW | {"mark": "best", "on": 1, "of": 1}, "'dataset' does not go with"),
        ({"classifier": "KNN", "mark": "best", "on": 1}, "the key 'of' is missing"),
        ({"table": "online", "value": 1}, "the key 'column' is missing"),
        ({"table": "online", "row": {"n": 1}}, "expected at least one of 'rows'"),
        ({"table": "../a", "rows": 1}, "found '../a'; expected the name of a CSV"),
        (GAP | {"interval": [1, 0]}, "expected the lower end first"),
        (GAP | {"interval": [1]}, "rests_on[0].interval"),
        (GAP | {"verdict": "good"}, "rests_on[0].verdict"),
        (ROW | {"means": 1}, "unknown key 'means' (did you mean 'mean'?)"),
    ],
)
def test_a_row_that_is_of_no_form_is_refused_with_its_place(write_suite, row, said):
    with pytest.raises(SuiteError) as caught:
        loaded(write_suite, row)
    assert said in str(caught.value)
    assert "answers[0].rests_on[0]" in str(caught.value)
