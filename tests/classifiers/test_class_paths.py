"""Packages of an extra, installed or missing: rows, messages and pinned versions."""

import importlib.util
import json
import sys
import textwrap
import tomllib

import pytest
import stored
import yaml_text
from class_text import MINE
from packaging.requirements import Requirement

import bench
from bench.base import resources
from bench.classifiers import class_paths
from bench.classifiers.class_paths import class_version
from bench.store.store import Store

SCORES = ["status", "train_accuracy", "test_accuracy", "data_hash", "key"]


@pytest.fixture
def extra_is_declared(monkeypatch):
    """Declare the extra as pyproject.toml does: the installed metadata may be older."""
    text = (resources.CHECKOUT / "pyproject.toml").read_text()
    declared = tomllib.loads(text)["project"]["optional-dependencies"]["peers"]
    lines = [f'{requirement}; extra == "peers"' for requirement in declared]
    monkeypatch.setattr(class_paths, "extras", lambda: lines)
    class_version.cache_clear()
    yield
    class_version.cache_clear()


def compute(path, store, *columns):
    bench.run_suite(path, store=store)
    return bench.read_results(path, store)[[*columns, *SCORES]]


CUBES = """\
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin


    class MultiRocketHydraClassifier(ClassifierMixin, BaseEstimator):
        def __init__(self, n_kernels=8, random_state=None):
            self.n_kernels, self.random_state = n_kernels, random_state

        def fit(self, X, y):
            assert X.ndim == 3 and self.random_state is not None
            self.classes_, self.shape_ = np.unique(y), X.shape[1:]
            self.bound_ = np.median(X[:, 0].max(axis=1))
            return self

        def predict(self, X):
            assert X.shape[1:] == self.shape_
            return (X[:, 0].max(axis=1) > self.bound_).astype(int)
    """


@pytest.fixture
def aeon_is(tmp_path, monkeypatch, extra_is_declared):
    """Hide aeon where it is installed, or put a small one in its place."""
    before = {n: m for n, m in sys.modules.items() if n.split(".")[0] == "aeon"}

    def forget():
        for name in [n for n in sys.modules if n.split(".")[0] == "aeon"]:
            del sys.modules[name]

    def be(present):
        forget()
        folder = tmp_path / "packages" / "aeon" / "classification"
        if present:
            folder.mkdir(parents=True)
            for place in (folder, folder.parent):
                (place / "__init__.py").touch()
            module = folder / "convolution_based.py"
            module.write_text(textwrap.dedent(CUBES))
            monkeypatch.syspath_prepend(tmp_path / "packages")
        else:
            sys.modules["aeon"] = None  # as Python says that there is none
            hidden = tmp_path / "hidden"  # for the process that looks at classes
            hidden.mkdir()
            raised = "raise ModuleNotFoundError('hidden', name='aeon')"
            (hidden / "aeon.py").write_text(raised)
            monkeypatch.syspath_prepend(hidden)
            found = importlib.util.find_spec
            monkeypatch.setattr(
                class_paths,
                "find_spec",
                lambda name: None if name.split(".")[0] == "aeon" else found(name),
            )

    yield be
    forget()
    sys.modules.update(before)


ROCKETS = [
    "MRH",
    {"id": "changed", "use": "MRH", "params": {"n_kernels": 4}},
    {"id": "scaled", "steps": ["sklearn.preprocessing.StandardScaler", "MRH"]},
    {"use": "MRH", "grid": {"n_kernels": [2, 4]}},
    {"id": "file", "class": "./my.py:Mine", "wrap": "aeon"},
]


def test_a_wrapped_class_gets_an_array_of_three_dimensions(
    write_suite, beside, tmp_path, aeon_is
):
    aeon_is(True)
    beside(CUBES.replace("MultiRocketHydraClassifier", "Mine"))
    grid = yaml_text.SUITE["datasets"][0] | {"channels": ["value", "gradient"]}
    rockets = [r | {"channels": ["value", "gradient"]} for r in ROCKETS[1:]]
    path = write_suite(classifiers=["MRH", *rockets], datasets=[grid], repetitions=1)
    found = compute(path, tmp_path / "store", "classifier", "error")
    assert set(found["status"]) == {"done"}, set(found["error"])
    assert len(found) == 6
    assert found["key"].nunique() == 5  # one of the grid is the one changed


def test_a_missing_extra_is_a_skipped_row_that_names_it(
    write_suite, beside, tmp_path, aeon_is
):
    aeon_is(False)
    beside("from aeon.classification import Some\n\nclass Mine(Some): pass")
    path = write_suite(classifiers=["KNN", *ROCKETS], repetitions=1)
    bench.run_suite(path, store=tmp_path / "store")
    results = bench.read_results(path, tmp_path / "store")
    assert list(results["status"]) == ["done", *["skipped"] * 6]
    for message in results["error"][1:]:
        assert "install it by `make peers`" in message
        assert message.startswith("MissingExtra: the package 'aeon' is missing")


def test_skipped_rows_do_not_change_the_exit_code(write_suite, bench_run, aeon_is):
    aeon_is(False)
    code, out, _ = bench_run("run", write_suite(classifiers=["GNB", "MRH"]))
    assert code == 0
    assert "MRH" in out


@pytest.mark.parametrize(
    ("class_path", "package"),
    [
        ("skfda.ml.classification.KNeighborsClassifier", "scikit-fda"),
        ("lightgbm.LGBMClassifier", "lightgbm"),
        ("aeon.classification.deep_learning.InceptionTimeClassifier", "aeon"),
    ],
)
def test_each_package_of_the_extra_is_known(
    class_path, package, monkeypatch, extra_is_declared
):
    monkeypatch.setattr(class_paths, "find_spec", lambda _: None)
    monkeypatch.setattr(class_paths.sys, "modules", {})
    assert f"the package '{package}' is missing" in class_paths.missing_extra(
        class_path
    )
    assert class_paths.missing_extra("other.Class") == ""


def test_a_missing_backend_is_named(monkeypatch):
    here = {"tensorflow": None}
    monkeypatch.setattr(class_paths, "find_spec", lambda name: here.get(name, True))
    path = "aeon.classification.deep_learning.InceptionTimeClassifier"
    assert "'tensorflow' is missing; install it by `pip install 'aeon[dl]'`" in (
        class_paths.missing_extra(path)
    )
    assert class_paths.missing_extra("aeon.classification.Other") == ""
    here["tensorflow"] = True
    assert class_paths.missing_extra(path) == ""


EDITABLE = {
    "site/keys_lab-0.1.dist-info/METADATA": "Metadata-Version: 2.1\n"
    "Name: keys-lab\nVersion: 0.1\n",
    "site/keys_lab-0.1.dist-info/top_level.txt": "keys_lab\n",
    "site/keys_lab-0.1.dist-info/direct_url.json": json.dumps(
        {"url": "file:///src", "dir_info": {"editable": True}}
    ),
    "src/keys_lab/__init__.py": "from keys_lab.nets import Mine\n",
    "src/keys_lab/nets.py": MINE,
}


def test_an_edited_class_of_an_editable_install_is_computed_again(
    write_suite, bench_run, tmp_path, monkeypatch
):
    for name, text in EDITABLE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "src")
    monkeypatch.syspath_prepend(tmp_path / "site")
    entry = {"id": "Mine", "class": "keys_lab.Mine"}
    path = write_suite(classifiers=[entry], repetitions=1, audits=False)
    plan, store = stored.plan_of(path), Store(tmp_path / "data" / "store")
    identity = plan.cells[0].fields["classifier"]
    assert identity["version"] == "keys-lab 0.1"
    assert list(identity["sources"]) == ["keys_lab/__init__.py", "keys_lab/nets.py"]
    stored.put_cells(plan, store)
    (tmp_path / "src/keys_lab/nets.py").write_text(MINE.replace("median", "max"))
    out = bench_run("status", path, "--why")[1]
    assert out.splitlines()[-1] == "grid, Mine, repetitions 0: keys_lab/nets.py changed"


@pytest.mark.slow  # needs the extra `peers`, and compiles for minutes
def test_multi_rocket_hydra_of_aeon_is_a_row(write_suite, tmp_path):
    path = write_suite(classifiers=["MRH"], repetitions=1)
    assert list(compute(path, tmp_path / "store")["status"]) == ["done"]


def test_every_package_of_the_extra_has_a_pinned_version_within_its_range():
    text = (resources.CHECKOUT / "pyproject.toml").read_text()
    declared = tomllib.loads(text)["project"]["optional-dependencies"]["peers"]
    lines = (resources.CHECKOUT / "peers.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line[:1] not in ("#", ""))
    for requirement in map(Requirement, declared):
        assert requirement.specifier.contains(pins[requirement.name])
    # No package has two versions.
    text = (resources.CHECKOUT / "constraints.txt").read_text()
    pinned = {line.split("==")[0].lower() for line in text.splitlines()}
    assert not pinned & {name.lower() for name in pins}
