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
from recorded_files import recorded, write_curves
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
from bench.stats.intervals import score_interval

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


def test_a_floor_fails_by_the_mean_and_passes_by_the_interval():
    outcome = check_classifier(KNeighborsClassifier(), RECIPE, at_least=0.0)
    values = outcome.scores["test_accuracy"].to_numpy()
    mean = values.mean()
    (low,), (high,) = score_interval(values[:, None], 0.05, bounds=(0, 1), n_curves=40)
    for floor, verdict in (
        (low - 1e-9, "pass"),
        (low + 1e-9, "cannot tell"),
        (mean, "cannot tell"),
        (mean + 1e-9, "fail"),
        (high + 1e-9, "fail"),
    ):
        outcome = check_classifier(KNeighborsClassifier(), RECIPE, at_least=floor)
        assert outcome.verdict == verdict
        assert outcome.passed is (verdict == "pass")
        assert outcome.headline.startswith(
            f"KNeighborsClassifier on grid: held-out accuracy {mean:.4f} [{low:.4f}, "
            f"{high:.4f}] over 5 repetitions, at_least={floor:g}"
        )
        assert outcome.headline.endswith(": reached") is outcome.passed
        assert ("though not clearly" in outcome.headline) is bool(mean < floor < high)


def test_a_floor_that_the_mean_barely_reaches_says_what_would_do():
    outcome = failing(at_least=0.4)
    assert outcome.verdict == "cannot tell"
    assert outcome.headline.endswith(
        ", at_least=0.4: cannot tell: the mean is not below it, but a pass needs the "
        "whole interval above it. At this spread, about 6 repetitions would do; or "
        "give a lower floor, or inconclusive='warn', which lets it pass"
    )


@pytest.mark.parametrize(
    ("split", "n", "asked", "said"),
    [
        ({"resample": 3}, 3, 4, ""),
        ({"folds": 2, "repeats": 2}, 4, 5, "'mine' is into 2 folds, 2 times; expected "
         "at most 4, or another split, such as {resample: 5}"),
        ("given", 1, 2, "'mine' is given, once; expected at most 1"),
    ],
)  # fmt: skip
def test_recorded_curves_are_checked_as_their_split_says(
    tmp_path, monkeypatch, split, n, asked, said
):
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate("ab"):
        write_curves(tmp_path / f"{name}.npz", seed=seed)
    files = ["a.npz", "b.npz"] if split == "given" else "a.npz"
    gate = {"dataset": recorded(files, split=split), "at_least": 0.1}
    outcome = check_classifier(KNeighborsClassifier(), **gate)
    assert list(outcome.scores["repetition"]) == list(range(n))
    assert outcome.scores["data_hash"].nunique() == n
    fewer = check_classifier(KNeighborsClassifier(), **gate, repetitions=1)
    assert fewer.scores["data_hash"][0] == outcome.scores["data_hash"][0]
    if said:
        with pytest.raises(CompareError) as caught:
            check_classifier(KNeighborsClassifier(), **gate, repetitions=asked)
        assert said in str(caught.value)
    else:
        more = check_classifier(KNeighborsClassifier(), **gate, repetitions=asked)
        assert len(more.scores) == asked


@pytest.mark.parametrize(
    ("floor", "verdict"), [(0.0, "pass"), (0.1, "cannot tell"), (0.99, "fail")]
)
def test_two_repetitions_show_nothing_but_that_the_mean_is_below(floor, verdict):
    outcome = check_classifier(NOBODY, RECIPE, at_least=floor, repetitions=2)
    assert outcome.verdict == verdict
    assert "[" not in outcome.headline
    assert (" A verdict needs 3 repetitions; or" in outcome.headline) is (floor == 0.1)


LARGE = RECIPE | {"train": 200, "test": 200}


def test_guessing_is_worse_than_neighbours_and_not_the_other_way_round():
    outcome = check_classifier(
        NOBODY, LARGE, against=KNeighborsClassifier(), repetitions=4
    )
    assert outcome.verdict == "fail"
    assert (
        "DummyClassifier on grid against KNeighborsClassifier: worse by more than the "
        "margin: held-out accuracy 0." in outcome.headline
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
        KNeighborsClassifier(), LARGE, against=NOBODY, repetitions=4
    )
    assert outcome.verdict == "pass"
    assert "DummyClassifier: not worse by more than the margin: held" in (
        outcome.headline
    )


@pytest.mark.parametrize("repetitions", [1, 2, 3])
def test_guessing_does_not_pass_for_want_of_repetitions(repetitions):
    outcome = failing(
        against=KNeighborsClassifier(), repetitions=repetitions, margin=0.001
    )
    assert outcome.verdict == "cannot tell"
    assert "KNeighborsClassifier: cannot tell: held-out accuracy 0." in outcome.headline
    assert "A pass needs the whole interval above -0.001. " in outcome.headline
    missing = "A verdict needs 3 repetitions"
    if repetitions == 3:
        missing = "At this spread, about "
        assert " repetitions would do; or give a larger margin, or" in outcome.headline
    assert missing in outcome.headline


@pytest.mark.parametrize("repetitions", [1, 3])
def test_a_classifier_is_identical_to_itself(repetitions):
    outcome = check_classifier(
        DecisionTreeClassifier(),
        RECIPE,
        against=DecisionTreeClassifier(),
        margin=0.0,
        repetitions=repetitions,
    )
    assert outcome.passed
    assert "against DecisionTreeClassifier (against): identical: " in outcome.headline


def test_a_baseline_file_is_kept_and_compared_with(tmp_path):
    path = tmp_path / "kept" / "baseline.csv"
    good, bad = KNeighborsClassifier(), NOBODY
    settings = {"baseline_file": path, "repetitions": 4, "name": "mine"}
    with pytest.raises(MissingFileError, match="run pytest with --bench-accept"):
        check_classifier(good, LARGE, **settings)
    assert check_classifier(good, LARGE, **settings, accept=True).passed
    first = path.read_bytes()
    outcome = check_classifier(good, LARGE, **settings)
    assert outcome.passed
    assert "mine on grid against baseline.csv: identical: held-out" in outcome.headline
    assert outcome.headline.endswith(", the same in each of 4 repetitions")
    outcome = check_classifier(bad, LARGE, **settings)
    assert outcome.verdict == "fail"
    assert "mine on grid against baseline.csv: worse by more" in outcome.headline
    outcome = check_classifier(KNeighborsClassifier(7), LARGE, **settings, margin=0)
    assert outcome.verdict == "cannot tell"
    assert "repetitions would do (of the kept scores as well); or" in outcome.headline
    assert path.read_bytes() == first
    other = settings | {"name": "other"}
    with pytest.raises(CompareError, match="found no scores of other on grid; run py"):
        check_classifier(good, LARGE, **other)
    assert check_classifier(bad, LARGE, **other, accept=True).passed
    assert len(read_source(path)) == 8
    assert check_classifier(good, LARGE, **settings).passed
    check_classifier(good, LARGE, **settings, accept=True)
    assert len(read_source(path)) == 8


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"seed": 1}, "changed data: not the same in NEW: repetitions 0, 1, 2"),
        ({"repetitions": 2}, "fewer repetitions: not in NEW: repetitions 2"),
    ],
)
def test_a_baseline_of_other_draws_fails_and_cannot_be_warned_away(
    tmp_path, changed, why
):
    path = tmp_path / "baseline.csv"
    settings = {"baseline_file": path, "repetitions": 3, "inconclusive": "warn"}
    check_classifier(NOBODY, RECIPE, **settings, accept=True)
    outcome = check_classifier(NOBODY, RECIPE, **settings | changed)
    assert outcome.verdict == "fail"
    assert f"baseline.csv: not comparable: {why}; draws change" in outcome.headline
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
        ({"against": NOBODY, "repetitions": 1001}, "whole number from 1 to 1000"),
        ({"against": NOBODY, "inconclusive": "pass"}, "found 'pass'; expected 'fail'"),
        ({"at_least": 0.5, "inconclusive": None}, "inconclusive: found None; expected"),
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
        assert len(scores) == 5
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


UNSURE = """
    def test_unsure(bench_check):
        scores = bench_check(
            NOBODY, RECIPE, against=KNeighborsClassifier(), repetitions=2{more}
        )
        assert len(scores) == 4
"""


def test_what_cannot_be_told_fails_with_its_own_words(users):
    run = users(UNSURE.format(more=""))
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(
        ["E*Failed: DummyClassifier on grid against KNeighborsClassifier: cannot tell*"]
    )


def test_what_cannot_be_told_may_pass_with_a_warning(users):
    asked = UNSURE.format(more=', inconclusive="warn"')
    run = users(asked, "-W", "default::bench.pytest_plugin.InconclusiveWarning")
    run.assert_outcomes(passed=1, warnings=1)
    run.stdout.fnmatch_lines(
        ["*InconclusiveWarning: DummyClassifier on grid against KNeigh*: cannot tell*"]
    )
    users(asked).assert_outcomes(failed=1)  # where warnings are errors


def test_a_warning_lets_nothing_pass_that_is_below_or_a_mistake(users):
    run = users("""
    def test_below(bench_check):
        bench_check(NOBODY, RECIPE, at_least=0.95, inconclusive="warn")

    def test_word(bench_check):
        bench_check(NOBODY, RECIPE, at_least=0.1, inconclusive="pass")
    """)
    run.assert_outcomes(failed=2)
    run.stdout.fnmatch_lines(
        ["E*Failed: bench_check: inconclusive: found 'pass'; expected 'fail' or 'warn'"]
    )


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


@pytest.mark.parametrize(
    "output",
    [
        "self.predict_proba(X)[:, 1]",
        "super().predict(X).astype(float) + 0.5",
        "super().predict(X)[:-1]",
    ],
)
def test_predictions_that_are_no_labels_never_pass(users, output):
    body = f"""
    class Strange(KNeighborsClassifier):
        def predict(self, X):
            return {output}

    def test_floor(bench_check):
        bench_check(Strange(), RECIPE, at_least=0.1, inconclusive="warn")

    def test_against(bench_check):
        bench_check(Strange(), RECIPE, against=Strange(), repetitions=1)
    """
    users(body).assert_outcomes(failed=2)


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
    assert len((pytester.path / "kept.csv").read_text().splitlines()) == 6
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
    assert len(bench_check(neighbours, RECIPE, at_least=0.1)) == 5
    benchmark.pedantic(neighbours.get_params, rounds=1)
"""
    )
    run = pytester.runpytest_subprocess("-W", "error", "-n", "1", "--benchmark-disable")
    run.assert_outcomes(passed=1)
    run.stdout.fnmatch_lines(["KNeighborsClassifier on grid: held-out accuracy 0.*"])
