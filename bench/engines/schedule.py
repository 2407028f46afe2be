"""The order in which cells are begun: long ones first, to keep all cores busy."""

from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from math import ceil

from bench.cells import Batch, Kind, Task, Unit, kind_of, n_fits
from bench.store import Result

# A cell may share a process with others if its fit and its predictions took less.
SMALL_SECONDS = 0.05
_MOST_CELLS = 64  # that share a process
_MOST_SECONDS = 0.5  # that they take together, so that results are soon stored


class LongestFirst(Iterator[Unit]):
    """An iterator over units that always takes one of the longest kind.

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

    def batches(self, wanted: Callable[[Unit], bool], jobs: int) -> Iterator[Batch]:
        """Yield the units one by one, but small ones many at a time.

        Those of one batch have the same limits, and are of one dataset, so that they
        mostly read the same curves.

        Parameters
        ----------
        wanted
            A unit for which it is false is left out.
        jobs
            The number of processes, for each of which small units are left over.
        """
        for unit in self:
            batch = [unit]
            if self._is_small(unit):
                most = min(_MOST_CELLS, ceil(self._left / (2 * jobs)))
                batch += self._others(unit, most - 1)
            if batch := [unit for unit in batch if wanted(unit)]:
                yield tuple(batch)

    def __next__(self) -> Unit:
        if not self._waiting:
            raise StopIteration
        return self._take(max(self._waiting, key=self._rank))  # the first of equals

    def _take(self, kind: Kind) -> Unit:
        self._untried.discard(kind)
        self._left -= 1
        unit = self._waiting[kind].popleft()
        if not self._waiting[kind]:
            del self._waiting[kind]
        return unit

    def _rank(self, kind: Kind) -> tuple[bool, float]:
        size = n_fits(self._waiting[kind][0])
        seconds = size * self._seconds.get(kind, float("inf"))
        return kind in self._untried, seconds

    def _others(self, first: Unit, most: int) -> list[Unit]:
        """Take at most so many small units of the dataset, by repetition."""
        dataset, limits = first[0].dataset.spec.id, first[0].limits
        seconds = _MOST_SECONDS - self._seconds[kind_of(first[0])]
        taken: list[Unit] = []
        while len(taken) < most:
            ready = [
                kind
                for kind, units in self._waiting.items()
                if kind[0] == dataset
                and self._seconds.get(kind, _MOST_SECONDS) < seconds
                and units[0][0].limits == limits
                and self._is_small(units[0])
            ]
            if not ready:
                break
            kind = min(ready, key=lambda kind: self._waiting[kind][0][0].repetition)
            seconds -= self._seconds[kind]
            taken.append(self._take(kind))
        return taken

    def _is_small(self, unit: Unit) -> bool:
        kind = kind_of(unit[0])
        return (
            kind in self._small
            and kind not in self._untried
            and len(unit) == 1
            and unit[0].may_share_process
        )


def is_small(result: Result) -> bool:
    """Tell whether a cell was small: the next of its kind may share a process."""
    seconds = result.fit_seconds, result.predict_seconds
    return (
        result.status == "done"
        and not result.is_audit
        and None not in seconds
        and sum(filter(None, seconds)) < SMALL_SECONDS
    )
