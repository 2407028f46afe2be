"""What a paired t test over repetitions can show, before it is made.

Written by hand, since statsmodels' `TTestPower` agrees with it to 2e-7 where both are
finite, but is not finite in one of seven settings tried: SciPy's noncentral t fails in
its tails.
"""

import math

import numpy as np
from scipy import optimize, special

from bench.base import StatisticsError
from bench.stats.scores import check_share, check_width
from bench.stats.within_dataset import FEWEST_REPETITIONS


def enough_datasets(n_datasets: int, n_comparisons: int, alpha: float) -> bool:
    """Whether Holm's first step can reject: 2 m / 2ⁿ ≤ alpha.

    The smallest p of the exact two-sided signed-rank test over n datasets is 2 / 2ⁿ.
    """
    return n_datasets >= datasets_needed(n_comparisons, alpha)


def datasets_needed(n_comparisons: int, alpha: float) -> int:
    """Return the fewest datasets with which m comparisons can reject; 0 for none."""
    check_share("alpha", alpha)
    if n_comparisons < 1:
        return 0
    n = 1
    while 2 * n_comparisons > alpha * 2**n:
        n += 1
    return n


_MANY = 1_000_000  # repetitions from which the t is the normal distribution

# Nodes and weights of expectations over a standard normal: the trapezoidal rule, which
# for these converges faster than any power of the step.
_NORMAL, _STEP = np.linspace(-9, 9, 2001, retstep=True)
_WEIGHTS = _STEP * np.exp(-(_NORMAL**2) / 2) / math.sqrt(2 * math.pi)


def paired_power(difference: float, std: float, n: int, *, alpha: float) -> float:
    """Return the chance that a two-sided paired t test sees a difference.

    Parameters
    ----------
    difference
        The true mean difference, in units of the score; its sign is of no account.
    std
        Deviation of the differences over repetitions (ddof=1), same units.
    n
        Repetitions. With one there is no test, and no power.
    alpha
        Level of the test; for m comparisons alpha / m, Holm's first step.
    """
    check_share("alpha", alpha)
    difference, n = _checked(difference, n)
    check_width("std", std)
    if n < 2:
        return 0.0
    if std == 0:
        return 1.0 if difference else 0.0
    return _power(difference / std, n, alpha)


def detectable_difference(
    std_of_differences: float, n: int, *, alpha: float, power: float = 0.8
) -> float:
    """Return the smallest mean difference that is seen with the given power.

    By the noncentral t distribution. Infinite with one repetition; zero where
    repetitions do not differ.

    Parameters
    ----------
    std_of_differences
        Deviation of the paired differences over repetitions (ddof=1).
    n
        Repetitions.
    alpha
        Level of the test; for m comparisons alpha / m, Holm's first step.
    power
        Chance of seeing it; more than alpha, which chance alone gives.
    """
    _check_shares(alpha, power)
    check_width("std_of_differences", std_of_differences)
    _, n = _checked(0.0, n)
    if std_of_differences == 0:
        return 0.0
    if n < 2:
        return math.inf
    high = 1.0
    while _power(high, n, alpha) < power:
        high *= 2
    effect = optimize.brentq(lambda size: _power(size, n, alpha) - power, 0.0, high)
    return float(effect) * std_of_differences


def repetitions_needed(
    std_of_differences: float, difference: float, *, alpha: float, power: float = 0.8
) -> int:
    """Return the fewest repetitions that show a difference with the given power.

    At least as many as the test needs, `bench.stats.within_dataset.FEWEST_REPETITIONS`.
    Parameters are those of `detectable_difference`; the difference must not be zero.
    """
    _check_shares(alpha, power)
    check_width("std_of_differences", std_of_differences)
    difference, n = _checked(difference, FEWEST_REPETITIONS)
    if difference == 0:
        raise StatisticsError(
            "difference: no number of repetitions shows one of zero; expected another"
        )
    if std_of_differences == 0:
        return n
    effect = difference / std_of_differences
    low = n - 1
    while _power(effect, n, alpha) < power:
        low, n = n, 2 * n
    while n - low > 1:
        middle = (low + n) // 2
        if _power(effect, middle, alpha) < power:
            low = middle
        else:
            n = middle
    return n


def _power(effect: float, n: int, alpha: float) -> float:
    """Return the power for an effect in deviations of the differences, n ≥ 2.

    With Z normal and S² a chi-squared over its df, independent, it is the chance that
    |Z + shift| > limit · S: both tails of the noncentral t. SciPy's own gives NaN or
    wrong digits in its tails (special.nctdtr, 1.17), so one of the two is integrated
    out in closed form, the one that is the smoother for it, and the other by
    quadrature.
    """
    df = n - 1
    shift = min(effect * math.sqrt(n), 1e100)  # its square is to be finite
    if n > _MANY:
        limit = -float(special.ndtri(alpha / 2))
        return float(special.ndtr(shift - limit) + special.ndtr(-shift - limit))
    limit = float(special.stdtrit(df, 1 - alpha / 2))
    if limit > math.sqrt(2 * df):
        seen = special.chdtr(df, df * ((_NORMAL + shift) / limit) ** 2)
    else:
        s = np.sqrt(special.chdtri(df, special.ndtr(-_NORMAL)) / df)
        seen = special.ndtr(shift - limit * s) + special.ndtr(-shift - limit * s)
    return float(_WEIGHTS @ seen)


def _checked(difference: float, n: int) -> tuple[float, int]:
    if not math.isfinite(difference):
        raise StatisticsError(f"difference: expected a finite number, got {difference}")
    if not (n >= 1 and n % 1 == 0):
        raise StatisticsError(f"n: expected a whole number from 1 up, got {n}")
    return abs(difference), int(n)


def _check_shares(alpha: float, power: float) -> None:
    check_share("alpha", alpha)
    check_share("power", power)
    if power <= alpha:
        raise StatisticsError(f"power: expected more than alpha = {alpha}, got {power}")
