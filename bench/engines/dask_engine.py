"""The Dask engine: the workers of a cluster compute the cells.

Only the client writes results. Workers draw the curves from seeds, so that a task is a
recipe of a few kilobytes, and its answer the predictions of a cell. Recorded curves are
sent once; the workers keep them, and pass them on among themselves.
"""

import logging
import pickle
import re
import uuid
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import dask
import numpy as np
from distributed import (
    CancelledError,
    Client,
    KilledWorker,
    LocalCluster,
    Security,
    as_completed,
)

from bench.base import BenchError, EngineError
from bench.cells import Batch, Kind, Packed, Task, Unit
from bench.engines.batches import ByRepetition
from bench.engines.config import CellClass
from bench.engines.dask_pools import Pools, class_of
from bench.engines.dask_worker import (
    DaskRun,
    IgnoreInterrupts,
    end_run,
    lost,
    pickled_task,
)
from bench.engines.engine import Computed
from bench.engines.isolation import MAX_ATTEMPTS, modules_of
from bench.engines.schedule import is_small
from bench.processes import LARGE

_CONNECT_SECONDS = 10
_WORKERS_SECONDS = 60
_GOOD = ("pending", "finished")  # of a task


@dataclass(frozen=True)
class DaskEngine:
    """A Dask cluster, running or to be started.

    Attributes
    ----------
    scheduler
        The address of a running scheduler.
    cluster
        The kind of cluster to start: "local", or "slurm" through dask-jobqueue.
    workers
        The number of workers to start.
    options
        Arguments of the cluster's class.
    classes
        Classes of cells for which Slurm starts jobs of their own.
    """

    on_this_machine: ClassVar[bool] = False  # workers check their own devices
    scheduler: str | None = None
    cluster: str | None = None
    workers: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    classes: tuple[CellClass, ...] = ()

    @property
    def memory(self) -> None:
        """None, since each worker divides its own memory among its cells."""
        return

    def share(self, task: Task) -> None:
        """Return None: workers come and go."""
        return

    def run(
        self,
        units: Sequence[Unit],
        wanted: Callable[[Unit], bool],
        known: Mapping[Kind, float],
        small: Container[Kind] = (),
    ) -> Computed:
        """Compute units on the workers, as many at a time as these have threads.

        Units of one repetition that take less than a minute together are computed in
        turn by one worker; their results arrive together.

        Raises
        ------
        EngineError
            If the cluster cannot be reached or is lost, if a worker has other versions
            than this process, or if no worker has the GPUs that a cell asks for.
        """
        if not units:
            return
        tasks = [unit[0] for unit in units]
        jobs = Counter(class_of(task, self.classes) for task in tasks)
        _check_classes(tasks, self.classes)
        with self._client(jobs) as client:
            # Workers that were started for this run all offer the same.
            seconds = _WORKERS_SECONDS if self.cluster is None else 0
            pools = Pools(client, self.classes)
            pools.check(tasks, seconds)
            schedule = ByRepetition(units, known, wanted, small)
            yield from _compute(client, units, schedule, pools)

    @contextmanager
    def _client(self, jobs: Container[int | None]) -> Iterator[Client]:
        """Connect to the scheduler, and first start the cluster if there is none.

        `jobs` are the positions of the classes that the run needs, see `start_slurm`.
        """
        settings = {
            "distributed.comm.timeouts.connect": f"{_CONNECT_SECONDS}s",
            "distributed.comm.retry.count": 0,
            # Curves are sent as a whole, once, and nothing is gained by a warning.
            "distributed.admin.large-graph-warning-threshold": "1TiB",
        }
        with ExitStack() as stack:
            stack.enter_context(_quiet())
            address: Any = self.scheduler
            if self.cluster is not None:
                folder = stack.enter_context(TemporaryDirectory(prefix="bench-"))
                settings["temporary-directory"] = folder
            stack.enter_context(dask.config.set(settings))
            if self.cluster is not None:
                address = stack.enter_context(self._started(jobs))
            elif address.startswith(("tls:", "wss:")):
                _check_certificates(address)
            try:
                client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
            except (OSError, ValueError, ImportError) as error:
                raise EngineError(
                    f"no Dask scheduler answers at {self.scheduler}: {error}; start "
                    "one with `dask scheduler`, or run here with --engine local"
                ) from None
            try:
                if self.cluster == "local":
                    client.register_plugin(IgnoreInterrupts())
                # Jobs may wait in Slurm's queue for days.
                queued = self.cluster == "slurm"
                _wait_for_workers(client, None if queued else _WORKERS_SECONDS)
                yield client
            finally:
                with suppress(Exception):  # the scheduler may be gone
                    client.close(timeout=2)

    def _started(self, jobs: Container[int | None]) -> Any:
        try:
            if self.cluster == "local":
                defaults = {
                    "threads_per_worker": 1,
                    "dashboard_address": None,
                    "silence_logs": logging.CRITICAL,
                }
                options = defaults | self.options
                return LocalCluster(n_workers=self.workers, **options)
            # It takes a moment to import.
            from bench.engines.dask_slurm import start_slurm

            return start_slurm(self.workers, self.options, self.classes, jobs)
        except BenchError:
            raise
        except Exception as error:
            # distributed wraps errors; the innermost one says what went wrong.
            cause: BaseException = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            why = " ".join(f"{type(cause).__name__}: {cause}".split())
            raise EngineError(
                f"the '{self.cluster}' cluster cannot be started: {why}; correct "
                "'options' in the parallel file"
            ) from None


def _check_certificates(address: str) -> None:
    if Security().get_connection_args("client").get("ssl_context") is None:
        raise EngineError(
            f"'{address}' needs certificates, and none are configured; name them in "
            "Dask's configuration, under distributed.comm.tls"
        )


def _check_classes(tasks: Iterable[Task], classes: Sequence[CellClass]) -> None:
    """Refuse cells that ask for GPUs where no class of jobs is for them."""
    for task in tasks:
        if classes and task.gpus and class_of(task, classes) is None:
            raise EngineError(
                f"resources.gpu: '{task.name}' asks for {task.gpus}, and none of the "
                f"'classes' in the parallel file is for that; add one with "
                f"'for: {{gpu: {task.gpus}}}'"
            )


def _compute(
    client: Client,
    units: Sequence[Unit],
    schedule: ByRepetition,
    pools: Pools,
) -> Computed:
    modules = set[str]().union(*(modules_of(unit[0]) for unit in units))
    run = DaskRun(f"bench-{uuid.uuid4().hex}", tuple(sorted(modules)))
    computing: dict[Any, tuple[Batch, ...]] = {}
    numbers = count()
    curves = _Curves(client, run.name)
    futures = as_completed(loop=client.loop)

    def submit(batches: tuple[Batch, ...]) -> None:
        task = batches[0][0][0]
        name = f"{run.name}-{next(numbers)}"
        call, buffers = curves.pickled(batches, run)
        with_curves = {"buffers": buffers} if buffers else {}
        future = client.submit(
            pickle.loads,
            call,
            **with_curves,
            key=name,
            pure=False,
            resources=pools.resources(task) or None,
        )
        pools.give(task)
        computing[future] = batches
        futures.add(future)

    def fill() -> None:
        """Submit as many tasks as there is room for.

        A worker then has its next one when it ends one, and yet the schedule can still
        change the order of the rest.
        """

        def has_room(unit: Unit) -> bool:
            return pools.has_room(unit[0])

        n = pools.n_threads
        while (batches := schedule.take_task(has_room, n)) is not None:
            submit(batches)

    is_lost = False
    try:
        fill()
        for future in futures:
            batches = computing.pop(future)
            its_units = [unit for batch in batches for unit in batch]
            pools.take_back(its_units[0][0])
            outcomes = _outcomes(future)
            future.release()
            if not outcomes and len(its_units) > 1:  # one of them may end workers
                for unit in its_units:
                    submit(((unit,),))
                continue
            if not outcomes:
                # Dask gives up after some workers were lost that held the task. But it
                # may not have been begun there, so we count the beginnings ourselves.
                n_begun = client.get_metadata([run.name, its_units[0][0].key], 0)
                if n_begun < MAX_ATTEMPTS:
                    submit(batches)
                    continue
                outcomes = [lost(its_units[0])]
            done = [
                (cell, *outcome)
                for unit, its_outcomes in zip(its_units, outcomes, strict=True)
                for cell, outcome in zip(unit, its_outcomes, strict=True)
            ]
            for cell, result, _ in done:
                schedule.learn(cell, result.seconds or 0.0, is_small(result))
            fill()
            yield done
    except BenchError:
        raise
    except Exception as error:
        is_lost = (
            isinstance(error, CancelledError | OSError) or client.status != "running"
        )
        if is_lost:
            raise _lost_scheduler() from None
        raise
    finally:
        if not is_lost:
            with suppress(Exception):
                client.cancel([*computing, *curves.futures], force=True)
                client.run(end_run, run.name, on_error="ignore")
                client.set_metadata([run.name], None)


class _Curves:
    """The large arrays of tasks, sent to the workers once, as tasks of their own.

    The scheduler keeps such a task, and so can compute it again where all workers that
    had its result are lost.
    """

    def __init__(self, client: Client, run_name: str) -> None:
        self._client = client
        self._run_name = run_name
        self._numbers = count()
        # Address and size → the bytes, whose address so stays taken, and the task.
        self._sent: dict[tuple[int, int], tuple[np.ndarray, Any]] = {}

    @property
    def futures(self) -> list[Any]:
        """The tasks."""
        return [future for _, future in self._sent.values()]

    def pickled(
        self, batches: tuple[Batch, ...], run: DaskRun
    ) -> tuple[bytes, list[Any]]:
        """Return the call of a task without its large arrays, and their tasks."""
        buffers = []

        def in_task(buffer: pickle.PickleBuffer) -> bool:
            values = np.frombuffer(buffer.raw(), np.uint8)
            if values.nbytes < LARGE:
                return True
            buffers.append(self._task_of(values))
            return False

        return pickled_task(batches, run, in_task), buffers

    def _task_of(self, values: np.ndarray) -> Any:
        place = values.ctypes.data, values.nbytes
        if place in self._sent and self._sent[place][1].status in _GOOD:
            return self._sent[place][1]
        name = f"{self._run_name}-curves-{next(self._numbers)}"
        task = pickle.dumps(values, protocol=5)
        future = self._client.submit(pickle.loads, task, key=name, pure=False)
        self._sent[place] = values, future
        return future


def _outcomes(future: Any) -> list[list[Packed]]:
    """Return what a worker sent for each unit; nothing if it was lost with the task."""
    if future.status != "error":
        outcomes: list[list[Packed]] = future.result()
        return outcomes
    error = future.exception()
    if isinstance(error, KilledWorker):
        return []
    if isinstance(error, BenchError):
        raise error
    raise EngineError(
        f"the workers cannot compute: {type(error).__name__}: {error}; install the "
        "same versions of function-bench, and of what the suite's classes need, on "
        "every machine"
    )


def _wait_for_workers(client: Client, seconds: float | None) -> None:
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError:
        raise EngineError(
            f"the Dask scheduler has no workers after {seconds} s; start some "
            "with `dask worker ADDRESS --nthreads 1`"
        ) from None


def _lost_scheduler() -> EngineError:
    return EngineError(
        "the Dask scheduler was lost: it ended, or cannot be reached; finished cells "
        "are kept: run the same command again, or with --engine local, to continue"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the loggers of Dask: problems are reported once, by our own messages."""
    of_dask = re.compile("(distributed|tornado|asyncio)([.]|$)")
    known = {*logging.root.manager.loggerDict, "distributed", "tornado", "asyncio"}
    loggers = [logging.getLogger(name) for name in known if of_dask.match(name)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
