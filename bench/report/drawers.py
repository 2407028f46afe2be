"""Processes that draw the figures of a report at the same time."""

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from bench.base import OutputError

P = ParamSpec("P")
T = TypeVar("T")
# A copy of this process has all packages already, where another would import them for
# longer than it draws. Only on Linux is it safe: macOS has threads that do not survive.
_METHOD = "fork" if sys.platform == "linux" else "spawn"


class Drawers:
    """Processes that are started with the first figure and ended by `close`.

    Parameters
    ----------
    jobs
        The number of processes.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None

    def begin(
        self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Callable[[], T]:
        """Begin a call; return a function that waits for what it returns.

        Raises
        ------
        OutputError
            From that function, if the process of the call ended.
        """
        if self._pool is None:
            context = multiprocessing.get_context(_METHOD)
            self._pool = ProcessPoolExecutor(self._jobs, context, _prepare)
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns of threads, which here are those of BLAS: it ends
                # them before a fork and starts them again.
                warnings.simplefilter("ignore", DeprecationWarning)
                future = self._pool.submit(work, *args, **kwargs)
        except BrokenProcessPool:
            raise _ended() from None
        return lambda: _result(future)

    def close(self) -> None:
        """End the processes; calls that are not begun are left out."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _result(future: Future[T]) -> T:
    try:
        return future.result()
    except BrokenProcessPool:
        raise _ended() from None


def _ended() -> OutputError:
    return OutputError(
        "a process that draws figures was ended from outside, such as for lack of "
        "memory; expected it to draw on: the same command goes on, and `-j 1` needs "
        "the least memory"
    )


def _prepare() -> None:
    """Leave Ctrl-C to the main process, and end when that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # since this process draws for one
    parent.join()
    os._exit(1)
