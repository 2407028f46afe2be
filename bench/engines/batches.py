"""Batches for a cluster: units of one repetition, whose curves a worker draws once."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import islice

from bench.cells import Batch, Kind, Unit, kind_of, n_fits
from bench.engines.schedule import LongestFirst, needs_of

# What a worker computes between two messages is lost with it, and long batches leave
# other workers idle at the end.
MOST_SECONDS = 60.0
_PER_WORKER = 2  # batches that are left for each worker, at least
_NEAREST = 100  # units of a kind among which those of a repetition are looked for


class ByRepetition(LongestFirst):
    """A schedule that gives the longest unit together with others of its repetition.

    Only units whose seconds are known are put together, up to a minute, and to what
    leaves each worker two batches. A long unit, the first one of a kind, and one of
    several repetitions stay alone.

    Parameters
    ----------
    units, known, small
        See `LongestFirst`.
    wanted
        A unit for which it is false is left out.
    """

    def __init__(
        self,
        units: Iterable[Unit],
        known: Mapping[Kind, float],
        wanted: Callable[[Unit], bool],
        small: Container[Kind] = (),
    ) -> None:
        super().__init__(units, known, small)
        self._wanted = wanted

    def take_task(
        self, may_begin: Callable[[Unit], bool], n_workers: int
    ) -> tuple[Batch, ...] | None:
        """Return what a worker computes in turn; None if nothing may begin.

        All units of it need the same. Its batches are what one process computes: one
        unit, or several small ones.
        """
        while (first := self.take(may_begin)) is not None:
            units = filter(self._wanted, self._with_others(first, n_workers))
            if found := tuple(units):
                return self._batches(found)
        return None

    def _batches(self, units: tuple[Unit, ...]) -> tuple[Batch, ...]:
        small = tuple(filter(self.is_small, units))
        alone = [(unit,) for unit in units if not self.is_small(unit)]
        return (*alone, small) if small else tuple(alone)

    def _with_others(self, first: Unit, n_workers: int) -> list[Unit]:
        seconds = self._known_seconds(kind_of(first[0]), n_fits(first))
        if seconds is None or first[0].batched > 1:
            return [first]
        left = seconds + sum(
            self._known_seconds(kind, sum(map(n_fits, units))) or 0.0
            for kind, units in self._waiting.items()
        )
        most = min(MOST_SECONDS, left / (_PER_WORKER * max(1, n_workers)))
        units = [first]
        for kind, unit in list(self._beside(first)):
            more = self._known_seconds(kind, n_fits(unit))
            if more is not None and seconds + more <= most:
                self._take(kind, unit)
                seconds += more
                units.append(unit)
        return units

    def _beside(self, first: Unit) -> Iterator[tuple[Kind, Unit]]:
        """Yield waiting units of the same curves and needs, one of a kind."""
        for kind in list(self._in_order()):
            if kind[0] == first[0].dataset.spec.id:
                for unit in islice(self._waiting[kind], _NEAREST):
                    if _goes_with(unit, first):
                        yield kind, unit
                        break

    def _known_seconds(self, kind: Kind, n: int) -> float | None:
        """Return the seconds of so many cells of a kind; None if it was never tried."""
        seconds = self._seconds.get(kind)
        return None if seconds is None else n * seconds


def _goes_with(unit: Unit, other: Unit) -> bool:
    one, first = unit[0], other[0]
    return (
        one.dataset is first.dataset
        and one.repetition == first.repetition
        and one.batched == 1
        and needs_of(unit) == needs_of(other)
    )
