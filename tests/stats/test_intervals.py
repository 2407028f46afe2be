"""Intervals by hand, and against SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

from bench.base import StatisticsError
from bench.stats.intervals import (
    bent,
    mean_columns,
    mean_interval,
    pool_overlap,
    score_interval,
    share_interval,
    welch_interval,
)


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
        alone = mean_interval(column[:, None], 0.1)
        assert (alone.low.item(), alone.p.item()) == (result.low[i], result.p[i])


@pytest.mark.parametrize(("value", "p"), [(0.5, 0), (0.0, 1), (-0.5, 0)])
def test_values_without_spread_have_an_interval_of_one_point(value, p):
    result = mean_interval(np.full((4, 1), value), 0.05)
    assert (result.std, result.low, result.high, result.p) == (0, value, value, p)


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
    for name in ("std", "low", "high", "p"):
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


def interval_of(scores, bounds=(0.0, 1.0), n_curves=20.0, alpha=0.05):
    column = np.array(scores, dtype=float)[:, None]
    low, high = score_interval(column, alpha, bounds=bounds, n_curves=n_curves)
    return low.item(), high.item()


def test_the_interval_of_equal_scores_is_that_of_all_their_curves():
    # No spread: as many curves as there are, reduced for the few repetitions.
    n = 5 * 20 * (stats.norm.isf(0.025) / stats.t.isf(0.025, 4)) ** 2
    assert interval_of([1.0] * 5) == pytest.approx((0.025 ** (1 / n), 1.0))
    assert interval_of([0.0] * 5) == pytest.approx((0.0, 1 - 0.025 ** (1 / n)))
    exact = stats.beta(0.5 * n, 0.5 * n + 1)
    assert interval_of([0.5] * 5)[0] == pytest.approx(exact.ppf(0.025))


def test_the_interval_of_spread_scores_is_that_of_the_curves_they_are_worth():
    scores = np.array([0.85, 0.9, 0.95, 0.99, 0.81])
    mean, error = scores.mean(), scores.std(ddof=1) / math.sqrt(5)
    n = mean * (1 - mean) / error**2
    n *= (stats.norm.isf(0.025) / stats.t.isf(0.025, 4)) ** 2
    low = stats.beta.ppf(0.025, mean * n, (1 - mean) * n + 1)
    high = stats.beta.ppf(0.975, mean * n + 1, (1 - mean) * n)
    assert interval_of(scores, n_curves=2000) == pytest.approx((low, high))
    # Other bounds stretch it; the spread of 20 curves alone would be wider.
    twice = interval_of(2 * scores, (0.0, 2.0), 2000)
    assert twice == pytest.approx((2 * low, 2 * high))
    assert interval_of(scores, n_curves=2)[0] < low


def test_the_interval_of_a_loss_has_a_lower_bound_alone():
    low, high = interval_of([0.1, 0.3, 0.2], (0.0, math.inf))
    assert 0 < low < 0.2 < high
    low, high = interval_of([3.0, 1.0, 2.0], (0.0, math.inf))
    assert 0 < low < 2 < high
    assert high > 2 + (2 - low)  # a loss is skewed
    low, high = interval_of([0.0] * 3, (0.0, math.inf))
    assert low == 0
    assert 0 < high < 0.5


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.001, 0.5, 0.999, 1.0])
def test_an_interval_of_scores_lies_in_their_bounds_and_has_a_width(n, mean):
    scores = mean + np.linspace(-1, 1, n) * min(mean, 1 - mean)
    for column in ([mean] * n, scores):
        low, high = interval_of(column)
        assert 0 <= low <= mean <= high <= 1
        assert high > low


def test_one_score_has_no_interval():
    assert np.isnan(interval_of([0.7])).all()
    columns = mean_columns(np.array([1.0, 1.0]), 0.05, (0.0, 1.0), 100)
    assert columns["low"] == interval_of([1, 1], n_curves=100)[0]


def test_ends_that_a_difference_cannot_reach_are_bent_on_their_side_of_zero():
    mean = np.array([0.3, 0.3, 0.3, -0.3, 0.0, 1.0, 0.3])
    end = np.array([0.1, 1.5, -1.5, -1.5, 1e-9, 1.2, np.nan])
    got = bent(mean, end, 1.0)
    expected = [
        0.1,  # between zero and the mean
        0.3 + 0.7 * math.tanh(1.2 / 0.7),
        -math.tanh(1.5),
        -0.3 - 0.7 * math.tanh(1.2 / 0.7),
        1e-9,
        1.0,
        math.nan,
    ]
    assert got == pytest.approx(np.array(expected), nan_ok=True)
    assert bent(mean, end, math.inf) is end
    rng = np.random.default_rng(0)
    mean, end = rng.uniform(-1, 1, 500), rng.normal(0, 2, 500)
    got = bent(mean, end, 1.0)
    assert (np.abs(got) <= 1).all()
    assert (np.sign(got) == np.sign(end)).all()
    assert ((got >= mean) == (end >= mean)).all()


def test_the_exact_interval_of_a_share():
    low, high = share_interval(1, 10, 0.05)
    assert (low, high) == pytest.approx((0.0025286, 0.4450161), abs=1e-6)
    assert share_interval(0, 10, 0.05) == pytest.approx((0, 1 - 0.025**0.1))
    for count in range(5):
        exact = stats.binomtest(count, 4).proportion_ci(0.9, "exact")
        assert share_interval(count, 4, 0.1) == pytest.approx((exact.low, exact.high))


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


@pytest.mark.parametrize(
    ("sizes", "overlap"),
    [((700, 300), 3 / 7), ((40, 40), 1), ((67, 1029), 1), ((90, 10), 1 / 9)],
)
def test_the_overlap_of_a_pool_is_the_ratio_of_its_parts_and_at_most_one(
    sizes, overlap
):
    assert pool_overlap(*sizes) == pytest.approx(overlap)


def test_an_overlap_widens_the_interval_of_three_values_by_hand():
    values = np.array([[1.0], [2.0], [3.0]])
    result = mean_interval(values, 0.05, overlap=1.0)
    u = 0.975
    t = (2 * u - 1) / math.sqrt(2 * u * (1 - u))
    error = math.sqrt(1 / 3 + 1)  # times the standard deviation, which is 1
    assert result.low.item() == pytest.approx(2 - t * error)
    assert result.p.item() == pytest.approx(2 * stats.t.sf(2 / error, 2))
    assert result.std.item() == 1
    # The least spread is widened as well.
    result = mean_interval(np.full((3, 1), 2.0), 0.05, least_std=0.5, overlap=1.0)
    assert result.high.item() == pytest.approx(2 + t * error / 2)
    both = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])
    _, _, high = welch_interval(*both, 0.05, (1.0, 1.0))
    assert high == pytest.approx(stats.t.isf(0.025, 4) * math.sqrt(2) * error)


def test_without_overlap_no_bit_changes():
    values = np.random.default_rng(0).uniform(0.5, 1, (7, 40))
    n = len(values)
    half = stats.t.isf(0.025, n - 1) * (values.std(axis=0, ddof=1) / math.sqrt(n))
    result = mean_interval(values, 0.05, overlap=0.0)
    assert np.array_equal(result.low, values.mean(axis=0) - half)
    assert np.array_equal(result.high, values.mean(axis=0) + half)


@pytest.mark.parametrize("top", [1.0, math.inf])
def test_the_interval_of_a_score_is_that_of_fewer_curves_with_an_overlap(top):
    scores = np.full((10, 1), 0.9)
    bounds = (0.0, top)
    low, high = score_interval(scores, 0.05, bounds=bounds, n_curves=110, overlap=1.0)
    # 110 / (1/10 + 1) curves, where independent draws have 1100.
    fewer = score_interval(scores, 0.05, bounds=bounds, n_curves=10)
    assert np.allclose([low, high], fewer)
    columns = mean_columns(scores[:, 0], 0.05, bounds, 110, 1.0)
    assert (columns["low"], columns["high"]) == (low.item(), high.item())


@pytest.mark.parametrize("overlap", [-0.1, 1.5, math.nan])
def test_an_overlap_is_a_share(overlap):
    with pytest.raises(StatisticsError, match="overlap: found"):
        mean_interval(np.zeros((3, 1)), 0.05, overlap=overlap)
    with pytest.raises(StatisticsError, match="at least one of each"):
        pool_overlap(0, 4)
