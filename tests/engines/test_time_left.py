"""The time left of runs that are simulated: a clock of numbers, and nobody sleeps."""

import heapq
import random
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
    for name, audit in [*((n, False) for n in sizes for _ in [0]), *(
        (n, True) for n in sizes
    )]:  # fmt: skip
        for repetition in range(repetitions):
            for classifier in [""] if audit else seconds:
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
                cost = AUDIT if audit else seconds[classifier]
                costs[kind_of(unit[0])] = cost * sizes[name]
    return units, costs


def simulate(units, seconds_of, jobs, costs, known=None, step=0.5):
    """Run units on a clock of numbers; return (when, time left) of each look."""
    now = [0.0]
    known = known or {}
    left = TimeLeft(units, known, costs, jobs, lambda: now[0])
    schedule = LongestFirst(units, known)
    running, looks, next_look = [], [], 0.0
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


def assert_within(looks, total, share=0.3, least=1.0):
    for when, left in looks:
        if when >= total / 4:
            truth = total - when
            assert left == pytest.approx(truth, rel=share, abs=least), (when, total)
