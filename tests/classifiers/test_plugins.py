"""Classes of files, pipelines, wrapped classes, missing extras: from suite to row."""

import importlib.util
import os
import sys
import textwrap
import tomllib

import numpy as np
import pandas as pd
import pytest
import stored
import yaml_text
from packaging.requirements import Requirement
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import bench
from bench.analysis.status import explain_missing
from bench.base import resources
from bench.base.errors import ClassifierError, MissingFileError, SuiteError
from bench.classifiers import class_paths
from bench.classifiers.class_paths import class_version
from bench.classifiers.recipes import build, resolve_classifier
from bench.suite.classifiers import ClassifierSpec
from bench.suite.load import load_suite
from bench.suite.presets import PRESETS

MINE = """\
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Mine(ClassifierMixin, BaseEstimator):
    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.threshold_ = np.median(X[:, self.column])
        return self

    def predict(self, X):
        return (X[:, self.column] > self.threshold_).astype(int)
"""
SCORES = ["status", "train_accuracy", "test_accuracy", "data_hash", "key"]
X = np.linspace(-1, 1, 20)[:, None]


@pytest.fixture
def beside(tmp_path):
    """Write a Python file beside the suite."""

    def write(text=MINE, file="my.py"):
        (tmp_path / file).write_text(textwrap.dedent(text))
        return f"./{file}:Mine"

    return write


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


def resolve(entry, folder=None):
    spec = ClassifierSpec.model_validate(entry, strict=False)
    return resolve_classifier(spec, folder=folder)


def made(entry, n_channels=1):
    return build(resolve(entry), 0, "stream", X, n_channels)


def compute(path, store, *columns):
    bench.run_suite(path, store=store)
    return bench.read_results(path, store)[[*columns, *SCORES]]


# A class of a file


def test_a_class_of_a_file_gives_the_scores_of_the_same_class_in_a_module(
    write_suite, beside, tmp_path, monkeypatch
):
    path = write_suite(classifiers=[beside(), {"id": "same", "class": "my.Mine"}])
    monkeypatch.syspath_prepend(tmp_path)
    found = compute(path, tmp_path / "store", "classifier")
    assert set(found["status"]) == {"done"}
    mine, same = (found[found["classifier"] == name] for name in ("Mine", "same"))
    for column in ("train_accuracy", "test_accuracy", "data_hash"):
        assert list(mine[column]) == list(same[column])


def test_without_fork_it_is_the_same(write_suite, beside, tmp_path, monkeypatch):
    path = write_suite(classifiers=[beside()], repetitions=1)
    forked = compute(path, tmp_path / "forked")
    monkeypatch.delattr(os, "fork")
    pd.testing.assert_frame_equal(compute(path, tmp_path / "spawned"), forked)
    assert set(forked["status"]) == {"done"}


PARALLEL = """\
import multiprocessing
import os
from joblib import Parallel, delayed
from sklearn.naive_bayes import GaussianNB


class Mine(GaussianNB):
    def fit(self, X, y):
        {call}
        assert all(os.getpid() != number for number in numbers)
        return super().fit(X, y)


def process_of(estimator):
    assert isinstance(estimator, Mine)
    return os.getpid()
"""


@pytest.mark.parametrize(
    "call",
    [
        "numbers = Parallel(2)(delayed(process_of)(self) for _ in range(2))",
        "context = multiprocessing.get_context('spawn')\n"
        "        with context.Pool(1) as pool:\n"
        "            numbers = pool.map(process_of, [self])",
    ],
    ids=["joblib", "spawn"],
)
def test_processes_that_a_class_starts_can_unpickle_it(
    write_suite, beside, tmp_path, call
):
    path = write_suite(classifiers=[beside(PARALLEL.format(call=call))], repetitions=1)
    bench.run_suite(path, store=tmp_path / "store")
    [row] = bench.read_results(path, tmp_path / "store").to_dict("records")
    assert row["status"] == "done", row["error"]


def test_the_key_has_the_text_of_the_file_and_not_its_name(write_suite, beside):
    def keys(entry, **more):
        path = write_suite(classifiers=[{"class": entry, "id": "own"} | more])
        return {cell.key for cell in stored.plan_of(path).cells}

    before = keys(beside())
    assert keys(beside(file="other.py")) == before
    assert keys(beside(), params={"column": 1}) != before
    assert keys(beside(MINE.replace(">", "<"))) != before


def test_what_is_run_is_the_text_that_the_key_is_of(write_suite, beside, tmp_path):
    path = write_suite(classifiers=[beside()], repetitions=1)
    plan = stored.plan_of(path)
    beside("raise RuntimeError('a text that was written later')")
    [cell] = plan.cells
    assert bench.cells.compute.compute((cell,))[0][0].status == "done"


def test_a_traceback_names_the_file(write_suite, beside, tmp_path):
    text = MINE.replace("self.classes_ =", "raise OSError('no luck')  #")
    path = write_suite(classifiers=[beside(text)], repetitions=1)
    plan = bench.run_suite(path, store=tmp_path / "store")
    log = bench.store.Store(tmp_path / "store").log(plan.cells[0].key)
    assert f'File "{tmp_path}/my.py", line 10, in fit' in log
    assert "raise OSError('no luck')" in log


@pytest.mark.parametrize(
    ("text", "entry", "said"),
    [
        (None, "./my.py:Mine", "no file './my.py' (No such file or directory: "),
        (MINE, "./my.py:Mein", "'./my.py' has no class 'Mein' (did you mean 'Mine'?)"),
        (MINE, "./my.py:np", "'./my.py' has no class 'np'"),
        ("x = 1\ndef f(:", "./my.py:Mine", "my.py:2: SyntaxError: invalid syntax"),
        ("x = 1\n\n1/0", "./my.py:Mine", "my.py:3: ZeroDivisionError: division by"),
        ("import nothing_of_it", "./my.py:Mine", "my.py:1: ModuleNotFoundError: No"),
        ("raise SystemExit(3)", "./my.py:Mine", "my.py:1: SystemExit: 3"),
        (
            "class Mine: pass",
            "./my.py:Mine",
            "is not a scikit-learn classifier: it lacks",
        ),
        (MINE, {"class": "./my.py:Mine", "params": {"colum": 1}}, "mean 'column'"),
        ("#" * 2**21, "./my.py:Mine", "has more than 1048576 bytes"),
        ("", "my.txt:Mine", "expected a dotted path, package.module.Class, or a class"),
    ],
)
@pytest.mark.parametrize("in_steps", [False, True])
def test_a_mistake_in_a_file_is_one_line(
    write_suite, bench_run, tmp_path, text, entry, said, in_steps
):
    if text is not None:
        (tmp_path / "my.py").write_text(text)
    if isinstance(entry, str):
        entry = {"class": entry}
    if in_steps:
        entry = {"steps": ["sklearn.preprocessing.StandardScaler", entry]}
    path = write_suite(classifiers=["KNN", entry])
    number = 1 + path.read_text().splitlines().index("    {", 18)
    code, out, err = bench_run("run", path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    # What the schema refuses has the line of its own key.
    assert f"suite.yaml:{number}: " in err or "found 'my.txt" in err
    assert "classifiers[1]" in err
    assert not in_steps or "steps[1]" in err


def test_a_file_that_is_no_text_or_no_file_is_refused(tmp_path):
    (tmp_path / "my.py").write_bytes(b"\xff")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ClassifierError, match="not a text file in UTF-8"):
        resolve("./my.py:Mine", tmp_path)
    with pytest.raises(MissingFileError, match="it is not a regular file"):
        resolve("./folder.py:Mine", tmp_path)


def test_the_example_puts_a_classifier_of_a_file_on_the_board(bench_run):
    code, out, _ = bench_run("run", resources.CHECKOUT / "examples/my_classifier.yaml")
    assert code == 0
    for name in ("Kinks", "Slopes", "KNN n_neighbors=25", "PCA-KNN"):
        assert name in out
    results = pd.read_csv("reports/my-classifier/results.csv")
    assert set(results["status"]) == {"done"}
    means = results.groupby("classifier")["test_accuracy"].mean()
    assert means["Kinks"] > 0.98
    assert means["Slopes"] < means["KNN n_neighbors=5"]


# Pipelines

STEPS = [
    "sklearn.preprocessing.StandardScaler",
    {"class": "sklearn.decomposition.PCA", "params": {"n_components": 5}},
    {"use": "KNN", "params": {"n_neighbors": 3}},
]


def test_steps_make_a_pipeline_named_after_the_last():
    recipe = resolve({"steps": STEPS})
    assert recipe.id == "KNN"
    pipeline = made({"steps": STEPS})
    assert isinstance(pipeline, Pipeline)
    assert [type(step) for _, step in pipeline.steps[:2]] == [StandardScaler, PCA]
    assert list(pipeline.named_steps) == [
        "standardscaler",
        "pca",
        "kneighborsclassifier",
    ]
    assert pipeline.get_params()["pca__n_components"] == 5
    assert pipeline.get_params()["kneighborsclassifier__n_neighbors"] == 3


def test_params_of_a_pipeline_are_a_steps_or_the_last_ones():
    params = {"pca__n_components": 7, "weights": "distance", "pca__whiten": True}
    found = made({"steps": STEPS, "params": params}).get_params()
    assert found["pca__n_components"] == 7
    assert found["pca__whiten"]
    assert found["kneighborsclassifier__weights"] == "distance"
    assert found["kneighborsclassifier__n_neighbors"] == 3


def test_steps_of_a_class_are_numbered_and_each_is_seeded():
    class_path = "sklearn.decomposition.PCA"
    entry = {"steps": [class_path, class_path, "RF"]}
    pipeline = made(entry)
    assert list(pipeline.named_steps) == ["pca-1", "pca-2", "randomforestclassifier"]
    seeds = [step.random_state for _, step in pipeline.steps]
    assert None not in seeds
    assert len(set(seeds)) == 3
    assert seeds == [step.random_state for _, step in made(entry).steps]


def test_a_preset_that_is_a_pipeline_takes_parameters_of_its_last_step():
    found = made({"use": "LOGREG", "params": {"C": 0.5, "standardscaler__copy": False}})
    assert found.get_params()["logisticregression__C"] == 0.5
    assert not found.get_params()["standardscaler__copy"]
    nested = made({"steps": ["sklearn.decomposition.PCA", "LOGREG"]})
    assert list(nested.named_steps) == ["pca", "standardscaler", "logisticregression"]


@pytest.mark.parametrize(
    ("name", "params"), [("SD", {"extension": "stack"}), ("CSD", {})]
)
def test_a_discriminator_after_a_scaler_knows_where_the_points_are(name, params):
    last = {"use": name, "params": {"max_epochs": 2} | params}
    entry = {"steps": [STEPS[0], last]}
    pipeline = made(entry, n_channels=2)
    last = pipeline[-1]
    assert (last.n_channels, last.device) == (2, resolve(entry).device)
    np.testing.assert_array_equal(last.x, X)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(12, 40)).astype(np.float32)
    assert pipeline.fit(rows, np.arange(12) % 2).predict(rows).shape == (12,)


def test_a_discriminator_after_a_scaler_is_a_row(write_suite, tmp_path):
    entry = {"steps": [STEPS[0], {"use": "SD", "params": {"max_epochs": 3}}]}
    path = write_suite(classifiers=[entry, "GNB"], repetitions=1)
    bench.run_suite(path, store=tmp_path / "store")
    results = bench.read_results(path, tmp_path / "store")
    assert list(results["status"]) == ["done", "done"]
    assert results["iterations"][0] == 3


def test_the_key_has_every_steps_class_parameters_and_version(monkeypatch):
    def identity(*steps, **more):
        return resolve({"steps": list(steps)} | more).identity

    knn = identity(*STEPS)
    scaler, pca = knn["before"]["0"], knn["before"]["1"]
    assert scaler["class"] == "sklearn.preprocessing.StandardScaler"
    assert pca["params"] == {"n_components": 5}
    assert {step["version"] for step in (scaler, pca, knn)} == {
        class_version("sklearn.svm.SVC")
    }
    assert identity(*STEPS, params={"pca__n_components": 6}) != identity(*STEPS)
    assert identity(STEPS[0], STEPS[2]) != identity(STEPS[1], STEPS[2])
    # What a suite spells out is what a preset is short for.
    spelt = {"class": PRESETS["KNN"].class_path, "params": {"n_neighbors": 3}}
    assert identity(STEPS[0], spelt) == identity(STEPS[0], STEPS[2])
    assert identity(*STEPS) == identity(*STEPS, id="another")


def test_why_names_the_field_of_a_step(write_suite, tmp_path):
    path = write_suite(classifiers=[{"id": "own", "steps": STEPS}], repetitions=1)
    store = bench.store.Store(tmp_path / "store")
    bench.run_suite(path, store=store.folder)
    changed = {"id": "own", "steps": STEPS, "params": {"pca__n_components": 6}}
    path = write_suite(classifiers=[changed], repetitions=1)
    [line] = explain_missing(stored.plan_of(path), store)
    assert "classifier.before.1.params.n_components is 6, stored 5" in line


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"steps": ["KNN"]}, "at least 2 items"),
        ({"steps": ["KNN", "KNN"]}, "cannot be a step before the last: it lacks trans"),
        ({"steps": ["SD", "KNN"]}, "has no transform; expected it as the last step"),
        ({"steps": STEPS[:2]}, "is not a scikit-learn classifier: it lacks predict"),
        ({"steps": [STEPS[0], "KN"]}, "unknown classifier 'KN' (did you mean 'KNN'?)"),
        ({"steps": [STEPS[0], {"id": "a"}]}, "unknown key 'id'"),
        ({"steps": STEPS, "use": "KNN"}, "expected either 'use' (a preset), 'class'"),
        ({"steps": STEPS, "wrap": "aeon"}, "found 'wrap' beside 'steps'"),
        (
            {"steps": STEPS, "params": {"pac__whiten": 1}},
            "(did you mean 'pca'?). Steps",
        ),
        ({"steps": STEPS, "params": {"pca__whitn": 1}}, "(did you mean 'whiten'?)"),
        ({"steps": STEPS, "params": {"neighbors": 1}}, "(did you mean 'n_neighbors'?)"),
        (
            {"steps": [STEPS[0], "SD"], "training": {"mode": "online", "epochs": 5}},
            "a pipeline does not support online",
        ),
        ({"class": "sklearn.svm.SVC", "wrap": "aeno"}, "classifiers[0].wrap: found"),
    ],
)
def test_a_mistake_in_steps_is_named(write_suite, entry, said):
    with pytest.raises((SuiteError, ClassifierError)) as caught:
        stored.plan_of(write_suite(classifiers=[{"id": "own"} | entry]))
    assert said in str(caught.value)
    assert "suite.yaml:" in str(caught.value)
    assert "classifiers[0]" in str(caught.value)


# Wrapped classes, and extras that are missing

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
    for said in results["error"][1:]:
        assert "install it by `make peers`" in said
        assert said.startswith("MissingExtra: the package 'aeon' is missing")


def test_skipped_rows_alone_change_no_exit_code(write_suite, bench_run, aeon_is):
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


@pytest.mark.slow  # needs the extra `peers`, and compiles for minutes
def test_multi_rocket_hydra_of_aeon_is_a_row(write_suite, tmp_path):
    path = write_suite(classifiers=["MRH"], repetitions=1)
    assert list(compute(path, tmp_path / "store")["status"]) == ["done"]


def test_the_listing_says_what_a_preset_is_made_of(bench_run):
    _, out, _ = bench_run("list")
    assert "sklearn.preprocessing.StandardScaler → sklearn.linear_model.Log" in out
    for name in ("HGB", "QDA-REG", "CUES", "MRH"):
        assert f" {name} {PRESETS[name].summary} (" in out


def test_a_suite_may_name_a_class_in_one_word(write_suite, beside):
    suite = load_suite(write_suite(classifiers=[beside(), "sklearn.svm.SVC"]))
    assert [entry.id for entry in suite.classifiers] == ["Mine", "SVC"]


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
