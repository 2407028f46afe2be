"""What a report tells: scores, comparisons and audits of a suite, as data frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.across import Across, compare_across, families
from bench.audits import audit_dataset
from bench.coverage import CHANCE, complete_scores
from bench.errors import StatisticsError
from bench.metrics import METRICS
from bench.result import Result
from bench.runner import Plan
from bench.seeds import digest
from bench.stability import rank_stability
from bench.store import Store
from bench.sweep_tables import compare_along
from bench.sweeps import Sweep, swept
from bench.tables import results_frame, summarise
from bench.within import compare_to, summarise_scores
from bench.works import judge_works


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
        See `bench.within.summarise_scores`; of the headline metric, over complete
        repetitions.
    compared
        See `bench.within.compare_to`: against the suite's baseline.
    across
        See `bench.across.compare_across`.
    stability
        See `bench.stability.rank_stability`.
    sweep
        The quantity in which the datasets differ, if that is all they differ in.
    along
        See `bench.sweep_tables.compare_along`; empty where nothing is swept, or where
        the datasets share random streams, so that they are no independent draws.
    works
        See `bench.works.judge_works`; empty where the suite does not ask.
    audits
        See `bench.audits.audit_dataset`; empty where the suite wants none.
    problems
        Why one of these is None.
    """

    results: pd.DataFrame
    summary: pd.DataFrame
    intervals: pd.DataFrame | None
    compared: pd.DataFrame | None
    across: Across | None
    stability: pd.DataFrame | None
    sweep: Sweep | None
    along: pd.DataFrame
    works: pd.DataFrame
    audits: pd.DataFrame
    problems: tuple[str, ...]


def rows_of(frame: pd.DataFrame | None, dataset: str) -> pd.DataFrame:
    """Return the rows of one dataset; none where there is no frame."""
    if frame is None or "dataset" not in frame:
        return pd.DataFrame()
    return frame[frame["dataset"] == dataset]


def find(plan: Plan, store: Store, found: Sequence[Result]) -> Findings:
    """Work out everything that a report tells.

    Parameters
    ----------
    found
        The result of each cell, as `bench.tables.load_results` gives them.
    """
    results = results_frame(plan, store, found)
    stats, metric = plan.suite.stats, plan.suite.metrics[0]
    common = {"larger_is_better": METRICS[metric].larger_is_better}
    ties = {d.spec.id: half_a_curve(d.spec.test) for d in plan.datasets}
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

    scores = attempt(complete_scores, results, metric, impute=stats.impute)
    bounds = {"alpha": stats.alpha, "margin": stats.margin, "tie": ties} | common
    intervals = attempt(summarise_scores, scores, stats.alpha, **common)
    sweep = swept([recipe.spec for recipe in plan.datasets])
    return Findings(
        results=results,
        summary=summarise(results),
        intervals=intervals,
        compared=attempt(compare_to, scores, plan.suite.baseline, **bounds),
        across=attempt(compare_across, scores, families=own, **bounds),
        stability=attempt(rank_stability, scores, families=own, **common),
        sweep=sweep,
        along=_along(plan, results, sweep),
        works=_works(plan, intervals),
        audits=_audits(plan, results),
        problems=tuple(dict.fromkeys(problems)),
    )


def half_a_curve(n_test: int) -> float:
    """Return the difference that half a test curve makes; two classes have n each."""
    return 0.5 / (2 * n_test)


def _along(plan: Plan, results: pd.DataFrame, sweep: Sweep | None) -> pd.DataFrame:
    streams = {digest(recipe.stream) for recipe in plan.datasets}
    if sweep is None or len(streams) < len(plan.datasets):
        return pd.DataFrame()
    metric = plan.suite.metrics[0]
    return compare_along(
        results,
        metric,
        sweep.values,
        alpha=plan.suite.stats.alpha,
        margin=plan.suite.stats.margin,
        larger_is_better=METRICS[metric].larger_is_better,
    )


def _works(plan: Plan, intervals: pd.DataFrame | None) -> pd.DataFrame:
    asked = plan.suite.stats.works
    if asked is None:
        return pd.DataFrame()
    return judge_works(
        intervals,
        [recipe.spec.id for recipe in plan.datasets],
        [recipe.id for recipe in plan.classifiers],
        works=asked,
        larger_is_better=METRICS[plan.suite.metrics[0]].larger_is_better,
    )


def _audits(plan: Plan, results: pd.DataFrame) -> pd.DataFrame:
    if not plan.suite.audits:
        return pd.DataFrame()
    done = results[results["status"] == "done"]
    frames = []
    for recipe in plan.datasets:
        own = rows_of(done, recipe.spec.id)
        scores = own.get("test_accuracy", pd.Series(dtype=float))
        means = scores.groupby(own["classifier"]).mean() if len(scores) else scores
        frames.append(
            audit_dataset(
                recipe,
                plan.suite.seed,
                plan.suite.repetitions,
                chance=list(scores[own["classifier"] == CHANCE]) or None,
                best=float(means.max()) if len(means) else None,
            )
        )
    return pd.concat(frames, ignore_index=True)
