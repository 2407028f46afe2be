"""Whole jobs against a plain script, and the report of one against empty figures."""

import hashlib
from itertools import count

import matplotlib.image
import pytest
import references
from peers import jobs
from peers.measure import ours_without_report, plain_joblib

import bench
from bench.cli import main

# name → job, target
JOBS = {
    "120 cells of six classifiers": (jobs.comparison, 1.15),
    "1000 tiny cells": (jobs.tiny, 1.6),
}


@pytest.fixture(scope="module", autouse=True)
def only_timed(request):
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("commands take seconds: they run in `make bench` alone")


@pytest.mark.parametrize("name", JOBS)
def test_a_job(against, benchmark, tmp_path, name):
    """The reference is a joblib script that isolates nothing and has no store."""
    benchmark.group = f"{name}, without report"
    make, target = JOBS[name]
    job, rounds = make(), count()
    against(
        lambda: ours_without_report(tmp_path / f"ours-{next(rounds)}", job),
        lambda: plain_joblib(tmp_path / "joblib", job),
        kind="overhead",
        target=target,
        rounds=1,
        warm_up=False,
        unit="cells",
        units=jobs.n_cells(job),
    )


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Give the tiny job with its store, and a report of it."""
    folder = tmp_path_factory.mktemp("reported")
    suite = jobs.write(jobs.tiny(), folder)
    bench.run_suite(suite, 2, folder / "store")
    report(suite, folder / "report")
    return suite


def report(suite, out):
    arguments = ["report", str(suite), "--store", str(suite.parent / "store")]
    assert main([*arguments, "--out", str(out)]) == 0


def test_a_report(against, benchmark, reported, tmp_path):
    """The reference reads the same results, and saves as many and as large figures.

    It computes nothing, and its figures have axes but show nothing.
    """
    benchmark.group = "report of 1000 tiny cells in 10 datasets"
    rounds = count()
    pictures = (reported.parent / "report" / "figures").glob("*.png")
    sizes = [matplotlib.image.imread(path).shape[1::-1] for path in pictures]
    assert len(sizes) > 10

    def read_and_draw():
        for file in (reported.parent / "store").rglob("*"):
            if file.is_file():
                hashlib.sha256(file.read_bytes()).hexdigest()
        references.draw_empty(sizes, tmp_path)

    against(
        lambda: report(reported, tmp_path / f"report-{next(rounds)}"),
        read_and_draw,
        kind="overhead",
        target=4,
        rounds=3,
    )
