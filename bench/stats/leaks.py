"""Search for leaks where nothing can be learnt: accuracies against exactly 1/2.

If both classes are drawn by the same recipe, labels are independent of curves. A fitted
classifier predicts each test curve by itself, so each prediction is right with
probability 1/2, whatever was fitted, and predictions are independent given the fit. The
classes have equally many test curves. So the number of right predictions is the sum of
independent coin flips whose chances differ between the classes (p, and 1 − p) but are
1/2 on average, over curves, repetitions and datasets. A range around its mean is at
least as likely as that of the binomial distribution of chance 1/2 (Hoeffding 1956,
Theorem 5), so the exact binomial test never rejects too often.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy
from scipy import special

from bench.base import StatisticsError
from bench.stats.scores import check_share

LEAK, NO_LEAK, CANNOT_TELL = "leak", "no leak found", "cannot tell"
POWER = 0.8  # with which the smallest leak would be found

_COLUMNS = ["dataset", "repetition", "classifier", "accuracy", "n_curves"]


def find_leaks(
    accuracies: pd.DataFrame,
    *,
    alpha: float,
    streams: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Test each classifier's held-out accuracy against exactly 1/2.

    Each classifier is tested on each dataset, pooled over repetitions, and on several
    datasets together. All tests are one family: a single-step procedure (Bonferroni)
    holds the chance of any false leak, and of any interval that misses, below `alpha`.

    Parameters
    ----------
    accuracies
        Columns dataset, repetition, classifier, accuracy (NaN where a cell is not done)
        and n_curves, the number of test curves, half of each class.
    alpha
        Chance to find any leak where there is none.
    streams
        Dataset → a name of the random streams of its curves. Datasets of one stream
        share their curves, so predictions for them are not independent: only the one
        with the most curves, or else the first, is pooled with datasets of other
        streams. With None each dataset has a stream of its own.

    Returns
    -------
    DataFrame
        For each classifier, in the order of the cells, a row of all datasets together
        (where datasets have more than one stream; its dataset is empty), then a row for
        each dataset: classifier, dataset, n_datasets, n (cells that are done), n_cells,
        n_curves, right (the number of right predictions); accuracy and low, high, its
        exact interval (Clopper and Pearson), simultaneous over all rows; p of the exact
        binomial test, two-sided, and p_adjusted; detectable, the smallest difference
        from 1/2 that is found with probability `POWER`; verdict, "leak" where
        p_adjusted ≤ alpha (the interval then excludes 1/2), "no leak found", or "cannot
        tell" where there are too few curves for any leak. Unknown numbers are NaN.

    Raises
    ------
    StatisticsError
        If a column is missing, an accuracy is not a number of right predictions, or
        alpha is not between 0 and 1.
    """
    check_share("alpha", alpha)
    counts = _counts(accuracies)
    streams = {} if streams is None else streams
    stream = counts["dataset"].map(lambda name: streams.get(name, name))
    pooled = stream.nunique() > 1
    parts: list[tuple[str, str, pd.DataFrame]] = []
    for classifier, cells in counts.groupby("classifier", sort=False):
        if pooled:
            parts.append((str(classifier), "", _independent(cells, stream)))
        parts += [
            (str(classifier), str(dataset), rows)
            for dataset, rows in cells.groupby("dataset", sort=False)
        ]
    n_tests = sum(bool(part["right"].notna().any()) for *_, part in parts)
    return pd.DataFrame(
        [
            {"classifier": classifier, "dataset": dataset} | _test(part, alpha, n_tests)
            for classifier, dataset, part in parts
        ]
    )


def _counts(accuracies: pd.DataFrame) -> pd.DataFrame:
    """Check the cells; return them with `right`, NaN where a cell is not done."""
    missing = [name for name in _COLUMNS if name not in accuracies.columns]
    if missing or accuracies.empty:
        what = f"no column {', '.join(missing)}" if missing else "no rows"
        raise StatisticsError(
            f"the accuracies have {what}; expected {', '.join(_COLUMNS)}, one row for "
            "each cell"
        )
    counts = accuracies[_COLUMNS].reset_index(drop=True)
    right = counts["accuracy"].astype(float) * counts["n_curves"]
    whole = right.round()
    bad = (np.abs(right - whole) > 1e-6 * counts["n_curves"]) | (right < 0)
    bad |= right > counts["n_curves"]
    if bad.any():
        row = counts[bad].iloc[0]
        raise StatisticsError(
            f"{row['dataset']}, {row['classifier']}, repetition {row['repetition']}: "
            f"found the accuracy {row['accuracy']}; expected a number of right "
            f"predictions of {row['n_curves']} curves, divided by it"
        )
    return counts.assign(right=whole)


def _independent(cells: pd.DataFrame, stream: pd.Series) -> pd.DataFrame:
    """Return the cells on one dataset of each stream, that with the most curves."""
    done = cells[cells["right"].notna()]
    n_curves = done.groupby("dataset", sort=False)["n_curves"].sum()
    n_curves = n_curves.reindex(cells["dataset"].unique(), fill_value=0)
    of = dict(zip(cells["dataset"], stream[cells.index], strict=True))
    chosen = n_curves.groupby(n_curves.index.map(of), sort=False).idxmax()
    return cells[cells["dataset"].isin(chosen)]


def _test(cells: pd.DataFrame, alpha: float, n_tests: int) -> dict[str, object]:
    """Test the cells of one classifier, one of so many tests."""
    done = cells[cells["right"].notna()]
    n_curves, right = int(done["n_curves"].sum()), int(done["right"].sum())
    row: dict[str, object] = {
        "n_datasets": cells["dataset"].nunique(),
        "n": len(done),
        "n_cells": len(cells),
        "n_curves": n_curves,
        "right": right,
    }
    numbers = ("accuracy", "low", "high", "p", "p_adjusted", "detectable")
    if not n_curves:
        return row | dict.fromkeys(numbers, math.nan) | {"verdict": CANNOT_TELL}
    ends = _clopper_pearson(right, n_curves, alpha / n_tests)
    further = max(right, n_curves - right)
    p = min(1.0, 2 * float(scipy.stats.binom.sf(further - 1, n_curves, 0.5)))
    p_adjusted = min(1.0, n_tests * p)
    detectable = smallest_leak(n_curves, alpha / n_tests)
    if math.isnan(detectable):
        verdict = CANNOT_TELL
    else:
        verdict = LEAK if p_adjusted <= alpha else NO_LEAK
    found = (right / n_curves, *ends, p, p_adjusted, detectable)
    return row | dict(zip(numbers, found, strict=True)) | {"verdict": verdict}


def smallest_leak(n_curves: int, alpha: float, power: float = POWER) -> float:
    """Return the smallest difference of an accuracy from 1/2 that is found.

    Parameters
    ----------
    n_curves
        The number of test curves, of all repetitions.
    alpha
        Level of the two-sided exact binomial test; for k tests alpha / k.
    power
        The probability to find it.

    Returns
    -------
    float
        NaN where not even an accuracy of 1 is significant.
    """
    check_share("alpha", alpha)
    check_share("power", power)
    # The fewest right predictions that are significantly many.
    critical = int(scipy.stats.binom.isf(alpha / 2, n_curves, 0.5)) + 1
    if critical > n_curves:
        return math.nan
    # The accuracy a at which P(X ≥ critical) = power, an incomplete beta function of a.
    accuracy = special.betaincinv(critical, n_curves - critical + 1, power)
    return float(accuracy) - 0.5


def _clopper_pearson(right: int, n: int, alpha: float) -> tuple[float, float]:
    """Return the exact interval of a share.

    It is that of SciPy's `binomtest`, which searches for what is a quantile of the beta
    distribution, and takes many times as long.
    """
    low = special.betaincinv(right, n - right + 1, alpha / 2) if right else 0.0
    high = special.betaincinv(right + 1, n - right, 1 - alpha / 2) if right < n else 1.0
    return float(low), float(high)
