"""Which curves are kept in files while cells are computed, and for how long.

Curves that several processes need are drawn by the first of them, which leaves them in
files (`bench.curves.draw_once`). They are deleted when the last cell that needs them
has a result.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.cells import Task, Unit

_MOST_BYTES = 2**30  # of all files together
_Draw = tuple[int, int, int]


class KeptCurves:
    """Gives each draw that several units need a folder; closing it deletes all.

    Parameters
    ----------
    units
        All units that will be computed.
    folder
        Called for the folder of these folders, which may become another one.
    """

    def __init__(self, units: Iterable[Unit], folder: Callable[[], str]) -> None:
        self._folder = folder
        # The cells of a draw that have no result yet.
        self._left: Counter[_Draw] = Counter()
        self._shared: set[_Draw] = set()
        # With the size, and with the dataset itself, whose address so stays taken.
        self._kept: dict[_Draw, tuple[Path, int, object]] = {}
        self._bytes = 0
        self._names = count()
        for unit in units:
            for task in unit:
                self._left[_draw(task)] += task.target is None
            for draw in {_draw(task) for task in unit}:
                if self._left[draw] > sum(_draw(t) == draw for t in unit):
                    self._shared.add(draw)

    def folders(self, unit: Unit) -> dict[int, str]:
        """Return the folder of each repetition of a unit that others need too."""
        found = {}
        for task in unit:
            draw = _draw(task)
            if draw in self._shared:
                self._keep(draw, task)
            if draw in self._kept:
                found[task.repetition] = str(self._kept[draw][0])
        return found

    def end(self, tasks: Iterable[Task]) -> None:
        """Note that these have results, and delete the curves that none needs now."""
        for task in tasks:
            draw = _draw(task)
            if draw not in self._left or task.target is not None:
                continue
            self._left[draw] -= 1
            if self._left[draw] <= 0:
                del self._left[draw]
                self._shared.discard(draw)
                self._delete(draw)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for draw in list(self._kept):
            self._delete(draw)

    def _keep(self, draw: _Draw, task: Task) -> None:
        folder = Path(self._folder())
        if draw in self._kept and self._kept[draw][0].parent != folder:
            self._delete(draw)  # with the folder of a server that was killed
        size = task.dataset.nbytes
        if draw not in self._kept and self._bytes + size <= _MOST_BYTES:
            path = folder / f"curves-{next(self._names)}"
            self._kept[draw] = path, size, task.dataset
            self._bytes += size

    def _delete(self, draw: _Draw) -> None:
        if draw in self._kept:
            path, size, _ = self._kept.pop(draw)
            self._bytes -= size
            shutil.rmtree(path, ignore_errors=True)


def _draw(task: Task) -> _Draw:
    return id(task.dataset), task.repetition, task.seed
