"""The interface of an engine, and the local engine, which computes on this machine."""

import os
from collections.abc import Callable, Container, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from bench.base import EngineError, memory_share, shown
from bench.cells import Kind, Task, Unit
from bench.engines.admission import Places
from bench.engines.devices import visible_gpus
from bench.engines.isolation import Done, executor_for, run_cells
from bench.engines.kept_curves import KeptCurves
from bench.engines.schedule import LongestFirst, is_small

_MAX_CORES = "LOKY_MAX_CPU_COUNT"  # an environment variable that joblib reads
Computed = Generator[Done]


class Engine(Protocol):
    """A way to compute cells; the result of a cell does not depend on it."""

    on_this_machine: ClassVar[bool]  # whether cells use the devices of this machine

    @property
    def memory(self) -> int | None:
        """The memory limit in bytes of cells without one; None if it is not known."""

    def share(self, task: Task) -> float | None:
        """Return the part of this engine that a task takes: a half if two run at once.

        None if that is not known before the run.
        """

    def run(
        self,
        units: Sequence[Unit],
        wanted: Callable[[Unit], bool],
        known: Mapping[Kind, float],
        small: Container[Kind] = (),
    ) -> Computed:
        """Compute units, yield cells as they end; stop running cells when closed.

        Parameters
        ----------
        wanted
            Called before a unit is begun; a unit for which it is false is left out.
        known
            Kind → the seconds that one of its cells took, if a result is stored.
        small
            The kinds of which a stored result was small, see
            `bench.engines.schedule.is_small`.
        """


@dataclass(frozen=True)
class LocalEngine:
    """An engine that computes cells in processes of this machine.

    Attributes
    ----------
    jobs
        The number of cells that are computed at the same time. There are fewer if
        their threads would outnumber the cores: they would not compute faster, and
        their times could not be compared; if some take several places; or if they
        wait for GPUs.
    """

    on_this_machine: ClassVar[bool] = True
    jobs: int = 1

    @property
    def memory(self) -> int:
        """The share of one job in 80% of the machine's memory, in bytes."""
        return memory_share(self.jobs)

    def share(self, task: Task) -> float:
        """Return the part of places, cores or GPUs that a task takes."""
        return self._places([task]).share(task)

    def run(
        self,
        units: Sequence[Unit],
        wanted: Callable[[Unit], bool],
        known: Mapping[Kind, float],
        small: Container[Kind] = (),
    ) -> Computed:
        """Compute units, as many at a time as jobs and cores allow, long ones first.

        Raises
        ------
        EngineError
            If one cell needs more threads than the machine has cores.
        """
        if not units:
            return
        cores = available_cores()
        widest = max((unit[0] for unit in units), key=lambda task: task.threads)
        if widest.threads > cores:
            whose = f" of '{widest.name}'" if widest.name else ""  # an audit has none
            raise EngineError(
                f"threads: found {widest.threads} a cell{whose}; expected at most "
                f"{cores}, the cores that this process may use: lower threads in the "
                "suite, or run it on a larger machine"
            )
        schedule = LongestFirst(units, known, small)
        places = self._places([unit[0] for unit in units])
        executor = executor_for(units)
        curves = KeptCurves(units, lambda: executor.folder)
        batches = schedule.batches(wanted, min(self.jobs, cores))
        try:
            for done in run_cells(
                batches, places, self.memory, executor, curves=curves
            ):
                for cell, result, _ in done:
                    schedule.learn(cell, result.seconds or 0.0, is_small(result))
                yield done
        finally:
            executor.close()

    def _places(self, tasks: Iterable[Task]) -> Places:
        """Return what tasks share here; GPUs are looked for if one asks for them."""
        gpus = visible_gpus() if any(task.gpus for task in tasks) else ()
        return Places(self.jobs, available_cores(), gpus)


def available_cores() -> int:
    """Return the number of cores that this process may use.

    The minimum of the machine's cores, the affinity of the process, the CPU quota of a
    container, and the environment variable LOKY_MAX_CPU_COUNT.

    Raises
    ------
    EngineError
        If the variable is not a whole number.
    """
    from joblib import cpu_count  # takes 0.1 s to import, and only a run needs it

    try:
        return int(cpu_count())
    except ValueError:
        if _MAX_CORES not in os.environ:
            raise
        found = shown(os.environ[_MAX_CORES], 60)
        raise EngineError(
            f"{_MAX_CORES}: found '{found}'; expected a whole number of cores"
        ) from None
