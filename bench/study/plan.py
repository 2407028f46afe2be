"""The plan of a study: what a suite searches, with every name resolved and checked."""

from dataclasses import dataclass
from typing import Any

from bench.base import SuiteError, digest, located
from bench.cells import Plan, make_plan
from bench.classifiers import ClassifierRecipe
from bench.curves import Recipe, RecordedRecipe, validation_recipe
from bench.study.space import check_fixed_space, check_space, configured
from bench.suite import StudySpec, Suite

NO_PRUNER = "none"


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
    trial_dataset
        The curves on which trials are trained and judged; None where they are trained
        online, on curves that are drawn meanwhile.
    """

    suite: Suite
    spec: StudySpec
    plan: Plan
    trials: int
    name: str
    trial_dataset: Recipe | None = None

    @property
    def is_online(self) -> bool:
        """Whether trials are trained online, on curves that are drawn meanwhile."""
        return self.trial_dataset is None

    @property
    def training(self) -> Any:
        """The training of every trial, apart from parameters of the space."""
        return configured(self.suite, {}).classifiers[0].training

    @property
    def pruner(self) -> str:
        """The rule that ends trials early; fixed training has no score before its end.

        It is "none" where training is fixed, which is no choice of the suite's.
        """
        return self.spec.pruner if self.is_online else NO_PRUNER

    @property
    def n_validation(self) -> int:
        """The number of validation curves, of all classes together."""
        if self.trial_dataset is not None:
            return self.trial_dataset.n_test
        return self.plan.datasets[0].n_classes * self.spec.validation

    @property
    def searches_test_curves(self) -> bool:
        """Whether trials see curves that some repetition tests.

        Repetitions of recorded curves divide one pool. Only the test curves of the
        first are none that trials are trained or judged on.
        """
        dataset = self.plan.datasets[0]
        n = self.suite.repetitions_of(dataset.spec)
        return isinstance(dataset, RecordedRecipe) and n > 1


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
    trial_dataset = None
    if classifier.training is not None:
        check_space(suite, classifier)
    else:
        trial_dataset = _trial_dataset(suite, spec, dataset, classifier)
        check_fixed_space(suite, classifier)
    depends_on = {
        "dataset": dataset.identity,
        "classifier": classifier.identity,
        "seed": suite.seed,
        "threads": suite.threads_of(suite.classifiers[0]),
        "study": spec.model_dump(mode="json", exclude={"trials", "log"}),
    }
    name = f"{suite.name}-{digest(depends_on)[:12]}"
    return StudyPlan(suite, spec, plan, trials or spec.trials, name, trial_dataset)


def _trial_dataset(
    suite: Suite, spec: StudySpec, dataset: Recipe, classifier: ClassifierRecipe
) -> Recipe:
    """Return the curves of trials on fixed curves; refuse what these cannot have."""
    if classifier.missing:
        raise SuiteError(
            f"{suite.where('classifiers', 0)}: classifiers[0]: {classifier.missing}"
        )
    is_recorded = isinstance(dataset, RecordedRecipe)
    fixed = "training on fixed curves"
    problems = {
        "sampler": spec.sampler == "batched"
        and f"found batched, and {fixed} does not stack networks; expected random or "
        "tpe",
        # The default is meant for online training, so only a written one is a mistake.
        "pruner": "pruner" in spec.model_fields_set
        and spec.pruner != NO_PRUNER
        and f"found {spec.pruner}, and {fixed} has no score before its end by which "
        "to end a trial early; expected none",
        "log": spec.log is not None
        and f"found {spec.log}, and {fixed} leaves no course of a training to record; "
        "leave it out: trials.csv has every trial",
        "validation": is_recorded
        and "validation" in spec.model_fields_set
        and "recorded curves cannot be drawn, so trials are judged on a quarter of "
        "the training curves; leave it out",
    }
    for name, problem in problems.items():
        if problem:
            where = suite.where("study", name)
            raise SuiteError(f"{where}: study.{name}: {problem}")
    with located(f"{suite.where('study')}: study"):
        return validation_recipe(dataset, spec.validation, suite.seed)
