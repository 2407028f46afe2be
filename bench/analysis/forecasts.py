"""A forecast of a suite from its stored results: its time and its statistical power."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import mean

import pandas as pd

from bench.analysis.findings import collapsed_cells, half_a_curve
from bench.analysis.results import load_results, results_frame
from bench.cells import Cell, Kind, Plan, Task, kind_of, units_of, whole
from bench.engines import TimeLeft, known_costs
from bench.stats import (
    FEWEST_FOR_VERDICT,
    LEAST_SPREAD,
    datasets_needed,
    detectable_difference,
    enough_datasets,
    repetitions_needed,
)
from bench.store import Result, Store


@dataclass(frozen=True)
class Forecast:
    """The expected time of a suite, and the differences that it can detect.

    Attributes
    ----------
    n_cells, n_stored
        The number of cells, transfers and audits, and how many of them are stored.
    seconds
        The expected time of the missing cells, one after the other; None if nothing is
        known of the cost of some kind.
    untimed
        Dataset and classifier (empty for audits) of each kind without stored results.
        What it costs is guessed from other kinds and from published results, see
        `bench.engines.costs`.
    left
        The expected time of the missing cells, by the number that are computed at the
        same time.
    detectable
        One row a dataset and classifier other than the baseline: the std of the
        paired difference over the repetitions that both have and in which neither
        collapsed, and at least that of two half test curves; the smallest difference
        that is detected with 80% power, and the repetitions that would detect the
        suite's margin, None if no number of them does; both at alpha/k, as the report's
        comparisons are.
    n_datasets, datasets_needed, enough
        The number of independent datasets (libraries); the numbers that tests across
        datasets need for the suite's classifiers, against a baseline and for all
        pairs; and whether there are enough for the first.
    """

    n_cells: int
    n_stored: int
    seconds: float | None
    untimed: tuple[Kind, ...]
    left: Callable[[int], float | None]
    detectable: pd.DataFrame
    n_datasets: int
    datasets_needed: tuple[int, int]
    enough: bool


def forecast(plan: Plan, store: Store) -> Forecast:
    """Estimate the time of a suite's missing cells, and the power of all its cells."""
    statuses = store.statuses()
    part = replace(plan, cells=tuple(c for c in plan.cells if c.key in statuses))
    others = [t for t in plan.everything[len(plan.cells) :] if t.key in statuses]
    loaded = load_results(part, store)
    tasks: tuple[Task, ...] = (*part.cells, *others)
    results = chain(loaded, store.read_all(task.key for task in others))
    known: dict[Kind, list[float]] = {}
    found = set()
    for task, result in zip(tasks, results, strict=True):
        if result is None or result.status == "missing":  # damaged
            continue
        found.add(task.key)
        if result.seconds is not None and task.target is None:
            known.setdefault(kind_of(task), []).append(result.seconds)
    n_stored = sum(task.key in found for task in plan.everything)
    # A missing transfer needs the fit again, and a missing fit its whole batch.
    units = [
        whole(unit)
        for unit in units_of(plan.everything)
        if any(task.key not in found for task in unit)
    ]
    seconds = {kind: mean(values) for kind, values in known.items()}
    costs = known_costs(plan, store, seconds)
    kinds = dict.fromkeys(kind_of(unit[0]) for unit in units)
    untimed = tuple(
        kind for kind in kinds if not costs.is_known(kind) or kind in costs.published
    )

    def left(at_once: int) -> float | None:
        return TimeLeft(units, seconds, costs, at_once).estimate()

    n_others = len(plan.classifiers) - 1
    n_pairs = n_others * len(plan.classifiers) // 2
    alpha = plan.suite.stats.alpha
    n_datasets = len({recipe.family for recipe in plan.datasets})
    return Forecast(
        len(plan.everything),
        n_stored,
        left(1),
        untimed,
        left,
        _detectable(part, store, loaded),
        n_datasets,
        (datasets_needed(n_others, alpha), datasets_needed(n_pairs, alpha)),
        enough_datasets(n_datasets, n_others, alpha),
    )


def pilot(plan: Plan, repetitions: int) -> Plan:
    """Return a plan of the first repetitions, whose results the whole plan reuses.

    Cells of larger online batches are left out: in a smaller batch they would have
    other keys. Stacks are computed whole.
    """

    def first(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(
            cell
            for cell in cells
            if cell.repetition < repetitions
            and (cell.is_stacked or cell.batched <= repetitions)
        )

    return replace(
        plan,
        cells=first(plan.cells),
        given=(),  # no repetition
        transfers=first(plan.transfers),
        audits=tuple(a for a in plan.audits if a.repetition < repetitions),
    )


def _detectable(plan: Plan, store: Store, loaded: Sequence[Result]) -> pd.DataFrame:
    columns = ["dataset", "classifier", "stored", "std", "detectable", "needed"]
    if not loaded:
        return pd.DataFrame(columns=columns)
    stats = plan.suite.stats
    metric = plan.suite.metrics[0]
    recipes = {recipe.spec.id: recipe for recipe in plan.datasets}
    results = results_frame(plan, store, loaded)
    results = results.assign(collapsed=collapsed_cells(plan, results, loaded))
    alpha = stats.alpha / max(1, len(plan.classifiers) - 1)
    rows = []
    for dataset, cells in results[results["status"] == "done"].groupby(
        "dataset", sort=False
    ):
        # A collapse is no repetition of the comparison, as in the report.
        cells = cells[~cells["collapsed"].fillna(False).astype(bool)]
        table = cells.pivot(
            index="repetition", columns="classifier", values=f"test_{metric}"
        )
        if plan.suite.baseline not in table:
            continue
        recipe = recipes[str(dataset)]
        floor = LEAST_SPREAD * half_a_curve(recipe.n_test)
        n = plan.suite.repetitions_of(recipe.spec)
        level: dict[str, float] = {"alpha": alpha, "overlap": recipe.overlap}
        for name in [c.id for c in plan.classifiers if c.id in table.columns]:
            gaps = (table[name] - table[plan.suite.baseline]).dropna()
            if name == plan.suite.baseline or len(gaps) < FEWEST_FOR_VERDICT:
                continue
            std = max(float(gaps.std(ddof=1)), floor)
            rows.append(
                {
                    "dataset": dataset,
                    "classifier": name,
                    "stored": len(gaps),
                    "std": std,
                    "detectable": detectable_difference(std, n, **level),
                    "needed": _needed(std, stats.margin, **level),
                }
            )
    # Objects, since pandas would make NaN of None where some rows have a number.
    frame = pd.DataFrame({name: [row[name] for row in rows] for name in columns[:-1]})
    frame["needed"] = pd.Series([row["needed"] for row in rows], dtype=object)
    return frame


def _needed(std: float, margin: float, *, alpha: float, overlap: float) -> int | None:
    """Return the repetitions that detect a difference of the margin.

    None if no number of them does, as where the margin is 0.
    """
    if not margin:
        return None
    return repetitions_needed(std, margin, alpha=alpha, overlap=overlap)
