"""Intervals by hand, and against SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

from bench.base import StatisticsError
from bench.stats.intervals import mean_columns, mean_interval, welch_interval


def test_the_interval_of_three_values_by_hand():
    result = mean_interval(np.array([[1.0], [2.0], [3.0]]), 0.05)
    # Student's t with two degrees of freedom has a quantile in closed form.
    u = 0.975
    half_width = (2 * u - 1) / math.sqrt(2 * u * (1 - u)) / math.sqrt(3)
    assert result.n == 3
    assert (result.mean.item(), result.std.item()) == (2, 1)
    assert result.low.item() == pytest.approx(2 - half_width)
    assert result.high.item() == pytest.approx(2 + half_width)


def test_columns_agree_with_scipy_and_do_not_depend_on_one_another():
    values = np.random.default_rng(0).normal([0.0, 0.5, -2.0], 1, (9, 3))
    result = mean_interval(values, 0.1)
    for i, column in enumerate(values.T):
        test = stats.ttest_1samp(column, 0)
        interval = test.confidence_interval(0.9)
        assert (result.low[i], result.high[i]) == pytest.approx(tuple(interval))
        assert result.p[i] == pytest.approx(test.pvalue)
        above = stats.ttest_1samp(column, 0, alternative="greater").pvalue
        assert result.p_above[i] == pytest.approx(1 - above)
        alone = mean_interval(column[:, None], 0.1)
        assert (alone.low.item(), alone.p.item()) == (result.low[i], result.p[i])


@pytest.mark.parametrize(
    ("value", "p", "p_above"), [(0.5, 0, 1), (0.0, 1, 0.5), (-0.5, 0, 0)]
)
def test_values_without_spread_have_an_interval_of_one_point(value, p, p_above):
    result = mean_interval(np.full((4, 1), value), 0.05)
    assert (result.std, result.low, result.high) == (0, value, value)
    assert (result.p, result.p_above) == (p, p_above)


def test_equal_values_are_known_no_better_than_the_least_spread():
    result = mean_interval(np.full((4, 1), 0.01), 0.05, least_std=0.004)
    half_width = stats.t.isf(0.025, 3) * 0.002  # the standard error of four values
    assert result.std == 0
    assert result.low.item() == pytest.approx(0.01 - half_width)
    assert result.high.item() == pytest.approx(0.01 + half_width)
    assert result.p.item() == pytest.approx(2 * stats.t.sf(5, 3))


def test_a_spread_above_the_least_one_stands_as_it_is():
    values = np.array([[1.0], [2.0], [4.0]])
    plain, bounded = (mean_interval(values, 0.05, least) for least in (0.0, 0.1))
    assert (plain.low, plain.high, plain.p) == (bounded.low, bounded.high, bounded.p)
    with pytest.raises(StatisticsError, match="least_std"):
        mean_interval(values, 0.05, least_std=-0.1)


def test_values_that_differ_by_rounding_alone_have_no_spread():
    values = np.array([[0.3], [0.1 + 0.2], [0.4 - 0.1]])
    assert len(np.unique(values)) > 1
    result = mean_interval(values, 0.05)
    assert (result.std, result.p) == (0, 0)
    assert result.low == result.high == result.mean


def test_one_value_has_a_mean_alone():
    result = mean_interval(np.array([[0.7, 0.2]]), 0.05)
    assert result.mean.tolist() == [0.7, 0.2]
    for name in ("std", "low", "high", "p", "p_above"):
        assert np.isnan(getattr(result, name)).all()


def test_mean_columns_are_those_of_the_interval_and_nan_without_values():
    values = np.array([0.5, 0.9, 0.7, 0.6])
    result = mean_interval(values[:, None], 0.05)
    assert mean_columns(values, 0.05) == {
        name: getattr(result, name).item() for name in ("mean", "std", "low", "high")
    }
    empty = mean_columns(np.empty(0), 0.05)
    assert list(empty) == ["mean", "std", "low", "high"]
    assert all(math.isnan(value) for value in empty.values())


def test_welchs_interval_agrees_with_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.9, 0.005, 7), rng.normal(1.6, 0.01, 4)
    theirs = stats.ttest_ind(first, second, equal_var=False)
    interval = theirs.confidence_interval(0.9)
    expected = [first.mean() - second.mean(), interval.low, interval.high]
    assert np.allclose(welch_interval(first, second, 0.1), expected)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1.0], [0.5, 0.7], (0.4, math.nan, math.nan)),
        ([1.0, 1.0], [0.5, 0.5], (0.5, 0.5, 0.5)),
    ],
)
def test_welchs_interval_of_single_or_equal_values(first, second, expected):
    result = welch_interval(np.array(first), np.array(second), 0.05)
    assert np.allclose(result, expected, equal_nan=True)
