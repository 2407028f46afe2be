"""A device that this machine lacks is found before the first cell."""

import subprocess
import sys

import numpy as np
import pytest
import stored

import bench
from bench.base.errors import EngineError
from bench.discriminators.estimators import SDClassifier
from bench.engines import devices
from bench.engines.admission import VISIBLE
from bench.engines.engine import LocalEngine
from bench.engines.run import run_plan
from bench.store.store import Store

NONE = "cuda:99"  # no machine has as many
SD = {"use": "SD", "params": {"device": NONE, "max_epochs": 2}}


def fail(*_):
    raise AssertionError("torch was imported")


@pytest.fixture(params=["2.13.0+cpu", "2.13.0"])
def torch_build(request, monkeypatch):
    """Let torch's version say that it is built for the CPU alone, or not say so."""
    monkeypatch.setattr(devices, "package_version", lambda _: request.param)
    return request.param


@pytest.mark.parametrize("command", ["run", "run --dry-run", "plan"])
def test_a_missing_device_is_an_error_of_one_line(
    write_suite, bench_run, tmp_path, torch_build, command
):
    entry = {"steps": ["sklearn.preprocessing.StandardScaler", SD], "id": "scaled"}
    suite = write_suite(classifiers=["GNB", SD, entry])
    name, *flags = command.split()
    code, out, err = bench_run(name, suite, *flags)
    assert (code, out) == (2, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"bench: {suite}:")
    assert f": classifiers[1]: the device '{NONE}' cannot be used on this mach" in last
    assert "expected auto or cpu, or run the suite on machines that have one" in last
    assert "+cpu" not in torch_build or "(torch 2.13.0+cpu is built for" in last
    assert "Traceback" not in err
    assert not (tmp_path / "data").exists()


def test_cells_that_are_left_out_or_stored_need_no_device(
    write_suite, bench_run, tmp_path, monkeypatch
):
    suite = write_suite(classifiers=["GNB", SD])
    assert bench_run("run", suite, "-c", "GNB", "--dry-run")[0] == 0
    stored.put_cells(stored.plan_of(suite), Store(tmp_path / "data" / "store"))
    monkeypatch.setattr(devices, "new_executor", fail)
    for command in (["run", suite, "--dry-run"], ["plan", suite]):
        assert bench_run(*command)[0] == 0


@pytest.mark.parametrize("device", [None, "auto", "cpu", "cpu:0"])
def test_torch_is_not_imported_for_auto_and_cpu(
    write_suite, bench_run, monkeypatch, device
):
    monkeypatch.setattr(devices, "new_executor", fail)
    monkeypatch.setattr(devices, "package_version", lambda _: "2.13.0")
    params = {"device": device} if device else {"max_epochs": 2}
    suite = write_suite(classifiers=[{"use": "CSD", "params": params}])
    assert bench_run("run", suite, "--dry-run")[0] == 0


def test_torch_looks_for_a_device_in_another_process(write_suite, tmp_path):
    code = (
        "import sys; from bench.engines import devices; from bench.cli import main\n"
        "devices.package_version = lambda _: '2.13.0'\n"
        f"code = main(['run', {str(write_suite(classifiers=[SD]))!r}, '--dry-run'])\n"
        "sys.exit(code if 'torch' not in sys.modules else 99)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=tmp_path, text=True
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"the device '{NONE}' cannot be used" in done.stderr


def test_if_torch_ends_its_process_the_error_says_so(
    write_suite, bench_run, monkeypatch
):
    monkeypatch.setattr(devices, "package_version", lambda _: "2.13.0")
    monkeypatch.setattr(devices, "_SECONDS", 0.0)
    code, _, err = bench_run("run", write_suite(classifiers=[SD]), "--dry-run")
    assert code == 2
    assert "(torch ended the process that looked for it)" in err


class Remote:
    """An engine whose cells do not use this machine's devices."""

    on_this_machine = False
    memory = None

    def __init__(self):
        self.asked = []

    def run(self, units, wanted, known, small):
        self.asked += units
        yield from ()


def test_a_remote_engine_does_not_check_our_devices(write_suite, tmp_path):
    plan = stored.plan_of(write_suite(classifiers=[SD], repetitions=3, audits=False))
    engine = Remote()
    run_plan(plan, Store(tmp_path / "store"), engine)
    assert len(engine.asked) == 3


def test_a_fit_on_a_missing_device_raises_the_same_error():
    X = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    with pytest.raises(ValueError, match=rf"^the device '{NONE}' cannot be used on"):
        SDClassifier(device=NONE, max_epochs=1).fit(X, np.arange(8) % 2)


LISTED = """GPU 0: NVIDIA A100 (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 2g.10gb     Device  1: (UUID: MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d)
GPU 1: NVIDIA H200 (UUID: GPU-b1b1b1b1-d268-c3f3-1b07-005d5ae1dc3f)
"""
FOUND = (
    "MIG-c7384736-a75d-5afc-978f-d2f1294409fd",
    "MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d",
    "GPU-b1b1b1b1-d268-c3f3-1b07-005d5ae1dc3f",
)


@pytest.mark.parametrize(
    ("script", "names"),
    [
        (f"#!/bin/sh\ncat << END\n{LISTED}END\n", FOUND),
        ("#!/bin/sh\necho 'No devices were found'\n", ()),
        ("#!/bin/sh\necho 'NVIDIA-SMI has failed'; exit 9\n", ()),
        (None, ()),
    ],
    ids=["two GPUs, one in parts", "no GPU", "no driver", "no program"],
)
def test_gpus_are_those_that_the_driver_lists(monkeypatch, tmp_path, script, names):
    if script is not None:
        (tmp_path / "nvidia-smi").write_text(script)
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin" if script else str(tmp_path))
    devices._installed_gpus.cache_clear()
    assert devices.visible_gpus() == names
    devices._installed_gpus.cache_clear()


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("", ()),
        ("-1", ()),
        ("0", ("0",)),
        ("3, GPU-5c89", ("3", "GPU-5c89")),
        ("2,-1,3", ("2",)),  # as CUDA reads it
    ],
)
def test_gpus_are_those_that_the_variable_chooses(monkeypatch, chosen, names):
    monkeypatch.setenv(VISIBLE, chosen)
    assert devices.visible_gpus() == names


@pytest.mark.parametrize("command", ["run", "run --dry-run", "plan"])
def test_more_gpus_than_there_are_is_an_error_of_one_line(
    write_suite, bench_run, tmp_path, monkeypatch, command
):
    monkeypatch.setenv(VISIBLE, "0")
    entry = {"class": "sklearn.svm.LinearSVC", "resources": {"gpu": 2}}
    suite = write_suite(classifiers=["GNB", entry])
    name, *flags = command.split()
    code, out, err = bench_run(name, suite, *flags)
    assert (code, out) == (2, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"bench: {suite}:")
    assert (
        "classifiers[1]: resources.gpu: found 2; expected at most 1, the GPUs" in last
    )
    assert not (tmp_path / "data").exists()


def test_no_gpu_is_looked_for_where_none_is_asked_for(write_suite, monkeypatch):
    monkeypatch.setattr(devices, "visible_gpus", fail)
    devices.check_devices((plan := stored.plan_of(write_suite())).suite, plan.cells)


def test_a_cell_that_asks_for_a_gpu_names_the_device(write_suite, monkeypatch):
    # Torch is asked before the run whether it can use the GPU that the driver lists.
    monkeypatch.setenv(VISIBLE, "0")
    monkeypatch.setattr(devices, "package_version", lambda _: "2.13.0+cpu")
    plan = stored.plan_of(
        write_suite(classifiers=["GNB", {"use": "SD", "resources": {"gpu": 1}}])
    )
    with pytest.raises(
        EngineError, match=r"classifiers\[1\]: the device 'cuda' cannot"
    ):
        devices.check_devices(plan.suite, plan.cells)


@pytest.mark.slow
def test_each_cell_sees_a_gpu_of_its_own(write_suite, tmp_path, monkeypatch):
    monkeypatch.setenv(VISIBLE, "GPU-a,GPU-b")
    (tmp_path / "own.py").write_text(
        "import os, time\n"
        "from sklearn.dummy import DummyClassifier\n"
        "class Gpu(DummyClassifier):\n"
        "    def fit(self, X, y):\n"
        f"        folder = {str(tmp_path)!r} + '/taken-'\n"
        f"        name = folder + os.environ[{VISIBLE!r}]\n"
        "        os.mkdir(name)\n"  # which fails where another cell has it
        "        time.sleep(0.05)\n"
        "        os.rmdir(name)\n"
        "        return super().fit(X, y)\n"
    )
    classifiers = [{"class": "./own.py:Gpu", "resources": {"gpu": 1}}]
    path = write_suite(classifiers=classifiers, repetitions=3, audits=False)
    run_plan(stored.plan_of(path), Store(tmp_path / "store"), LocalEngine(3))
    results = bench.read_results(path, tmp_path / "store")
    assert list(results["error"][results["status"] != "done"]) == []
