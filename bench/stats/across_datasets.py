"""Comparisons across datasets: mean ranks, effects, and tests where they can reject.

The unit is the dataset's mean score, never the repetition, which would reject true
nulls far too often. Datasets that are variants of one library are not independent:
they form a family.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from bench.base import StatisticsError
from bench.stats.power import datasets_needed
from bench.stats.rank_tests import (
    Friedman,
    bayesian_signed_rank,
    friedman,
    holm,
    maximal_cliques,
    wilcoxon,
)
from bench.stats.scores import (
    ROUNDING,
    check_share,
    check_width,
    common_classifiers,
    differences,
    name_some,
    rank,
    score_tables,
    tie_of,
)


def families(identities: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Group datasets by their library, in the order of the datasets.

    Parameters
    ----------
    identities
        Dataset → what identifies its library, such as its name or text.
    """
    groups: dict[str, list[str]] = {}
    for dataset, identity in identities.items():
        groups.setdefault(identity, []).append(dataset)
    return tuple(map(tuple, groups.values()))


def family_codes(
    datasets: Sequence[str], families: Iterable[Sequence[str]] | None
) -> np.ndarray:
    """Return the number of each dataset's family: 0, 1, …, shape (n_datasets,).

    A dataset that is in no family is a family by itself. Names that are not among the
    datasets are ignored.
    """
    family: dict[str, int] = {}
    for number, members in enumerate(families or ()):
        for dataset in members:
            if family.setdefault(dataset, number) != number:
                raise StatisticsError(
                    f"found the dataset '{dataset}' in two families; expected it in one"
                )
    codes: dict[object, int] = {}
    keys: list[object] = [family.get(name, name) for name in datasets]
    return np.array([codes.setdefault(key, len(codes)) for key in keys])


@dataclass(frozen=True)
class Across:
    """Result of a comparison of classifiers across datasets.

    Attributes
    ----------
    means
        Mean score, dataset × classifier.
    ranks
        Mean rank of each classifier over datasets, best first; 1 is best.
    allowed
        Whether tests are made: there are enough datasets, and no two are variants of
        one library.
    reason
        Why no tests are made; empty if they are.
    needed
        The number of independent datasets that the tests need.
    friedman
        Friedman's test; None without tests, or for a single classifier.
    pairs
        One row for each pair: first, second; difference of their means over datasets,
        first − second, turned so that positive means first is better; low, high, its t
        interval, simultaneous over the pairs (Bonferroni), whose units are families,
        NaN if there is only one; wins, ties, losses over datasets; p of the exact
        Wilcoxon signed-rank test and p_holm; p_first_better, p_equivalent,
        p_second_better of the Bayesian signed-rank test. The last five are NaN
        without tests. The interval assumes normality and the test symmetry, so near
        the border one may exclude zero while the other does not.
    cliques
        Maximal groups of classifiers in which no pair differs significantly (p_holm >
        alpha), by mean rank. Empty without tests, or if all classifiers are compared
        with a baseline.
    """

    means: pd.DataFrame
    ranks: pd.Series
    allowed: bool
    reason: str
    needed: int
    friedman: Friedman | None
    pairs: pd.DataFrame
    cliques: tuple[tuple[str, ...], ...]


def compare_across(
    scores: pd.DataFrame,
    *,
    baseline: str | None = None,
    alpha: float,
    families: Sequence[Sequence[str]] | None = None,
    larger_is_better: bool,
    margin: float = 0.0,
    tie: float | Mapping[str, float] = 0.0,
    n_draws: int = 20_000,
) -> Across:
    """Compare classifiers across datasets.

    Parameters
    ----------
    scores
        Columns dataset, repetition, classifier, score; complete, with every classifier
        on every dataset.
    baseline
        The classifier with which all others are compared; it is second in each pair.
        None compares all pairs, the better ranked classifier first.
    alpha
        Chance that any interval misses the true value, or any true null is rejected.
    families
        Groups of datasets that are variants of one library. With None every dataset is
        independent.
    larger_is_better
        The metric's direction.
    margin
        Mean differences within it are equivalent (the Bayesian test's region of
        practical equivalence).
    tie
        Largest difference of means that is a tie, a number or dataset → number.
    n_draws
        Number of draws of the Bayesian test's Monte Carlo, whose seed is fixed.

    Raises
    ------
    StatisticsError
        If a classifier has no scores on a dataset (the message names these), scores
        are ragged or not finite, the baseline is unknown, or alpha, margin or tie are
        out of range.
    """
    check_share("alpha", alpha)
    check_width("margin", margin)
    tables = score_tables(scores)
    classifiers = common_classifiers(tables)
    if baseline is not None and baseline not in classifiers:
        raise StatisticsError(
            f"found no scores of the baseline '{baseline}'; expected them on every "
            "dataset"
        )
    datasets = [table.dataset for table in tables]
    values = np.stack([table.columns(classifiers).mean(axis=0) for table in tables])
    ranks = rank(values, larger_is_better)
    order = np.argsort(ranks.mean(axis=0), kind="stable")
    ranked = [classifiers[i] for i in order]
    if baseline is None:
        compared = list(combinations(ranked, 2))
    else:
        compared = [(name, baseline) for name in ranked if name != baseline]
    codes = family_codes(datasets, families)
    needed = datasets_needed(len(compared), alpha)
    reason = _reason_against(datasets, codes, len(compared), needed, alpha)
    column = {name: values[:, i] for i, name in enumerate(classifiers)}
    ties = np.array([tie_of(tie, name) for name in datasets])
    rows = []
    for first, second in compared:
        gaps = differences(column[first], column[second], larger_is_better)
        row = {"first": first, "second": second}
        row |= _effect(gaps, codes, alpha / len(compared), ties)
        row |= (
            _tests(gaps, margin, n_draws)
            if not reason
            else dict.fromkeys(_TESTS, math.nan)
        )
        rows.append(row)
    pairs = pd.DataFrame(rows, columns=_PAIRS)
    pairs["p_holm"] = holm(pairs["p"].to_numpy(dtype=float))
    cliques: tuple[tuple[str, ...], ...] = ()
    if not reason and baseline is None:
        alike = pairs.loc[pairs["p_holm"] > alpha, ["first", "second"]]
        cliques = maximal_cliques(
            ranked, list(alike.itertuples(index=False, name=None))
        )
    return Across(
        means=pd.DataFrame(
            values,
            index=pd.Index(datasets, name="dataset"),
            columns=pd.Index(classifiers, name="classifier"),
        ),
        ranks=pd.Series(
            ranks.mean(axis=0)[order],
            index=pd.Index(ranked, name="classifier"),
            name="rank",
        ),
        allowed=not reason,
        reason=reason,
        needed=needed,
        friedman=None if reason else friedman(ranks),
        pairs=pairs,
        cliques=cliques,
    )


_TESTS = ["p", "p_holm", "p_first_better", "p_equivalent", "p_second_better"]
_PAIRS = [
    "first",
    "second",
    "difference",
    "low",
    "high",
    "wins",
    "ties",
    "losses",
    *_TESTS,
]


def _reason_against(
    datasets: Sequence[str],
    codes: np.ndarray,
    n_comparisons: int,
    needed: int,
    alpha: float,
) -> str:
    """Return why no test can be made; empty if tests can."""
    if n_comparisons == 0:
        return "there is only one classifier"
    remedy = f"{needed} datasets of different libraries are needed"
    n_families = len(set(codes.tolist()))
    if n_families < len(datasets):
        counts = np.bincount(codes)
        variants = [d for d, c in zip(datasets, codes, strict=True) if counts[c] > 1]
        shared = "one library" if (counts > 1).sum() == 1 else "shared libraries"
        return (
            f"the datasets {name_some(variants)} are variants of {shared} and so not "
            f"independent: {len(datasets)} datasets are {n_families} "
            f"{'family' if n_families == 1 else 'families'}; {remedy}"
        )
    if len(datasets) < needed:
        tests = "comparison" if n_comparisons == 1 else "comparisons"
        return (
            f"{n_comparisons} {tests} over {len(datasets)} "
            f"{'dataset' if len(datasets) == 1 else 'datasets'} cannot be significant "
            f"at {alpha:g}, however large the differences; {remedy}"
        )
    return ""


def _effect(
    gaps: np.ndarray, codes: np.ndarray, alpha: float, ties: np.ndarray
) -> dict[str, float]:
    """Return the mean, interval and counts of a pair's differences (n_datasets,)."""
    mean = float(gaps.mean())
    n_families = int(codes.max()) + 1
    half_width = math.nan
    if n_families > 1:
        # Residuals are summed by family (a cluster-robust error). If each family is one
        # dataset, this is the t interval.
        sums = np.bincount(codes, weights=gaps - mean)
        error = math.sqrt(n_families / (n_families - 1) * float(sums @ sums))
        quantile = float(stats.t.isf(alpha / 2, n_families - 1))
        half_width = quantile * error / len(gaps)
        if np.ptp(gaps) <= ROUNDING * np.abs(gaps).max():
            half_width = 0.0
    slack = ties * 1e-9 + 1e-15  # half a curve is a tie, whatever its last bits are
    wins, losses = int((gaps > ties + slack).sum()), int((gaps < -ties - slack).sum())
    return {
        "difference": mean,
        "low": mean - half_width,
        "high": mean + half_width,
        "wins": wins,
        "ties": len(gaps) - wins - losses,
        "losses": losses,
    }


def _tests(gaps: np.ndarray, margin: float, n_draws: int) -> dict[str, float]:
    """Return the p-values of a pair; p_holm is filled in once all pairs are known."""
    first, equivalent, second = bayesian_signed_rank(gaps, margin, n_draws=n_draws)
    return {
        "p": wilcoxon(gaps),
        "p_holm": math.nan,
        "p_first_better": first,
        "p_equivalent": equivalent,
        "p_second_better": second,
    }
