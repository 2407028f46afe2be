"""The best of a study trained again and tested, beside the suite as it stands."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis import load_results
from bench.cells import Plan, Task, make_plan
from bench.engines import LocalEngine, run_plan
from bench.store import Result, Store
from bench.study.plan import StudyPlan
from bench.study.space import configured


@dataclass(frozen=True)
class HeldOut:
    """Held-out accuracies on test curves, which no trial has seen.

    Attributes
    ----------
    best, suite : arrays of shape (n_done,)
        Of the best configuration and of the suite's own, one a repetition that is done.
    repetitions
        How many each should have.
    """

    best: np.ndarray
    suite: np.ndarray
    repetitions: int


def plans_of(study_plan: StudyPlan, parameters: dict[str, object]) -> tuple[Plan, Plan]:
    """Return what is to be run to test the best: its plan, and the suite's own."""
    return make_plan(configured(study_plan.suite, parameters)), study_plan.plan


def retrain(
    plans: tuple[Plan, Plan],
    store: Store,
    progress: Callable[[Task, Result, bool], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> HeldOut:
    """Train both for every repetition, unless stored, and score them on test curves."""
    scores = []
    for plan in plans:
        plan = replace(plan, audits=())  # no report shows them
        run_plan(plan, store, LocalEngine(1), progress, warn=warn)
        found = load_results(plan, store)
        scores.append(np.array([r.test["accuracy"] for r in found if r.test]))
    return HeldOut(scores[0], scores[1], plans[0].suite.repetitions)
