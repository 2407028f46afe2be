"""The Dask engine: cells computed by the workers of a cluster.

The client alone writes results. Curves are derived from seeds on the worker, so what
travels is a recipe of a few kilobytes and, back, a cell's predictions.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import dask
from distributed import (
    CancelledError,
    Client,
    KilledWorker,
    LocalCluster,
    as_completed,
)

from bench.cells import Cell
from bench.engines import Computed
from bench.errors import BenchError, EngineError
from bench.isolate import MAX_ATTEMPTS
from bench.worker import Run, compute_here, end_run

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

    scheduler: str | None = None
    cluster: str | None = None
    workers: int = 1
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def memory(self) -> None:
        """Each worker divides its own memory."""
        return

    def run(self, cells: Sequence[Cell], wanted: Callable[[Cell], bool]) -> Computed:
        """Compute cells on the workers, as many at a time as these have threads.

        Raises
        ------
        EngineError
            If the cluster cannot be reached or is lost, or a worker is unlike us.
        """
        chosen = list(filter(wanted, cells))
        if not chosen:
            return
        with self._client() as client:
            yield from _compute(client, chosen)

    @contextmanager
    def _client(self) -> Iterator[Client]:
        settings = {
            "distributed.comm.timeouts.connect": f"{_CONNECT_SECONDS}s",
            "distributed.comm.retry.count": 0,
        }
        with ExitStack() as stack:
            stack.enter_context(_quiet())
            stack.enter_context(dask.config.set(settings))
            address: Any = self.scheduler
            if self.cluster is not None:
                address = stack.enter_context(self._started())
            try:
                client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
            except (OSError, ValueError, ImportError) as error:
                raise EngineError(
                    f"no Dask scheduler answers at {self.scheduler}: {error}; start "
                    "one with `dask scheduler`, or run here with --engine local"
                ) from None
            try:
                _wait_for_workers(client)
                yield client
            finally:
                with suppress(Exception):  # a scheduler that is gone cannot say so
                    client.close(timeout=2)

    def _started(self) -> Any:
        try:
            if self.cluster == "local":
                defaults = {"threads_per_worker": 1, "dashboard_address": None}
                return LocalCluster(n_workers=self.workers, **(defaults | self.options))
            from dask_jobqueue.slurm import SLURMCluster

            cluster = SLURMCluster(**self.options)
            cluster.scale(self.workers)
        except Exception as error:
            raise EngineError(
                f"the '{self.cluster}' cluster cannot be started: "
                f"{type(error).__name__}: {error}; see options in the parallel file"
            ) from None
        return cluster


def _compute(client: Client, cells: Sequence[Cell]) -> Computed:
    modules = {cell.classifier.class_path.rpartition(".")[0] for cell in cells}
    run = Run(f"bench-{uuid.uuid4().hex}", cells[0].threads, tuple(sorted(modules)))
    begun: Counter[str] = Counter()
    by_key: dict[str, Any] = {}

    async def count(event: tuple[float, str]) -> None:
        """Note that a worker began a cell; once too often, give it up."""
        key = event[1]
        begun[key] += 1
        if begun[key] > MAX_ATTEMPTS:
            await client.cancel([by_key[key]], asynchronous=True, force=True)

    client.subscribe_topic(run.name, count)
    for cell in cells:
        name = f"{run.name}-{cell.key}"
        by_key[cell.key] = client.submit(
            compute_here, cell, run, key=name, pure=False, retries=0
        )
    computing = {by_key[cell.key]: cell for cell in cells}
    try:
        for future in as_completed(list(computing), loop=client.loop):
            cell = computing.pop(future)
            attempts = begun[cell.key]
            try:
                result, arrays = future.result()
            except (KilledWorker, CancelledError) as problem:
                if isinstance(problem, CancelledError) and attempts <= MAX_ATTEMPTS:
                    raise _lost("it was killed, or cannot be reached") from None
                message = "the worker that computed it was lost, each time"
                error = {"type": "Lost", "message": message, "traceback": ""}
                result, arrays = cell.result("crashed", error=error), None
                attempts = min(attempts, MAX_ATTEMPTS)
            except OSError as error:
                raise _lost(str(error)) from None
            except BenchError:
                raise
            except Exception as error:
                raise EngineError(
                    f"the workers cannot compute: {type(error).__name__}: {error}; "
                    "install the same versions of function-bench, and of what the "
                    "suite's classes need, on every machine"
                ) from None
            del by_key[cell.key]
            future.release()
            attempts = max(result.attempts, attempts)
            yield cell, replace(result, attempts=attempts), arrays
    finally:
        with suppress(Exception, CancelledError):
            client.cancel(list(computing), force=True)
            client.run(end_run, run.name, on_error="ignore")


def _wait_for_workers(client: Client) -> None:
    try:
        client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
    except TimeoutError:
        raise EngineError(
            f"the Dask scheduler has no workers after {_WORKERS_SECONDS} s; start some "
            "with `dask worker ADDRESS --nthreads 1`"
        ) from None


def _lost(why: str) -> EngineError:
    return EngineError(
        f"the Dask scheduler was lost: {why}; finished cells are kept, run the same "
        "command again, or with --engine local, to go on"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Say what happens to the cluster once, in our own words."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
