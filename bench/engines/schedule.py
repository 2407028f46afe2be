"""The order in which cells are begun: long ones first, to keep all cores busy."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping

from bench.cells import Kind, Task, Unit, kind_of, n_fits


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
    """

    def __init__(self, units: Iterable[Unit], known: Mapping[Kind, float]) -> None:
        self._seconds = dict(known)
        self._untried: set[Kind] = set()
        self._waiting: dict[Kind, deque[Unit]] = defaultdict(deque)
        for unit in units:
            self._waiting[kind_of(unit[0])].append(unit)
        self._untried = self._waiting.keys() - known.keys()

    def learn(self, cell: Task, seconds: float) -> None:
        """Record how long a cell took."""
        self._seconds[kind_of(cell)] = seconds

    def __next__(self) -> Unit:
        if not self._waiting:
            raise StopIteration
        kind = max(self._waiting, key=self._rank)  # the first of equals
        self._untried.discard(kind)
        unit = self._waiting[kind].popleft()
        if not self._waiting[kind]:
            del self._waiting[kind]
        return unit

    def _rank(self, kind: Kind) -> tuple[bool, float]:
        size = n_fits(self._waiting[kind][0])
        seconds = size * self._seconds.get(kind, float("inf"))
        return kind in self._untried, seconds
