"""Admission: which of the waiting cells may begin beside those that run.

A cell takes places (those of ``-j``, or the threads of a cluster's worker), cores (one
for each of its threads), and GPUs, which are its own.
"""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.base import EngineError
from bench.cells import Task

_ANY = 2**20  # more cores than any machine has
_POLL_SECONDS = 0.5  # between two checks whether a task is still wanted
VISIBLE = "CUDA_VISIBLE_DEVICES"  # the environment variable that chooses GPUs


@dataclass(frozen=True)
class Grant:
    """What a task takes while it is computed.

    Attributes
    ----------
    slots, cores
        The number of places and of cores.
    gpus
        The names of its GPUs, see `bench.engines.devices.visible_gpus`.
    """

    slots: int
    cores: int
    gpus: tuple[str, ...]


class Places:
    """The places, cores and GPUs that tasks share.

    Tasks are offered in the order in which they wait. What the first one lacks is kept
    for it: later ones begin before it only if they need nothing of that kind. So a wide
    task waits until enough places are free, and a task that waits for a GPU alone lets
    others pass that need none.

    Parameters
    ----------
    jobs
        The number of places. A task that asks for more takes all.
    cores
        The number of cores; by default their number is no limit.
    gpus
        The names of the GPUs.
    """

    def __init__(
        self, jobs: int, cores: int | None = None, gpus: Sequence[str] = ()
    ) -> None:
        self.jobs = jobs
        self.cores = _ANY if cores is None else cores
        self.n_gpus = len(gpus)
        self._free = {"slots": jobs, "cores": self.cores, "gpus": self.n_gpus}
        self._gpus = list(gpus)
        self._kept: set[str] = set()  # kinds that a waiting task lacks

    @property
    def is_full(self) -> bool:
        """Whether no task can begin, whatever it asks for."""
        return any(self._free[k] == 0 or k in self._kept for k in ("slots", "cores"))

    def admits(self, task: Task) -> bool:
        """Tell whether a task may begin; if not, keep for it what it lacks.

        Raises
        ------
        EngineError
            If it asks for more GPUs than there are.
        """
        needed = self._needed(task)
        lacking = {kind for kind, n in needed.items() if n > self._free[kind]}
        if lacking:
            self._kept |= lacking
            return False
        return not any(needed[kind] for kind in self._kept)

    def take(self, task: Task) -> Grant | None:
        """Take what a task needs; None if it must wait, see `admits`."""
        if not self.admits(task):
            return None
        needed = self._needed(task)
        for kind, n in needed.items():
            self._free[kind] -= n
        gpus = tuple(self._gpus.pop(0) for _ in range(needed["gpus"]))
        return Grant(needed["slots"], needed["cores"], gpus)

    def give_back(self, grant: Grant) -> None:
        """Free what a task took; those that wait are then offered again, in order."""
        self._free["slots"] += grant.slots
        self._free["cores"] += grant.cores
        self._free["gpus"] += len(grant.gpus)
        self._gpus += grant.gpus
        self.offer_again()

    def offer_again(self) -> None:
        """Keep nothing any more: the tasks that wait are offered again, in order."""
        self._kept.clear()

    def share(self, task: Task) -> float:
        """Return the part of all this that a task takes, from 0 to 1."""
        needed = self._needed(task)
        all_of = {"slots": self.jobs, "cores": self.cores, "gpus": self.n_gpus}
        return max(n / all_of[kind] for kind, n in needed.items() if n)

    def _needed(self, task: Task) -> dict[str, int]:
        if task.gpus > self.n_gpus:
            raise EngineError(
                f"resources.gpu: '{task.name}' asks for {task.gpus} and there are "
                f"{self.n_gpus}"
            )
        slots, cores = min(task.slots, self.jobs), min(task.threads, self.cores)
        return {"slots": slots, "cores": cores, "gpus": task.gpus}


class Line:
    """Threads that wait for their turn at `Places`, in the order in which they came."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._changed = threading.Condition()
        self._waiting: list[Task] = []
        self._granted: dict[int, Grant] = {}  # by the id of the task

    def take(
        self, task: Task, is_wanted: Callable[[], bool] = lambda: True
    ) -> Grant | None:
        """Wait until a task may begin, and take what it needs.

        None if it is not wanted any more, which is asked twice a second.
        """
        with self._changed:
            self._waiting.append(task)
            self._admit()
            while id(task) not in self._granted:
                has_changed = self._changed.wait(_POLL_SECONDS)
                if not has_changed and not is_wanted():
                    self._waiting.remove(task)
                    self._admit()
                    return None
            return self._granted.pop(id(task))

    def give_back(self, grant: Grant) -> None:
        """Free what a task took, for those that wait."""
        with self._changed:
            self.places.give_back(grant)
            self._admit()

    def _admit(self) -> None:
        self.places.offer_again()
        for task in tuple(self._waiting):
            grant = self.places.take(task)
            if grant is not None:
                self._waiting.remove(task)
                self._granted[id(task)] = grant
        self._changed.notify_all()


def on_gpus(
    gpus: tuple[str, ...], function: Callable[..., Any], *arguments: Any
) -> Any:
    """Call a function in this process, which then sees no GPUs but these.

    CUDA reads the variable when it starts, which a process before must not have done.
    """
    os.environ[VISIBLE] = ",".join(gpus)
    return function(*arguments)
