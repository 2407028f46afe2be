"""What a Dask worker does: one cell in a child process, like the local engine.

The worker's own processes are daemonic and may have no children through
`multiprocessing`; a nursery is a plain subprocess, which they may. Nurseries are kept
warm for the run that they belong to and end with it, or with the worker.
"""

import platform
import threading
from collections import defaultdict
from dataclasses import dataclass

from distributed import get_worker

from bench import RESULTS
from bench.calls import AbortedError, Runner, new_runner
from bench.cells import Arrays, Cell
from bench.errors import EngineError
from bench.isolate import WARM_UP, run_cells
from bench.limits import SHARE, memory_share
from bench.registry import class_version
from bench.result import Result


@dataclass(frozen=True)
class Run:
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


_lock = threading.Lock()
_idle: dict[str, list[Runner]] = defaultdict(list)
_busy: dict[str, list[Runner]] = defaultdict(list)
_over: set[str] = set()


def compute_here(cell: Cell, run: Run) -> tuple[Result, Arrays | None]:
    """Compute a cell on this worker.

    Raises
    ------
    EngineError
        If this worker has another version of what the cell's key names.
    """
    worker = get_worker()
    worker.log_event(run.name, cell.key)  # so that the client can count the attempts
    _check_versions(cell, str(worker.address))
    limit = worker.memory_manager.memory_limit
    jobs = worker.state.nthreads
    memory = int(SHARE * limit / jobs) if limit else memory_share(jobs)
    with _lock:
        if run.name in _over:
            raise EngineError("the run was stopped")
        idle = _idle[run.name]
        runner = idle.pop() if idle else new_runner(run.threads, run.modules, WARM_UP)
        _busy[run.name].append(runner)
    try:
        [(_, result, arrays)] = run_cells([cell], 1, memory, runner)
    except AbortedError:
        runner.close()
        raise EngineError("the run was stopped") from None
    finally:
        with _lock:
            _busy[run.name].remove(runner)
            if run.name not in _over:
                _idle[run.name].append(runner)
    return result, arrays


def end_run(name: str) -> None:
    """Stop what a run still computes on this worker, and end its processes."""
    with _lock:
        _over.add(name)
        idle, busy = _idle.pop(name, []), list(_busy.get(name, []))
    for runner in busy:
        runner.abort()
    for runner in idle:
        runner.close()


def _check_versions(cell: Cell, address: str) -> None:
    here = class_version(cell.classifier.class_path)
    wanted = cell.classifier.version
    curves = cell.dataset.identity["results"]
    if here != wanted or curves != RESULTS["curves"]:
        raise EngineError(
            f"the worker {address} (host {platform.node()}) has {here}, curves "
            f"{RESULTS['curves']}; the suite was planned with {wanted}, curves "
            f"{curves}: install the same versions on every machine"
        )
