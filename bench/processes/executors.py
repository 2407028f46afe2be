"""Executors: make calls in processes of their own and wait for them."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import SimpleQueue
from typing import IO, ClassVar, Protocol

from bench.processes.tree import Tree
from bench.processes.watchdog import CallOutcome, Child, Request, watch

_CLOSE_SECONDS = 10.0  # after which the fork server is killed
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",  # the number of jobs that joblib uses for n_jobs=-1
)


class Executor(Protocol):
    """Makes calls in processes of their own."""

    makes_several: ClassVar[bool]  # whether one process can make several calls

    @property
    def folder(self) -> str:
        """A folder for files that calls read, which is deleted with the executor."""

    def start(self, token: int, request: Request) -> None:
        """Start a call; `wait` returns its outcome under the token."""

    def wait(self) -> list[tuple[int, CallOutcome]]:
        """Wait until at least one call ends; return tokens and outcomes."""

    def close(self) -> None:
        """End every call and free all resources."""

    def abort(self) -> None:
        """End every call at once, from any thread; `wait` raises `AbortedError`."""


class AbortedError(Exception):
    """An executor was aborted while another thread waited for its calls."""


class ForkServer:
    """An executor that forks a warm process for each call, of one number of threads.

    It is the caller's end of `bench.processes.fork_server`.

    Parameters
    ----------
    threads, modules, warm_up
        See `new_executor`.
    """

    makes_several: ClassVar[bool] = True

    def __init__(self, threads: int, modules: Iterable[str], warm_up: str = "") -> None:
        self._threads = threads
        self._modules = list(modules)
        self._warm_up = warm_up
        self._running: set[int] = set()
        self._aborted = False
        self._launch()

    @property
    def connection(self) -> Connection:
        """What can be read once `wait` need not wait any more."""
        return self._connection

    def start(self, token: int, request: Request) -> None:
        """Start a call; `wait` returns its outcome under the token."""
        self._running.add(token)
        with suppress(OSError):  # the server was killed, which `wait` notices
            self._connection.send((token, request))

    def wait(self) -> list[tuple[int, CallOutcome]]:
        """Wait until a call ends.

        If the server itself was killed, a new one is started and all calls are lost.
        """
        try:
            token, outcome = self._connection.recv()
        except (EOFError, OSError):
            if self._aborted:
                raise AbortedError from None
            lost = [(token, CallOutcome("lost")) for token in self._running]
            self._running.clear()
            self.close()
            self._launch()
            return lost
        self._running.remove(token)
        return [(token, outcome)]

    def close(self) -> None:
        """End every call; kill the processes if that takes long or is interrupted."""
        tree = Tree(self._process.pid)
        tree.members()  # remember them: descendants of an ended process are not found
        try:
            self._connection.close()
            self._process.wait(_CLOSE_SECONDS)
        except (KeyboardInterrupt, subprocess.TimeoutExpired) as error:
            tree.kill()
            self._process.wait()
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def abort(self) -> None:
        """Kill every call; a thread that is in `wait` gets `AbortedError`."""
        self._aborted = True
        Tree(self._process.pid).kill()

    def _launch(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="bench-")
        self._connection, theirs = Pipe()
        arguments = (theirs.fileno(), self.folder, self._modules, self._warm_up)
        self._process = subprocess.Popen(
            _python(
                f"from bench.processes.fork_server import main; main(*{arguments!r})"
            ),
            # Some packages, such as torch, leave files there when they are imported.
            env=_environment(self._threads) | {"TMPDIR": self.folder},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # so that Ctrl-C in the terminal does not reach it
        )
        theirs.close()


class ForkServers:
    """An executor with a fork server for each number of threads that calls ask for.

    Libraries read the variables that limit their threads when they are loaded, so that
    a server is of one number. It is started when a call first asks for that.

    Parameters
    ----------
    threads, modules, warm_up
        See `new_executor`. The server of this number is started at once.
    """

    makes_several: ClassVar[bool] = True

    def __init__(self, threads: int, modules: Iterable[str], warm_up: str = "") -> None:
        self._threads = threads
        self._modules = list(modules)
        self._warm_up = warm_up
        self._lock = threading.Lock()  # `abort` is called by any thread
        self._aborted = False
        self._servers = {threads: ForkServer(threads, self._modules, warm_up)}

    @property
    def folder(self) -> str:
        """The folder of the first server."""
        return self._servers[self._threads].folder

    def start(self, token: int, request: Request) -> None:
        """Start a call; `wait` returns its outcome under the token."""
        threads = request.threads or self._threads
        with self._lock:
            if self._aborted:
                raise AbortedError
            if threads not in self._servers:
                server = ForkServer(threads, self._modules, self._warm_up)
                self._servers[threads] = server
        self._servers[threads].start(token, request)

    def wait(self) -> list[tuple[int, CallOutcome]]:
        """Wait until a call of any server ends."""
        if len(self._servers) == 1:
            return self._servers[self._threads].wait()
        servers = {server.connection: server for server in self._servers.values()}
        return [
            end
            for ready in wait(list(servers))
            if isinstance(ready, Connection)
            for end in servers[ready].wait()
        ]

    def close(self) -> None:
        """End every call of every server."""
        with ExitStack() as stack:  # which goes on if one is interrupted
            for server in self._servers.values():
                stack.callback(server.close)

    def abort(self) -> None:
        """Kill every call; a thread that is in `wait` gets `AbortedError`."""
        with self._lock:
            self._aborted = True
            for server in self._servers.values():
                server.abort()


class Spawner:
    """An executor for systems without fork: starts a new interpreter for each call.

    It is slower than `ForkServer`, since each call imports its packages again. And a
    process that a call starts just before it ends may keep running: nobody adopts it,
    so that it must be seen while its parent still runs.

    Parameters
    ----------
    threads
        See `new_executor`.
    modules, warm_up
        Not used: there is no process that stays.
    """

    makes_several: ClassVar[bool] = False

    def __init__(
        self, threads: int, modules: Iterable[str] = (), warm_up: str = ""
    ) -> None:
        self._threads = threads
        self._stopping = threading.Event()
        self._aborted = False
        self._outcomes: SimpleQueue[tuple[int, CallOutcome]] = SimpleQueue()
        self.folder = tempfile.mkdtemp(prefix="bench-")
        self._watchers: list[threading.Thread] = []

    def start(self, token: int, request: Request) -> None:
        """Start a call; `wait` returns its outcome under the token."""
        watcher = threading.Thread(target=self._watch, args=(token, request))
        watcher.start()
        self._watchers = [t for t in self._watchers if t.is_alive()] + [watcher]

    def wait(self) -> list[tuple[int, CallOutcome]]:
        """Wait until a call ends."""
        token, outcome = self._outcomes.get()
        if self._aborted:
            raise AbortedError
        return [(token, outcome)]

    def close(self) -> None:
        """End every call."""
        self._stopping.set()
        for watcher in self._watchers:
            watcher.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def abort(self) -> None:
        """End every call; a thread that is in `wait` gets `AbortedError`."""
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
                    env=_environment(request.threads or self._threads)
                    | {"TMPDIR": str(scratch)},
                    stdin=question,
                    stdout=answer,
                    stderr=log,
                )

        def wait_for_stop(child: Child, seconds: float) -> bool:
            # Short: the end of the child does not interrupt this wait.
            return self._stopping.wait(min(seconds, 0.02))

        folder = Path(self.folder)
        outcome = watch(start, request.limits, wait_for_stop, folder)
        self._outcomes.put((token, outcome))


def new_executor(
    threads: int, modules: Iterable[str] = (), warm_up: str = ""
) -> Executor:
    """Start an executor: `ForkServers` if the system can fork, otherwise `Spawner`.

    Parameters
    ----------
    threads : int
        Number of threads that a call may use whose request names none.
    modules
        Modules to import once, before the first call.
    warm_up
        A function to call after them, as ``module:function``.
    """
    kind = ForkServers if hasattr(os, "fork") else Spawner
    return kind(threads, modules, warm_up)


def _python(code: str) -> list[str]:
    """Return the command of an interpreter with the same ``sys.path`` as this one."""
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]


def _environment(threads: int) -> dict[str, str]:
    """Return the environment of a process whose libraries use that many threads."""
    return dict(os.environ) | dict.fromkeys(_THREAD_VARIABLES, str(threads))
