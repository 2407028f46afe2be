from types import SimpleNamespace

import pytest

from bench.engines.schedule import LongestFirst


def units(*kinds, repetitions=2):
    return [
        (
            SimpleNamespace(
                dataset=SimpleNamespace(spec=SimpleNamespace(id="d")),
                name=kind,
                repetition=i,
                target=None,
            ),
        )
        for i in range(repetitions)
        for kind in kinds
    ]


def names(order, n):
    return [next(order)[0].name for _ in range(n)]


def test_one_of_each_kind_comes_first_then_the_longest():
    every = units("quick", "slow", "middle", repetitions=3)
    order = LongestFirst(every, {})
    first = [next(order) for _ in range(3)]
    assert [unit[0].name for unit in first] == ["quick", "slow", "middle"]
    for unit, seconds in zip(first, (1.0, 9.0, 4.0), strict=True):
        order.learn(unit[0], seconds)
    assert names(order, 6) == ["slow", "slow", "middle", "middle", "quick", "quick"]
    with pytest.raises(StopIteration):
        next(order)


def test_a_kind_counts_as_the_longest_until_its_first_unit_has_ended():
    order = LongestFirst(every := units("quick", "slow"), {})
    assert names(order, 2) == ["quick", "slow"]
    order.learn(every[0][0], 1.0)
    assert names(order, 2) == ["slow", "quick"]


def test_seconds_of_an_earlier_run_are_used():
    order = LongestFirst(units("a", "b", "c"), {("d", "a"): 1.0, ("d", "b"): 2.0})
    assert names(order, 6) == ["c", "c", "b", "b", "a", "a"]


def test_the_seconds_of_a_batch_are_those_of_all_its_cells():
    slow, quick = units("slow", "quick", repetitions=1)
    batch = quick * 10
    order = LongestFirst([slow, batch], {("d", "slow"): 5.0, ("d", "quick"): 1.0})
    assert names(order, 2) == ["quick", "slow"]
