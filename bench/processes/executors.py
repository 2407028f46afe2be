"""Calls made in processes of their own, from the caller's end."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Protocol

from bench.processes.tree import Tree
from bench.processes.watchdog import CallOutcome, Child, Request, watch

_CLOSE_SECONDS = 10.0
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",  # what joblib takes n_jobs=-1 for
)


class Executor(Protocol):
    """Makes calls in processes of their own."""

    def start(self, token: int, request: Request) -> None:
        """Begin a call; the token will name it."""

    def wait(self) -> list[tuple[int, CallOutcome]]:
        """Wait until calls end."""

    def close(self) -> None:
        """End every call."""

    def abort(self) -> None:
        """End every call at once, from any thread; `wait` raises `AbortedError`."""


class AbortedError(Exception):
    """A runner was told to end while a call was waited for."""


class ForkServer:
    """The caller's end of `bench.processes.fork_server`: children are forked, warm."""

    def __init__(self, threads: int, modules: Iterable[str], warm_up: str = "") -> None:
        self._threads = threads
        self._modules = list(modules)
        self._warm_up = warm_up
        self._running: set[int] = set()
        self._aborted = False
        self._launch()

    def start(self, token: int, request: Request) -> None:
        """Begin a call; the token will name it."""
        self._running.add(token)
        with suppress(OSError):  # it was killed; `wait` will say so
            self._connection.send((token, request))

    def wait(self) -> list[tuple[int, CallOutcome]]:
        """Wait until calls end: all are lost, and a new nursery made, if it was."""
        try:
            token, ended = self._connection.recv()
        except (EOFError, OSError):
            if self._aborted:
                raise AbortedError from None
            lost = [(token, CallOutcome("lost")) for token in self._running]
            self._running.clear()
            self.close()
            self._launch()
            return lost
        self._running.remove(token)
        return [(token, ended)]

    def close(self) -> None:
        """End every call; interrupted in this, or taking too long, at once."""
        tree = Tree(self._process.pid)
        tree.members()  # while all are there to be seen
        try:
            self._connection.close()
            self._process.wait(_CLOSE_SECONDS)
        except (KeyboardInterrupt, subprocess.TimeoutExpired) as error:
            tree.kill()
            self._process.wait()
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def abort(self) -> None:
        """End every call at once; another thread may be in `wait`."""
        self._aborted = True
        Tree(self._process.pid).kill()

    def _launch(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="bench-")
        self._connection, theirs = Pipe()
        arguments = (theirs.fileno(), self._folder, self._modules, self._warm_up)
        self._process = subprocess.Popen(
            _python(
                f"from bench.processes.fork_server import main; main(*{arguments!r})"
            ),
            # Some packages leave files as they are imported, such as torch.
            env=_environment(self._threads) | {"TMPDIR": self._folder},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # the terminal's Ctrl-C is not for it
        )
        theirs.close()


class Spawner:
    """The same where there is no fork: a new interpreter for each call, slower."""

    def __init__(
        self, threads: int, modules: Iterable[str] = (), warm_up: str = ""
    ) -> None:
        self._threads = threads
        self._stopping = threading.Event()
        self._aborted = False
        self._ended: SimpleQueue[tuple[int, CallOutcome]] = SimpleQueue()
        self._folder = tempfile.mkdtemp(prefix="bench-")
        self._watchers: list[threading.Thread] = []

    def start(self, token: int, request: Request) -> None:
        """Begin a call; the token will name it."""
        watcher = threading.Thread(target=self._watch, args=(token, request))
        watcher.start()
        self._watchers = [t for t in self._watchers if t.is_alive()] + [watcher]

    def wait(self) -> list[tuple[int, CallOutcome]]:
        """Wait until a call ends."""
        token, ended = self._ended.get()
        if self._aborted:
            raise AbortedError
        return [(token, ended)]

    def close(self) -> None:
        """End every call."""
        self._stopping.set()
        for watcher in self._watchers:
            watcher.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def abort(self) -> None:
        """End every call; another thread may be in `wait`."""
        self._aborted = True
        self._stopping.set()

    def _watch(self, token: int, request: Request) -> None:
        def start(answer: IO[bytes], log: IO[bytes], scratch: Path) -> Child:
            with tempfile.TemporaryFile(dir=scratch) as question:
                pickle.dump(request, question)
                question.seek(0)
                return subprocess.Popen(
                    _python(
                        "from bench.processes.fork_server import serve_once; "
                        "serve_once()"
                    ),
                    env=_environment(self._threads) | {"TMPDIR": str(scratch)},
                    stdin=question,
                    stdout=answer,
                    stderr=log,
                )

        def told_to_stop(child: Child, seconds: float) -> bool:
            return self._stopping.wait(min(seconds, 0.02))

        folder = Path(self._folder)
        ended = watch(start, request.limits, told_to_stop, folder)
        self._ended.put((token, ended))


def new_executor(
    threads: int, modules: Iterable[str] = (), warm_up: str = ""
) -> Executor:
    """Start what calls will be made in: fast where the system can fork.

    Parameters
    ----------
    threads : int
        That a call may use.
    modules
        To import once, before the first call.
    warm_up
        A function to call then, as ``module:function``.
    """
    kind = ForkServer if hasattr(os, "fork") else Spawner
    return kind(threads, modules, warm_up)


def _python(code: str) -> list[str]:
    """Start an interpreter that finds modules where this one does."""
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]


def _environment(threads: int) -> dict[str, str]:
    """Limit the threads of what a child, or the nursery, is about to import."""
    return dict(os.environ) | dict.fromkeys(_THREAD_VARIABLES, str(threads))
