"""The time left of runs that are simulated: a clock of numbers, and nobody sleeps."""

import heapq
import random
from itertools import pairwise
from types import SimpleNamespace

import pytest

from bench.cells import kind_of
from bench.engines.costs import Costs
from bench.engines.schedule import LongestFirst
from bench.engines.time_left import TimeLeft

# Seconds of the classifiers of the quick suite, in its order: from 2 ms to 15 s.
SECONDS = {
    "SD": 4.0,
    "SD-WGAN": 3.5,
    "CSD": 15.0,
    "MLP": 0.9,
    "KNN": 0.06,
    "SVC": 0.1,
    "GP": 0.5,
    "DT": 0.08,
    "RF": 1.2,
    "ADA": 1.1,
    "GNB": 0.002,
    "QDA": 0.02,
    "CHANCE": 0.002,
}
AUDIT = 0.3
STARTUP = 6.0  # seconds until the first cell is begun, which packages take to import
BETWEEN = 0.01


def suite(seconds, datasets, repetitions):
    """Return the units of a plan in its order, and the seconds of each kind."""
    sizes = {f"d{i}": factor for i, factor in enumerate(datasets)}
    units, costs = [], {}
    cells = [(name, list(seconds)) for name in sizes]
    audits = [(name, [""]) for name in sizes]
    for name, classifiers in cells + audits:
        for repetition in range(repetitions):
            for classifier in classifiers:
                unit = (
                    SimpleNamespace(
                        dataset=SimpleNamespace(spec=SimpleNamespace(id=name)),
                        name=classifier,
                        repetition=repetition,
                        target=None,
                        key=f"{name}-{classifier}-{repetition}",
                    ),
                )
                units.append(unit)
                cost = seconds[classifier] if classifier else AUDIT
                costs[kind_of(unit[0])] = cost * sizes[name]
    return units, costs


def simulate(units, seconds_of, jobs, costs, known=None):
    """Run units on a clock of numbers; return (when, time left) of each look."""
    now = [0.0]
    known = known or {}
    left = TimeLeft(units, known, costs, jobs, lambda: now[0])
    schedule = LongestFirst(units, known)
    running, looks, next_look = [], [], 0.0
    step = sum(map(seconds_of, units)) / jobs / 80
    free_at = STARTUP

    def begin():
        unit = next(schedule, None)
        if unit is not None:
            left.begin(unit)
            seconds = seconds_of(unit)
            end = max(now[0], free_at) + seconds + BETWEEN
            heapq.heappush(running, (end, len(looks), id(unit), unit, seconds))

    for _ in range(jobs):
        begin()
    while running:
        while next_look < running[0][0]:
            now[0] = next_look
            looks.append((now[0], left.seconds()))
            next_look += step
        now[0], _, _, unit, seconds = heapq.heappop(running)
        begin()
        left.end(unit[0], SimpleNamespace(seconds=seconds), True)
        schedule.learn(unit[0], seconds)
    return looks, now[0]


def noisy(costs, spread, seed=0):
    """Return a function of units that gives seconds around those of their kinds."""
    rng = random.Random(seed)
    drawn = {}

    def seconds_of(unit):
        key = unit[0].key
        if key not in drawn:
            drawn[key] = costs[kind_of(unit[0])] * rng.uniform(1 - spread, 1 + spread)
        return drawn[key]

    return seconds_of


def stored(costs, factor=1.0):
    """Return the costs of an earlier run, which took `factor` times as long."""
    found = Costs()
    for kind, seconds in costs.items():
        found.add_stored(kind, factor * seconds)
    return found


def assert_within(looks, total, share=0.3):
    """Assert that each look, from a quarter of the run on, is near the truth."""
    assert len(looks) > 20
    for when, left in looks:
        if when >= total / 4:
            # The last seconds are shown as whole ones.
            assert left == pytest.approx(total - when, rel=share, abs=1.0), when


@pytest.mark.parametrize("jobs", [1, 2, 4])
@pytest.mark.parametrize("datasets", [[1.0, 1.0], [1.0, 3.0, 0.5]])
@pytest.mark.parametrize("repetitions", [2, 10])
def test_with_stored_seconds_the_time_left_is_within_30_percent(
    jobs, datasets, repetitions
):
    units, costs = suite(SECONDS, datasets, repetitions)
    for spread in (0.0, 0.2):
        run = simulate(units, noisy(costs, spread), jobs, stored(costs), costs)
        assert_within(*run)


@pytest.mark.parametrize("jobs", [1, 2, 4])
@pytest.mark.parametrize("datasets", [[1.0], [1.0, 1.0], [1.0, 3.0, 0.5]])
def test_without_stored_seconds_too_if_each_kind_is_seen_in_a_quarter(jobs, datasets):
    units, costs = suite(SECONDS, datasets, 10)
    for spread in (0.0, 0.2):
        assert_within(*simulate(units, noisy(costs, spread), jobs, Costs()))


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_seconds_of_another_machine_are_corrected_by_the_pace(jobs):
    units, costs = suite(SECONDS, [1.0, 1.0], 10)
    for factor in (0.4, 2.5):
        known = stored(costs, factor)
        assert_within(*simulate(units, noisy(costs, 0.1), jobs, known))


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_it_never_grows_while_cells_take_what_they_took(jobs):
    units, costs = suite(SECONDS, [1.0, 0.5], 3)
    looks, _ = simulate(units, noisy(costs, 0.0), jobs, stored(costs), costs)
    shown = [left for _, left in looks]
    assert all(after <= before for before, after in pairwise(shown))
    # Nor by each small difference between cells.
    looks, _ = simulate(units, noisy(costs, 0.05), jobs, stored(costs), costs)
    shown = [left for _, left in looks]
    assert all(after <= before for before, after in pairwise(shown))


def test_the_estimate_is_exact_where_everything_is_known():
    units, costs = suite({"a": 10.0, "b": 4.0, "c": 4.0}, [1.0], 1)
    clock = [0.0]
    left = TimeLeft(units, costs, stored(costs), 2, lambda: clock[0])
    assert left.estimate() == pytest.approx(10.0)  # beside 4 + 4 + 0.3
    left.begin(units[0])
    left.begin(units[1])
    assert left.running == units[:2]
    assert left.estimate() == pytest.approx(5.0 + 10.0)  # imports come first
    clock[0] = 6.0
    assert left.is_starting
    clock[0] = 10.0  # six seconds of imports, and four of the first
    left.end(units[1][0], SimpleNamespace(seconds=4.0), True)
    assert not left.is_starting
    assert left.estimate() == pytest.approx(6.0)
    left.begin(units[2])
    clock[0] = 13.0
    assert left.estimate() == pytest.approx(3.0)


def test_nothing_is_told_where_nothing_is_known():
    units, _ = suite({"a": 1.0}, [1.0], 2)
    assert TimeLeft(units, (), Costs(), 1).seconds() is None


def test_what_another_run_has_computed_is_no_longer_waited_for():
    units, costs = suite({"a": 10.0}, [1.0], 3)
    left = TimeLeft(units, costs, stored(costs), 1, lambda: 0.0)
    before = left.estimate()
    left.end(units[0][0], SimpleNamespace(seconds=10.0), False)
    assert left.estimate() == pytest.approx(before - 10.0)


def test_a_batch_takes_the_time_of_all_its_cells():
    units, costs = suite({"a": 10.0}, [1.0], 3)
    fits = [unit for unit in units if unit[0].name]
    batch = tuple(cell for unit in fits for cell in unit)
    left = TimeLeft([batch], costs, stored(costs), 1, lambda: 0.0)
    assert left.estimate() == pytest.approx(30.0)


def test_a_unit_ends_with_any_of_its_cells():
    units, costs = suite({"a": 10.0, "b": 1.0}, [1.0], 1)
    fit, other, audit = (unit[0] for unit in units)
    transfer = SimpleNamespace(**(vars(fit) | {"key": "transfer", "target": 1}))
    left = TimeLeft([(fit, transfer), (other,), (audit,)], costs, stored(costs), 1)
    left.begin((fit, transfer))
    left.end(transfer, SimpleNamespace(seconds=10.0), True)
    assert left.running == []
    assert left.estimate() == pytest.approx(1.0 + AUDIT)


def test_costs_that_take_a_while_to_find_are_looked_for_once():
    units, costs = suite({"a": 10.0}, [1.0], 1)
    found, calls = Costs(), []

    def learn():
        calls.append(len(calls))
        for kind, seconds in costs.items():
            found.add_stored(kind, seconds)

    left = TimeLeft(units, (), found, 1, learn=learn)
    left.begin(units[0])
    assert not calls  # no cell waits for it
    left.prepare()
    assert left.seconds() is not None
    assert left.estimate() is not None
    assert calls == [0]


def test_without_the_number_of_workers_it_is_what_they_have_done():
    units, costs = suite({"a": 10.0}, [1.0], 12)
    clock = [0.0]
    units = [unit for unit in units if unit[0].name]
    left = TimeLeft(units, costs, stored(costs), None, lambda: clock[0])
    for unit in units[:8]:  # two for each of four workers
        left.begin(unit)
    clock[0] = 20.0
    for unit in units[:8]:
        left.end(unit[0], SimpleNamespace(seconds=10.0), True)
    assert left.estimate() == pytest.approx(10.0)  # four cells, and four at a time


@pytest.mark.parametrize("repetitions", [3000, 30_000])
def test_thousands_of_units_are_estimated_at_once(repetitions):
    units, costs = suite({"a": 0.1, "b": 1.0}, [1.0], repetitions)
    left = TimeLeft(units, costs, stored(costs), 4, lambda: 0.0)
    total = sum(costs[kind_of(unit[0])] for unit in units)
    assert left.estimate() == pytest.approx(total / 4, rel=0.01)
