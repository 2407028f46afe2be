"""The workers of a Dask cluster that can compute a cell, and how many at a time.

Dask gives a task to workers that offer the resources which the task asks for: a worker
says on its command line what it offers, ``dask worker --resources "GPU=1 slots=4"``.
Workers that are started for a class of cells offer a resource that only these ask for.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distributed import Client

from bench.base import EngineError
from bench.cells import Task
from bench.engines.admission import VISIBLE

if TYPE_CHECKING:
    from bench.engines.config import CellClass

GPU, SLOTS = "GPU", "slots"  # resources that workers may offer
_AHEAD = 2  # batches for each cell that is computed at a time
_FRESH_SECONDS = 1.0  # for which what is known of the workers is not asked again
_POLL_SECONDS = 0.2


def class_of(task: Task, classes: Sequence["CellClass"]) -> int | None:
    """Return the position of the first class that a task is of; None if there is none.

    Where there are classes, tasks of none are those of ordinary jobs.
    """
    return next((i for i, each in enumerate(classes) if each.has(task)), None)


def resource_of(position: int | None) -> str:
    """Return the resource that jobs of a class offer, or those of no class."""
    return "bench-plain" if position is None else f"bench-class-{position}"


@dataclass(frozen=True)
class _Worker:
    host: str
    threads: int
    offers: Mapping[str, float]


class Pools:
    """Which workers a task may go to, and how many tasks should be there.

    Parameters
    ----------
    client
        Asked for the workers, which come and go.
    classes
        The classes of cells for which workers are started.
    """

    def __init__(self, client: Client, classes: Sequence["CellClass"] = ()) -> None:
        self._client = client
        self._classes = classes
        self._asked_at = float("-inf")
        self._known: list[_Worker] = []
        self._given: Counter[Any] = Counter()

    @property
    def n_threads(self) -> int:
        """The number of threads of all workers."""
        return sum(worker.threads for worker in self._workers())

    def resources(self, task: Task) -> dict[str, float]:
        """Return what a task asks Dask for."""
        if self._classes:
            return {resource_of(class_of(task, self._classes)): 1}
        asked: dict[str, float] = {GPU: task.gpus} if task.gpus else {}
        most = max((w.offers.get(SLOTS, 0) for w in self._workers()), default=0)
        if task.slots > 1 and most:
            asked[SLOTS] = min(task.slots, most)
        return asked

    def has_room(self, task: Task) -> bool:
        """Tell whether another batch of such tasks should be given out.

        There are two for each that the workers compute at a time, so that a worker has
        the next one when it ends one; and one where no such worker is there yet.
        """
        return self._given[self._pool(task)] < max(1, _AHEAD * self.at_once(task))

    def at_once(self, task: Task) -> int:
        """Return how many such tasks the workers can compute at the same time."""
        asked = self.resources(task)
        return sum(_at_once(worker, task, asked) for worker in self._workers())

    def give(self, task: Task) -> None:
        """Note that a batch that begins with a task is given out."""
        self._given[self._pool(task)] += 1

    def take_back(self, task: Task) -> None:
        """Note that a batch has ended."""
        self._given[self._pool(task)] -= 1

    def check(self, tasks: Iterable[Task], seconds: float) -> None:
        """Wait until a worker offers what each task asks for, for so many seconds.

        Raises
        ------
        EngineError
            If none does; or if two workers of a host would use the same GPUs.
        """
        if not self._classes:
            deadline = time.monotonic() + seconds
            for task in {task.gpus: task for task in tasks if task.gpus}.values():
                while not self.at_once(task):
                    if time.monotonic() > deadline:
                        raise _not_offered(task)
                    time.sleep(_POLL_SECONDS)
                    self._asked_at = float("-inf")
                self._check_apart()

    def _check_apart(self) -> None:
        """Refuse workers of one host whose cells would share a GPU."""
        hosts = Counter(w.host for w in self._workers() if w.offers.get(GPU))
        if all(n == 1 for n in hosts.values()):
            return
        info = self._client.scheduler_info(n_workers=-1)["workers"]
        addresses = [a for a, worker in info.items() if worker["resources"].get(GPU)]
        # A function of Python itself, which a worker has in any case.
        chosen = self._client.run(os.getenv, VISIBLE, workers=addresses)
        seen: set[tuple[str, str]] = set()
        for address, gpus in chosen.items():
            host = info[address]["host"]
            mine = {(host, gpu.strip()) for gpu in (gpus or "all").split(",")}
            if hosts[host] > 1 and ((host, "all") in mine or mine & seen):
                raise EngineError(
                    f"{hosts[host]} workers of the host {host} offer GPUs, and two "
                    f"cells could get the same; set another {VISIBLE} for each worker, "
                    "or start one with a thread for each GPU"
                )
            seen |= mine

    def _pool(self, task: Task) -> Any:
        asked = self.resources(task)
        return (*sorted(asked.items()), max(task.slots, task.threads))

    def _workers(self) -> list[_Worker]:
        now = time.monotonic()
        if now - self._asked_at > _FRESH_SECONDS:
            info = self._client.scheduler_info(n_workers=-1)["workers"]
            self._known = [
                _Worker(worker["host"], worker["nthreads"], worker["resources"])
                for worker in info.values()
            ]
            self._asked_at = now
        return self._known


def places_of(n_threads: int, offers: Mapping[str, float]) -> int:
    """Return the places of a worker: those that it offers, or one for each thread."""
    return max(1, int(offers.get(SLOTS, n_threads)))


def _at_once(worker: _Worker, task: Task, asked: Mapping[str, float]) -> int:
    """Return how many such tasks a worker computes at a time, as `Places` does."""
    places = places_of(worker.threads, worker.offers)
    numbers: Iterator[float] = iter(
        (
            worker.threads,
            places // min(task.slots, places),
            worker.threads // min(task.threads, worker.threads),
            *(worker.offers.get(name, 0) // n for name, n in asked.items()),
        )
    )
    return int(min(numbers))


def _not_offered(task: Task) -> EngineError:
    return EngineError(
        f"resources.gpu: '{task.name}' asks for {task.gpus}, and no worker of the "
        f"cluster offers that; start one with `dask worker ADDRESS --nthreads 1 "
        f'--resources "{GPU}={task.gpus}"`'
    )
