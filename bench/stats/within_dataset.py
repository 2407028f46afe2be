"""Comparisons within a dataset, paired over its repetitions.

Repetitions of generated curves are independent draws of training and test curves, so
the scores of two classifiers can be compared by a paired t test, without any
correction. Repetitions that divide one pool of recorded curves are not: there the
variance of a mean is corrected, see `bench.stats.intervals.pool_overlap`. All intervals
of differences and all p of a dataset belong to one procedure (Bonferroni), so that they
never disagree.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.base import StatisticsError
from bench.stats.coverage import lacks_too_many
from bench.stats.intervals import (
    MEAN,
    bent,
    mean_columns,
    mean_interval,
    share_interval,
)
from bench.stats.scores import (
    ScoreTable,
    check_share,
    check_width,
    differences,
    overlap_of,
    score_tables,
    tie_of,
)

# The least spread of a difference, in half curves: each of its two scores is known to
# half a curve, and independent spreads add up so. With half a curve alone, simulated
# nulls were rejected in 6.3% of cases with four repetitions of 20 to 200 test curves.
LEAST_SPREAD = math.sqrt(2)
FEWEST_FOR_VERDICT = 3  # two differences may agree by chance alone
FEWEST_REPETITIONS = 5  # with fewer no p: the test would rest on normality alone

VERDICTS = ("better", "worse", "equivalent", "inconclusive")
WORKS, DOES_NOT, UNCLEAR = "works", "does not work", "unclear"
_SHARE = ("collapsed", "collapsed_low", "collapsed_high")


def summarise_scores(
    scores: pd.DataFrame,
    alpha: float,
    *,
    larger_is_better: bool,
    bounds: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None,
    n_curves: float | Mapping[str, float] | None = None,
    overlap: float | Mapping[str, float] = 0.0,
) -> pd.DataFrame:
    """Describe the scores of each classifier on each dataset.

    Parameters
    ----------
    scores
        As `bench.stats.coverage.held_out_scores` returns them: dataset, repetition,
        classifier, score (NaN where there is none), and possibly asked and collapsed.
    alpha
        One minus the coverage of intervals.
    larger_is_better
        The metric's direction.
    bounds
        The metric's bounds, or dataset → bounds.
    n_curves
        The test curves of a repetition, a number or dataset → number. Without both,
        intervals of means are t intervals, and differences have no least spread.
    overlap
        What repetitions that divide one pool of curves add to 1/n in the variance of a
        mean (`bench.stats.intervals.pool_overlap`), a number or dataset → number; 0 for
        independent draws.

    Returns
    -------
    DataFrame
        One row for each dataset and classifier: dataset, classifier; asked, the number
        of repetitions; n, those with a score; mean, std (ddof=1; NaN at n = 1) of all n
        scores, collapses included.

        collapsed, the number of trainings that collapsed, and collapsed_low,
        collapsed_high, the exact interval of their share (NaN where no training left
        chance, and where repetitions overlap: it holds for independent trainings).

        n_compared and mean_compared, of the trainings that did not collapse; low,
        high, the interval of this mean, for each classifier by itself
        (`bench.stats.intervals.score_interval`; NaN for fewer than 3).

        left_out, the reason why a classifier is not compared, in words, or empty: it
        lacks more than a fifth of its repetitions, or has fewer than 3. best, whether
        it has the best mean_compared of those compared (several may); near_best,
        whether the interval of its paired difference to the best includes zero. These
        intervals are simultaneous over all pairs (Bonferroni), since the best is
        chosen by the same scores: with probability at least 1 − alpha the classifier
        that is truly best is among those marked. Where there is no interval there is
        no mark.

    Raises
    ------
    StatisticsError
        If scores are infinite or duplicate, or alpha is not between 0 and 1.
    """
    check_share("alpha", alpha)
    rows = []
    for table in score_tables(scores, ragged=True):
        curves = _of(n_curves, table.dataset)
        limits = _of(bounds, table.dataset)
        shared = overlap_of(overlap, table.dataset)
        described = [
            _describe(table, i, alpha, limits, curves, shared)
            for i in range(len(table.classifiers))
        ]
        half_a_curve = 0.5 / curves if curves else 0
        _mark_best(table, described, alpha, larger_is_better, half_a_curve, shared)
        rows += described
    return pd.DataFrame(rows)


def _of(value: Any, dataset: str) -> Any:
    """Return the entry of a dataset, or the value that all datasets share."""
    return value[dataset] if isinstance(value, Mapping) else value


def _describe(
    table: ScoreTable,
    column: int,
    alpha: float,
    bounds: tuple[float, float] | None,
    n_curves: float | None,
    overlap: float,
) -> dict[str, Any]:
    """Return the row of a classifier in `summarise_scores`, without marks."""
    known = table.values[np.isfinite(table.values[:, column]), column]
    compared = table.compared[np.isfinite(table.compared[:, column]), column]
    everything = mean_columns(known, alpha)
    estimate = mean_columns(compared, alpha, bounds, n_curves, overlap)
    if len(compared) < FEWEST_FOR_VERDICT:  # it would cover nearly all that can be
        estimate |= {"low": math.nan, "high": math.nan}
    return {
        "dataset": table.dataset,
        "classifier": table.classifiers[column],
        "asked": table.asked[column],
        "n": len(known),
        "mean": everything["mean"],
        "std": everything["std"],
        **_collapses(table, column, alpha, overlap),
        "n_compared": len(compared),
        "mean_compared": estimate["mean"],
        "low": estimate["low"],
        "high": estimate["high"],
        "left_out": left_out(table, column),
        "best": False,
        "near_best": False,
    }


def _collapses(
    table: ScoreTable, column: int, alpha: float, overlap: float
) -> dict[str, Any]:
    """Count the collapses of a classifier, with the exact interval of their share."""
    n = int(np.isfinite(table.values[:, column]).sum())
    count = int(table.collapsed[:, column].sum())
    low = high = math.nan
    if n and table.left_chance[column] and not overlap:
        low, high = share_interval(count, n, alpha)
    return dict(zip(_SHARE, (count, low, high), strict=True))


def left_out(table: ScoreTable, column: int) -> str:
    """Return why a classifier takes part in no comparison on a dataset, or nothing."""
    asked = table.asked[column]
    n = int(np.isfinite(table.values[:, column]).sum())
    n_compared = int(np.isfinite(table.compared[:, column]).sum())
    if n == 0:
        return f"has no score in {_counted(asked)}"
    if lacks_too_many(n, asked):
        return f"lacks {asked - n} of {_counted(asked)}"
    if n_compared < FEWEST_FOR_VERDICT:
        if n_compared < n:
            return f"only {n_compared} of {n} trainings left chance"
        return f"has only {_counted(n)}"
    return ""


def _counted(n: int) -> str:
    return f"{n} repetition" if n == 1 else f"{n} repetitions"


def _mark_best(
    table: ScoreTable,
    rows: list[dict[str, Any]],
    alpha: float,
    larger_is_better: bool,
    half_a_curve: float,
    overlap: float,
) -> None:
    """Mark the best classifiers of a dataset, and those that may be the best."""
    family = [i for i, row in enumerate(rows) if not row["left_out"]]
    if not family:
        return
    means = np.array([rows[i]["mean_compared"] for i in family])
    best = means.max() if larger_is_better else means.min()
    behind = differences(best, means, larger_is_better)
    first = family[int(np.argmin(behind))]
    n_pairs = max(1, len(family) * (len(family) - 1) // 2)
    values = table.compared
    gaps = differences(values[:, [first]], values[:, family], larger_is_better)
    found = _intervals(gaps, alpha / n_pairs, LEAST_SPREAD * half_a_curve, overlap)
    for place, i in enumerate(family):
        rows[i]["best"] = bool(behind[place] == 0)
        # False for NaN, which is no interval.
        rows[i]["near_best"] = rows[i]["best"] or bool(found["low"][place] <= 0)


def _intervals(
    values: np.ndarray, alpha: float, least_std: float, overlap: float
) -> dict[str, np.ndarray]:
    """Return n, mean, low, high and p of each column without its NaN.

    Fewer than three values have a mean alone.
    """
    found = {
        name: np.full(values.shape[1], math.nan) for name in ("mean", "low", "high")
    }
    found["p"] = np.full(values.shape[1], math.nan)
    known = np.isfinite(values)
    patterns, members = np.unique(known, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        columns = np.flatnonzero(members.ravel() == number)
        n = int(pattern.sum())
        if n == 0:
            continue
        estimate = mean_interval(
            values[np.ix_(pattern, columns)], alpha, least_std, overlap
        )
        found["mean"][columns] = estimate.mean
        if n >= FEWEST_FOR_VERDICT:
            found["low"][columns] = estimate.low
            found["high"][columns] = estimate.high
        if n >= FEWEST_REPETITIONS:
            found["p"][columns] = estimate.p
    return found | {"n": known.sum(axis=0)}


def compare_to(
    scores: pd.DataFrame,
    baseline: str,
    *,
    alpha: float,
    margin: float,
    tie: float | Mapping[str, float],
    larger_is_better: bool,
    bounds: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None,
    overlap: float | Mapping[str, float] = 0.0,
) -> pd.DataFrame:
    """Compare each classifier with the baseline on each dataset.

    Each pair is compared on the repetitions in which both have a score and neither
    collapsed.

    Parameters
    ----------
    scores
        As `bench.stats.coverage.held_out_scores` returns them: dataset, repetition,
        classifier, score (NaN where there is none), and possibly asked and collapsed.
    baseline
        A classifier. Datasets without it are left out.
    alpha
        Chance, for each dataset, that any interval misses the true value, or any true
        null is rejected.
    margin
        Differences up to it do not matter in practice.
    tie
        Half a test curve, in units of the score: a number or dataset → number. It is
        the largest difference of a repetition that is a tie. The standard deviation of
        differences never counts as less than half a curve of each of the two scores
        (√2 half curves), so that repetitions which happen to agree prove nothing.
    larger_is_better
        The metric's direction.
    bounds
        The metric's bounds, or dataset → bounds: ends of intervals that a difference
        cannot reach are bent (see `bench.stats.intervals.bent`). None for no bounds.
    overlap
        As in `summarise_scores`: it widens intervals and raises p.

    Returns
    -------
    DataFrame
        One row for each dataset and each other classifier: dataset, classifier; n, the
        pairs; difference, the mean of classifier − baseline, turned so that positive is
        better; low, high, its t interval, simultaneous over the classifiers compared
        in the dataset, at 1 − alpha/k (NaN for n < 3); p of the paired t test,
        two-sided, and p_adjusted, min(1, k·p), both NaN for n < 5; wins, ties, losses,
        counts of repetitions; verdict (see `verdict`); family, the number k of
        classifiers that are compared; collapsed, collapsed_low, collapsed_high as in
        `summarise_scores`; left_out, the reason why a row is not compared and does not
        count in k, or empty; words, the verdict in words, with collapses of either
        classifier, and with a difference that excludes zero but not the margin.

    Raises
    ------
    StatisticsError
        If no dataset has the baseline, scores are infinite or duplicate, or alpha,
        margin or tie are out of range.
    """
    check_share("alpha", alpha)
    check_width("margin", margin)
    tables = score_tables(scores, ragged=True)
    tables = [t for t in tables if baseline in t.classifiers]
    if not tables:
        raise StatisticsError(
            f"found no scores of the baseline '{baseline}'; expected them on at least "
            "one dataset"
        )
    rows = []
    for table in tables:
        limits = _of(bounds, table.dataset)
        widest = math.inf if limits is None else limits[1] - limits[0]
        rows += _compare(
            table,
            baseline,
            alpha,
            margin,
            tie,
            larger_is_better,
            widest,
            overlap_of(overlap, table.dataset),
        )
    return pd.DataFrame(rows, columns=_COMPARED)


def _compare(
    table: ScoreTable,
    baseline: str,
    alpha: float,
    margin: float,
    tie: float | Mapping[str, float],
    larger_is_better: bool,
    widest: float,
    overlap: float,
) -> list[dict[str, Any]]:
    """Return the rows of one dataset in `compare_to`."""
    at = table.classifiers.index(baseline)
    others = [i for i in range(len(table.classifiers)) if i != at]
    if not others:
        return []
    half_a_curve = tie_of(tie, table.dataset)
    values = table.compared
    gaps = differences(values[:, others], values[:, [at]], larger_is_better)
    reasons = [left_out(table, i) for i in others]
    own = left_out(table, at)
    if own:
        reasons = [f"the baseline {baseline} {own}"] * len(others)
    family = reasons.count("")
    least_std = LEAST_SPREAD * half_a_curve
    found = _intervals(gaps, alpha / max(family, 1), least_std, overlap)
    for name in ("low", "high"):
        found[name] = bent(found["mean"], found[name], widest)
    wins, ties, losses = count_wins(gaps, half_a_curve)
    shares = {c: _collapses(table, c, alpha, overlap) for c in (at, *others)}
    rows = []
    for place, i in enumerate(others):
        n = int(found["n"][place])
        estimate = {name: float(found[name][place]) for name in ("low", "high", "p")}
        if reasons[place]:
            estimate = dict.fromkeys(estimate, math.nan)
        elif n < FEWEST_FOR_VERDICT:
            reasons[place] = f"has only {_counted(n)} in common with {baseline}"
        row = {
            "dataset": table.dataset,
            "classifier": table.classifiers[i],
            "n": n,
            "difference": float(found["mean"][place]),
            **estimate,
            "p_adjusted": min(1.0, estimate["p"] * family)
            if estimate["p"] == estimate["p"]
            else math.nan,
            "wins": int(wins[place]),
            "ties": int(ties[place]),
            "losses": int(losses[place]),
            "verdict": verdict(estimate["low"], estimate["high"], margin, n),
            "family": family,
            **shares[i],
            "left_out": reasons[place],
        }
        notes = [
            f"{table.classifiers[c]}: {text}"
            for c in (i, at)
            if table.collapsed[:, c].any()
            and (text := share_in_words(shares[c], _n(table, c)))
        ]
        rows.append(row | {"words": verdict_in_words(row, notes)})
    return rows


def _n(table: ScoreTable, column: int) -> int:
    return int(np.isfinite(table.values[:, column]).sum())


def share_in_words(row: Mapping[Any, Any], n: int) -> str:
    """Write a share of collapses, as ``1 of 10 collapsed, [0.003, 0.445]``.

    Parameters
    ----------
    row
        collapsed, collapsed_low and collapsed_high, as in `summarise_scores`.
    n
        The number of trainings.

    Returns
    -------
    str
        Without a collapse ``0 of 10 collapsed, at most 0.31``. Without an interval
        ``1 of 10 collapsed``, or nothing for 0: no training left chance, or repetitions
        are not independent.
    """
    count, low, high = (row[name] for name in _SHARE)
    words = f"{count} of {n} collapsed"
    if math.isnan(high):
        return words if count else ""
    if count == 0:
        return f"{words}, at most {high:.2f}"
    return f"{words}, [{low:.3f}, {high:.3f}]"


def verdict_in_words(row: Mapping[Any, Any], notes: Sequence[str] = ()) -> str:
    """Write a row's verdict, and what a reader must know with it.

    Parameters
    ----------
    row
        low, high, verdict and left_out, as in `compare_to`.
    notes
        What else to say, such as shares of collapses.
    """
    words = str(row["verdict"])
    if row["left_out"]:
        words += f" ({row['left_out']})"
    elif words in ("equivalent", "inconclusive"):
        side = "above" if row["low"] > 0 else "below" if row["high"] < 0 else ""
        within = "within" if words == "equivalent" else "not beyond"
        words += f" ({side} zero, {within} the margin)" if side else ""
    return "; ".join([words, *notes])


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
    """Count the wins, ties and losses in each column; a gap that is NaN is none."""
    slack = tie * 1e-9 + 1e-15  # half a curve is a tie, whatever its last bits are
    wins, losses = gaps > tie + slack, gaps < -tie - slack
    ties = np.isfinite(gaps) & ~(wins | losses)
    return wins.sum(axis=0), ties.sum(axis=0), losses.sum(axis=0)


_COMPARED = [
    "dataset",
    "classifier",
    "n",
    "difference",
    "low",
    "high",
    "p",
    "p_adjusted",
    "wins",
    "ties",
    "losses",
    "verdict",
    "family",
    *_SHARE,
    "left_out",
    "words",
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
        Rows of `summarise_scores`, with intervals at the level that verdicts shall
        have; None if there are no scores.
    datasets, classifiers
        Those of the suite, in its order.
    works
        The required score.
    larger_is_better
        The metric's direction.

    Returns
    -------
    DataFrame
        dataset, classifier, n, mean, std, low, high (NaN where there is no score);
        verdict: "works" if the whole interval is at least as good as `works`, "does
        not work" if the whole interval is worse, and "unclear" otherwise, without an
        interval, or if the classifier is left out (see `summarise_scores`); words, the
        verdict with that reason and with the share of collapses, if there are any.

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
            reason = summary.get("left_out", "")
            if reason:
                row["verdict"] = UNCLEAR
            elif low >= required - 1e-12:  # the exact score, whatever its last bits
                row["verdict"] = WORKS
            else:
                row["verdict"] = DOES_NOT if high < required else UNCLEAR
            words = row["verdict"] + (f" ({reason})" if reason else "")
            if summary.get("collapsed"):
                words += f"; {share_in_words(summary, row['n'])}"
            rows.append(row | {"words": words})
    return pd.DataFrame(rows)
