"""A process with its descendants: measure their memory, limit it, and end them."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from glob import glob
from pathlib import Path

import psutil

if sys.platform != "win32":
    import resource


# Options of Linux's prctl(2), from <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class Tree:
    """A process with its descendants.

    Parameters
    ----------
    pid
        Process id of the root.
    adopter
        Process id of the process that inherits orphans of the tree (see
        `adopt_orphans`), if there is one. All its descendants belong to the tree.
    """

    def __init__(self, pid: int, adopter: int | None = None) -> None:
        self.pid = pid
        self.adopter = adopter
        self._seen: set[psutil.Process] = set()

    def members(self) -> set[psutil.Process]:
        """Return the living processes of the tree.

        A process that was seen once stays a member, even if its parent has ended and it
        is no longer a descendant.
        """
        top = self.pid if self.adopter is None else self.adopter
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(top)
            self._seen.update(_descendants(root))
            if self.adopter is None:
                self._seen.add(root)
        self._seen = {process for process in self._seen if process.is_running()}
        return self._seen

    def resident(self, shared_once: bool = False) -> int:
        """Return the resident memory of the tree, in bytes.

        Parameters
        ----------
        shared_once
            Whether a page that several processes share counts once, and not once for
            each. This takes longer, and is possible on Linux only.
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
        """Kill every process, also those that are started in the meantime."""
        # A process that hangs within the kernel cannot be killed: give up on it.
        deadline = time.monotonic() + 5.0
        while (alive := self._alive()) and time.monotonic() < deadline:
            _signal_all(alive, "kill")
            time.sleep(0.002)

    def stop(self, grace: float) -> None:
        """Ask every process to end; kill those that still run after `grace` seconds."""
        _signal_all(self._alive(), "terminate")
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and self._alive():
            time.sleep(0.01)
        self.kill()

    def _alive(self) -> list[psutil.Process]:
        return [process for process in self.members() if not _has_ended(process)]


def _descendants(root: psutil.Process) -> Iterator[psutil.Process]:
    """Yield the living descendants of a process."""
    if not Path("/proc/self/task", str(os.getpid()), "children").exists():
        yield from root.children(recursive=True)
        return
    # Where the kernel lists children this is ten times faster than psutil, which reads
    # the parents of all processes of the machine.
    waiting = [root.pid]
    while waiting:
        pid = waiting.pop()
        for task in glob(f"/proc/{pid}/task/*/children"):  # noqa: PTH207 (four times as fast)
            with contextlib.suppress(OSError):  # it has ended
                children = Path(task).read_text().split()
                waiting += map(int, children)
                for child in children:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        yield psutil.Process(int(child))


def has_children() -> bool:
    """Return whether this process, which must have a single thread, has a child."""
    try:
        # On Linux this is much faster than psutil, which lists all processes.
        with open(f"/proc/self/task/{os.getpid()}/children") as stream:  # noqa: PTH123 (twice as fast)
            return bool(stream.read(1))
    except OSError:
        return bool(psutil.Process().children())


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (Linux only)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Have this process killed when the thread that forked it ends (Linux only)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def limit_memory(n_bytes: int) -> None:
    """Limit this process's private memory to `n_bytes` more than it has (Linux only).

    The watchdog looks at the resident memory now and then only. With this limit, one
    huge allocation raises a MemoryError at once.
    """
    if sys.platform != "linux":
        return
    mapped = psutil.Process().memory_info().data
    _, hard_limit = resource.getrlimit(resource.RLIMIT_DATA)
    limit = n_bytes + mapped
    if hard_limit != resource.RLIM_INFINITY:
        limit = min(limit, hard_limit)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard_limit))


def no_core_files() -> None:
    """Write no core file when this process crashes."""
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def signal_name(number: int) -> str:
    """Return the name of a signal, such as SIGSEGV."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _signal_all(processes: Iterable[psutil.Process], method: str) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            getattr(process, method)()


def _has_ended(process: psutil.Process) -> bool:
    """Return whether a process has ended; a zombie has, though it is still listed."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
