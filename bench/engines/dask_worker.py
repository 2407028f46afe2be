"""The part of the Dask engine on a worker: compute a unit in a child process.

The worker's own processes are daemonic and may not start children by
`multiprocessing`; an executor with a fork server is a plain subprocess, which they may
start. Executors are kept between the cells of a run, and end with the run or the
worker. A client that was killed can end nothing: its cells are stopped when the
scheduler has dropped them, and an executor that is not used for a while is closed.
"""

import pickle
import platform
import signal
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from distributed import Reschedule, Status, WorkerPlugin, get_worker
from distributed.utils import sync

from bench.base import SHARE, EngineError, memory_share
from bench.cells import Outcome, Task, Unit
from bench.classifiers import class_version, tree_hash
from bench.curves import DatasetRecipe, pool_source, versions_here, versions_of
from bench.engines.isolation import MAX_ATTEMPTS, WARM_UP, run_cells
from bench.processes import AbortedError, Executor, new_executor

_IDLE_SECONDS = 5.0  # after which an unused executor is closed
_POLL_SECONDS = 0.5  # between two checks whether a unit is still wanted


@dataclass(frozen=True)
class DaskRun:
    """The settings that all cells of a run share.

    Attributes
    ----------
    name
        A name that no other run has.
    threads
        The number of threads that a cell may use.
    modules
        The modules that the cells import.
    """

    name: str
    threads: int
    modules: tuple[str, ...]


class IgnoreInterrupts(WorkerPlugin):
    """Leave Ctrl-C of a terminal to the client, which ends the cluster it started."""

    def setup(self, worker: Any) -> None:
        """Set this worker's handler, unless it is a thread of the client."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Call:
    """A call of a function that is made when this object is unpickled."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call


# The threads of a worker share these; all are keyed by the name of a run.
_lock = threading.Lock()
_idle: dict[str, dict[Executor, threading.Timer]] = defaultdict(dict)
_busy: dict[str, list[Executor]] = defaultdict(list)
_ended_runs: set[str] = set()


def pickled_task(
    unit: Unit, run: DaskRun, in_task: Callable[[pickle.PickleBuffer], bool]
) -> bytes:
    """Pickle a call of `compute_here`; unpickling it on a worker returns its result.

    A worker that cannot import what Dask sends it is closed without a message to the
    client. Unpickled within a task, a missing module is an error of that task.

    Parameters
    ----------
    in_task
        Called with the buffer of each array; if false, `pickle.loads` needs the buffer
        beside the task.
    """
    call = _Call(compute_here, unit, run)
    return pickle.dumps(call, protocol=5, buffer_callback=in_task)


def compute_here(unit: Unit, run: DaskRun) -> list[Outcome]:
    """Compute a unit on this worker.

    Raises
    ------
    EngineError
        If this worker has other versions of packages than the cells' keys.
    """
    worker = get_worker()
    _check_versions(unit[0], str(worker.address), run.name)
    attempt = _count_attempt(worker, [run.name, unit[0].key])
    if attempt > MAX_ATTEMPTS:
        return lost(unit)
    limit = worker.memory_manager.memory_limit
    jobs = worker.state.nthreads
    memory = int(SHARE * limit / jobs) if limit else memory_share(jobs)
    executor = _take_executor(run)
    finished = threading.Event()
    threading.Thread(
        target=_abort_unwanted,
        args=(worker, worker.get_current_task(), executor, finished),
        daemon=True,
    ).start()
    is_reusable = False
    try:
        computed = list(run_cells([unit], 1, memory, executor, attempt))
        is_reusable = True
    except AbortedError:
        raise Reschedule from None  # the scheduler drops it, unless it is wanted again
    finally:
        finished.set()
        _give_back(run.name, executor, is_reusable)
    return [(result, arrays) for _, result, arrays in computed]


def lost(unit: Unit) -> list[Outcome]:
    """Return results for a unit whose worker was lost in every attempt."""
    message = f"the worker that computed it was lost in each of {MAX_ATTEMPTS} attempts"
    error = {"type": "Lost", "message": message, "traceback": ""}
    return [
        (cell.result("crashed", error=error, attempts=MAX_ATTEMPTS), None)
        for cell in unit
    ]


def end_run(name: str) -> None:
    """Stop the cells of a run on this worker, and end their processes."""
    with _lock:
        _ended_runs.add(name)
        idle, busy = _idle.pop(name, {}), list(_busy.get(name, []))
    for executor in busy:
        executor.abort()
    for executor, timer in idle.items():
        timer.cancel()
        executor.close()


def _count_attempt(worker: Any, counter: list[str]) -> int:
    """Count an attempt at a unit on the scheduler, which outlives a lost worker."""
    scheduler = worker.scheduler
    attempt = 1 + sync(worker.loop, scheduler.get_metadata, keys=counter, default=0)
    sync(worker.loop, scheduler.set_metadata, keys=counter, value=attempt)
    return int(attempt)


def _take_executor(run: DaskRun) -> Executor:
    with _lock:
        if run.name in _ended_runs:
            raise EngineError("the run was stopped")
        idle = _idle[run.name]
        if idle:
            executor, timer = idle.popitem()
            timer.cancel()
        else:
            executor = new_executor(run.threads, run.modules, WARM_UP)
        _busy[run.name].append(executor)
    return executor


def _give_back(name: str, executor: Executor, is_reusable: bool) -> None:
    with _lock:
        _busy[name].remove(executor)
        is_kept = is_reusable and name not in _ended_runs
        if is_kept:
            timer = threading.Timer(_IDLE_SECONDS, _expire, (name, executor))
            timer.daemon = True
            timer.start()
            _idle[name][executor] = timer
    if not is_kept:
        executor.close()


def _expire(name: str, executor: Executor) -> None:
    with _lock:
        expired = _idle[name].pop(executor, None)
    if expired is not None:
        executor.close()


def _abort_unwanted(
    worker: Any, task: str, executor: Executor, finished: threading.Event
) -> None:
    """Stop a unit if the scheduler has dropped it, or if the worker is closing."""
    ending = (Status.closing, Status.closed, Status.failed)
    while not finished.wait(_POLL_SECONDS):
        state = worker.state.tasks.get(task)
        is_dropped = state is None or state.state == "cancelled"
        if is_dropped or worker.status in ending:
            executor.abort()
            return


@lru_cache(maxsize=64)
def _tree_hash(package: str, run_name: str) -> str | None:
    """Return the hash of a local package, again in each run; None if it is missing."""
    return tree_hash(package)


def _check_versions(cell: Task, address: str, run_name: str) -> None:
    for package, wanted_hash in cell.local.items():
        found = _tree_hash(package, run_name)
        # A class that extends sys.path itself imports packages that are not found here.
        if found != wanted_hash and (found or package in cell.named):
            raise EngineError(
                f"the worker {address} (host {platform.node()}) has not the source "
                f"files of '{package}' that the suite was planned with: copy the same "
                "files to every machine"
            )
    here = [class_version(class_path) for class_path in cell.installed]
    here += versions_here(cell.dataset.identity)
    wanted = list(cell.installed.values())
    wanted += versions_of(cell.dataset.identity)
    if (
        isinstance(cell.dataset, DatasetRecipe) and "pool" in cell.fields
    ):  # as the client planned it
        here.append(pool_source(cell.dataset, cell.repetition, cell.seed))
        wanted.append(cell.fields["pool"])
    if here != wanted:
        raise EngineError(
            f"the worker {address} (host {platform.node()}) has {', '.join(here)}; the "
            f"suite was planned with {', '.join(wanted)}: install the same versions on "
            "every machine"
        )
