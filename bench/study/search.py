"""The search of a study: sample, train and evaluate the asked number of configurations.

Optuna samples, prunes and stores the trials. What a trial trains, and its random
streams, depend only on the suite and the trial's number. So a study that was
interrupted continues as if it had not been.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.base import (
    BenchError,
    commit,
    cpu_name,
    derive_seed,
    held_back,
    package_version,
    versions,
)
from bench.curves import DatasetRecipe
from bench.study.fixed import FixedTrials, fixed_trials
from bench.study.plan import StudyPlan
from bench.study.storage import opened, optuna_or_error
from bench.study.training import Configuration, draw_validation, resolve, train
from bench.study.trials import importances, trials_frame
from bench.suite import DimensionSpec

if TYPE_CHECKING:
    import optuna


MAX_STACKED = 64  # networks trained as one: even wide ones then fit a small memory


@dataclass(frozen=True)
class StudyResults:
    """The results of a study.

    Attributes
    ----------
    trials, importances
        The frames of `bench.study.trials`.
    best
        The number of the complete trial with the highest value, the first of several;
        None if no trial is complete.
    parameters
        The parameters of the best trial.
    """

    trials: pd.DataFrame
    importances: pd.DataFrame
    best: int | None
    parameters: dict[str, Any]


def run_study(
    study_plan: StudyPlan,
    storage: Path,
    say: Callable[[str], None] = lambda _: None,
    finished: Callable[[Configuration, Any], None] | None = None,
) -> StudyResults:
    """Run or resume a study.

    Parameters
    ----------
    storage
        The SQLite file, which is created if it does not exist.
    say
        Called with a line of text when a trial ends.
    finished
        Called with the configuration and the fitted classifier of each trial that is
        complete or pruned; of online training alone.
    """
    with opened(storage, study_plan.name) as study, fixed_trials(study_plan) as fixed:
        search = _Search(study_plan, study, say, finished, fixed)
        most = study_plan.trials if study_plan.spec.sampler == "batched" else 1
        while attempts := search.open_trials(most):
            search.attempt(attempts)
        return _results(study_plan, study)


def _results(study_plan: StudyPlan, study: "optuna.Study") -> StudyResults:
    space = study_plan.spec.space
    names = list(space)
    frame, shares = trials_frame(study, names), importances(study, names)
    complete = frame[frame["state"] == "complete"]
    if complete.empty:
        return StudyResults(frame, shares, None, {})
    best = int(complete["number"].to_numpy()[complete["value"].to_numpy().argmax()])
    params = study.get_trials(deepcopy=False)[best].params
    parameters = {n: space[n].value_of(label) for n, label in params.items()}
    return StudyResults(frame, shares, best, parameters)


@dataclass
class _Attempt:
    """A trial that is being trained.

    Attributes
    ----------
    reported
        The last epoch that was reported before an interruption; 0 if there was none.
    epoch
        The last epoch that was evaluated.
    """

    trial: "optuna.Trial"
    parameters: dict[str, Any]
    reported: int
    epoch: int = 0
    pruned: bool = False


class _Search:
    def __init__(
        self,
        study_plan: StudyPlan,
        study: "optuna.Study",
        say: Callable[[str], None],
        finished: Callable[[Configuration, Any], None] | None,
        fixed: FixedTrials | None,
    ) -> None:
        self.optuna = optuna_or_error()
        self.plan, self.study, self.say = study_plan, study, say
        self.finished, self.fixed = finished, fixed
        [dataset], [classifier] = study_plan.plan.datasets, study_plan.plan.classifiers
        if fixed is None:
            assert isinstance(dataset, DatasetRecipe)  # as a plan refuses others online
            spec, seed = study_plan.spec, study_plan.suite.seed
            self.validation = draw_validation(
                dataset, classifier.channels, spec.validation, seed
            )
        study.pruner = self._pruner()
        states = self.optuna.trial.TrialState
        known = study.get_trials(deepcopy=False)
        self.n_done = sum(trial.state != states.RUNNING for trial in known)
        head, dirty = commit()
        packages = versions() | {"optuna": package_version("optuna")}
        named = [f"{name} {version}" for name, version in sorted(packages.items())]
        self.provenance = {
            "commit": (head or "unknown")[:12] + (" (local changes)" if dirty else ""),
            "machine": f"{cpu_name()} ({classifier.device})",
            "versions": ", ".join(named),
        }

    def open_trials(self, most: int) -> list[_Attempt]:
        """Return at most `most` trials: interrupted ones first, then new samples."""
        states = self.optuna.trial.TrialState
        known = self.study.get_trials(deepcopy=False)
        interrupted = [
            trial
            for trial in known
            if trial.state == states.RUNNING and trial.number < self.plan.trials
        ]
        attempts = []
        for frozen in interrupted[:most]:
            self.study.sampler = self._sampler(frozen.number)
            # Optuna 5.0 has no public way to continue an interrupted trial: `Trial`
            # needs its number in the storage, which is a private attribute.
            trial = self.optuna.trial.Trial(self.study, frozen._trial_id)
            attempts.append(self._suggested(trial, frozen.last_step or 0))
        for number in range(len(known), self.plan.trials)[: most - len(attempts)]:
            self.study.sampler = self._sampler(number)
            with held_back():
                attempts.append(self._suggested(self.study.ask(), 0))
        return attempts

    def attempt(self, attempts: list[_Attempt]) -> None:
        """Train the sampled configurations; equal architectures are stacked."""
        if self.fixed is not None:
            for attempt in attempts:
                self._fit(attempt, self.fixed)
            return
        resolved = []
        for attempt in attempts:
            number = attempt.trial.number
            try:
                configuration = resolve(self.plan.suite, number, attempt.parameters)
            except BenchError as error:
                self._failed(attempt, _described(error), 0.0)
            else:
                resolved.append((attempt, configuration))
        resolved.sort(key=lambda pair: pair[1].architecture)
        for _, same in groupby(resolved, key=lambda pair: pair[1].architecture):
            group = list(same)
            for start in range(0, len(group), MAX_STACKED):
                self._train(group[start : start + MAX_STACKED])

    def _fit(self, attempt: _Attempt, fixed: FixedTrials) -> None:
        """Fit a configuration on the fixed curves, and judge it."""
        trial = attempt.trial
        try:
            cell = fixed.cell(trial.number, attempt.parameters)
        except BenchError as error:
            self._failed(attempt, _described(error), 0.0)
            return
        result = fixed.run(cell)
        seconds = result.seconds or 0.0
        if result.status != "done":
            error = result.error or {"type": result.status, "message": ""}
            self._failed(attempt, f"{error['type']}: {error['message']}", seconds)
            return
        value = round(float(result.test["accuracy"]), 6)
        with held_back():
            self._set_attributes(trial, {"seconds": round(seconds, 2), "batched": 1})
            self.study.tell(trial, value)
        self._report(trial.number, f"{value:.4f}, {seconds:.1f} s")

    def _train(self, group: list[tuple[_Attempt, Configuration]]) -> None:
        attempts = [attempt for attempt, _ in group]
        configurations = [configuration for _, configuration in group]
        n_epochs = configurations[0].training.epochs

        def watch(epoch: int, accuracies: np.ndarray) -> bool:
            with held_back():
                for attempt, accuracy in zip(attempts, accuracies, strict=True):
                    attempt.epoch = epoch
                    if epoch <= attempt.reported:  # reported before an interruption
                        continue
                    attempt.trial.report(round(float(accuracy), 6), epoch)
                    if epoch < n_epochs and not attempt.pruned:
                        attempt.pruned = attempt.trial.should_prune()
            # Stacked networks stop together: to continue a pruned one costs nothing.
            return all(attempt.pruned for attempt in attempts)

        began = time.perf_counter()
        try:
            estimators = train(configurations, self.validation, watch)
        except Exception as error:
            if len(group) > 1:  # trained one by one, only the one at fault fails
                for pair in group:
                    self._train([pair])
            else:
                seconds = time.perf_counter() - began
                self._failed(attempts[0], _described(error), seconds)
            return
        seconds = (time.perf_counter() - began) / len(group)
        for attempt, configuration, estimator in zip(
            attempts, configurations, estimators, strict=True
        ):
            self._trained(attempt, seconds, len(group), n_epochs, estimator)
            if self.finished is not None:
                self.finished(configuration, estimator)

    def _trained(
        self, attempt: _Attempt, seconds: float, n: int, n_epochs: int, estimator: Any
    ) -> None:
        """Store the value of a trial that is complete or pruned."""
        states, trial = self.optuna.trial.TrialState, attempt.trial
        # The accuracy is a float32, whose further digits mean nothing.
        value = round(float(estimator.history_["held_out_accuracy"][-1]), 6)
        done = {"seconds": round(seconds, 2), "batched": n, "epochs": attempt.epoch}
        with held_back():
            self._set_attributes(trial, done)
            if attempt.epoch < n_epochs:
                self.study.tell(trial, state=states.PRUNED)
            else:
                self.study.tell(trial, value)
        end = "" if attempt.epoch == n_epochs else f", pruned at epoch {attempt.epoch}"
        self._report(trial.number, f"{value:.4f}{end}, {seconds:.1f} s")

    def _failed(self, attempt: _Attempt, error: str, seconds: float) -> None:
        """Store the error of a trial that has failed."""
        message = error.splitlines()[0][:300]
        values = {"error": message, "seconds": round(seconds, 2)}
        with held_back():
            self._set_attributes(attempt.trial, values)
            self.study.tell(attempt.trial, state=self.optuna.trial.TrialState.FAIL)
        self._report(attempt.trial.number, f"failed: {message}")

    def _set_attributes(self, trial: "optuna.Trial", values: dict[str, Any]) -> None:
        for name, value in (values | {"made": self.provenance}).items():
            trial.set_user_attr(name, value)

    def _report(self, number: int, end: str) -> None:
        self.n_done += 1
        self.say(f"{self.n_done} of {self.plan.trials} done; trial {number}: {end}")

    def _suggested(self, trial: "optuna.Trial", reported: int) -> _Attempt:
        space = self.plan.spec.space
        parameters = {name: _suggest(trial, name, d) for name, d in space.items()}
        return _Attempt(trial, parameters, reported)

    def _sampler(self, number: int) -> Any:
        """Make a sampler for one trial, so that a resumed study draws the same."""
        seed = derive_seed(self.plan.suite.seed, "study", "sampler", number) % 2**32
        samplers = self.optuna.samplers
        if self.plan.spec.sampler == "tpe":
            return samplers.TPESampler(seed=seed)
        return samplers.RandomSampler(seed=seed)

    def _pruner(self) -> Any:
        pruners = self.optuna.pruners
        if self.plan.pruner == "median":
            return pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=0)
        if self.plan.pruner == "halving":
            return pruners.SuccessiveHalvingPruner(
                min_resource=self.plan.training.evaluate_every, reduction_factor=3
            )
        return pruners.NopPruner()


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _suggest(trial: "optuna.Trial", name: str, dimension: DimensionSpec) -> Any:
    """Sample a parameter, or return the value sampled before an interruption."""
    if dimension.labels:
        return dimension.value_of(trial.suggest_categorical(name, dimension.labels))
    low, high, log = dimension.low, dimension.high, dimension.log
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, log=log)
    assert low is not None
    assert high is not None  # since the schema demands choices, or low and high
    return trial.suggest_float(name, low, high, log=log)
