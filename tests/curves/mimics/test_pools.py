import subprocess
import sys

import numpy as np
import pytest
import stored
import yaml_text
from mimic_recipes import MIMIC, RECIPE, resolve, rows

import bench
from bench import make_dataset
from bench.base.errors import DatasetError
from bench.base.seeds import generator
from bench.curves.draws import draw_class, functions_of
from bench.curves.library import load_library
from bench.curves.mimics.cache import load_pool
from bench.curves.mimics.pools import PoolHalf, make_pool
from bench.curves.noise import standardise
from bench.suite.networks import MimicCurves

X = np.linspace(-3, 3, 25)[:, None]


def pool_of(library, size=40, seed=0, **options):
    spec = MimicCurves.model_validate(MIMIC | options, strict=False)
    return make_pool(library, X, spec, size, lambda *names: generator(seed, *names))


def test_halves_hold_good_fits_and_exact_curves_in_single_precision(library):
    neural, symbolic = pool_of(library, 61, rmse=1.0, steps=30)
    n_kept = len(neural.functions) + len(symbolic.functions)
    assert 40 < n_kept <= 61
    assert max(neural.places) < 30
    assert max(symbolic.places) < 31
    for half in (neural, symbolic):
        assert half.values.shape == (len(half.functions), 25)
        assert half.slopes.shape == (len(half.functions), 25, 1)
        assert half.values.dtype == half.slopes.dtype == np.float32
        assert (np.diff(half.places) > 0).all()
    # Exact curves are standardised; a net's output is only near that.
    np.testing.assert_allclose(symbolic.values.std(axis=1), 1, rtol=1e-6)
    assert (np.abs(neural.values.std(axis=1) - 1) > 1e-6).all()


def test_outputs_are_close_to_curves_of_the_mimicked_function(library):
    neural, _ = pool_of(library, 24, hidden=[24, 24], steps=300, rmse=0.3)
    assert len(neural.functions) > 5
    rng = np.random.default_rng(0)
    for function, values in zip(neural.functions, neural.values, strict=True):
        exact, _ = standardise(library.only([function]).sample(X, 4000, rng))
        error = np.sqrt(((exact - values) ** 2).mean(axis=1))
        assert error.min() < 0.45


def test_a_pool_is_empty_if_no_fit_is_good_enough(library):
    neural, symbolic = pool_of(library, rmse=1e-6)
    assert len(neural.functions) == len(symbolic.functions) == 0


def test_gradients_are_those_of_the_values(library):
    fine = np.linspace(-3, 3, 2001)[:, None]
    spec = MimicCurves.model_validate(MIMIC | {"rmse": 1.0}, strict=False)
    halves = make_pool(library, fine, spec, 16, lambda *names: generator(0, *names))
    for half in halves:
        found = np.gradient(half.values, fine[:, 0], axis=1)[:, 1:-1]
        assert np.median(np.abs(found - half.slopes[:, 1:-1, 0])) < 1e-3


def test_curves_that_are_not_finite_cannot_be_mimicked(tmp_path):
    (tmp_path / "rare.lib").write_text("exp(exp(exp(N0 + 0*x[:,0])/2))\n")
    rare = load_library("rare", tmp_path)
    with pytest.raises(DatasetError, match=r"not finite; .* library 'rare'"):
        pool_of(rare, 400)


def test_one_fit_less_takes_one_curve_and_moves_no_noise(monkeypatch):
    changes = {"noise": 20, "neural": MIMIC | {"pool": 80}}
    first = make_dataset(RECIPE | changes)
    pool = load_pool(resolve(**changes), 0, 0)

    def without_the_third(*_):
        kept = np.arange(len(pool[0].functions)) != 2
        names = ("functions", "places", "values", "slopes")
        return PoolHalf(*(getattr(pool[0], name)[kept] for name in names)), pool[1]

    monkeypatch.setattr("bench.curves.draws.load_pool", without_the_third)
    second = make_dataset(RECIPE | changes)
    assert len(rows(first.X_train) - rows(second.X_train)) == 1
    assert rows(first.X_test) == rows(second.X_test)


def test_halves_are_dealt_before_fits_are_judged(library):
    strict, loose = (pool_of(library, 61, rmse=rmse) for rmse in (0.5, 1.0))
    for few, many in zip(strict, loose, strict=True):
        assert 0 < len(few.places) < len(many.places)
        kept = np.isin(many.places, few.places)
        np.testing.assert_array_equal(many.places[kept], few.places)
        np.testing.assert_array_equal(many.values[kept], few.values)


def test_a_dataset_uses_each_curve_once():
    data = make_dataset(RECIPE | {"train": 14, "test": 9})
    assert np.bincount(data.y_train).tolist() == [14, 14]
    assert np.bincount(data.y_test).tolist() == [9, 9]
    whole = np.concatenate([data.X_train, data.X_test])
    assert len(rows(whole)) == len(whole)
    np.testing.assert_allclose(whole.std(axis=1), 1, rtol=1e-12)  # both classes


def test_a_pool_of_a_given_size_makes_sweeps_over_training_curves_paired():
    fixed = RECIPE | {"neural": MIMIC | {"pool": 80}}
    small, large = (make_dataset(fixed | {"train": n}) for n in (5, 20))
    assert rows(small.X_train) < rows(large.X_train)
    np.testing.assert_array_equal(small.X_test, large.X_test, strict=True)
    # Otherwise another number of curves is another pool.
    assert resolve().pool_size == 53
    assert resolve(train=1000, test=1000).pool_size == 6600
    assert resolve(train=5).stream != resolve().stream
    assert resolve(neural=MIMIC | {"pool": 53}).identity == resolve().identity


def test_test_curves_of_both_classes_are_of_unseen_functions():
    recipe = resolve(
        neural=MIMIC | {"pool": 400}, split={"unseen-functions": 10}, noise=1
    )
    pool = load_pool(recipe, 0, 0)
    for label in (0, 1):
        for part in ("train", "test"):
            seen = functions_of(recipe, part, 0, 0)
            values, _ = draw_class(recipe, label, 20, True, part=part)
            curves = standardise(pool[label].values)[0]
            of = [int(np.abs(curves - curve).max(axis=1).argmin()) for curve in values]
            assert set(pool[label].functions[of]) <= set(seen)


def test_too_few_good_fits_are_refused_with_their_numbers():
    for changes in ({"train": 40}, {"split": {"unseen-functions": 1}, "test": 9}):
        options = MIMIC | {"pool": 66}
        message = (
            r"pool of 66 networks, \d+ of which fit .*holds \d+ \w+ curves.*; expected"
        )
        with pytest.raises(DatasetError, match=message):
            make_dataset(RECIPE | {"neural": options} | changes)


def test_the_key_of_a_cell_depends_on_the_versions_that_fit(write_suite, monkeypatch):
    path = write_suite(
        datasets=[RECIPE, yaml_text.SUITE["datasets"][0]], classifiers=["KNN"]
    )

    def keys():
        return [cell.key for cell in stored.plan_of(path).cells]

    before = keys()
    monkeypatch.setattr(
        "bench.curves.mimics.published.package_version", lambda name: "99"
    )
    newer = keys()
    monkeypatch.undo()
    monkeypatch.setitem(bench.RESULTS, "mimic", 99)
    for after in (newer, keys()):
        same = [a == b for a, b in zip(before, after, strict=True)]
        assert same == [False, False, True, True]


def test_pools_and_mimics_import_no_torch():
    program = "import sys, bench.curves.draws; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
