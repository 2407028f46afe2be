"""Classes of a file beside the suite, from the entry to the row of a result."""

import os

import pandas as pd
import pytest
import stored
from class_text import MINE

import bench
from bench.base import resources
from bench.base.errors import ClassifierError, MissingFileError
from bench.classifiers.class_files import read_class_file
from bench.classifiers.foreign_classes import Candidate, examine
from bench.classifiers.recipes import resolve_classifier
from bench.suite.classifiers import ClassifierSpec
from bench.suite.load import load_suite

SCORES = ["status", "train_accuracy", "test_accuracy", "data_hash", "key"]


def resolve(entry, folder=None):
    spec = ClassifierSpec.model_validate(entry, strict=False)
    return resolve_classifier(spec, folder=folder)


def compute(path, store, *columns):
    bench.run_suite(path, store=store)
    return bench.read_results(path, store)[[*columns, *SCORES]]


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


def test_without_fork_the_results_are_the_same(
    write_suite, beside, tmp_path, monkeypatch
):
    path = write_suite(classifiers=[beside()], repetitions=1)
    forked = compute(path, tmp_path / "forked")
    monkeypatch.delattr(os, "fork")
    pd.testing.assert_frame_equal(compute(path, tmp_path / "spawned"), forked)
    assert set(forked["status"]) == {"done"}


PARALLEL = """\
import multiprocessing
import os
from helper import here
from joblib import Parallel, delayed
from sklearn.naive_bayes import GaussianNB


class Mine(GaussianNB):
    def fit(self, X, y):
        {call}
        assert all(os.getpid() != number for number in numbers)
        return super().fit(X, y)


def process_of(estimator):
    assert isinstance(estimator, Mine)
    return here()
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
    beside("from os import getpid as here", file="helper.py")
    bench.run_suite(path, store=tmp_path / "store")
    [row] = bench.read_results(path, tmp_path / "store").to_dict("records")
    assert row["status"] == "done", row["error"]


def test_the_key_depends_on_the_text_of_the_file_and_not_on_its_name(
    write_suite, beside
):
    def keys(entry, **more):
        path = write_suite(classifiers=[{"class": entry, "id": "own"} | more])
        return {cell.key for cell in stored.plan_of(path).cells}

    before = keys(beside())
    assert keys(beside(file="other.py")) == before
    assert keys(beside(), params={"column": 1}) != before
    assert keys(beside(MINE.replace(">", "<"))) != before


def test_a_cell_runs_the_text_that_its_key_was_computed_from(
    write_suite, beside, tmp_path
):
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
    ("text", "entry", "message"),
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
    write_suite, bench_run, tmp_path, text, entry, message, in_steps
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
    assert message in err
    # What the schema refuses has the line of its own key.
    assert f"suite.yaml:{number}: " in err or "found 'my.txt" in err
    assert "classifiers[1]" in err
    assert not in_steps or "steps[1]" in err


HELPED = "from helper import threshold\n" + MINE.replace("np.median", "threshold")
HELPER = "import numpy as np\n\ndef threshold(values):\n    return np.{}(values)\n"


def test_a_file_that_imports_its_neighbour_works_from_any_folder(
    write_suite, bench_run, beside, tmp_path, monkeypatch
):
    path = write_suite(classifiers=[beside(HELPED)], repetitions=1, audits=False)
    (tmp_path / "helper.py").write_text(HELPER.format("median"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    # Of the folder that the command is run from, nothing is taken.
    (tmp_path / "elsewhere" / "helper.py").write_text("1 / 0")
    store = tmp_path / "store"
    assert bench_run("run", path, "--store", store)[0] == 0
    (tmp_path / "helper.py").write_text(HELPER.format("max"))
    monkeypatch.chdir(tmp_path)
    out = bench_run("status", path, "--store", store, "--why")[1]
    assert out.splitlines()[-1] == "grid, Mine, repetitions 0: helper.py changed"


@pytest.mark.parametrize(
    ("helper", "message"),
    [
        ("x = 1\ndef f(:", "helper.py:2: SyntaxError: invalid syntax"),
        ("x = 1\n1 / 0", "helper.py:2: ZeroDivisionError: division by zero"),
        ("import helpless", "helper.py:1: ModuleNotFoundError: No module named 'helpl"),
        (
            "other = 1",
            "my.py:1: ImportError: cannot import name 'threshold' from 'helper' (",
        ),
        (
            "from my import Mine",
            "cannot import name 'Mine' from partially initialized module 'my' (most",
        ),
    ],
)
def test_a_mistake_in_a_helper_is_one_line(tmp_path, helper, message):
    (tmp_path / "my.py").write_text(HELPED)
    (tmp_path / "helper.py").write_text(helper)
    file = read_class_file(tmp_path / "my.py", "./my.py")
    [finding] = examine([Candidate("./my.py:Mine", {}, file, is_last=True)])
    assert message in finding.error
    assert "bench_file" not in finding.error


def test_a_helper_imported_by_a_call_has_a_remedy(tmp_path):
    (tmp_path / "my.py").write_text(
        "import importlib\nimportlib.import_module('aside_zoo')"
    )
    (tmp_path / "aside_zoo.py").touch()
    file = read_class_file(tmp_path / "my.py", "./my.py")
    [finding] = examine([Candidate("./my.py:Mine", {}, file, is_last=True)])
    assert finding.error.endswith(
        "No module named 'aside_zoo'; 'aside_zoo.py' lies beside it: write `import "
        "aside_zoo` to import it"
    )


def test_a_binary_file_and_a_folder_are_refused(tmp_path):
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


def test_a_suite_may_name_a_class_in_one_word(write_suite, beside):
    suite = load_suite(write_suite(classifiers=[beside(), "sklearn.svm.SVC"]))
    assert [entry.id for entry in suite.classifiers] == ["Mine", "SVC"]
