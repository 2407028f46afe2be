"""Comparisons within a dataset, paired over its repetitions.

Repetitions are independent draws of training and test curves, so what classifiers
score on them may be compared as it stands, by paired t.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bench.base import StatisticsError
from bench.stats.intervals import MeanInterval, mean_interval
from bench.stats.rank_tests import holm
from bench.stats.scores import (
    ScoreTable,
    check_share,
    check_width,
    differences,
    score_tables,
    tie_of,
)

FEWEST_REPETITIONS = 5  # below it intervals only: the test rests on normality alone

VERDICTS = ("better", "worse", "equivalent", "inconclusive")


def summarise_scores(
    scores: pd.DataFrame, alpha: float, *, larger_is_better: bool
) -> pd.DataFrame:
    """Describe the scores of each classifier on each dataset.

    Parameters
    ----------
    scores
        dataset, repetition, classifier, score; complete.
    alpha
        One minus the coverage of intervals.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        dataset, classifier, n, mean, std (ddof=1; NaN at n = 1), low, high (t interval
        of the mean, for each classifier by itself; NaN at n = 1), best (has the best
        mean; more than one may) and near_best: the interval of its paired difference
        to the best includes zero, or n < 2. These intervals are simultaneous
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
        own = mean_interval(table.values, alpha)
        top = own.mean.max() if larger_is_better else own.mean.min()
        behind = differences(top, own.mean, larger_is_better)
        winner = table.values[:, [int(np.argmin(behind))]]
        others = max(1, len(table.classifiers) - 1)
        gap = mean_interval(
            differences(winner, table.values, larger_is_better), alpha / others
        )
        for i, classifier in enumerate(table.classifiers):
            rows.append(
                {
                    "dataset": table.dataset,
                    "classifier": classifier,
                    "n": own.n,
                    "mean": own.mean[i],
                    "std": own.std[i],
                    "low": own.low[i],
                    "high": own.high[i],
                    "best": bool(behind[i] == 0),
                    # NaN at n = 1, where nothing can be told apart
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
        dataset, repetition, classifier, score; complete.
    baseline
        A classifier. Datasets without it are left out.
    alpha
        Chance, for each dataset, that any interval misses or any true null is
        rejected.
    margin
        Differences up to it are of no practical account.
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
        under a flat prior; verdict. An interval that excludes zero always has
        p_holm ≤ alpha: Bonferroni's intervals are at least as wide as what Holm's
        first step needs. At n = 1 interval and p_above are NaN and the verdict is
        "inconclusive"; where repetitions do not differ the interval is the point.

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
        raise StatisticsError(f"the baseline '{baseline}' has no scores")
    rows = []
    for table in tables:
        others = [name for name in table.classifiers if name != baseline]
        if others:
            gaps = _gaps(table, baseline, others, larger_is_better)
            found = mean_interval(gaps, alpha / len(others))
            counts = count_wins(gaps, tie_of(tie, table.dataset))
            rows += _rows(table.dataset, others, found, counts, margin)
    return pd.DataFrame(rows, columns=_COMPARED)


def verdict(low: float, high: float, margin: float) -> str:
    """Say what an interval of a difference says: one of `VERDICTS`.

    Better if it lies above the margin, worse below −margin, equivalent inside
    [−margin, margin] with its ends, else (or if it is NaN) inconclusive.
    """
    # A difference of exactly the margin is not above it, whatever its last bits say.
    slack = 1e-12
    if low > margin + slack:
        return "better"
    if high < -margin - slack:
        return "worse"
    if low >= -margin - slack and high <= margin + slack:
        return "equivalent"
    return "inconclusive"


def count_wins(gaps: np.ndarray, tie: float) -> tuple[np.ndarray, ...]:
    """Count the rows of each column above, within and below the tie."""
    slack = tie * 1e-9 + 1e-15  # half a curve is a tie, whatever its last bits say
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
    found: MeanInterval,
    counts: tuple[np.ndarray, ...],
    margin: float,
) -> list[dict[str, object]]:
    p = found.p if found.n >= FEWEST_REPETITIONS else np.full(len(others), math.nan)
    p_holm = holm(p)
    wins, ties, losses = counts
    return [
        {
            "dataset": dataset,
            "classifier": name,
            "n": found.n,
            "difference": found.mean[i],
            "low": found.low[i],
            "high": found.high[i],
            "p": p[i],
            "p_holm": p_holm[i],
            "wins": int(wins[i]),
            "ties": int(ties[i]),
            "losses": int(losses[i]),
            "p_above": found.p_above[i],
            "verdict": verdict(found.low[i], found.high[i], margin),
        }
        for i, name in enumerate(others)
    ]


WORKS, DOES_NOT, UNCLEAR = "works", "does not work", "unclear"


def threshold_verdicts(
    intervals: pd.DataFrame | None,
    datasets: Sequence[str],
    classifiers: Sequence[str],
    *,
    works: float,
    larger_is_better: bool,
) -> pd.DataFrame:
    """Tell for each dataset and classifier whether the score is good enough.

    Parameters
    ----------
    intervals
        As `bench.stats.within_dataset.summarise_scores` gives them; None where there
        are none.
    datasets, classifiers
        Of the suite, in its order.
    works
        The score from which a classifier works.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        dataset, classifier, n, mean, std, low, high (NaN where there is no score) and
        verdict: "works" if the whole interval is as good as `works` or better, "does
        not work" if all of it is worse, else, or without an interval, "unclear".

    Raises
    ------
    StatisticsError
        If `works` is no score.
    """
    check_width("works", works)
    known = {}
    if intervals is not None:
        for row in intervals.to_dict("records"):
            known[row["dataset"], row["classifier"]] = row
    rows = []
    for dataset in datasets:
        for classifier in classifiers:
            found = known.get((dataset, classifier), {})
            row = {"dataset": dataset, "classifier": classifier, "n": found.get("n", 0)}
            row |= {k: found.get(k, math.nan) for k in ("mean", "std", "low", "high")}
            ends = (row["low"], row["high"])
            low, high = ends if larger_is_better else (-ends[1], -ends[0])
            asked = works if larger_is_better else -works
            if low >= asked - 1e-12:  # whatever its last bits say
                row["verdict"] = WORKS
            else:
                row["verdict"] = DOES_NOT if high < asked else UNCLEAR
            rows.append(row)
    return pd.DataFrame(rows)
