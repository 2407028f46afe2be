"""Recipes of recorded curves: keys, sizes, overlap, and the arrays of a repetition."""

import numpy as np
import pytest
from recorded_curves import SIZES, curves, recipe

from bench.base.seeds import digest
from bench.curves import make_dataset
from bench.curves.datasets import draw_test, first_of_class

DRAWS = {"resample": 3, "test": 0.25}


def key(split, **entry):
    return digest(recipe(split, **entry).identity)


def test_the_number_of_draws_and_the_id_are_not_in_the_key():
    assert key({"resample": 3}) == key({"resample": 30}, id="other")
    assert key({"folds": 3}) == key({"folds": 3, "repeats": 4})


@pytest.mark.parametrize(
    "changed",
    [
        {"split": "given"},
        {"split": {"resample": 3, "test": 0.3}},
        {"split": {"folds": 3}},
        {"standardise": "curve"},
        {"dtype": "float32"},
        {"train": 4},
    ],
)
def test_what_changes_the_curves_changes_the_key(changed):
    split = changed.pop("split", {"resample": 3})
    assert key(split, **changed) != key({"resample": 3})


def test_other_data_have_another_key_and_other_files_of_the_same_have_not():
    pool = curves(n_given_train=16)
    other = curves(n_given_train=17)
    assert key({"resample": 3}, pool=pool) != key({"resample": 3}, pool=other)
    named = {"recorded": {"files": ["a.csv", "b.csv"]}}
    assert key({"resample": 3}, **named) == key({"resample": 3})


def test_datasets_that_differ_in_what_is_done_to_curves_are_divided_alike():
    plain, scaled = recipe(DRAWS), recipe(DRAWS, standardise="curve", train=3)
    one, other = (r.draw(1, 7)["y_test"] for r in (plain, scaled))
    assert np.array_equal(one, other)


def test_a_repetition_has_every_curve_once():
    data = make_dataset(recipe(DRAWS), 1, 4)
    numbers = [*data.X_train[:, 0], *data.X_test[:, 0]]
    assert sorted(numbers) == list(range(36))
    labels = curves().labels
    assert np.array_equal(data.y_train, labels[data.X_train[:, 0].astype(int)])
    assert not data.X_train.flags.writeable
    assert data.channels == ("value",)


def test_channels_follow_each_other_and_each_is_standardised():
    pool = curves(n_channels=3, n_points=7)
    data = make_dataset(recipe(DRAWS, pool, standardise="curve"), 0, 0)
    assert data.X_train.shape == (27, 21)
    cube = data.X_train.reshape(27, 3, 7)
    assert np.allclose(cube.mean(2), 0, atol=1e-12)
    assert np.allclose(cube.std(2), 1)
    assert data.channels == ("value",) * 3
    assert len(data.columns(("value",))) == 21
    assert len(data.fingerprint) == 9  # classes × channels


def test_fewer_training_curves_are_the_first_ones_and_tests_stay():
    small, large = (make_dataset(recipe(DRAWS, train=n), 2, 1) for n in (2, 4))
    for label in range(3):
        few, many = (d.X_train[d.y_train == label] for d in (small, large))
        assert len(few) == 2
        assert np.array_equal(few, many[:2])
    assert np.array_equal(small.X_test, large.X_test)


@pytest.mark.parametrize(
    ("split", "train", "n_train", "n_test", "overlap"),
    [
        ("given", None, 16, 20, 1.0),
        ({"resample": 3}, None, 16, 20, 1.0),
        (DRAWS, None, 27, 9, 1 / 3),
        (DRAWS, 2, 6, 9, 1.0),
        ({"folds": 3}, None, 24, 12, 0.5),
    ],
)
def test_sizes_and_overlap(split, train, n_train, n_test, overlap):
    found = recipe(split, train=train)
    assert (found.n_train, found.n_test) == (n_train, n_test)
    assert found.overlap == pytest.approx(overlap)
    data = make_dataset(found, 0, 0)
    assert (len(data.y_train), len(data.y_test)) == (n_train, n_test)
    assert found.nbytes == data.X_train.nbytes + data.X_test.nbytes


def test_the_given_division_beside_draws_has_the_key_of_the_given_division():
    draws = recipe({"resample": 3})
    assert draws.has_given_beside
    assert draws.as_given.identity == recipe("given").identity
    assert not recipe("given").has_given_beside
    assert not recipe(DRAWS, curves()).has_given_beside


def test_pictures_and_test_parts_are_those_of_the_dataset():
    found = recipe(DRAWS, curves(n_channels=2))
    data = make_dataset(found, 0, 3)
    assert np.array_equal(draw_test(found, 0, 3)[0], data.X_test)
    shown = first_of_class(found, 1, 4, 3)
    assert shown.shape == (4, 2, 5)
    assert np.array_equal(shown.reshape(4, -1), data.X_train[data.y_train == 1][:4])


def test_class_sizes_are_as_made():
    assert np.bincount(curves().labels).tolist() == list(SIZES)
