"""Classifier recipes: from an entry of a suite to a seeded estimator."""

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import RESULTS, ClassifierError, derive_seed, package_version, shown
from bench.classifiers.foreign_classes import Findings
from bench.classifiers.pipeline import Step, resolve_steps, step_names
from bench.suite import PRESETS, ClassifierSpec, OnlineTraining, Training

# Parameters that only training on fixed curves has, and what to do instead.
_FIXED_ONLY = {
    "max_epochs": "set training.epochs",
    "iterations": "set training.steps",
    "batch_size": "set training.curves",
    "schedule": "leave it out: the learning rate is constant",
    "early_stopping": "leave it out",
    "callbacks": "leave it out",
}
_ONLINE = ("bench.classifiers.SDClassifier", "bench.classifiers.CSDClassifier")
_DEVICES = r"(cpu|cuda|mps|xpu)(:[0-9]{1,3})?"


@dataclass(frozen=True)
class ClassifierRecipe:
    """A classifier's entry with its classes resolved: all that its fit depends on.

    Attributes
    ----------
    id
        Its name in the suite; no result depends on it.
    parts
        The steps of a pipeline, or its only class.
    channels
        The channels of a dataset that it reads.
    device
        The device that SD, CSD and CSD2 compute on.
    library_defaults
        Whether it is a class of another library with the defaults of that library.
    training
        Settings of online training; None if it is fitted to a repetition's curves.
    stacked
        The number of repetitions that train together on fixed curves.
    """

    id: str
    parts: tuple[Step, ...]
    channels: tuple[str, ...]
    device: str
    library_defaults: bool
    training: OnlineTraining | None = None
    stacked: int = 1

    @property
    def class_path(self) -> str:
        """The path of the class that classifies: that of the last or only step."""
        return self.parts[-1].class_path

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the classifier's class."""
        return self.parts[-1].params

    @property
    def missing(self) -> str:
        """How to install missing packages that belong to extras; empty if none."""
        return "; ".join(dict.fromkeys(s.missing for s in self.parts if s.missing))

    @property
    def is_ours(self) -> bool:
        """Whether it is SD, CSD or CSD2, without a step before it."""
        return len(self.parts) == 1 and self.parts[0].is_own

    @property
    def gets_points(self) -> bool:
        """Whether the classifier gets the dataset's points and number of channels.

        It does not where a step before it may change the columns: its own columns are
        then no points of a curve.
        """
        return all(step.keeps_columns for step in self.parts[:-1])

    @property
    def modules(self) -> set[str]:
        """The modules that `build` imports."""
        modules = {"sklearn.pipeline"} if len(self.parts) > 1 else set[str]()
        return modules.union(*(step.modules for step in self.parts))

    @property
    def identity(self) -> dict[str, Any]:
        """The recipe as a JSON value without its id; keys depend on it."""
        *before, last = self.parts
        identity: dict[str, Any] = {
            **last.identity,
            "channels": list(self.channels),
            "device": self.device,
        }
        if before:  # a dictionary, so that `status --why` can name a field that differs
            identity["before"] = {str(i): s.identity for i, s in enumerate(before)}
        if last.takes_points and not self.gets_points:
            identity["points"] = False
        if self.training is not None:
            stage = RESULTS["online"]
            settings = self.training.model_dump(exclude={"mode"})
            identity["training"] = settings | {"results": stage}
        return identity


def resolve_classifier(
    spec: ClassifierSpec,
    training: Training | None = None,
    folder: Path | None = None,
    findings: Findings | None = None,
) -> ClassifierRecipe:
    """Make the recipe of an entry, and check its classes and parameters.

    An unchanged preset imports nothing. Any other class is built once as a check.

    Parameters
    ----------
    training
        The suite's training, for an entry that has none.
    folder
        The folder of relative paths; the current one by default.
    findings
        Findings of `bench.classifiers.pipeline.examine_all`; missing ones are added.
    """
    if len(set(spec.channels)) < len(spec.channels):
        raise ClassifierError(
            f"reads the channels {list(spec.channels)}; expected each once"
        )
    steps = resolve_steps(spec, Path() if folder is None else folder, findings)
    last = steps[-1]
    online = _online(spec, steps, spec.training or training)
    if online is not None:  # a preset's parameters for fixed curves are not used
        params = {k: v for k, v in last.params.items() if k not in _FIXED_ONLY}
        steps = (replace(last, params=params),)
    device = "cpu"
    if last.is_own:
        device = _device(last.params.get("device", "auto"), spec.resources.gpu)
    return ClassifierRecipe(
        spec.id,
        steps,
        spec.channels,
        device,
        all(step.file is None and not step.params for step in steps)
        and not last.class_path.startswith("bench."),
        online,
        _stacked(spec, steps, online),
    )


def build(
    recipe: ClassifierRecipe,
    seed: int,
    stream: Any,
    x: np.ndarray,
    n_channels: int,
    *,
    recorded: bool = False,
) -> Any:
    """Make the unfitted, seeded estimator for one repetition of one dataset.

    Parameters
    ----------
    seed : int
        The root of the random streams: a suite's `seed`.
    stream
        The repetition's part of the names of random streams.
    x : array of shape (n_points, n_inputs)
        The input points. The classifier gets x, `n_channels` and the device if it is
        one of ours and has parameters of these names; x and `n_channels` only if no
        step before it may change the columns.
    recorded : bool
        Whether the curves are recorded ones. CSD2 is told so where it gets x, unless
        its entry has a parameter `recorded`.
    """
    estimators = [step.make() for step in recipe.parts]
    last = estimators[-1]
    if type(last).__module__.startswith("bench."):
        if recipe.gets_points:
            set_points(
                last,
                x,
                n_channels,
                are_values=set(recipe.channels) == {"value"},
                recorded=recorded and "recorded" not in recipe.params,
            )
        if "device" in last.get_params(deep=False):
            last.set_params(device=recipe.device)
    estimator = estimators[0]
    if len(estimators) > 1:
        from sklearn.pipeline import Pipeline  # slower to import than a plan to make

        names = step_names(recipe.parts)
        estimator = Pipeline(list(zip(names, estimators, strict=True)))
    seed_all(estimator, seed, stream)
    return estimator


def set_points(
    estimator: Any,
    x: np.ndarray,
    n_channels: int,
    *,
    are_values: bool,
    recorded: bool = False,
) -> None:
    """Give one of our classifiers the points and the number of channels it reads.

    Parameters
    ----------
    are_values
        Whether all channels are values, as those of recorded curves. SD then reads
        several in a row (``extension="stack"``) where no extension was chosen.
    recorded
        Whether CSD2 is to read them as recorded curves.
    """
    known = estimator.get_params(deep=False)
    found: dict[str, Any] = {"x": x, "n_channels": n_channels}
    if are_values and n_channels > 1 and known.get("extension") == "none":
        found["extension"] = "stack"
    if recorded:
        found["recorded"] = True
    estimator.set_params(**{name: v for name, v in found.items() if name in known})


def seed_all(estimator: Any, seed: int, stream: Any) -> None:
    """Set every `random_state` that is None, also those of nested estimators.

    The seeds depend on `seed`, `stream` and the parameter's name, not on the class.
    """
    for name in sorted(estimator.get_params(deep=True)):
        is_seed = name == "random_state" or name.endswith("__random_state")
        if is_seed and estimator.get_params()[name] is None:
            state = derive_seed(seed, "classifier", stream, name) % 2**32
            estimator.set_params(**{name: state})


def _online(
    spec: ClassifierSpec, steps: tuple[Step, ...], training: Training | None
) -> OnlineTraining | None:
    """Return the settings of online training; None for training on fixed curves."""
    if not isinstance(training, OnlineTraining):
        return None
    if len(steps) > 1 or steps[0].class_path not in _ONLINE:
        classifier = "a pipeline" if len(steps) > 1 else f"'{steps[0].class_path}'"
        raise ClassifierError(
            f"{classifier} does not support online training (only SD and CSD do); set "
            "training: {mode: fixed}"
        )
    for name, instead in _FIXED_ONLY.items():
        if spec.params.get(name):
            raise ClassifierError(
                f"params.{name} is only for training on fixed curves; under "
                f"training: {{mode: online}} {instead}"
            )
    return training


def _stacked(
    spec: ClassifierSpec, steps: tuple[Step, ...], online: OnlineTraining | None
) -> int:
    """Return how many repetitions train together on fixed curves; 1 if none do."""
    preset = PRESETS[spec.use].stacked if spec.use is not None else None
    stacked = spec.stacked or preset
    if stacked is None:
        return 1
    found = f"stacked: {stacked}: "
    if online is not None:
        raise ClassifierError(
            f"{found}under training: {{mode: online}} all repetitions train together "
            "already; leave it out"
        )
    if len(steps) > 1 or steps[0].class_path not in _ONLINE:
        classifier = "a pipeline" if len(steps) > 1 else f"'{steps[0].class_path}'"
        raise ClassifierError(
            f"{found}{classifier} cannot be stacked (only SD and CSD can); leave it out"
        )
    for name in ("early_stopping", "callbacks"):
        if steps[0].params.get(name):
            raise ClassifierError(
                f"{found}params.{name} is of one training alone; leave one of them out"
            )
    return stacked


def _device(device: Any, n_gpus: int) -> str:
    """Return the device that a name stands for, in a cell that has so many GPUs.

    Such a cell sees its own GPUs alone, as cuda:0, cuda:1 and so on. It may be planned
    on a machine without any.
    """
    if device == "auto":
        return "cuda" if n_gpus else _automatic_device()
    if not (isinstance(device, str) and re.fullmatch(_DEVICES, device)):
        raise ClassifierError(
            f"found the device {shown(repr(device), 60)}; expected auto, cpu, cuda, "
            "cuda:1, mps or xpu"
        )
    kind, _, number = device.partition(":")
    if n_gpus and (kind != "cuda" or int(number or 0) >= n_gpus):
        numbered = "" if n_gpus == 1 else f" to cuda:{n_gpus - 1}"
        raise ClassifierError(
            f"found params.device: {device} beside resources.gpu: {n_gpus}; expected "
            f"auto, cuda or cuda:0{numbered}, since a cell sees its own GPUs alone, or "
            "no GPU"
        )
    return device


@cache
def _automatic_device() -> str:
    """Return the device of "auto"; torch is imported only if there is a GPU driver."""
    has_driver = Path("/proc/driver/nvidia/version").exists()
    if not has_driver or "+cpu" in package_version("torch"):
        return "cpu"
    from bench.discriminators import resolve_device

    return resolve_device("auto")
