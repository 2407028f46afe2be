"""The order in which cells are begun: long ones first, to keep all cores busy."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from bench.cells import Kind, Task, Unit, kind_of, n_fits


class InOrder:
    """Units in their order, of which the first waits until it may begin."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = iter(units)
        self._first: Unit | None = None

    def take(self, may_begin: Callable[[Unit], bool]) -> Unit | None:
        """Return the next unit; None if it may not begin yet, or none is left."""
        if self._first is None:
            self._first = next(self._units, None)
        unit = self._first
        if unit is None or not may_begin(unit):
            return None
        self._first = None
        return unit


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
    wanted
        Called with a unit that comes next; if false, it is left out.
    """

    def __init__(
        self,
        units: Iterable[Unit],
        known: Mapping[Kind, float],
        wanted: Callable[[Unit], bool] = lambda _: True,
    ) -> None:
        self._wanted = wanted
        self._seconds = dict(known)
        self._untried: set[Kind] = set()
        self._waiting: dict[Kind, deque[Unit]] = defaultdict(deque)
        for unit in units:
            self._waiting[kind_of(unit[0])].append(unit)
        self._untried = self._waiting.keys() - known.keys()

    def learn(self, cell: Task, seconds: float) -> None:
        """Record how long a cell took."""
        self._seconds[kind_of(cell)] = seconds

    def take(self, may_begin: Callable[[Unit], bool]) -> Unit | None:
        """Return the longest unit that may begin; None if there is none.

        Units of one kind need the same, so that one of each is asked about, the longest
        first.
        """
        while True:
            kinds = (k for k in self._in_order() if may_begin(self._waiting[k][0]))
            kind = next(kinds, None)
            if kind is None:
                return None
            self._untried.discard(kind)
            unit = self._waiting[kind][0]
            self._remove(kind, unit)
            if self._wanted(unit):
                return unit

    def __next__(self) -> Unit:
        unit = self.take(lambda _: True)
        if unit is None:
            raise StopIteration
        return unit

    def _remove(self, kind: Kind, unit: Unit) -> None:
        units = self._waiting[kind]
        # By identity, since cells hold arrays, which cannot be compared with `==`.
        del units[next(i for i, other in enumerate(units) if other is unit)]
        if not units:
            del self._waiting[kind]

    def _in_order(self) -> Iterator[Kind]:
        if self._waiting:
            yield max(self._waiting, key=self._rank)  # which is mostly the one
            yield from sorted(self._waiting, key=self._rank, reverse=True)[1:]

    def _rank(self, kind: Kind) -> tuple[bool, float]:
        size = n_fits(self._waiting[kind][0])
        seconds = size * self._seconds.get(kind, float("inf"))
        return kind in self._untried, seconds
