"""Measurements of the tools: wall clock and core-seconds of whole commands."""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from peers import jobs
from peers.jobs import Job

HERE = Path(__file__).parent
JOBS = 2  # processes of one thread, for all tools
_POLL = 0.01  # seconds
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux's prctl


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes
    ----------
    seconds
        Wall clock, until the prompt is back.
    core_seconds
        User and system seconds of the command and of all processes that it started.
    to_output
        Wall clock until it first printed something; for ours, its table.
    """

    seconds: float
    core_seconds: float
    to_output: float


Measure = Callable[[Path, Job], Measured]


def ours(folder: Path, job: Job, *, report: bool = True) -> Measured:
    """Run the job with ``bench run``; the folder may have its store already."""
    command = [sys.executable, "-m", "bench", "run", str(_prepare(folder, job))]
    command += ["-j", str(JOBS), "--store", "store"]
    return measure([*command, *(["--out", "report"] if report else _NO)], folder)


_NO = ["--no-report"]


def ours_without_report(folder: Path, job: Job) -> Measured:
    """Run the job with ``bench run --no-report``."""
    return ours(folder, job, report=False)


def plain_joblib(folder: Path, job: Job) -> Measured:
    """Run the job as a plain script, anew."""
    file = _prepare(folder, job)
    shutil.rmtree(folder / "out", ignore_errors=True)
    command = [sys.executable, "-m", "peers.plain_joblib", str(file), "out"]
    found = measure(command, folder)
    _check(len(list((folder / "out").glob("*.npz"))), job, "plain joblib")
    return found


def benchopt(folder: Path, job: Job) -> Measured:
    """Run the job with ``benchopt run``; the folder may have its cache already."""
    _prepare(folder, job)
    shutil.copytree(HERE / "benchopt_benchmark", folder / "benchmark",
                    dirs_exist_ok=True)  # fmt: skip
    # In this environment, not in one that conda makes; and without its pages.
    command = [sys.executable, "-m", "benchopt", "run", "benchmark", "--local"]
    command += ["-j", str(JOBS), "--no-plot", "--output", "result"]
    found = measure(command, folder)
    _check(len(benchopt_results(folder)), job, "benchopt")
    return found


def benchopt_results(folder: Path) -> list[dict[str, object]]:
    """Read the rows of benchopt's last run, one a cell."""
    import pandas as pd  # at the first use, as it takes a second

    files = (folder / "benchmark" / "outputs").glob("*.parquet")
    last = max(files, key=lambda file: file.stat().st_mtime_ns)
    return pd.read_parquet(last).to_dict("records")


def measure(command: list[str], folder: Path) -> Measured:
    """Run a command in a folder, one thread a process, and measure it.

    Raises
    ------
    RuntimeError
        If it fails; the message ends with what it said.
    """
    # Processes that it leaves behind are given to us, and counted as soon as they end.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUNBUFFERED": "1",
        **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")},
    }
    said, printed = folder / "stderr.txt", folder / "stdout.txt"
    before, began, to_output = _core_seconds(), time.perf_counter(), None
    with (
        said.open("wb") as err,
        printed.open("wb") as out,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=err
        ) as process,
    ):
        while process.poll() is None:
            if to_output is None and printed.stat().st_size:
                to_output = time.perf_counter() - began
            time.sleep(_POLL)
        seconds = time.perf_counter() - began
    while _wait_for_orphan():
        pass
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{said.read_text()[-2000:]}")
    used = _core_seconds() - before
    return Measured(seconds, used, seconds if to_output is None else to_output)


def _core_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait_for_orphan() -> bool:
    try:
        os.wait()
    except ChildProcessError:
        return False
    return True


def _prepare(folder: Path, job: Job) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return jobs.write(job, folder)


def _check(found: int, job: Job, tool: str) -> None:
    """Refuse figures of a tool that did not compute all cells."""
    wanted = jobs.n_cells(job)
    if found != wanted:
        raise RuntimeError(f"{tool} has results of {found} cells, expected {wanted}")
