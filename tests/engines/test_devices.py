"""A device that this machine lacks is found before the first cell."""

import subprocess
import sys

import numpy as np
import pytest
import stored

from bench.discriminators.estimators import SDClassifier
from bench.engines import devices
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
