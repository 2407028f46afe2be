"""A study: configurations sampled, trained and judged until as many are tried as asked.

Optuna samples, prunes and keeps them; what is trained, and from which random streams,
depends on the suite and a trial's number alone. So a study that was interrupted goes on
as if it had not been.
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
from bench.study.plan import StudyPlan
from bench.study.storage import opened, optuna_or_error
from bench.study.training import Configuration, draw_validation, resolve, train
from bench.study.trials import importances, trials_frame
from bench.suite import DimensionSpec

if TYPE_CHECKING:
    import optuna


MEMBERS = 64  # of one batched network: a wide one still fits a small memory


@dataclass(frozen=True)
class StudyResults:
    """What a study found.

    Attributes
    ----------
    trials, importances
        As `bench.study.trials` lays them out.
    best
        The number of the complete trial of the highest value, the first of several;
        None where no trial is complete.
    parameters
        Those of the best.
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
        The SQLite file; made where there is none.
    say
        Called with a line for each trial that ends.
    finished
        Called with the configuration and the fitted classifier of each trial that was
        trained to its end or pruned.
    """
    with opened(storage, study_plan.name) as study:
        search = _Search(study_plan, study, say, finished)
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
    found = study.get_trials(deepcopy=False)[best].params
    parameters = {n: space[n].value_of(label) for n, label in found.items()}
    return StudyResults(frame, shares, best, parameters)


@dataclass
class _Attempt:
    """A trial under way: the last epochs that it was judged after, and had been."""

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
    ) -> None:
        self.optuna = optuna_or_error()
        self.plan, self.study, self.say = study_plan, study, say
        self.finished = finished
        [dataset], [classifier] = study_plan.plan.datasets, study_plan.plan.classifiers
        spec, seed = study_plan.spec, study_plan.suite.seed
        self.validation = draw_validation(
            dataset, classifier.channels, spec.validation, seed
        )
        study.pruner = self._pruner(study_plan.training.evaluate_every)
        states = self.optuna.trial.TrialState
        known = study.get_trials(deepcopy=False)
        self.n_done = sum(trial.state != states.RUNNING for trial in known)
        head, dirty = commit()
        found = versions() | {"optuna": package_version("optuna")}
        self.made = {
            "commit": (head or "unknown")[:12] + (" (local changes)" if dirty else ""),
            "machine": f"{cpu_name()} ({classifier.device})",
            "versions": ", ".join(f"{name} {v}" for name, v in sorted(found.items())),
        }

    def open_trials(self, most: int) -> list[_Attempt]:
        """Take up what was interrupted, then sample what is lacking."""
        states = self.optuna.trial.TrialState
        known = self.study.get_trials(deepcopy=False)
        left = [
            trial
            for trial in known
            if trial.state == states.RUNNING and trial.number < self.plan.trials
        ]
        found = []
        for frozen in left[:most]:
            self.study.sampler = self._sampler(frozen.number)
            # Optuna 5.0 has no public way to go on with a trial that was interrupted:
            # `Trial` wants the number that the storage gave it, a private attribute.
            trial = self.optuna.trial.Trial(self.study, frozen._trial_id)
            found.append(self._suggested(trial, frozen.last_step or 0))
        for number in range(len(known), self.plan.trials)[: most - len(found)]:
            self.study.sampler = self._sampler(number)
            with held_back():
                found.append(self._suggested(self.study.ask(), 0))
        return found

    def attempt(self, attempts: list[_Attempt]) -> None:
        """Train what was sampled, each architecture as one network."""
        resolved = []
        for attempt in attempts:
            number = attempt.trial.number
            try:
                found = resolve(self.plan.suite, number, attempt.parameters)
            except BenchError as error:
                self._failed(attempt, error, 0.0)
            else:
                resolved.append((attempt, found))
        resolved.sort(key=lambda pair: pair[1].architecture)
        for _, same in groupby(resolved, key=lambda pair: pair[1].architecture):
            group = list(same)
            for start in range(0, len(group), MEMBERS):
                self._train(group[start : start + MEMBERS])

    def _train(self, group: list[tuple[_Attempt, Configuration]]) -> None:
        attempts = [attempt for attempt, _ in group]
        configurations = [configuration for _, configuration in group]
        n_epochs = configurations[0].training.epochs

        def watch(epoch: int, accuracies: np.ndarray) -> bool:
            with held_back():
                for attempt, accuracy in zip(attempts, accuracies, strict=True):
                    attempt.epoch = epoch
                    if epoch <= attempt.reported:  # before it was interrupted
                        continue
                    attempt.trial.report(round(float(accuracy), 6), epoch)
                    # One that others are trained beside costs nothing more by going on.
                    if epoch < n_epochs and not attempt.pruned:
                        attempt.pruned = attempt.trial.should_prune()
            return all(attempt.pruned for attempt in attempts)

        began = time.perf_counter()
        try:
            members = train(configurations, self.validation, watch)
        except Exception as error:
            if len(group) > 1:  # whose fault it was is not known
                for pair in group:
                    self._train([pair])
            else:
                self._failed(attempts[0], error, time.perf_counter() - began)
            return
        seconds = (time.perf_counter() - began) / len(group)
        for attempt, configuration, member in zip(
            attempts, configurations, members, strict=True
        ):
            self._told(attempt, seconds, len(group), n_epochs, member)
            if self.finished is not None:
                self.finished(configuration, member)

    def _told(
        self, attempt: _Attempt, seconds: float, n: int, n_epochs: int, member: Any
    ) -> None:
        states, trial = self.optuna.trial.TrialState, attempt.trial
        value = round(float(member.history_["held_out_accuracy"][-1]), 6)  # float32's
        done = {"seconds": round(seconds, 2), "batched": n, "epochs": attempt.epoch}
        with held_back():
            self._note(trial, done)
            if attempt.epoch < n_epochs:
                self.study.tell(trial, state=states.PRUNED)
            else:
                self.study.tell(trial, value)
        what = "" if attempt.epoch == n_epochs else f", pruned at epoch {attempt.epoch}"
        self._say(trial.number, f"{value:.4f}{what}, {seconds:.1f} s")

    def _failed(self, attempt: _Attempt, error: Exception, seconds: float) -> None:
        message = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        with held_back():
            self._note(attempt.trial, {"error": message, "seconds": round(seconds, 2)})
            self.study.tell(attempt.trial, state=self.optuna.trial.TrialState.FAIL)
        self._say(attempt.trial.number, f"failed: {message}")

    def _note(self, trial: "optuna.Trial", what: dict[str, Any]) -> None:
        for name, value in (what | {"made": self.made}).items():
            trial.set_user_attr(name, value)

    def _say(self, number: int, what: str) -> None:
        self.n_done += 1
        self.say(f"{self.n_done} of {self.plan.trials} done; trial {number}: {what}")

    def _suggested(self, trial: "optuna.Trial", reported: int) -> _Attempt:
        space = self.plan.spec.space
        parameters = {name: _suggest(trial, name, d) for name, d in space.items()}
        return _Attempt(trial, parameters, reported)

    def _sampler(self, number: int) -> Any:
        """Make a trial's own sampler, so that a resumed study draws the same."""
        seed = derive_seed(self.plan.suite.seed, "study", "sampler", number) % 2**32
        samplers = self.optuna.samplers
        if self.plan.spec.sampler == "tpe":
            return samplers.TPESampler(seed=seed)
        return samplers.RandomSampler(seed=seed)

    def _pruner(self, evaluate_every: int) -> Any:
        pruners = self.optuna.pruners
        if self.plan.spec.pruner == "median":
            return pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=0)
        if self.plan.spec.pruner == "halving":
            return pruners.SuccessiveHalvingPruner(
                min_resource=evaluate_every, reduction_factor=3
            )
        return pruners.NopPruner()


def _suggest(trial: "optuna.Trial", name: str, dimension: DimensionSpec) -> Any:
    """Sample a parameter, or return what was sampled before an interruption."""
    if dimension.labels:
        return dimension.value_of(trial.suggest_categorical(name, dimension.labels))
    low, high, log = dimension.low, dimension.high, dimension.log
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, log=log)
    assert low is not None
    assert high is not None  # the schema knows no other form
    return trial.suggest_float(name, low, high, log=log)
