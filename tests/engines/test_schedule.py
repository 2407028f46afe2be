from types import SimpleNamespace

import pytest

from bench.engines.schedule import LongestFirst, is_small


def units(*kinds, repetitions=2):
    return [
        (
            SimpleNamespace(
                dataset=SimpleNamespace(spec=SimpleNamespace(id="d")),
                name=kind,
                repetition=i,
                target=None,
                limits=None,
                may_share_process=kind != "own",
                slots=1,
                threads=1,
                gpus=0,
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


def batches(every, seconds, small, wanted=lambda _: True, jobs=1):
    order = LongestFirst(every, seconds, {("d", name) for name in small})
    return [
        [(unit[0].name, unit[0].repetition) for unit in batch]
        for batch in order.batches(wanted, jobs)
    ]


SECONDS = {("d", name): 0.01 for name in ("a", "b", "own")} | {("d", "long"): 3.0}


def test_small_units_come_many_at_a_time_and_by_repetition():
    every = units("a", "b", "own", "long")
    found = batches(every, SECONDS, ("a", "b", "own"))
    assert found[:2] == [[("long", 0)], [("long", 1)]]
    assert found[2] == [("a", 0), ("b", 0), ("a", 1)]  # half of what is left
    assert sorted(map(len, found)) == [1] * 5 + [3]  # "own" never shares
    computed = [unit for batch in found for unit in batch]
    assert sorted(computed) == sorted((u[0].name, u[0].repetition) for u in every)


def test_small_units_are_left_for_every_job_and_take_little_time():
    every = units("a", repetitions=100)
    quick = {("d", "a"): 0.001}
    assert len(batches(every, quick, "a", jobs=1)[0]) == 50
    assert len(batches(every, quick, "a", jobs=5)[0]) == 10
    slower = {("d", "a"): 0.1}
    assert len(batches(every, slower, "a", jobs=1)[0]) == 5


def test_a_kind_is_small_once_one_of_it_was_seen_to_be():
    every = units("a", repetitions=20)
    order = LongestFirst(every, {})
    found = order.batches(lambda _: True, 1)
    assert len(next(found)) == 1
    assert len(next(found)) == 1  # the first has not ended
    order.learn(every[0][0], 0.01, small=True)
    assert len(next(found)) == 9
    order.learn(every[1][0], 0.2, small=False)
    assert len(next(found)) == 1


def test_units_of_other_limits_are_in_other_batches():
    every = units("a", "b")
    for unit in every:
        unit[0].limits = unit[0].name
    found = batches(every, SECONDS, ("a", "b"))
    assert all(len({name for name, _ in batch}) == 1 for batch in found)


def test_units_that_are_not_wanted_are_in_no_batch():
    found = batches(
        units("a", repetitions=8), SECONDS, "a", lambda unit: unit[0].repetition % 2
    )
    assert sorted(number for batch in found for _, number in batch) == [1, 3, 5, 7]


def small_result(**changes):
    found = {
        "status": "done",
        "is_audit": False,
        "fit_seconds": 0.1,
        "predict_seconds": 0.01,
        "fit_cpu_seconds": 0.01,
        "predict_cpu_seconds": 0.01,
    }
    return SimpleNamespace(**(found | changes))


def test_only_a_quick_cell_that_is_done_is_small():
    assert is_small(small_result())
    for changes in (
        {"status": "failed"},
        {"is_audit": True},
        {"fit_cpu_seconds": 0.05},
        {"fit_seconds": 0.3},
        {"predict_seconds": None},
    ):
        assert not is_small(small_result(**changes))
