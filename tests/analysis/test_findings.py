import numpy as np
import pandas as pd
import stored
import yaml_text

from bench.analysis.findings import analyse, half_a_curve, rows_of
from bench.analysis.results import load_results
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0]
LIBRARIES = ["N0*x[:,0]", "N0*sin(x[:,0])", "U0*x[:,0]**2", "tanh(N0*x[:,0])",
             "exp(-U0*x[:,0]**2)", "N0*cos(x[:,0]) + N1"]  # fmt: skip


def findings_of(path, folder):
    plan, store = stored.plan_of(path), Store(folder / "data" / "store")
    return analyse(plan, store, load_results(plan, store))


def test_a_suite_of_one_library_gets_effects_and_no_tests(
    write_suite, bench_run, tmp_path
):
    path = write_suite(
        repetitions=5,
        datasets=[DATASET | {"id": f"n-{n}", "train": n} for n in (10, 20, 30)],
        classifiers=["KNN", "DT", "CHANCE"],
        stats={"baseline": "DT", "margin": 0.02},
    )
    assert bench_run("run", path, "-j", 2)[0] == 0
    found = findings_of(path, tmp_path)
    assert not found.across.allowed
    assert "1 family of datasets (the 3 datasets share" in found.across.reason
    assert set(found.compared["classifier"]) == {"KNN", "CHANCE"}
    assert set(found.audits["dataset"]) == {"n-10", "n-20", "n-30"}
    folder = tmp_path / "reports" / "small"
    text = (folder / "README.md").read_text()
    assert "No intervals, tests or critical differences across datasets" in text
    assert "difference to DT" in (folder / "datasets" / "n-10.md").read_text()
    assert "figures/sweep.png" in text
    assert (folder / "figures" / "sweep.png").exists()
    assert r"\toprule" in (folder / "tables.tex").read_text()
    for name in ("results", "summary", "comparisons", "pairs", "audits"):
        assert len(pd.read_csv(folder / f"{name}.csv"))


def test_enough_libraries_get_tests_and_critical_differences(
    write_suite, bench_run, tmp_path
):
    datasets = []
    for i, line in enumerate(LIBRARIES):
        (tmp_path / f"own{i}.lib").write_text(line + "\n")
        datasets.append(DATASET | {"id": f"d{i}", "library": f"own{i}"})
    path = write_suite(datasets=datasets, classifiers=["KNN", "CHANCE"], audits=False)
    assert bench_run("run", path, "-j", 2)[0] == 0
    found = findings_of(path, tmp_path)
    assert found.across.allowed
    assert found.across.needed == 6
    assert found.audits.empty
    assert set(found.stability["classifier"]) == {"KNN", "CHANCE"}
    text = (tmp_path / "reports" / "small" / "README.md").read_text()
    assert "Friedman" in text
    assert "figures/critical-differences.png" in text
    assert "## Audits" not in text


def test_a_classifier_without_scores_is_reported(write_suite, bench_run, tmp_path):
    (tmp_path / "own_zoo.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\n"
        "class Odd(GaussianNB):\n"
        "    def fit(self, X, y):\n"
        "        if X[0, 0] > -10: raise RuntimeError('no luck')\n"
    )
    path = write_suite(
        classifiers=["KNN", "GNB", {"class": "own_zoo.Odd"}], repetitions=3
    )
    assert bench_run("run", path)[0] == 3
    found = findings_of(path, tmp_path)
    # What never has a score takes part in no comparison; it is a row all the same.
    reasons = found.compared.set_index("classifier")["left_out"].to_dict()
    assert reasons == {"GNB": "", "Odd": "has no score in 3 repetitions"}
    assert set(found.compared["family"]) == {1}
    text = (tmp_path / "reports" / "small" / "README.md").read_text()
    assert "**Not done.** 3 failed of" in text
    assert "0 of 3" in text
    assert "RuntimeError: no luck" in text
    path = write_suite(
        classifiers=["KNN", "GNB", {"class": "own_zoo.Odd"}],
        repetitions=3,
        stats={"impute": "chance"},
    )
    imputed = findings_of(path, tmp_path)
    assert set(imputed.compared["left_out"]) == {""}


def test_plug_ins_that_fail_in_turn_change_nothing_for_others(write_suite, tmp_path):
    datasets = [DATASET, DATASET | {"id": "other", "train": 31}]
    classifiers = ["KNN", "GNB", "DT", "RF", "LOGREG"]
    options = {"repetitions": 6, "audits": False, "stats": {"works": 0.85}}
    path = write_suite(datasets=datasets, classifiers=classifiers, **options)
    plan, store = stored.plan_of(path), Store(tmp_path / "store")
    rng = np.random.default_rng(0)
    means = dict(zip(classifiers, [0.9, 0.88, 0.6, 0.9, 0.9], strict=True))
    for cell in plan.cells:
        name = cell.classifier.id
        score = {"accuracy": float(np.round(rng.normal(means[name], 0.02), 2))}
        turn = {"RF": 0, "LOGREG": 1}.get(name)
        fails = cell.dataset.spec.id == "grid" and cell.repetition % 2 == turn
        result = (
            cell.result("failed")
            if fails
            else cell.result("done", train=score, test=score)
        )
        store.put(result, None if fails else stored.ARRAYS)
    both = analyse(plan, store, load_results(plan, store))
    path = write_suite(datasets=datasets, classifiers=classifiers[:3], **options)
    plan = stored.plan_of(path)
    alone = analyse(plan, store, load_results(plan, store))
    for name in ("intervals", "compared", "works"):
        grid, other = (
            frame[frame["classifier"].isin(classifiers[:3])]
            for frame in (
                rows_of(getattr(both, name), "grid"),
                rows_of(getattr(both, name), "other"),
            )
        )
        expected = rows_of(getattr(alone, name), "grid")
        pd.testing.assert_frame_equal(grid.reset_index(drop=True), expected)
        # On the other dataset they did not fail, and are compared like any other.
        if name != "works":
            assert (other["left_out"] == "").all()
    left_out = both.compared.set_index(["dataset", "classifier"])["left_out"]
    assert left_out["grid", "RF"] == "lacks 3 of 6 repetitions"
    assert (rows_of(both.compared, "other")["family"] == 4).all()


def test_a_collapse_is_found_by_accuracy_and_told_everywhere(write_suite, tmp_path):
    path = write_suite(
        classifiers=["KNN", "GNB"],
        repetitions=5,
        audits=False,
        metrics=["brier"],
        stats={"works": 0.3},
    )
    plan, store = stored.plan_of(path), Store(tmp_path / "store")
    for cell in plan.cells:
        collapses = cell.classifier.id == "GNB" and cell.repetition == 2
        accuracy = 0.5 if collapses else 0.95 + 0.005 * cell.repetition
        scores = {"accuracy": accuracy, "brier": (1 - accuracy) / 2}
        result = cell.result("done", train=scores, test=scores)
        store.put(result, stored.ARRAYS)
    found = analyse(plan, store, load_results(plan, store))
    collapsed = found.results[found.results["collapsed"].fillna(False)]
    assert collapsed["classifier"].tolist() == ["GNB"]
    assert collapsed["repetition"].tolist() == [2]
    row = found.intervals.set_index("classifier").loc["GNB"]
    assert (row["n"], row["n_compared"], row["collapsed"]) == (5, 4, 1)
    assert row["mean_compared"] < 0.03 < row["mean"]
    assert "GNB: 1 of 5 collapsed, [" in found.compared["words"].iloc[0]
    assert found.compared["n"].tolist() == [4]
    works = found.works.set_index("classifier")["words"]
    assert works["GNB"].startswith("works; 1 of 5 collapsed, [")
    assert works["KNN"] == "works"


def test_a_baseline_that_is_no_classifier_is_refused(write_suite, bench_run):
    code, _, err = bench_run("run", write_suite(stats={"baseline": "KN"}))
    assert code == 2
    assert "stats.baseline: no classifier 'KN'" in err
    assert "did you mean 'KNN'" in err


def test_half_a_curve_by_hand():
    assert half_a_curve(2000) == 0.5 / 2000
