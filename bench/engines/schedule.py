"""The order in which cells are begun: long ones first, to keep all cores busy."""

from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from math import ceil

from bench.cells import Batch, Kind, Task, Unit, kind_of, n_fits
from bench.store import Result

# A cell may share a process with others if its fit and its predictions took less.
SMALL_SECONDS = 0.05
_BUSY = 5  # times as long as its processor time a small cell may take
_MOST_CELLS = 64  # that share a process
_MOST_SECONDS = 0.5  # that they take together, so that results are soon stored


class InOrder:
    """Batches in their order, of which the first waits until it may begin."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._batches = iter(batches)
        self._first: Batch | None = None

    def take(self, may_begin: Callable[[Unit], bool]) -> Batch | None:
        """Return the next batch; None if it may not begin yet, or none is left."""
        if self._first is None:
            self._first = next(self._batches, None)
        batch = self._first
        if batch is None or not may_begin(batch[0]):
            return None
        self._first = None
        return batch


class LongestFirst(Iterator[Unit]):
    """Units, of which the next is always one of the longest kind.

    One unit of each kind with unknown time comes before all others. Until that one has
    ended, its kind counts as the longest.

    Parameters
    ----------
    units
        The units; between kinds of equal time, their order decides.
    known
        Kind → the seconds that one of its cells took in earlier runs.
    small
        The kinds of which a cell was small in earlier runs, see `is_small`.
    """

    def __init__(
        self,
        units: Iterable[Unit],
        known: Mapping[Kind, float],
        small: Container[Kind] = (),
    ) -> None:
        self._seconds = dict(known)
        self._waiting: dict[Kind, deque[Unit]] = defaultdict(deque)
        self._left = 0
        for unit in units:
            self._waiting[kind_of(unit[0])].append(unit)
            self._left += 1
        self._untried = self._waiting.keys() - known.keys()
        self._small = {kind for kind in self._waiting if kind in small}

    def learn(self, cell: Task, seconds: float, small: bool = False) -> None:
        """Record how long a cell took, and whether it was small."""
        kind = kind_of(cell)
        self._seconds[kind] = seconds
        if small:
            self._small.add(kind)
        else:
            self._small.discard(kind)

    def batches(self, wanted: Callable[[Unit], bool], jobs: int) -> "SmallTogether":
        """Return the units one by one, but small ones many at a time."""
        return SmallTogether(self, wanted, jobs)

    def take(self, may_begin: Callable[[Unit], bool]) -> Unit | None:
        """Return the longest unit that may begin; None if there is none.

        Units of one kind need the same, so that one of each is asked about, the longest
        first.
        """
        for kind in self._in_order():
            if may_begin(self._waiting[kind][0]):
                return self._take(kind)
        return None

    def take_small(self, first: Unit, jobs: int) -> list[Unit]:
        """Take small units that may share the process of another small one.

        They have the same limits and needs, and are of the same dataset, so that they
        mostly read the same curves. As many are left over for each of so many jobs.
        """
        if not self.is_small(first):
            return []
        return self._others(first, min(_MOST_CELLS, ceil(self._left / (2 * jobs))) - 1)

    def __next__(self) -> Unit:
        unit = self.take(lambda _: True)
        if unit is None:
            raise StopIteration
        return unit

    def _in_order(self) -> Iterator[Kind]:
        if self._waiting:
            yield max(self._waiting, key=self._rank)  # which is mostly the one
            yield from sorted(self._waiting, key=self._rank, reverse=True)[1:]

    def _take(self, kind: Kind, unit: Unit | None = None) -> Unit:
        """Remove a unit of a kind, by default its first."""
        self._untried.discard(kind)
        self._left -= 1
        units = self._waiting[kind]
        if unit is None:
            unit = units.popleft()
        else:
            # By identity, since cells have arrays, which `==` does not compare.
            del units[next(i for i, other in enumerate(units) if other is unit)]
        if not units:
            del self._waiting[kind]
        return unit

    def _rank(self, kind: Kind) -> tuple[bool, float]:
        size = n_fits(self._waiting[kind][0])
        seconds = size * self._seconds.get(kind, float("inf"))
        return kind in self._untried, seconds

    def _others(self, first: Unit, most: int) -> list[Unit]:
        """Take at most so many small units of the dataset, by repetition."""
        dataset, needs = first[0].dataset.spec.id, needs_of(first)
        seconds = _MOST_SECONDS - self._seconds[kind_of(first[0])]
        taken: list[Unit] = []
        while len(taken) < most:
            ready = [
                kind
                for kind, units in self._waiting.items()
                if kind[0] == dataset
                and self._seconds.get(kind, _MOST_SECONDS) < seconds
                and needs_of(units[0]) == needs
                and self.is_small(units[0])
            ]
            if not ready:
                break
            kind = min(ready, key=lambda kind: self._waiting[kind][0][0].repetition)
            seconds -= self._seconds[kind]
            taken.append(self._take(kind))
        return taken

    def is_small(self, unit: Unit) -> bool:
        """Tell whether a unit may share a process with other small ones."""
        kind = kind_of(unit[0])
        return (
            kind in self._small
            and kind not in self._untried
            and len(unit) == 1
            and unit[0].may_share_process
        )


class SmallTogether(Iterator[Batch]):
    """The units of a schedule one by one, but small ones many at a time.

    Parameters
    ----------
    schedule
        The units.
    wanted
        A unit for which it is false is left out.
    jobs
        The number of processes, for each of which small units are left over.
    """

    def __init__(
        self, schedule: LongestFirst, wanted: Callable[[Unit], bool], jobs: int
    ) -> None:
        self._schedule = schedule
        self._wanted = wanted
        self._jobs = jobs

    def take(self, may_begin: Callable[[Unit], bool]) -> Batch | None:
        """Return the next batch that may begin; None if there is none."""
        while (unit := self._schedule.take(may_begin)) is not None:
            batch = [unit, *self._schedule.take_small(unit, self._jobs)]
            if batch := [unit for unit in batch if self._wanted(unit)]:
                return tuple(batch)
        return None

    def __next__(self) -> Batch:
        batch = self.take(lambda _: True)
        if batch is None:
            raise StopIteration
        return batch


def needs_of(unit: Unit) -> tuple[object, ...]:
    """Return what units must have in common to be computed by one process."""
    task = unit[0]
    return task.limits, task.slots, task.threads, task.gpus


def is_small(result: Result) -> bool:
    """Tell whether a cell was small: the next of its kind may share a process.

    Its processor time counts, since on a busy machine everything takes longer; but one
    that waits for something of its own is not small.
    """
    processor = result.fit_cpu_seconds, result.predict_cpu_seconds
    wall = result.fit_seconds, result.predict_seconds
    return (
        result.status == "done"
        and not result.is_audit
        and sum(seconds or 0.0 for seconds in processor) < SMALL_SECONDS
        and sum(seconds or 0.0 for seconds in wall) < _BUSY * SMALL_SECONDS
        and None not in (*processor, *wall)
    )
