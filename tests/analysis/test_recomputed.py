from dataclasses import replace
from types import SimpleNamespace

import stored

from bench.analysis.recomputed import describe_recomputed
from bench.engines.run import Recomputed

CELL = SimpleNamespace()  # only its results are described


def pair(number=0, before=0.5, after=0.5, **changes):
    old = stored.result_of(number, test={"accuracy": before, "f1": float("nan")})
    new = replace(old, test={"accuracy": after, "f1": float("nan")}, **changes)
    return Recomputed(CELL, old, new)


def test_equal_scores_are_counted():
    assert describe_recomputed([pair(0), pair(1)]) == ["all 6 scores are the same"]


def test_each_score_that_moved_has_a_line():
    moved = pair(1, 0.5, 0.75, train={"accuracy": 0.9999999})
    assert describe_recomputed([pair(0), moved]) == [
        "grid, KNN, repetition 1, held-out accuracy: 0.5000 → 0.7500",
        "grid, KNN, repetition 1, training accuracy: 1.0 → 0.9999999",
        "2 of 6 scores moved",
    ]


def test_after_twenty_lines_they_are_counted():
    lines = describe_recomputed([pair(i, 0.5, 0.25) for i in range(30)])
    assert len(lines) == 22
    assert lines[-2:] == ["… and 10 more", "30 of 90 scores moved"]


def test_statuses_that_changed_are_named():
    done, failed = stored.result_of(), stored.result_of(0, "failed")
    assert describe_recomputed([Recomputed(CELL, done, failed), pair(1)]) == [
        "grid, KNN, repetition 0: failed now (RuntimeError: no luck); the stored "
        "result is kept",
        "all 3 scores are the same",
    ]
    assert describe_recomputed([Recomputed(CELL, failed, done)]) == [
        "grid, KNN, repetition 0: failed → done"
    ]
    assert describe_recomputed([Recomputed(CELL, failed, failed)]) == [
        "no score was computed again"
    ]


def test_the_figures_of_an_audit_are_compared():
    old = stored.result_of(
        classifier="", train={}, test={}, figures={"scores": {"a": 1.0}}
    )
    new = replace(old, figures={"scores": {"a": 0.5}})
    assert describe_recomputed([Recomputed(CELL, old, new)]) == [
        "grid, audit, repetition 0, scores.a: 1.0000 → 0.5000",
        "1 of 1 scores moved",
    ]


def test_a_transfer_has_the_names_of_both_datasets():
    old = stored.result_of(target="far", train={})
    new = replace(old, test={"accuracy": 1.0})
    assert describe_recomputed([Recomputed(CELL, old, new)])[0] == (
        "grid → far, KNN, repetition 0, held-out accuracy: 0.5000 → 1.0000"
    )


def test_without_an_earlier_result_nothing_is_compared():
    assert describe_recomputed([]) == [
        "no result was stored before, so no score can have moved"
    ]
