"""Cells in processes of their own, so that a cell can break only its own row.

This module turns the ends of processes into results. If a process is killed from
outside, the machine is at fault and the unit is tried again; if the classifier ends it,
it is not.
"""

import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Protocol

from bench.base import Limits, format_size
from bench.cells import Arrays, Audit, Outcome, Task, Unit, compute_seeded, n_fits
from bench.engines.admission import Grant, Places, on_gpus
from bench.processes import (
    CallOutcome,
    Executor,
    Request,
    SharedArrays,
    new_executor,
    signal_name,
)
from bench.store import Result

MAX_ATTEMPTS = 3
WARM_UP = "bench.cells.compute:warm_up"
# The exit codes of a process that somebody else has ended: the kernel when memory is
# short, a batch system, an operator.
_FROM_OUTSIDE = {
    -getattr(signal, name)
    for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")
    if hasattr(signal, name)
}


def executor_for(units: Sequence[Unit]) -> Executor:
    """Start an executor for units, which imports their modules once where it can."""
    modules = set[str]().union(*(modules_of(unit[0]) for unit in units))
    return new_executor(units[0][0].threads, sorted(modules), WARM_UP)


def modules_of(cell: Task) -> set[str]:
    """Return the modules that are imported to compute a cell or an audit."""
    if isinstance(cell, Audit):
        return set(cell.modules)
    modules = cell.classifier.modules
    if cell.classifier.training is not None:
        # A name, not an import: the fork server imports it and with it torch, while
        # this process does not.
        modules.add("bench.cells.online")
    return modules


class Waiting(Protocol):
    """Units that wait, such as `bench.engines.schedule.LongestFirst`."""

    def take(self, may_begin: Callable[[Unit], bool]) -> Unit | None:
        """Return the next unit that may begin; None if there is none."""


def run_cells(
    units: Waiting,
    places: Places,
    memory: int,
    executor: Executor,
    first_attempt: int = 1,
) -> Iterator[tuple[Task, Result, Arrays | None]]:
    """Compute units, as many at a time as there are places; yield each one's cells.

    Parameters
    ----------
    units
        Taken one by one, when there are places for one.
    places
        The places, cores and GPUs that the units share.
    memory : int
        The memory limit in bytes of cells without one, for each place that they take.
    executor
        Runs the processes; it is not closed here.
    first_attempt : int
        The number of the first attempt: above one if a worker that was lost had begun
        the units.
    """
    with SharedArrays(lambda: executor.folder) as shared:
        yield from _run_cells(units, places, memory, executor, first_attempt, shared)


def _run_cells(
    units: Waiting,
    places: Places,
    memory: int,
    executor: Executor,
    first_attempt: int,
    shared: SharedArrays,
) -> Iterator[tuple[Task, Result, Arrays | None]]:
    to_repeat: list[tuple[Unit, int]] = []
    running: dict[int, tuple[Unit, int, Grant]] = {}
    tokens = count()
    ends: list[tuple[int, CallOutcome]] = []

    def take() -> tuple[Unit, int] | None:
        """Return the next unit that may begin, and the number of its attempt."""
        for position, (unit, _) in enumerate(to_repeat):
            if places.admits(unit[0]):
                return to_repeat.pop(position)
        upcoming = units.take(lambda unit: places.admits(unit[0]))
        return None if upcoming is None else (upcoming, first_attempt)

    while True:
        ended_units = [(*running.pop(token), ended) for token, ended in ends]
        finished = []
        for unit, attempt, grant, ended in ended_units:
            places.give_back(grant)
            if _is_fault_of_the_machine(ended) and attempt < MAX_ATTEMPTS:
                to_repeat.append((unit, attempt + 1))
            else:
                finished.append((unit, attempt, memory * grant.slots, ended))
        # Start the next units before yielding, since the caller takes time to store.
        while not places.is_full and (upcoming := take()) is not None:
            unit, attempt = upcoming
            taken = places.take(unit[0])
            assert taken is not None  # since it was admitted
            token = next(tokens)
            running[token] = unit, attempt, taken
            executor.start(token, _request(unit, memory, taken, shared))
        for unit, attempt, its_memory, ended in finished:
            outcomes = to_results(unit, ended, its_memory)
            for cell, (result, arrays) in zip(unit, outcomes, strict=True):
                yield cell, replace(result, attempts=attempt), arrays
        if not running:
            return
        ends = executor.wait()


def to_results(unit: Unit, ended: CallOutcome, memory: int) -> list[Outcome]:
    """Turn the end of a unit's process into a result for each of its cells."""
    limits = _limits(unit, memory)
    outcomes: list[Outcome] = []
    if ended.how == "answered":
        # A classifier may have written to the pipe; such a cell has crashed.
        with suppress(Exception):
            outcomes = pickle.loads(ended.answer)
    outcomes = outcomes or [(_unanswered(cell, ended, limits), None) for cell in unit]
    return [(_measured(result, ended, limits), arrays) for result, arrays in outcomes]


def _measured(result: Result, ended: CallOutcome, limits: Limits) -> Result:
    """Add the time and the peak memory that were measured from outside the process."""
    if result.error and result.error["type"] == "MemoryLimit":
        note = f"the limit is {format_size(limits.memory or 0)}, see limits.memory"
        error = result.error | {"message": f"{result.error['message']} ({note})"}
        result = replace(result, error=error)
    peak = max(result.peak_rss_mib or 0.0, round(ended.peak / 2**20, 1))
    seconds = round(ended.seconds / result.batched, 4)  # a batch shares its time
    return replace(result, seconds=seconds, peak_rss_mib=peak)


def _unanswered(cell: Task, ended: CallOutcome, limits: Limits) -> Result:
    """Make the result of a cell whose process ended without an answer."""
    status, name, ended_by = "crashed", "Exit", ""
    code = ended.exit_code or 0
    message = f"the process ended with exit code {code} before it had an answer"
    if ended.how == "timeout":
        status, name = "timeout", "Timeout"
        message = f"stopped after {limits.timeout:g} s; raise limits.timeout"
    elif ended.how == "memory" or "std::bad_alloc" in ended.log:
        status, name = "failed", "MemoryLimit"
        message = f"stopped at {format_size(ended.peak)}"
    elif ended.how == "lost":
        name, message = "Lost", "its process was lost together with its watchdog"
    elif code < 0:
        name, ended_by = "Signal", signal_name(-code)
        message = f"the process ended by {ended_by} before it had an answer"
    # The stack that faulthandler prints, without the long list of compiled modules.
    stack = ended.log.partition("\nExtension modules:")[0]
    error = {"type": name, "message": message, "traceback": stack}
    if ended_by:
        error["signal"] = ended_by
    return cell.result(status, error=error)


def _request(unit: Unit, memory: int, grant: Grant, shared: SharedArrays) -> Request:
    """Make the call of a unit; curves that many units read are in files, once."""
    call: tuple[Callable[..., object], tuple[object, ...]] = (compute_seeded, (unit,))
    if grant.gpus:
        call = (on_gpus, (grant.gpus, compute_seeded, unit))
    limits = _limits(unit, memory * grant.slots)
    return Request(shared.pickled(call), limits, unit[0].threads)


def _limits(unit: Unit, memory: int) -> Limits:
    """Return the limits of a unit, whose time is the sum over its fits."""
    limits = unit[0].limits  # all cells of a unit share them
    timeout = None if limits.timeout is None else limits.timeout * n_fits(unit)
    return Limits(timeout, limits.memory or memory)


def _is_fault_of_the_machine(ended: CallOutcome) -> bool:
    was_killed = ended.how == "exited" and ended.exit_code in _FROM_OUTSIDE
    return was_killed or ended.how in ("lost", "stopped")
