"""The time that a run still takes, from the costs of its cells."""

import heapq
import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from bench.cells import Kind, Task, Unit, kind_of, n_fits
from bench.engines.costs import Costs
from bench.store import Result

_IMPORTS = 5.0  # seconds until the first cell is begun, while they are not known
_MOST_SIMULATED = 2000  # units in an estimate, which takes some milliseconds


@dataclass
class _Running:
    unit: Unit
    began: float
    is_first: bool  # whether it waits for imports too


class TimeLeft:
    """Estimates the time left, by going through the rest of a run in its order.

    Units are begun as `bench.engines.schedule.LongestFirst` begins them, so many at a
    time. Each takes the seconds of its kind (see `bench.engines.costs.Costs`), and what
    lies between two units; one that runs, what is left of these.

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
    """

    def __init__(
        self,
        units: Iterable[Unit],
        known: Container[Kind],
        costs: Costs,
        at_once: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._costs = costs
        self._at_once = at_once
        self._clock = clock
        self._began = clock()
        self._waiting: dict[str, Unit] = {unit[0].key: unit for unit in units}
        self._unit_of = {
            cell.key: key for key, unit in self._waiting.items() for cell in unit
        }
        kinds = dict.fromkeys(kind_of(unit[0]) for unit in self._waiting.values())
        self._kinds = tuple(kinds)
        self._untried = {kind for kind in kinds if kind not in known}
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

    def begin(self, unit: Unit) -> None:
        """Note that a unit is begun."""
        key = self._unit_of.get(unit[0].key)
        if key is not None and self._waiting.pop(key, None) is not None:
            is_first = self._startup is None
            self._running[key] = _Running(unit, self._clock(), is_first)
            self._untried.discard(kind_of(unit[0]))

    def end(self, cell: Task, result: Result, fresh: bool) -> None:
        """Note that the unit of a cell has ended; `fresh` if this run computed it."""
        key = self._unit_of.get(cell.key, "")
        self._waiting.pop(key, None)  # another run has computed it
        running = self._running.pop(key, None)
        if running is None or not fresh or result.seconds is None:
            return
        self._costs.add_measured(kind_of(cell), result.seconds)
        seconds = result.seconds * n_fits(running.unit)
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
            if now - when < len(self._waiting) / _MOST_SIMULATED:  # to cost little
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
        now = self._clock()
        taken: dict[Kind, float] = {}
        for running in self._running.values():
            kind = kind_of(running.unit[0])
            seconds = self._taken(running, now) / n_fits(running.unit)
            taken[kind] = max(taken.get(kind, 0.0), seconds)
        costs = self._costs.of(self._kinds, taken)
        units = [*self.running, *self._waiting.values()]
        if any(kind_of(unit[0]) not in costs for unit in units):
            return None
        running_seconds = [
            max(0.0, _seconds(running.unit, costs) - self._taken(running, now))
            for running in self._running.values()
        ]
        between = self._between[0] / max(1, self._between[1])
        waiting = [
            _seconds(unit, costs) + between
            for unit in _in_order(list(self._waiting.values()), self._untried, costs)
        ]
        return _end(running_seconds, waiting, self._workers(now))

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


def _seconds(unit: Unit, costs: dict[Kind, float]) -> float:
    return n_fits(unit) * costs[kind_of(unit[0])]


def _in_order(
    units: Iterable[Unit], untried: Iterable[Kind], costs: dict[Kind, float]
) -> list[Unit]:
    """Return units in the order in which they will be begun."""
    left = set(untried)
    first: list[Unit] = []
    rest: list[Unit] = []
    for unit in units:
        kind = kind_of(unit[0])
        (first if kind in left else rest).append(unit)
        left.discard(kind)
    return first + sorted(rest, key=lambda unit: _seconds(unit, costs), reverse=True)


def _end(running: list[float], waiting: list[float], at_once: int) -> float:
    """Return when the last unit ends, if each begins when the first worker is free."""
    n = max(1, at_once)
    free = sorted(running)
    if len(free) > n:  # more were given out than there are workers
        waiting = free[n:] + waiting
        free = free[:n]
    free += [0.0] * (n - len(free))
    cut = max(0, len(waiting) - _MOST_SIMULATED)
    # These are the longest, and so many that all workers share them evenly.
    free = [end + sum(waiting[:cut]) / n for end in free]
    heapq.heapify(free)
    for seconds in waiting[cut:]:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)
