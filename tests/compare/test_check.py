import os
import subprocess
import sys
import textwrap
import tomllib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
import yaml_text
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import bench
from bench import CSDClassifier, load_suite, read_results, run_suite
from bench.base import resources
from bench.base.errors import (
    BenchError,
    CompareError,
    DatasetError,
    MissingFileError,
    SuiteError,
)
from bench.compare.check import _write_baseline, check_classifier
from bench.compare.read import read_source
from bench.compare.results_csv import read_table
from bench.curves.recipes import resolve_dataset

pytest_plugins = ["pytester"]

RECIPE = yaml_text.SUITE["datasets"][0]
SEED = yaml_text.SUITE["seed"]
NOBODY = DummyClassifier(strategy="uniform")

# As it stands on the page about the gate.
EXAMPLE = resources.CHECKOUT / "examples" / "test_neighbours.py"

# Fast to fit, and the same however often it is fitted.
GATE = f"""
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier

RECIPE = {RECIPE!r}
NOBODY = DummyClassifier(strategy="uniform")
"""


@pytest.fixture
def users(pytester, monkeypatch):
    """Run a test file of a user's, in this process, and give what pytest printed."""
    # The plugin by its module, installed anew or not.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(body, *arguments):
        pytester.makepyfile(GATE + textwrap.dedent(body))
        own = ("-p", "bench.pytest_plugin", "-W", "error", *arguments)
        return pytester.runpytest_inprocess(*own)

    return run


def failing(**gate):
    outcome = check_classifier(NOBODY, RECIPE, **gate)
    assert not outcome.passed
    return outcome


def test_the_scores_are_those_of_a_suites_cells(write_suite, tmp_path):
    estimators = {
        "RF": RandomForestClassifier(n_estimators=5),
        "CSD": CSDClassifier(max_epochs=2),  # which is given the points
    }
    path = write_suite(
        classifiers=[
            {"id": "RF", "use": "RF", "params": {"n_estimators": 5}},
            {
                "id": "CSD",
                "class": "bench.classifiers.CSDClassifier",
                "params": {"max_epochs": 2},
            },
        ],
    )
    store = tmp_path / "store"
    results = read_results(run_suite(path, store=store), store)
    for name, estimator in estimators.items():
        outcome = check_classifier(
            estimator, (path, "grid"), at_least=0.0, repetitions=2, name=name
        )
        columns = [c for c in outcome.scores.columns if not c.endswith("_seconds")]
        expected = results.loc[results["classifier"] == name, columns]
        pd.testing.assert_frame_equal(
            outcome.scores[columns], expected.reset_index(drop=True)
        )


def test_a_recipe_a_suite_and_its_dataset_are_the_same(write_suite):
    path = write_suite()
    spec = load_suite(path).datasets[0]
    datasets = (RECIPE, path, (str(path), "grid"), spec, resolve_dataset(spec))
    outcomes = [
        check_classifier(
            KNeighborsClassifier(),
            dataset,
            at_least=0.0,
            seed=seed,
        )
        for dataset, seed in zip(datasets, (SEED, None, None, SEED, SEED), strict=True)
    ]
    first, *others = (
        outcome.scores.drop(columns=["fit_seconds", "predict_seconds"])
        for outcome in outcomes
    )
    for other in others:
        pd.testing.assert_frame_equal(first, other)


def test_a_check_gives_the_same_scores_each_time():
    nested = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=5))
    frames = [
        check_classifier(nested, RECIPE, at_least=0.0).scores["test_accuracy"]
        for _ in range(2)
    ]
    pd.testing.assert_series_equal(*frames)
    assert nested.get_params()["randomforestclassifier__random_state"] is None
    other = check_classifier(nested, RECIPE, at_least=0.0, seed=1).scores
    assert not frames[0].equals(other["test_accuracy"])


def test_the_global_random_state_and_torchs_threads_are_left_alone():
    before = torch.get_num_threads()
    state = str(np.random.get_state())  # noqa: NPY002 (it is the global one)
    torch.set_num_threads(2)
    try:
        check_classifier(NOBODY, RECIPE, at_least=0.0, repetitions=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert str(np.random.get_state()) == state  # noqa: NPY002


def test_the_floor_is_the_mean():
    scores = check_classifier(KNeighborsClassifier(), RECIPE, at_least=0.0).scores
    mean = scores["test_accuracy"].mean()
    for floor, passed in ((mean - 1e-9, True), (mean, True), (mean + 1e-9, False)):
        outcome = check_classifier(KNeighborsClassifier(), RECIPE, at_least=floor)
        assert outcome.passed is passed
    assert "KNeighborsClassifier on grid: held-out accuracy" in outcome.headline
    assert "below it, though not clearly" in outcome.headline
    assert failing(at_least=1.0).headline.endswith("at_least=1: below it")


def test_one_repetition_suffices_for_a_floor():
    outcome = failing(at_least=0.99, repetitions=1)
    assert len(outcome.scores) == 1
    assert "[" not in outcome.headline


def test_guessing_is_worse_than_neighbours_and_not_the_other_way_round():
    dataset = RECIPE | {"train": 200, "test": 200}
    outcome = check_classifier(
        NOBODY, dataset, against=KNeighborsClassifier(), repetitions=4
    )
    assert not outcome.passed
    assert "DummyClassifier on grid against KNeighborsClassifier: worse: held" in (
        outcome.headline
    )
    assert (
        outcome.scores["classifier"].tolist()
        == [
            "DummyClassifier",
            "KNeighborsClassifier",
        ]
        * 4
    )
    assert "held-out" in outcome.text
    outcome = check_classifier(
        KNeighborsClassifier(), dataset, against=NOBODY, repetitions=4
    )
    assert outcome.passed
    assert ": better: " in outcome.headline


def test_a_classifier_is_equivalent_to_itself():
    outcome = check_classifier(
        DecisionTreeClassifier(), RECIPE, against=DecisionTreeClassifier(), margin=0.0
    )
    assert outcome.passed
    assert "against DecisionTreeClassifier (against): equivalent" in outcome.headline


def test_a_baseline_file_is_kept_and_compared_with(tmp_path):
    path = tmp_path / "kept" / "baseline.csv"
    good, bad = KNeighborsClassifier(), NOBODY
    dataset = RECIPE | {"train": 200, "test": 200}
    settings = {"baseline_file": path, "repetitions": 4, "name": "mine"}
    with pytest.raises(MissingFileError, match="run pytest with --bench-accept"):
        check_classifier(good, dataset, **settings)
    assert check_classifier(good, dataset, **settings, accept=True).passed
    first = path.read_bytes()
    outcome = check_classifier(good, dataset, **settings)
    assert outcome.passed
    assert "mine on grid against baseline.csv: equivalent" in outcome.headline
    outcome = check_classifier(bad, dataset, **settings)
    assert not outcome.passed
    assert "mine on grid against baseline.csv: worse" in outcome.headline
    assert path.read_bytes() == first
    other = settings | {"name": "other"}
    with pytest.raises(CompareError, match="found no scores of other on grid; run py"):
        check_classifier(good, dataset, **other)
    assert check_classifier(bad, dataset, **other, accept=True).passed
    assert len(read_source(path)) == 8
    assert check_classifier(good, dataset, **settings).passed
    check_classifier(good, dataset, **settings, accept=True)
    assert len(read_source(path)) == 8


def test_a_baseline_of_other_draws_is_not_comparable(tmp_path):
    path = tmp_path / "baseline.csv"
    settings = {"baseline_file": path, "repetitions": 3}
    check_classifier(NOBODY, RECIPE, **settings, accept=True)
    for changed in ({"seed": 1}, {"repetitions": 2}):
        outcome = check_classifier(NOBODY, RECIPE, **settings | changed)
        assert not outcome.passed
        assert "not comparable: " in outcome.headline
        assert "run pytest with --bench-accept" in outcome.headline


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "found none; expected one of at_least, against, baseline_file"),
        ({"at_least": 0.5, "against": NOBODY}, "found at_least, against; expected one"),
        ({"at_least": 95}, "at_least: found 95; expected an accuracy, 0 to 1"),
        ({"at_least": "0.9"}, "at_least: found '0.9'"),
        ({"at_least": 0.5, "repetitions": 0}, "repetitions: found 0; expected a whole"),
        ({"at_least": 0.5, "repetitions": 1.5}, "repetitions: found 1.5"),
        ({"against": NOBODY, "repetitions": 1}, "from 2 to 1000 with against"),
        ({"at_least": 0.5, "margin": -1}, "margin"),
        ({"at_least": 0.5, "name": "a\nb"}, "name: found 'a"),
    ],
)
def test_invalid_settings_are_refused(settings, message):
    with pytest.raises(BenchError, match=message):
        check_classifier(NOBODY, RECIPE, **settings)


@pytest.mark.parametrize(
    ("dataset", "error", "message"),
    [
        (7, DatasetError, "found a int; expected a recipe"),
        ({"library": "F11_v1"}, DatasetError, "inputs: Field required"),
        (RECIPE | {"trian": 5}, DatasetError, "did you mean 'train'"),
        (("two.yaml", "gird"), DatasetError, "no dataset 'gird'.*did you mean 'grid'"),
        ("two.yaml", DatasetError, "found no id; expected .file, id. with one of grid"),
        ("none.yaml", MissingFileError, "none.yaml: cannot be read"),
        ("bad.yaml", SuiteError, "bad.yaml:1"),
    ],
)
def test_an_argument_that_is_not_a_dataset_is_refused(
    write_suite, tmp_path, monkeypatch, dataset, error, message
):
    monkeypatch.chdir(tmp_path)
    write_suite("two.yaml", datasets=[RECIPE, RECIPE | {"id": "more"}])
    (tmp_path / "bad.yaml").write_text("[]")
    with pytest.raises(error, match=message):
        check_classifier(NOBODY, dataset, at_least=0.5)


def test_a_gate_that_holds_passes_and_gives_the_scores(users):
    run = users("""
    def test_neighbours(bench_check):
        scores = bench_check(KNeighborsClassifier(), RECIPE, at_least=0.1)
        assert len(scores) == 3
        assert set(scores["status"]) == {"done"}
    """)
    run.assert_outcomes(passed=1)
    run.stdout.fnmatch_lines(
        ["*- bench_check -*", "KNeighborsClassifier on grid: held-out accuracy 0.*"]
    )


def test_a_gate_that_does_not_hold_fails_with_a_table(users, tmp_path):
    report = tmp_path / "report.xml"
    run = users(
        """
    def test_guesses(bench_check):
        bench_check(NOBODY, RECIPE, at_least=0.95)

    def test_worse(bench_check):
        dataset = RECIPE | {"train": 200, "test": 200}
        bench_check(NOBODY, dataset, against=KNeighborsClassifier(), repetitions=4)
    """,
        f"--junitxml={report}",
    )
    run.assert_outcomes(failed=2)
    run.stdout.fnmatch_lines(
        [
            ">*bench_check(NOBODY, RECIPE, at_least=0.95)",
            "E*Failed: DummyClassifier on grid: held-out accuracy 0.*: below it*",
            "E*dataset * repetition  classifier * train_accuracy * test_accuracy*",
            "E*grid * 0  DummyClassifier*",
            "E*Failed: DummyClassifier on grid against KNeighborsClassifier: worse*",
        ]
    )
    message = run.stdout.str()
    assert "check_fixture.py" not in message
    assert "pytest_plugin.py" not in message
    assert 'name="bench_check" value="DummyClassifier on grid' in report.read_text()


def test_a_mistake_fails_in_one_line(users):
    run = users("""
    def test_mistake(bench_check):
        bench_check(NOBODY, ("no.yaml", "grid"), at_least=0.95)
    """)
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["E*Failed: bench_check: no.yaml: cannot be read*"])
    assert "Traceback" not in run.stdout.str()
    assert "During handling" not in run.stdout.str()


def test_an_error_of_the_classifier_is_its_own(users):
    run = users("""
    def test_error(bench_check):
        bench_check(KNeighborsClassifier(n_neighbors=0), RECIPE, at_least=0.95)
    """)
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["E*InvalidParameterError*n_neighbors*"])


def test_checks_that_write_scores_at_the_same_time_lose_none(tmp_path):
    path = tmp_path / "kept" / "baseline.csv"
    fixed = {"dataset": "x10", "repetition": [0, 1], "status": "done"}
    fixed |= {"train_accuracy": 0.9, "test_accuracy": [0.8, 0.7], "data_hash": "a" * 64}
    names = [f"C{i:02}" for i in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: _write_baseline(
                    pd.DataFrame(fixed | {"classifier": n}), path
                ),
                names,
            )
        )
    assert sorted(read_table(path)["classifier"]) == sorted(2 * names)
    assert [p.name for p in path.parent.iterdir()] == ["baseline.csv"]


def test_accepted_scores_are_the_baseline_of_later_runs(users, pytester):
    body = """
    def test_kept(bench_check):
        bench_check(KNeighborsClassifier(), RECIPE, baseline_file="kept.csv")
    """
    run = users(body)
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["*kept.csv: cannot be read*--bench-accept*"])
    users(body, "--bench-accept").assert_outcomes(passed=1)
    assert len((pytester.path / "kept.csv").read_text().splitlines()) == 4
    users(body).assert_outcomes(passed=1)


def test_a_quiet_run_lists_nothing(users):
    run = users(
        """
    def test_neighbours(bench_check):
        bench_check(KNeighborsClassifier(), RECIPE, at_least=0.1)
    """,
        "-q",
    )
    run.assert_outcomes(passed=1)
    assert "held-out accuracy" not in run.stdout.str()


def test_the_example_of_the_docs_passes_in_an_empty_folder(users, pytester):
    text = EXAMPLE.read_text()
    assert text in (resources.CHECKOUT / "docs" / "gate.md").read_text("utf-8")
    pytester.makepyfile(text)
    run = pytester.runpytest_inprocess("-p", "bench.pytest_plugin", "-W", "error")
    run.assert_outcomes(passed=1)


def test_the_example_of_the_docs_passes_in_the_checkout_without_other_plugins():
    others = ("benchmark", "xdist", "pytest_cov", "hypothesispytest", "cacheprovider")
    without = [word for name in others for word in ("-p", f"no:{name}")]
    example = EXAMPLE.relative_to(resources.CHECKOUT)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *without, example],
        cwd=resources.CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "KNeighborsClassifier on uniform-100: held-out accuracy 0." in run.stdout
    assert "1 passed" in run.stdout


def test_the_plugin_imports_nothing_that_takes_time():
    code = (
        "import sys, bench.pytest_plugin\n"
        "slow = {'numpy', 'pandas', 'scipy', 'sklearn', 'torch', 'rich', 'pydantic'}\n"
        "sys.exit(str(slow & set(sys.modules)) if slow & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_pytest_may_be_started_by_a_process_that_has_imported_us():
    # Else it warns that it came too late to rewrite our asserts, which is an error
    # where warnings are.
    assert "PYTEST_DONT_REWRITE" in bench.__doc__


def test_the_plugin_is_declared_for_pytest():
    project = tomllib.loads((resources.CHECKOUT / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["pytest11"] == {
        "bench": "bench.pytest_plugin"
    }


@pytest.mark.slow  # processes of its own, each of which imports all anew
def test_it_works_as_installed_with_xdist_and_benchmarks(pytester, monkeypatch):
    folder = pytester.mkdir("site") / "own-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 0\n")
    declared = "[pytest11]\nbench = bench.pytest_plugin\n"
    (folder / "entry_points.txt").write_text(declared)
    paths = os.pathsep.join((str(folder.parent), str(resources.CHECKOUT)))
    monkeypatch.setenv("PYTHONPATH", paths)
    pytester.makepyfile(
        GATE
        + """
def test_neighbours(bench_check, benchmark):
    neighbours = KNeighborsClassifier()
    assert len(bench_check(neighbours, RECIPE, at_least=0.1)) == 3
    benchmark.pedantic(neighbours.get_params, rounds=1)
"""
    )
    run = pytester.runpytest_subprocess("-W", "error", "-n", "1", "--benchmark-disable")
    run.assert_outcomes(passed=1)
    run.stdout.fnmatch_lines(["KNeighborsClassifier on grid: held-out accuracy 0.*"])
