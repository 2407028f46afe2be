"""The test of a study's best configuration, next to the suite unchanged."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis import load_results
from bench.cells import Plan, Task, make_plan
from bench.engines import LocalEngine, Watcher, run_plan
from bench.store import Result, Store
from bench.study.plan import StudyPlan
from bench.study.space import configured


@dataclass(frozen=True)
class HeldOut:
    """Held-out accuracies on test curves.

    Attributes
    ----------
    best, suite : arrays of shape (n_done,)
        The accuracies of the best configuration and of the suite's own, one for each
        repetition that is done.
    repetitions
        The number of repetitions that each should have.
    first
        Both accuracies in repetition 0; NaN where it is not done.
    """

    best: np.ndarray
    suite: np.ndarray
    repetitions: int
    first: tuple[float, float] = (math.nan, math.nan)


def plans_of(study_plan: StudyPlan, parameters: dict[str, object]) -> tuple[Plan, Plan]:
    """Return the two plans of the test: the best configuration and the suite itself."""
    return make_plan(configured(study_plan.suite, parameters)), study_plan.plan


def retrain(
    plans: tuple[Plan, Plan],
    store: Store,
    progress: Callable[[Task, Result, bool], None] | None = None,
    warn: Callable[[str], None] | None = None,
    watcher: Watcher | None = None,
) -> HeldOut:
    """Train both in every repetition, unless stored, and score them on test curves."""
    scores, first = [], []
    for plan in plans:
        plan = replace(plan, audits=(), given=())  # a study's report has none of them
        run_plan(plan, store, LocalEngine(1), progress, warn=warn, watcher=watcher)
        accuracies = [
            result.test["accuracy"] if result.test else math.nan
            for result in load_results(plan, store)
        ]
        scores.append(np.array([a for a in accuracies if not math.isnan(a)]))
        first.append(accuracies[0])
    suite = plans[0].suite
    n = suite.repetitions_of(suite.datasets[0])
    return HeldOut(scores[0], scores[1], n, (first[0], first[1]))
