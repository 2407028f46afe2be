"""What a suite would cost, and what it can show, from what is stored of it."""

from collections import Counter
from dataclasses import dataclass, replace
from statistics import mean

import pandas as pd

from bench.analysis.results import read_results
from bench.base import StatisticsError
from bench.cells import Cell, Kind, Plan, kind_of, n_fits, units_of
from bench.stats import (
    complete_scores,
    datasets_needed,
    detectable_difference,
    enough_datasets,
    repetitions_needed,
)
from bench.store import Store

MIN_REPETITIONS = 3  # from which a standard deviation is taken


@dataclass(frozen=True)
class Forecast:
    """A suite before it runs.

    Attributes
    ----------
    n_cells, n_stored
        Of the suite with its transfers and audits, and of these what is stored.
    seconds
        Expected of the missing cells, one after the other; None where a kind of cell
        was never computed.
    untimed
        Dataset and classifier (empty for audits) of each such kind.
    detectable
        One row a dataset and classifier other than the baseline: the std of the
        paired difference over the stored repetitions, the smallest difference found
        with 80% power, and the repetitions that would find the suite's margin.
    n_datasets, datasets_needed, enough
        Of the suite, and how many independent ones (libraries) tests across datasets
        of its number of classifiers need: against a baseline, and for all pairs.
    """

    n_cells: int
    n_stored: int
    seconds: float | None
    untimed: tuple[Kind, ...]
    detectable: pd.DataFrame
    n_datasets: int
    datasets_needed: tuple[int, int]
    enough: bool


def forecast(plan: Plan, store: Store) -> Forecast:
    """Work out what a suite's missing cells cost and what all of it can show."""
    times: dict[Kind, list[float]] = {}
    missing: Counter[Kind] = Counter()
    n_stored = 0
    for unit in units_of(plan.everything):
        lacking = 0
        for cell in unit:
            stored = store.get(cell.key)
            if stored is None:
                lacking += 1
                continue
            n_stored += 1
            if stored.seconds is not None and cell.target is None:
                times.setdefault(kind_of(cell), []).append(stored.seconds)
        if lacking:  # a transfer costs the fit that it asks, and the fit its batch
            missing[kind_of(unit[0])] += n_fits(unit)
    untimed = tuple(kind for kind in missing if kind not in times)
    seconds = None
    if not untimed:
        seconds = sum(n * mean(times[kind]) for kind, n in missing.items())
    n_others = len(plan.classifiers) - 1
    n_pairs = n_others * len(plan.classifiers) // 2
    alpha = plan.suite.stats.alpha
    n_datasets = len({recipe.library.text for recipe in plan.datasets})
    return Forecast(
        len(plan.everything),
        n_stored,
        seconds,
        untimed,
        _detectable(plan, store),
        n_datasets,
        (datasets_needed(n_others, alpha), datasets_needed(n_pairs, alpha)),
        enough_datasets(n_datasets, n_others, alpha),
    )


def pilot(plan: Plan, repetitions: int) -> Plan:
    """Keep the first repetitions of a plan, which a pilot computes; they are kept.

    Repetitions that train together are left out: a part of them is not their batch.
    """

    def first(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(
            cell
            for cell in cells
            if cell.repetition < repetitions and cell.batched <= repetitions
        )

    return replace(
        plan,
        cells=first(plan.cells),
        transfers=first(plan.transfers),
        audits=tuple(a for a in plan.audits if a.repetition < repetitions),
    )


def _detectable(plan: Plan, store: Store) -> pd.DataFrame:
    stats, n = plan.suite.stats, plan.suite.repetitions
    metric = plan.suite.metrics[0]
    results = read_results(plan, store)
    done = results[results["status"] == "done"]
    alpha = stats.alpha / max(1, len(plan.classifiers) - 1)
    rows = []
    for dataset, own in done.groupby("dataset", sort=False):
        try:
            scores = complete_scores(own, metric)
        except StatisticsError:  # no repetition is complete yet
            continue
        table = scores.pivot_table(
            index="repetition", columns="classifier", values="score", sort=False
        )
        if plan.suite.baseline not in table or len(table) < MIN_REPETITIONS:
            continue
        for name in table.columns.drop(plan.suite.baseline):
            std = float((table[name] - table[plan.suite.baseline]).std(ddof=1))
            rows.append(
                {
                    "dataset": dataset,
                    "classifier": name,
                    "stored": len(table),
                    "std": std,
                    "detectable": detectable_difference(std, n, alpha=alpha),
                    "needed": _needed(std, stats.margin, alpha),
                }
            )
    columns = ["dataset", "classifier", "stored", "std", "detectable", "needed"]
    return pd.DataFrame(rows, columns=columns)


def _needed(std: float, margin: float, alpha: float) -> int | None:
    """Return how many repetitions find a difference of the margin, if it is one."""
    return repetitions_needed(std, margin, alpha=alpha) if margin else None
