"""The watchdog: run calls in a child process until it ends or one exceeds a limit.

One child usually makes one call. A request may also ask for several small ones, which
the child makes in turn: each has the whole time limit, and each answer is kept as soon
as it is there, whatever becomes of the child later.
"""

import contextlib
import faulthandler
import mmap
import os
import pickle
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from bench.base import Limits
from bench.processes.tree import (
    Tree,
    die_with_parent,
    has_children,
    limit_memory,
    no_core_files,
)

GRACE_SECONDS = 2.0  # between asking a process to end and killing it
_TICK = 0.05  # seconds between two checks of the time limit
_SAMPLE_SECONDS = 0.1  # between two measurements of the memory
_LOG_BYTES = 20_000  # of the end of the standard error, which is kept
_STATE = struct.Struct("=qd")  # answers that are written; when the next call began
_HEAD = struct.Struct("=qd")  # of an answer in the file: its bytes, and its seconds


@dataclass(frozen=True)
class Request:
    """A call to make, or several.

    Attributes
    ----------
    payload
        Pickled ``(function, arguments)``.
    limits
        Time and memory beyond which the call is stopped.
    calls
        If more than one, the function returns an iterator of so many answers. The time
        limit is that of each, and the memory limit that of the process.
    threads
        Number of threads that the call may use; by default that of the executor.
    """

    payload: bytes
    limits: Limits
    calls: int = 1
    threads: int | None = None


@dataclass(frozen=True)
class CallOutcome:
    """The outcome of a call.

    Attributes
    ----------
    how
        - "answered": the function returned; the iterator of several calls may have
          ended early;
        - "exited": the process ended without an answer;
        - "timeout", "memory": the call exceeded a limit and was stopped;
        - "stopped": the caller ended, or asked for it;
        - "lost": the watchdog was killed.
    answer
        The function's return value, pickled; empty unless answered.
    answers
        Of several calls, the answers that came before the process ended, each with its
        seconds of wall clock.
    exit_code
        Exit code of the process; the negative number of the signal that ended it.
    log
        The end of the standard error, with the stack of a crash.
    seconds
        Wall-clock time of the call.
    peak
        Peak resident memory of all its processes, in bytes.
    """

    how: str
    answer: bytes = b""
    exit_code: int | None = None
    log: str = ""
    seconds: float = 0.0
    peak: int = 0
    answers: tuple[tuple[bytes, float], ...] = ()


class Progress:
    """How far a child is with several calls, in memory that its watchdog shares."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _STATE.size)
        self.advance(0)

    def advance(self, answers: int) -> None:
        """Note that so many answers are written, and that the next call begins."""
        _STATE.pack_into(self._shared, 0, answers, time.monotonic())

    @property
    def answers(self) -> int:
        """The number of answers that are written."""
        return int(_STATE.unpack_from(self._shared)[0])

    @property
    def began(self) -> float:
        """When the call that is made now began, by the monotonic clock."""
        return float(_STATE.unpack_from(self._shared)[1])

    def close(self) -> None:
        """Free the memory."""
        self._shared.close()


class Child(Protocol):
    """A child process: the part of `subprocess.Popen` that a watchdog needs."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""


class ForkedChild:
    """A forked child process that calls `work`, which must exit by itself."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._code: int | None = None
        self.peak = 0
        self.pid = os.fork()
        if self.pid == 0:
            try:
                work()
            finally:
                os._exit(70)  # only reached if `work` raised before it could exit

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        if self._code is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
                scale = 1 if sys.platform == "darwin" else 1024  # Linux counts in KiB
                self.peak = usage.ru_maxrss * scale
        return self._code


def watch(
    start: Callable[[IO[bytes], IO[bytes], Path], Child],
    limits: Limits,
    wait_for_stop: Callable[[Child, float], bool],
    folder: Path,
    adopter: int | None = None,
    progress: Progress | None = None,
) -> CallOutcome:
    """Run a child process within its limits, and end all processes that it leaves.

    Parameters
    ----------
    start
        Starts the child, given the files for its answer and its log, and its scratch
        folder.
    limits
        Time and memory beyond which the child is stopped.
    wait_for_stop
        Waits until the child ends, or for that many seconds; returns whether the child
        must be stopped.
    folder
        Where the child's scratch folder is created, and deleted at the end.
    adopter
        See `bench.processes.tree.Tree`.
    progress
        Of a child that makes several calls.
    """
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(dir=folder))
    answers: tuple[tuple[bytes, float], ...] = ()
    try:
        with _memory_file() as answer, tempfile.TemporaryFile() as log:
            child = start(answer, log, scratch)
            tree = Tree(child.pid, adopter)
            how, peak = _wait(child, tree, limits, wait_for_stop, began, progress)
            # With an adopter, orphans are children of this process: a quick check tells
            # whether there are any.
            if adopter is None or has_children():
                tree.kill()
            seconds = time.monotonic() - began
            code = child.poll()
            answer.seek(0)
            written = answer.read()
            if progress is not None:
                answers = tuple(_answers(written, progress.answers))
            returned = written if how == "exited" and code == 0 else b""
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_BYTES))
            log_end = log.read().decode("utf-8", "replace")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    # Only a forked child reports its own peak; it may lie between two measurements.
    peak = max(peak, getattr(child, "peak", 0))
    how = "answered" if returned else how
    if progress is not None:
        returned = b""
    return CallOutcome(how, returned, code, log_end, seconds, peak, answers)


def _memory_file() -> IO[bytes]:
    """Open a file for answers: in memory where the system has such files."""
    try:
        return os.fdopen(os.memfd_create("answer"), "w+b")
    except (AttributeError, OSError):  # not Linux, or forbidden in a container
        return cast("IO[bytes]", tempfile.TemporaryFile())


def _answers(written: bytes, n: int) -> Iterator[tuple[bytes, float]]:
    """Read the answers of several calls; stop where a classifier wrote among them."""
    place = 0
    for _ in range(n):
        if place + _HEAD.size > len(written):
            return
        size, seconds = _HEAD.unpack_from(written, place)
        place += _HEAD.size
        if not 0 <= size <= len(written) - place:
            return
        yield written[place : place + size], seconds
        place += size


def _wait(
    child: Child,
    tree: Tree,
    limits: Limits,
    wait_for_stop: Callable[[Child, float], bool],
    began: float,
    progress: Progress | None,
) -> tuple[str, int]:
    """Wait until a child ends or is stopped; return how, and its peak memory."""
    peak = 0
    sample_at = began + _SAMPLE_SECONDS
    while child.poll() is None:
        now = time.monotonic()
        began = progress.began if progress is not None else began
        if limits.timeout is not None and now - began > limits.timeout:
            tree.stop(GRACE_SECONDS)
            return "timeout", max(peak, tree.resident())
        if now >= sample_at:
            resident = tree.resident()
            # The quick measurement counts shared pages several times: before a child is
            # killed, the exact one decides.
            if limits.memory is not None and resident > limits.memory:
                resident = tree.resident(shared_once=True)
                if resident > limits.memory:
                    tree.kill()
                    return "memory", resident
            peak = max(peak, resident)
            # Measuring a large tree takes long: it may cost 5% of the time at most.
            sample_at = now + max(_SAMPLE_SECONDS, 20 * (time.monotonic() - now))
        if wait_for_stop(child, _TICK):
            tree.stop(GRACE_SECONDS)
            return "stopped", peak
    return "exited", peak


def make_call(
    request: Request,
    answer: int,
    log: int,
    scratch: Path,
    progress: Progress | None = None,
) -> None:
    """Make the call in this process and end the process.

    Parameters
    ----------
    request
        The call.
    answer, log
        File descriptors for the pickled return value and the standard error.
    scratch
        Folder for temporary files.
    progress
        Where to note each answer of several calls.
    """
    if hasattr(os, "setsid"):
        os.setsid()  # so that Ctrl-C in the terminal does not reach this process
    for name in ("SIGINT", "SIGTERM", "SIGCHLD"):
        with contextlib.suppress(AttributeError, ValueError):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor, target in ((0, null), (1, null), (2, log)):
        os.dup2(target, descriptor)
    faulthandler.enable(2)
    die_with_parent()
    no_core_files()
    for name in ("TMPDIR", "TEMP", "TMP", "JOBLIB_TEMP_FOLDER"):
        os.environ[name] = str(scratch)
    tempfile.tempdir = None  # forget the cached folder, so that TMPDIR is read again
    if request.limits.memory is not None:
        limit_memory(request.limits.memory)
    code = 0
    try:
        function, arguments = pickle.loads(request.payload)
        returned: Any = function(*arguments)
        with open(answer, "wb", closefd=False) as stream:
            if progress is None:
                stream.write(pickle.dumps(returned))
            else:
                _write_answers(returned, stream, progress)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    # Not sys.exit: exit functions that the fork server has registered must not run.
    os._exit(code)


def _write_answers(
    answers: Iterator[Any], stream: IO[bytes], progress: Progress
) -> None:
    """Write each answer whole before it counts."""
    progress.advance(0)
    for n, answer in enumerate(answers, start=1):
        pickled = pickle.dumps(answer)
        seconds = time.monotonic() - progress.began
        stream.write(_HEAD.pack(len(pickled), seconds) + pickled)
        stream.flush()
        progress.advance(n)
