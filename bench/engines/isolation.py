"""Cells in processes of their own, so that a cell can break only its own row.

This module turns the ends of processes into results. If a process is killed from
outside, the machine is at fault and the unit is tried again; if the classifier ends it,
it is not.

Small cells share a process, one after another. What each left counts as soon as it is
there. Where such a process ends early, the cells without a result get processes of
their own, the one that was computed among them: there its end is surely its own. Only a
cell that was over its time is not tried again.
"""

import pickle
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

from bench.base import Limits, format_size
from bench.cells import (
    Audit,
    Batch,
    Packed,
    Task,
    Unit,
    compute_in_turn,
    compute_unit,
    n_fits,
)
from bench.engines.admission import Grant, Places, on_gpus
from bench.engines.kept_curves import KeptCurves
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
    elif cell.is_stacked:
        modules.add("bench.cells.stacked")
    return modules


Done = list[tuple[Task, Result, bytes | None]]


@dataclass(frozen=True)
class _Call:
    """A batch that is computed, or waits to be computed again."""

    batch: Batch
    attempt: int

    def again(self, units: Iterable[Unit], attempt: int) -> list["_Call"]:
        return [_Call((unit,), attempt) for unit in units]


class Waiting(Protocol):
    """Batches that wait, such as `bench.engines.schedule.SmallTogether`."""

    def take(self, may_begin: Callable[[Unit], bool]) -> Batch | None:
        """Return the next batch whose first unit may begin; None if there is none."""


def run_cells(
    batches: Waiting,
    places: Places,
    memory: int,
    executor: Executor,
    first_attempt: int = 1,
    curves: KeptCurves | None = None,
) -> Iterator[Done]:
    """Compute batches of units, as many at a time as there are places.

    Yields the cells of each as it ends.

    Parameters
    ----------
    batches
        Taken one by one, when there are places for one. The units of a batch need the
        same, and are computed by one process, one after another, where the system can
        fork.
    places
        The places, cores and GPUs that the units share.
    memory : int
        The memory limit in bytes of cells without one, for each place that they take.
    executor
        Runs the processes; it is not closed here.
    first_attempt : int
        The number of the first attempt: above one if a worker that was lost had begun
        the units.
    curves
        Where processes find the curves that others of them need too.
    """
    curves = curves or KeptCurves([], lambda: executor.folder)
    with SharedArrays(lambda: executor.folder) as shared, curves:
        yield from _run_cells(
            batches, places, memory, executor, first_attempt, shared, curves
        )


def _run_cells(
    batches: Waiting,
    places: Places,
    memory: int,
    executor: Executor,
    first_attempt: int,
    shared: SharedArrays,
    curves: KeptCurves,
) -> Iterator[Done]:
    to_repeat: list[_Call] = []
    running: dict[int, tuple[_Call, Grant]] = {}
    tokens = count()
    ends: list[tuple[int, CallOutcome]] = []

    def admits(unit: Unit) -> bool:
        return places.admits(unit[0])

    def take() -> _Call | None:
        """Return the next call that may begin, those to be repeated first."""
        for position in reversed(range(len(to_repeat))):
            if admits(to_repeat[position].batch[0]):
                return to_repeat.pop(position)
        batch = batches.take(admits)
        if batch is None:
            return None
        if not executor.makes_several:
            first, *others = batch
            to_repeat.extend(_Call((unit,), first_attempt) for unit in others)
            batch = (first,)
        return _Call(batch, first_attempt)

    while True:
        finished: list[Done] = []
        for token, ended in ends:
            call, grant = running.pop(token)
            places.give_back(grant)
            done, again = _ended(call, ended, memory * grant.slots)
            finished.append(done)
            to_repeat += again
            curves.end(cell for cell, *_ in done)
        # Start the next units before yielding, since the caller takes time to store.
        while not places.is_full and (upcoming := take()) is not None:
            taken = places.take(upcoming.batch[0][0])
            assert taken is not None  # since it was admitted
            token = next(tokens)
            running[token] = upcoming, taken
            request = _request(upcoming.batch, memory, taken, shared, curves)
            executor.start(token, request)
        yield from filter(None, finished)
        if not running:
            return
        ends = executor.wait()


def _ended(call: _Call, ended: CallOutcome, memory: int) -> tuple[Done, list[_Call]]:
    """Return the cells that have a result, and the calls to make again."""
    if len(call.batch) == 1:
        [unit] = call.batch
        if _is_fault_of_the_machine(ended) and call.attempt < MAX_ATTEMPTS:
            return [], call.again([unit], call.attempt + 1)
        return _done(unit, to_results(unit, ended, memory), call), []
    done: Done = []
    for unit, (answer, seconds) in zip(call.batch, ended.answers, strict=False):
        own = replace(ended, how="answered", answer=answer, seconds=seconds, answers=())
        done += _done(unit, to_results(unit, own, memory, len(call.batch)), call)
    rest = list(call.batch[len(ended.answers) :])
    if ended.how == "timeout" and rest:
        slow = rest.pop(0)
        own = replace(ended, seconds=ended.seconds - sum(s for _, s in ended.answers))
        done += _done(slow, to_results(slow, own, memory, len(call.batch)), call)
    if _is_fault_of_the_machine(ended) and rest:
        begun = rest.pop(0)
        # After as many attempts as there are, it is computed alone for the last time.
        attempt = min(call.attempt + 1, MAX_ATTEMPTS)
        return done, [*call.again([begun], attempt), *call.again(rest, call.attempt)]
    return done, call.again(rest, call.attempt)


def _done(unit: Unit, outcomes: list[Packed], call: _Call) -> Done:
    return [
        (cell, replace(result, attempts=call.attempt), arrays)
        for cell, (result, arrays) in zip(unit, outcomes, strict=True)
    ]


def to_results(
    unit: Unit, ended: CallOutcome, memory: int, sharing: int = 1
) -> list[Packed]:
    """Turn the end of a unit's process into a result for each of its cells."""
    limits = _limits(unit, memory)
    outcomes: list[Packed] = []
    if ended.how == "answered":
        # A classifier may have written to the pipe; such a cell has crashed.
        with suppress(Exception):
            outcomes = pickle.loads(ended.answer)
    outcomes = outcomes or [(_unanswered(cell, ended, limits), None) for cell in unit]
    return [
        (_measured(result, ended, limits, sharing), packed)
        for result, packed in outcomes
    ]


def _measured(
    result: Result, ended: CallOutcome, limits: Limits, sharing: int
) -> Result:
    """Add the time and the peak memory that were measured from outside the process."""
    if result.error and result.error["type"] == "MemoryLimit":
        note = f"the limit is {format_size(limits.memory or 0)}, see limits.memory"
        error = result.error | {"message": f"{result.error['message']} ({note})"}
        result = replace(result, error=error)
    peak = result.peak_rss_mib or 0.0
    if sharing == 1:
        peak = max(peak, round(ended.peak / 2**20, 1))
    # Cells that train together share their time.
    seconds = round(ended.seconds / result.batched, 4)
    return replace(result, seconds=seconds, peak_rss_mib=peak, sharing=sharing)


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


def _request(
    batch: Batch, memory: int, grant: Grant, shared: SharedArrays, curves: KeptCurves
) -> Request:
    """Make the call of a batch; curves that many units read are in files, once."""
    folders = [curves.folders(unit) for unit in batch]
    call: tuple[object, ...] = (compute_in_turn, batch, folders)
    if len(batch) == 1:
        call = (compute_unit, batch[0], folders[0])
    if grant.gpus:
        call = (on_gpus, grant.gpus, *call)
    function, *arguments = call
    return Request(
        shared.pickled((function, arguments)),
        _limits(batch[0], memory * grant.slots),
        len(batch),
        batch[0][0].threads,
    )


def _limits(unit: Unit, memory: int) -> Limits:
    """Return the limits of a unit, whose time is the sum over its fits."""
    limits = unit[0].limits  # all cells of a unit share them
    timeout = None if limits.timeout is None else limits.timeout * n_fits(unit)
    return Limits(timeout, limits.memory or memory)


def _is_fault_of_the_machine(ended: CallOutcome) -> bool:
    was_killed = ended.how == "exited" and ended.exit_code in _FROM_OUTSIDE
    return was_killed or ended.how in ("lost", "stopped")
