"""The fork server: a warm process that runs each call in a child of its own.

    caller ─ fork server ─┬─ watchdog ── child: one call
                          └─ watchdog ── child: one call

The fork server has imported the heavy packages once and has never computed anything,
so that a child is ready as soon as it is forked. A child makes one call, or several
small ones in turn. There is one watchdog for each call
that runs at the same time. It watches its child and inherits the orphans that the child
leaves, so that it can end whatever still lives below it after a call. When a process of
this picture ends, all processes to the right of it end as well.
"""

import gc
import os
import pickle
import shutil
import signal
import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import IO

import psutil

from bench.processes.tree import Tree, adopt_orphans
from bench.processes.watchdog import (
    CallOutcome,
    Child,
    ForkedChild,
    Progress,
    Request,
    make_call,
    watch,
)


def main(descriptor: int, folder: str, modules: list[str], warm_up: str) -> None:
    """Serve the caller until it closes its end of the connection, or ends.

    Parameters
    ----------
    descriptor
        File descriptor of the server's end of the connection.
    folder
        Folder of scratch files; deleted at the end.
    modules
        Modules to import first.
    warm_up
        A function without arguments to call after them, as ``module:function``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    adopt_orphans()
    for name in modules:
        # A call that needs the module will raise the same error, and report it.
        with suppress(Exception, SystemExit):
            import_module(name)
    if warm_up:
        module, _, function = warm_up.partition(":")
        getattr(import_module(module), function)()
    gc.collect()
    # Without this, garbage collection in a child would write to every shared page, and
    # so copy it.
    gc.freeze()
    watchdogs: dict[Connection, int] = {}  # to their process ids
    try:
        _serve(Connection(descriptor), Path(folder), watchdogs)
    finally:
        for connection in watchdogs:
            connection.close()
        for pid in watchdogs.values():
            os.waitpid(pid, 0)
        _end_orphans({})
        shutil.rmtree(folder, ignore_errors=True)


def _serve(caller: Connection, folder: Path, watchdogs: dict[Connection, int]) -> None:
    """Pass requests to idle or new watchdogs, and outcomes to the caller."""
    idle: list[Connection] = []
    busy: dict[Connection, int] = {}
    while True:
        for ready in wait([caller, *busy]):
            assert isinstance(ready, Connection)
            if ready is caller:
                try:
                    token, request = caller.recv()
                except (EOFError, OSError):
                    return
                watchdog = (
                    idle.pop() if idle else _start_watchdog(caller, folder, watchdogs)
                )
                watchdog.send(request)
                busy[watchdog] = token
                continue
            token = busy.pop(ready)
            try:
                outcome = ready.recv()
                idle.append(ready)
            except (EOFError, OSError):  # the watchdog was killed
                outcome = CallOutcome("lost")
                os.waitpid(watchdogs.pop(ready), 0)
                _end_orphans(watchdogs)
            try:
                caller.send((token, outcome))
            except OSError:
                return


def _start_watchdog(
    caller: Connection, folder: Path, watchdogs: dict[Connection, int]
) -> Connection:
    ours, theirs = Pipe()
    pid = os.fork()
    if pid:
        theirs.close()
        watchdogs[ours] = pid
        return ours
    try:
        # A connection is only seen as closed when no process holds its other end.
        for connection in (caller, ours, *watchdogs):
            connection.close()
        _run_watchdog(theirs, folder)
    finally:
        os._exit(0)
    raise AssertionError  # for type checkers: this line is never reached


def _run_watchdog(requests: Connection, folder: Path) -> None:
    """Run one call after another until the fork server ends."""
    adopt_orphans()
    while True:
        try:
            request: Request = requests.recv()
        except (EOFError, OSError):
            return

        progress = Progress() if request.calls > 1 else None
        outcome = watch(
            partial(_fork, requests, request, progress),
            request.limits,
            partial(_wait_for_server_end, requests),
            folder,
            os.getpid(),
            progress,
        )
        if progress is not None:
            progress.close()
        _reap_orphans()
        if outcome.how == "stopped":
            return
        with suppress(OSError):  # the fork server ended at this moment
            requests.send(outcome)


def _fork(
    requests: Connection,
    request: Request,
    progress: Progress | None,
    answer: IO[bytes],
    log: IO[bytes],
    scratch: Path,
) -> Child:
    def run() -> None:
        requests.close()
        make_call(request, answer.fileno(), log.fileno(), scratch, progress)

    return ForkedChild(run)


def _wait_for_server_end(requests: Connection, child: Child, seconds: float) -> bool:
    """Wait until the child or the fork server ends; return whether the server did.

    The server sends nothing while a child runs, so that the connection becomes ready
    only when it is closed.
    """
    try:
        sentinel = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # not Linux, or forbidden in a container
        # Short: the end of the child does not interrupt this wait.
        return requests in wait([requests], min(seconds, 0.005))
    try:
        return requests in wait([requests, sentinel], seconds)
    finally:
        os.close(sentinel)


def _end_orphans(watchdogs: dict[Connection, int]) -> None:
    """End the processes that a watchdog left when it was killed itself."""
    for process in psutil.Process().children():
        if process.pid not in watchdogs.values():
            Tree(process.pid).kill()
    # One by one: waiting for any child would take the exit codes of the watchdogs.
    for process in psutil.Process().children():
        if process.pid not in watchdogs.values():
            os.waitpid(process.pid, os.WNOHANG)


def _reap_orphans() -> None:
    """Collect the exit codes of adopted orphans, which would stay as zombies."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def serve_once() -> None:
    """Make one call, for `Spawner`: request on standard input, answer on the output."""
    request: Request = pickle.load(sys.stdin.buffer)
    answer, log = os.dup(1), os.dup(2)
    make_call(request, answer, log, Path(os.environ["TMPDIR"]))
