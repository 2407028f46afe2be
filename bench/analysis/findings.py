"""The findings of a suite as data frames: scores, comparisons, sweeps and audits."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bench.analysis.audits import find_audits
from bench.analysis.results import (
    given_frame,
    results_frame,
    summarise,
    transfer_frame,
)
from bench.analysis.sweeps import Sweep, find_sweeps
from bench.base import StatisticsError, digest
from bench.cells import Plan
from bench.curves import DatasetRecipe
from bench.stats import (
    Across,
    compare_across,
    compare_along,
    compare_to,
    compare_transfers,
    families,
    find_collapses,
    find_crossings,
    find_leaks,
    held_out_scores,
    metric_of,
    rank_stability,
    summarise_scores,
    threshold_verdicts,
)
from bench.store import Result, Store


@dataclass(frozen=True)
class Findings:
    """The results of a suite, and all that a report derives from them.

    Attributes
    ----------
    results
        One row a cell; collapsed, whether its training collapsed (see
        `bench.stats.collapses.find_collapses`), NA where none left chance.
    summary
        One row a dataset and classifier: means and stds over the cells that are done.
    intervals
        See `bench.stats.within_dataset.summarise_scores`; for the headline metric.
    compared
        See `bench.stats.within_dataset.compare_to`; with the suite's baseline.
    across
        See `bench.stats.across_datasets.compare_across`.
    stability
        See `bench.stats.stability.rank_stability`.
    sweeps
        Families of datasets that differ in one number, see
        `bench.analysis.sweeps.find_sweeps`.
    along
        See `bench.stats.sweeps.compare_along`; for all sweeps, with the columns
        ``family`` and ``field`` that identify one; empty if there are none.
    crossings
        See `bench.stats.crossings.find_crossings`; for all sweeps, with the same two
        columns.
    transfer_cells
        See `bench.analysis.results.transfer_frame`; empty if the suite has none.
    transfers
        See `bench.stats.transfer.compare_transfers`; for the headline metric.
    works
        See `bench.stats.within_dataset.threshold_verdicts`, of intervals simultaneous
        over the classifiers of a dataset; empty if the suite sets no threshold.
    leaks
        See `bench.stats.leaks.find_leaks`; for the datasets on which nothing can be
        learnt; empty if there are none.
    audits
        See `bench.analysis.audits.find_audits`; empty if the suite has no audits.
    problems
        The reasons why some of these are None.
    given
        See `bench.analysis.results.given_frame`: one division of each dataset, which no
        other of these frames counts; empty if the suite has none.
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
    leaks: pd.DataFrame
    audits: pd.DataFrame
    problems: tuple[str, ...]
    given: pd.DataFrame = field(default_factory=pd.DataFrame)


def rows_of(frame: pd.DataFrame | None, dataset: str) -> pd.DataFrame:
    """Return the rows of one dataset; an empty frame if there is no frame."""
    if frame is None or "dataset" not in frame:
        return pd.DataFrame()
    return frame[frame["dataset"] == dataset]


def analyse(plan: Plan, store: Store, loaded: Sequence[Result]) -> Findings:
    """Compute all findings of a suite.

    Parameters
    ----------
    loaded
        The result of each cell, as `bench.analysis.results.load_results` returns them.
    """
    results = results_frame(plan, store, loaded)
    results = results.assign(collapsed=collapsed_cells(plan, results, loaded))
    stats, metric = plan.suite.stats, metric_of(plan.suite.headline)
    common = {"larger_is_better": metric.larger_is_better}
    ties = {d.spec.id: half_a_curve(d.n_test) for d in plan.datasets}
    library_families = families({d.spec.id: d.family for d in plan.datasets})
    problems: list[str] = []

    def attempt(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Return None if these results do not suffice, and note the reason."""
        if arguments[0] is None:
            return None
        try:
            return work(*arguments, **options)
        except StatisticsError as error:
            problems.append(str(error))
            return None

    scores = attempt(_held_out, plan, results)
    limits = {"alpha": stats.alpha, "margin": stats.margin, "tie": ties} | common
    overlaps = overlaps_of(plan)
    classes = {d.spec.id: d.n_classes for d in plan.datasets}
    described = _described(plan)
    bounds = described["bounds"]
    intervals = attempt(summarise_scores, scores, stats.alpha, **described)
    sweeps = find_sweeps([d.spec for d in plan.datasets], plan.suite.families)
    transfer_cells = transfer_frame(plan, store)
    return Findings(
        results=results,
        summary=summarise(results, plan.suite.headline),
        intervals=intervals,
        compared=attempt(
            compare_to,
            scores,
            plan.suite.baseline,
            bounds=bounds,
            overlap=overlaps,
            **limits,
        ),
        across=attempt(
            compare_across,
            scores,
            families=library_families,
            bounds=metric.bounds_for(max(classes.values())),
            **limits,
        ),
        stability=attempt(rank_stability, scores, families=library_families, **common),
        sweeps=sweeps,
        along=_for_each_sweep(plan, results, sweeps, _along),
        crossings=_for_each_sweep(plan, results, sweeps, _crossings),
        transfer_cells=transfer_cells,
        transfers=_transfers(plan, results, transfer_cells),
        works=_works(plan, scores, intervals, described),
        leaks=_leaks(plan, loaded),
        audits=find_audits(plan, store, results),
        # Several steps may fail for one reason.
        problems=tuple(dict.fromkeys(problems)),
        given=given_frame(plan, store),
    )


def score_intervals(
    plan: Plan, results: pd.DataFrame, loaded: Sequence[Result]
) -> pd.DataFrame:
    """Return the `intervals` of `Findings` alone: intervals of means, and marks.

    Parameters
    ----------
    results, loaded
        As `bench.analysis.results` has them: `results_frame` and `load_results`.

    Returns
    -------
    DataFrame
        Empty if these results do not suffice.
    """
    results = results.assign(collapsed=collapsed_cells(plan, results, loaded))
    try:
        scores = _held_out(plan, results)
        return summarise_scores(scores, plan.suite.stats.alpha, **_described(plan))
    except StatisticsError:
        return pd.DataFrame()


def _held_out(plan: Plan, results: pd.DataFrame) -> pd.DataFrame:
    """Return the held-out scores of the headline metric; `results` know collapses."""
    return held_out_scores(
        results,
        plan.suite.metrics[0],
        impute=plan.suite.stats.impute,
        n_classes={d.spec.id: d.n_classes for d in plan.datasets},
        collapsed=results["collapsed"],
    )


def _described(plan: Plan) -> dict[str, Any]:
    """Return the arguments by which `summarise_scores` knows metric and datasets."""
    metric = metric_of(plan.suite.headline)
    return {
        "bounds": {d.spec.id: metric.bounds_for(d.n_classes) for d in plan.datasets},
        "n_curves": {d.spec.id: d.n_test for d in plan.datasets},
        "larger_is_better": metric.larger_is_better,
        "overlap": overlaps_of(plan),
    }


def overlaps_of(plan: Plan) -> dict[str, float]:
    """Return the overlap of each dataset (`bench.stats.intervals.pool_overlap`)."""
    return {recipe.spec.id: recipe.overlap for recipe in plan.datasets}


def collapsed_cells(
    plan: Plan, results: pd.DataFrame, loaded: Sequence[Result]
) -> pd.Series:
    """Tell which cells collapsed, by accuracy, whatever the suite's metrics are.

    See `bench.stats.collapses.find_collapses`; `loaded` as for `analyse`.
    """
    accuracy = [
        result.test.get("accuracy", math.nan) if result.status == "done" else math.nan
        for result in loaded
    ]
    return find_collapses(
        results,
        pd.Series(accuracy, index=results.index, dtype=float),
        n_curves={d.spec.id: d.n_test for d in plan.datasets},
        n_classes={d.spec.id: d.n_classes for d in plan.datasets},
        largest={d.spec.id: d.largest_share for d in plan.datasets},
    )


def half_a_curve(n_test: int) -> float:
    """Return half a test curve as a difference of accuracies.

    There are `n_test` test curves, of all classes together. A smaller difference counts
    as a tie.
    """
    return 0.5 / n_test


def sweep_rows(frame: pd.DataFrame, sweep: Sweep) -> pd.DataFrame:
    """Return the rows of one sweep from a frame of `Findings` that holds all sweeps."""
    if frame.empty:
        return frame
    return frame[(frame["family"] == sweep.family) & (frame["field"] == sweep.name)]


def _for_each_sweep(
    plan: Plan,
    results: pd.DataFrame,
    sweeps: Sequence[Sweep],
    work: Callable[..., pd.DataFrame],
) -> pd.DataFrame:
    streams = {recipe.spec.id: digest(recipe.stream) for recipe in plan.datasets}
    metric = plan.suite.metrics[0]
    frames = []
    for sweep in sweeps:
        swept = [d for d in plan.datasets if d.spec.id in sweep.values]
        swept_results = results[results["dataset"].isin(list(sweep.values))]
        frame = work(
            plan,
            sweep,
            results=swept_results,
            metric=metric,
            values=sweep.values,
            alpha=plan.suite.stats.alpha,
            streams=streams,
            larger_is_better=metric_of(plan.suite.headline).larger_is_better,
            overlap=overlaps_of(plan),
            tie={d.spec.id: half_a_curve(d.n_test) for d in swept},
        )
        frame.insert(0, "family", sweep.family)
        frame.insert(1, "field", sweep.name)
        frames.append(frame)
    frames = [frame for frame in frames if not frame.empty]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _along(plan: Plan, sweep: Sweep, **common: Any) -> pd.DataFrame:
    n_classes = max(recipe.n_classes for recipe in plan.datasets)
    bounds = metric_of(plan.suite.headline).bounds_for(n_classes)
    return compare_along(margin=plan.suite.stats.margin, bounds=bounds, **common)


def _crossings(plan: Plan, sweep: Sweep, **common: Any) -> pd.DataFrame:
    return find_crossings(logarithmic=sweep.logarithmic, **common)


def _transfers(plan: Plan, results: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Compare transfers with the scores on the dataset of the training."""
    if cells.empty:
        return cells
    metric = metric_of(plan.suite.headline)
    same_dataset = results[
        results["dataset"].isin(cells["train"])
        & results["classifier"].isin(cells["classifier"])
    ]
    same_dataset = same_dataset.assign(
        train=same_dataset["dataset"], test=same_dataset["dataset"]
    )
    column = f"test_{plan.suite.headline}"
    names = ["train", "test", "repetition", "classifier", column]
    both = pd.concat([same_dataset[names], cells[names]], ignore_index=True)
    return compare_transfers(
        both.rename(columns={column: "score"}),
        alpha=plan.suite.stats.alpha,
        larger_is_better=metric.larger_is_better,
        tie={d.spec.id: half_a_curve(d.n_test) for d in plan.datasets},
        bounds=metric.bounds_for(max(d.n_classes for d in plan.datasets)),
        overlap=overlaps_of(plan),
    )


def nothing_to_learn(plan: Plan) -> list[DatasetRecipe]:
    """Return the datasets of which both classes are drawn by the same recipe."""
    return [
        recipe
        for recipe in plan.datasets
        if isinstance(recipe, DatasetRecipe)
        and recipe.spec.task == "symbolic-vs-neural"
        and recipe.spec.neural.kind == "library"
    ]


def _leaks(plan: Plan, loaded: Sequence[Result]) -> pd.DataFrame:
    """Test accuracies against 1/2; they need not be among the suite's metrics."""
    recipes = {recipe.spec.id: recipe for recipe in nothing_to_learn(plan)}
    rows = [
        {
            "dataset": cell.dataset.spec.id,
            "repetition": cell.repetition,
            "classifier": cell.classifier.id,
            "accuracy": result.test.get("accuracy", math.nan),
            "n_curves": cell.dataset.n_test,
        }
        for cell, result in zip(plan.cells, loaded, strict=True)
        if cell.dataset.spec.id in recipes
    ]
    if not rows:
        return pd.DataFrame()
    streams = {name: digest(recipe.stream) for name, recipe in recipes.items()}
    alpha = plan.suite.stats.alpha
    return find_leaks(pd.DataFrame(rows), alpha=alpha, streams=streams)


def _works(
    plan: Plan,
    scores: pd.DataFrame | None,
    intervals: pd.DataFrame | None,
    described: dict[str, Any],
) -> pd.DataFrame:
    """Judge each classifier, by intervals simultaneous over those of a dataset."""
    threshold = plan.suite.stats.works
    if threshold is None:
        return pd.DataFrame()
    if scores is not None and intervals is not None:
        shares = ["collapsed", "collapsed_low", "collapsed_high"]
        simultaneous = []
        for dataset, rows in scores.groupby("dataset", sort=False):
            single = rows_of(intervals, str(dataset))
            # Those that are left out have no verdict, and take no share of alpha.
            family = max(1, int((single["left_out"] == "").sum()))
            frame = summarise_scores(rows, plan.suite.stats.alpha / family, **described)
            for name in shares:  # one by one, since counts are integers
                frame[name] = single[name].to_numpy()
            simultaneous.append(frame)
        intervals = pd.concat(simultaneous, ignore_index=True)
    return threshold_verdicts(
        intervals,
        [recipe.spec.id for recipe in plan.datasets],
        [recipe.id for recipe in plan.classifiers],
        works=threshold,
        larger_is_better=metric_of(plan.suite.headline).larger_is_better,
    )
