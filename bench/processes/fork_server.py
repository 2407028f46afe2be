"""A warm process that runs calls, each in a child of its own.

    caller ─ nursery ─┬─ warden ── child: one call
                      └─ warden ── child: one call

The nursery has imported the heavy packages once and never computed, so that a child is
ready as soon as it is forked. There is a warden for each call that runs at the same
time: it watches its child, and since it inherits the orphans that the child leaves,
whatever lives below it between two calls is ended. When a process of this picture
ends, so does all to the right of it.
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
from bench.processes.watchdog import CallOutcome, Child, Forked, Request, watch, work


def main(descriptor: int, folder: str, modules: list[str], warm_up: str) -> None:
    """Serve the process that holds the other end, until it closes it or ends.

    Parameters
    ----------
    descriptor
        Of our end.
    folder
        Of scratch files; deleted at the end.
    modules
        To import first.
    warm_up
        A function without arguments to call then, as ``module:function``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    adopt_orphans()
    for name in modules:
        with suppress(
            Exception, SystemExit
        ):  # the call that needs it will say what is wrong
            import_module(name)
    if warm_up:
        module, _, function = warm_up.partition(":")
        getattr(import_module(module), function)()
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    wardens: dict[Connection, int] = {}
    try:
        _serve(Connection(descriptor), Path(folder), wardens)
    finally:
        for connection in wardens:
            connection.close()
        for pid in wardens.values():
            os.waitpid(pid, 0)
        _end_orphans({})
        shutil.rmtree(folder, ignore_errors=True)


def _serve(caller: Connection, folder: Path, wardens: dict[Connection, int]) -> None:
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
                warden = idle.pop() if idle else _new_warden(caller, folder, wardens)
                warden.send(request)
                busy[warden] = token
                continue
            token = busy.pop(ready)
            try:
                ended = ready.recv()
                idle.append(ready)
            except (EOFError, OSError):
                ended = CallOutcome("lost")
                os.waitpid(wardens.pop(ready), 0)
                _end_orphans(wardens)
            try:
                caller.send((token, ended))
            except OSError:
                return


def _new_warden(
    caller: Connection, folder: Path, wardens: dict[Connection, int]
) -> Connection:
    ours, theirs = Pipe()
    pid = os.fork()
    if pid:
        theirs.close()
        wardens[ours] = pid
        return ours
    try:
        for connection in (caller, ours, *wardens):
            connection.close()  # so that each end is held by one process alone
        _warden(theirs, folder)
    finally:
        os._exit(0)
    raise AssertionError  # for type checkers: nobody gets here


def _warden(requests: Connection, folder: Path) -> None:
    """Run one call after another until the nursery goes."""
    adopt_orphans()
    while True:
        try:
            request: Request = requests.recv()
        except (EOFError, OSError):
            return

        ended = watch(
            partial(_fork, requests, request),
            request.limits,
            partial(_nursery_gone, requests),
            folder,
            os.getpid(),
        )
        _reap_orphans()
        if ended.how == "stopped":
            return
        with suppress(OSError):  # then the nursery went in this moment
            requests.send(ended)


def _fork(
    requests: Connection,
    request: Request,
    answer: IO[bytes],
    log: IO[bytes],
    scratch: Path,
) -> Child:
    def run() -> None:
        requests.close()
        work(request, answer.fileno(), log.fileno(), scratch)

    return Forked(run)


def _nursery_gone(requests: Connection, child: Child, seconds: float) -> bool:
    """Wait for the child's end; while it runs, the nursery can only hang up."""
    try:
        sentinel = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # not Linux, or forbidden in a container
        return requests in wait([requests], min(seconds, 0.005))
    try:
        return requests in wait([requests, sentinel], seconds)
    finally:
        os.close(sentinel)


def _end_orphans(wardens: dict[Connection, int]) -> None:
    """End what a warden left when it was killed itself."""
    for process in psutil.Process().children():
        if process.pid not in wardens.values():
            Tree(process.pid).kill()
    # Reaped by number: the wardens' own codes are waited for elsewhere.
    for process in psutil.Process().children():
        if process.pid not in wardens.values():
            os.waitpid(process.pid, os.WNOHANG)


def _reap_orphans() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def serve_once() -> None:
    """Make one call: pickled request on the standard input, answer on the output."""
    request: Request = pickle.load(sys.stdin.buffer)
    answer, log = os.dup(1), os.dup(2)
    work(request, answer, log, Path(os.environ["TMPDIR"]))
