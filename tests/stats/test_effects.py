import math

import numpy as np
import pytest
from scipy import stats

from bench.base.errors import StatisticsError
from bench.stats.effects import (
    paired_effect,
    score_columns,
    stay_within,
    unpaired_effect,
    widest_difference,
)

ACCURACY = (0.0, 1.0)


def test_a_narrow_interval_is_that_of_t():
    gaps = np.array([0.010, 0.012, 0.009, 0.011, 0.013])
    effect = paired_effect(gaps, 0.05, bounds=ACCURACY)
    t = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
    assert (effect.low, effect.high) == pytest.approx((t.low, t.high), abs=1e-6)
    assert (effect.n, effect.difference) == (5, pytest.approx(0.011))
    assert effect.decides


def test_around_zero_the_interval_of_a_difference_is_that_of_fishers_z():
    assert stay_within(0.0, 0.4, 1.0) == pytest.approx(
        (math.tanh(-0.4), math.tanh(0.4))
    )


@pytest.mark.parametrize("widest", [1.0, 2.0])
@pytest.mark.parametrize("half_width", [0.0, 1e-9, 0.01, 0.3, 1.0, 40.0, math.inf])
def test_no_interval_leaves_its_bounds_its_mean_or_its_side_of_zero(widest, half_width):
    for mean in np.linspace(-widest, widest, 41):
        low, high = stay_within(float(mean), half_width, widest)
        assert -widest <= low <= mean <= high <= widest
        for end, of_t in ((low, mean - half_width), (high, mean + half_width)):
            # Never wider than t, hardly narrower within the bounds, no other sign.
            inside = float(np.clip(of_t, -widest, widest))
            assert abs(end - mean) <= abs(of_t - mean) + 1e-12
            assert abs(end - inside) <= 0.24 * widest
            assert end * inside >= 0
            assert (end == 0) == (inside == 0)


def test_an_end_between_zero_and_the_mean_is_that_of_t():
    low, high = stay_within(0.6, 0.5, 1.0)
    assert low == pytest.approx(0.1)
    assert high == pytest.approx(0.6 + 0.4 * math.tanh(0.5 / 0.4))
    assert stay_within(-0.6, 0.5, 1.0) == pytest.approx((-high, -low))


def test_without_bounds_it_is_the_t_interval():
    assert stay_within(3.0, 5.0, math.inf) == (-2.0, 8.0)
    assert widest_difference(None) == widest_difference((0.0, math.inf)) == math.inf
    assert widest_difference((0.0, 2.0)) == 2.0


def test_equal_differences_have_the_spread_of_half_a_curve():
    effect = paired_effect(np.full(2, 0.2), 0.05, least_std=0.005, bounds=ACCURACY)
    half = stats.t.isf(0.025, 1) * 0.005 / math.sqrt(2)
    assert effect.high - effect.difference == pytest.approx(half, rel=0.05)
    assert not effect.decides
    assert paired_effect(np.full(3, 0.2), 0.05, least_std=0.005).decides
    other = unpaired_effect(
        np.full(3, 0.9), np.full(4, 0.8), 0.05, least_std=0.005, bounds=ACCURACY
    )
    half = stats.t.isf(0.025, 2) * 0.005 * math.sqrt(1 / 3 + 1 / 4)
    assert (other.high - other.low) / 2 == pytest.approx(half, rel=1e-3)
    assert other.n == 3


def test_independent_samples_are_compared_by_welch():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.8, 0.01, 5), rng.normal(0.7, 0.02, 7)
    effect = unpaired_effect(first, second, 0.05, bounds=ACCURACY)
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (effect.low, effect.high) == pytest.approx((welch.low, welch.high), abs=1e-4)


def test_one_value_or_none_has_no_interval():
    for effect in (
        paired_effect(np.array([0.1]), 0.05),
        unpaired_effect(np.array([0.9]), np.array([0.8, 0.7]), 0.05),
    ):
        assert effect.n == 1
        assert math.isnan(effect.low)
        assert not effect.decides
    assert math.isnan(paired_effect(np.empty(0), 0.05).difference)
    assert unpaired_effect(np.empty(0), np.ones(2), 0.05).n == 0


def test_scores_at_their_bound_have_an_interval_with_a_width():
    found = score_columns(np.ones(5), 0.05, least_std=0.001, bounds=ACCURACY)
    assert (found["mean"], found["std"], found["high"]) == (1, 0, 1)
    assert 0.99 < found["low"] < 1
    assert math.isnan(score_columns(np.ones(1), 0.05, least_std=0, bounds=None)["low"])
    losses = np.array([0.1, 3.0])
    found = score_columns(losses, 0.05, least_std=0.001, bounds=(0.0, math.inf))
    assert 0 < found["low"] < found["mean"] < found["high"]


def test_a_negative_spread_is_refused():
    with pytest.raises(StatisticsError, match="least_std"):
        paired_effect(np.ones(2), 0.05, least_std=-1.0)


def test_an_overlap_widens_effects():
    gaps = np.array([0.010, 0.012, 0.009, 0.011, 0.013])
    for least_std in (0.0, 0.05):
        plain = paired_effect(gaps, 0.05, least_std=least_std)
        shared = paired_effect(gaps, 0.05, least_std=least_std, overlap=0.6)
        # √(1 + 5 · 0.6) = 2
        assert shared.high - shared.difference == pytest.approx(
            2 * (plain.high - plain.difference)
        )
        pair = (gaps, gaps + 0.1)
        plain = unpaired_effect(*pair, 0.05, least_std=least_std)
        shared = unpaired_effect(*pair, 0.05, least_std=least_std, overlaps=(0.6, 0.6))
        assert shared.high - shared.difference == pytest.approx(
            2 * (plain.high - plain.difference)
        )
    columns = score_columns(gaps, 0.05, least_std=0, bounds=None, overlap=0.6)
    plain = score_columns(gaps, 0.05, least_std=0, bounds=None)
    assert columns["high"] - columns["mean"] == pytest.approx(
        2 * (plain["high"] - plain["mean"])
    )
