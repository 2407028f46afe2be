"""The part of the Dask engine on a worker: compute units in child processes.

The worker's own processes are daemonic and may not start children by
`multiprocessing`; an executor with a fork server is a plain subprocess, which they may
start. Executors are kept between the cells of a run, and end with the run or the
worker. A client that was killed can end nothing: its cells are stopped when the
scheduler has dropped them, and an executor that is not used for a while is closed.

Dask gives a worker as many tasks at a time as it has threads. A task whose cells take
more than one of these waits here until others have ended, see
`bench.engines.admission`.
"""

import pickle
import platform
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from typing import Any

from distributed import Reschedule, Status, WorkerPlugin, get_worker
from distributed.utils import sync

from bench.base import SHARE, EngineError, memory_share
from bench.cells import Batch, Packed, Task, Unit
from bench.classifiers import class_version, tree_hash
from bench.curves import DatasetRecipe, pool_source, versions_here, versions_of
from bench.engines.admission import VISIBLE, Line, Places
from bench.engines.dask_pools import places_of
from bench.engines.devices import visible_gpus
from bench.engines.isolation import MAX_ATTEMPTS, WARM_UP, run_cells
from bench.engines.kept_curves import KeptCurves
from bench.engines.schedule import InOrder
from bench.processes import AbortedError, Executor, new_executor

_IDLE_SECONDS = 5.0  # after which an unused executor is closed
_ENDING = (Status.closing, Status.closed, Status.failed)
_POLL_SECONDS = 0.5  # between two checks whether a batch is still wanted


@dataclass(frozen=True)
class DaskRun:
    """The settings that all cells of a run share.

    Attributes
    ----------
    name
        A name that no other run has.
    modules
        The modules that the cells import.
    """

    name: str
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


# The threads of a worker share these; the first three by the name of a run, and the
# idle executors also by the number of their threads.
_lock = threading.Lock()
_idle: dict[tuple[str, int], dict[Executor, threading.Timer]] = defaultdict(dict)
_busy: dict[str, list[Executor]] = defaultdict(list)
_ended_runs: set[str] = set()
_lines: dict[str, Line] = {}  # by the address of the worker


def pickled_task(
    batches: Sequence[Batch],
    run: DaskRun,
    in_task: Callable[[pickle.PickleBuffer], bool],
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
    call = _Call(compute_here, batches, run)
    return pickle.dumps(call, protocol=5, buffer_callback=in_task)


def compute_here(batches: Sequence[Batch], run: DaskRun) -> list[list[Packed]]:
    """Compute batches in turn on this worker.

    Returns
    -------
    list of list of Packed
        What each unit left. Empty if a worker was lost that had begun this task of
        several units: they are then tried one by one, so that one which ends workers
        costs the others nothing.

    Raises
    ------
    EngineError
        If this worker has other versions of packages than the cells' keys, or lacks the
        GPUs that they ask for.
    """
    units = [unit for batch in batches for unit in batch]
    worker, first = get_worker(), units[0][0]
    for unit in units:
        _check_versions(unit[0], str(worker.address), run.name)
    if len(units) > 1 and _attempts(worker, [run.name, first.key]):
        return []
    line = _line_of(worker)
    _check_gpus(first, line.places, str(worker.address))
    is_unwanted = partial(_is_unwanted, worker, worker.get_current_task())
    grant = line.take(first, lambda: not is_unwanted())
    if grant is None:
        raise Reschedule  # the scheduler drops it, unless it is wanted again
    try:
        limit = worker.memory_manager.memory_limit
        all_memory = SHARE * limit if limit else memory_share(1)
        part = max(grant.slots / line.places.jobs, grant.cores / line.places.cores)
        places = Places(1, gpus=grant.gpus)
        memory = int(part * all_memory)
        return _compute(batches, run, places, memory, worker, is_unwanted)
    finally:
        line.give_back(grant)


def _compute(
    batches: Sequence[Batch],
    run: DaskRun,
    places: Places,
    memory: int,
    worker: Any,
    is_unwanted: Callable[[], bool],
) -> list[list[Packed]]:
    units = [unit for batch in batches for unit in batch]
    threads = units[0][0].threads
    left: dict[int, list[Packed]] = {}  # by the id of a unit's first cell
    executor = _take_executor(run, threads)
    finished = threading.Event()
    watching = (is_unwanted, executor, finished)
    threading.Thread(target=_abort_unwanted, args=watching, daemon=True).start()

    def begin(batch: Batch) -> int:
        """Count an attempt at units, which are read just before they are begun."""
        return max(_count_attempt(worker, [run.name, unit[0].key]) for unit in batch)

    is_reusable = False
    try:
        curves = KeptCurves(units, lambda: executor.folder)
        outcomes: dict[int, Packed] = {}  # by the id of the cell
        for attempt, begun in groupby(batches, begin):
            if attempt > MAX_ATTEMPTS:
                left |= {id(unit[0]): lost(unit) for batch in begun for unit in batch}
                continue
            for done in run_cells(
                InOrder(begun), places, memory, executor, attempt, curves
            ):
                outcomes |= {
                    id(cell): (result, packed) for cell, result, packed in done
                }
        is_reusable = True
    except AbortedError:
        raise Reschedule from None
    finally:
        finished.set()
        _give_back((run.name, threads), executor, is_reusable)
    return [
        left.get(id(unit[0])) or [outcomes[id(cell)] for cell in unit] for unit in units
    ]


def lost(unit: Unit) -> list[Packed]:
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
        of_run = [kind for kind in _idle if kind[0] == name]
        idle = [item for kind in of_run for item in _idle.pop(kind).items()]
        busy = list(_busy.get(name, []))
    for executor in busy:
        executor.abort()
    for executor, timer in idle:
        timer.cancel()
        executor.close()


def _line_of(worker: Any) -> Line:
    """Return the line of the cells that wait for places of this worker."""
    threads, offers = worker.state.nthreads, worker.state.total_resources
    with _lock:
        if worker.address not in _lines:
            places = Places(places_of(threads, offers), threads, visible_gpus())
            _lines[worker.address] = Line(places)
        return _lines[worker.address]


def _check_gpus(cell: Task, places: Places, address: str) -> None:
    if cell.gpus > places.n_gpus:
        raise EngineError(
            f"the worker {address} (host {platform.node()}) sees {places.n_gpus} GPUs, "
            f"and '{cell.name}' asks for {cell.gpus}: start it where there are GPUs, "
            f"or name them in {VISIBLE}"
        )


def _attempts(worker: Any, counter: list[str]) -> int:
    """Return how often a unit was begun, which the scheduler knows."""
    get = worker.scheduler.get_metadata
    return int(sync(worker.loop, get, keys=counter, default=0))


def _count_attempt(worker: Any, counter: list[str]) -> int:
    """Count an attempt at a unit on the scheduler, which outlives a lost worker."""
    attempt = 1 + _attempts(worker, counter)
    set_value = worker.scheduler.set_metadata
    sync(worker.loop, set_value, keys=counter, value=attempt)
    return attempt


def _take_executor(run: DaskRun, threads: int) -> Executor:
    with _lock:
        if run.name in _ended_runs:
            raise EngineError("the run was stopped")
        idle = _idle[run.name, threads]
        if idle:
            executor, timer = idle.popitem()
            timer.cancel()
        else:
            executor = new_executor(threads, run.modules, WARM_UP)
        _busy[run.name].append(executor)
    return executor


def _give_back(kind: tuple[str, int], executor: Executor, is_reusable: bool) -> None:
    with _lock:
        _busy[kind[0]].remove(executor)
        is_kept = is_reusable and kind[0] not in _ended_runs
        if is_kept:
            timer = threading.Timer(_IDLE_SECONDS, _expire, (kind, executor))
            timer.daemon = True
            timer.start()
            _idle[kind][executor] = timer
    if not is_kept:
        executor.close()


def _expire(kind: tuple[str, int], executor: Executor) -> None:
    with _lock:
        expired = _idle[kind].pop(executor, None)
    if expired is not None:
        executor.close()


def _is_unwanted(worker: Any, task: Any) -> bool:
    """Tell whether the scheduler has dropped a task, or the worker is closing."""
    state = worker.state.tasks.get(task)
    is_dropped = state is None or state.state == "cancelled"
    return is_dropped or worker.status in _ENDING


def _abort_unwanted(
    is_unwanted: Callable[[], bool], executor: Executor, finished: threading.Event
) -> None:
    """Stop a batch that is not wanted any more."""
    while not finished.wait(_POLL_SECONDS):
        if is_unwanted():
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
