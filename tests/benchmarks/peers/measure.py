"""Measurements of the tools: wall clock and core-seconds of whole commands."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from peers import jobs
from peers.jobs import Job

HERE = Path(__file__).parent
JOBS = 2  # processes of one thread, for all tools


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
    command += ["--out", "report"] if report else ["--no-report"]
    return measure(command, folder)


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
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUNBUFFERED": "1",
        **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")},
    }
    done = subprocess.run(
        [sys.executable, "-m", "peers.tree", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(done.stdout)
    if found.pop("exit_code"):
        said = (folder / "stderr.txt").read_text()
        raise RuntimeError(f"{' '.join(command)}\n{said[-2000:]}")
    return Measured(**found)


def _prepare(folder: Path, job: Job) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return jobs.write(job, folder)


def _check(found: int, job: Job, tool: str) -> None:
    """Refuse figures of a tool that did not compute all cells."""
    wanted = jobs.n_cells(job)
    if found != wanted:
        raise RuntimeError(f"{tool} has results of {found} cells, expected {wanted}")
