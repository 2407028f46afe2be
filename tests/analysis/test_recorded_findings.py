"""Findings of recorded curves, whose repetitions share a pool, from made-up scores."""

import numpy as np
import pytest
import stored

from bench.analysis.findings import analyse, collapsed_cells, overlaps_of
from bench.analysis.forecasts import forecast
from bench.analysis.results import load_results, results_frame
from bench.compare.check import check_classifier
from bench.compare.differences import compare_results
from bench.compare.published import _rows_of
from bench.compare.read import read_source
from bench.stats import compare_to, held_out_scores, summarise_scores

N = 6  # draws
MARGIN = 0.01


@pytest.fixture
def pool(tmp_path):
    """Write 60 curves of two unbalanced classes."""
    rng = np.random.default_rng(0)
    y = np.repeat(["often", "rare"], [45, 15])
    X = rng.normal(size=(60, 8)) + (y == "rare")[:, None] * np.linspace(0, 1, 8)
    np.savez(tmp_path / "pool.npz", X=X, y=y)
    return tmp_path / "pool.npz"


@pytest.fixture
def plan(pool, write_suite):
    recorded = {"id": "pool", "recorded": {"files": pool.name}}
    draws = {"split": {"resample": N, "test": 0.2}}
    path = write_suite(
        datasets=[recorded | draws], classifiers=["KNN", "GNB", "DT"], repetitions=None
    )
    return stored.plan_of(path)


def put_scores(plan, folder):
    """Put a result of every cell, right about some 10 of 12 test curves."""
    rng = np.random.default_rng(1)
    results = []
    for cell in plan.cells:
        right = int(rng.integers(8, 12)) - (cell.classifier.id == "DT")
        scores = {"accuracy": right / 12}
        found = {"train": scores, "test": scores, "data_hash": f"h{cell.repetition}"}
        results.append(cell.result("done", **found))
    return stored.store_of(folder, *results)


def test_all_intervals_of_recorded_curves_count_with_their_overlap(plan, tmp_path):
    store = put_scores(plan, tmp_path / "store")
    [recipe] = plan.datasets
    assert (recipe.n_train, recipe.n_test) == (48, 12)
    assert overlaps_of(plan) == {"pool": 0.25}
    loaded = load_results(plan, store)
    found = analyse(plan, store, loaded)
    assert found.results["overlap"].tolist() == [0.25] * 3 * N
    scores = held_out_scores(found.results, "accuracy")
    options = {"alpha": 0.05, "larger_is_better": True, "bounds": (0.0, 1.0)}
    pairs = options | {"margin": MARGIN, "tie": 0.5 / 12}
    for frame, function, arguments in (
        (found.compared, compare_to, {"baseline": "KNN", **pairs}),
        (found.intervals, summarise_scores, options | {"n_curves": 12}),
    ):
        expected = function(scores, **arguments, overlap=0.25)
        plain = function(scores, **arguments)
        for name in ("low", "high"):
            assert np.array_equal(frame[name], expected[name])
        widths = [each["high"] - each["low"] for each in (plain, expected)]
        assert (widths[1] > 1.2 * widths[0]).all()
    # The store says the same without the plan.
    frame = compare_results(read_source(tmp_path / "store"), found.results)
    assert set(frame["verdict"]) == {"identical"}


def test_a_forecast_says_that_no_number_of_draws_would_do(plan, tmp_path):
    store = put_scores(plan, tmp_path / "store")
    rows = forecast(plan, store).detectable
    assert rows["stored"].tolist() == [N, N]
    assert rows["needed"].tolist() == [None, None]
    assert (rows["detectable"] > MARGIN).all()


def test_the_largest_class_alone_is_chance(plan, tmp_path):
    assert plan.datasets[0].largest_share == 0.75
    results = []
    for cell in plan.cells:
        scores = {"accuracy": 1.0 if cell.repetition else 0.75}
        found = {"train": scores, "test": scores, "data_hash": f"h{cell.repetition}"}
        results.append(cell.result("done", **found))
    store = stored.store_of(tmp_path / "store", *results)
    loaded = load_results(plan, store)
    frame = results_frame(plan, store, loaded)
    # 9 of 12 are right, and 12 of 12 are still within what naming one class reaches.
    assert collapsed_cells(plan, frame, loaded).isna().all()


def test_published_rows_of_recorded_curves_are_those_of_the_design(plan, tmp_path):
    store = put_scores(plan, tmp_path / "store")
    frame = results_frame(plan, store, load_results(plan, store))
    assert len(_rows_of(plan, frame)) == 3 * N


def test_a_check_of_recorded_curves_has_the_repetitions_of_the_split(pool):
    from sklearn.naive_bayes import GaussianNB

    recipe = {"recorded": {"files": str(pool)}, "split": {"folds": 3, "repeats": 2}}
    outcome = check_classifier(GaussianNB(), recipe, at_least=0.1)
    assert len(outcome.scores) == N
    assert outcome.passed
    outcome = check_classifier(GaussianNB(), recipe, at_least=0.75)
    assert "over 6 repetitions" in outcome.headline
