"""The time that a run still takes, from the costs of its cells."""

import heapq
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

from bench.cells import Kind, Task, Unit, kind_of, n_fits
from bench.engines.costs import Costs
from bench.store import Result

_IMPORTS = 5.0  # seconds until the first cell is begun, while they are not known
_MOST_SIMULATED = 2000  # units in an estimate, which takes some milliseconds
_KINDS_A_SECOND = 2000  # that estimates go through, to cost little
# Units of one kind with equally many fits are expected to take equally long.
_Group = tuple[Kind, int]


@dataclass
class _Running:
    unit: Unit
    group: _Group
    began: float
    is_first: bool  # whether it waits for imports too


class TimeLeft:
    """Estimates the time left, by going through the rest of a run in its order.

    Units are begun as `bench.engines.schedule.LongestFirst` begins them, so many at a
    time. Each takes the seconds of its kind (see `bench.engines.costs.Costs`), and what
    lies between two units; one that runs, what is left of these. What a unit costs here
    does not depend on their number.

    Parameters
    ----------
    units
        The units to compute.
    known
        The kinds whose seconds the schedule knows; it tries the others first.
    costs
        The costs that are known; it learns those of this run.
    at_once
        The number of units that are computed at the same time; None if that is not
        known. Then units that run may still wait for a worker, and what was done until
        now tells how many work.
    clock
        Returns seconds.
    learn
        Adds to the costs what takes a while to find; see `prepare`.
    """

    def __init__(
        self,
        units: Iterable[Unit],
        known: Container[Kind],
        costs: Costs,
        at_once: int | None,
        clock: Callable[[], float] = time.monotonic,
        learn: Callable[[], None] | None = None,
    ) -> None:
        self._costs = costs
        self._at_once = at_once
        self._clock = clock
        self._learn = learn
        self._began = clock()
        self._waiting: dict[str, _Group] = {}  # by the key of a unit's first cell
        self._unit_of: dict[str, str] = {}  # that key, by the keys of the other cells
        groups: dict[_Group, _Group] = {}  # so that there is one object of each
        for unit in units:
            group = kind_of(unit[0]), n_fits(unit)
            self._waiting[unit[0].key] = groups.setdefault(group, group)
            self._unit_of |= {cell.key: unit[0].key for cell in unit[1:]}
        self._numbers = Counter(self._waiting.values())
        self._kinds = tuple(dict.fromkeys(kind for kind, _ in groups))
        self._untried = {kind for kind in self._kinds if kind not in known}
        self._running: dict[str, _Running] = {}
        self._startup: float | None = None  # seconds until the first cell was begun
        self._between = [0.0, 0.0]  # their sum, and their number
        self._computed = 0.0  # seconds of all units that have ended
        self._shown: tuple[float, float] | None = None  # when, and what was shown

    @property
    def running(self) -> list[Unit]:
        """The units that were begun and have not ended, in the order of beginning."""
        return [running.unit for running in self._running.values()]

    @property
    def is_starting(self) -> bool:
        """Whether no unit has ended, so that packages may still be imported."""
        return self._startup is None

    def prepare(self) -> None:
        """Find what is known of the costs, once; it may run in a thread of its own."""
        if self._learn is not None:
            learn, self._learn = self._learn, None
            learn()

    def begin(self, unit: Unit) -> None:
        """Note that a unit is begun."""
        key = self._unit_of.get(unit[0].key, unit[0].key)
        group = self._take(key)
        if group is not None:
            is_first = self._startup is None
            self._running[key] = _Running(unit, group, self._clock(), is_first)
            self._untried.discard(group[0])

    def end(self, cell: Task, result: Result, fresh: bool) -> None:
        """Note that the unit of a cell has ended; `fresh` if this run computed it."""
        key = self._unit_of.get(cell.key, cell.key)
        self._take(key)  # another run has computed it
        running = self._running.pop(key, None)
        if running is None or not fresh or result.seconds is None:
            return
        self._costs.add_measured(kind_of(cell), result.seconds)
        seconds = result.seconds * running.group[1]
        self._computed += seconds
        rest = max(0.0, self._clock() - running.began - seconds)
        if self._startup is None:
            self._startup = rest
        elif not running.is_first and self._at_once is not None:
            self._between[0] += rest
            self._between[1] += 1

    def seconds(self) -> float | None:
        """Return the seconds left; None if nothing is known of any cell.

        The number that was shown before runs down, until the estimate is less; half as
        fast where it is more, and only where it is much more it grows: else each small
        difference between cells would be seen.
        """
        now = self._clock()
        if self._shown is not None:
            when, shown = self._shown
            if now - when < len(self._kinds) / _KINDS_A_SECOND:
                return max(0.0, shown - (now - when))
        estimate = self.estimate()
        if estimate is None:
            return None
        if self._shown is not None:
            slowly = max(0.0, shown - (now - when) / 2)
            if estimate <= 1.1 * slowly + 1.0:
                estimate = min(estimate, slowly)
        self._shown = now, estimate
        return estimate

    def estimate(self) -> float | None:
        """Return the seconds left by what is known now; None if that is nothing."""
        self.prepare()
        now = self._clock()
        taken: dict[Kind, float] = {}
        for running in self._running.values():
            kind, fits = running.group
            seconds = self._taken(running, now) / fits
            taken[kind] = max(taken.get(kind, 0.0), seconds)
        costs = self._costs.of(self._kinds, taken)
        groups = [running.group for running in self._running.values()]
        if any(kind not in costs for kind, _ in [*groups, *self._numbers]):
            return None
        running_seconds = [
            max(0.0, _seconds(running.group, costs) - self._taken(running, now))
            for running in self._running.values()
        ]
        between = self._between[0] / max(1, self._between[1])
        waiting = [
            (_seconds(group, costs) + between, n)
            for group, n in _in_order(self._numbers, self._untried, costs)
        ]
        return _end(running_seconds, waiting, self._workers(now))

    def _take(self, key: str) -> _Group | None:
        """Remove a unit from those that wait, if it is one of them."""
        group = self._waiting.pop(key, None)
        if group is not None:
            self._numbers[group] -= 1
            if not self._numbers[group]:
                del self._numbers[group]
        return group

    def _taken(self, running: _Running, now: float) -> float:
        """Return the seconds that a unit was computed; below 0 before it is begun."""
        waited = 0.0
        if running.is_first:
            waited = _IMPORTS if self._startup is None else self._startup
        passed = now - running.began - waited
        return (
            passed if running.is_first and self._startup is None else max(0.0, passed)
        )

    def _workers(self, now: float) -> int:
        if self._at_once is not None:
            return self._at_once
        passed = now - self._began
        return max(1, round(self._computed / passed)) if passed > 0 else 1


def _seconds(group: _Group, costs: Mapping[Kind, float]) -> float:
    kind, fits = group
    return fits * costs[kind]


def _in_order(
    numbers: Mapping[_Group, int], untried: Container[Kind], costs: Mapping[Kind, float]
) -> list[tuple[_Group, int]]:
    """Return groups in the order in which their units will be begun, with numbers."""
    first: dict[Kind, _Group] = {}
    for group in numbers:
        if group[0] in untried:
            first.setdefault(group[0], group)
    rest = Counter(numbers)
    rest.subtract(first.values())
    longest = sorted(rest, key=lambda group: _seconds(group, costs), reverse=True)
    return [(group, 1) for group in first.values()] + [(g, rest[g]) for g in longest]


def _end(running: list[float], waiting: list[tuple[float, int]], at_once: int) -> float:
    """Return when the last unit ends, if each begins when the first worker is free.

    `waiting` has the seconds of units, and the number of such units.
    """
    n = max(1, at_once)
    free = sorted(running)
    if len(free) > n:  # more were given out than there are workers
        waiting = [(seconds, 1) for seconds in free[n:]] + waiting
        free = free[:n]
    free += [0.0] * (n - len(free))
    cut = max(0, sum(number for _, number in waiting) - _MOST_SIMULATED)
    # The first are the longest, and so many that all workers share them evenly.
    shared = 0.0
    simulated: list[float] = []
    for seconds, number in waiting:
        n_shared = min(cut, number)
        cut -= n_shared
        shared += n_shared * seconds
        simulated += [seconds] * (number - n_shared)
    free = [end + shared / n for end in free]
    heapq.heapify(free)
    for seconds in simulated:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)
