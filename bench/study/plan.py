"""The plan of a study: what a suite searches, with every name resolved and checked."""

from dataclasses import dataclass
from typing import Any

from bench.base import SuiteError, digest
from bench.cells import Plan, make_plan
from bench.study.space import check_space, configured
from bench.suite import StudySpec, Suite


@dataclass(frozen=True)
class StudyPlan:
    """A study with every name resolved and every mistake found; nothing has run.

    Attributes
    ----------
    suite, spec, plan
        The suite, its section `study`, and the plan of the suite itself.
    trials
        The total number of configurations to try.
    name
        The study's name in Optuna: the suite's name, and a hash of all that a trial's
        value depends on. A changed suite is another study in the same file.
    """

    suite: Suite
    spec: StudySpec
    plan: Plan
    trials: int
    name: str

    @property
    def training(self) -> Any:
        """The training of every trial, apart from parameters of the space."""
        return configured(self.suite, {}).classifiers[0].training


def plan_study(suite: Suite, trials: int | None = None) -> StudyPlan:
    """Resolve the study of a suite.

    Parameters
    ----------
    trials
        The number of trials, in place of the suite's.

    Raises
    ------
    BenchError
        For the first mistake that is found, with file and line.
    """
    spec = suite.study
    if spec is None:
        raise SuiteError(
            f"{suite.path}:1: found no section 'study'; add one with trials and space, "
            "as in suites/study.yaml"
        )
    for part in ("datasets", "classifiers"):
        n = len(getattr(suite, part))
        if n != 1:
            raise SuiteError(
                f"{suite.where(part)}: {part}: found {n}; expected one, since a study "
                "searches the parameters of one classifier on one dataset"
            )
    plan = make_plan(suite)
    [dataset], [classifier] = plan.datasets, plan.classifiers
    if classifier.training is None:
        raise SuiteError(
            f"{suite.where('classifiers', 0)}: classifiers[0]: a study trains online, "
            "and this classifier does not; use SD, SD-WGAN or CSD with training: "
            "{mode: online, epochs: …}"
        )
    check_space(suite, classifier)
    depends_on = {
        "dataset": dataset.identity,
        "classifier": classifier.identity,
        "seed": suite.seed,
        "threads": suite.threads,
        "study": spec.model_dump(mode="json", exclude={"trials", "log"}),
    }
    name = f"{suite.name}-{digest(depends_on)[:12]}"
    return StudyPlan(suite, spec, plan, trials or spec.trials, name)
