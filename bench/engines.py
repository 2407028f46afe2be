"""Engines: where cells are computed. This one is the machine that we are on."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.cells import Arrays, Cell
from bench.isolate import run_cells, runner_for
from bench.limits import memory_share
from bench.result import Result

Computed = Generator[tuple[Cell, Result, Arrays | None]]


class Engine(Protocol):
    """Computes cells; what a cell's result is does not depend on the engine."""

    @property
    def memory(self) -> int | None:
        """Bytes that a cell may hold which does not say itself; None if not known."""

    def run(self, cells: Sequence[Cell], wanted: Callable[[Cell], bool]) -> Computed:
        """Compute cells and yield each as it ends; closed, stop what is running.

        `wanted` is asked before a cell is begun.
        """


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine.

    Attributes
    ----------
    jobs
        Cells at the same time.
    """

    jobs: int = 1

    @property
    def memory(self) -> int:
        """Each job's part of 80% of the machine's memory, in bytes."""
        return memory_share(self.jobs)

    def run(self, cells: Sequence[Cell], wanted: Callable[[Cell], bool]) -> Computed:
        """Compute cells, `jobs` at a time."""
        if not cells:
            return
        runner = runner_for(cells)
        try:
            chosen = filter(wanted, cells)
            yield from run_cells(chosen, self.jobs, self.memory, runner)
        finally:
            runner.close()
