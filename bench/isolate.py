"""A cell in a process of its own: what it breaks is its own row.

Here the ends of processes become results. Faults of the machine (a process killed from
outside) are tried again; a classifier's own never are.
"""

import pickle
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

from bench.calls import Runner, new_runner
from bench.cells import Arrays, Cell, compute_seeded
from bench.limits import Limits, format_size
from bench.result import Result
from bench.warden import Ended, Request

MAX_ATTEMPTS = 3
WARM_UP = "bench.cells:warm_up"
_FROM_OUTSIDE = {
    -getattr(signal, name)
    for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")
    if hasattr(signal, name)
}


def runner_for(cells: Iterable[Cell]) -> Runner:
    """Start what cells will run in; what they import is imported once, if can be."""
    threads, modules = 1, set()
    for cell in cells:
        threads = cell.threads
        modules.add(cell.classifier.class_path.rpartition(".")[0])
    return new_runner(threads, sorted(modules), WARM_UP)


def run_cells(
    cells: Iterable[Cell],
    jobs: int,
    memory: int,
    runner: Runner,
    first_attempt: int = 1,
) -> Iterator[tuple[Cell, Result, Arrays | None]]:
    """Compute cells, `jobs` at a time, and yield each as it ends.

    Parameters
    ----------
    cells
        Taken one by one, as there is room.
    memory : int
        Bytes that a cell may hold which does not say itself.
    runner
        Left open.
    first_attempt : int
        More than one where a cell was begun before, elsewhere.
    """
    waiting = ((cell, first_attempt) for cell in cells)
    again: list[tuple[Cell, int]] = []
    running: dict[int, tuple[Cell, int]] = {}
    tokens = count()
    ends: list[tuple[int, Ended]] = []
    while True:
        ended_cells = [(*running.pop(token), ended) for token, ended in ends]
        finished = []
        for cell, attempt, ended in ended_cells:
            if _is_fault_of_the_machine(ended) and attempt < MAX_ATTEMPTS:
                again.append((cell, attempt + 1))
            else:
                finished.append((cell, attempt, ended))
        # The next are begun before the caller is busy with those that ended.
        while len(running) < jobs:
            upcoming = again.pop() if again else next(waiting, None)
            if upcoming is None:
                break
            token = next(tokens)
            running[token] = upcoming
            runner.start(token, _request(upcoming[0], memory))
        for cell, attempt, ended in finished:
            result, arrays = to_result(cell, ended, memory)
            yield cell, replace(result, attempts=attempt), arrays
        if not running:
            return
        ends = runner.wait()


def to_result(cell: Cell, ended: Ended, memory: int) -> tuple[Result, Arrays | None]:
    """Say what the end of a cell's process means."""
    limits = _limits(cell, memory)
    arrays: Arrays | None = None
    if ended.how == "answered":
        try:
            result, arrays = pickle.loads(ended.answer)
        except Exception:
            return _unanswered(cell, ended, limits), None
    else:
        result = _unanswered(cell, ended, limits)
    if result.error and result.error["type"] == "MemoryLimit":
        note = f"the limit is {format_size(limits.memory or 0)}, see limits.memory"
        error = result.error | {"message": f"{result.error['message']} ({note})"}
        result = replace(result, error=error)
    peak = max(result.peak_rss_mib or 0.0, round(ended.peak / 2**20, 1))
    seconds = round(ended.seconds, 4)
    return replace(result, seconds=seconds, peak_rss_mib=peak), arrays


def _unanswered(cell: Cell, ended: Ended, limits: Limits) -> Result:
    status, name, signal_name = "crashed", "Exit", ""
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
        name, signal_name = "Signal", _signal_name(-code)
        message = f"the process ended by {signal_name} before it had an answer"
    # A fault's stack, without the list of every compiled module that follows it.
    said = ended.log.partition("\nExtension modules:")[0]
    error = {"type": name, "message": message, "traceback": said}
    if signal_name:
        error["signal"] = signal_name
    return cell.result(status, error=error)


def _request(cell: Cell, memory: int) -> Request:
    return Request(pickle.dumps((compute_seeded, (cell,))), _limits(cell, memory))


def _limits(cell: Cell, memory: int) -> Limits:
    return replace(cell.limits, memory=cell.limits.memory or memory)


def _is_fault_of_the_machine(ended: Ended) -> bool:
    from_outside = ended.how == "exited" and ended.exit_code in _FROM_OUTSIDE
    return from_outside or ended.how in ("lost", "stopped")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
