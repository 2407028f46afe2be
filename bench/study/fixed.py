"""Trials on fixed training curves: each is a cell, in a process of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.base import derive_seed, memory_share
from bench.cells import Cell, Unit
from bench.classifiers import resolve_classifier
from bench.engines import InOrder, Places, executor_for, run_cells
from bench.processes import Executor
from bench.store import Result
from bench.study.plan import StudyPlan
from bench.study.space import configured


class FixedTrials:
    """Fits and judges one configuration after the other, in warm processes.

    A trial sees the curves of `StudyPlan.trial_dataset` and no others. It ends at the
    limits of the suite's cells, and can break nothing but itself.
    """

    def __init__(self, study_plan: StudyPlan) -> None:
        self._plan = study_plan
        self._executor: Executor | None = None

    def cell(self, number: int, parameters: Mapping[str, Any]) -> Cell:
        """Set the parameters of a trial, and check them.

        Raises
        ------
        BenchError
            If the classifier cannot have one of the values.
        """
        suite = configured(self._plan.suite, parameters)
        [entry] = suite.classifiers
        folder = suite.folder_of("classifiers", 0)
        assert self._plan.trial_dataset is not None  # since training is fixed
        return Cell(
            self._plan.trial_dataset,
            0,
            resolve_classifier(entry, suite.training, folder),
            derive_seed(suite.seed, "study", number),
            suite.threads_of(entry),
            entry.limits.over(suite.limits),
        )

    def run(self, cell: Cell) -> Result:
        """Fit and judge a trial; its test score is that of the validation curves."""
        unit: Unit = (cell,)
        if self._executor is None:
            self._executor = executor_for([unit])
        [[(_, result, _)]] = run_cells(
            InOrder([(unit,)]), Places(1), memory_share(1), self._executor
        )
        return result

    def close(self) -> None:
        """End the processes."""
        if self._executor is not None:
            self._executor.close()


@contextmanager
def fixed_trials(study_plan: StudyPlan) -> Iterator[FixedTrials | None]:
    """Give what runs the trials of a study; None where they train online."""
    trials = None if study_plan.is_online else FixedTrials(study_plan)
    try:
        yield trials
    finally:
        if trials is not None:
            trials.close()
