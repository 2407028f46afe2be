"""Figures drawn in processes: the same bytes, and a clear end of each failure."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest
from matplotlib.figure import Figure

from bench.base import OutputError
from bench.report import FigureFolder, drawers
from bench.report.drawers import Drawers


def plot(n_dots):
    """Draw dots."""
    ax = Figure(figsize=(1, 1)).subplots()
    ax.plot(range(n_dots), ".")
    return ax


def fail(n_dots):
    """Raise what a frame raises that lacks a column."""
    raise KeyError(f"column {n_dots}")


def end(n_dots):
    """End as a process does that the system kills."""
    os.kill(os.getpid(), signal.SIGKILL)


def written(folder, jobs, *draws):
    with FigureFolder(folder, jobs=jobs) as figures:
        for i, draw in enumerate(draws):
            figures.add(f"f{i}", "words", "", draw, i + 2)
    return {path.name: path.read_bytes() for path in folder.rglob("*.*")}


def test_processes_write_the_bytes_of_one(tmp_path):
    alone = written(tmp_path / "one", 1, plot, plot, plot)
    assert len(alone) == 6
    assert written(tmp_path / "two", 2, plot, plot, plot) == alone
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    written(tmp_path / "two", 2, plot, plot, plot)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_without_figures_to_draw_no_process_starts(tmp_path, monkeypatch):
    written(tmp_path, 1, plot)
    monkeypatch.setattr(drawers, "ProcessPoolExecutor", None)
    assert len(written(tmp_path, 2, plot)) == 2


def test_what_a_figure_raises_comes_out_of_its_process(tmp_path):
    with pytest.raises(KeyError, match="column 3"):
        written(tmp_path, 2, plot, fail, plot)
    assert not multiprocessing.active_children()


def test_a_process_that_is_killed_is_an_error_with_its_remedy(tmp_path):
    with pytest.raises(OutputError, match=r"draws figures was ended.*`-j 1`"):
        written(tmp_path, 2, end, plot, plot)
    assert not multiprocessing.active_children()


def test_an_error_between_figures_ends_the_processes(tmp_path):
    figures = FigureFolder(tmp_path, jobs=2)

    def add_and_fail():
        with figures:
            figures.add("a", "words", "", plot, 2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    assert not multiprocessing.active_children()


def test_they_can_be_started_where_a_process_cannot_be_copied(monkeypatch):
    monkeypatch.setattr(drawers, "_METHOD", "spawn")
    pool = Drawers(1)
    try:
        assert pool.begin(abs, -3)() == 3
    finally:
        pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_they_end_with_a_process_that_is_killed():
    code = (
        "import os, signal, time\n"
        "from bench.report.drawers import Drawers\n"
        "print(Drawers(2).begin(os.getpid)(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    drawer = int(said.stdout)
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{drawer}"):  # noqa: PTH110 (a path without a use)
        assert time.monotonic() < deadline
        time.sleep(0.02)
