"""A cell in a process of its own: what it breaks is its own row.

Children are forked from a server that has imported the heavy packages once and never
computed; where there is no fork they are started afresh, which is slower.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

from bench.cells import Arrays, Cell, compute
from bench.store import Result

_METHOD = (
    "forkserver"
    if "forkserver" in multiprocessing.get_all_start_methods()
    else ("spawn")
)
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_GRACE_SECONDS = 2.0


def run_cells(
    cells: Iterable[Cell], jobs: int
) -> Iterator[tuple[Cell, Result, Arrays | None]]:
    """Compute cells, `jobs` at a time, and yield each as it ends.

    A child that ends without an answer gives a "crashed" result. When the iterator is
    closed or interrupted, the running children are stopped.
    """
    context: Any = multiprocessing.get_context(_METHOD)  # of two types
    running: dict[Connection, tuple[Cell, Any]] = {}
    waiting = iter(cells)
    try:
        while True:
            while len(running) < jobs and (cell := next(waiting, None)) is not None:
                answers, question = context.Pipe(duplex=False)
                # Daemonic: a parent that dies takes its children along.
                child = context.Process(
                    target=_work, args=(cell, question), daemon=True
                )
                with _environment(cell.threads):
                    child.start()
                question.close()
                running[answers] = (cell, child)
            if not running:
                return
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                cell, child = running.pop(ready)
                yield (cell, *_answer(cell, ready, child))
    finally:
        for _, child in running.values():
            child.terminate()
        for _, child in running.values():
            child.join(_GRACE_SECONDS)
            child.kill()


def preload(class_paths: Iterable[str]) -> None:
    """Have the server import the classes' modules before the first cell."""
    if _METHOD == "forkserver":
        modules = {path.rpartition(".")[0] for path in class_paths}
        context: Any = multiprocessing.get_context(_METHOD)
        context.set_forkserver_preload(["bench.isolate", *sorted(modules)])


def _work(cell: Cell, question: Connection) -> None:
    # Ctrl-C reaches the whole group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    question.send(compute(cell))
    question.close()


def _answer(
    cell: Cell, answers: Connection, child: Any
) -> tuple[Result, Arrays | None]:
    try:
        result, arrays = answers.recv()
    except (EOFError, OSError):
        child.join()
        code = child.exitcode
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        error = {
            "type": "Crash",
            "message": f"the process ended with {how} before it had an answer",
            "traceback": "",
        }
        return cell.result("crashed", error=error), None
    finally:
        answers.close()
    child.join()
    return result, arrays


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Limit the threads of what a child, or the server, is about to import."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
