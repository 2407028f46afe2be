"""Divisions of recorded curves: sizes, classes, groups, and what they depend on."""

import numpy as np
import pytest
from recorded_curves import curves, recipe

from bench.base import DatasetError
from bench.curves.recorded.designs import (
    check_division,
    check_train,
    divide,
    sizes_of,
)

GIVEN = curves(n_given_train=16)
POOL = curves()


def division(split, pool=POOL):
    return recipe(split, pool).spec.division


def counts(pool, rows):
    return np.bincount(pool.labels[rows], minlength=len(pool.class_names)).tolist()


def test_a_draw_has_the_sizes_and_class_counts_of_the_files():
    split = division({"resample": 3}, GIVEN)
    parts = [divide(GIVEN, split, r, 0) for r in range(3)]
    for train, test in parts:
        assert sorted([*train, *test]) == list(range(36))
        assert counts(GIVEN, train) == counts(GIVEN, np.arange(16))
    assert len({tuple(sorted(train)) for train, _ in parts}) == 3
    assert sizes_of(GIVEN, split) == (16, 20)


def test_a_share_is_taken_of_each_class():
    split = division({"resample": 1, "test": 0.25})
    train, test = divide(POOL, split, 0, 0)
    # 12, 18 and 6 curves: a quarter is 3, 4.5 (rounded to even) and 1.5.
    assert counts(POOL, test) == [3, 4, 2]
    assert sizes_of(POOL, split) == (len(train), len(test)) == (27, 9)


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_each_class_is_trained_on_and_tested(share):
    train, test = divide(POOL, division({"resample": 1, "test": share}), 0, 0)
    assert min(counts(POOL, train)) >= 1
    assert min(counts(POOL, test)) >= 1


def test_folds_test_each_curve_once_in_a_repeat_and_repeats_differ():
    split = division({"folds": 3, "repeats": 2})
    tests = [divide(POOL, split, r, 0)[1] for r in range(6)]
    for repeat in (tests[:3], tests[3:]):
        assert sorted(np.concatenate(repeat)) == list(range(36))
        assert all(counts(POOL, test) == [4, 6, 2] for test in repeat)
    assert set(tests[0]) != set(tests[3])
    assert sizes_of(POOL, split) == (24, 12)


def test_the_given_division_keeps_the_order_of_the_files():
    train, test = divide(GIVEN, "given", 0, 0)
    assert train.tolist() == list(range(16))
    assert test.tolist() == list(range(16, 36))
    assert sizes_of(GIVEN, "given") == (16, 20)


@pytest.mark.parametrize(
    "split", [{"resample": 20, "test": 0.3}, {"folds": 4, "repeats": 5}]
)
def test_no_group_is_on_both_sides(split):
    groups = np.arange(36) // 2 % 9
    pool = curves(groups=groups)
    chosen = division(split | {"groups": "person"}, pool)
    seen = set()
    for repetition in range(20):
        train, test = divide(pool, chosen, repetition, 0)
        assert not set(groups[train]) & set(groups[test])
        assert min(counts(pool, train)) >= 1
        seen.add(tuple(sorted(test)))
    assert len(seen) > 4


def test_groups_without_all_classes_on_both_sides_are_refused():
    pool = curves((10, 10), groups=np.repeat([0, 1], 10))
    pool = curves((10, 10), groups=pool.labels)  # each class is one group
    chosen = division({"resample": 1, "test": 0.5, "groups": "person"}, pool)
    with pytest.raises(DatasetError, match="each class in several groups"):
        divide(pool, chosen, 0, 0)


def test_a_draw_depends_on_the_seed_the_data_and_its_number_alone():
    few, many = division({"resample": 2}, GIVEN), division({"resample": 9}, GIVEN)
    for repetition in (0, 1):
        first, second = (divide(GIVEN, s, repetition, 5) for s in (few, many))
        assert np.array_equal(first[0], second[0])
    assert not np.array_equal(divide(GIVEN, few, 0, 6)[0], divide(GIVEN, few, 0, 5)[0])
    other = curves(n_given_train=16, n_points=6)
    assert not np.array_equal(divide(other, few, 0, 5)[0], divide(GIVEN, few, 0, 5)[0])


@pytest.mark.parametrize(
    ("split", "pool", "message"),
    [
        ({"resample": 2, "test": 0.3}, curves((5, 1)), "has 1 curve; .* least 2"),
        ({"folds": 7}, POOL, "'class 2' has 6 curves; .* at most 6 folds"),
        ({"folds": 3, "groups": "p"}, curves(groups=np.arange(36) % 2), "2 groups"),
    ],
)
def test_curves_that_cannot_be_divided_so_are_refused(split, pool, message):
    with pytest.raises(DatasetError, match=message):
        check_division(pool, division(split, pool))


def test_a_class_that_only_the_test_file_has_is_refused():
    order = np.argsort(POOL.labels, kind="stable")
    pool = curves(n_given_train=12)
    object.__setattr__(pool, "labels", pool.labels[order])
    with pytest.raises(DatasetError, match="'class 1' has 0 curves in the training"):
        check_division(pool, "given")


@pytest.mark.parametrize(
    ("split", "largest"),
    [
        ("given", max(counts(GIVEN, np.arange(16)))),
        ({"resample": 3}, max(counts(GIVEN, np.arange(16)))),
        ({"resample": 3, "test": 0.25}, 14),  # of 18, rounded
        ({"folds": 4}, 14),
    ],
)
def test_more_training_curves_than_the_largest_class_has_are_refused(split, largest):
    chosen = split if split == "given" else division(split, GIVEN)
    check_train(GIVEN, chosen, largest)
    with pytest.raises(DatasetError, match=f"no class has more than {largest} train"):
        check_train(GIVEN, chosen, largest + 1)
