"""Curves of one class: noise, wild networks, the library itself, unseen functions."""

import numpy as np
import pytest

from bench.curves.draws import draw_class, functions_of
from bench.curves.noise import add_noise, standardise
from bench.curves.recipes import resolve_dataset
from bench.suite.datasets import DatasetSpec

RECIPE = {
    "id": "hard",
    "library": "families20",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
    "train": 12,
    "test": 8,
}


WILD, NULL = {"kind": "wild"}, {"kind": "library"}


LINES = "N0*x[:,0]  # line\nN0*x[:,0]**2  # bend\nS0*sin(x[:,0])\nS0*exp(x[:,0])\n"


def resolve(folder=None, **changes):
    spec = DatasetSpec.model_validate(RECIPE | changes, strict=False)
    return resolve_dataset(spec, folder)


def rows(X):
    return {row.tobytes() for row in X}


@pytest.fixture
def four(tmp_path):
    """Give a folder with a library of four functions, two of them named."""
    (tmp_path / "four.lib").write_text(LINES)
    return tmp_path


def test_noisy_curves_are_the_clean_ones_with_noise_standardised():
    clean, noisy = resolve(neural=WILD), resolve(neural=WILD, noise=20)
    for label in (0, 1):
        values, _ = draw_class(clean, label, 9, False)
        found, _ = draw_class(noisy, label, 9, False)
        rest = found - add_noise(standardise(values)[0], 1e-9, np.random.default_rng(0))
        assert 0.1 < rest.std() < 0.3
        np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-14)
        np.testing.assert_allclose(found.std(axis=1), 1, rtol=1e-14)


def test_two_levels_of_noise_share_their_noise():
    draws = [draw_class(resolve(noise=p), 0, 5, False)[0] for p in (0.1, 0.2)]
    exact = draw_class(resolve(standardise="curve"), 0, 5, False)[0]
    noises = [(found - exact).ravel() for found in draws]
    assert np.corrcoef(*noises)[0, 1] > 0.99
    assert np.isclose(noises[1].std() / noises[0].std(), 2, rtol=0.05)


def test_noise_is_independent_between_parts_and_classes():
    recipe = resolve(neural=NULL, noise=1e6)  # nothing but noise
    draws = [
        draw_class(recipe, label, 50, False, part=part, repetition=repetition)[0]
        for label in (0, 1)
        for part in ("train", "test", "validation")
        for repetition in (0, 1)
    ]
    table = np.corrcoef([found.ravel() for found in draws])
    assert np.abs(table - np.eye(len(draws))).max() < 0.15


def test_single_precision_is_the_last_step_of_both_classes():
    double, single = (resolve(neural=NULL, noise=1, dtype=d) for d in
                      ("float64", "float32"))  # fmt: skip
    for label in (0, 1):
        found, _ = draw_class(single, label, 30, False)
        assert found.dtype == np.float32
        # Of other streams, since the type is part of them: only the rounding is alike.
        exact, _ = draw_class(double, label, 30, False)
        assert (exact != exact.astype(np.float32)).mean() > 0.9


def test_the_null_task_draws_both_classes_from_the_library():
    recipe = resolve(neural=NULL)
    one, other = (draw_class(recipe, label, 300, False)[0] for label in (0, 1))
    assert not rows(one) & rows(other)
    for curves in (one, other):  # of a function, there is a sign before it
        assert 0.4 < (curves[:, 0] > 0).mean() < 0.6


def test_gradients_come_without_noise_and_match_the_curves():
    recipe = resolve(
        neural=WILD | {"activations": ["tanh", "gelu"]},
        noise=20,
        inputs=RECIPE["inputs"] | {"size": 3000},
    )
    x = recipe.x[:, 0]
    for label in (0, 1):
        values, gradients = draw_class(recipe, label, 20, True)
        np.testing.assert_allclose(values.std(axis=1), 1)
        found = np.gradient(values, x, axis=1)[:, 1:-1]
        assert np.median(np.abs(found - gradients[:, 1:-1, 0])) < 1e-4


@pytest.mark.parametrize("n_unseen", [1, 10, 19])
def test_test_curves_are_of_functions_that_were_not_trained_on(n_unseen):
    recipe = resolve(split={"unseen-functions": n_unseen})
    for repetition in range(3):
        seen, unseen = (
            set(functions_of(recipe, part, repetition, 0).tolist())
            for part in ("train", "test")
        )
        assert len(unseen) == n_unseen
        assert seen | unseen == set(range(20))
        assert not seen & unseen
        assert set(functions_of(recipe, "validation", repetition, 0)) == seen


def test_each_repetition_has_its_own_split_and_more_unseen_include_fewer():
    few, many = (resolve(split={"unseen-functions": n}) for n in (5, 10))
    of = [set(functions_of(few, "test", repetition, 0)) for repetition in range(4)]
    assert len(set(map(frozenset, of))) == 4
    assert of[0] < set(functions_of(many, "test", 0, 0))
    assert of[0] != set(functions_of(few, "test", 0, 1))


def test_a_split_changes_only_the_symbolic_curves(four):
    recipe = resolve(four, library="four", split={"unseen-functions": 3})
    whole = resolve(four, library="four")
    [seen] = functions_of(recipe, "train", 0, 0)
    drawn, _ = draw_class(recipe, 1, 30, False)
    known = draw_class(whole, 1, 200, False)[0]
    kinds = np.abs(known[:, -1] / known[:, 0])
    assert len(np.unique((drawn[:, -1] / drawn[:, 0]).round(6))) == 1
    assert len(np.unique(kinds.round(6))) == 4
    assert seen in range(4)
    np.testing.assert_array_equal(
        draw_class(recipe, 0, 5, False)[0], draw_class(whole, 0, 5, False)[0]
    )
