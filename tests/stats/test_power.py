import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from bench.base.errors import StatisticsError
from bench.stats.power import (
    datasets_needed,
    detectable_difference,
    enough_datasets,
    paired_power,
    repetitions_needed,
)
from bench.stats.rank_tests import wilcoxon
from bench.stats.within_dataset import FEWEST_REPETITIONS


def test_thirteen_classifiers_need_nine_datasets_and_twelve_for_all_pairs():
    assert datasets_needed(12, 0.05) == 9
    assert datasets_needed(78, 0.05) == 12
    assert datasets_needed(1, 0.05) == 6
    assert datasets_needed(0, 0.05) == 0


@pytest.mark.parametrize("n_comparisons", [1, 2, 3, 12, 78])
def test_enough_datasets_is_where_the_smallest_p_survives_holm(n_comparisons):
    needed = datasets_needed(n_comparisons, 0.05)
    for n in (needed - 1, needed):
        smallest = wilcoxon(np.arange(1, n + 1))
        p = [smallest] + [1.0] * (n_comparisons - 1)
        rejects = multipletests(p, 0.05, method="holm")[0][0]
        assert enough_datasets(n, n_comparisons, 0.05) == rejects


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 12])
@pytest.mark.parametrize("n", [3, 5, 10, 30, 100])
def test_power_agrees_with_statsmodels(n, alpha):
    for shift in (0.5, 2.0, 3.0, 4.0):  # beyond, statsmodels gives NaN
        effect = shift / math.sqrt(n)
        expected = TTestPower().power(effect, n, alpha)
        result = paired_power(0.03 * effect, 0.03, n, alpha=alpha)
        assert result == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("n", [5, 10, 30, 100])
def test_the_detectable_difference_agrees_with_statsmodels(n):
    expected = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8)
    result = detectable_difference(0.02, n, alpha=0.05)
    assert result == pytest.approx(0.02 * expected, rel=1e-4)


@pytest.mark.parametrize("effect", [0.3, 0.5, 0.9])
def test_the_repetitions_agree_with_statsmodels(effect):
    expected = TTestPower().solve_power(effect_size=effect, alpha=0.05, power=0.8)
    result = repetitions_needed(0.02, 0.02 * effect, alpha=0.05)
    assert result == math.ceil(expected)


@pytest.mark.parametrize(("n", "alpha"), [(2, 0.05), (2, 1e-4), (3, 1e-3), (10, 0.01)])
def test_the_detectable_difference_is_detected_as_often_as_it_says(n, alpha):
    # Far in the tail too, where scipy's noncentral t is NaN.
    difference = detectable_difference(1.0, n, alpha=alpha, power=0.7)
    draws = np.random.default_rng(0).normal(difference, 1, (40_000, n))
    t = draws.mean(axis=1) / draws.std(axis=1, ddof=1) * math.sqrt(n)
    result = (np.abs(t) > stats.t.isf(alpha / 2, n - 1)).mean()
    assert result == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("n", [2, 5, 50, 1_000_000, 2_000_000])
@pytest.mark.parametrize("alpha", [0.5, 0.05, 1e-5])
def test_without_a_difference_the_power_is_alpha(n, alpha):
    assert paired_power(0.0, 1.0, n, alpha=alpha) == pytest.approx(alpha, abs=2e-6)


def test_the_power_is_at_most_one_however_large_the_difference():
    for difference in (1e3, 1e9, 1e300):
        result = paired_power(difference, 1.0, 2, alpha=1e-6)
        assert result == pytest.approx(1, abs=2e-6) or difference == 1e3


def test_repetitions_needed_is_the_inverse_of_the_detectable_difference():
    for n in (5, 12, 40, 333):
        difference = detectable_difference(0.05, n, alpha=0.01, power=0.9)
        assert repetitions_needed(0.05, difference, alpha=0.01, power=0.9) in (n, n + 1)
        more = repetitions_needed(0.05, 0.99 * difference, alpha=0.01, power=0.9)
        assert more >= n


def test_the_sign_does_not_matter_and_small_differences_need_many_repetitions():
    assert repetitions_needed(1, -0.5, alpha=0.05) == repetitions_needed(
        1, 0.5, alpha=0.05
    )
    # (1.959964 + 0.841621)² / 1e-8, by the normal distribution's one tail
    assert repetitions_needed(1, 1e-4, alpha=0.05) == pytest.approx(
        784_887_974, rel=1e-5
    )


def test_at_least_as_many_repetitions_as_the_test_needs():
    assert repetitions_needed(0.001, 5.0, alpha=0.05) == FEWEST_REPETITIONS
    assert repetitions_needed(0.0, 0.01, alpha=0.05) == FEWEST_REPETITIONS
    assert repetitions_needed(1e-17, 0.01, alpha=0.05) == FEWEST_REPETITIONS


def test_one_repetition_detects_nothing_and_no_spread_detects_all():
    assert detectable_difference(0.1, 1, alpha=0.05) == math.inf
    assert detectable_difference(0.0, 1, alpha=0.05) == 0
    assert detectable_difference(0.0, 10, alpha=0.05) == 0
    assert paired_power(0.1, 0.1, 1, alpha=0.05) == 0
    assert paired_power(0.1, 0.0, 5, alpha=0.05) == 1
    assert paired_power(0.0, 0.0, 5, alpha=0.05) == 0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((math.nan, 10, 0.05, 0.8), "std"),
        ((-1.0, 10, 0.05, 0.8), "std"),
        ((math.inf, 10, 0.05, 0.8), "std"),
        ((0.1, 0, 0.05, 0.8), "n"),
        ((0.1, 2.5, 0.05, 0.8), "n"),
        ((0.1, 10, 0.0, 0.8), "alpha"),
        ((0.1, 10, 0.05, 1.0), "power"),
        ((0.1, 10, 0.5, 0.4), "power"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(arguments, name):
    std, n, alpha, power = arguments
    with pytest.raises(StatisticsError, match=name):
        detectable_difference(std, n, alpha=alpha, power=power)


@pytest.mark.parametrize("difference", [0.0, math.nan, math.inf])
def test_a_difference_that_is_zero_or_not_finite_is_refused(difference):
    with pytest.raises(StatisticsError, match="difference"):
        repetitions_needed(0.1, difference, alpha=0.05)


def test_power_with_an_overlap_is_that_of_a_wider_spread():
    for n in (5, 10, 30):
        wider = math.sqrt(1 + n * 0.4)
        expected = paired_power(0.02, 0.03 * wider, n, alpha=0.05)
        found = paired_power(0.02, 0.03, n, alpha=0.05, overlap=0.4)
        assert found == pytest.approx(expected, rel=1e-12)
        found = detectable_difference(0.03, n, alpha=0.05, overlap=0.4)
        assert found == pytest.approx(
            detectable_difference(0.03 * wider, n, alpha=0.05), rel=1e-9
        )


def test_with_an_overlap_no_number_of_repetitions_may_do():
    # However many there are, the standard error stays above that of the pool.
    limit = 0.03 * (stats.norm.isf(0.025) + stats.norm.isf(0.2))
    needed = repetitions_needed(0.03, 1.01 * limit, alpha=0.05, overlap=1.0)
    assert needed is not None
    assert paired_power(1.01 * limit, 0.03, needed, alpha=0.05, overlap=1.0) >= 0.8
    assert paired_power(1.01 * limit, 0.03, needed - 1, alpha=0.05, overlap=1.0) < 0.8
    assert repetitions_needed(0.03, 0.99 * limit, alpha=0.05, overlap=1.0) is None
    assert repetitions_needed(0.03, 0.99 * limit, alpha=0.05) == FEWEST_REPETITIONS
