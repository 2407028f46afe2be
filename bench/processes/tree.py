"""Processes and their descendants: how much they hold, and how they are ended."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable

import psutil

if sys.platform != "win32":
    import resource


_SET_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36


class Tree:
    """A process with its descendants.

    Parameters
    ----------
    pid
        Its root.
    adopter
        The process that inherits orphans of the tree (see `adopt_orphans`), if there
        is one; whatever lives below it belongs to the tree.
    """

    def __init__(self, pid: int, adopter: int | None = None) -> None:
        self.pid = pid
        self.adopter = adopter
        self._seen: set[psutil.Process] = set()

    def members(self) -> set[psutil.Process]:
        """Return the living processes of the tree; those once seen are not lost."""
        top = self.pid if self.adopter is None else self.adopter
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(top)
            self._seen.update(root.children(recursive=True))
            if self.adopter is None:
                self._seen.add(root)
        self._seen = {process for process in self._seen if process.is_running()}
        return self._seen

    def resident(self, shared_once: bool = False) -> int:
        """Return the bytes resident in the tree.

        Pages that forks share count once for each process, unless `shared_once`, which
        costs more and is known on Linux only.
        """
        total = 0
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                if shared_once and psutil.LINUX:
                    total += process.memory_full_info().pss
                else:
                    total += process.memory_info().rss
        return total

    def kill(self) -> None:
        """End every process at once, also those that are born while we do."""
        deadline = time.monotonic() + 5.0  # one that hangs in the system must wait
        while (alive := self._alive()) and time.monotonic() < deadline:
            _send(alive, "kill")
            time.sleep(0.002)

    def stop(self, grace: float) -> None:
        """Ask every process to end; kill what is left after `grace` seconds."""
        _send(self._alive(), "terminate")
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and self._alive():
            time.sleep(0.01)
        self.kill()

    def _alive(self) -> list[psutil.Process]:
        return [process for process in self.members() if not _is_over(process)]


def has_children() -> bool:
    """Whether this process, of one thread, has a child; quick on Linux."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as stream:  # noqa: PTH123 (twice as fast)
            return bool(stream.read(1))
    except OSError:
        return bool(psutil.Process().children())


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, where Linux lets us."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Have this process killed when the thread that forked it ends, on Linux."""
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def limit_memory(n_bytes: int) -> None:
    """Refuse private memory beyond `n_bytes` and what is mapped already.

    A wall behind the watch over resident memory: one huge allocation raises at once.
    """
    if sys.platform != "linux":
        return
    mapped = psutil.Process().memory_info().data
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wall = n_bytes + mapped
    if hard != resource.RLIM_INFINITY:
        wall = min(wall, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wall, hard))


def no_core_files() -> None:
    """Leave no memory image behind when this process crashes."""
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def signal_name(number: int) -> str:
    """Return what a signal is called, such as SIGSEGV."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _send(processes: Iterable[psutil.Process], what: str) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            getattr(process, what)()


def _is_over(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
