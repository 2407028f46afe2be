from types import SimpleNamespace

import pytest

from bench.order import LongestFirst


def cells(*kinds, repetitions=2):
    return [
        SimpleNamespace(
            dataset=SimpleNamespace(spec=SimpleNamespace(id="d")),
            classifier=SimpleNamespace(id=kind),
            repetition=i,
        )
        for i in range(repetitions)
        for kind in kinds
    ]


def names(order, n):
    return [next(order).classifier.id for _ in range(n)]


def test_one_of_each_kind_comes_first_then_the_longest():
    every = cells("quick", "slow", "middle", repetitions=3)
    order = LongestFirst(every, {})
    first = [next(order) for _ in range(3)]
    assert [cell.classifier.id for cell in first] == ["quick", "slow", "middle"]
    for cell, seconds in zip(first, (1.0, 9.0, 4.0), strict=True):
        order.learn(cell, seconds)
    assert names(order, 6) == ["slow", "slow", "middle", "middle", "quick", "quick"]
    with pytest.raises(StopIteration):
        next(order)


def test_what_still_runs_when_others_have_ended_counts_as_the_longest():
    order = LongestFirst(every := cells("quick", "slow"), {})
    assert names(order, 2) == ["quick", "slow"]
    order.learn(every[0], 1.0)
    assert names(order, 2) == ["slow", "quick"]


def test_what_an_earlier_run_knows_is_used():
    order = LongestFirst(cells("a", "b", "c"), {("d", "a"): 1.0, ("d", "b"): 2.0})
    assert names(order, 6) == ["c", "c", "b", "b", "a", "a"]
