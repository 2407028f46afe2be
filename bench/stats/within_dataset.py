"""Comparisons within a dataset, paired over its repetitions.

Repetitions are independent draws of training and test curves, so the scores of two
classifiers can be compared by a paired t test, without any correction.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bench.base import StatisticsError
from bench.stats.intervals import MEAN, MeanInterval, mean_interval
from bench.stats.rank_tests import holm
from bench.stats.scores import (
    ScoreTable,
    check_share,
    check_width,
    differences,
    score_tables,
    tie_of,
)

FEWEST_FOR_VERDICT = 3  # two differences may agree by chance alone
FEWEST_REPETITIONS = 5  # with fewer no p: the test would rest on normality alone

VERDICTS = ("better", "worse", "equivalent", "inconclusive")
WORKS, DOES_NOT, UNCLEAR = "works", "does not work", "unclear"


def summarise_scores(
    scores: pd.DataFrame, alpha: float, *, larger_is_better: bool
) -> pd.DataFrame:
    """Describe the scores of each classifier on each dataset.

    Parameters
    ----------
    scores
        Columns dataset, repetition, classifier, score; complete.
    alpha
        One minus the coverage of intervals.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        dataset, classifier, n, mean, std (ddof=1; NaN at n = 1), low, high (t interval
        of the mean, for each classifier by itself; NaN at n = 1), best (whether it has
        the best mean; several may) and near_best: whether the interval of its paired
        difference to the best includes zero, or n < 2. These intervals are simultaneous
        (Bonferroni over the other classifiers), so that with probability at least
        1 − alpha the classifier that is truly best is among those marked.

    Raises
    ------
    StatisticsError
        If scores are ragged, not finite, or alpha is not between 0 and 1.
    """
    check_share("alpha", alpha)
    rows = []
    for table in score_tables(scores):
        estimate = mean_interval(table.values, alpha)
        best = estimate.mean.max() if larger_is_better else estimate.mean.min()
        behind = differences(best, estimate.mean, larger_is_better)
        best_scores = table.values[:, [int(np.argmin(behind))]]
        n_others = max(1, len(table.classifiers) - 1)
        gap = mean_interval(
            differences(best_scores, table.values, larger_is_better), alpha / n_others
        )
        for i, classifier in enumerate(table.classifiers):
            rows.append(
                {
                    "dataset": table.dataset,
                    "classifier": classifier,
                    "n": estimate.n,
                    "mean": estimate.mean[i],
                    "std": estimate.std[i],
                    "low": estimate.low[i],
                    "high": estimate.high[i],
                    "best": bool(behind[i] == 0),
                    # Not `<= 0`: at n = 1 the interval is NaN, and all are marked.
                    "near_best": not gap.low[i] > 0,
                }
            )
    return pd.DataFrame(rows)


def compare_to(
    scores: pd.DataFrame,
    baseline: str,
    *,
    alpha: float,
    margin: float,
    tie: float | Mapping[str, float],
    larger_is_better: bool,
) -> pd.DataFrame:
    """Compare each classifier with the baseline on each dataset.

    Parameters
    ----------
    scores
        Columns dataset, repetition, classifier, score; complete.
    baseline
        A classifier. Datasets without it are left out.
    alpha
        Chance, for each dataset, that any interval misses the true value, or any true
        null is rejected.
    margin
        Differences up to it do not matter in practice.
    tie
        Largest difference of a repetition that is a tie (half a test curve), a number
        or dataset → number.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        One row for each dataset and each other classifier: dataset, classifier, n;
        difference, the mean of classifier − baseline, turned so that positive is
        better; low, high, its t interval, simultaneous over the classifiers compared
        in the dataset (Bonferroni); p of the paired t test, two-sided, and p_holm over
        the dataset's classifiers, both NaN for n < 5; wins, ties, losses, counts of
        repetitions; p_above, the probability that the mean difference exceeds zero
        under a flat prior; verdict. If an interval excludes zero, then p_holm ≤ alpha,
        since Bonferroni's adjustment is at least as strict as Holm's. At n = 1 the
        interval and p_above are NaN and the verdict is "inconclusive". Where
        repetitions do not differ, the interval is a single point.

    Raises
    ------
    StatisticsError
        If no dataset has the baseline, scores are ragged or not finite, or alpha,
        margin or tie are out of range.
    """
    check_share("alpha", alpha)
    check_width("margin", margin)
    tables = [t for t in score_tables(scores) if baseline in t.classifiers]
    if not tables:
        raise StatisticsError(
            f"found no scores of the baseline '{baseline}'; expected them on at least "
            "one dataset"
        )
    rows = []
    for table in tables:
        others = [name for name in table.classifiers if name != baseline]
        if others:
            gaps = _gaps(table, baseline, others, larger_is_better)
            estimate = mean_interval(gaps, alpha / len(others))
            counts = count_wins(gaps, tie_of(tie, table.dataset))
            rows += _rows(table.dataset, others, estimate, counts, margin)
    return pd.DataFrame(rows, columns=_COMPARED)


def verdict(low: float, high: float, margin: float, n: int | None = None) -> str:
    """Return the verdict, one of `VERDICTS`, of a difference's interval.

    The verdict is "better" if the interval lies above the margin, "worse" if it lies
    below −margin, "equivalent" if it lies in [−margin, margin], ends included, and
    "inconclusive" otherwise, if the interval is NaN, or if it rests on `n` differences
    and these are fewer than `FEWEST_FOR_VERDICT`.
    """
    if n is not None and n < FEWEST_FOR_VERDICT:
        return "inconclusive"
    # A difference of exactly the margin is not above it, whatever its last bits are.
    slack = 1e-12
    if low > margin + slack:
        return "better"
    if high < -margin - slack:
        return "worse"
    if low >= -margin - slack and high <= margin + slack:
        return "equivalent"
    return "inconclusive"


def count_wins(gaps: np.ndarray, tie: float) -> tuple[np.ndarray, ...]:
    """Count the wins, ties and losses in each column."""
    slack = tie * 1e-9 + 1e-15  # half a curve is a tie, whatever its last bits are
    wins, losses = gaps > tie + slack, gaps < -tie - slack
    return wins.sum(axis=0), (~(wins | losses)).sum(axis=0), losses.sum(axis=0)


_COMPARED = [
    "dataset",
    "classifier",
    "n",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "wins",
    "ties",
    "losses",
    "p_above",
    "verdict",
]


def _gaps(
    table: ScoreTable, baseline: str, others: list[str], larger_is_better: bool
) -> np.ndarray:
    """Return classifier − baseline, shape (n_repetitions, n_others)."""
    return differences(
        table.columns(others), table.columns([baseline]), larger_is_better
    )


def _rows(
    dataset: str,
    others: list[str],
    estimate: MeanInterval,
    counts: tuple[np.ndarray, ...],
    margin: float,
) -> list[dict[str, object]]:
    """Return the rows of one dataset, one for each classifier of `others`."""
    tested = estimate.n >= FEWEST_REPETITIONS
    p = estimate.p if tested else np.full(len(others), math.nan)
    p_holm = holm(p)
    wins, ties, losses = counts
    return [
        {
            "dataset": dataset,
            "classifier": name,
            "n": estimate.n,
            "difference": estimate.mean[i],
            "low": estimate.low[i],
            "high": estimate.high[i],
            "p": p[i],
            "p_holm": p_holm[i],
            "wins": int(wins[i]),
            "ties": int(ties[i]),
            "losses": int(losses[i]),
            "p_above": estimate.p_above[i],
            "verdict": verdict(estimate.low[i], estimate.high[i], margin),
        }
        for i, name in enumerate(others)
    ]


def threshold_verdicts(
    intervals: pd.DataFrame | None,
    datasets: Sequence[str],
    classifiers: Sequence[str],
    *,
    works: float,
    larger_is_better: bool,
) -> pd.DataFrame:
    """Tell for each dataset and classifier whether it reaches a required score.

    Parameters
    ----------
    intervals
        Rows of `summarise_scores`; None if there are no scores.
    datasets, classifiers
        Those of the suite, in its order.
    works
        The required score.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        dataset, classifier, n, mean, std, low, high (NaN where there is no score) and
        verdict: "works" if the whole interval is at least as good as `works`, "does
        not work" if the whole interval is worse, and "unclear" otherwise or without an
        interval.

    Raises
    ------
    StatisticsError
        If `works` is not a finite number from 0 up.
    """
    check_width("works", works)
    known = {}
    if intervals is not None:
        for row in intervals.to_dict("records"):
            known[row["dataset"], row["classifier"]] = row
    rows = []
    for dataset in datasets:
        for classifier in classifiers:
            summary = known.get((dataset, classifier), {})
            row = {"dataset": dataset, "classifier": classifier}
            row |= {"n": summary.get("n", 0)}
            row |= {name: summary.get(name, math.nan) for name in MEAN}
            low, high, required = row["low"], row["high"], works
            if not larger_is_better:
                low, high, required = -high, -low, -required
            if low >= required - 1e-12:  # the exact score works, whatever its last bits
                row["verdict"] = WORKS
            else:
                row["verdict"] = DOES_NOT if high < required else UNCLEAR
            rows.append(row)
    return pd.DataFrame(rows)
