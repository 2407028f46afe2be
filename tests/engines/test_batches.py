"""Batches of a cluster: what goes together, and how much."""

from itertools import chain

import pytest
import stored
import yaml_text

from bench.cells.cell import units_of
from bench.engines.batches import ByRepetition

GRID = yaml_text.SUITE["datasets"][0]
WIDE = {"use": "SVC", "resources": {"slots": 2}}


@pytest.fixture
def units(write_suite):
    """Twenty repetitions of four classifiers, and ten audits."""
    path = write_suite(classifiers=["GNB", "KNN", "DT", WIDE], repetitions=20)
    return units_of(stored.plan_of(path).everything)


def every(_):
    return True


def seconds(**of):
    return {("grid", name): value for name, value in of.items()}


def batches(schedule, n_workers=1):
    taken = []
    while batch := schedule.take_task(every, n_workers):
        units = chain.from_iterable(batch)
        taken.append([(unit[0].name, unit[0].repetition) for unit in units])
    return taken


def test_a_batch_is_of_one_repetition_and_of_equal_needs(units):
    known = seconds(GNB=1.0, KNN=2.0, DT=3.0, SVC=4.0) | {("grid", ""): 0.5}
    taken = batches(ByRepetition(units, known, every))
    assert sorted(chain.from_iterable(taken)) == sorted(
        (unit[0].name, unit[0].repetition) for unit in units
    )
    assert all(len({repetition for _, repetition in batch}) == 1 for batch in taken)
    assert taken[0] == [("SVC", 0)]
    assert taken[20] == [("DT", 0), ("KNN", 0), ("GNB", 0), ("", 0)]
    assert not any(len(batch) > 1 and ("SVC", batch[0][1]) in batch for batch in taken)


def test_a_batch_takes_a_minute_at_most(units):
    known = seconds(GNB=0.5, KNN=19.5, DT=41.0, SVC=1.0) | {("grid", ""): 61.0}
    first = [
        batch
        for batch in batches(ByRepetition(units, known, every))
        if batch[0][1] == 0
    ]
    assert [("", 0)] in first  # alone, however long
    assert [("DT", 0), ("GNB", 0)] in first


def test_the_first_of_a_kind_is_alone_until_its_time_is_known(units):
    schedule = ByRepetition(units, seconds(GNB=0.1, DT=0.1), every)
    taken = [schedule.take_task(every, 1) for _ in range(3)]
    assert {batch[0][0].name for [batch] in taken} == {"", "KNN", "SVC"}
    assert {len(batch) for [batch] in taken} == {1}
    for [batch] in taken:
        schedule.learn(batch[0][0], 0.01)
    later = schedule.take_task(every, 1)
    names = [unit[0].name for batch in later for unit in batch]
    assert names[0] in ("GNB", "DT")
    assert len(names) >= 2


def test_each_worker_has_two_batches_at_least(units):
    known = seconds(GNB=0.1, KNN=0.1, DT=0.1, SVC=0.1) | {("grid", ""): 0.1}
    taken = batches(ByRepetition(units, known, every), n_workers=30)
    assert max(map(len, taken)) == 1
    taken = batches(ByRepetition(units, known, every), n_workers=2)
    assert max(map(len, taken)) > 1


def test_what_is_not_wanted_any_more_is_left_out(units):
    known = seconds(GNB=0.1, KNN=0.1, DT=0.2, SVC=0.1) | {("grid", ""): 0.1}
    asked = []

    def wanted(unit):
        asked.append(unit[0].key)
        return unit[0].name != "KNN"

    taken = batches(ByRepetition(units, known, wanted))
    assert "KNN" not in {name for batch in taken for name, _ in batch}
    assert sorted(asked) == sorted(unit[0].key for unit in units)


def test_a_batch_is_of_one_dataset(write_suite):
    other = GRID | {"id": "other"}
    path = write_suite(datasets=[GRID, other], classifiers=["GNB", "KNN"], audits=False)
    units = units_of(stored.plan_of(path).everything)
    known = {(d, c): 0.1 for d in ("grid", "other") for c in ("GNB", "KNN")}
    schedule = ByRepetition(units, known, every)
    for batch in iter(lambda: schedule.take_task(every, 0), None):
        assert len({id(unit[0].dataset) for unit in chain(*batch)}) == 1


def test_small_units_share_a_process_in_it(units):
    known = seconds(GNB=0.01, KNN=0.2, DT=0.01, SVC=4.0) | {("grid", ""): 0.5}
    small = {("grid", name) for name in ("GNB", "DT")}
    schedule = ByRepetition(units, known, every, small)
    while batches := schedule.take_task(every, 1):
        names = [[unit[0].name for unit in batch] for batch in batches]
        if len(names) > 1:
            break
    assert names == [[""], ["KNN"], ["GNB", "DT"]]
