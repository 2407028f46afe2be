"""From a suite to its study: what is searched, resolved and checked."""

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
        What is searched, how, and the suite's own plan.
    trials
        Configurations to try, in total.
    name
        What Optuna calls it: the suite's name, and a hash of all that a trial's value
        depends on. A suite that is changed is another study in the same file.
    """

    suite: Suite
    spec: StudySpec
    plan: Plan
    trials: int
    name: str

    @property
    def training(self) -> Any:
        """How every trial learns, but for what the space says of it."""
        return configured(self.suite, {}).classifiers[0].training


def plan_study(suite: Suite, trials: int | None = None) -> StudyPlan:
    """Resolve a suite's study.

    Parameters
    ----------
    trials
        Instead of the suite's own number.

    Raises
    ------
    BenchError
        With file and line, of the kind of the first mistake found.
    """
    spec = suite.study
    if spec is None:
        raise SuiteError(
            f"{suite.path}:1: no section 'study'; add one with trials and space, as "
            "suites/study.yaml has it"
        )
    for part in ("datasets", "classifiers"):
        n = len(getattr(suite, part))
        if n != 1:
            raise SuiteError(
                f"{suite.where(part)}: {part}: a study searches the parameters of one "
                f"classifier on one dataset; found {n}, leave one"
            )
    plan = make_plan(suite)
    [dataset], [classifier] = plan.datasets, plan.classifiers
    if classifier.training is None:
        raise SuiteError(
            f"{suite.where('classifiers', 0)}: classifiers[0]: a study trains online, "
            "and this classifier does not; take SD, SD-WGAN or CSD with training: "
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
