"""Engines: where cells are computed. This one is the machine that we are on."""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from bench.base import EngineError, memory_share, shown
from bench.cells import Arrays, Kind, Task, Unit
from bench.engines.isolation import executor_for, run_cells
from bench.engines.schedule import LongestFirst
from bench.store import Result

_MAX_CORES = "LOKY_MAX_CPU_COUNT"  # in the environment, as joblib reads it
Computed = Generator[tuple[Task, Result, Arrays | None]]


class Engine(Protocol):
    """Computes cells; what a cell's result is does not depend on the engine."""

    on_this_machine: ClassVar[bool]  # whether cells need what this machine has

    @property
    def memory(self) -> int | None:
        """Bytes that a cell may hold which does not say itself; None if not known."""

    def run(
        self,
        units: Sequence[Unit],
        wanted: Callable[[Unit], bool],
        known: Mapping[Kind, float],
    ) -> Computed:
        """Compute units and yield the cells of each; closed, stop what is running.

        `wanted` is asked before a unit is begun; `known` are the seconds that a cell
        of a kind takes, for those of which a result is stored.
        """


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine.

    Attributes
    ----------
    jobs
        Cells at the same time; fewer where their threads would outnumber the cores,
        since then none would compute faster and no time would be comparable.
    """

    on_this_machine: ClassVar[bool] = True
    jobs: int = 1

    @property
    def memory(self) -> int:
        """Each job's part of 80% of the machine's memory, in bytes."""
        return memory_share(self.jobs)

    def run(
        self,
        units: Sequence[Unit],
        wanted: Callable[[Unit], bool],
        known: Mapping[Kind, float],
    ) -> Computed:
        """Compute units, as many at a time as jobs and cores allow, long ones first.

        Raises
        ------
        EngineError
            If a single cell has more threads than the machine has cores.
        """
        if not units:
            return
        threads, cores = units[0][0].threads, available_cores()
        if threads > cores:
            raise EngineError(
                f"threads: found {threads} a cell; expected at most {cores}, the cores "
                "that this process may use: lower threads in the suite, or run it on a "
                "larger machine"
            )
        order = LongestFirst(units, known)
        jobs = min(self.jobs, cores // threads)
        runner = executor_for(units)
        try:
            for cell, result, arrays in run_cells(
                filter(wanted, order), jobs, self.memory, runner
            ):
                order.learn(cell, result.seconds or 0.0)
                yield cell, result, arrays
        finally:
            runner.close()


def available_cores() -> int:
    """Return how many cores this process may use.

    The least of what the machine has, the process's affinity, the quota of a container
    and the variable LOKY_MAX_CPU_COUNT allow.

    Raises
    ------
    EngineError
        If the variable is not a whole number.
    """
    from joblib import cpu_count  # takes 0.1 s, which only a run should pay

    try:
        return int(cpu_count())
    except ValueError:
        if _MAX_CORES not in os.environ:
            raise
        found = shown(os.environ[_MAX_CORES], 60)
        raise EngineError(
            f"{_MAX_CORES}: found '{found}'; expected a whole number of cores"
        ) from None
