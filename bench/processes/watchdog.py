"""One call in a child process, watched until it ends or goes over its limits."""

import contextlib
import faulthandler
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from bench.base import Limits
from bench.processes.tree import (
    Tree,
    die_with_parent,
    has_children,
    limit_memory,
    no_core_files,
)

GRACE_SECONDS = 2.0  # between asking a process to end and killing it
_TICK = 0.05
_SAMPLE_SECONDS = 0.1  # between two looks at the memory
_LOG_BYTES = 20_000


@dataclass(frozen=True)
class Request:
    """A call to make.

    Attributes
    ----------
    payload
        Pickled ``(function, arguments)``.
    limits
        What stops it.
    """

    payload: bytes
    limits: Limits


@dataclass(frozen=True)
class CallOutcome:
    """How a call ended.

    Attributes
    ----------
    how
        "answered"; "exited", by itself; "timeout" or "memory", stopped for a limit;
        "stopped", because we were told to; "lost", with the process that watched it.
    answer
        What the function returned, pickled; empty unless answered.
    exit_code
        Negative where a signal ended it.
    log
        The end of what was written to the standard error, a fault's stack included.
    seconds, peak
        Wall clock, and bytes held at the most, by all its processes.
    """

    how: str
    answer: bytes = b""
    exit_code: int | None = None
    log: str = ""
    seconds: float = 0.0
    peak: int = 0


class Child(Protocol):
    """What a warden needs of a process: the part that `subprocess.Popen` has too."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""


class Forked:
    """A forked child that runs `work`."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._code: int | None = None
        self.peak = 0
        self.pid = os.fork()
        if self.pid == 0:
            try:
                work()
            finally:
                os._exit(70)  # reached only where `work` could not even exit

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        if self._code is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
                scale = 1 if sys.platform == "darwin" else 1024
                self.peak = usage.ru_maxrss * scale
        return self._code


def watch(
    start: Callable[[IO[bytes], IO[bytes], Path], Child],
    limits: Limits,
    told_to_stop: Callable[[Child, float], bool],
    folder: Path,
    adopter: int | None = None,
) -> CallOutcome:
    """Run a child to its end, within its limits, and end whatever it leaves behind.

    Parameters
    ----------
    start
        Starts it, given the files for its answer and its log, and its scratch folder.
    told_to_stop
        Waits for the child to end or for that many seconds; whether to stop it.
    folder
        Where the child's scratch folder is made; nothing is left in it.
    adopter
        See `bench.processes.tree.Tree`.
    """
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(dir=folder))
    try:
        with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as log:
            child = start(answer, log, scratch)
            tree = Tree(child.pid, adopter)
            how, peak = _wait(child, tree, limits, told_to_stop, began)
            if adopter is None or has_children():
                tree.kill()
            seconds = time.monotonic() - began
            code = child.poll()
            answer.seek(0)
            returned = answer.read() if how == "exited" and code == 0 else b""
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_BYTES))
            said = log.read().decode("utf-8", "replace")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    peak = max(peak, getattr(child, "peak", 0))
    return CallOutcome(
        "answered" if returned else how, returned, code, said, seconds, peak
    )


def _wait(
    child: Child,
    tree: Tree,
    limits: Limits,
    told_to_stop: Callable[[Child, float], bool],
    began: float,
) -> tuple[str, int]:
    peak = 0
    sample_at = began + _SAMPLE_SECONDS
    while child.poll() is None:
        now = time.monotonic()
        if limits.timeout is not None and now - began > limits.timeout:
            tree.stop(GRACE_SECONDS)
            return "timeout", max(peak, tree.resident())
        if now >= sample_at:
            held = tree.resident()
            if limits.memory is not None and held > limits.memory:
                held = tree.resident(shared_once=True)
                if held > limits.memory:
                    tree.kill()
                    return "memory", held
            peak = max(peak, held)
            # A tree that takes long to look at is looked at less often.
            sample_at = now + max(_SAMPLE_SECONDS, 20 * (time.monotonic() - now))
        if told_to_stop(child, _TICK):
            tree.stop(GRACE_SECONDS)
            return "stopped", peak
    return "exited", peak


def work(request: Request, answer: int, log: int, scratch: Path) -> None:
    """Make the call in this process and end it; the answer goes to a descriptor."""
    if hasattr(os, "setsid"):
        os.setsid()  # the terminal's Ctrl-C is not for us
    for name in ("SIGINT", "SIGTERM", "SIGCHLD"):
        with contextlib.suppress(AttributeError, ValueError):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor, target in ((0, nothing), (1, nothing), (2, log)):
        os.dup2(target, descriptor)
    faulthandler.enable(2)
    die_with_parent()
    no_core_files()
    for name in ("TMPDIR", "TEMP", "TMP", "JOBLIB_TEMP_FOLDER"):
        os.environ[name] = str(scratch)
    tempfile.tempdir = None  # to be looked up again
    if request.limits.memory is not None:
        limit_memory(request.limits.memory)
    code = 0
    try:
        function, arguments = pickle.loads(request.payload)
        returned: Any = pickle.dumps(function(*arguments))
        with open(answer, "wb", closefd=False) as stream:
            stream.write(returned)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)  # the nursery's exit functions are not ours to run
