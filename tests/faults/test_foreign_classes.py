"""Classes of other packages that misbehave before anything runs."""

import os
import pickle
import sys
import textwrap
import time

import psutil
import pytest
import sklearn.model_selection
import stored

from bench.base.limits import Limits
from bench.classifiers import foreign_classes
from bench.classifiers.foreign_classes import Candidate, examine_apart
from bench.processes.executors import new_executor
from bench.processes.watchdog import Request

GOOD = """\
from sklearn.naive_bayes import GaussianNB


class Mine(GaussianNB):
    def __init__(self, how="well"):
        super().__init__()
        self.how = how
        {body}
"""
FAULTS = {
    "raises": ("1 / 0", "cannot be imported: {line}ZeroDivisionError: division by"),
    "exits": ("raise SystemExit(0)", "cannot be imported: {line}SystemExit: 0"),
    "ends": ("import os; os._exit(0)", "ended its process with exit code 0; expected"),
    "crashes": ("import ctypes; ctypes.string_at(0)", "ended its process by SIGSEGV"),
    "interrupts": ("raise KeyboardInterrupt('no')", "code 1 (KeyboardInterrupt: no)"),
    "is mute": (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "cannot be imported: {line}Mute: its message cannot be read",
    ),
    "is lazy": (
        "def __getattr__(name): raise RuntimeError('not yet\\nready')",
        "cannot be read from its module: RuntimeError: not yet ready; if it must be",
    ),
    "lies": (
        "class Odd:\n    @property\n    def __class__(self): raise RuntimeError\n"
        "Mine = Odd()",
        "has no class 'Mine'",
    ),
    "has a metaclass": (
        "class Meta(type):\n"
        "    def __getattribute__(cls, name): raise RuntimeError(name)\n"
        "class Mine(metaclass=Meta): pass",
        "raises RuntimeError: fit when its attributes are read",
    ),
    "has no signature": (
        GOOD.format(body="") + "\n    __signature__ = 'none'",
        "has no signature that can be read (TypeError: ",
    ),
    "is built badly": (
        GOOD.format(body="raise RuntimeError('no luck')"),
        "cannot be built from {{}}: RuntimeError: no luck",
    ),
    "ends when built": (
        GOOD.format(body="import os; os._exit(3)"),
        "importing and building '{path}' ended its process with exit code 3",
    ),
    "is described badly": (
        GOOD.format(body="")
        + "\n    def get_params(self, deep=True): raise SystemExit('gone')",
        "cannot be built from {{}}: SystemExit: gone",
    ),
}


@pytest.fixture
def module(tmp_path, request):
    """Write a module of a name that no other test has; return its name."""

    def write(text, name="strange"):
        number = len(list(tmp_path.glob("*.py")))
        stem = f"{name}_{number}_{abs(hash(request.node.name)) % 10**9}"
        (tmp_path / f"{stem}.py").write_text(textwrap.dedent(text))
        return stem

    return write


@pytest.mark.parametrize(
    ("name", "in_file"),
    [(name, False) for name in FAULTS]
    + [(name, True) for name in ("raises", "ends", "is lazy", "is built badly")],
)
def test_a_class_that_cannot_be_examined_ends_in_one_line(
    write_suite, bench_run, tmp_path, module, name, in_file
):
    text, said = FAULTS[name]
    stem = module(text)
    path = f"./{stem}.py:Mine" if in_file else f"{stem}.Mine"
    n_lines = len(text.splitlines())
    line = f"{tmp_path}/{stem}.py:{n_lines}: " if in_file else ""
    suite = write_suite(classifiers=["GNB", path])
    code, out, err = bench_run("run", suite, "--dry-run")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"bench: {suite}:")
    assert ": classifiers[1]: " in err
    assert said.format(path=path, line=line) in err
    assert stem in err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("home", ["sub", "sub.deeper"])
def test_a_package_that_ends_the_process_is_not_imported_for_its_version(
    write_suite, bench_run, tmp_path, home
):
    package = tmp_path / f"ends_all_{len(home)}"
    (package / "sub").mkdir(parents=True)
    (package / "__init__.py").write_text("import os; os._exit(0)")
    (package / "sub" / "__init__.py").touch()
    (package / "sub" / "deeper.py").write_text(GOOD.format(body=""))
    suite = write_suite(classifiers=[f"{package.name}.{home}.Mine"])
    code, _, err = bench_run("plan", suite)
    assert code == 2
    assert "ended its process with exit code 0" in err


def test_a_class_that_hangs_is_stopped_with_all_its_processes(
    write_suite, bench_run, tmp_path, module, monkeypatch
):
    monkeypatch.setattr(foreign_classes, "SECONDS", 1.5)
    note = tmp_path / "pid"
    text = f"""\
        import pathlib, signal, subprocess, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
        pathlib.Path({str(note)!r}).write_text(str(child.pid))
        time.sleep(1000)
        """
    began = time.monotonic()
    suite = write_suite(classifiers=[f"{module(text)}.Mine", "GNB"])
    code, _, err = bench_run("run", suite, "--dry-run")
    assert code == 2
    assert "took more than 1.5 s and was stopped" in err
    assert time.monotonic() - began < 60
    assert not psutil.pid_exists(int(note.read_text()))


def test_the_combination_of_a_grid_that_ends_the_process_is_named(
    write_suite, bench_run, module
):
    stem = module(GOOD.format(body="if how == 'badly': import os; os._exit(3)"))
    entry = {"class": f"{stem}.Mine", "grid": {"how": ["well", "badly", "so-so"]}}
    code, _, err = bench_run("run", write_suite(classifiers=[entry]), "--dry-run")
    assert code == 2
    assert f"'{stem}.Mine' from {{'how': 'badly'}} ended its process" in err


def test_a_module_is_imported_once_and_in_another_process(
    write_suite, bench_run, tmp_path, module
):
    note = tmp_path / "imported"
    text = GOOD.format(body="") + (
        f"\nprint('words'); open({str(note)!r}, 'a').write('once ')\n"
        f"class Other(Mine): pass\n"
    )
    stem = module(text)
    classes = [
        {"class": f"{stem}.Mine", "grid": {"how": list("abcde")}},
        f"{stem}.Other",
        {"steps": ["sklearn.preprocessing.StandardScaler", f"{stem}.Mine"]},
    ]
    code, out, _ = bench_run("run", write_suite(classifiers=classes), "--dry-run")
    assert code == 0
    assert "words" not in out
    assert note.read_text() == "once "
    assert stem not in sys.modules


def test_the_first_mistake_of_a_suite_is_the_one_named(write_suite, bench_run, module):
    ends, raises = module("import os; os._exit(0)"), module("1 / 0")
    for classes in (
        [{"use": "KNN", "params": {"neighbours": 3}}, f"{ends}.Mine"],
        [f"{raises}.Mine", f"{ends}.Other"],
        [f"{ends}.Mine", f"{raises}.Other"],
    ):
        code, _, err = bench_run("plan", write_suite(classifiers=classes))
        assert code == 2
        assert ": classifiers[0]: " in err


def test_an_experimental_class_is_refused_with_a_remedy_that_works(
    write_suite, bench_run, tmp_path, monkeypatch
):
    # Another test of this process may have enabled it.
    enabling = "sklearn.experimental.enable_halving_search_cv"
    monkeypatch.delitem(sys.modules, enabling, raising=False)
    names = vars(sklearn.model_selection)
    monkeypatch.delitem(names, "HalvingGridSearchCV", raising=False)
    entry = {
        "class": "sklearn.model_selection.HalvingGridSearchCV",
        "params": {"estimator": "RF", "param_grid": {"max_depth": [2, 4]}},
    }
    suite = write_suite(classifiers=["GNB", entry])
    code, out, err = bench_run("run", suite, "--dry-run")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "HalvingGridSearchCV is experimental" in err
    assert "write class: ./my.py:HalvingGridSearchCV" in err
    (tmp_path / "my.py").write_text(
        "from sklearn.experimental import enable_halving_search_cv\n"
        "from sklearn.model_selection import HalvingGridSearchCV as Halving\n"
        "from sklearn.tree import DecisionTreeClassifier\n"
        "class HalvingGridSearchCV(Halving):\n"
        "    def __init__(self, estimator=DecisionTreeClassifier(), param_grid=None):\n"
        "        super().__init__(estimator, param_grid)\n"
    )
    entry["class"] = "./my.py:HalvingGridSearchCV"
    del entry["params"]["estimator"]  # no object can be written inside params
    suite = write_suite(classifiers=["GNB", entry])
    assert bench_run("run", suite, "--dry-run")[0] == 0


def test_without_fork_classes_are_examined_in_the_same_way(
    module, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    ends, good = module("import os; os._exit(4)"), module(GOOD.format(body=""))
    candidates = [
        Candidate(f"{good}.Mine", {"how": "other"}, None, True),
        Candidate(f"{good}.Mine", {"who": "other"}, None, True),
        Candidate(f"{ends}.Mine", {}, None, True),
    ]
    forked = examine_apart(candidates)
    monkeypatch.delattr(os, "fork")
    assert examine_apart(candidates) == forked
    well, wrong, ended = (forked[candidate.key] for candidate in candidates)
    assert well.version.startswith("file ")
    assert not well.error
    assert "has no parameter 'who'" in wrong.error
    assert "exit code 4" in ended.error


def test_a_plan_from_python_raises_the_same_error(
    write_suite, module, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    stem = module("import os; os._exit(0)")
    with pytest.raises(ValueError, match="ended its process with exit code 0"):
        stored.plan_of(write_suite(classifiers=[f"{stem}.Mine"]))


def test_a_fork_server_survives_a_module_that_exits(module, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    runner = new_executor(1, [module("raise SystemExit(0)")])
    try:
        payload = pickle.dumps((os.getpid, ()))
        runner.start(0, Request(payload, Limits(30)))
        [(_, ended)] = runner.wait()
    finally:
        runner.close()
    assert ended.how == "answered"
