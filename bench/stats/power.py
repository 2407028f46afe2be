"""Power of a paired t test over repetitions, and of rank tests over datasets.

The power of the t test is written by hand. statsmodels' `TTestPower` agrees with it to
2e-7 where both are finite, but gave no finite value in one of seven settings tried,
since SciPy's noncentral t fails in its tails.
"""

import math

import numpy as np
import scipy
from scipy import special

from bench.base import StatisticsError
from bench.stats.intervals import widening
from bench.stats.scores import check_overlap, check_share, check_width
from bench.stats.within_dataset import FEWEST_REPETITIONS

_MANY = 1_000_000  # from so many repetitions on, t is the normal distribution

# Nodes and weights of expectations over a standard normal: the trapezoidal rule, which
# for these converges faster than any power of the step.
_NORMAL, _STEP = np.linspace(-9, 9, 2001, retstep=True)
_WEIGHTS = _STEP * np.exp(-(_NORMAL**2) / 2) / math.sqrt(2 * math.pi)


def enough_datasets(n_datasets: int, n_comparisons: int, alpha: float) -> bool:
    """Tell whether Holm's first step can reject: whether 2 m / 2ⁿ ≤ alpha.

    The exact two-sided signed-rank test over n datasets has no p below 2 / 2ⁿ, and
    Holm's first step multiplies the smallest p by the number m of comparisons.
    """
    return n_datasets >= datasets_needed(n_comparisons, alpha)


def datasets_needed(n_comparisons: int, alpha: float) -> int:
    """Return the fewest datasets with which the comparisons can reject, 0 for none."""
    check_share("alpha", alpha)
    if n_comparisons < 1:
        return 0
    n = 1
    while 2 * n_comparisons > alpha * 2**n:
        n += 1
    return n


def paired_power(
    difference: float, std: float, n: int, *, alpha: float, overlap: float = 0.0
) -> float:
    """Return the chance that a two-sided paired t test detects a difference.

    Parameters
    ----------
    difference
        The true mean difference, in units of the score; its sign does not matter.
    std
        Standard deviation of the differences over repetitions (ddof=1), same units.
    n
        The number of repetitions. With one there is no test, and no power.
    alpha
        Level of the test; for m comparisons alpha / m, as they are made.
    overlap
        0 for independent repetitions; of those that divide one pool of curves see
        `bench.stats.intervals.pool_overlap`.
    """
    check_share("alpha", alpha)
    check_overlap(overlap)
    difference, n = _checked(difference, n)
    check_width("std", std)
    if n < 2:
        return 0.0
    if std == 0:
        return 1.0 if difference else 0.0
    return _power(difference / std, n, alpha, overlap)


def detectable_difference(
    std_of_differences: float,
    n: int,
    *,
    alpha: float,
    power: float = 0.8,
    overlap: float = 0.0,
) -> float:
    """Return the smallest mean difference that is detected with the given power.

    It is that of the noncentral t distribution: infinite with one repetition, and zero
    where repetitions do not differ.

    Parameters
    ----------
    std_of_differences
        Standard deviation of the paired differences over repetitions (ddof=1).
    n
        The number of repetitions.
    alpha
        Level of the test; for m comparisons alpha / m, as they are made.
    power
        Chance to detect the difference. It must exceed alpha, the chance to "detect" a
        difference of zero.
    overlap
        As for `paired_power`.
    """
    _check_shares(alpha, power)
    check_overlap(overlap)
    check_width("std_of_differences", std_of_differences)
    _, n = _checked(0.0, n)
    if std_of_differences == 0:
        return 0.0
    if n < 2:
        return math.inf
    high = 1.0
    while _power(high, n, alpha, overlap) < power:
        high *= 2
    effect = scipy.optimize.brentq(
        lambda size: _power(size, n, alpha, overlap) - power, 0.0, high
    )
    return float(effect) * std_of_differences


def repetitions_needed(
    std_of_differences: float,
    difference: float,
    *,
    alpha: float,
    power: float = 0.8,
    overlap: float = 0.0,
) -> int | None:
    """Return the fewest repetitions that detect a difference with the given power.

    At least as many as the test needs, `bench.stats.within_dataset.FEWEST_REPETITIONS`.
    None if no number of repetitions would do: where they divide one pool of curves,
    more of them do not tell more than the pool can. Parameters are those of
    `detectable_difference`; the difference must not be zero.
    """
    _check_shares(alpha, power)
    check_overlap(overlap)
    check_width("std_of_differences", std_of_differences)
    difference, n = _checked(difference, FEWEST_REPETITIONS)
    if difference == 0:
        raise StatisticsError(
            "difference: found 0, which no number of repetitions detects; expected "
            "another"
        )
    if std_of_differences == 0:
        return n
    effect = difference / std_of_differences
    # Power grows with n, towards that of a normal test with the overlap alone.
    if overlap and _normal_power(effect / math.sqrt(overlap), alpha) <= power:
        return None
    low = n - 1
    while _power(effect, n, alpha, overlap) < power:
        low, n = n, 2 * n
    while n - low > 1:
        middle = (low + n) // 2
        if _power(effect, middle, alpha, overlap) < power:
            low = middle
        else:
            n = middle
    return n


def _normal_power(shift: float, alpha: float) -> float:
    """Return the power of a two-sided normal test, for a shift in standard errors."""
    limit = -float(special.ndtri(alpha / 2))
    return float(special.ndtr(shift - limit) + special.ndtr(-shift - limit))


def _power(effect: float, n: int, alpha: float, overlap: float = 0.0) -> float:
    """Return the power for an effect in units of the differences' std, n ≥ 2.

    With Z normal and, independent of it, S² chi-squared over its degrees of freedom, it
    is the chance that |Z + shift| > limit · S: both tails of the noncentral t. SciPy's
    own function (special.nctdtr, 1.17) gives NaN or wrong digits in its tails. So one
    of Z and S is integrated in closed form, whichever leaves the smoother integrand,
    and the other by quadrature.
    """
    df = n - 1
    shift = effect * math.sqrt(n) / widening(n, overlap)
    shift = min(shift, 1e100)  # so that its square is finite
    if n > _MANY:
        return _normal_power(shift, alpha)
    limit = float(special.stdtrit(df, 1 - alpha / 2))
    if limit > math.sqrt(2 * df):
        detected = special.chdtr(df, df * ((_NORMAL + shift) / limit) ** 2)
    else:
        s = np.sqrt(special.chdtri(df, special.ndtr(-_NORMAL)) / df)
        detected = special.ndtr(shift - limit * s) + special.ndtr(-shift - limit * s)
    return float(_WEIGHTS @ detected)


def _checked(difference: float, n: int) -> tuple[float, int]:
    """Return the size of the difference, and n as an int, once both are checked."""
    if not math.isfinite(difference):
        raise StatisticsError(
            f"difference: found {difference}; expected a finite number"
        )
    if not (n >= 1 and n % 1 == 0):
        raise StatisticsError(f"n: found {n}; expected a whole number from 1 up")
    return abs(difference), int(n)


def _check_shares(alpha: float, power: float) -> None:
    check_share("alpha", alpha)
    check_share("power", power)
    if power <= alpha:
        raise StatisticsError(
            f"power: found {power}; expected more than alpha = {alpha}"
        )
