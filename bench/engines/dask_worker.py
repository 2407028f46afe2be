"""What a Dask worker does: one unit in a child process, like the local engine.

The worker's own processes are daemonic and may have no children through
`multiprocessing`; a nursery is a plain subprocess, which they may. Nurseries are kept
warm between the cells of a run and end with it, or with the worker. A client that was
killed ends nothing: its cells are stopped when the scheduler has dropped them, and a
nursery that nobody asks for ends by itself.
"""

import pickle
import platform
import signal
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distributed import Reschedule, Status, WorkerPlugin, get_worker
from distributed.utils import sync

from bench.base import SHARE, EngineError, memory_share
from bench.cells import Outcome, Task, Unit
from bench.classifiers import class_version
from bench.curves import versions_here, versions_of
from bench.engines.isolation import MAX_ATTEMPTS, WARM_UP, run_cells
from bench.processes import AbortedError, Executor, new_executor

_IDLE_SECONDS = 5.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class DaskRun:
    """What all cells of a run have in common.

    Attributes
    ----------
    name
        Unlike any other run's.
    threads
        A cell may use.
    modules
        That the cells import.
    """

    name: str
    threads: int
    modules: tuple[str, ...]


class IgnoreInterrupts(WorkerPlugin):
    """Leaves a terminal's Ctrl-C to the client, which ends what it has started."""

    def setup(self, worker: Any) -> None:
        """Set this worker's handler, unless it is a thread of the client."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Call:
    """Unpickled, a function is called."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call


_lock = threading.Lock()
_idle: dict[str, dict[Executor, threading.Timer]] = defaultdict(dict)
_busy: dict[str, list[Executor]] = defaultdict(list)
_over: set[str] = set()


def question(unit: Unit, run: DaskRun) -> bytes:
    """Return bytes which, unpickled on a worker, are what `compute_here` returns.

    Dask ends a worker, without a word to us, that cannot import what it is sent; with
    this, whatever cannot be imported is an error of the task.
    """
    return pickle.dumps(_Call(compute_here, unit, run))


def compute_here(unit: Unit, run: DaskRun) -> list[Outcome]:
    """Compute a unit on this worker.

    Raises
    ------
    EngineError
        If this worker has another version of what the cells' keys name.
    """
    worker = get_worker()
    _check_versions(unit[0], str(worker.address))
    begun = _count(worker, [run.name, unit[0].key])
    if begun > MAX_ATTEMPTS:
        return lost(unit)
    limit = worker.memory_manager.memory_limit
    jobs = worker.state.nthreads
    memory = int(SHARE * limit / jobs) if limit else memory_share(jobs)
    runner = _take(run)
    over = threading.Event()
    threading.Thread(
        target=_abort_unwanted,
        args=(worker, worker.get_current_task(), runner, over),
        daemon=True,
    ).start()
    reusable = False
    try:
        computed = list(run_cells([unit], 1, memory, runner, begun))
        reusable = True
    except AbortedError:
        raise Reschedule from None  # where it is still wanted
    finally:
        over.set()
        _give_back(run.name, runner, reusable)
    return [(result, arrays) for _, result, arrays in computed]


def lost(unit: Unit) -> list[Outcome]:
    """Return the results of a unit whose worker was lost each time."""
    message = "the worker that computed it was lost, each time"
    error = {"type": "Lost", "message": message, "traceback": ""}
    return [
        (cell.result("crashed", error=error, attempts=MAX_ATTEMPTS), None)
        for cell in unit
    ]


def end_run(name: str) -> None:
    """Stop what a run still computes on this worker, and end its processes."""
    with _lock:
        _over.add(name)
        idle, busy = _idle.pop(name, {}), list(_busy.get(name, []))
    for runner in busy:
        runner.abort()
    for runner, timer in idle.items():
        timer.cancel()
        runner.close()


def _count(worker: Any, counter: list[str]) -> int:
    """Count that a cell is begun, where a worker that is lost leaves it: counted."""
    scheduler = worker.scheduler
    begun = 1 + sync(worker.loop, scheduler.get_metadata, keys=counter, default=0)
    sync(worker.loop, scheduler.set_metadata, keys=counter, value=begun)
    return int(begun)


def _take(run: DaskRun) -> Executor:
    with _lock:
        if run.name in _over:
            raise EngineError("the run was stopped")
        idle = _idle[run.name]
        if idle:
            runner, timer = idle.popitem()
            timer.cancel()
        else:
            runner = new_executor(run.threads, run.modules, WARM_UP)
        _busy[run.name].append(runner)
    return runner


def _give_back(name: str, runner: Executor, reusable: bool) -> None:
    with _lock:
        _busy[name].remove(runner)
        kept = reusable and name not in _over
        if kept:
            timer = threading.Timer(_IDLE_SECONDS, _expire, (name, runner))
            timer.daemon = True
            timer.start()
            _idle[name][runner] = timer
    if not kept:
        runner.close()


def _expire(name: str, runner: Executor) -> None:
    with _lock:
        expired = _idle[name].pop(runner, None)
    if expired is not None:
        runner.close()


def _abort_unwanted(
    worker: Any, task: str, runner: Executor, over: threading.Event
) -> None:
    """Stop a cell whose client, or scheduler, has dropped it or is gone."""
    ending = (Status.closing, Status.closed, Status.failed)
    while not over.wait(_LOOK_SECONDS):
        state = worker.state.tasks.get(task)
        dropped = state is None or state.state == "cancelled"
        if dropped or worker.status in ending:
            runner.abort()
            return


def _check_versions(cell: Task, address: str) -> None:
    here = [class_version(class_path) for class_path in cell.installed]
    here += versions_here(cell.dataset.identity)
    wanted = list(cell.installed.values())
    wanted += versions_of(cell.dataset.identity)
    if here != wanted:
        raise EngineError(
            f"the worker {address} (host {platform.node()}) has {', '.join(here)}; the "
            f"suite was planned with {', '.join(wanted)}: install the same versions on "
            "every machine"
        )
