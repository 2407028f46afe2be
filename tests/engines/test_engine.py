import io
import os
import subprocess
import sys

import pytest
from joblib.externals.loky.backend import context

from bench.base.errors import EngineError
from bench.engines.engine import available_cores

VARIABLE = "LOKY_MAX_CPU_COUNT"
PROGRAM = """
import os
from bench.engines.engine import available_cores

os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
print(available_cores())
"""


def test_the_variable_bounds_the_cores(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    assert available_cores() == 1
    monkeypatch.setenv(VARIABLE, "100000")
    assert 1 <= available_cores() <= os.cpu_count()


@pytest.mark.parametrize("text", ["", "two", "1.5"])
def test_a_variable_that_is_no_number_is_one_error(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(EngineError, match=rf"{VARIABLE}: found '{text}'; expected a"):
        available_cores()


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system has no affinity"
)
def test_the_affinity_bounds_the_cores():
    message = subprocess.check_output([sys.executable, "-c", PROGRAM], text=True)
    assert message == "1\n"


@pytest.mark.parametrize(("quota", "cores"), [("50000", 1), ("max", os.cpu_count())])
def test_the_quota_of_a_container_bounds_the_cores(monkeypatch, quota, cores):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(os.path, "exists", lambda path: path.endswith("/cpu.max"))
    monkeypatch.setattr(
        context, "open", lambda _: io.StringIO(f"{quota} 100000\n"), raising=False
    )
    monkeypatch.setattr(context, "_cpu_count_affinity", lambda n: n)
    assert available_cores() == cores


def test_more_threads_than_cores_is_an_error_before_any_cell(
    write_suite, bench_run, monkeypatch
):
    monkeypatch.setenv(VARIABLE, "1")
    path = write_suite(classifiers=["GNB"], repetitions=1, threads=2)
    code, _, err = bench_run("run", path)
    assert code == 2
    assert "threads: found 2 a cell of 'GNB'; expected at most 1, the cores" in err
