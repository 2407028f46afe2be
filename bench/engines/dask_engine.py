"""The Dask engine: cells computed by the workers of a cluster.

The client alone writes results. Curves are derived from seeds on the worker, so what
travels is a recipe of a few kilobytes and, back, a cell's predictions.
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
from bench.cells import Kind, Outcome, Unit
from bench.engines.dask_worker import DaskRun, IgnoreInterrupts, end_run, lost, question
from bench.engines.engine import Computed
from bench.engines.isolation import MAX_ATTEMPTS, modules_of
from bench.engines.schedule import LongestFirst

_CONNECT_SECONDS = 10
_WORKERS_SECONDS = 60


@dataclass(frozen=True)
class DaskEngine:
    """A Dask cluster, running or to be started.

    Attributes
    ----------
    scheduler
        Address of one that runs.
    cluster
        Start one: "local", or "slurm" through dask-jobqueue.
    workers
        How many to start.
    options
        Passed on to the cluster's class.
    """

    on_this_machine: ClassVar[bool] = False  # a worker says what it lacks
    scheduler: str | None = None
    cluster: str | None = None
    workers: int = 1
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def memory(self) -> None:
        """Each worker divides its own memory."""
        return

    def run(
        self,
        units: Sequence[Unit],
        wanted: Callable[[Unit], bool],
        known: Mapping[Kind, float],
    ) -> Computed:
        """Compute units on the workers, as many at a time as these have threads.

        Raises
        ------
        EngineError
            If the cluster cannot be reached or is lost, or a worker is unlike us.
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
                with suppress(Exception):  # a scheduler that is gone cannot say so
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
            cause: BaseException = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            why = " ".join(f"{type(cause).__name__}: {cause}".split())
            raise EngineError(
                f"the '{self.cluster}' cluster cannot be started: {why}; see options "
                "in the parallel file"
            ) from None
        return cluster


def _without_fixed_port(options: dict[str, Any]) -> dict[str, Any]:
    """Let the dashboard take any free port, as two clusters may share a host.

    With the fixed one that Dask asks for, the second warns that it is taken; an error
    of Slurm's then hides behind the warning wherever warnings are errors.
    """
    scheduler = {"dashboard_address": ":0"} | options.get("scheduler_options", {})
    return options | {"scheduler_options": scheduler}


async def _submit(cluster: Any, workers: int) -> None:
    cluster.scale(workers)
    try:
        # `scale` starts this task and drops its errors (distributed 2026.8); waited
        # for, the private method says why Slurm refuses a job.
        await cluster._correct_state()
    except Exception:
        for job in cluster.workers.values():
            if job.status == Status.created:
                job.status = Status.failed  # else it could not be closed
        raise


def _check_certificates(address: str) -> None:
    if Security().get_connection_args("client").get("ssl_context") is None:
        raise EngineError(
            f"'{address}' needs certificates; name them in Dask's configuration, under "
            "distributed.comm.tls"
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
    order = LongestFirst(units, known)
    waiting = filter(wanted, order)
    computing: dict[Any, Unit] = {}
    numbers = count()
    ended = as_completed(loop=client.loop)

    def submit(unit: Unit) -> None:
        name = f"{run.name}-{next(numbers)}"
        future = client.submit(pickle.loads, question(unit, run), key=name, pure=False)
        computing[future] = unit
        ended.add(future)

    def fill() -> None:
        """Give each thread of the workers a unit to compute, and one for later."""
        room = max(1, 2 * sum(client.nthreads().values())) - len(computing)
        for unit in islice(waiting, max(0, room)):
            submit(unit)

    gone = False
    try:
        fill()
        for future in ended:
            unit = computing.pop(future)
            answer = _answer(future)
            future.release()
            if answer is None:
                # Dask counts the workers that were lost while a task was theirs; the
                # task may not have been begun there.
                begun = client.get_metadata([run.name, unit[0].key], 0)
                if begun < MAX_ATTEMPTS:
                    submit(unit)
                    continue
                answer = lost(unit)
            order.learn(unit[0], answer[0][0].seconds or 0.0)
            fill()
            for cell, outcome in zip(unit, answer, strict=True):
                yield cell, *outcome
    except BenchError:
        raise
    except Exception as error:
        gone = isinstance(error, CancelledError | OSError) or client.status != "running"
        if gone:
            raise _lost() from None
        raise
    finally:
        if not gone:
            with suppress(Exception):
                client.cancel(list(computing), force=True)
                client.run(end_run, run.name, on_error="ignore")
                client.set_metadata([run.name], None)


def _answer(future: Any) -> list[Outcome] | None:
    """Return what a worker answered; None if workers were lost with the question."""
    if future.status != "error":
        answer: list[Outcome] = future.result()
        return answer
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


def _lost() -> EngineError:
    return EngineError(
        "the Dask scheduler was lost: it ended, or cannot be reached; finished cells "
        "are kept, run the same command again, or with --engine local, to go on"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Say what happens to the cluster once, in our own words."""
    ours = re.compile("(distributed|tornado|asyncio)([.]|$)")
    known = {*logging.root.manager.loggerDict, "distributed", "tornado", "asyncio"}
    loggers = [logging.getLogger(name) for name in known if ours.match(name)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
