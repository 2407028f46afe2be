"""The test of a study's best configuration, next to the suite unchanged."""

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
    """Held-out accuracies on test curves, which no trial has seen.

    Attributes
    ----------
    best, suite : arrays of shape (n_done,)
        The accuracies of the best configuration and of the suite's own, one for each
        repetition that is done.
    repetitions
        The number of repetitions that each should have.
    """

    best: np.ndarray
    suite: np.ndarray
    repetitions: int


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
    scores = []
    for plan in plans:
        plan = replace(plan, audits=())  # a study's report has no audits
        run_plan(plan, store, LocalEngine(1), progress, warn=warn, watcher=watcher)
        results = load_results(plan, store)
        scores.append(np.array([r.test["accuracy"] for r in results if r.test]))
    return HeldOut(scores[0], scores[1], plans[0].suite.repetitions)
