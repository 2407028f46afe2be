"""A cell in a process of its own: what it breaks is its own row.

Here the ends of processes become results. Faults of the machine (a process killed from
outside) are tried again; a classifier's own never are.
"""

import pickle
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count

from bench.base import Limits, format_size
from bench.cells import Arrays, Audit, Outcome, Task, Unit, compute_seeded, n_fits
from bench.processes import CallOutcome, Executor, Request, new_executor, signal_name
from bench.store import Result

MAX_ATTEMPTS = 3
WARM_UP = "bench.cells.compute:warm_up"
_FROM_OUTSIDE = {
    -getattr(signal, name)
    for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")
    if hasattr(signal, name)
}


def executor_for(units: Iterable[Unit]) -> Executor:
    """Start what cells will run in; what they import is imported once, if can be."""
    threads, modules = 1, set[str]()
    for unit in units:
        threads = unit[0].threads
        modules |= modules_of(unit[0])
    return new_executor(threads, sorted(modules), WARM_UP)


def modules_of(cell: Task) -> set[str]:
    """Name the modules that computing a cell or an audit imports."""
    if isinstance(cell, Audit):
        return set(cell.modules)
    modules = cell.classifier.modules
    if cell.classifier.training is not None:
        # By name: who forks imports it, and with it torch, not this process.
        modules.add("bench.cells.online")
    return modules


def run_cells(
    units: Iterable[Unit],
    jobs: int,
    memory: int,
    runner: Executor,
    first_attempt: int = 1,
) -> Iterator[tuple[Task, Result, Arrays | None]]:
    """Compute units, `jobs` at a time, and yield the cells of each as it ends.

    Parameters
    ----------
    units
        Taken one by one, as there is room.
    memory : int
        Bytes that a cell may hold which does not say itself.
    runner
        Left open.
    first_attempt : int
        More than one where a unit was begun before, elsewhere.
    """
    waiting = ((unit, first_attempt) for unit in units)
    again: list[tuple[Unit, int]] = []
    running: dict[int, tuple[Unit, int]] = {}
    tokens = count()
    ends: list[tuple[int, CallOutcome]] = []
    while True:
        ended_units = [(*running.pop(token), ended) for token, ended in ends]
        finished = []
        for unit, attempt, ended in ended_units:
            if _is_fault_of_the_machine(ended) and attempt < MAX_ATTEMPTS:
                again.append((unit, attempt + 1))
            else:
                finished.append((unit, attempt, ended))
        # The next are begun before the caller is busy with those that ended.
        while len(running) < jobs:
            upcoming = again.pop() if again else next(waiting, None)
            if upcoming is None:
                break
            token = next(tokens)
            running[token] = upcoming
            runner.start(token, _request(upcoming[0], memory))
        for unit, attempt, ended in finished:
            outcomes = to_results(unit, ended, memory)
            for cell, (result, arrays) in zip(unit, outcomes, strict=True):
                yield cell, replace(result, attempts=attempt), arrays
        if not running:
            return
        ends = runner.wait()


def to_results(unit: Unit, ended: CallOutcome, memory: int) -> list[Outcome]:
    """Say what the end of a unit's process means for each of its cells."""
    limits = _limits(unit, memory)
    outcomes: list[Outcome] = []
    if ended.how == "answered":
        with suppress(Exception):  # what cannot be read is no answer
            outcomes = pickle.loads(ended.answer)
    outcomes = outcomes or [(_unanswered(cell, ended, limits), None) for cell in unit]
    return [(_measured(result, ended, limits), arrays) for result, arrays in outcomes]


def _measured(result: Result, ended: CallOutcome, limits: Limits) -> Result:
    """Add what was seen of the process from outside."""
    if result.error and result.error["type"] == "MemoryLimit":
        note = f"the limit is {format_size(limits.memory or 0)}, see limits.memory"
        error = result.error | {"message": f"{result.error['message']} ({note})"}
        result = replace(result, error=error)
    peak = max(result.peak_rss_mib or 0.0, round(ended.peak / 2**20, 1))
    seconds = round(ended.seconds / result.batched, 4)
    return replace(result, seconds=seconds, peak_rss_mib=peak)


def _unanswered(cell: Task, ended: CallOutcome, limits: Limits) -> Result:
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
        name, message = "Lost", "its process was lost with the one that watched it"
    elif code < 0:
        name, ended_by = "Signal", signal_name(-code)
        message = f"the process ended by {ended_by} before it had an answer"
    # A fault's stack, without the list of every compiled module that follows it.
    said = ended.log.partition("\nExtension modules:")[0]
    error = {"type": name, "message": message, "traceback": said}
    if ended_by:
        error["signal"] = ended_by
    return cell.result(status, error=error)


def _request(unit: Unit, memory: int) -> Request:
    return Request(pickle.dumps((compute_seeded, (unit,))), _limits(unit, memory))


def _limits(unit: Unit, memory: int) -> Limits:
    """Return a unit's limits: each of its fits brings its own time."""
    own = unit[0].limits
    timeout = None if own.timeout is None else own.timeout * n_fits(unit)
    return Limits(timeout, own.memory or memory)


def _is_fault_of_the_machine(ended: CallOutcome) -> bool:
    from_outside = ended.how == "exited" and ended.exit_code in _FROM_OUTSIDE
    return from_outside or ended.how in ("lost", "stopped")
