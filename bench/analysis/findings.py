"""What a report tells: scores, comparisons and audits of a suite, as data frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.analysis.audits import find_audits
from bench.analysis.results import results_frame, summarise, transfer_frame
from bench.analysis.sweeps import Sweep, find_sweeps
from bench.base import StatisticsError, digest
from bench.cells import Plan
from bench.stats import (
    METRICS,
    Across,
    compare_across,
    compare_along,
    compare_to,
    compare_transfers,
    complete_scores,
    families,
    find_crossings,
    rank_stability,
    summarise_scores,
    threshold_verdicts,
)
from bench.store import Result, Store


@dataclass(frozen=True)
class Findings:
    """A suite's results and what follows from them.

    Attributes
    ----------
    results
        One row a cell.
    summary
        One row a dataset and classifier: means and stds over the cells that are done.
    intervals
        See `bench.stats.within_dataset.summarise_scores`; of the headline metric, over
        complete repetitions.
    compared
        See `bench.stats.within_dataset.compare_to`: against the suite's baseline.
    across
        See `bench.stats.across_datasets.compare_across`.
    stability
        See `bench.stats.stability.rank_stability`.
    sweeps
        Families of datasets that differ in one number, see
        `bench.analysis.sweeps.find_sweeps`.
    along
        See `bench.stats.sweeps.compare_along`, of all sweeps, told apart by family and
        field; empty where nothing is swept.
    crossings
        See `bench.stats.crossings.find_crossings`, likewise.
    transfer_cells
        See `bench.analysis.results.transfer_frame`; empty where the suite does not ask.
    transfers
        See `bench.stats.transfer.compare_transfers`; of the headline metric.
    works
        See `bench.stats.within_dataset.threshold_verdicts`; empty where the suite does
        not ask.
    audits
        See `bench.analysis.audits.find_audits`; empty where the suite wants none.
    problems
        Why one of these is None.
    """

    results: pd.DataFrame
    summary: pd.DataFrame
    intervals: pd.DataFrame | None
    compared: pd.DataFrame | None
    across: Across | None
    stability: pd.DataFrame | None
    sweeps: tuple[Sweep, ...]
    along: pd.DataFrame
    crossings: pd.DataFrame
    transfer_cells: pd.DataFrame
    transfers: pd.DataFrame
    works: pd.DataFrame
    audits: pd.DataFrame
    problems: tuple[str, ...]


def rows_of(frame: pd.DataFrame | None, dataset: str) -> pd.DataFrame:
    """Return the rows of one dataset; none where there is no frame."""
    if frame is None or "dataset" not in frame:
        return pd.DataFrame()
    return frame[frame["dataset"] == dataset]


def analyse(plan: Plan, store: Store, found: Sequence[Result]) -> Findings:
    """Work out everything that a report tells.

    Parameters
    ----------
    found
        The result of each cell, as `bench.analysis.results.load_results` gives them.
    """
    results = results_frame(plan, store, found)
    stats, metric = plan.suite.stats, plan.suite.metrics[0]
    common = {"larger_is_better": METRICS[metric].larger_is_better}
    ties = {d.spec.id: half_a_curve(d.spec.test, d.n_classes) for d in plan.datasets}
    own = families({d.spec.id: d.library.text for d in plan.datasets})
    problems: list[str] = []

    def attempt(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Leave out what these results do not allow, and say why, once."""
        if arguments[0] is None:
            return None
        try:
            return work(*arguments, **options)
        except StatisticsError as error:
            problems.append(str(error))
            return None

    classes = {d.spec.id: d.n_classes for d in plan.datasets}
    guessing = {"impute": stats.impute, "n_classes": classes}
    scores = attempt(complete_scores, results, metric, **guessing)
    bounds = {"alpha": stats.alpha, "margin": stats.margin, "tie": ties} | common
    intervals = attempt(summarise_scores, scores, stats.alpha, **common)
    sweeps = find_sweeps([d.spec for d in plan.datasets], plan.suite.families)
    transfer_cells = transfer_frame(plan, store)
    return Findings(
        results=results,
        summary=summarise(results),
        intervals=intervals,
        compared=attempt(compare_to, scores, plan.suite.baseline, **bounds),
        across=attempt(compare_across, scores, families=own, **bounds),
        stability=attempt(rank_stability, scores, families=own, **common),
        sweeps=sweeps,
        along=_of_sweeps(plan, results, sweeps, _along),
        crossings=_of_sweeps(plan, results, sweeps, _crossings),
        transfer_cells=transfer_cells,
        transfers=_transfers(plan, results, transfer_cells),
        works=_works(plan, intervals),
        audits=find_audits(plan, store, results),
        problems=tuple(dict.fromkeys(problems)),
    )


def half_a_curve(n_test: int, n_classes: int = 2) -> float:
    """Return the difference that half a test curve makes; classes have n each."""
    return 0.5 / (n_classes * n_test)


def sweep_rows(frame: pd.DataFrame, sweep: Sweep) -> pd.DataFrame:
    """Return the rows of one sweep, of what `Findings` has of all."""
    if frame.empty:
        return frame
    return frame[(frame["family"] == sweep.family) & (frame["field"] == sweep.name)]


def _of_sweeps(
    plan: Plan,
    results: pd.DataFrame,
    sweeps: Sequence[Sweep],
    work: Callable[..., pd.DataFrame],
) -> pd.DataFrame:
    streams = {recipe.spec.id: digest(recipe.stream) for recipe in plan.datasets}
    metric = plan.suite.metrics[0]
    frames = []
    for sweep in sweeps:
        own = results[results["dataset"].isin(list(sweep.values))]
        frame = work(
            plan,
            sweep,
            results=own,
            metric=metric,
            values=sweep.values,
            alpha=plan.suite.stats.alpha,
            streams=streams,
            larger_is_better=METRICS[metric].larger_is_better,
        )
        frame.insert(0, "family", sweep.family)
        frame.insert(1, "field", sweep.name)
        frames.append(frame)
    frames = [frame for frame in frames if not frame.empty]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _along(plan: Plan, sweep: Sweep, **common: Any) -> pd.DataFrame:
    return compare_along(margin=plan.suite.stats.margin, **common)


def _crossings(plan: Plan, sweep: Sweep, **common: Any) -> pd.DataFrame:
    return find_crossings(logarithmic=sweep.logarithmic, **common)


def _transfers(plan: Plan, results: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Join transfers with what was tested where it was trained."""
    if cells.empty:
        return cells
    metric = plan.suite.metrics[0]
    home = results[
        results["dataset"].isin(cells["train"])
        & results["classifier"].isin(cells["classifier"])
    ]
    home = home.assign(train=home["dataset"], test=home["dataset"])
    column = f"test_{metric}"
    names = ["train", "test", "repetition", "classifier", column]
    both = pd.concat([home[names], cells[names]], ignore_index=True)
    return compare_transfers(
        both.rename(columns={column: "score"}),
        alpha=plan.suite.stats.alpha,
        larger_is_better=METRICS[metric].larger_is_better,
    )


def _works(plan: Plan, intervals: pd.DataFrame | None) -> pd.DataFrame:
    asked = plan.suite.stats.works
    if asked is None:
        return pd.DataFrame()
    return threshold_verdicts(
        intervals,
        [recipe.spec.id for recipe in plan.datasets],
        [recipe.id for recipe in plan.classifiers],
        works=asked,
        larger_is_better=METRICS[plan.suite.metrics[0]].larger_is_better,
    )
