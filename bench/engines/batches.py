"""Batches for a cluster: units of one repetition, whose curves a worker draws once."""

from collections.abc import Callable, Iterator
from itertools import islice

from bench.cells import Kind, Unit, kind_of, n_fits
from bench.engines.schedule import LongestFirst

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
    """

    def take_batch(
        self, may_begin: Callable[[Unit], bool], n_workers: int
    ) -> tuple[Unit, ...] | None:
        """Return units to compute in turn; None if none may begin.

        All of a batch need the same places, threads and GPUs.
        """
        first = self.take(may_begin)
        if first is None:
            return None
        seconds = self._known_seconds(kind_of(first[0]), n_fits(first))
        if seconds is None or first[0].batched > 1:
            return (first,)
        left = seconds + sum(
            self._known_seconds(kind, sum(map(n_fits, units))) or 0.0
            for kind, units in self._waiting.items()
        )
        most = min(MOST_SECONDS, left / (_PER_WORKER * max(1, n_workers)))
        batch = [first]
        for kind, unit in list(self._beside(first)):
            more = self._known_seconds(kind, n_fits(unit))
            if more is not None and seconds + more <= most:
                self._remove(kind, unit)
                if self._wanted(unit):
                    seconds += more
                    batch.append(unit)
        return tuple(batch)

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
        and (one.slots, one.threads, one.gpus)
        == (first.slots, first.threads, first.gpus)
    )
