"""The Dask engine: the workers of a cluster compute the cells.

Only the client writes results. Workers draw the curves from seeds, so that a task is a
recipe of a few kilobytes, and its answer the predictions of a cell. Recorded curves are
sent once; the workers keep them, and pass them on among themselves.
"""

import logging
import pickle
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, islice
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
    Status,
    as_completed,
)

from bench.base import BenchError, EngineError
from bench.cells import Kind, Outcome, Task, Unit
from bench.engines.dask_worker import (
    DaskRun,
    IgnoreInterrupts,
    end_run,
    lost,
    pickled_task,
)
from bench.engines.engine import Computed
from bench.engines.isolation import MAX_ATTEMPTS, modules_of
from bench.engines.schedule import LongestFirst
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
    """

    on_this_machine: ClassVar[bool] = False  # workers check their own devices
    scheduler: str | None = None
    cluster: str | None = None
    workers: int = 1
    options: dict[str, Any] = field(default_factory=dict)

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
    ) -> Computed:
        """Compute units on the workers, one for each of their threads at a time.

        Raises
        ------
        EngineError
            If the cluster cannot be reached or is lost, or a worker has other versions
            than this process.
        """
        if not units:
            return
        with self._client() as client:
            yield from _compute(client, units, wanted, known)

    @contextmanager
    def _client(self) -> Iterator[Client]:
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
                address = stack.enter_context(self._started())
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

    def _started(self) -> Any:
        try:
            if self.cluster == "local":
                defaults = {
                    "threads_per_worker": 1,
                    "dashboard_address": None,
                    "silence_logs": logging.CRITICAL,
                }
                options = defaults | self.options
                return LocalCluster(n_workers=self.workers, **options)
            from dask_jobqueue.slurm import SLURMCluster

            cluster = SLURMCluster(**_without_fixed_port(self.options))
            try:
                cluster.sync(_submit, cluster, self.workers)
            except BaseException:
                cluster.close()
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
        return cluster


def _without_fixed_port(options: dict[str, Any]) -> dict[str, Any]:
    """Let the dashboard take any free port, since two clusters may share a host.

    By default Dask takes a fixed port, and the second cluster warns that it is in use.
    Where warnings are errors, that one hides an error from Slurm.
    """
    scheduler = {"dashboard_address": ":0"} | options.get("scheduler_options", {})
    return options | {"scheduler_options": scheduler}


async def _submit(cluster: Any, workers: int) -> None:
    cluster.scale(workers)
    try:
        # `scale` starts this task and drops its errors (distributed 2026.8). Awaited
        # here, the private method raises the reason why Slurm refuses a job.
        await cluster._correct_state()
    except Exception:
        for job in cluster.workers.values():
            if job.status == Status.created:
                job.status = Status.failed  # closing waits for ever for created jobs
        raise


def _check_certificates(address: str) -> None:
    if Security().get_connection_args("client").get("ssl_context") is None:
        raise EngineError(
            f"'{address}' needs certificates, and none are configured; name them in "
            "Dask's configuration, under distributed.comm.tls"
        )


def _compute(
    client: Client,
    units: Sequence[Unit],
    wanted: Callable[[Unit], bool],
    known: Mapping[Kind, float],
) -> Computed:
    modules = set[str]().union(*(modules_of(unit[0]) for unit in units))
    threads = units[0][0].threads
    run = DaskRun(f"bench-{uuid.uuid4().hex}", threads, tuple(sorted(modules)))
    schedule = LongestFirst(units, known)
    waiting = filter(wanted, schedule)
    computing: dict[Any, Unit] = {}
    numbers = count()
    curves = _Curves(client, run.name)
    futures = as_completed(loop=client.loop)

    def submit(unit: Unit) -> None:
        name = f"{run.name}-{next(numbers)}"
        task, buffers = curves.pickled(unit, run)
        with_curves = {"buffers": buffers} if buffers else {}
        future = client.submit(pickle.loads, task, **with_curves, key=name, pure=False)
        computing[future] = unit
        futures.add(future)

    def fill() -> None:
        """Submit up to two units for each thread of the workers.

        A thread then has its next unit when it ends one, and yet the schedule can
        still change the order of the rest.
        """
        room = max(1, 2 * sum(client.nthreads().values())) - len(computing)
        for unit in islice(waiting, max(0, room)):
            submit(unit)

    is_lost = False
    try:
        fill()
        for future in futures:
            unit = computing.pop(future)
            outcomes = _outcomes(future)
            future.release()
            if outcomes is None:
                # Dask gives up after some workers were lost that held the task. But it
                # may not have been begun there, so we count the beginnings ourselves.
                n_begun = client.get_metadata([run.name, unit[0].key], 0)
                if n_begun < MAX_ATTEMPTS:
                    submit(unit)
                    continue
                outcomes = lost(unit)
            schedule.learn(unit[0], outcomes[0][0].seconds or 0.0)
            fill()
            for cell, outcome in zip(unit, outcomes, strict=True):
                yield cell, *outcome
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

    def pickled(self, unit: Unit, run: DaskRun) -> tuple[bytes, list[Any]]:
        """Return a unit's task without its large arrays, and the tasks of those."""
        buffers = []

        def in_task(buffer: pickle.PickleBuffer) -> bool:
            values = np.frombuffer(buffer.raw(), np.uint8)
            if values.nbytes < LARGE:
                return True
            buffers.append(self._task_of(values))
            return False

        return pickled_task(unit, run, in_task), buffers

    def _task_of(self, values: np.ndarray) -> Any:
        place = values.ctypes.data, values.nbytes
        if place in self._sent and self._sent[place][1].status in _GOOD:
            return self._sent[place][1]
        name = f"{self._run_name}-curves-{next(self._numbers)}"
        task = pickle.dumps(values, protocol=5)
        future = self._client.submit(pickle.loads, task, key=name, pure=False)
        self._sent[place] = values, future
        return future


def _outcomes(future: Any) -> list[Outcome] | None:
    """Return the outcomes that a worker sent; None if it was lost with the task."""
    if future.status != "error":
        outcomes: list[Outcome] = future.result()
        return outcomes
    error = future.exception()
    if isinstance(error, KilledWorker):
        return None
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
