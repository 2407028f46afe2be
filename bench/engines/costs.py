"""What cells cost: the seconds that each kind is expected to take.

The seconds of a kind (dataset × classifier) are known from its own results, and
otherwise guessed from those of other kinds.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from bench.base import PUBLISHED, digest
from bench.cells import Cell, Kind, Plan, Task, kind_of
from bench.store import Store

# Weights, in seconds, of the assumption that this run is as fast as the stored results
# were, and that datasets do not differ. Times of milliseconds are mostly noise.
_SAME_PACE = 1.0
_SAME_DATASETS = 0.2
# Of a cell that takes longer than expected, and is the first of its kind: the seconds
# that are added to its cost for each second too long.
_OVERRUN = 1.25
_MOST_DATASETS = 50  # of which a guess for another one is made
_MOST_READ = 1000  # stored results, of those that are read for an estimate


@dataclass
class _Seconds:
    """The sum of some seconds, and their number."""

    total: float = 0.0
    n: int = 0

    def add(self, seconds: float) -> None:
        self.total += seconds
        self.n += 1

    @property
    def mean(self) -> float:
        return self.total / self.n


class Costs:
    """The expected seconds of a cell, a transfer or an audit of each kind.

    In this order, they are the mean of

    1. the seconds that cells of the kind took in this run;
    2. those that they took in earlier runs, times the pace of this run: the ratio of
       its seconds to the earlier ones, where both are known;
    3. the seconds of the same classifier on other datasets, times the ratio of the two
       datasets' seconds, of classifiers that are known on both;
    4. the seconds of the same classifier on datasets of other suites, times the pace of
       this run over these, of the classifiers that have both;
    5. the seconds of all other cells; for an audit, their median.
    """

    def __init__(self) -> None:
        self.published: set[Kind] = set()  # kinds whose seconds are of another machine
        self._stored: dict[Kind, _Seconds] = defaultdict(_Seconds)
        self._elsewhere: dict[str, _Seconds] = defaultdict(_Seconds)
        self._measured: dict[Kind, _Seconds] = defaultdict(_Seconds)

    def add_stored(self, kind: Kind, seconds: float) -> None:
        """Add the seconds of a stored result."""
        self._stored[kind].add(seconds)

    def add_elsewhere(self, classifier: str, seconds: float) -> None:
        """Add the seconds of a classifier on a dataset that is not in the suite."""
        self._elsewhere[classifier].add(seconds)

    def add_measured(self, kind: Kind, seconds: float) -> None:
        """Add the seconds of a result of this run."""
        self._measured[kind].add(seconds)

    def is_known(self, kind: Kind) -> bool:
        """Whether a result of the kind tells its seconds."""
        return kind in self._stored or kind in self._measured

    def has_elsewhere(self, classifier: str) -> bool:
        """Whether seconds of a classifier in other suites are known."""
        return classifier in self._elsewhere

    def of(
        self, kinds: Iterable[Kind], taken: Mapping[Kind, float] | None = None
    ) -> dict[Kind, float]:
        """Return the expected seconds of kinds; those without any are left out.

        Parameters
        ----------
        taken
            The seconds that a running cell of a kind has taken until now. They count
            where they are more than was expected.
        """
        taken = taken or {}
        stored = {kind: found.mean for kind, found in self._stored.items()}
        pace = self._pace(stored, taken)
        known = {kind: pace * seconds for kind, seconds in stored.items()}
        known |= {kind: found.mean for kind, found in self._measured.items()}
        elsewhere = {name: found.mean for name, found in self._elsewhere.items()}
        guesses = _Guesses(known, elsewhere)
        # The datasets of other suites may be larger.
        of_others = {kind: elsewhere.get(kind[1]) for kind in {*known, *taken}}
        pace = self._pace(of_others, taken)
        costs = {}
        for kind in kinds:
            cost = known.get(kind)
            if cost is None:
                cost = guesses.from_other_datasets(kind)
            if cost is None and kind[1] in elsewhere:
                cost = pace * elsewhere[kind[1]]
            if cost is None:
                cost = guesses.from_all(kind)
            if kind not in self._measured and kind in taken:
                too_long = taken[kind] - (cost or 0.0)
                cost = (cost or 0.0) + _OVERRUN * max(0.0, too_long)
            if cost is not None:
                costs[kind] = cost
        return costs

    def _pace(
        self, before: Mapping[Kind, float | None], taken: Mapping[Kind, float]
    ) -> float:
        """Return how many seconds of this run stand for one of earlier runs."""
        ours = theirs = _SAME_PACE
        for kind, one in before.items():
            if one is None:
                continue
            if measured := self._measured.get(kind):
                ours += measured.total
                theirs += measured.n * one
            elif taken.get(kind, 0.0) > one:
                ours += taken[kind]
                theirs += one
        return ours / theirs


class _Guesses:
    """Guesses of the seconds of kinds that have none."""

    def __init__(
        self, known: Mapping[Kind, float], elsewhere: Mapping[str, float]
    ) -> None:
        self._known = known
        self._cells = [seconds for (_, name), seconds in known.items() if name]
        self._cells = self._cells or [s for name, s in elsewhere.items() if name]
        self._by_dataset: dict[str, dict[str, float]] = defaultdict(dict)
        self._by_classifier: dict[str, list[str]] = defaultdict(list)
        for (dataset, classifier), seconds in known.items():
            self._by_dataset[dataset][classifier] = seconds
            self._by_classifier[classifier].append(dataset)
        self._ratios: dict[tuple[str, str], float] = {}
        # The mean would be that of long trainings, and an audit trains nothing.
        self._of_cell = fmean(self._cells) if self._cells else None
        self._of_audit = median(self._cells) if self._cells else None

    def from_other_datasets(self, kind: Kind) -> float | None:
        dataset, classifier = kind
        others = self._by_classifier.get(classifier, [])[:_MOST_DATASETS]
        if not others:
            return None
        return fmean(
            self._known[other, classifier] * self._ratio(dataset, other)
            for other in others
        )

    def from_all(self, kind: Kind) -> float | None:
        return self._of_cell if kind[1] else self._of_audit

    def _ratio(self, dataset: str, other: str) -> float:
        """Return how many seconds of one dataset stand for one of the other."""
        if (dataset, other) not in self._ratios:
            ours, theirs = self._by_dataset[dataset], self._by_dataset[other]
            both = ours.keys() & theirs.keys()
            self._ratios[dataset, other] = (
                _SAME_DATASETS + sum(ours[name] for name in both)
            ) / (_SAME_DATASETS + sum(theirs[name] for name in both))
        return self._ratios[dataset, other]


def known_costs(plan: Plan, store: Store, known: Mapping[Kind, float]) -> Costs:
    """Return what is known of the costs of a plan before it is computed.

    Parameters
    ----------
    known
        The seconds of the kinds that have results.
    """
    costs = Costs()
    for kind, seconds in known.items():
        costs.add_stored(kind, seconds)
    add_known(costs, plan, store)
    return costs


def add_known(costs: Costs, plan: Plan, store: Store) -> None:
    """Add what stored results of any suite and published ones tell of a plan."""
    add_stored_seconds(costs, plan.everything, store)
    add_published_seconds(costs, plan)


def add_stored_seconds(
    costs: Costs, cells: Iterable[Task], store: Store, most: int = _MOST_READ
) -> None:
    """Add the seconds of stored results, of any suite, for kinds that lack them.

    Results of the same dataset count for the kind whatever their repetition is; those
    of other datasets for the classifier.

    Parameters
    ----------
    most : int
        The number of results that are read.
    """
    kinds: dict[tuple[str, str], Kind] = {}
    classifiers: dict[str, str] = {}
    firsts: dict[Kind, Task] = {}
    for cell in cells:
        if cell.target is None:
            firsts.setdefault(kind_of(cell), cell)
    for kind, cell in firsts.items():
        if not costs.is_known(kind):
            ours = digest(cell.classifier.identity) if isinstance(cell, Cell) else ""
            kinds[cell.dataset.identity_hash, ours] = kind
            classifiers[ours] = cell.name
    if not kinds:
        return
    for fields, seconds in store.timings(most):
        dataset, classifier = _identity(fields)
        if (dataset, classifier) in kinds:
            costs.add_stored(kinds[dataset, classifier], seconds)
        elif classifier in classifiers:
            costs.add_elsewhere(classifiers[classifier], seconds)


def add_published_seconds(costs: Costs, plan: Plan, folder: Path = PUBLISHED) -> None:
    """Add the seconds of published results, by the names of datasets and classifiers.

    They are of another machine, and tell at least which cells take long. They count for
    kinds without stored results if the suite's name is the same, and else for
    classifiers without any.
    """
    kinds = {kind_of(cell) for cell in plan.everything if cell.target is None}
    unknown = {kind for kind in kinds if not costs.is_known(kind)}
    classifiers = {name for _, name in unknown if not costs.has_elsewhere(name)}
    if not unknown:
        return
    for path in sorted(folder.glob("*/results.csv")):
        for suite, kind, seconds in _published(path):
            if suite == plan.suite.name and kind in unknown:
                costs.add_stored(kind, seconds)
                costs.published.add(kind)
            elif kind[1] in classifiers:
                costs.add_elsewhere(kind[1], seconds)


def _published(path: Path) -> Iterator[tuple[str, Kind, float]]:
    """Yield suite, kind and seconds of the rows of a file that have them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                with suppress(KeyError, TypeError, ValueError):
                    kind = row["dataset"], row["classifier"]
                    yield row["suite"], kind, float(row["seconds"])
    except (OSError, ValueError, csv.Error):
        return  # an estimate is not worth an error


def _identity(fields: dict[str, Any]) -> tuple[str, str]:
    """Return the digests of dataset and classifier (empty for an audit)."""
    classifier = fields.get("classifier")
    return digest(fields.get("dataset")), digest(classifier) if classifier else ""
