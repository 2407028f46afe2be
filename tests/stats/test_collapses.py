import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.stats.collapses import binomial_quantile, find_collapses, judge_trainings

# Guesses about 2000 curves are right on 0.4785 to 0.522 of them, 95% of the time.


def judged(*accuracies, n_curves=2000, n_classes=2):
    found = judge_trainings(np.array(accuracies), n_curves, n_classes)
    return None if found is None else found.tolist()


def test_a_training_at_chance_is_a_collapse_if_others_left_it():
    assert judged(0.5, 0.97, 0.98) == [True, False, False]
    assert judged(0.4785, 0.522, 0.98, 0.99) == [True, True, False, False]
    # A lucky repetition of a weak classifier: the others are above chance together.
    weak = (0.575, 0.6, 0.575, 0.6, 0.775)
    assert judged(*weak, n_curves=80) == [False] * 5
    assert judged(0.5, 0.45, 0.525, 0.5, 0.775, n_curves=80) == [*[True] * 4, False]
    # Below chance, a classifier has learned something, if the wrong way round.
    assert judged(0.3, 0.97, 0.98) == [False] * 3


def test_where_all_are_at_chance_nothing_collapsed():
    assert judged(0.49, 0.5, 0.51) is None
    assert judged(0.3, 0.5) is None


def test_without_a_gap_a_weak_classifier_is_not_split():
    assert judged(0.51, 0.53, 0.54) == [False] * 3
    assert judged(0.50, 0.515, 0.54, 0.9) == [False] * 4
    assert judged(0.50, 0.9, 0.91) == [True, False, False]


def test_guesses_are_rarely_taken_for_collapses():
    rng = np.random.default_rng(0)
    found = [judged(*(rng.binomial(200, 0.5, 10) / 200), n_curves=200)
             for _ in range(300)]  # fmt: skip
    assert np.mean([any(x or []) for x in found]) < 0.02


def test_chance_depends_on_the_curves_and_the_classes():
    assert judged(0.65, 0.95, n_curves=40) == [True, False]
    assert judged(0.65, 0.95, n_curves=400) == [False, False]
    assert judged(0.25, 0.9, 0.5, n_curves=400, n_classes=4) == [True, False, False]


def test_a_missing_score_is_no_collapse():
    assert judged(math.nan, 0.5, 0.9) == [False, True, False]
    assert judged(math.nan, math.nan) is None


def test_collapses_are_found_for_each_dataset_and_classifier():
    results = pd.DataFrame(
        {
            "dataset": ["d"] * 4 + ["e"] * 2,
            "classifier": ["A", "B"] * 2 + ["A", "A"],
        },
        index=[3, 1, 4, 0, 5, 9],
    )
    accuracy = pd.Series([0.5, 0.5, 0.9, 0.51, 0.9, 0.5], index=results.index)
    found = find_collapses(
        results,
        accuracy,
        n_curves={"d": 2000, "e": 2000},
        n_classes={"d": 2, "e": 2},
    )
    assert found.index.equals(results.index)
    assert found.isna().tolist() == [False, True, False, True, False, False]
    assert found.dropna().tolist() == [True, False, False, True]
    with pytest.raises(KeyError, match="'e'"):
        find_collapses(results, accuracy, n_curves={"d": 9}, n_classes={"d": 2})


def test_a_training_that_names_the_largest_class_alone_is_at_chance():
    # Of 200 curves 150 are of one class, and guessing both alike is right on 100.
    found = judge_trainings(np.array([0.75, 0.95, 0.97]), 200, 2, 0.75)
    assert found is not None
    assert found.tolist() == [True, False, False]
    found = judge_trainings(np.array([0.5, 0.95, 0.97]), 200, 2, 0.75)
    assert found is not None
    assert found.tolist() == [True, False, False]
    # As if the classes were equally large, the largest class alone had left chance.
    assert judge_trainings(np.array([0.75, 0.5]), 200, 2, 0.75) is None
    assert judge_trainings(np.array([0.75, 0.5]), 200, 2) is not None


def test_equally_large_classes_are_judged_as_before():
    rng = np.random.default_rng(0)
    for n_classes in (2, 3, 7):
        for _ in range(50):
            scores = rng.choice([1 / n_classes, 0.6, 0.9], 6) + rng.normal(0, 0.02, 6)
            plain = judge_trainings(scores, 300, n_classes)
            same = judge_trainings(scores, 300, n_classes, 1 / n_classes)
            assert (plain is None) == (same is None)
            assert plain is None or plain.tolist() == same.tolist()


@pytest.mark.parametrize("n", [1, 2, 40, 2000, 10**6])
@pytest.mark.parametrize("p", [0.5, 1 / 3, 0.01, 0.999, 1.0])
@pytest.mark.parametrize("q", [0.005, 0.025, 0.975, 0.995])
def test_a_binomial_quantile_is_that_of_scipy(n, p, q):
    assert binomial_quantile(q, n, p) == stats.binom.ppf(q, n, p)
