"""Comparisons across datasets: mean ranks, effects, and tests where they can reject.

Datasets that share a library are not independent: they form a family. The unit is the
family, with the mean of its datasets' means; never the repetition, which would reject
true nulls far too often.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from bench.base import StatisticsError
from bench.stats.effects import Bounds, paired_effect
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
    COLUMNS,
    ROUNDING,
    check_columns,
    check_share,
    check_width,
    name_some,
    tie_of,
)

FEWEST_FAMILIES = 5  # with fewer, an interval says nothing that is of use
_MOST_LACKING = 5  # one in so many repetitions is what a classifier may lack


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
class FamilyScores:
    """Scores of classifiers on families of datasets, as far as they can be compared.

    Attributes
    ----------
    classifiers
        Those that take part, in the order of the scores.
    families
        The datasets of each family, n_families tuples.
    means : DataFrame
        Mean score of each classifier on each dataset, dataset × classifier.
    gaps : array of shape (n_families, n_classifiers, n_classifiers)
        Mean score of the first classifier minus that of the second, over the datasets
        of a family. On a dataset it is over the repetitions that both have; NaN where
        they have none in common.
    left_out
        A sentence for each dataset and each classifier that does not take part.
    """

    classifiers: tuple[str, ...]
    families: tuple[tuple[str, ...], ...]
    means: pd.DataFrame
    gaps: np.ndarray
    left_out: tuple[str, ...]

    def ranks(self, larger_is_better: bool) -> np.ndarray:
        """Rank the classifiers in each family, (n_families, n_classifiers); 1 is best.

        A rank is 1, and 1 more for each classifier that is better, and 1/2 for each
        that is equally good, so that ties share their mean rank.
        """
        ahead = np.sign(self.gaps) * (1 if larger_is_better else -1)
        # The difference to itself is 0, and counts half; what is not known does too.
        ahead = np.nan_to_num(ahead)
        ranks: np.ndarray = 0.5 + (0.5 - ahead / 2).sum(axis=2)
        return ranks


def family_scores(
    scores: pd.DataFrame, families: Iterable[Sequence[str]] | None = None
) -> FamilyScores:
    """Reduce scores to what can be compared across datasets.

    What one classifier or dataset lacks takes nothing away from another. A classifier
    that has no score on a dataset, or lacks more than a fifth of the repetitions asked
    of it there, is left out. But a dataset on which that holds of more than half of the
    classifiers is left out first: it would take them all away.

    Parameters
    ----------
    scores
        Columns dataset, repetition, classifier and score, NaN where a cell has none;
        one row for each cell. If there is a column asked, it holds the number of
        repetitions asked of the classifier on the dataset; else it is that of its rows.
        If there is a column collapsed, the scores where it is true are not compared,
        but are not lacking either.
    families
        Groups of datasets that are variants of one library. With None every dataset is
        a family by itself.

    Raises
    ------
    StatisticsError
        If a column is missing, a score is infinite or not a number, a cell is
        duplicate, or a dataset is in two families.
    """
    cells = _Cells.of(scores)
    rows, lost = cells.datasets_kept()
    left_out = [_dataset_left_out(*entry) for entry in lost]
    kept = cells.enough[rows].all(axis=0) if rows else np.zeros(cells.shape[2], bool)
    if rows:
        left_out += [
            f"{cells.classifiers[i]} is not compared across datasets: it lacks "
            + name_some(
                [cells.lacks(row, i) for row in rows if not cells.enough[row, i]]
            )
            for i in np.flatnonzero(~kept).tolist()
        ]
    datasets = [cells.datasets[row] for row in rows]
    classifiers = [str(name) for name in np.array(cells.classifiers)[kept]]
    codes = family_codes(datasets, families)
    n_families = len(set(codes.tolist()))
    values = cells.compared[rows][:, :, kept]
    of_datasets = np.empty((len(rows), len(classifiers), len(classifiers)))
    for i, table in enumerate(values):  # all at once may not fit into memory
        of_datasets[i] = _mean_of_known(table[:, :, None] - table[:, None, :])
    gaps = np.empty((n_families, *of_datasets.shape[1:]))
    for family in range(n_families):
        gaps[family] = _mean_of_known(of_datasets[codes == family])
    gaps[np.abs(gaps) <= ROUNDING * cells.scale] = 0.0
    means = pd.DataFrame(
        [_mean_of_known(table) for table in values],
        index=pd.Index(datasets, name="dataset"),
        columns=pd.Index(classifiers, name="classifier"),
        dtype=float,
    )
    members = tuple(
        tuple(d for d, code in zip(datasets, codes, strict=True) if code == family)
        for family in range(n_families)
    )
    return FamilyScores(tuple(classifiers), members, means, gaps, tuple(left_out))


@dataclass(frozen=True)
class _Cells:
    """Scores as arrays of shape (n_datasets, n_repetitions, n_classifiers).

    `values` are the scores, NaN where there is none; `compared` those of trainings that
    did not collapse; `asked`, (n_datasets, n_classifiers), counts what was asked for.
    """

    datasets: list[str]
    classifiers: list[str]
    values: np.ndarray
    compared: np.ndarray
    asked: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def scale(self) -> float:
        """The largest size of a score."""
        return float(np.abs(np.nan_to_num(self.values)).max())

    @classmethod
    def of(cls, scores: pd.DataFrame) -> "_Cells":
        """Check a frame of scores and lay it out."""
        numbers = _checked(scores)
        codes, names = zip(
            *(pd.factorize(scores[column]) for column in COLUMNS[:3]), strict=True
        )
        shape = tuple(map(len, names))

        def laid_out(column: np.ndarray, empty: float) -> np.ndarray:
            array = np.full(shape, empty, dtype=float)
            array[codes] = column
            return array

        values = laid_out(numbers, np.nan)
        collapsed: np.ndarray = np.zeros(len(scores))
        if "collapsed" in scores:
            column = scores["collapsed"].astype("boolean")
            collapsed = column.to_numpy(float, na_value=0.0)
        if "asked" in scores:
            asked = laid_out(scores["asked"].to_numpy(float), 0).max(axis=1)
        else:
            asked = laid_out(np.ones(len(scores)), 0).sum(axis=1)
        return cls(
            datasets=[str(name) for name in names[0]],
            classifiers=[str(name) for name in names[2]],
            values=values,
            compared=np.where(laid_out(collapsed, 0) > 0, np.nan, values),
            asked=asked,
        )

    @cached_property
    def n(self) -> np.ndarray:
        """The number of scores of each dataset and classifier."""
        n: np.ndarray = np.isfinite(self.values).sum(axis=1)
        return n

    @cached_property
    def enough(self) -> np.ndarray:
        """Whether no more than a fifth of what was asked is lacking."""
        has_enough = _MOST_LACKING * (self.asked - self.n) <= self.asked
        enough: np.ndarray = has_enough & np.isfinite(self.compared).any(axis=1)
        return enough

    def datasets_kept(self) -> tuple[list[int], list[tuple[str, int, int]]]:
        """Return the datasets to compare on, and those that most classifiers lack."""
        n_enough = self.enough.sum(axis=1)
        is_kept = 2 * n_enough >= self.shape[2]
        lost = [
            (self.datasets[i], int(n_enough[i]), self.shape[2])
            for i in np.flatnonzero(~is_kept)
        ]
        return np.flatnonzero(is_kept).tolist(), lost

    def lacks(self, dataset: int, classifier: int) -> str:
        """Say what a classifier lacks on a dataset."""
        name = self.datasets[dataset]
        n, asked = (
            int(self.n[dataset, classifier]),
            int(self.asked[dataset, classifier]),
        )
        if n == 0:
            return name
        if _MOST_LACKING * (asked - n) <= asked:
            return f"trainings that left chance on {name}"
        return f"{asked - n} of {asked} repetitions on {name}"


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    """Return the mean over the first axis without NaN; NaN where all are."""
    known = ~np.isnan(values)
    sums = np.where(known, values, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0/0 where nothing is known
        mean: np.ndarray = sums / known.sum(axis=0)
    return mean


def _checked(scores: pd.DataFrame) -> np.ndarray:
    """Check a frame of scores and return them as numbers."""
    check_columns(scores)
    numbers = pd.to_numeric(scores["score"], errors="coerce").to_numpy(
        float, na_value=np.nan
    )
    bad = np.isinf(numbers) | (np.isnan(numbers) & scores["score"].notna().to_numpy())
    bad |= scores.duplicated(list(COLUMNS[:3]), keep=False).to_numpy()
    bad |= scores[list(COLUMNS[:3])].isna().any(axis=1).to_numpy()
    if bad.any():
        names = [
            f"{row['dataset']}, {row['classifier']}, repetition {row['repetition']} "
            f"({row['score']})"
            for row in scores.loc[bad, list(COLUMNS)].to_dict("records")
        ]
        raise StatisticsError(
            "found scores that are infinite, no numbers, duplicate or of no cell: "
            f"{name_some(names)}; expected one finite number, or none, for each cell"
        )
    return numbers


def _dataset_left_out(dataset: str, n_enough: int, n_classifiers: int) -> str:
    return (
        f"the dataset {dataset} is not compared with others: {n_enough} of "
        f"{n_classifiers} classifiers have enough scores there"
    )


@dataclass(frozen=True)
class Across:
    """Result of a comparison of classifiers across datasets.

    Attributes
    ----------
    means
        Mean score, dataset × classifier.
    ranks
        Mean rank of each classifier over families, best first; 1 is best.
    families
        The datasets of each family.
    allowed
        Whether tests are made: there are enough families for them to reject.
    reason
        Why no tests are made; empty if they are.
    needed
        The number of families that the tests need.
    friedman
        Friedman's test over families; None without tests, or for a single classifier.
    pairs
        One row for each pair: first, second; difference of their means over families,
        first − second, turned so that positive means first is better; n, the number of
        families behind it; low, high, its interval (`bench.stats.effects`, over the
        means of families), simultaneous over the pairs (Bonferroni), NaN for fewer
        than five families; wins, ties, losses over families; p of the exact Wilcoxon
        signed-rank test and p_holm; p_first_better, p_equivalent, p_second_better of
        the Bayesian signed-rank test, which is not adjusted for the number of pairs.
        The last five are NaN without tests. The interval assumes normality and the test
        symmetry, so near the border one may exclude zero while the other does not.
    cliques
        Maximal groups of classifiers in which no pair differs significantly (p_holm >
        alpha), by mean rank. Empty without tests, or if all classifiers are compared
        with a baseline.
    left_out
        A sentence for each dataset and each classifier that does not take part.
    """

    means: pd.DataFrame
    ranks: pd.Series
    families: tuple[tuple[str, ...], ...]
    allowed: bool
    reason: str
    needed: int
    friedman: Friedman | None
    pairs: pd.DataFrame
    cliques: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...] = ()

    @property
    def n_families(self) -> int:
        """The number of families of datasets."""
        return len(self.families)


def compare_across(
    scores: pd.DataFrame,
    *,
    baseline: str | None = None,
    alpha: float,
    families: Sequence[Sequence[str]] | None = None,
    larger_is_better: bool,
    margin: float = 0.0,
    tie: float | Mapping[str, float] = 0.0,
    bounds: Bounds | None = None,
    n_draws: int = 20_000,
) -> Across:
    """Compare classifiers across datasets.

    Parameters
    ----------
    scores
        As `family_scores` reads them: dataset, repetition, classifier, score, and
        possibly asked and collapsed. What cannot be compared is left out.
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
        Half a test curve, in units of the score, a number or dataset → number: the
        largest difference of means that is a tie, and the least spread of differences.
    bounds
        The least and the largest score; intervals of differences stay within what
        follows from them. None for no bounds.
    n_draws
        Number of draws of the Bayesian test's Monte Carlo, whose seed is fixed.

    Raises
    ------
    StatisticsError
        If scores are infinite or duplicate, the baseline has none, or alpha, margin or
        tie are out of range.
    """
    check_share("alpha", alpha)
    check_width("margin", margin)
    found = family_scores(scores, families)
    classifiers = found.classifiers
    if baseline is not None and baseline not in classifiers:
        raise StatisticsError(
            f"found no scores of the baseline '{baseline}'; expected them on every "
            "dataset"
        )
    ranks = found.ranks(larger_is_better)
    mean_ranks = ranks.mean(axis=0) if len(ranks) else np.empty(0)
    order = np.argsort(mean_ranks.round(9), kind="stable")
    ranked = [classifiers[i] for i in order]
    if baseline is None:
        compared = list(combinations(ranked, 2))
    else:
        compared = [(name, baseline) for name in ranked if name != baseline]
    needed = datasets_needed(len(compared), alpha)
    reason = _reason_against(found, len(compared), needed, alpha)
    ties = np.array(
        [np.mean([tie_of(tie, name) for name in family]) for family in found.families]
    )
    place = {name: i for i, name in enumerate(classifiers)}
    rows = []
    for first, second in compared:
        gaps = found.gaps[:, place[first], place[second]]
        gaps = gaps if larger_is_better else -gaps
        known = ~np.isnan(gaps)
        row = {"first": first, "second": second}
        row |= _effect(gaps[known], alpha / len(compared), ties[known], bounds)
        tested = not reason and row["n"] >= needed
        row |= (
            _tests(gaps[known], margin, n_draws)
            if tested
            else dict.fromkeys(_TESTS, math.nan)
        )
        rows.append(row)
    pairs = pd.DataFrame(rows, columns=_PAIRS)
    pairs["p_holm"] = holm(pairs["p"].to_numpy(dtype=float))
    cliques: tuple[tuple[str, ...], ...] = ()
    if not reason and baseline is None:
        # Not `> alpha`: a pair that was not tested does not differ significantly.
        alike = pairs.loc[~(pairs["p_holm"] <= alpha), ["first", "second"]]
        cliques = maximal_cliques(
            ranked, list(alike.itertuples(index=False, name=None))
        )
    return Across(
        means=found.means,
        ranks=pd.Series(
            mean_ranks[order], index=pd.Index(ranked, name="classifier"), name="rank"
        ),
        families=found.families,
        allowed=not reason,
        reason=reason,
        needed=needed,
        friedman=None if reason else friedman(ranks),
        pairs=pairs,
        cliques=cliques,
        left_out=found.left_out,
    )


_TESTS = ["p", "p_holm", "p_first_better", "p_equivalent", "p_second_better"]
_PAIRS = [
    "first",
    "second",
    "n",
    "difference",
    "low",
    "high",
    "wins",
    "ties",
    "losses",
    *_TESTS,
]


def _reason_against(
    found: FamilyScores, n_comparisons: int, needed: int, alpha: float
) -> str:
    """Return why no test can be made; empty if tests can."""
    if n_comparisons == 0:
        return (
            "there is only one classifier"
            if found.classifiers
            else "no classifier has enough scores"
        )
    n_families = len(found.families)
    if n_families >= needed:
        return ""
    tests = _counted(n_comparisons, "comparison", "comparisons")
    n_datasets = len(found.means)
    shared = (
        f" (the {n_datasets} datasets share libraries or curves, and those that share "
        "one are one family)"
        if n_datasets > n_families
        else ""
    )
    counted = _counted(n_families, "family", "families")
    return (
        f"{tests} over {counted} of datasets{shared} cannot be "
        f"significant at {alpha:g}, however large the differences; {needed} "
        "families are needed"
    )


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _effect(
    gaps: np.ndarray, alpha: float, ties: np.ndarray, bounds: Bounds | None
) -> dict[str, float]:
    """Return the mean, interval and counts of a pair's differences (n_families,)."""
    slack = ties * 1e-9 + 1e-15  # half a curve is a tie, whatever its last bits are
    wins, losses = int((gaps > ties + slack).sum()), int((gaps < -ties - slack).sum())
    least_std = float(ties.mean()) if len(ties) else 0.0
    effect = paired_effect(gaps, alpha, least_std=least_std, bounds=bounds)
    enough = effect.n >= FEWEST_FAMILIES
    return {
        "n": effect.n,
        "difference": effect.difference,
        "low": effect.low if enough else math.nan,
        "high": effect.high if enough else math.nan,
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
